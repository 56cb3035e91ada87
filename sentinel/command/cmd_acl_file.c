/* ACL LOAD, SAVE and GENPASS: what needs something from outside, thus is answered later. */
#include "common/buf.h"
#include "sentinel/command/access.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"

/* Whether there is an ACL file; false after refusing. */
static bool has_file(struct call *call) {
    if (call->core->settings.acl_file != NULL)
        return true;
    bool is_redis = core_compat(call->core) == COMPAT_REDIS;
    resp_errorf(&call->reply,
        "ERR This %sinstance is not configured to use an ACL file. You may want to specify users "
        "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a "
        "%sconfiguration file set) in order to store users in the %sconfiguration.",
        is_redis ? "Redis " : "", is_redis ? "Redis " : "", is_redis ? "Redis " : "");
    return false;
}

/* ---- LOAD ---- */

void run_acl_load(struct call *call) {
    if (!has_file(call))
        return;
    struct effects *out = call->core->out;
    struct slice path = effects_copy(out, slice_of(call->core->settings.acl_file));
    struct effect *e = effects_add(out, EFFECT_READ_FILE);
    e->client = call->session->id;
    e->text = path;
    call_await(call);
}

void answer_acl_load(struct call *call, const void *context) {
    const struct input *in = context;
    if (!has_file(call))
        return;
    if (in->why.size > 0) {
        resp_errorf(&call->reply, "ERR Error loading ACLs, opening file '%s': " SLICE_FMT,
            call->core->settings.acl_file, SLICE_ARG(in->why));
        return;
    }
    struct buf why = BUF_INIT;
    bool is_self = false;
    if (access_load(call->server, in->bytes, call->session, &is_self, &why)) {
        reply_ok(call);
    } else {
        struct buf error = BUF_INIT;
        buf_add_text(&error, "ERR ");
        buf_add_slice(&error, buf_slice(&why));
        resp_error(&call->reply, buf_slice(&error));
        buf_fini(&error);
    }
    buf_fini(&why);
    if (is_self)
        session_end(call->session);
}

/* ---- SAVE ---- */

void run_acl_save(struct call *call) {
    if (!has_file(call))
        return;
    struct buf text = BUF_INIT;
    struct effects *out = call->core->out;
    acl_print(&call->server->access.acl, &text);
    struct slice path = effects_copy(out, slice_of(call->core->settings.acl_file));
    struct slice bytes = effects_copy(out, buf_slice(&text));
    struct effect *e = effects_add(out, EFFECT_WRITE_FILE);
    e->client = call->session->id;
    e->text = path;
    e->bytes = bytes;
    buf_fini(&text);
    call_await(call);
}

void answer_acl_save(struct call *call, const void *context) {
    const struct input *in = context;
    if (in->why.size == 0) {
        access_saved(call->server, in->bytes);
        reply_ok(call);
        return;
    }
    core_log(
        call->core, LOG_WARNING, "the ACL file cannot be written: " SLICE_FMT, SLICE_ARG(in->why));
    resp_error(&call->reply,
        SLICE_LITERAL("ERR There was an error trying to save the ACLs. Please check the server "
                      "logs for more information"));
}

/* ---- GENPASS ---- */

#define BITS_STANDARD 256
#define BITS_MAX      4096

void run_acl_genpass(struct call *call) {
    int64_t bits = BITS_STANDARD;
    if (call_has_too_many(call))
        return;
    if (call->count == 3 && !slice_to_i64(call->args[2], &bits)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR value is not an integer or out of range"));
        return;
    }
    if (bits <= 0 || bits > BITS_MAX) {
        resp_errorf(&call->reply,
            "ERR ACL GENPASS argument must be the number of bits for the output password, a "
            "positive number up to %d",
            BITS_MAX);
        return;
    }
    struct effect *e = effects_add(call->core->out, EFFECT_DRAW);
    e->client = call->session->id;
    e->tag = ((uint64_t)bits + 3) / 4; /* letters */
    call_await(call);
}

void answer_acl_genpass(struct call *call, const void *context) {
    static const char digits[] = "0123456789abcdef";
    const struct input *in = context;
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < in->tag; i++) {
        unsigned char byte = (unsigned char)in->bytes.data[i / 2];
        buf_add_char(&text, digits[i % 2 == 0 ? byte >> 4 : byte & 15]);
    }
    resp_bulk(&call->reply, buf_slice(&text));
    buf_fini(&text);
}
