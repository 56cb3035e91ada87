#include "config/classic_write.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "config/classic_line.h"
#include "config/classic_rewrite.h"
#include "config/merge.h"
#include "config/option.h"
#include "config/settings.h"
#include "config/state.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8 /* of a line of ours, but for `bind` and `user` */

struct writer {
    struct classic_rewrite *rewrite;
    const struct classic_content *content;
    struct group_settings standard; /* the defaults of a group */
    struct settings standards;      /* and of the process */
};

/* ---- lines ---- */

/* Says `sentinel <name> ...`; `rest` ends in a slice without data. */
static void say_sentinel(struct writer *w, const char *name, const struct slice *rest) {
    struct slice words[WORDS_MAX] = { SLICE_LITERAL("sentinel"), slice_of(name) };
    size_t count = 2;
    for (; rest->data != NULL; rest++) {
        ensure(count < WORDS_MAX);
        words[count++] = *rest;
    }
    classic_rewrite_say(w->rewrite, words, count);
}

#define SAY(w, name, ...) \
    say_sentinel(w, name, (const struct slice[]){ __VA_ARGS__, { .data = NULL } })

/* A number as a word; valid until the end of the block. */
#define NUMBER_SIZE 24
static struct slice number(uint64_t value, char text[static NUMBER_SIZE]) {
    struct buf digits = BUF_INIT;
    buf_add_u64(&digits, value);
    slice_copy(buf_slice(&digits), text, NUMBER_SIZE);
    buf_fini(&digits);
    return slice_of(text);
}

static void say_number(struct writer *w, const char *name, uint64_t value) {
    char text[NUMBER_SIZE];
    SAY(w, name, number(value, text));
}

static void say_group_number(
    struct writer *w, const char *name, const struct group_settings *g, uint64_t value) {
    char text[NUMBER_SIZE];
    SAY(w, name, slice_of(g->name), number(value, text));
}

/* ---- the process ---- */

static bool is_said(const struct writer *w, const char *name) {
    const struct slice words[] = { SLICE_LITERAL("sentinel"), slice_of(name) };
    return classic_rewrite_has(w->rewrite, words, ARRAY_SIZE(words));
}

/* If it is not the default, or said already. */
static void say_switch(struct writer *w, const char *name, bool value, bool standard) {
    if (value != standard || is_said(w, name))
        SAY(w, name, slice_of(value ? "yes" : "no"));
}

static void say_head(struct writer *w) {
    const struct settings *s = w->content->settings;
    if (w->content->state->id[0] != '\0')
        SAY(w, "myid", slice_of(w->content->state->id));
    say_switch(
        w, "deny-scripts-reconfig", s->deny_scripts_reconfig, w->standards.deny_scripts_reconfig);
    say_switch(w, "resolve-hostnames", s->resolve_hostnames, w->standards.resolve_hostnames);
    say_switch(w, "announce-hostnames", s->announce_hostnames, w->standards.announce_hostnames);
}

static void say_tail(struct writer *w) {
    const struct settings *s = w->content->settings;
    say_number(w, "current-epoch", w->content->state->current_epoch);
    if (s->announce.host[0] != '\0')
        SAY(w, "announce-ip", slice_of(s->announce.host));
    if (s->announce.port != 0)
        say_number(w, "announce-port", s->announce.port);
    if (s->peer_user != NULL)
        SAY(w, "sentinel-user", slice_of(s->peer_user));
    struct slice password = secret_reveal(&s->peer_password);
    if (password.size > 0)
        SAY(w, "sentinel-pass", password);
}

/* ---- groups ---- */

/* Whose value is one word; in the order of the originals. */
static const char *const group_options[] = {
    "down-after-milliseconds",
    "failover-timeout",
    "parallel-syncs",
    "notification-script",
    "client-reconfig-script",
    "auth-pass",
    "auth-user",
    "master-reboot-down-after-period",
};

static bool is_said_of(const struct writer *w, const char *name, const struct group_settings *g) {
    const struct slice words[] = { SLICE_LITERAL("sentinel"), slice_of(name), slice_of(g->name) };
    return classic_rewrite_has(w->rewrite, words, ARRAY_SIZE(words));
}

/* A text that is unset has no line: the empty one is no path. */
static bool is_text(const struct option *o) {
    return o->type != OPTION_TYPE_COUNT && o->type != OPTION_TYPE_DURATION;
}

static void say_option(struct writer *w, const char *name, const struct group_settings *g) {
    const struct option *o = option_by_set_name(slice_of(name));
    struct buf value = BUF_INIT;
    ensure(o != NULL && o->scope == OPTION_GROUP);
    bool standard = option_equal(o, g, &w->standard);
    if (!standard || (!is_text(o) && is_said_of(w, name, g))) {
        option_write(o, g, &value);
        SAY(w, name, slice_of(g->name), buf_slice(&value));
    }
    buf_fini(&value);
}

static void say_monitor(struct writer *w, const struct group_settings *g) {
    char port[NUMBER_SIZE], quorum[NUMBER_SIZE];
    SAY(w, "monitor", slice_of(g->name), slice_of(g->master.host), number(g->master.port, port),
        number((uint64_t)g->quorum, quorum));
}

static void say_known(struct writer *w, const struct group_settings *g) {
    const struct group_state *known = state_group(w->content->state, slice_of(g->name));
    char port[NUMBER_SIZE];
    say_group_number(w, "config-epoch", g, known == NULL ? 0 : known->record.config_epoch);
    say_group_number(w, "leader-epoch", g, known == NULL ? 0 : known->record.vote_epoch);
    for (size_t i = 0; known != NULL && i < known->replica_count; i++) {
        const struct endpoint *e = &known->replicas[i];
        if (!endpoint_equal(e, &g->master))
            SAY(w, "known-replica", slice_of(g->name), slice_of(e->host), number(e->port, port));
    }
    for (size_t i = 0; known != NULL && i < known->peer_count; i++) {
        const struct peer_record *p = &known->peers[i];
        SAY(w, "known-sentinel", slice_of(g->name), slice_of(p->address.host),
            number(p->address.port, port), slice_of(p->id));
    }
}

static void say_group(struct writer *w, const struct group_settings *g) {
    say_monitor(w, g);
    for (size_t i = 0; i < ARRAY_SIZE(group_options); i++)
        say_option(w, group_options[i], g);
    say_known(w, g);
    for (size_t i = 0; i < g->rename_count; i++)
        SAY(w, "rename-command", slice_of(g->name), slice_of(g->renames[i].command),
            slice_of(g->renames[i].name));
}

/* ---- generic directives ---- */

static void say_word(struct writer *w, const char *name, struct slice value) {
    classic_rewrite_say(w->rewrite, (const struct slice[]){ slice_of(name), value }, 2);
}

static void say_bind(struct writer *w, const struct listen *l) {
    struct slice words[1 + LISTEN_MAX] = { SLICE_LITERAL("bind") };
    char texts[LISTEN_MAX][ENDPOINT_HOST_MAX + 1];
    for (size_t i = 0; i < l->count; i++) {
        (void)snprintf(
            texts[i], sizeof(texts[i]), "%s%s", l->optional[i] ? "-" : "", l->at[i].host);
        words[1 + i] = slice_of(texts[i]);
    }
    classic_rewrite_say(w->rewrite, words, 1 + l->count);
}

static void say_port(struct writer *w, const char *name, const struct listen *l) {
    char text[NUMBER_SIZE];
    say_word(w, name, number(l->count > 0 ? l->at[0].port : 0, text));
}

/* One port for all, of either kind, and the same hosts. */
static void say_listen(struct writer *w) {
    const struct settings *s = w->content->settings;
    const struct listen *hosts = s->listen.count > 0 ? &s->listen : &s->tls.listen;
    say_port(w, "port", &s->listen);
    if (hosts->count > 0)
        say_bind(w, hosts);
}

static void say_tls_port(struct writer *w) {
    say_port(w, "tls-port", &w->content->settings->tls.listen);
}

static void say_log_level(struct writer *w) {
    say_word(w, "loglevel", slice_of(log_level_name(w->content->settings->log_level)));
}

static void say_log_file(struct writer *w) {
    say_word(w, "logfile", slice_of(w->content->settings->log_file));
}

static void say_max_clients(struct writer *w) {
    char text[NUMBER_SIZE];
    say_word(
        w, "maxclients", number((uint64_t)w->content->settings->limits.max[LIMIT_CLIENTS], text));
}

static void say_user(struct writer *w, const struct user_rules *u) {
    struct slice rest = secret_reveal(&u->rules), *words = NULL;
    size_t count = 2, capacity = 0;
    mem_grow(&words, &capacity, count, sizeof(words[0]));
    words[0] = SLICE_LITERAL("user");
    words[1] = user_name(u);
    while (rest.size > 0) {
        struct slice word = slice_cut(&rest, ' ');
        if (word.size == 0)
            continue;
        mem_grow(&words, &capacity, count + 1, sizeof(words[0]));
        words[count++] = word;
    }
    classic_rewrite_say(w->rewrite, words, count);
    mem_free(words);
}

static void say_users(struct writer *w) {
    const struct users *users = &w->content->settings->users;
    for (size_t i = 0; i < users->count; i++)
        say_user(w, &users->items[i]);
}

static void say_password(struct writer *w) {
    struct slice password = secret_reveal(&w->content->settings->client_password);
    if (password.size > 0)
        say_word(w, "requirepass", password);
}

static void say_renames(struct writer *w) {
    const struct command_renames *r = &w->content->settings->renames;
    for (size_t i = 0; i < r->count; i++)
        classic_rewrite_say(w->rewrite,
            (const struct slice[]){ SLICE_LITERAL("rename-command"), slice_of(r->items[i].command),
                slice_of(r->items[i].name) },
            3);
}

static void say_new_channels(struct writer *w) {
    say_word(w, "acl-pubsub-default",
        slice_of(w->content->settings->all_channels ? "allchannels" : "resetchannels"));
}

/* Said anew only where the old text no longer holds. */
struct generic {
    const char *key; /* in the option table */
    const char *directives[2];
    void (*say)(struct writer *w); /* NULL: the value as the option table writes it */
};

static const struct generic generics[] = {
    { "listen", { "port", "bind" }, say_listen },
    { "log.level", { "loglevel" }, say_log_level },
    { "log.file", { "logfile" }, say_log_file },
    { "limits.clients", { "maxclients" }, say_max_clients },
    { "clients.password", { "requirepass" }, say_password },
    { "clients.users", { "user" }, say_users },
    { "clients.unix_socket", { "unixsocket" }, NULL },
    { "clients.unix_socket_mode", { "unixsocketperm" }, NULL },
    { "clients.acl_file", { "aclfile" }, NULL },
    { "clients.acl_log_max", { "acllog-max-len" }, NULL },
    { "clients.all_channels", { "acl-pubsub-default" }, say_new_channels },
    { "clients.protected_mode", { "protected-mode" }, NULL },
    { "clients.rename_commands", { "rename-command" }, say_renames },
    { "clients.timeout", { "timeout" }, NULL },
    { "clients.keepalive", { "tcp-keepalive" }, NULL },
    { "clients.backlog", { "tcp-backlog" }, NULL },
    { "source_address", { "bind-source-addr" }, NULL },
    { "pid_file", { "pidfile" }, NULL },
    { "daemonize", { "daemonize" }, NULL },
    { "supervised", { "supervised" }, NULL },
    { "syslog.enabled", { "syslog-enabled" }, NULL },
    { "syslog.ident", { "syslog-ident" }, NULL },
    { "syslog.facility", { "syslog-facility" }, NULL },
    { "tls.listen", { "tls-port" }, say_tls_port },
    { "tls.links", { "tls-replication" }, NULL },
    { "tls.cert", { "tls-cert-file" }, NULL },
    { "tls.key", { "tls-key-file" }, NULL },
    { "tls.key_password", { "tls-key-file-pass" }, NULL },
    { "tls.client_cert", { "tls-client-cert-file" }, NULL },
    { "tls.client_key", { "tls-client-key-file" }, NULL },
    { "tls.client_key_password", { "tls-client-key-file-pass" }, NULL },
    { "tls.ca_file", { "tls-ca-cert-file" }, NULL },
    { "tls.ca_dir", { "tls-ca-cert-dir" }, NULL },
    { "tls.auth_clients", { "tls-auth-clients" }, NULL },
    { "tls.protocols", { "tls-protocols" }, NULL },
    { "tls.ciphers", { "tls-ciphers" }, NULL },
    { "tls.ciphersuites", { "tls-ciphersuites" }, NULL },
    { "tls.dh_params_file", { "tls-dh-params-file" }, NULL },
    { "tls.prefer_server_ciphers", { "tls-prefer-server-ciphers" }, NULL },
    { "tls.session_caching", { "tls-session-caching" }, NULL },
    { "tls.session_cache_size", { "tls-session-cache-size" }, NULL },
    { "tls.session_cache_timeout", { "tls-session-cache-timeout" }, NULL },
};

/* Those of `sentinel ...`, written by say_head and say_tail. */
static const char *const sentinel_keys[] = {
    "announce",
    "hostnames.resolve",
    "hostnames.announce",
    "peers.user",
    "peers.password",
    "deny_scripts_reconfig",
};

bool classic_says(const struct option *o) {
    ensure(o->scope == OPTION_PROCESS);
    for (size_t i = 0; i < ARRAY_SIZE(generics); i++) {
        if (strcmp(generics[i].key, o->key) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(sentinel_keys); i++) {
        if (strcmp(sentinel_keys[i], o->key) == 0)
            return true;
    }
    return false;
}

void classic_take_said(struct settings *file, const struct settings *in_force) {
    struct buf value = BUF_INIT;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != OPTION_PROCESS || !classic_says(o) || option_equal(o, file, in_force))
            continue;
        if (o->type == OPTION_TYPE_USERS) {
            users_fini(&file->users);
            users_copy(&file->users, &in_force->users);
            continue;
        }
        buf_clear(&value);
        option_write(o, in_force, &value);
        (void)option_restore(o, file, buf_slice(&value)); /* false: it cannot change at runtime */
    }
    buf_fini(&value);
}

/* Periods in seconds, rounded up: none is 0. A text that is unset has no line. */
static void say_plain(struct writer *w, const char *directive, const struct option *o) {
    const struct settings *s = w->content->settings;
    struct buf value = BUF_INIT;
    if (o->type == OPTION_TYPE_DURATION)
        buf_add_i64(&value, (*(const int64_t *)option_const_value(o, s) + 999) / 1000);
    else
        option_write(o, s, &value);
    if (buf_size(&value) > 0)
        say_word(w, directive, buf_slice(&value));
    buf_fini(&value);
}

static void say_generic(struct writer *w, const struct generic *g) {
    const struct option *o = option_by_key(OPTION_PROCESS, slice_of(g->key));
    ensure(o != NULL);
    if (option_equal(o, w->content->said, w->content->settings))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(g->directives) && g->directives[i] != NULL; i++)
        classic_rewrite_own(w->rewrite, g->directives[i]);
    if (g->say != NULL)
        g->say(w);
    else
        say_plain(w, g->directives[0], o);
}

static void say_folder(struct writer *w) {
    if (w->content->folder == NULL)
        return;
    classic_rewrite_own(w->rewrite, "dir");
    say_word(w, "dir", slice_of(w->content->folder));
}

/* ---- the whole ---- */

static const char *const sentinel_lines[] = {
    "myid",
    "monitor",
    "config-epoch",
    "leader-epoch",
    "known-replica",
    "known-sentinel",
    "rename-command",
    "current-epoch",
    "announce-ip",
    "announce-port",
    "sentinel-user",
    "sentinel-pass",
    "deny-scripts-reconfig",
    "resolve-hostnames",
    "announce-hostnames",
};

static void own_sentinel(struct writer *w, const char *name) {
    struct buf option = BUF_INIT;
    buf_printf(&option, "sentinel %s", name);
    classic_rewrite_own(w->rewrite, buf_text(&option));
    buf_fini(&option);
}

void classic_write(struct slice old, const struct classic_content *content, struct buf *out) {
    struct writer w = { .rewrite = classic_rewrite_new(old), .content = content };
    group_settings_init(&w.standard);
    settings_init(&w.standards);
    struct slice rest = content->included;
    while (rest.size > 0)
        classic_rewrite_include(w.rewrite, slice_cut(&rest, '\n'));
    for (size_t i = 0; i < ARRAY_SIZE(sentinel_lines); i++)
        own_sentinel(&w, sentinel_lines[i]);
    for (size_t i = 0; i < ARRAY_SIZE(group_options); i++)
        own_sentinel(&w, group_options[i]);

    for (size_t i = 0; i < ARRAY_SIZE(generics); i++)
        say_generic(&w, &generics[i]);
    say_folder(&w);
    say_head(&w);
    for (size_t i = 0; i < content->plan->group_count; i++)
        say_group(&w, &content->plan->groups[i].active);
    say_tail(&w);
    classic_rewrite_finish(w.rewrite, out);

    classic_rewrite_free(w.rewrite);
    group_settings_fini(&w.standard);
    settings_fini(&w.standards);
}
