/* AUTH and HELLO: who a client is, and which RESP it speaks. */
#include "sentinel/command/access.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

void run_auth(struct call *call) {
    bool names_user = call->count == 3;
    if (call->count > 3) {
        resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
        return;
    }
    if (!names_user && call->server->access.acl.standard->no_password) {
        resp_error(&call->reply,
            SLICE_LITERAL("ERR AUTH <password> called without any password configured for the "
                          "default user. Are you sure your configuration is correct?"));
        return;
    }
    struct slice user = names_user ? call->args[1] : SLICE_LITERAL("default");
    if (access_log_in(call, user, call->args[call->count - 1]))
        reply_ok(call);
}

/* ---- HELLO ---- */

/* What the options of HELLO ask for; it is done only if all of them are well. */
struct hello_options {
    int64_t version;
    bool logs_in, sets_name;
    struct slice user, password, name;
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
            ret->logs_in = true;
            ret->user = call->args[++i];
            ret->password = call->args[++i];
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

/* Logs in if it is asked to; false after refusing. */
static bool log_in(struct call *call, const struct hello_options *options) {
    if (options->logs_in && !access_log_in(call, options->user, options->password))
        return false;
    if (access_is_barred(call->session)) {
        resp_error(&call->reply,
            SLICE_LITERAL("NOAUTH HELLO must be called with the client already authenticated, "
                          "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
                          "authenticate the client and select the RESP protocol version at the "
                          "same time"));
        return false;
    }
    return true;
}

void run_hello(struct call *call) {
    struct session *session = call->session;
    struct hello_options options = { .version = session->version };
    if (!read_hello(call, &options))
        return;
    if (options.sets_name && !call_name_is_valid(call, options.name))
        return;
    if (!log_in(call, &options))
        return;
    if (options.sets_name)
        call_set_name(call, options.name);
    session->version = call->reply.version = (int)options.version;

    bool is_valkey = core_compat(call->core) == COMPAT_VALKEY;
    resp_map(&call->reply, 6);
    resp_bulk_text(&call->reply, "server");
    resp_bulk_text(&call->reply, is_valkey ? "valkey" : "redis");
    resp_bulk_text(&call->reply, "version");
    resp_bulk_text(&call->reply, is_valkey ? VALKEY_VERSION : SERVED_VERSION);
    resp_bulk_text(&call->reply, "proto");
    resp_integer(&call->reply, session->version);
    resp_bulk_text(&call->reply, "id");
    resp_integer(&call->reply, (int64_t)session->id.value);
    resp_bulk_text(&call->reply, "mode");
    resp_bulk_text(&call->reply, "sentinel");
    resp_bulk_text(&call->reply, "modules");
    resp_array(&call->reply, 0);
}
