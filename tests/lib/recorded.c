#include "tests/lib/recorded.h"

#include "common/ensure.h"

#include <stdio.h>
#include <stdlib.h>
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

/* ---- JSON: {"type": value} ---- */

static void skip(struct slice *rest, size_t size) {
    *rest = slice_sub(*rest, size, rest->size);
}

static void skip_blanks(struct slice *rest) {
    while (rest->size > 0 && strchr(" ,:\n", rest->data[0]) != NULL)
        skip(rest, 1);
}

static bool take(struct slice *rest, const char *token) {
    skip_blanks(rest);
    if (!slice_starts_with(*rest, token))
        return false;
    skip(rest, strlen(token));
    return true;
}

static void expect(struct slice *rest, const char *token) {
    bool taken = take(rest, token);
    ensure(taken);
}

static char unescaped(char c) {
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

static void take_string(struct slice *rest, struct buf *out) {
    expect(rest, "\"");
    while (rest->data[0] != '"') {
        bool escape = rest->data[0] == '\\';
        ensure(!escape || rest->data[1] != 'u'); /* not in our recordings */
        buf_add_char(out, escape ? unescaped(rest->data[1]) : rest->data[0]);
        skip(rest, escape ? 2 : 1);
    }
    skip(rest, 1);
}

static void print_json(struct printer *p, struct slice *rest) {
    struct buf text = BUF_INIT;
    expect(rest, "{");
    take_string(rest, &text);
    char type = buf_text(&text)[0];
    buf_clear(&text);
    if (take(rest, "null")) {
        print_scalar(p, type, SLICE_EMPTY, true);
    } else if (take(rest, "[")) {
        open_list(p, type);
        for (bool first = true; !take(rest, "]"); first = false) {
            if (!first)
                buf_add_char(p->out, ' ');
            print_json(p, rest);
        }
        buf_add_char(p->out, ']');
    } else {
        skip_blanks(rest);
        take_string(rest, &text);
        print_scalar(p, type, buf_slice(&text), false);
    }
    expect(rest, "}");
    buf_fini(&text);
}

/* ---- RESP ---- */

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

/* ---- files ---- */

void recording_open(struct recording *r, const char *name) {
    char path[512], block[4096];
    *r = (struct recording){ .text = BUF_INIT, .reply = BUF_INIT };
    snprintf(path, sizeof(path), "%s/tests/data/%s", SOURCE_ROOT, name);
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fprintf(stderr, "cannot open %s\n", path);
        abort();
    }
    for (size_t got; (got = fread(block, 1, sizeof(block), file)) > 0;)
        buf_add(&r->text, block, got);
    fclose(file);
    r->rest = buf_slice(&r->text);
}

static void forget_words(struct recording *r) {
    for (size_t i = 0; i < r->word_count; i++)
        free((void *)(uintptr_t)r->words[i].data);
    r->word_count = 0;
}

void recording_close(struct recording *r) {
    forget_words(r);
    buf_fini(&r->text);
    buf_fini(&r->reply);
}

static void take_words(struct recording *r, struct slice *rest) {
    expect(rest, "[");
    while (!take(rest, "]")) {
        struct buf word = BUF_INIT;
        skip_blanks(rest);
        take_string(rest, &word);
        ensure(r->word_count < RECORDED_WORDS_MAX);
        r->words[r->word_count++] =
            (struct slice){ .data = strdup(buf_text(&word)), .size = buf_size(&word) };
        buf_fini(&word);
    }
}

bool recording_next(struct recording *r) {
    if (r->rest.size == 0)
        return false;
    struct slice line = slice_cut(&r->rest, '\n');
    struct printer p = { .out = &r->reply };
    forget_words(r);
    buf_clear(&r->reply);
    expect(&line, "{");
    expect(&line, "\"command\"");
    take_words(r, &line);
    expect(&line, "\"reply\"");
    print_json(&p, &line);
    return true;
}
