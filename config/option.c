#include "config/option.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "config/value.h"

#include <string.h>

#define SECOND ((int64_t)1000)
#define DAY    (24 * 60 * 60 * SECOND)
#define KIB    ((int64_t)1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

#define IN_PROCESS(field) .scope = OPTION_PROCESS, .offset = offsetof(struct settings, field)
#define IN_LIMITS(limit)  IN_PROCESS(limits.max[limit])
#define IN_GROUP(field)   .scope = OPTION_GROUP, .offset = offsetof(struct group_settings, field)

const struct option option_table[] = {
    {
        .key = "listen",
        IN_PROCESS(listen),
        .type = OPTION_TYPE_ENDPOINT_LIST,
        .live = OPTION_LIVE,
        .standard = "['0.0.0.0:26379', '[::]:26379']",
        .doc = "Addresses and ports at which clients and peers are served. "
               "On a system without IPv6 the default serves IPv4 alone.",
    },
    {
        .key = "announce",
        IN_PROCESS(announce),
        .type = OPTION_TYPE_ENDPOINT,
        .live = OPTION_RESTART,
        .example = "10.0.0.7:26379",
        .doc =
            "The address that peers are told to reach us at, where it is not the one that we connect from (NAT, "
            "containers).",
    },
    {
        .key = "state_dir",
        IN_PROCESS(state_dir),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_RESTART,
        .standard = "/var/lib/vedette",
        .doc =
            "Folder of all that is learned and has to survive a restart: our id, epochs, votes, replicas, peers and "
            "changes made at runtime.",
    },
    {
        .key = "log.level",
        IN_PROCESS(log_level),
        .type = OPTION_TYPE_LOG_LEVEL,
        .live = OPTION_LIVE,
        .standard = "notice",
        .doc = "The least level that is logged: debug, verbose, notice, warning or nothing.",
    },
    {
        .key = "log.format",
        IN_PROCESS(log_format),
        .type = OPTION_TYPE_LOG_FORMAT,
        .live = OPTION_LIVE,
        .standard = "text",
        .doc = "How a line of the log looks: text, as Redis Sentinel writes it.",
    },
    {
        .key = "log.file",
        IN_PROCESS(log_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/var/log/vedette.log",
        .doc = "The file that is logged to. Without it: standard error.",
    },
    {
        .key = "limits.clients",
        IN_LIMITS(LIMIT_CLIENTS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Clients at a time. A further one is told so and closed. There are fewer where descriptors are "
            "scarce, since links to servers and peers come first.",
    },
    {
        .key = "limits.query_buffer",
        IN_LIMITS(LIMIT_QUERY_BUFFER),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = 16 * KIB,
        .max = 64 * MIB,
        .standard = "1MiB",
        .doc =
            "Bytes of a request that is not complete yet. Beyond, the client is told of a protocol error and "
            "closed.",
    },
    {
        .key = "limits.output_buffer",
        IN_LIMITS(LIMIT_OUTPUT_BUFFER),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = 64 * KIB,
        .max = GIB,
        .standard = "32MiB",
        .doc =
            "Bytes that a client was sent and has not read; a reply that is longer counts, too. Beyond, the "
            "client is closed. A client that reads slowly is served slowly, so that as a rule only messages to a "
            "subscriber can pile up so high.",
    },
    {
        .key = "limits.client_memory",
        IN_LIMITS(LIMIT_CLIENT_MEMORY),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = MIB,
        .max = 64 * GIB,
        .standard = "256MiB",
        .doc =
            "Bytes that all clients have sent and that are not done with (unfinished requests, waiting replies, "
            "names subscribed to), and separately bytes that all of them were sent and have not read. Beyond, the"
            " client that holds most is closed. Lowering it counts at once.",
    },
    {
        .key = "limits.parked_replies",
        IN_LIMITS(LIMIT_PARKED_REPLIES),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Replies of one client that wait for the disk. Beyond, no more of its requests are carried out until "
            "some have left.",
    },
    {
        .key = "limits.parked_time",
        IN_LIMITS(LIMIT_PARKED_TIME),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 100,
        .max = 60 * 60 * SECOND,
        .standard = "10s",
        .doc =
            "How long a reply waits for the disk. Then it is given as if the write had failed: an error, and to a"
            " request for a vote no candidate.",
    },
    {
        .key = "limits.subscriptions",
        IN_LIMITS(LIMIT_SUBSCRIPTIONS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Channels and patterns that one client may listen to. A request that goes beyond is refused and adds "
            "none.",
    },
    {
        .key = "limits.pending_commands",
        IN_LIMITS(LIMIT_PENDING_COMMANDS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 10,
        .max = 10000,
        .standard = "100",
        .doc =
            "Commands to one server, or to a peer for each group shared with it, whose answers are awaited. "
            "Beyond, PING, INFO and hellos wait; orders and questions do not.",
    },
    {
        .key = "limits.peers",
        IN_LIMITS(LIMIT_PEERS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000,
        .standard = "64",
        .doc =
            "Other sentinels that are known of a group. A further one is ignored, with a line in the log at most "
            "once a minute.",
    },
    {
        .key = "limits.replicas",
        IN_LIMITS(LIMIT_REPLICAS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 10000,
        .standard = "256",
        .doc =
            "Replicas that are known of a group. A further one is ignored, with a line in the log at most once a "
            "minute.",
    },
    {
        .key = "master",
        IN_GROUP(master),
        .type = OPTION_TYPE_ENDPOINT,
        .live = OPTION_LIVE,
        .required = true,
        .example = "10.0.0.1:6379",
        .doc =
            "Where the master was when the group was set up. Only a first start uses it; afterwards the state knows. "
            "To move a master use SENTINEL FAILOVER, or SENTINEL REMOVE and MONITOR.",
    },
    {
        .key = "quorum",
        IN_GROUP(quorum),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000,
        .required = true,
        .set_name = "quorum",
        .example = "2",
        .doc = "How many sentinels must find the master down before a failover is tried. "
               "Carrying it out takes a majority of them in any case.",
    },
    {
        .key = "down_after",
        IN_GROUP(down_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 1,
        .max = DAY,
        .standard = "30s",
        .set_name = "down-after-milliseconds",
        .example = "5s",
        .doc = "How long a server or peer must be silent to be held down.",
    },
    {
        .key = "crash_after",
        IN_GROUP(crash_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = DAY,
        .standard = "0s",
        .doc =
            "A master whose host refuses every connection for that long is held down without waiting for down_after: "
            "nothing listens there any more. Silence, and packets that are dropped, never count for it. "
            "0s: only down_after counts.",
    },
    {
        .key = "failover_timeout",
        IN_GROUP(failover_timeout_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 1,
        .max = DAY,
        .standard = "3m",
        .set_name = "failover-timeout",
        .example = "60s",
        .doc =
            "Limit of each phase of a failover. After an attempt twice this time passes before the next, "
            "unless the attempt is provably dead.",
    },
    {
        .key = "parallel_syncs",
        IN_GROUP(parallel_syncs),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 10000,
        .standard = "1",
        .set_name = "parallel-syncs",
        .doc = "How many replicas at a time are pointed to a new master.",
    },
    {
        .key = "reboot_down_after",
        IN_GROUP(reboot_down_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = DAY,
        .standard = "0s",
        .set_name = "master-reboot-down-after-period",
        .set_alias = "primary-reboot-down-after-period",
        .doc =
            "How long a master that answers after a restart, but is still loading, is waited for before it is held "
            "down. 0s: it is not held down for that.",
    },
    {
        .key = "auth.user",
        IN_GROUP(auth_user),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .set_name = "auth-user",
        .example = "sentinel",
        .doc = "User to log in as at the servers of the group. Without it: a password alone.",
    },
    {
        .key = "auth.password",
        IN_GROUP(auth_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .set_name = "auth-pass",
        .example = "secret",
        .doc = "Password for the servers of the group.",
    },
    {
        .key = "auth.password_file",
        IN_GROUP(auth_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/redis",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of password.",
    },
    {
        .key = "rename_commands",
        IN_GROUP(renames),
        .type = OPTION_TYPE_RENAMES,
        .live = OPTION_LIVE,
        .set_name = "rename-command",
        .example = "{CONFIG: XCONFIG}",
        .doc = "Commands that the servers of the group know by another name.",
    },
};

const size_t option_count = ARRAY_SIZE(option_table);

const struct option *option_by_key(enum option_scope scope, struct slice key) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope && slice_is(key, option_table[i].key))
            return &option_table[i];
    }
    return NULL;
}

const struct option *option_by_set_name(struct slice name) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->set_name != NULL && slice_is_nocase(name, o->set_name))
            return o;
        if (o->set_alias != NULL && slice_is_nocase(name, o->set_alias))
            return o;
    }
    return NULL;
}

/* The value of an option; its type says what it points to. */
static void *value_of(const struct option *o, void *settings) {
    return (char *)settings + o->offset;
}

static const void *const_value_of(const struct option *o, const void *settings) {
    return (const char *)settings + o->offset;
}

/* Empty unsets. */
static void set_text(char **owned, struct slice text) {
    mem_free(*owned);
    *owned = text.size == 0 ? NULL : slice_dup(text);
}

bool option_read(const struct option *o, void *settings, struct slice text, struct buf *why) {
    void *value = value_of(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        return value_read_endpoint(text, value, why);
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        if (!value_check_text(text, why))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_SECRET:
        if (!value_check_text(text, why))
            return false;
        secret_set(value, text);
        return true;
    case OPTION_TYPE_COUNT:
        return value_read_count(text, o->min, o->max, value, why);
    case OPTION_TYPE_DURATION:
        return value_read_duration(text, o->min, o->max, value, why);
    case OPTION_TYPE_SIZE:
        return value_read_size(text, o->min, o->max, value, why);
    case OPTION_TYPE_LOG_LEVEL:
        return value_read_log_level(text, value, why);
    case OPTION_TYPE_LOG_FORMAT:
        return value_read_log_format(text, value, why);
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_RENAMES:
        break;
    }
    ensure_failed("option_read of a scalar", __FILE__, __LINE__);
}

static bool is_number(const struct option *o) {
    return o->type == OPTION_TYPE_COUNT || o->type == OPTION_TYPE_DURATION ||
        o->type == OPTION_TYPE_SIZE;
}

static bool is_scalar(const struct option *o) {
    return o->type != OPTION_TYPE_ENDPOINT_LIST && o->type != OPTION_TYPE_SECRET_FILE &&
        o->type != OPTION_TYPE_RENAMES;
}

void option_set_standards(enum option_scope scope, void *settings) {
    struct buf why = BUF_INIT;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != scope || !is_scalar(o))
            continue;
        if (o->standard != NULL) {
            bool read = option_read(o, settings, slice_of(o->standard), &why);
            ensure(read);
        } else if (is_number(o)) {
            *(int64_t *)value_of(o, settings) = o->min;
        }
    }
    buf_fini(&why);
}

static bool assign_number(const struct option *o, int64_t *value, struct slice text) {
    int64_t number;
    if (!slice_to_i64(text, &number) || number < o->min || number > o->max)
        return false;
    *value = number;
    return true;
}

static bool is_settable_text(struct slice text) {
    return text.size <= VALUE_TEXT_MAX && !value_has_control(text);
}

/* "COMMAND NAME" */
static bool assign_rename(struct group_settings *g, struct slice text) {
    struct buf why = BUF_INIT;
    struct rename r;
    struct slice name = text;
    struct slice command = slice_cut(&name, ' ');
    bool valid = value_read_rename(command, name, &r, &why);
    buf_fini(&why);
    return valid && group_settings_rename(g, &r);
}

bool option_assign(const struct option *o, struct group_settings *g, struct slice text) {
    ensure(o->scope == OPTION_GROUP);
    void *value = value_of(o, g);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT: {
        struct buf why = BUF_INIT;
        bool valid = value_read_endpoint(text, value, &why);
        buf_fini(&why);
        return valid;
    }
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        if (!is_settable_text(text))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_SECRET:
        if (!is_settable_text(text))
            return false;
        secret_set(value, text);
        return true;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        return assign_number(o, value, text);
    case OPTION_TYPE_RENAMES:
        return assign_rename(g, text);
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_LOG_FORMAT:
        break;
    }
    return false;
}

/* "COMMAND NAME,COMMAND NAME" */
static bool restore_renames(struct group_settings *g, struct slice text) {
    struct group_settings restored = { .name = "" };
    bool valid = true;
    while (text.size > 0 && valid)
        valid = assign_rename(&restored, slice_cut(&text, ','));
    if (valid) {
        mem_free(g->renames);
        g->renames = restored.renames;
        g->rename_count = restored.rename_count;
        restored.renames = NULL;
    }
    group_settings_fini(&restored);
    return valid;
}

bool option_restore(const struct option *o, struct group_settings *g, struct slice text) {
    return o->type == OPTION_TYPE_RENAMES ? restore_renames(g, text) : option_assign(o, g, text);
}

void option_write(const struct option *o, const struct group_settings *g, struct buf *out) {
    ensure(o->scope == OPTION_GROUP);
    const void *value = const_value_of(o, g);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        endpoint_print(value, out);
        break;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        buf_add_slice(out, slice_of(*(char *const *)value));
        break;
    case OPTION_TYPE_SECRET:
        buf_add_slice(out, secret_reveal(value));
        break;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        buf_add_i64(out, *(const int64_t *)value);
        break;
    case OPTION_TYPE_RENAMES:
        for (size_t i = 0; i < g->rename_count; i++)
            buf_printf(out, "%s%s %s", i > 0 ? "," : "", g->renames[i].command, g->renames[i].name);
        break;
    case OPTION_TYPE_SECRET_FILE: /* where a password came from is not kept */
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_LOG_FORMAT:
        break;
    }
}

void option_print(const struct option *o, const struct group_settings *g, struct buf *out) {
    switch (o->type) {
    case OPTION_TYPE_DURATION:
        value_write_duration(*(const int64_t *)const_value_of(o, g), out);
        break;
    case OPTION_TYPE_SIZE:
        value_write_size(*(const int64_t *)const_value_of(o, g), out);
        break;
    case OPTION_TYPE_SECRET:
        buf_add_text(out, secret_print(const_value_of(o, g)));
        break;
    case OPTION_TYPE_RENAMES:
        buf_add_char(out, '{');
        for (size_t i = 0; i < g->rename_count; i++)
            buf_printf(
                out, "%s%s: %s", i > 0 ? ", " : "", g->renames[i].command, g->renames[i].name);
        buf_add_char(out, '}');
        break;
    case OPTION_TYPE_ENDPOINT:
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_LOG_FORMAT:
        option_write(o, g, out);
        break;
    }
}

static bool text_equal(const char *a, const char *b) {
    return slice_equal(slice_of(a), slice_of(b));
}

static bool listens_equal(const struct settings *a, const struct settings *b) {
    if (a->listen_count != b->listen_count)
        return false;
    for (size_t i = 0; i < a->listen_count; i++) {
        if (!endpoint_equal(&a->listen[i], &b->listen[i]) ||
            a->listen_optional[i] != b->listen_optional[i])
            return false;
    }
    return true;
}

static bool renames_equal(const struct group_settings *a, const struct group_settings *b) {
    if (a->rename_count != b->rename_count)
        return false;
    for (size_t i = 0; i < a->rename_count; i++) {
        if (strcmp(a->renames[i].command, b->renames[i].command) != 0 ||
            strcmp(a->renames[i].name, b->renames[i].name) != 0)
            return false;
    }
    return true;
}

static bool values_equal(const struct option *o, const void *a, const void *b) {
    const void *left = const_value_of(o, a);
    const void *right = const_value_of(o, b);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        return endpoint_equal(left, right);
    case OPTION_TYPE_ENDPOINT_LIST:
        return listens_equal(a, b);
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        return text_equal(*(char *const *)left, *(char *const *)right);
    case OPTION_TYPE_SECRET:
    case OPTION_TYPE_SECRET_FILE:
        return secret_equal(left, right);
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        return *(const int64_t *)left == *(const int64_t *)right;
    case OPTION_TYPE_LOG_LEVEL:
        return *(const enum log_level *)left == *(const enum log_level *)right;
    case OPTION_TYPE_LOG_FORMAT:
        return *(const enum log_format *)left == *(const enum log_format *)right;
    case OPTION_TYPE_RENAMES:
        return renames_equal(a, b);
    }
    return false;
}

bool option_equal(
    const struct option *o, const struct group_settings *a, const struct group_settings *b) {
    ensure(o->scope == OPTION_GROUP);
    return values_equal(o, a, b);
}

bool option_process_equal(
    const struct option *o, const struct settings *a, const struct settings *b) {
    ensure(o->scope == OPTION_PROCESS);
    return values_equal(o, a, b);
}
