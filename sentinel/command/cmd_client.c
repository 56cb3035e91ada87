/* CLIENT: what a connection says of itself, and the pause of them all. */
#include "common/mem.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* ---- names ---- */

static bool is_plain(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* Replaces an owned text; empty unsets it. */
static void replace_text(char **text, struct slice value) {
    mem_free(*text);
    *text = value.size > 0 ? slice_dup(value) : NULL;
}

bool call_name_is_valid(struct call *call, struct slice name) {
    if (!is_plain(name)) {
        resp_error(&call->reply,
            SLICE_LITERAL(
                "ERR Client names cannot contain spaces, newlines or special characters."));
        return false;
    }
    if (name.size > CLIENT_TEXT_MAX) {
        resp_errorf(&call->reply, "ERR Client names have at most %d bytes", CLIENT_TEXT_MAX);
        return false;
    }
    return true;
}

bool call_set_name(struct call *call, struct slice name) {
    if (!call_name_is_valid(call, name))
        return false;
    replace_text(&call->session->name, name);
    return true;
}

void run_client_setname(struct call *call) {
    if (call_set_name(call, call->args[2]))
        reply_ok(call);
}

void run_client_getname(struct call *call) {
    if (call->session->name == NULL)
        resp_null(&call->reply);
    else
        resp_bulk_text(&call->reply, call->session->name);
}

void run_client_setinfo(struct call *call) {
    struct slice option = call->args[2], value = call->args[3];
    bool is_name = slice_is_nocase(option, "lib-name");
    if (!is_name && !slice_is_nocase(option, "lib-ver")) {
        resp_errorf(
            &call->reply, "ERR Unrecognized option '" SLICE_FMT "'", SLICE_ARG(call_shown(option)));
        return;
    }
    if (!is_plain(value) || value.size > CLIENT_TEXT_MAX) {
        resp_errorf(&call->reply,
            "ERR " SLICE_FMT " cannot contain spaces, newlines or special characters.",
            SLICE_ARG(option));
        return;
    }
    replace_text(is_name ? &call->session->library_name : &call->session->library_version, value);
    reply_ok(call);
}

void run_client_id(struct call *call) {
    resp_integer(&call->reply, (int64_t)call->session->id.value);
}

static void refuse_syntax(struct call *call) {
    resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
}

/* ---- what it wants ---- */

void run_client_reply(struct call *call) {
    struct session *session = call->session;
    struct slice mode = call->args[2];
    if (slice_is_nocase(mode, "on")) {
        session->replies = REPLIES_ALL;
        reply_ok(call);
    } else if (slice_is_nocase(mode, "off")) {
        session->replies = REPLIES_NONE;
    } else if (slice_is_nocase(mode, "skip")) {
        if (session->replies != REPLIES_NONE)
            session->replies = REPLIES_SKIP_NEXT;
    } else {
        refuse_syntax(call);
    }
}

void run_client_no_evict(struct call *call) {
    bool on = slice_is_nocase(call->args[2], "on");
    if (!on && !slice_is_nocase(call->args[2], "off")) {
        refuse_syntax(call);
        return;
    }
    call->session->is_protected = on;
    reply_ok(call);
}

/* ---- the pause ---- */

/* The originals have these two checked by hand. */
static void refuse_count(struct call *call) {
    resp_errorf(&call->reply,
        "ERR unknown subcommand or wrong number of arguments for '" SLICE_FMT "'. Try CLIENT HELP.",
        SLICE_ARG(call->args[1]));
}

/* NULL if the time is one. */
static const char *read_pause(const struct call *call, int64_t *ret_until_ms) {
    int64_t time_ms;
    if (!slice_to_i64(call->args[2], &time_ms))
        return "ERR timeout is not an integer or out of range";
    if (time_ms < 0)
        return "ERR timeout is negative";
    if (time_ms > INT64_MAX - call->core->now.wall_ms)
        return "ERR timeout is out of range";
    *ret_until_ms = tstamp_add(call->core->now.mono_ms, time_ms);
    return NULL;
}

void run_client_pause(struct call *call) {
    bool all = call->count == 3 || slice_is_nocase(call->args[3], "all");
    if (call->count > 4) {
        refuse_count(call);
        return;
    }
    if (!all && !slice_is_nocase(call->args[3], "write")) {
        resp_error(&call->reply, SLICE_LITERAL("ERR CLIENT PAUSE mode must be WRITE or ALL"));
        return;
    }
    int64_t until_ms = 0;
    const char *why = read_pause(call, &until_ms);
    if (why != NULL) {
        resp_error(&call->reply, slice_of(why));
        return;
    }
    server_pause(call->server, until_ms, all);
    reply_ok(call);
}

void run_client_unpause(struct call *call) {
    server_unpause(call->server);
    reply_ok(call);
}

/* Nothing here blocks a client in the sense of this command. */
void run_client_unblock(struct call *call) {
    int64_t id;
    if (call->count > 4)
        refuse_count(call);
    else if (call->count == 4 && !slice_is_nocase(call->args[3], "timeout") &&
        !slice_is_nocase(call->args[3], "error"))
        resp_error(
            &call->reply, SLICE_LITERAL("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
    else if (!slice_to_i64(call->args[2], &id))
        resp_error(&call->reply, SLICE_LITERAL("ERR value is not an integer or out of range"));
    else
        resp_integer(&call->reply, 0);
}

void run_client_help(struct call *call) {
    reply_help(call, "client", "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}
