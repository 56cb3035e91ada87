#include "sentinel/command/call.h"

#include "config/value.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/saving.h"

void reply_ok(struct call *call) {
    resp_status(&call->reply, "OK");
}

void reply_ok_after(struct call *call, uint64_t seq) {
    call->rests_on = seq;
    call->rests_on_file = true;
    saving_ask(call->core);
    resp_status(&call->reply, "OK");
    reply_unsaved_otherwise(call);
}

void reply_unsaved_otherwise(struct call *call) {
    resp_error(
        &call->otherwise, SLICE_LITERAL("ERR Failed to save config file. Check server logs."));
}

void call_await(struct call *call) {
    call->session->is_awaiting = true;
}

void call_await_again(struct call *call) {
    call_await(call);
    session_keep_words(call->session, call->args, call->count);
}

void reply_verbatim(struct call *call, struct slice text) {
    if (call->reply.version < 3) {
        resp_bulk(&call->reply, text);
        return;
    }
    struct slice format = SLICE_LITERAL("txt:");
    struct buf *out = call->reply.out;
    buf_add_char(out, '=');
    buf_add_u64(out, format.size + text.size);
    buf_add_text(out, "\r\n");
    buf_add_slice(out, format);
    buf_add_slice(out, text);
    buf_add_text(out, "\r\n");
}

void call_refuse_count(struct call *call, const struct command *c) {
    resp_errorf(&call->reply, "ERR wrong number of arguments for '" SLICE_FMT "' command",
        SLICE_ARG(c->name));
}

void reply_help(struct call *call, const char *container, const char *first_line) {
    const struct command *c = command_find(slice_of(container));
    enum compat compat = core_compat(call->core);
    struct buf line = BUF_INIT;
    size_t count = command_count_told(c->subcommands, c->subcommand_count, compat);
    resp_array(&call->reply, 1 + 2 * count);
    command_print_upper(call->args[0], &line); /* by whatever name it was called */
    buf_add_text(&line, first_line + c->name.size);
    resp_status(&call->reply, buf_text(&line));
    for (size_t i = 0; i < c->subcommand_count; i++) {
        const struct command *sub = &c->subcommands[i];
        if (!command_is_told(sub, compat))
            continue;
        buf_clear(&line);
        command_print_word(sub, &line);
        if (sub->usage != NULL)
            buf_printf(&line, " %s", sub->usage);
        resp_status(&call->reply, buf_text(&line));

        buf_clear(&line);
        buf_printf(&line, "    %s", sub->summary);
        resp_status(&call->reply, buf_text(&line));
    }
    buf_fini(&line);
}

bool call_check_characters(struct call *call, size_t first, const char *command) {
    for (size_t i = first; i < call->count; i++) {
        if (!value_has_control(call->args[i]))
            continue;
        resp_errorf(&call->reply,
            "ERR Invalid argument at index %zu for %s: control characters are not allowed", i,
            command);
        return false;
    }
    return true;
}

struct slice call_shown(struct slice word) {
    return slice_cut(&word, '\0');
}

struct group *call_group(struct call *call) {
    struct group *g = core_group(call->core, call->args[2]);
    if (g == NULL)
        resp_error(&call->reply, SLICE_LITERAL("ERR No such master with that name"));
    return g;
}
