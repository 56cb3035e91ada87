#include "tests/lib/readable.h"

#include "common/ensure.h"

#include <string.h>

/* ---- the readable form ---- */

/* Prints values; the one behind the name of a volatile field as #. */
struct printer {
    struct buf *out;
    bool masks_next;
};

static bool is_volatile(struct slice name) {
    static const char *const names[] = { "last-ping-sent", "last-ok-ping-reply", "last-ping-reply",
        "info-refresh", "role-reported-time", "last-hello-message", "version", "id",
        "client-info" };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (slice_is(name, names[i]))
            return true;
    }
    return false;
}

static void print_scalar(struct printer *p, char type, struct slice text, bool is_null) {
    bool masked = p->masks_next;
    p->masks_next = type == '$' && !is_null && is_volatile(text);
    if (masked) {
        buf_add_char(p->out, '#');
        return;
    }
    buf_add_char(p->out, type);
    if (is_null) {
        buf_add_text(p->out, "null");
        return;
    }
    buf_add_char(p->out, '"');
    buf_add_escaped(p->out, text);
    buf_add_char(p->out, '"');
}

static void open_list(struct printer *p, char type) {
    p->masks_next = false;
    buf_add_char(p->out, type);
    buf_add_char(p->out, '[');
}

/* ---- RESP ---- */

static void skip(struct slice *rest, size_t size) {
    *rest = slice_sub(*rest, size, rest->size);
}

static struct slice take_line(struct slice *rest) {
    const char *end = memchr(rest->data, '\n', rest->size);
    ensure(end != NULL);
    struct slice line = slice_sub(*rest, 0, (size_t)(end - rest->data) - 1);
    skip(rest, line.size + 2);
    return line;
}

static void print_resp(struct printer *p, struct slice *rest) {
    struct slice line = take_line(rest);
    char type = line.data[0];
    struct slice head = slice_sub(line, 1, line.size);
    int64_t size = slice_to_i64_lenient(head);
    switch (type) {
    case '$':
    case '=':
        if (size < 0) {
            print_scalar(p, type, SLICE_EMPTY, true);
            break;
        }
        print_scalar(p, type, slice_sub(*rest, 0, (size_t)size), false);
        skip(rest, (size_t)size + 2);
        break;
    case '*':
    case '%':
    case '~':
    case '>':
        if (size < 0) {
            print_scalar(p, type, SLICE_EMPTY, true);
            break;
        }
        open_list(p, type);
        for (int64_t i = 0; i < (type == '%' ? 2 * size : size); i++) {
            if (i > 0)
                buf_add_char(p->out, ' ');
            print_resp(p, rest);
        }
        buf_add_char(p->out, ']');
        break;
    case '_':
        print_scalar(p, type, SLICE_EMPTY, true);
        break;
    default:
        print_scalar(p, type, head, false);
        break;
    }
}

void reply_print(struct slice bytes, struct buf *out) {
    struct printer p = { .out = out };
    for (bool first = true; bytes.size > 0; first = false) {
        if (!first)
            buf_add_char(out, ' ');
        print_resp(&p, &bytes);
    }
}
