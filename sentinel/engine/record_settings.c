#include "sentinel/engine/record_settings.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/option.h"
#include "config/users.h"
#include "config/value.h"
#include "sentinel/engine/mask.h"

#include <string.h>

static void fail(struct unpack *u) {
    u->failed = true;
}

/* ---- parts ---- */

void pack_endpoint(struct buf *out, const struct endpoint *e) {
    pack_text(out, e->host);
    pack_u64(out, e->port);
}

void unpack_endpoint(struct unpack *u, struct endpoint *ret) {
    *ret = (struct endpoint){ .host = "" };
    unpack_text(u, ret->host, sizeof(ret->host));
    ret->port = (uint16_t)unpack_upto(u, UINT16_MAX);
    if (value_has_control(slice_of(ret->host)))
        fail(u);
}

static char *unpack_owned_text(struct unpack *u) {
    struct slice text = unpack_bytes(u);
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        fail(u);
    return text.size == 0 || u->failed ? NULL : slice_dup(text);
}

typedef void masker(struct mask *m, struct slice text, struct buf *out);

static void pack_masked(
    struct buf *out, struct mask *m, masker *mask_with, const struct secret *s) {
    struct buf masked CLEANUP(buf_fini) = BUF_INIT;
    if (m != NULL)
        mask_with(m, secret_reveal(s), &masked);
    pack_bytes(out, m != NULL ? buf_slice(&masked) : secret_reveal(s));
}

static void unpack_secret(struct unpack *u, struct secret *ret) {
    secret_set(ret, unpack_bytes(u));
}

static void pack_users(struct buf *out, struct mask *m, const struct users *users) {
    pack_u64(out, users->count);
    for (size_t i = 0; i < users->count; i++) {
        pack_bytes(out, user_name(&users->items[i]));
        pack_masked(out, m, mask_rules, &users->items[i].rules);
    }
    pack_masked(out, m, mask_acl_file, &users->file_text);
}

static void unpack_users(struct unpack *u, struct users *ret) {
    users_fini(ret);
    size_t count = unpack_count(u, 2);
    if (count > USERS_MAX)
        fail(u);
    for (size_t i = 0; i < count && !u->failed; i++) {
        struct slice name = unpack_bytes(u), rules = unpack_bytes(u);
        if (!u->failed)
            users_set(ret, name, rules);
    }
    unpack_secret(u, &ret->file_text);
}

static void pack_commands(struct buf *out, const struct command_renames *renames) {
    pack_u64(out, renames->count);
    for (size_t i = 0; i < renames->count; i++) {
        pack_text(out, renames->items[i].command);
        pack_text(out, renames->items[i].name);
    }
}

static void unpack_commands(struct unpack *u, struct command_renames *ret) {
    command_renames_fini(ret);
    size_t count = unpack_count(u, 2);
    if (count > COMMAND_RENAMES_MAX)
        fail(u);
    for (size_t i = 0; i < count && !u->failed; i++) {
        struct slice command = unpack_bytes(u), name = unpack_bytes(u);
        if (!u->failed)
            command_renames_add(ret, command, name);
    }
}

static void pack_renames(struct buf *out, const struct group_settings *g) {
    pack_u64(out, g->rename_count);
    for (size_t i = 0; i < g->rename_count; i++) {
        pack_text(out, g->renames[i].command);
        pack_text(out, g->renames[i].name);
    }
}

static void unpack_renames(struct unpack *u, struct group_settings *g) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    size_t count = unpack_count(u, 2);
    for (size_t i = 0; i < count && !u->failed; i++) {
        struct rename r;
        struct slice command = unpack_bytes(u), name = unpack_bytes(u);
        if (!value_read_rename(command, name, &r, &why) || !group_settings_rename(g, &r))
            fail(u);
    }
}

static void pack_listen(struct buf *out, const struct listen *l) {
    pack_u64(out, l->count);
    for (size_t i = 0; i < l->count; i++) {
        pack_endpoint(out, &l->at[i]);
        pack_u64(out, l->optional[i]);
    }
}

static void unpack_listen(struct unpack *u, struct listen *l) {
    l->count = (size_t)unpack_upto(u, LISTEN_MAX);
    for (size_t i = 0; i < l->count; i++) {
        unpack_endpoint(u, &l->at[i]);
        l->optional[i] = unpack_bool(u);
    }
}

/* ---- settings, by the rows of the table ---- */

static void pack_value(
    struct buf *out, struct mask *m, const struct option *o, const void *settings) {
    const void *value = option_const_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        pack_endpoint(out, value);
        break;
    case OPTION_TYPE_ENDPOINT_LIST:
        pack_listen(out, value);
        break;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
        pack_text(out, *(char *const *)value);
        break;
    case OPTION_TYPE_SECRET:
        pack_masked(out, m, mask_setting, value);
        break;
    case OPTION_TYPE_KEYS_FILE:
        pack_masked(out, m, mask_keys, value);
        break;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        pack_i64(out, *(const int64_t *)value);
        break;
    case OPTION_TYPE_BOOL:
        pack_u64(out, *(const bool *)value);
        break;
    case OPTION_TYPE_LOG_LEVEL:
        pack_u64(out, *(const enum log_level *)value);
        break;
    case OPTION_TYPE_RENAMES:
        pack_renames(out, settings);
        break;
    case OPTION_TYPE_USERS:
        pack_users(out, m, value);
        break;
    case OPTION_TYPE_COMMANDS:
        pack_commands(out, value);
        break;
    case OPTION_TYPE_SECRET_FILE: /* its secret is that of another row */
        break;
    }
}

static void unpack_number(struct unpack *u, const struct option *o, int64_t *value) {
    int64_t number = unpack_i64(u), min = o->min, max = o->max;
    if (o->type == OPTION_TYPE_MODE) {
        max = 0777;
    } else if (o->type == OPTION_TYPE_WORD || o->type == OPTION_TYPE_WORDS) {
        int64_t last = 0;
        for (const char *c = o->words; *c != '\0'; c++)
            last += *c == '|';
        max = o->type == OPTION_TYPE_WORD ? last : ((int64_t)2 << last) - 1;
    }
    if (number < min || number > max)
        fail(u);
    else
        *value = number;
}

static void unpack_value(struct unpack *u, const struct option *o, void *settings) {
    void *value = option_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        unpack_endpoint(u, value);
        break;
    case OPTION_TYPE_ENDPOINT_LIST:
        unpack_listen(u, value);
        break;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
        mem_free(*(char **)value);
        *(char **)value = unpack_owned_text(u);
        break;
    case OPTION_TYPE_SECRET:
    case OPTION_TYPE_KEYS_FILE:
        unpack_secret(u, value);
        break;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        unpack_number(u, o, value);
        break;
    case OPTION_TYPE_BOOL:
        *(bool *)value = unpack_bool(u);
        break;
    case OPTION_TYPE_LOG_LEVEL:
        *(enum log_level *)value = (enum log_level)unpack_upto(u, LOG_LEVEL_COUNT - 1);
        break;
    case OPTION_TYPE_RENAMES:
        unpack_renames(u, settings);
        break;
    case OPTION_TYPE_USERS:
        unpack_users(u, value);
        break;
    case OPTION_TYPE_COMMANDS:
        unpack_commands(u, value);
        break;
    case OPTION_TYPE_SECRET_FILE:
        break;
    }
}

/* The options that are not at their default, each with its key; an empty key ends them. */
static void pack_options(struct buf *out, struct mask *m, enum option_scope scope,
    const void *settings, const void *standard) {
    struct buf value CLEANUP(buf_fini) = BUF_INIT;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != scope || o->type == OPTION_TYPE_SECRET_FILE ||
            option_equal(o, settings, standard))
            continue;
        buf_clear(&value);
        pack_value(&value, m, o, settings);
        pack_text(out, o->key);
        pack_bytes(out, buf_slice(&value));
    }
    pack_text(out, "");
}

/* An option that this build does not know is passed over. */
static void unpack_options(struct unpack *u, enum option_scope scope, void *settings) {
    for (;;) {
        struct slice key = unpack_bytes(u);
        if (u->failed || key.size == 0)
            return;
        struct unpack value = { .rest = unpack_bytes(u) };
        const struct option *o = option_by_key(scope, key);
        if (o == NULL)
            continue;
        unpack_value(&value, o, settings);
        if (value.failed || value.rest.size > 0)
            fail(u);
    }
}

static void pack_process(struct buf *out, struct mask *m, const struct settings *s) {
    struct settings standard;
    settings_init(&standard);
    pack_options(out, m, OPTION_PROCESS, s, &standard);
    settings_fini(&standard);
}

static void unpack_process(struct unpack *u, struct settings *ret) {
    settings_fini(ret);
    settings_init(ret);
    unpack_options(u, OPTION_PROCESS, ret);
}

static void pack_group(struct buf *out, struct mask *m, const struct group_settings *g) {
    struct group_settings standard;
    group_settings_init(&standard);
    pack_text(out, g->name);
    pack_options(out, m, OPTION_GROUP, g, &standard);
    group_settings_fini(&standard);
}

static void unpack_group(struct unpack *u, struct group_settings *ret) {
    group_settings_init(ret);
    unpack_text(u, ret->name, sizeof(ret->name));
    if (!group_name_is_valid(slice_of(ret->name)))
        fail(u);
    unpack_options(u, OPTION_GROUP, ret);
}

/* ---- plans ---- */

static void pack_plan_group(struct buf *out, struct mask *m, const struct plan_group *g) {
    pack_u64(out, g->origin);
    pack_group(out, m, &g->file);
    pack_group(out, m, &g->active);
    pack_u64(out, g->moves);
}

static void unpack_plan_group(struct unpack *u, struct plan *plan) {
    mem_grow(&plan->groups, &plan->group_capacity, plan->group_count + 1, sizeof(plan->groups[0]));
    struct plan_group *g = &plan->groups[plan->group_count++];
    *g = (struct plan_group){ .origin = (enum group_origin)unpack_upto(u, GROUP_FROM_RUNTIME) };
    unpack_group(u, &g->file);
    unpack_group(u, &g->active);
    g->moves = unpack_bool(u);
    bool is_whole = strcmp(g->file.name, g->active.name) == 0 && g->active.master.host[0] != '\0';
    if (!is_whole)
        fail(u);
}

static void check_names(struct unpack *u, const struct plan *plan) {
    struct map names = MAP_INIT;
    for (size_t i = 0; i < plan->group_count && !u->failed; i++) {
        struct slice name = slice_of(plan->groups[i].active.name);
        if (map_get(&names, name) != NULL)
            fail(u);
        else
            map_put(&names, name, &plan->groups[i]);
    }
    map_fini(&names);
}

static void pack_dropped(struct buf *out, const struct dropped_override *d) {
    pack_text(out, d->group);
    pack_text(out, d->option);
    pack_text(out, d->value);
    pack_text(out, d->file_value);
    pack_u64(out, d->is_moot);
}

/* A text that may be empty, but is there. */
static char *unpack_present_text(struct unpack *u) {
    char *text = unpack_owned_text(u);
    return text != NULL ? text : mem_strdup("");
}

static void unpack_dropped(struct unpack *u, struct plan *plan) {
    mem_grow(
        &plan->dropped, &plan->dropped_capacity, plan->dropped_count + 1, sizeof(plan->dropped[0]));
    struct dropped_override *d = &plan->dropped[plan->dropped_count++];
    *d = (struct dropped_override){ .group = "" };
    unpack_text(u, d->group, sizeof(d->group));
    unpack_text(u, d->option, sizeof(d->option));
    d->value = unpack_present_text(u);
    d->file_value = unpack_present_text(u);
    d->is_moot = unpack_bool(u);
}

void pack_plan(struct buf *out, struct mask *mask, const struct plan *plan) {
    pack_process(out, mask, &plan->file);
    pack_process(out, mask, &plan->active);
    pack_u64(out, plan->group_count);
    for (size_t i = 0; i < plan->group_count; i++)
        pack_plan_group(out, mask, &plan->groups[i]);
    pack_u64(out, plan->dropped_count);
    for (size_t i = 0; i < plan->dropped_count; i++)
        pack_dropped(out, &plan->dropped[i]);
    pack_u64(out, plan->unhidden_count);
    for (size_t i = 0; i < plan->unhidden_count; i++)
        pack_text(out, plan->unhidden[i]);
}

void unpack_plan(struct unpack *u, struct plan *ret) {
    plan_init(ret);
    unpack_process(u, &ret->file);
    unpack_process(u, &ret->active);
    size_t count = unpack_count(u, 4);
    if (count > GROUPS_MAX)
        fail(u);
    for (size_t i = 0; i < count && !u->failed; i++)
        unpack_plan_group(u, ret);
    check_names(u, ret);
    count = unpack_count(u, 5);
    for (size_t i = 0; i < count && !u->failed; i++)
        unpack_dropped(u, ret);
    count = unpack_count(u, 1);
    for (size_t i = 0; i < count && !u->failed; i++) {
        mem_grow(&ret->unhidden, &ret->unhidden_capacity, ret->unhidden_count + 1,
            sizeof(ret->unhidden[0]));
        unpack_text(u, ret->unhidden[ret->unhidden_count++], sizeof(ret->unhidden[0]));
    }
}

/* ---- the state, as the deltas that build it ---- */

static void pack_record(struct buf *out, struct mask *m, const struct group_record *r) {
    struct buf section CLEANUP(buf_fini) = BUF_INIT;
    /* It is made of the section's passwords, too. */
    if (m != NULL && r->section[0] != '\0')
        mask_hash(m, slice_of(r->section), &section);
    pack_u64(out, r->origin);
    pack_endpoint(out, &r->master);
    pack_endpoint(out, &r->seed);
    pack_u64(out, r->config_epoch);
    pack_u64(out, r->vote_epoch);
    pack_text(out, r->vote_for);
    pack_text(out, m != NULL ? buf_text(&section) : r->section);
}

static void unpack_record(struct unpack *u, struct group_record *ret) {
    ret->origin = (enum group_origin)unpack_upto(u, GROUP_REMOVED);
    unpack_endpoint(u, &ret->master);
    unpack_endpoint(u, &ret->seed);
    ret->config_epoch = unpack_u64(u);
    ret->vote_epoch = unpack_u64(u);
    unpack_text(u, ret->vote_for, sizeof(ret->vote_for));
    unpack_text(u, ret->section, sizeof(ret->section));
}

static void pack_override_value(
    struct buf *out, struct mask *m, const struct delta *d, struct slice value) {
    struct buf masked CLEANUP(buf_fini) = BUF_INIT;
    if (m != NULL)
        mask_override(m, d->group.size == 0, d->option, value, &masked);
    pack_bytes(out, m != NULL ? buf_slice(&masked) : value);
}

struct packing {
    struct buf *out;
    struct mask *mask;
    size_t count;
};

static void pack_delta(const struct delta *d, void *context) {
    struct packing *p = context;
    p->count++;
    pack_u64(p->out, d->kind);
    pack_u64(p->out, d->epoch);
    pack_u64(p->out, d->counter);
    pack_bytes(p->out, d->group);
    pack_bytes(p->out, d->id);
    pack_endpoint(p->out, &d->address);
    pack_bytes(p->out, d->option);
    if (d->kind == DELTA_LISTING)
        pack_bytes(p->out, d->value);
    else
        pack_override_value(p->out, p->mask, d, d->value);
    pack_override_value(p->out, p->mask, d, d->file_value);
    if (d->kind == DELTA_GROUP)
        pack_record(p->out, p->mask, &d->record);
}

static bool is_delta_fit(const struct delta *d) {
    bool of_group = d->kind == DELTA_GROUP || d->kind == DELTA_REPLICA || d->kind == DELTA_PEER;
    if (of_group && !group_name_is_valid(d->group))
        return false;
    if (d->kind == DELTA_GROUP)
        return d->record.origin == GROUP_REMOVED || d->record.master.host[0] != '\0';
    if (d->kind == DELTA_PEER && !id_is_plausible(d->id))
        return false;
    if (d->kind == DELTA_COUNTER)
        return d->group.size == 0 || (group_name_is_valid(d->group) && id_is_plausible(d->id));
    return d->kind == DELTA_EPOCH || d->kind == DELTA_LISTING || d->kind == DELTA_OVERRIDE ||
        (of_group && d->address.host[0] != '\0');
}

static void unpack_delta(struct unpack *u, struct state *state) {
    struct delta d = { .kind = (enum delta_kind)unpack_upto(u, DELTA_COUNTER) };
    d.epoch = unpack_u64(u);
    d.counter = unpack_u64(u);
    d.group = unpack_bytes(u);
    d.id = unpack_bytes(u);
    unpack_endpoint(u, &d.address);
    d.option = unpack_bytes(u);
    d.value = unpack_bytes(u);
    d.file_value = unpack_bytes(u);
    if (d.kind == DELTA_GROUP)
        unpack_record(u, &d.record);
    if (!u->failed && is_delta_fit(&d))
        state_apply(state, &d);
    else
        fail(u);
}

void pack_state(struct buf *out, struct mask *mask, const struct state *state) {
    struct buf deltas CLEANUP(buf_fini) = BUF_INIT;
    struct packing p = { .out = &deltas, .mask = mask };
    state_deltas(state, pack_delta, &p);
    pack_text(out, state->id);
    pack_u64(out, p.count);
    buf_add_slice(out, buf_slice(&deltas));
}

void unpack_state(struct unpack *u, struct state *ret) {
    state_init(ret);
    unpack_text(u, ret->id, sizeof(ret->id));
    if (!id_is_plausible(slice_of(ret->id)))
        fail(u);
    size_t count = unpack_count(u, 10);
    for (size_t i = 0; i < count && !u->failed; i++)
        unpack_delta(u, ret);
}
