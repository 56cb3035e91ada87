#include "common/resp.h"

#include "common/ensure.h"

#include <string.h>

/* Type byte, sign, digits of a 64-bit number, CR LF. */
#define HEADER_MAX 23

/* Writes a line of a type byte and a number at `at`; returns its end. */
static char *put_header(char *at, char type, uint64_t number, bool negative) {
    if (number < 100 && !negative) { /* most are */
        *at++ = type;
        if (number >= 10)
            *at++ = (char)('0' + number / 10);
        *at++ = (char)('0' + number % 10);
        *at++ = '\r';
        *at++ = '\n';
        return at;
    }
    char digits[20];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);

    *at++ = type;
    if (negative)
        *at++ = '-';
    size_t size = sizeof(digits) - first;
    memcpy(at, digits + first, size);
    at += size;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static void add_header(struct buf *out, char type, uint64_t number) {
    char *start = buf_reserve(out, HEADER_MAX);
    buf_commit(out, (size_t)(put_header(start, type, number, false) - start));
}

static void add_bulk(struct buf *out, struct slice bytes) {
    ensure(bytes.size < SIZE_MAX / 2);
    char *start = buf_reserve(out, HEADER_MAX + bytes.size + 2);
    char *at = put_header(start, '$', bytes.size, false);
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    at += bytes.size;
    *at++ = '\r';
    *at++ = '\n';
    buf_commit(out, (size_t)(at - start));
}

/* One of two constants, by the version of the protocol. */
static void add_either(struct resp_writer *w, struct slice resp2, struct slice resp3) {
    buf_add_slice(w->out, w->version >= 3 ? resp3 : resp2);
}

void resp_status(struct resp_writer *w, const char *text) {
    buf_add_char(w->out, '+');
    buf_add_text(w->out, text);
    buf_add(w->out, "\r\n", 2);
}

void resp_error(struct resp_writer *w, struct slice text) {
    char *start = buf_reserve(w->out, text.size + 3);
    *start = '-';
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        start[1 + i] = c == '\r' || c == '\n' ? ' ' : c;
    }
    memcpy(start + 1 + text.size, "\r\n", 2);
    buf_commit(w->out, text.size + 3);
}

void resp_errorf(struct resp_writer *w, const char *format, ...) {
    struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    resp_error(w, buf_slice(&text));
    buf_fini(&text);
}

void resp_integer(struct resp_writer *w, int64_t value) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *start = buf_reserve(w->out, HEADER_MAX);
    buf_commit(w->out, (size_t)(put_header(start, ':', magnitude, value < 0) - start));
}

void resp_bulk(struct resp_writer *w, struct slice bytes) {
    add_bulk(w->out, bytes);
}

void resp_bulk_text(struct resp_writer *w, const char *text) {
    add_bulk(w->out, slice_of(text));
}

/* A number as a bulk, laid out once to learn its size. */
static void bulk_number(struct resp_writer *w, uint64_t magnitude, bool negative) {
    char line[HEADER_MAX];
    char *end = put_header(line, '$', magnitude, negative);
    add_bulk(w->out, (struct slice){ .data = line + 1, .size = (size_t)(end - line) - 3 });
}

void resp_bulk_i64(struct resp_writer *w, int64_t value) {
    bulk_number(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void resp_bulk_u64(struct resp_writer *w, uint64_t value) {
    bulk_number(w, value, false);
}

void resp_null(struct resp_writer *w) {
    add_either(w, SLICE_LITERAL("$-1\r\n"), SLICE_LITERAL("_\r\n"));
}

void resp_null_array(struct resp_writer *w) {
    add_either(w, SLICE_LITERAL("*-1\r\n"), SLICE_LITERAL("_\r\n"));
}

void resp_array(struct resp_writer *w, size_t count) {
    add_header(w->out, '*', count);
}

void resp_map(struct resp_writer *w, size_t pair_count) {
    if (w->version >= 3)
        add_header(w->out, '%', pair_count);
    else
        add_header(w->out, '*', 2 * pair_count);
}

void resp_push(struct resp_writer *w, size_t count) {
    add_header(w->out, w->version >= 3 ? '>' : '*', count);
}

void resp_set(struct resp_writer *w, size_t count) {
    add_header(w->out, w->version >= 3 ? '~' : '*', count);
}

void resp_request(struct buf *out, const struct slice *args, size_t count) {
    add_header(out, '*', count);
    for (size_t i = 0; i < count; i++)
        add_bulk(out, args[i]);
}

/* ---- printing ---- */

#define PRINT_BULK_MAX  80 /* bytes */
#define PRINT_DEPTH_MAX 8  /* no reply that we ask for nests half as deep */

static void print_value(const struct resp_value *v, struct buf *out, int depth);

static void print_array(const struct resp_value *v, struct buf *out, int depth) {
    buf_add_char(out, '[');
    for (size_t i = 0; i < v->count; i++) {
        if (i > 0)
            buf_add_text(out, ", ");
        print_value(&v->elements[i], out, depth + 1);
    }
    buf_add_char(out, ']');
}

static void print_bulk(struct slice text, struct buf *out) {
    buf_add_char(out, '"');
    buf_add_escaped(out, slice_sub(text, 0, PRINT_BULK_MAX));
    buf_add_text(out, text.size > PRINT_BULK_MAX ? "\"..." : "\"");
}

static void print_line(char type, struct slice text, struct buf *out) {
    buf_add_char(out, type);
    buf_add_escaped(out, text);
}

static void print_value(const struct resp_value *v, struct buf *out, int depth) {
    if (depth > PRINT_DEPTH_MAX) {
        buf_add_text(out, "...");
        return;
    }
    switch (v->type) {
    case RESP_NULL:
        buf_add_text(out, "(null)");
        break;
    case RESP_STATUS:
        print_line('+', v->text, out);
        break;
    case RESP_ERROR:
        print_line('-', v->text, out);
        break;
    case RESP_INTEGER:
        buf_add_char(out, ':');
        buf_add_i64(out, v->integer);
        break;
    case RESP_BULK:
        print_bulk(v->text, out);
        break;
    case RESP_ARRAY:
        print_array(v, out, depth);
        break;
    }
}

void resp_value_print(const struct resp_value *v, struct buf *out) {
    print_value(v, out, 0);
}
