#include "config/classic_server.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/glob.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/exposure.h"
#include "config/load_file.h"
#include "config/option.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/tls.h"
#include "config/value.h"

#include <string.h>

#define FINDING_AT(s, at, ...) \
    diag_add_in((s)->diag, (at).file, (at).line, (at).column, __VA_ARGS__)

void classic_server_standards(struct settings *settings) {
    mem_free(settings->state_dir);
    settings->state_dir = mem_strdup(".");
    settings->supervised = SUPERVISED_NO;
    mem_free(settings->syslog_ident);
    settings->syslog_ident = mem_strdup("redis");
    settings->tls.verify_names = TLS_NAMES_NO; /* there is no directive to ask for less */
}

void classic_server_init(struct classic_server *s, struct settings *settings, struct diag *diag) {
    *s = (struct classic_server){ .settings = settings, .diag = diag, .port = LISTEN_PORT };
    classic_server_standards(settings);
}

static struct classic_mark mark_of(const struct classic_line *l) {
    return (struct classic_mark){ l->file, l->number, l->words[1].column };
}

static void read_port(struct classic_server *s, const struct classic_line *l) {
    int64_t port;
    struct buf why = BUF_INIT;
    if (!value_read_count(classic_word(l, 1), 0, 65535, &port, &why))
        CLASSIC_FINDING(s->diag, l, 1, "port %s", buf_text(&why));
    else
        s->port = port;
    s->port_at = mark_of(l);
    buf_fini(&why);
}

static void add_listen(struct classic_server *s, const struct classic_line *l, size_t index) {
    struct settings *to = s->settings;
    struct slice host = classic_word(l, index);
    bool optional = slice_starts_with(host, "-");
    if (optional)
        host = slice_sub(host, 1, host.size);
    if (slice_is(host, "*"))
        host = SLICE_LITERAL("0.0.0.0");
    else if (slice_is(host, "::*"))
        host = SLICE_LITERAL("::");

    if (to->listen.count == LISTEN_MAX) {
        CLASSIC_FINDING(s->diag, l, index, "more than %d addresses to bind", LISTEN_MAX);
    } else if (!host_is_ip(host) || !endpoint_make(host, 0, &to->listen.at[to->listen.count])) {
        CLASSIC_FINDING(s->diag, l, index, "cannot bind '%.*s': not an IP address",
            CLASSIC_QUOTED(classic_word(l, index)));
    } else {
        to->listen.optional[to->listen.count] = optional;
        to->listen.count++;
    }
}

/* The port follows in classic_server_finish. */
static void read_bind(struct classic_server *s, const struct classic_line *l) {
    s->settings->listen.count = 0;
    for (size_t i = 1; i < l->count; i++)
        add_listen(s, l, i);
}

/* A path, or nothing. */
static void read_path(struct classic_server *s, const struct classic_line *l, char **ret) {
    struct buf why = BUF_INIT;
    bool valid = classic_word(l, 1).size == 0 || value_check_text(classic_word(l, 1), &why);
    if (!valid)
        CLASSIC_FINDING(
            s->diag, l, 1, SLICE_FMT " %s", SLICE_ARG(classic_word(l, 0)), buf_text(&why));
    buf_fini(&why);
    if (!valid)
        return;
    mem_free(*ret);
    *ret = classic_word(l, 1).size == 0 ? NULL : slice_dup(classic_word(l, 1));
}

static void read_dir(struct classic_server *s, const struct classic_line *l) {
    if (classic_word(l, 1).size == 0)
        CLASSIC_FINDING(s->diag, l, 1, "dir must not be empty");
    else
        read_path(s, l, &s->settings->state_dir);
}

static void read_logfile(struct classic_server *s, const struct classic_line *l) {
    read_path(s, l, &s->settings->log_file);
}

static void read_loglevel(struct classic_server *s, const struct classic_line *l) {
    struct buf why = BUF_INIT;
    if (!value_read_log_level(classic_word(l, 1), &s->settings->log_level, &why))
        CLASSIC_FINDING(s->diag, l, 1, "loglevel %s", buf_text(&why));
    buf_fini(&why);
}

static void read_password(
    struct classic_server *s, const struct classic_line *l, struct secret *ret) {
    secret_set(ret, classic_word(l, 1));
    if (classic_word(l, 1).size > 0)
        classic_note_password(s->diag, l, 1, &s->settings->password_at);
}

static void read_requirepass(struct classic_server *s, const struct classic_line *l) {
    read_password(s, l, &s->settings->client_password);
}

/* A value of the option with this key, as YAML has it. */
static void read_as(struct classic_server *s, const struct classic_line *l, const char *key) {
    struct buf why = BUF_INIT;
    const struct option *o = option_by_key(OPTION_PROCESS, slice_of(key));
    if (!option_read(o, s->settings, classic_word(l, 1), &why))
        CLASSIC_FINDING(
            s->diag, l, 1, SLICE_FMT " %s", SLICE_ARG(classic_word(l, 0)), buf_text(&why));
    buf_fini(&why);
}

/* Without case, other than in YAML. */
static void read_bool(struct classic_server *s, const struct classic_line *l, bool *ret) {
    bool is_yes = slice_is_nocase(classic_word(l, 1), "yes");
    if (!is_yes && !slice_is_nocase(classic_word(l, 1), "no"))
        CLASSIC_FINDING(s->diag, l, 1, SLICE_FMT ": argument must be 'yes' or 'no'",
            SLICE_ARG(classic_word(l, 0)));
    else
        *ret = is_yes;
}

/* Seconds; more than the option takes is as much as it takes. */
static void read_seconds(struct classic_server *s, const struct classic_line *l, const char *key) {
    struct buf why = BUF_INIT;
    const struct option *o = option_by_key(OPTION_PROCESS, slice_of(key));
    int64_t seconds;
    if (!value_read_count(classic_word(l, 1), 0, INT32_MAX, &seconds, &why))
        CLASSIC_FINDING(
            s->diag, l, 1, SLICE_FMT " %s", SLICE_ARG(classic_word(l, 0)), buf_text(&why));
    else
        *(int64_t *)option_value(o, s->settings) = MIN_OF(seconds * 1000, o->max);
    buf_fini(&why);
}

static void read_timeout(struct classic_server *s, const struct classic_line *l) {
    read_seconds(s, l, "clients.timeout");
}

static void read_keepalive(struct classic_server *s, const struct classic_line *l) {
    read_seconds(s, l, "clients.keepalive");
}

static void read_backlog(struct classic_server *s, const struct classic_line *l) {
    read_as(s, l, "clients.backlog");
}

static void read_pid_file(struct classic_server *s, const struct classic_line *l) {
    read_path(s, l, &s->settings->pid_file);
}

static void read_daemonize(struct classic_server *s, const struct classic_line *l) {
    read_bool(s, l, &s->settings->daemonize);
}

static void read_source_address(struct classic_server *s, const struct classic_line *l) {
    if (classic_word(l, 1).size == 0) {
        mem_free(s->settings->source_address);
        s->settings->source_address = NULL;
    } else {
        read_as(s, l, "source_address");
    }
}

static void read_unix_socket(struct classic_server *s, const struct classic_line *l) {
    read_path(s, l, &s->settings->unix_socket);
}

static void read_unix_socket_mode(struct classic_server *s, const struct classic_line *l) {
    read_as(s, l, "clients.unix_socket_mode");
}

static void read_syslog(struct classic_server *s, const struct classic_line *l) {
    read_bool(s, l, &s->settings->syslog_enabled);
}

static void read_syslog_ident(struct classic_server *s, const struct classic_line *l) {
    read_as(s, l, "syslog.ident");
}

static void read_syslog_facility(struct classic_server *s, const struct classic_line *l) {
    read_as(s, l, "syslog.facility");
}

static void read_supervised(struct classic_server *s, const struct classic_line *l) {
    read_as(s, l, "supervised");
}

/* More than the option takes is no bound at all. */
static void read_maxclients(struct classic_server *s, const struct classic_line *l) {
    struct buf why = BUF_INIT;
    const struct option *o = option_by_key(OPTION_PROCESS, SLICE_LITERAL("limits.clients"));
    int64_t count;
    if (!value_read_count(classic_word(l, 1), o->min, UINT32_MAX, &count, &why))
        CLASSIC_FINDING(s->diag, l, 1, "maxclients %s", buf_text(&why));
    else
        s->settings->limits.max[LIMIT_CLIENTS] = MIN_OF(count, o->max);
    buf_fini(&why);
}

static void read_user(struct classic_server *s, const struct classic_line *l) {
    struct users *users = &s->settings->users;
    struct buf rules = BUF_INIT;
    for (size_t i = 2; i < l->count; i++) {
        if (i > 2)
            buf_add_char(&rules, ' ');
        buf_add_slice(&rules, classic_word(l, i));
        if (slice_starts_with(classic_word(l, i), ">") ||
            slice_starts_with(classic_word(l, i), "#"))
            classic_note_password(s->diag, l, i, &s->settings->password_at);
    }
    if (users_find(users, classic_word(l, 1)) != NULL) {
        CLASSIC_FINDING(s->diag, l, 1,
            "Error in user declaration '%.*s': Duplicate user found. A user can only be defined "
            "once in config files",
            CLASSIC_QUOTED(classic_word(l, 1)));
    } else if (users->count == USERS_MAX) {
        CLASSIC_FINDING(s->diag, l, 0, "more than %d users", USERS_MAX);
    } else {
        struct user_rules *r = users_set(users, classic_word(l, 1), buf_slice(&rules));
        r->line = classic_place(l, 1).line;
        r->column = classic_place(l, 1).column;
    }
    buf_fini(&rules);
}

static void read_aclfile(struct classic_server *s, const struct classic_line *l) {
    read_path(s, l, &s->settings->acl_file);
    s->acl_at = mark_of(l);
}

/* More than the option takes is no bound at all. */
static void read_acl_log_max(struct classic_server *s, const struct classic_line *l) {
    const struct option *o = option_by_key(OPTION_PROCESS, SLICE_LITERAL("clients.acl_log_max"));
    int64_t count;
    if (!slice_to_i64(classic_word(l, 1), &count))
        CLASSIC_FINDING(s->diag, l, 1, "argument couldn't be parsed into an integer");
    else if (count < 0)
        CLASSIC_FINDING(
            s->diag, l, 1, "argument must be between 0 and 9223372036854775807 inclusive");
    else
        s->settings->acl_log_max = MIN_OF(count, o->max);
}

static void read_new_channels(struct classic_server *s, const struct classic_line *l) {
    bool all = slice_is_nocase(classic_word(l, 1), "allchannels");
    if (!all && !slice_is_nocase(classic_word(l, 1), "resetchannels"))
        CLASSIC_FINDING(
            s->diag, l, 1, "argument(s) must be one of the following: allchannels, resetchannels");
    else
        s->settings->all_channels = all;
}

static void read_rename(struct classic_server *s, const struct classic_line *l) {
    struct command_renames *renames = &s->settings->renames;
    struct buf why = BUF_INIT;
    size_t bad = 1;
    bool valid = value_check_text(classic_word(l, 1), &why);
    if (valid && classic_word(l, 2).size > 0) {
        valid = value_check_text(classic_word(l, 2), &why);
        bad = 2;
    }
    if (!valid) {
        CLASSIC_FINDING(s->diag, l, bad, "rename-command %s", buf_text(&why));
    } else if (renames->count == COMMAND_RENAMES_MAX) {
        CLASSIC_FINDING(s->diag, l, 0, "more than %d renamed commands", COMMAND_RENAMES_MAX);
    } else {
        struct command_rename *r =
            command_renames_add(renames, classic_word(l, 1), classic_word(l, 2));
        r->line = classic_place(l, 1).line;
        r->column = classic_place(l, 1).column;
    }
    buf_fini(&why);
}

static void read_protected_mode(struct classic_server *s, const struct classic_line *l) {
    bool yes = slice_is_nocase(classic_word(l, 1), "yes");
    if (!yes && !slice_is_nocase(classic_word(l, 1), "no"))
        CLASSIC_FINDING(s->diag, l, 1, "argument must be 'yes' or 'no'");
    else
        s->settings->protected_mode = yes;
}

/* ---- TLS ---- */

static void read_tls_port(struct classic_server *s, const struct classic_line *l) {
    struct buf why = BUF_INIT;
    if (!value_read_count(classic_word(l, 1), 0, 65535, &s->tls_port, &why))
        CLASSIC_FINDING(s->diag, l, 1, "tls-port %s", buf_text(&why));
    if (s->tls_port != 0)
        s->tls_at = mark_of(l);
    buf_fini(&why);
}

static void read_tls_links(struct classic_server *s, const struct classic_line *l) {
    read_bool(s, l, &s->settings->tls.links);
    if (s->settings->tls.links)
        s->tls_at = mark_of(l);
}

/* Directives of TLS that say what an option of their own says. Passwords may be any bytes; what is
 * empty unsets a text. */
struct tls_directive {
    const char *name, *key;
};

static const struct tls_directive tls_directives[] = {
    { "tls-cert-file", "tls.cert" },
    { "tls-key-file", "tls.key" },
    { "tls-key-file-pass", "tls.key_password" },
    { "tls-client-cert-file", "tls.client_cert" },
    { "tls-client-key-file", "tls.client_key" },
    { "tls-client-key-file-pass", "tls.client_key_password" },
    { "tls-ca-cert-file", "tls.ca_file" },
    { "tls-ca-cert-dir", "tls.ca_dir" },
    { "tls-auth-clients", "tls.auth_clients" },
    { "tls-protocols", "tls.protocols" },
    { "tls-ciphers", "tls.ciphers" },
    { "tls-ciphersuites", "tls.ciphersuites" },
    { "tls-dh-params-file", "tls.dh_params_file" },
    { "tls-prefer-server-ciphers", "tls.prefer_server_ciphers" },
    { "tls-session-caching", "tls.session_caching" },
    { "tls-session-cache-size", "tls.session_cache_size" },
    { "tls-session-cache-timeout", "tls.session_cache_timeout" },
};

static void read_tls(struct classic_server *s, const struct classic_line *l) {
    const char *key = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tls_directives) && key == NULL; i++)
        if (slice_is_nocase(classic_word(l, 0), tls_directives[i].name))
            key = tls_directives[i].key;
    const struct option *o = option_by_key(OPTION_PROCESS, slice_of(key));
    ensure(o != NULL);
    if (o->type == OPTION_TYPE_SECRET)
        read_password(s, l, option_value(o, s->settings));
    else if (o->type == OPTION_TYPE_BOOL)
        read_bool(s, l, option_value(o, s->settings));
    else if (o->type == OPTION_TYPE_DURATION)
        read_seconds(s, l, key);
    else if (o->type == OPTION_TYPE_PATH || o->type == OPTION_TYPE_TEXT)
        read_path(s, l, option_value(o, s->settings));
    else
        read_as(s, l, key);
}

struct directive {
    const char *name; /* a glob, so that families take one row */
    void (*read)(struct classic_server *s, const struct classic_line *l); /* NULL: see `harmless` */
    const char *harmless; /* the values, separated by '|', that ask for nothing that we do not do;
                             NULL = none, "*" = any */
};

static const struct directive directives[] = {
    { "port", read_port, NULL },
    { "bind", read_bind, NULL },
    { "bind-source-addr", read_source_address, NULL },
    { "dir", read_dir, NULL },
    { "logfile", read_logfile, NULL },
    { "loglevel", read_loglevel, NULL },
    { "maxclients", read_maxclients, NULL },
    { "requirepass", read_requirepass, NULL },
    { "timeout", read_timeout, NULL },
    { "tcp-keepalive", read_keepalive, NULL },
    { "tcp-backlog", read_backlog, NULL },
    { "pidfile", read_pid_file, NULL },
    { "daemonize", read_daemonize, NULL },
    { "supervised", read_supervised, NULL },
    { "syslog-enabled", read_syslog, NULL },
    { "syslog-ident", read_syslog_ident, NULL },
    { "syslog-facility", read_syslog_facility, NULL },
    { "unixsocket", read_unix_socket, NULL },
    { "unixsocketperm", read_unix_socket_mode, NULL },
    { "user", read_user, NULL },
    { "aclfile", read_aclfile, NULL },
    { "acllog-max-len", read_acl_log_max, NULL },
    { "acl-pubsub-default", read_new_channels, NULL },
    { "protected-mode", read_protected_mode, NULL },
    { "rename-command", read_rename, NULL },
    { "tls-port", read_tls_port, NULL },
    { "tls-replication", read_tls_links, NULL },
    { "tls-cluster", NULL, "*" }, /* no sentinel is part of one */
    { "tls-cert-file", read_tls, NULL },
    { "tls-key-file", read_tls, NULL },
    { "tls-key-file-pass", read_tls, NULL },
    { "tls-client-cert-file", read_tls, NULL },
    { "tls-client-key-file", read_tls, NULL },
    { "tls-client-key-file-pass", read_tls, NULL },
    { "tls-ca-cert-file", read_tls, NULL },
    { "tls-ca-cert-dir", read_tls, NULL },
    { "tls-auth-clients", read_tls, NULL },
    { "tls-protocols", read_tls, NULL },
    { "tls-ciphers", read_tls, NULL },
    { "tls-ciphersuites", read_tls, NULL },
    { "tls-dh-params-file", read_tls, NULL },
    { "tls-prefer-server-ciphers", read_tls, NULL },
    { "tls-session-caching", read_tls, NULL },
    { "tls-session-cache-size", read_tls, NULL },
    { "tls-session-cache-timeout", read_tls, NULL },

    /* Not supported by this version, unless they say what holds anyway. */
    { "loadmodule", NULL, NULL },
    { "tls-auth-clients-user", NULL, "off" },

    /* Without a meaning for a sentinel, or without one that its clients and peers could notice. */
    { "active*", NULL, "*" },
    { "always-show-logo", NULL, "*" },
    { "aof-*", NULL, "*" },
    { "append*", NULL, "*" },
    { "auto-aof-*", NULL, "*" },
    { "busy-reply-threshold", NULL, "*" },
    { "client-*", NULL, "*" },
    { "cluster-*", NULL, "*" },
    { "crash-*", NULL, "*" },
    { "databases", NULL, "*" },
    { "db*filename", NULL, "*" },
    { "disable-thp", NULL, "*" },
    { "dynamic-hz", NULL, "*" },
    { "enable-*", NULL, "*" },
    { "events-per-io-thread", NULL, "*" },
    { "hash-*", NULL, "*" },
    { "hll-*", NULL, "*" },
    { "hz", NULL, "*" },
    { "io-threads*", NULL, "*" },
    { "jemalloc-*", NULL, "*" },
    { "latency-*", NULL, "*" },
    { "lazyfree-*", NULL, "*" },
    { "lfu-*", NULL, "*" },
    { "list-*", NULL, "*" },
    { "locale-collate", NULL, "*" },
    { "lua-time-limit", NULL, "*" },
    { "masterauth", NULL, "*" },
    { "masteruser", NULL, "*" },
    { "max-new-*", NULL, "*" },
    { "maxmemory*", NULL, "*" },
    { "min-replicas-*", NULL, "*" },
    { "min-slaves-*", NULL, "*" },
    { "no-appendfsync-on-rewrite", NULL, "*" },
    { "notify-keyspace-events", NULL, "*" },
    { "oom-score-adj*", NULL, "*" },
    { "proc-title-template", NULL, "*" },
    { "proto-max-bulk-len", NULL, "*" },
    { "rdb*", NULL, "*" },
    { "repl-*", NULL, "*" },
    { "replica-*", NULL, "*" },
    { "sanitize-dump-payload", NULL, "*" },
    { "save", NULL, "*" },
    { "set-*", NULL, "*" },
    { "shutdown-*", NULL, "*" },
    { "slave-*", NULL, "*" },
    { "slowlog-*", NULL, "*" },
    { "socket-mark-id", NULL, "*" },
    { "stop-writes-on-bgsave-error", NULL, "*" },
    { "stream-*", NULL, "*" },
    { "tracking-table-max-keys", NULL, "*" },
    { "unixsocketgroup", NULL, "*" },
    { "zset-*", NULL, "*" },
};

const char *classic_server_directive(size_t index) {
    return index < ARRAY_SIZE(directives) ? directives[index].name : NULL;
}

static bool is_harmless(const struct directive *d, const struct classic_line *l) {
    if (d->harmless == NULL)
        return false;
    if (strcmp(d->harmless, "*") == 0)
        return true;
    if (l->count != 2)
        return false;
    struct slice rest = slice_of(d->harmless);
    do {
        if (slice_equal_nocase(slice_cut(&rest, '|'), classic_word(l, 1)))
            return true;
    } while (rest.size > 0);
    return false;
}

static void report_unsupported(
    struct classic_server *s, const struct classic_line *l, const struct directive *d) {
    if (d->harmless == NULL || d->harmless[0] == '\0')
        CLASSIC_FINDING(s->diag, l, 0, "%s is not supported by this version", d->name);
    else
        CLASSIC_FINDING(s->diag, l, 0, "%s is not supported by this version other than as '%s'",
            d->name, d->harmless);
}

static bool takes_more(const struct directive *d) {
    return d->read == read_bind || d->read == read_user || d->read == read_rename;
}

void classic_server_read(struct classic_server *s, const struct classic_line *l) {
    struct suggestion near = suggest(classic_word(l, 0));
    suggest_consider(&near, SLICE_LITERAL("sentinel"));
    for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
        const struct directive *d = &directives[i];
        suggest_consider(&near, slice_of(d->name));
        if (!glob_match(slice_of(d->name), classic_word(l, 0), true))
            continue;
        if (d->read == NULL && !is_harmless(d, l))
            report_unsupported(s, l, d);
        else if (d->read != NULL && l->count < 2)
            CLASSIC_FINDING(s->diag, l, 0, "%s needs a value", d->name);
        else if (d->read == read_rename && l->count != 3)
            CLASSIC_FINDING(s->diag, l, 0, "Bad directive or wrong number of arguments");
        else if (d->read != NULL && l->count > 2 && !takes_more(d))
            CLASSIC_FINDING(s->diag, l, 2, "%s takes one value", d->name);
        else if (d->read != NULL)
            d->read(s, l);
        return;
    }
    if (near.best.size > 0)
        CLASSIC_FINDING(s->diag, l, 0, "unknown directive '%.*s'; did you mean '" SLICE_FMT "'?",
            CLASSIC_QUOTED(classic_word(l, 0)), SLICE_ARG(near.best));
    else
        CLASSIC_FINDING(
            s->diag, l, 0, "unknown directive '%.*s'", CLASSIC_QUOTED(classic_word(l, 0)));
}

/* Relative paths are below `dir`, to which the originals change. */
static void finish_path(const struct settings *s, char **file) {
    if (*file == NULL || (*file)[0] == '/' || strcmp(s->state_dir, ".") == 0)
        return;
    struct buf path = BUF_INIT;
    buf_printf(&path, "%s/%s", s->state_dir, *file);
    mem_free(*file);
    *file = slice_dup(buf_slice(&path));
    buf_fini(&path);
}

static void finish_acl_file(struct classic_server *s) {
    struct settings *to = s->settings;
    int error = 0;
    finish_path(to, &to->acl_file);
    if (to->acl_file != NULL && to->users.count > 0)
        FINDING_AT(s, s->acl_at,
            "Configuring Redis with users defined in redis.conf and at the same setting an ACL "
            "file path is invalid. This setup is very likely to lead to configuration errors and "
            "security holes, please define either an ACL file or declare users directly in your "
            "redis.conf, but not both.");
    else if (to->acl_file != NULL && (error = users_read_file(&to->users, to->acl_file)) != 0)
        FINDING_AT(s, s->acl_at, "Error loading ACLs, opening file '%s': %s", to->acl_file,
            load_file_why(error));
    else if (to->acl_file != NULL && users_hold_password(&to->users))
        exposure_check(s->diag, s->acl_at.file, s->acl_at.line, s->acl_at.column, to->acl_file);
}

static void set_port(struct listen *l, int64_t port) {
    if (port == 0)
        l->count = 0;
    for (size_t i = 0; i < l->count; i++)
        l->at[i].port = (uint16_t)port;
}

static void finish_listen(struct classic_server *s) {
    struct settings *to = s->settings;
    to->tls.listen = to->listen;
    set_port(&to->listen, s->port);
    set_port(&to->tls.listen, s->tls_port);
    if (s->port == 0 && s->tls_port == 0 && to->unix_socket == NULL)
        FINDING_AT(s, s->port_at, "Configured to not listen anywhere: no unixsocket");
}

static void finish_tls(struct classic_server *s) {
    char **paths[TLS_PATHS];
    tls_paths(&s->settings->tls, paths);
    for (size_t i = 0; i < TLS_PATHS; i++)
        finish_path(s->settings, paths[i]);
    enum tls_lack lack = tls_lack(s->settings);
    if (lack != TLS_LACKS_NOTHING)
        FINDING_AT(s, s->tls_at, "%s", tls_lack_classic_text(lack));
}

void classic_server_finish(struct classic_server *s) {
    finish_listen(s);
    finish_path(s->settings, &s->settings->log_file);
    finish_acl_file(s);
    finish_tls(s);
}
