#include "sentinel/core/input.h"

#include "common/buf.h"
#include "config/merge.h"

static void print_link(const struct input *in, const char *what, struct buf *out) {
    buf_printf(out, "link %u.%llu %s", in->link.value, (unsigned long long)in->incarnation, what);
}

static void print_client(const struct input *in, const char *what, struct buf *out) {
    buf_printf(out, "client %llu %s", (unsigned long long)in->client.value, what);
}

static void print_usage(const struct usage *u, struct buf *out) {
    buf_add_text(out, "usage");
    if (u->stalls.count > 0)
        buf_printf(out, ", %llu stalls, longest %lld ms, last %lld ms",
            (unsigned long long)u->stalls.count, (long long)u->stalls.longest_ms,
            (long long)u->stalls.last_ms);
}

static void print_answer(const struct input *in, struct buf *out) {
    buf_printf(out, "resolved " SLICE_FMT ":", SLICE_ARG(in->host));
    for (size_t i = 0; i < in->ip_count; i++)
        buf_printf(out, " " SLICE_FMT, SLICE_ARG(in->ips[i]));
    if (in->ip_count == 0)
        buf_printf(out, " failed: " SLICE_FMT, SLICE_ARG(in->why));
}

static bool contains_nocase(struct slice bytes, struct slice word) {
    for (size_t at = 0; at + word.size <= bytes.size; at++)
        if (slice_equal_nocase(slice_sub(bytes, at, word.size), word))
            return true;
    return false;
}

/* AUTH, HELLO ... AUTH, SENTINEL SET ... auth-pass, ACL SETUSER. A password that arrives in another
 * read than its command is not known for one. */
static bool may_hold_password(struct slice bytes) {
    return contains_nocase(bytes, SLICE_LITERAL("auth")) ||
        contains_nocase(bytes, SLICE_LITERAL("setuser"));
}

static void print_outcome(const struct input *in, struct buf *out) {
    if (in->why.size > 0)
        buf_printf(out, ": " SLICE_FMT, SLICE_ARG(in->why));
    else
        buf_printf(out, ", %zu bytes", in->bytes.size);
}

static void print_script(const struct input *in, struct buf *out) {
    buf_printf(out, "script #%llu ", (unsigned long long)in->script);
    if (in->kind == INPUT_SCRIPT_STARTED)
        buf_printf(out, "started, pid %lld", (long long)in->pid);
    else if (in->kind == INPUT_SCRIPT_REFUSED)
        buf_printf(out, "refused: " SLICE_FMT, SLICE_ARG(in->why));
    else
        buf_printf(out, "ended, exit status %d, signal %d", in->exit_status, in->signal_number);
}

void input_print(const struct input *in, struct buf *out) {
    char text[ENDPOINT_TEXT_MAX];

    switch (in->kind) {
    case INPUT_TIMER:
        buf_add_text(out, "timer");
        break;
    case INPUT_LINK_UP:
        print_link(in, "up", out);
        break;
    case INPUT_LINK_LOST:
        print_link(in, in->starved ? "starved: " : in->refused ? "refused: " : "lost: ", out);
        buf_add_escaped(out, in->why);
        break;
    case INPUT_REPLY:
        print_link(in, "reply", out);
        buf_printf(out, " #%llu ", (unsigned long long)in->tag);
        resp_value_print(&in->value, out);
        break;
    case INPUT_MESSAGE:
        print_link(in, "message ", out);
        buf_add_escaped(out, slice_sub(in->channel, 0, 80));
        buf_add_char(out, ' ');
        buf_add_escaped(out, slice_sub(in->payload, 0, 400));
        break;
    case INPUT_CLIENT_OPENED:
        print_client(in, "opened from ", out);
        buf_add_text(out, endpoint_text(&in->remote, text));
        break;
    case INPUT_CLIENT_BYTES:
        print_client(in, "bytes ", out);
        if (may_hold_password(in->bytes))
            buf_printf(out, "(%zu with a password)", in->bytes.size);
        else
            buf_add_escaped(out, slice_sub(in->bytes, 0, 200));
        break;
    case INPUT_CLIENT_FULL:
        print_client(in, "full", out);
        break;
    case INPUT_CLIENT_DRAINED:
        print_client(in, "drained", out);
        break;
    case INPUT_CLIENT_CLOSED:
        print_client(in, "closed", out);
        break;
    case INPUT_DURABLE:
        buf_printf(out, "durable %llu", (unsigned long long)in->seq);
        break;
    case INPUT_FAILED:
        buf_printf(out, "failed %llu: " SLICE_FMT, (unsigned long long)in->seq, SLICE_ARG(in->why));
        break;
    case INPUT_SCRIPT_STARTED:
    case INPUT_SCRIPT_REFUSED:
    case INPUT_SCRIPT_ENDED:
        print_script(in, out);
        break;
    case INPUT_SAVED:
        buf_printf(out, "saved %llu", (unsigned long long)in->seq);
        break;
    case INPUT_UNSAVED:
        buf_printf(
            out, "unsaved %llu: " SLICE_FMT, (unsigned long long)in->seq, SLICE_ARG(in->why));
        break;
    case INPUT_RESOLVED:
        print_answer(in, out);
        break;
    case INPUT_SCRIPTS_CHECKED:
        print_client(in,
            in->unfit == SCRIPTS_FIT ? "can have its scripts"
                                     : "names a script that cannot be executed",
            out);
        break;
    case INPUT_FILE_READ: /* what is in it may hold passwords */
        print_client(in, "file read", out);
        print_outcome(in, out);
        break;
    case INPUT_FILE_WRITTEN:
        print_client(in, "file written", out);
        print_outcome(in, out);
        break;
    case INPUT_DRAWN:
        print_client(in, "drawn", out);
        break;
    case INPUT_USAGE:
        print_usage(&in->usage, out);
        break;
    case INPUT_RELOAD:
        buf_printf(out, "reload of %zu groups", in->plan->group_count);
        break;
    case INPUT_RELOAD_FAILED:
        buf_printf(out, "reload refused: " SLICE_FMT, SLICE_ARG(in->why));
        break;
    case INPUT_STOP:
        buf_printf(out, "stop: " SLICE_FMT, SLICE_ARG(in->why));
        break;
    case INPUT_KIND_COUNT:
        break;
    }
}
