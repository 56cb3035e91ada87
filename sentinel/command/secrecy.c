#include "sentinel/command/secrecy.h"

#include "config/option.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"

#include <string.h>

struct words {
    const struct naming *names;
    enum compat compat;
    const struct slice *items;
    enum secrecy *secrecy; /* for each */
    size_t count;
    bool taints;
};

static void mark(struct words *w, size_t from, enum secrecy secrecy) {
    for (size_t i = from; i < w->count; i++)
        w->secrecy[i] = secrecy;
    w->taints |= secrecy == SECRECY_UNKNOWN && from < w->count;
}

/* ---- commands that secrets are told by; `at`: where the command begins ---- */

static void mark_auth(struct words *w, size_t at) {
    bool names_user = w->count - at == 3;
    mark(w, at + (names_user ? 2 : 1), SECRECY_LOGIN);
}

static void mark_hello(struct words *w, size_t at) {
    int64_t version;
    size_t i = at + 1;
    if (i < w->count && !slice_to_i64(w->items[i], &version))
        w->secrecy[i] = SECRECY_UNKNOWN;
    for (i++; i < w->count;) {
        size_t values = w->count - i - 1;
        if (slice_is_nocase(w->items[i], "auth") && values >= 2) {
            w->secrecy[i + 2] = SECRECY_LOGIN;
            i += 3;
        } else if (slice_is_nocase(w->items[i], "setname") && values >= 1) {
            i += 2;
        } else {
            mark(w, i, SECRECY_UNKNOWN);
            return;
        }
    }
}

/* Names and values; what a name stands for is a row of the options. */
static void mark_settings(struct words *w, size_t from, enum option_scope scope) {
    for (size_t i = from; i < w->count;) {
        const struct option *o = option_by_set_name(w->items[i]);
        bool is_part = scope == OPTION_PROCESS && slice_starts_with(w->items[i], "announce-");
        if ((o == NULL || o->scope != scope) && !is_part) {
            mark(w, i, SECRECY_UNKNOWN);
            return;
        }
        if (o != NULL && o->type == OPTION_TYPE_SECRET && i + 1 < w->count)
            w->secrecy[i + 1] = SECRECY_SETTING;
        i += o != NULL && o->type == OPTION_TYPE_RENAMES ? 3 : 2;
    }
}

static void mark_config(struct words *w, size_t at) {
    if (w->count > at + 2 && slice_is_nocase(w->items[at + 2], "set"))
        mark_settings(w, at + 3, OPTION_PROCESS);
}

static void mark_command(struct words *w, size_t at) {
    const struct slice *words = w->items + at;
    const struct command *c = command_of(w->names, words, w->count - at, w->compat);
    if (c == NULL) {
        bool has_container = command_of(w->names, words, 1, w->compat) != NULL;
        mark(w, has_container ? at + 1 : at, SECRECY_UNKNOWN);
        return;
    }
    if (c->handler == run_auth)
        mark_auth(w, at);
    else if (c->handler == run_hello)
        mark_hello(w, at);
    else if (c->handler == run_acl_setuser)
        mark(w, at + 3, SECRECY_RULE);
    else if (c->handler == run_sentinel_set)
        mark_settings(w, at + 3, OPTION_GROUP);
    else if (c->handler == run_sentinel_config)
        mark_config(w, at);
    else if (c->handler == run_acl_dryrun && w->count > at + 3)
        mark_command(w, at + 3);
    else if (c->handler == run_command_getkeys && w->count > at + 2)
        mark_command(w, at + 2);
    w->taints |= slice_starts_with(c->name, "acl") || c->handler == run_sentinel_set ||
        c->handler == run_sentinel_config || c->handler == run_sentinel_vedette_prove;
}

bool secrecy_of_request(
    const struct server *s, const struct slice *words, size_t count, enum secrecy *ret) {
    struct words w = {
        .names = &s->naming,
        .compat = core_compat(s->core),
        .items = words,
        .secrecy = ret,
        .count = count,
    };
    mark(&w, 0, SECRECY_NONE);
    if (count > 0)
        mark_command(&w, 0);
    return w.taints;
}

bool secrecy_is_plain_rule(struct slice rule) {
    static const char *const words[] = {
        "on",
        "off",
        "nopass",
        "resetpass",
        "reset",
        "sanitize-payload",
        "skip-sanitize-payload",
        "clearselectors",
        "allkeys",
        "resetkeys",
        "allchannels",
        "resetchannels",
        "allcommands",
        "nocommands",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (slice_is_nocase(rule, words[i]))
            return true;
    }
    return rule.size == 0 || memchr("+-~&%()", rule.data[0], 7) != NULL;
}
