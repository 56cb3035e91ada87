/* The small commands about this process and the protocol: PING, ROLE, HELLO, AUTH, SHUTDOWN,
 * SENTINEL HELP. */
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* ---- PING, ROLE ---- */

void run_ping(struct call *call) {
    if (call->count > 2) {
        resp_error(&call->reply, SLICE_LITERAL("ERR wrong number of arguments for 'ping' command"));
        return;
    }
    struct slice message = call->count == 2 ? call->args[1] : SLICE_EMPTY;
    if (call->session->version == 2 && session_has_subscriptions(call->session)) {
        resp_array(&call->reply, 2);
        resp_bulk_text(&call->reply, "pong");
        resp_bulk(&call->reply, message);
    } else if (call->count == 2) {
        resp_bulk(&call->reply, message);
    } else {
        resp_status(&call->reply, "PONG");
    }
}

void run_role(struct call *call) {
    resp_array(&call->reply, 2);
    resp_bulk_text(&call->reply, "sentinel");
    resp_array(&call->reply, map_count(&call->core->groups));
    map_for_each(g, &call->core->groups, struct group)
        resp_bulk_text(&call->reply, g->name);
}

/* ---- logging in ---- */

static const char wrong_password[] =
    "WRONGPASS invalid username-password pair or user is disabled.";

/* No password is configured: the one user there is, `default`, comes in with any. */
static bool may_log_in(struct slice user) {
    return slice_is(user, "default");
}

void run_auth(struct call *call) {
    if (call->count > 3) {
        resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
    } else if (call->count == 2) {
        resp_error(&call->reply,
            SLICE_LITERAL("ERR AUTH <password> called without any password configured for the "
                          "default user. Are you sure your configuration is correct?"));
    } else if (!may_log_in(call->args[1])) {
        resp_error(&call->reply, slice_of(wrong_password));
    } else {
        reply_ok(call);
    }
}

/* ---- HELLO ---- */

/* What the options of HELLO ask for; it is done only if all of them are well. */
struct hello_options {
    int64_t version;
    bool sets_name;
    struct slice name;
};

/* Reads the options; false after refusing. */
static bool read_hello(struct call *call, struct hello_options *ret) {
    if (call->count > 1 && !slice_to_i64(call->args[1], &ret->version)) {
        resp_error(
            &call->reply, SLICE_LITERAL("ERR Protocol version is not an integer or out of range"));
        return false;
    }
    if (ret->version != 2 && ret->version != 3) {
        resp_error(&call->reply, SLICE_LITERAL("NOPROTO unsupported protocol version"));
        return false;
    }
    for (size_t i = 2; i < call->count; i++) {
        struct slice option = call->args[i];
        size_t values = call->count - i - 1;
        if (slice_is_nocase(option, "auth") && values >= 2) {
            if (!may_log_in(call->args[i + 1])) {
                resp_error(&call->reply, slice_of(wrong_password));
                return false;
            }
            i += 2;
        } else if (slice_is_nocase(option, "setname") && values >= 1) {
            ret->sets_name = true;
            ret->name = call->args[++i];
        } else {
            resp_errorf(&call->reply, "ERR Syntax error in HELLO option '" SLICE_FMT "'",
                SLICE_ARG(option));
            return false;
        }
    }
    return true;
}

void run_hello(struct call *call) {
    struct session *session = call->session;
    struct hello_options options = { .version = session->version };
    if (!read_hello(call, &options))
        return;
    if (options.sets_name && !call_set_name(call, options.name))
        return;
    session->version = call->reply.version = (int)options.version;

    resp_map(&call->reply, 6);
    resp_bulk_text(&call->reply, "server");
    resp_bulk_text(&call->reply, "redis");
    resp_bulk_text(&call->reply, "version");
    resp_bulk_text(&call->reply, SERVED_VERSION);
    resp_bulk_text(&call->reply, "proto");
    resp_integer(&call->reply, session->version);
    resp_bulk_text(&call->reply, "id");
    resp_integer(&call->reply, (int64_t)session->id.value);
    resp_bulk_text(&call->reply, "mode");
    resp_bulk_text(&call->reply, "sentinel");
    resp_bulk_text(&call->reply, "modules");
    resp_array(&call->reply, 0);
}

/* ---- SHUTDOWN ---- */

/* Each word at most once, SAVE and NOSAVE not together, ABORT alone. */
static bool shutdown_is_well_formed(const struct call *call, bool *ret_abort) {
    static const char *const words[] = { "nosave", "save", "now", "force", "abort" };
    enum { NOSAVE = 1 << 0, SAVE = 1 << 1, ABORT = 1 << 4 };
    unsigned seen = 0;
    for (size_t i = 1; i < call->count; i++) {
        unsigned flag = 0;
        for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
            if (slice_is_nocase(call->args[i], words[w]))
                flag = 1u << w;
        }
        if (flag == 0)
            return false;
        seen |= flag;
    }
    *ret_abort = seen == ABORT;
    bool contradicts = (seen & NOSAVE && seen & SAVE) || (seen & ABORT && seen != ABORT);
    return !contradicts;
}

/* Ends without a reply, as the originals do. What is written is written: there is nothing to save.
 */
void run_shutdown(struct call *call) {
    bool abort_asked;
    if (!shutdown_is_well_formed(call, &abort_asked))
        resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
    else if (abort_asked)
        resp_error(&call->reply, SLICE_LITERAL("ERR No shutdown in progress."));
    else
        call->server->stopping = true;
}

void run_sentinel_help(struct call *call) {
    reply_help(
        call, "sentinel", "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}
