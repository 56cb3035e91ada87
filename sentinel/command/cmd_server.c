/* The small commands about this process: PING, ROLE, SHUTDOWN, SENTINEL HELP. */
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
