#include "config/merge.h"

#include "common/buf.h"
#include "common/digest.h"
#include "common/ensure.h"
#include "common/map.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/option.h"

#include <string.h>

void plan_init(struct plan *p) {
    *p = (struct plan){ .groups = NULL };
}

void plan_fini(struct plan *p) {
    for (size_t i = 0; i < p->group_count; i++) {
        group_settings_fini(&p->groups[i].file);
        group_settings_fini(&p->groups[i].active);
    }
    for (size_t i = 0; i < p->dropped_count; i++) {
        mem_free(p->dropped[i].value);
        mem_free(p->dropped[i].file_value);
    }
    settings_fini(&p->file);
    settings_fini(&p->active);
    mem_free(p->groups);
    mem_free(p->dropped);
    mem_free(p->unhidden);
    plan_init(p);
}

/* Options at their default are left out, so that a new option in a new version changes no digest.
 */
void merge_section_digest(const struct group_settings *g, char ret_hex[static 65]) {
    struct group_settings standard;
    group_settings_init(&standard);
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != OPTION_GROUP || o->type == OPTION_TYPE_SECRET_FILE)
            continue;
        if (!o->required && option_equal(o, g, &standard))
            continue;
        buf_printf(&text, "%s=", o->key);
        option_write(o, g, &text);
        buf_add_char(&text, '\n'); /* in no value */
    }
    digest_hex(buf_slice(&text), ret_hex);
    buf_fini(&text);
    group_settings_fini(&standard);
}

/* One run of config_merge. */
struct merge {
    const struct settings *file;
    const struct state *state;
    enum merge_style style;
    struct plan *plan;
    struct diag *diag;
    struct map names;     /* group name -> its settings in the file */
    struct map addresses; /* address in force -> name of its group, in file or state */
    bool refused;
};

static struct plan_group *add_plan_group(
    struct plan *p, enum group_origin origin, const struct group_settings *file) {
    mem_grow(&p->groups, &p->group_capacity, p->group_count + 1, sizeof(p->groups[0]));
    struct plan_group *g = &p->groups[p->group_count++];
    g->origin = origin;
    g->moves = false;
    group_settings_copy(&g->file, file);
    group_settings_copy(&g->active, file);
    return g;
}

static void add_unhidden(struct plan *p, const char *name) {
    mem_grow(&p->unhidden, &p->unhidden_capacity, p->unhidden_count + 1, sizeof(p->unhidden[0]));
    slice_copy(slice_of(name), p->unhidden[p->unhidden_count++], GROUP_NAME_MAX);
}

/* The settings that overrides change: those of a group, or of the process. */
struct target {
    enum option_scope scope;
    const char *group; /* "" of the process */
    const void *file;
    void *active;
};

/* The override's value for people. It is read into settings of its own, since only there its type
 * is known. */
static char *print_override(const struct option *o, const struct override_record *r) {
    if (o == NULL)
        return mem_strdup(SECRET_STARS);
    union {
        struct settings process;
        struct group_settings group;
    } into;
    if (o->scope == OPTION_PROCESS)
        settings_init(&into.process);
    else
        group_settings_init(&into.group);

    struct buf text = BUF_INIT;
    if (option_restore(o, &into, slice_of(r->value)))
        option_print(o, &into, &text);
    char *printed = slice_dup(buf_slice(&text));
    buf_fini(&text);

    if (o->scope == OPTION_PROCESS)
        settings_fini(&into.process);
    else
        group_settings_fini(&into.group);
    return printed;
}

static bool file_says(const struct option *o, const void *file, const char *value) {
    struct buf text = BUF_INIT;
    option_write(o, file, &text);
    bool same = slice_is(buf_slice(&text), value);
    buf_fini(&text);
    return same;
}

/* Whether the file still says what it said when it was overridden. */
static bool file_is_unchanged(
    const struct option *o, const void *file, const struct override_record *r) {
    return file_says(o, file, r->file_value);
}

void merge_write_user(const struct settings *file, struct slice name, struct buf *out) {
    char hex[DIGEST_HEX_SIZE];
    users_write_one(&file->users, name, out);
    if (buf_size(out) > 0 || !slice_is(name, "default") || !secret_is_set(&file->client_password))
        return;
    digest_hex(secret_reveal(&file->client_password), hex);
    buf_add_text(out, hex);
}

/* Whether the file has come to say what the override does. */
static bool is_moot(const struct target *of, const struct override_record *r) {
    const struct option *o = option_by_key(of->scope, slice_of(r->option));
    if (o != NULL)
        return file_says(o, of->file, r->value);
    if (of->scope != OPTION_PROCESS || !slice_starts_with(slice_of(r->option), USERS_OVERRIDE))
        return false;
    struct buf said = BUF_INIT;
    merge_write_user(of->file, slice_of(r->option + strlen(USERS_OVERRIDE)), &said);
    bool moot = slice_is(buf_slice(&said), r->value);
    buf_fini(&said);
    return moot;
}

static void add_dropped(struct plan *p, const struct target *of, const struct override_record *r) {
    const struct option *o = option_by_key(of->scope, slice_of(r->option));
    struct buf text = BUF_INIT;
    if (o != NULL)
        option_print(o, of->file, &text);

    mem_grow(&p->dropped, &p->dropped_capacity, p->dropped_count + 1, sizeof(p->dropped[0]));
    struct dropped_override *d = &p->dropped[p->dropped_count++];
    *d = (struct dropped_override){ .value = print_override(o, r),
        .file_value = slice_dup(buf_slice(&text)),
        .is_moot = is_moot(of, r) };
    slice_copy(slice_of(of->group), d->group, sizeof(d->group));
    slice_copy(slice_of(r->option), d->option, sizeof(d->option));
    buf_fini(&text);
}

enum override_rule {
    OVERRIDE_IF_UNCHANGED, /* the file's value has to be what it was */
    OVERRIDE_ALWAYS,       /* no file speaks of the group */
    OVERRIDE_NEVER,        /* the file speaks of it for the first time */
};

/* A user is kept by itself. With an ACL file the file has them all. */
static bool apply_user(struct plan *p, const struct override_record *r) {
    struct slice name = slice_of(r->option + strlen(USERS_OVERRIDE));
    struct buf said = BUF_INIT;
    merge_write_user(&p->file, name, &said);
    bool holds = p->file.acl_file == NULL && slice_is(buf_slice(&said), r->file_value);
    if (holds)
        users_restore_one(&p->active.users, name, slice_of(r->value));
    buf_fini(&said);
    return holds;
}

static bool is_of_user(const struct target *of, const struct override_record *r) {
    return of->scope == OPTION_PROCESS && slice_starts_with(slice_of(r->option), USERS_OVERRIDE);
}

static void apply_overrides(struct plan *p, const struct target *to,
    const struct overrides *overrides, enum override_rule rule) {
    for (size_t i = 0; i < overrides->count; i++) {
        const struct override_record *r = &overrides->items[i];
        if (is_of_user(to, r)) {
            if (!apply_user(p, r))
                add_dropped(p, to, r);
            continue;
        }
        const struct option *o = option_by_key(to->scope, slice_of(r->option));
        bool holds = o != NULL && o->live == OPTION_LIVE && rule != OVERRIDE_NEVER &&
            (rule == OVERRIDE_ALWAYS || file_is_unchanged(o, to->file, r));
        if (!holds || !option_restore(o, to->active, slice_of(r->value)))
            add_dropped(p, to, r);
    }
}

static void apply_to_group(struct plan *p, struct plan_group *g, const struct group_state *known,
    enum override_rule rule) {
    const struct target to = {
        .scope = OPTION_GROUP,
        .group = g->file.name,
        .file = &g->file,
        .active = &g->active,
    };
    apply_overrides(p, &to, &known->overrides, rule);
}

static void merge_process(struct plan *p, const struct settings *file, const struct state *state) {
    settings_copy_process(&p->file, file);
    settings_copy_process(&p->active, file);
    const struct target to = {
        .scope = OPTION_PROCESS,
        .group = "",
        .file = &p->file,
        .active = &p->active,
    };
    apply_overrides(p, &to, &state->overrides, OVERRIDE_IF_UNCHANGED);
}

static bool is_set(const struct endpoint *e) {
    return e->host[0] != '\0';
}

/* Whether a REMOVE hides this section of the file: nothing watches the group since, or what MONITOR
 * made in its place. */
static bool hides(const struct group_record *r, const struct group_settings *file) {
    if (r->origin == GROUP_FROM_FILE || r->section[0] == '\0')
        return false;
    char section[65];
    merge_section_digest(file, section);
    return strcmp(section, r->section) == 0;
}

/* The address in force of a group that file and state both know. */
static void choose_master(struct merge *m, struct plan_group *g, const struct group_record *r) {
    if (!is_set(&r->master))
        return;
    bool moved =
        !endpoint_equal(&g->file.master, &r->seed) && !endpoint_equal(&g->file.master, &r->master);
    if (moved && m->style == MERGE_CLASSIC) {
        g->moves = true;
        return;
    }
    if (moved) {
        char wanted[ENDPOINT_TEXT_MAX], current[ENDPOINT_TEXT_MAX];
        diag_add(m->diag, g->file.master_line, g->file.master_column,
            "master of group %s is %s and cannot be changed to %s here, since its peers would change it back: "
            "use SENTINEL FAILOVER %s, or SENTINEL REMOVE %s and SENTINEL MONITOR at all sentinels",
            g->file.name, endpoint_text(&r->master, current),
            endpoint_text(&g->file.master, wanted), g->file.name, g->file.name);
        m->refused = true;
    }
    g->active.master = r->master;
}

/* A group that starts anew must not watch what another group watches: a question names an address,
 * not a group. */
static void check_address(struct merge *m, const struct plan_group *g) {
    char address[ENDPOINT_TEXT_MAX];
    const char *other = map_get(&m->addresses, slice_of(endpoint_text(&g->active.master, address)));
    if (other == NULL || strcmp(other, g->active.name) == 0)
        return;
    diag_add(m->diag, g->file.master_line, g->file.master_column,
        "master %s of group %s is watched already as group %s", address, g->file.name, other);
    m->refused = true;
}

static void merge_file_group(struct merge *m, const struct group_settings *file) {
    const struct group_state *known = state_group(m->state, slice_of(file->name));
    if (known != NULL && hides(&known->record, file))
        return;
    if (known == NULL || known->record.origin == GROUP_REMOVED) {
        if (known != NULL && known->record.section[0] != '\0')
            add_unhidden(m->plan, file->name);
        check_address(m, add_plan_group(m->plan, GROUP_FROM_FILE, file));
        return;
    }
    struct plan_group *g = add_plan_group(m->plan, GROUP_FROM_FILE, file);
    choose_master(m, g, &known->record);
    apply_to_group(m->plan, g, known,
        known->record.origin == GROUP_FROM_RUNTIME ? OVERRIDE_NEVER : OVERRIDE_IF_UNCHANGED);
}

static void merge_runtime_group(struct merge *m, const struct group_state *known) {
    struct group_settings file;
    group_settings_init(&file);
    slice_copy(slice_of(known->name), file.name, sizeof(file.name));
    file.master = known->record.seed;

    struct plan_group *g = add_plan_group(m->plan, GROUP_FROM_RUNTIME, &file);
    g->active.master = known->record.master;
    apply_to_group(m->plan, g, known, OVERRIDE_ALWAYS);
    group_settings_fini(&file);
}

/* Whether the file speaks of the group that the state knows. */
static bool is_of_file(const struct merge *m, const struct group_state *known) {
    const struct group_settings *file = map_get(&m->names, slice_of(known->name));
    return file != NULL && !hides(&known->record, file);
}

/* Collects what the groups that go on under their address are called. */
static void index_addresses(struct merge *m) {
    map_for_each(known, &m->state->groups, struct group_state) {
        enum group_origin origin = known->record.origin;
        if (origin == GROUP_REMOVED || (origin == GROUP_FROM_FILE && !is_of_file(m, known)))
            continue;
        char address[ENDPOINT_TEXT_MAX];
        struct slice key = slice_of(endpoint_text(&known->record.master, address));
        if (map_get(&m->addresses, key) == NULL)
            map_put(&m->addresses, key, known->name);
    }
}

bool config_merge(const struct settings *file, const struct state *state, enum merge_style style,
    struct plan *ret, struct diag *diag) {
    plan_init(ret);
    struct merge m = {
        .file = file,
        .state = state,
        .style = style,
        .plan = ret,
        .diag = diag,
        .names = MAP_INIT,
        .addresses = MAP_INIT,
    };
    for (size_t i = 0; i < file->group_count; i++)
        map_put(&m.names, slice_of(file->groups[i].name), &file->groups[i]);
    index_addresses(&m);

    merge_process(ret, file, state);
    for (size_t i = 0; i < file->group_count; i++)
        merge_file_group(&m, &file->groups[i]);
    map_for_each(known, &state->groups, struct group_state) {
        if (known->record.origin == GROUP_FROM_RUNTIME && !is_of_file(&m, known))
            merge_runtime_group(&m, known);
    }

    map_fini(&m.names);
    map_fini(&m.addresses);
    if (m.refused)
        plan_fini(ret);
    return !m.refused;
}

/* ---- the state lines of a classic file ---- */

/* Where the changes go. */
struct sink {
    void (*visit)(const struct delta *d, void *context);
    void *context;
};

static void emit(const struct sink *to, struct delta d) {
    to->visit(&d, to->context);
}

static void emit_lists(const struct sink *to, const struct group_state *g,
    enum delta_kind of_replica, enum delta_kind of_peer) {
    struct slice name = slice_of(g->name);
    for (size_t i = 0; i < g->replica_count; i++)
        emit(to, (struct delta){ .kind = of_replica, .group = name, .address = g->replicas[i] });
    for (size_t i = 0; i < g->peer_count; i++)
        emit(to,
            (struct delta){ .kind = of_peer,
                .group = name,
                .id = slice_of(g->peers[i].id),
                .address = g->peers[i].address });
}

/* Drops the lists of `known`, which may shrink meanwhile: hence from a copy. */
static void emit_emptied(const struct sink *to, const struct group_state *known) {
    struct group_state g = {
        .replicas = mem_dup(known->replicas, known->replica_count * sizeof(known->replicas[0])),
        .replica_count = known->replica_count,
        .peers = mem_dup(known->peers, known->peer_count * sizeof(known->peers[0])),
        .peer_count = known->peer_count,
    };
    memcpy(g.name, known->name, sizeof(g.name));
    emit_lists(to, &g, DELTA_REPLICA_GONE, DELTA_PEER_GONE);
    mem_free(g.replicas);
    mem_free(g.peers);
}

/* Who wrote the file after us knows better: then it names the lists. Not if it tells of an older
 * configuration than ours, as after a crash before it was written. */
static void merge_known(const struct sink *to, const struct group_state *known,
    const struct group_state *file, bool is_kept, bool is_edited) {
    struct group_record r = known->record;
    uint64_t ours = r.config_epoch, theirs = file->record.config_epoch;
    bool votes = file->record.vote_epoch > r.vote_epoch;
    bool stale = is_kept && theirs < ours && !endpoint_equal(&r.seed, &file->record.master);
    if (votes) {
        r.vote_epoch = file->record.vote_epoch;
        memcpy(r.vote_for, file->record.vote_for, sizeof(r.vote_for));
    }
    if (theirs > ours) {
        /* A config epoch and its address belong together. */
        r.config_epoch = theirs;
        r.master = file->record.master;
    }
    if (stale)
        r.seed = file->record.master; /* its address is one that we have left behind */
    if (votes || theirs > ours || stale)
        emit(
            to, (struct delta){ .kind = DELTA_GROUP, .group = slice_of(known->name), .record = r });
    if (r.origin != GROUP_REMOVED && (theirs > ours || (is_edited && theirs == ours))) {
        emit_emptied(to, known);
        emit_lists(to, file, DELTA_REPLICA, DELTA_PEER);
    }
}

void merge_classic_state(const struct state *ours, const struct state *file,
    void (*visit)(const struct delta *d, void *context), void *context) {
    const struct sink to = { .visit = visit, .context = context };
    char listing[DIGEST_HEX_SIZE];
    state_listing(file, listing);
    bool is_kept = file->id[0] != '\0'; /* by a sentinel, ourselves or another one */
    bool is_edited = ours->listing[0] != '\0' && strcmp(listing, ours->listing) != 0;
    if (file->current_epoch > ours->current_epoch)
        emit(&to, (struct delta){ .kind = DELTA_EPOCH, .epoch = file->current_epoch });
    map_for_each(g, &file->groups, struct group_state) {
        struct slice name = slice_of(g->name);
        const struct group_state *known = state_group(ours, name);
        if (known != NULL) {
            merge_known(&to, known, g, is_kept, is_edited);
        } else {
            emit(&to, (struct delta){ .kind = DELTA_GROUP, .group = name, .record = g->record });
            emit_lists(&to, g, DELTA_REPLICA, DELTA_PEER);
        }
    }
    if (strcmp(listing, ours->listing) != 0)
        emit(&to, (struct delta){ .kind = DELTA_LISTING, .value = slice_of(listing) });
}
