#include "sentinel/command/audit.h"

#include "common/buf.h"
#include "common/glob.h"
#include "common/mem.h"
#include "common/secret.h"
#include "sentinel/command/call.h"
#include "sentinel/command/secrecy.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#define WORDS_MAX 32 /* of a request that are shown */
#define WORD_MAX  64 /* bytes of a word, or of a name */

/* ---- budgets ---- */

/* So many lines at once, and one more in each interval. */
static const struct {
    int64_t lines, interval_ms;
} allowances[AUDIT_KIND_COUNT] = {
    [AUDIT_DONE] = { 1000, 10 },
    [AUDIT_REFUSED] = { 20, 1000 },
    [AUDIT_LOGIN] = { 20, 1000 },
    [AUDIT_HELD_OFF] = { 20, 1000 },
};

/* Whether a line may be written; *ret_unlogged: how many before it were not. */
static bool spend(struct call *call, enum audit_kind kind, uint64_t *ret_unlogged) {
    struct audit_budget *b = &call->server->audit.budgets[kind];
    int64_t now_ms = call->core->now.mono_ms, interval_ms = allowances[kind].interval_ms;
    int64_t spent_until_ms = MAX_OF(b->spent_until_ms, now_ms);
    if (spent_until_ms - now_ms > (allowances[kind].lines - 1) * interval_ms) {
        b->unlogged++;
        return false;
    }
    b->spent_until_ms = spent_until_ms + interval_ms;
    *ret_unlogged = b->unlogged;
    b->unlogged = 0;
    return true;
}

static void write_line(struct call *call, struct buf *line, uint64_t unlogged) {
    if (unlogged > 0)
        buf_printf(line, " (%llu more without a line before)", (unsigned long long)unlogged);
    core_log(call->core, LOG_NOTICE, "%s", buf_text(line));
}

/* ---- words ---- */

static void add_cut(struct buf *line, struct slice word) {
    buf_add_escaped(line, slice_sub(word, 0, WORD_MAX));
    if (word.size > WORD_MAX)
        buf_add_text(line, "...");
}

static bool has_any(struct slice text, const char *characters) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '\0' && strchr(characters, text.data[i]) != NULL)
            return true;
    }
    return false;
}

/* The sign says what is done with the password. */
static void add_rule(struct buf *line, struct slice rule) {
    if (secrecy_is_plain_rule(rule) && !has_any(rule, "><#! ")) {
        add_cut(line, rule);
        return;
    }
    if (has_any(slice_sub(rule, 0, 1), "><#!"))
        buf_add_char(line, rule.data[0]);
    buf_add_text(line, SECRET_STARS);
}

static void add_arguments(struct buf *line, const struct call *call, size_t from) {
    enum secrecy *secrecy = mem_alloc(call->count * sizeof(secrecy[0]));
    secrecy_of_request(call->server, call->args, call->count, secrecy);
    for (size_t i = from; i < call->count; i++) {
        if (i == WORDS_MAX) {
            buf_printf(line, " ... (%zu words)", call->count);
            break;
        }
        buf_add_char(line, ' ');
        if (secrecy[i] == SECRECY_NONE)
            add_cut(line, call->args[i]);
        else if (secrecy[i] == SECRECY_RULE)
            add_rule(line, call->args[i]);
        else
            buf_add_text(line, SECRET_STARS);
    }
    mem_free(secrecy);
}

/* "SENTINEL SET mymaster quorum 3" */
static void add_request(struct buf *line, const struct call *call) {
    struct slice rest = call->command->name;
    size_t words = 0;
    while (rest.size > 0) {
        buf_add_text(line, words++ > 0 ? " " : "");
        command_print_upper(slice_cut(&rest, '|'), line);
    }
    if (call->count > words)
        add_arguments(line, call, words);
}

static void add_client(struct buf *line, const struct session *s) {
    char address[ENDPOINT_TEXT_MAX];
    buf_printf(line, "client %s",
        endpoint_is_path(&s->remote) ? s->remote.host : endpoint_text(&s->remote, address));
    if (access_is_barred(s)) {
        buf_add_text(line, ", not logged in");
    } else {
        buf_add_text(line, ", user ");
        add_cut(line, acl_user_name(s->user));
    }
    if (s->name != NULL) {
        buf_add_text(line, ", name ");
        add_cut(line, slice_of(s->name));
    }
}

/* ---- requests ---- */

static bool changes(const struct call *call) {
    const struct command *c = call->command;
    if (c == NULL || c->changes == NULL)
        return false;
    size_t first = memchr(c->name.data, '|', c->name.size) != NULL ? 2 : 1;
    struct slice argument = call->count > first ? call->args[first] : SLICE_EMPTY;
    return glob_match(slice_of(c->changes), argument, true);
}

void audit_keep(struct call *call) {
    if (changes(call) && call->session->kept_words == NULL)
        session_keep_words(call->session, call->args, call->count);
}

static void log_done(struct call *call) {
    uint64_t unlogged;
    if (!spend(call, AUDIT_DONE, &unlogged))
        return;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&line, "done for ");
    add_client(&line, call->session);
    buf_add_text(&line, ": ");
    add_request(&line, call);
    write_line(call, &line, unlogged);
}

/* Of the error its first word alone: the rest may repeat a secret. */
static void log_refused(struct call *call, struct slice error) {
    uint64_t unlogged;
    if (!spend(call, AUDIT_REFUSED, &unlogged))
        return;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&line, "refused to ");
    add_client(&line, call->session);
    buf_add_text(&line, ": ");
    add_request(&line, call);
    struct slice code = slice_cut(&error, ' ');
    buf_printf(&line, " (" SLICE_FMT ")", SLICE_ARG(code));
    write_line(call, &line, unlogged);
}

void audit_request(struct call *call, struct slice reply) {
    bool is_error = slice_starts_with(reply, "-");
    if (is_error && (changes(call) || slice_starts_with(reply, "-NOPERM ")))
        log_refused(call, slice_sub(reply, 1, SIZE_MAX));
    else if (!is_error && changes(call))
        log_done(call);
}

void audit_login(struct call *call, const struct acl_user *user) {
    uint64_t unlogged;
    if (!spend(call, AUDIT_LOGIN, &unlogged))
        return;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    add_client(&line, call->session);
    buf_add_text(&line, " failed to log in as ");
    if (user == NULL) {
        buf_add_text(&line, "a user that there is not"); /* it may be a password, misplaced */
    } else {
        buf_add_text(&line, "user ");
        add_cut(&line, acl_user_name(user));
    }
    write_line(call, &line, unlogged);
}

void audit_held_off(struct call *call) {
    uint64_t unlogged;
    if (!spend(call, AUDIT_HELD_OFF, &unlogged))
        return;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    add_client(&line, call->session);
    buf_printf(&line,
        " failed to log in, as others from its address: %lld within a minute "
        "(limits.failed_logins). Logins from there are refused until it is over",
        (long long)call->core->settings.limits.max[LIMIT_FAILED_LOGINS]);
    write_line(call, &line, unlogged);
}
