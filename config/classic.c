#include "config/load.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/map.h"
#include "common/mem.h"
#include "config/classic_include.h"
#include "config/classic_line.h"
#include "config/classic_server.h"
#include "config/diag.h"
#include "config/option.h"
#include "config/state.h"
#include "config/value.h"

#include <string.h>

#define SENTINEL_LINES_MAX 1000000

/* This version reads what the main job needs. A directive that would change what a sentinel does,
 * but is not carried out yet, is a finding, never passed over. Findings that the originals know
 * have their texts. */

/* One run of load_classic. */
struct reader {
    struct settings *settings;
    struct state *state;
    struct diag *diag;
    struct classic_line *lines; /* owned: the `sentinel` lines, for the three passes */
    size_t line_count, line_capacity;
    struct map groups; /* name -> index in settings + 1, as a pointer */
    bool *is_included; /* owned: by index in settings: an included file has its `monitor` */
    size_t included_capacity;
    bool has_includes; /* lines of which are repeated where the file was rewritten */
};

/* Reads one line. The words start with the directive's own name. */
typedef void line_function(struct reader *r, const struct classic_line *l);

#define FINDING(r, l, index, ...) CLASSIC_FINDING((r)->diag, l, index, __VA_ARGS__)

/* ---- sentinel directives: words 0 and 1 are "sentinel" and the name ---- */

static struct group_settings *find_group(struct reader *r, struct slice name) {
    uintptr_t index = (uintptr_t)map_get(&r->groups, name);
    return index == 0 ? NULL : &r->settings->groups[index - 1];
}

/* The group that word 2 names, or a finding. */
static struct group_settings *named_group(struct reader *r, const struct classic_line *l) {
    struct group_settings *g = find_group(r, classic_word(l, 2));
    if (g == NULL)
        FINDING(r, l, 2, "No such master with specified name.");
    return g;
}

/* Its state; made together with the group. */
static struct group_state *named_state(struct reader *r, const struct classic_line *l) {
    if (named_group(r, l) == NULL)
        return NULL;
    struct group_state *g = state_group(r->state, classic_word(l, 2));
    ensure(g != NULL);
    return g;
}

/* Words `index` and the next as address and port, or a finding. That names are resolved, wherever
 * the file says so, was read before. */
static bool read_address(
    struct reader *r, const struct classic_line *l, size_t index, struct endpoint *ret) {
    int64_t port = slice_to_i64_lenient(classic_word(l, index + 1));
    if (port < 1 || port > 65535) {
        FINDING(r, l, index + 1, "Invalid port number.");
        return false;
    }
    const struct slice host = classic_word(l, index);
    bool may_be = host_is_ip(host) || (r->settings->resolve_hostnames && host_is_name(host));
    if (!may_be || !endpoint_make(host, port, ret)) {
        FINDING(r, l, index, "Can't resolve instance hostname.");
        return false;
    }
    return true;
}

/* Where it is and how many agree. */
static void read_monitored(
    struct reader *r, const struct classic_line *l, struct group_settings *g) {
    struct endpoint master;
    int64_t quorum = slice_to_i64_lenient(classic_word(l, 5));
    const struct option *o = option_by_key(OPTION_GROUP, SLICE_LITERAL("quorum"));
    g->line = g->master_line = classic_place(l, 2).line;
    g->column = classic_place(l, 2).column;
    g->master_column = classic_place(l, 3).column;
    if (quorum < o->min)
        FINDING(r, l, 5, "Quorum must be 1 or greater.");
    else if (quorum > o->max)
        FINDING(r, l, 5, "quorum must be at most %lld", (long long)o->max);
    else
        g->quorum = quorum;
    if (read_address(r, l, 3, &master))
        g->master = master;
    struct group_record record = {
        .origin = GROUP_FROM_FILE, .master = g->master, .seed = g->master
    };
    state_apply(r->state,
        &(struct delta){ .kind = DELTA_GROUP, .group = slice_of(g->name), .record = record });
}

/* Lines of included files are not ours to rewrite: what the file itself says of their group comes
 * later and counts. */
static void read_monitor_again(
    struct reader *r, const struct classic_line *l, struct group_settings *g) {
    bool *included = &r->is_included[g - r->settings->groups];
    if (*included == (l->file != NULL)) {
        FINDING(r, l, 2, "Duplicate master name.");
    } else if (*included) {
        *included = false;
        read_monitored(r, l, g);
    }
}

static void read_monitor(struct reader *r, const struct classic_line *l) {
    struct slice name = classic_word(l, 2);
    struct group_settings *g = find_group(r, name);

    if (!group_name_is_valid(name)) {
        FINDING(r, l, 2,
            "group name '%.*s' must be 1 to %d bytes without commas, blanks and control characters",
            CLASSIC_QUOTED(name), GROUP_NAME_MAX - 1);
    } else if (g != NULL) {
        read_monitor_again(r, l, g);
    } else if (r->settings->group_count == GROUPS_MAX) {
        FINDING(r, l, 2, "more than %d groups", GROUPS_MAX);
    } else {
        g = settings_add_group(r->settings);
        slice_copy(name, g->name, sizeof(g->name));
        size_t count = r->settings->group_count;
        map_put(&r->groups, name, (void *)(uintptr_t)count);
        mem_grow(&r->is_included, &r->included_capacity, count, sizeof(r->is_included[0]));
        r->is_included[count - 1] = l->file != NULL;
        read_monitored(r, l, g);
    }
}

static void read_number(struct reader *r, const struct classic_line *l, const struct option *o,
    struct group_settings *g) {
    struct buf text = BUF_INIT;
    int64_t number = slice_to_i64_lenient(classic_word(l, 3));
    buf_add_i64(&text, number);
    if (!option_assign(o, g, buf_slice(&text))) {
        if (number > o->max)
            FINDING(r, l, 3, "%s must be at most %lld", o->set_name, (long long)o->max);
        else if (o->type == OPTION_TYPE_DURATION)
            FINDING(r, l, 3,
                o->min > 0 ? "negative or zero time parameter." : "negative time parameter.");
        else
            FINDING(r, l, 3, "%s must be at least %lld", o->set_name, (long long)o->min);
    }
    buf_fini(&text);
}

static void read_rename(struct reader *r, const struct classic_line *l, struct group_settings *g) {
    struct buf why = BUF_INIT;
    struct rename rename;
    if (!value_read_rename(classic_word(l, 3), classic_word(l, 4), &rename, &why))
        FINDING(r, l, value_is_command(classic_word(l, 3)) ? 4 : 3, "rename-command %s",
            buf_text(&why));
    else if (!r->has_includes &&
        strcmp(group_settings_command(g, rename.command), rename.command) != 0)
        FINDING(r, l, 3, "Same command renamed multiple times with rename-command.");
    else if (!group_settings_rename(g, &rename))
        FINDING(r, l, 3, "more than %d renamed commands", RENAMES_MAX);
    buf_fini(&why);
}

/* Whether a script can be executed is looked at by who may look. */
static void note_place(struct reader *r, const struct classic_line *l, const struct option *o,
    struct group_settings *g) {
    const struct place at = classic_place(l, 3);
    if (o->offset == offsetof(struct group_settings, notification_script))
        g->notification_at = at;
    else if (o->offset == offsetof(struct group_settings, reconfig_script))
        g->reconfig_at = at;
    else if (o->type == OPTION_TYPE_SECRET && classic_word(l, 3).size > 0)
        classic_note_password(r->diag, l, 3, &g->password_at);
}

/* An option of the table. */
static void read_option(struct reader *r, const struct classic_line *l) {
    const struct option *o = option_by_set_name(classic_word(l, 1));
    struct group_settings *g = named_group(r, l);
    ensure(o != NULL);
    if (g == NULL)
        return;
    if (o->type == OPTION_TYPE_RENAMES)
        read_rename(r, l, g);
    else if (o->type == OPTION_TYPE_COUNT || o->type == OPTION_TYPE_DURATION)
        read_number(r, l, o, g);
    else if (!option_assign(o, g, classic_word(l, 3)))
        FINDING(r, l, 3, "%s must not contain control characters, nor be longer than %d bytes",
            o->set_name, VALUE_TEXT_MAX);
    else
        note_place(r, l, o, g);
}

static void raise_epoch(struct reader *r, uint64_t epoch) {
    r->state->current_epoch = MAX_OF(r->state->current_epoch, epoch);
}

static void read_current_epoch(struct reader *r, const struct classic_line *l) {
    raise_epoch(r, slice_to_u64_lenient(classic_word(l, 2)));
}

static void read_config_epoch(struct reader *r, const struct classic_line *l) {
    struct group_state *g = named_state(r, l);
    if (g == NULL)
        return;
    g->record.config_epoch = slice_to_u64_lenient(classic_word(l, 3));
    raise_epoch(r, g->record.config_epoch);
}

static void read_leader_epoch(struct reader *r, const struct classic_line *l) {
    struct group_state *g = named_state(r, l);
    if (g == NULL)
        return;
    g->record.vote_epoch = slice_to_u64_lenient(classic_word(l, 3));
    raise_epoch(r, g->record.vote_epoch);
}

/* How many replicas or peers a group can have at most, whatever the limit in force. */
static size_t most_of(const char *limit) {
    const struct option *o = option_by_key(OPTION_PROCESS, slice_of(limit));
    ensure(o != NULL);
    return (size_t)o->max;
}

static void read_known_replica(struct reader *r, const struct classic_line *l) {
    struct endpoint address;
    struct group_state *g = named_state(r, l);
    if (g == NULL || !read_address(r, l, 3, &address))
        return;
    size_t before = g->replica_count;
    if (before >= most_of("limits.replicas")) {
        FINDING(r, l, 2, "more than %zu replicas", before);
        return;
    }
    state_apply(r->state,
        &(struct delta){ .kind = DELTA_REPLICA, .group = classic_word(l, 2), .address = address });
    if (g->replica_count == before && !r->has_includes)
        FINDING(r, l, 3, "Duplicate hostname and port for replica.");
}

static void read_known_sentinel(struct reader *r, const struct classic_line *l) {
    struct endpoint address;
    struct group_state *g = named_state(r, l);
    if (g == NULL || !read_address(r, l, 3, &address))
        return;
    if (l->count == 5)
        return; /* the old form, without id: that peer will introduce itself */
    if (!id_is_plausible(classic_word(l, 5))) {
        FINDING(r, l, 5, "Malformed Sentinel id in known-sentinel option.");
        return;
    }
    size_t before = g->peer_count;
    if (before >= most_of("limits.peers")) {
        FINDING(r, l, 2, "more than %zu sentinels", before);
        return;
    }
    state_apply(r->state,
        &(struct delta){ .kind = DELTA_PEER,
            .group = classic_word(l, 2),
            .id = classic_word(l, 5),
            .address = address });
    if (g->peer_count == before && !r->has_includes)
        FINDING(r, l, 5, "Duplicate runid for sentinel.");
}

static void read_myid(struct reader *r, const struct classic_line *l) {
    if (classic_word(l, 2).size != ID_LENGTH || !id_is_plausible(classic_word(l, 2)))
        FINDING(r, l, 2, "Malformed Sentinel id in myid option.");
    else
        slice_copy(classic_word(l, 2), r->state->id, sizeof(r->state->id));
}

static void read_announce_ip(struct reader *r, const struct classic_line *l) {
    struct endpoint *announce = &r->settings->announce;
    if (classic_word(l, 2).size == 0)
        announce->host[0] = '\0';
    else if ((!host_is_ip(classic_word(l, 2)) && !host_is_name(classic_word(l, 2))) ||
        !endpoint_make(classic_word(l, 2), announce->port, announce))
        FINDING(r, l, 2, "announce-ip must be an IP address or a host name");
}

static void read_announce_port(struct reader *r, const struct classic_line *l) {
    int64_t port = slice_to_i64_lenient(classic_word(l, 2));
    if (port < 0 || port > 65535)
        FINDING(r, l, 2, "Invalid port number.");
    else
        r->settings->announce.port = (uint16_t)port;
}

/* An option of the process that is a text: empty unsets it. */
static void read_process_text(struct reader *r, const struct classic_line *l) {
    const struct option *o = option_by_set_name(classic_word(l, 1));
    struct buf why = BUF_INIT;
    ensure(o != NULL && o->scope == OPTION_PROCESS);
    if (classic_word(l, 2).size > 0 && !option_read(o, r->settings, classic_word(l, 2), &why))
        FINDING(r, l, 2, "%s %s", o->set_name, buf_text(&why));
    else if (o->type == OPTION_TYPE_SECRET && classic_word(l, 2).size > 0)
        classic_note_password(r->diag, l, 2, &r->settings->password_at);
    buf_fini(&why);
}

static bool is_yes(struct slice s) {
    return slice_is_nocase(s, "yes");
}

static bool is_no(struct slice s) {
    return slice_is_nocase(s, "no");
}

static void read_deny_scripts(struct reader *r, const struct classic_line *l) {
    if (!is_yes(classic_word(l, 2)) && !is_no(classic_word(l, 2)))
        FINDING(r, l, 2, "Please specify yes or no for the deny-scripts-reconfig options.");
    else
        r->settings->deny_scripts_reconfig = is_yes(classic_word(l, 2));
}

/* resolve-hostnames, announce-hostnames */
static void read_hostnames(struct reader *r, const struct classic_line *l) {
    const struct option *o = option_by_set_name(classic_word(l, 1));
    ensure(o != NULL && o->type == OPTION_TYPE_BOOL);
    if (!is_yes(classic_word(l, 2)) && !is_no(classic_word(l, 2)))
        FINDING(r, l, 2, "Please specify yes or no for the %s option.", o->set_name);
    else
        *(bool *)option_value(o, r->settings) = is_yes(classic_word(l, 2));
}

/* The order in the file does not matter: what belongs to no group comes first, then the groups,
 * then what belongs to them. */
enum pass { PASS_PROCESS, PASS_MONITOR, PASS_GROUP, PASS_COUNT };

struct sentinel_directive {
    const char *name;
    enum pass pass;
    size_t least, most; /* words after the name */
    line_function *read;
};

static const struct sentinel_directive sentinel_directives[] = {
    { "announce-ip", PASS_PROCESS, 1, 1, read_announce_ip },
    { "announce-port", PASS_PROCESS, 1, 1, read_announce_port },
    { "deny-scripts-reconfig", PASS_PROCESS, 1, 1, read_deny_scripts },
    { "sentinel-user", PASS_PROCESS, 1, 1, read_process_text },
    { "sentinel-pass", PASS_PROCESS, 1, 1, read_process_text },
    { "current-epoch", PASS_PROCESS, 1, 1, read_current_epoch },
    { "myid", PASS_PROCESS, 1, 1, read_myid },
    { "resolve-hostnames", PASS_PROCESS, 1, 1, read_hostnames },
    { "announce-hostnames", PASS_PROCESS, 1, 1, read_hostnames },
    { "monitor", PASS_MONITOR, 4, 4, read_monitor },
    { "down-after-milliseconds", PASS_GROUP, 2, 2, read_option },
    { "failover-timeout", PASS_GROUP, 2, 2, read_option },
    { "parallel-syncs", PASS_GROUP, 2, 2, read_option },
    { "master-reboot-down-after-period", PASS_GROUP, 2, 2, read_option },
    { "primary-reboot-down-after-period", PASS_GROUP, 2, 2, read_option },
    { "auth-pass", PASS_GROUP, 2, 2, read_option },
    { "auth-user", PASS_GROUP, 2, 2, read_option },
    { "rename-command", PASS_GROUP, 3, 3, read_option },
    { "notification-script", PASS_GROUP, 2, 2, read_option },
    { "client-reconfig-script", PASS_GROUP, 2, 2, read_option },
    { "config-epoch", PASS_GROUP, 2, 2, read_config_epoch },
    { "leader-epoch", PASS_GROUP, 2, 2, read_leader_epoch },
    { "known-replica", PASS_GROUP, 3, 3, read_known_replica },
    { "known-slave", PASS_GROUP, 3, 3, read_known_replica },
    { "known-sentinel", PASS_GROUP, 3, 4, read_known_sentinel },
};

static const struct sentinel_directive *find_sentinel_directive(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(sentinel_directives); i++) {
        if (slice_is_nocase(name, sentinel_directives[i].name))
            return &sentinel_directives[i];
    }
    return NULL;
}

const char *load_classic_directive(size_t index) {
    return index < ARRAY_SIZE(sentinel_directives) ? sentinel_directives[index].name : NULL;
}

/* Keeps the line for the passes. */
static void collect(struct reader *r, struct classic_line *l) {
    if (l->count == 1)
        return; /* a lone "sentinel" says nothing */
    const struct sentinel_directive *d = find_sentinel_directive(classic_word(l, 1));
    if (d == NULL || l->count - 2 < d->least || l->count - 2 > d->most) {
        FINDING(r, l, 1, "Unrecognized sentinel configuration statement.");
        return;
    }
    if (r->line_count == SENTINEL_LINES_MAX) {
        FINDING(r, l, 0, "more than %d sentinel lines", SENTINEL_LINES_MAX);
        return;
    }
    mem_grow(&r->lines, &r->line_capacity, r->line_count + 1, sizeof(r->lines[0]));
    r->lines[r->line_count++] = *l;
    *l = CLASSIC_LINE_INIT;
}

static void run_passes(struct reader *r) {
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        for (size_t i = 0; i < r->line_count && !diag_is_full(r->diag); i++) {
            const struct sentinel_directive *d =
                find_sentinel_directive(classic_word(&r->lines[i], 1));
            if ((int)d->pass == pass)
                d->read(r, &r->lines[i]);
        }
    }
}

/* ---- the file as a whole ---- */

/* Where the lines go. */
struct lines {
    struct reader *reader;
    struct classic_server *server;
};

static void read_line(struct classic_line *l, void *context) {
    const struct lines *to = context;
    to->reader->has_includes = to->reader->has_includes || l->file != NULL;
    if (slice_is_nocase(classic_word(l, 0), "sentinel"))
        collect(to->reader, l);
    else
        classic_server_read(to->server, l);
}

bool load_classic(
    struct slice text, struct settings *ret, struct state *ret_state, struct diag *diag) {
    settings_init(ret);
    state_init(ret_state);
    if (text.size > CONFIG_FILE_MAX) {
        diag_add(diag, 0, 0, "larger than %d MiB", CONFIG_FILE_MAX / (1024 * 1024));
        return false;
    }
    struct reader r = {
        .settings = ret,
        .state = ret_state,
        .diag = diag,
        .groups = MAP_INIT,
    };
    struct classic_server server;
    classic_server_init(&server, ret, diag);
    struct lines lines = { .reader = &r, .server = &server };
    struct classic_include include = { .diag = diag, .visit = read_line, .context = &lines };
    classic_include_read(&include, text);
    run_passes(&r);
    classic_server_finish(&server);
    classic_include_fini(&include);

    for (size_t i = 0; i < r.line_count; i++)
        classic_line_fini(&r.lines[i]);
    mem_free(r.lines);
    mem_free(r.is_included);
    map_fini(&r.groups);
    return diag->count == 0;
}
