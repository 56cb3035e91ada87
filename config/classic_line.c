#include "config/classic_line.h"

#include "common/mem.h"

#include <string.h>

void classic_line_fini(struct classic_line *l) {
    mem_free(l->words);
    buf_fini(&l->memory);
    *l = CLASSIC_LINE_INIT;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* -1 for no hexadecimal digit. */
static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char escaped(char c) {
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* Reads what stands after a backslash within double quotes; returns how many bytes that were. */
static size_t read_escape(struct slice text, struct buf *out) {
    if (text.size >= 3 && text.data[0] == 'x' && hex_value(text.data[1]) >= 0 &&
        hex_value(text.data[2]) >= 0) {
        buf_add_char(out, (char)(hex_value(text.data[1]) * 16 + hex_value(text.data[2])));
        return 3;
    }
    buf_add_char(out, escaped(text.data[0]));
    return 1;
}

/* Reads a quoted part that starts at text.data[0]; returns how many bytes it takes, 0 if it is left
 * open or text follows right after it. */
static size_t read_quoted(struct slice text, struct buf *out) {
    char quote = text.data[0];
    size_t at = 1;
    while (at < text.size && text.data[at] != quote) {
        bool escape = text.data[at] == '\\' && at + 1 < text.size;
        if (escape && quote == '"') {
            at += 1 + read_escape(slice_sub(text, at + 1, text.size), out);
        } else if (escape && text.data[at + 1] == '\'') {
            buf_add_char(out, '\'');
            at += 2;
        } else {
            buf_add_char(out, text.data[at]);
            at++;
        }
    }
    if (at >= text.size)
        return 0;
    at++;
    return at == text.size || is_blank(text.data[at]) ? at : 0;
}

/* Reads a word at `at`; returns where it ends. SIZE_MAX and *ret_column if its quotes are wrong. */
static size_t read_word(struct slice text, size_t at, struct buf *out, int *ret_column) {
    while (at < text.size && !is_blank(text.data[at])) {
        char c = text.data[at];
        if (c != '"' && c != '\'') {
            buf_add_char(out, c);
            at++;
            continue;
        }
        size_t size = read_quoted(slice_sub(text, at, text.size), out);
        if (size == 0) {
            *ret_column = (int)at + 1;
            return SIZE_MAX;
        }
        at += size;
    }
    return at;
}

static void add_word(struct classic_line *l, size_t size, int column) {
    mem_grow(&l->words, &l->capacity, l->count + 1, sizeof(l->words[0]));
    l->words[l->count++] = (struct classic_word){ .text.size = size, .column = column };
}

bool classic_line_read(struct slice text, struct classic_line *ret, int *ret_column) {
    buf_clear(&ret->memory);
    ret->count = 0;
    size_t at = 0;
    for (;;) {
        while (at < text.size && is_blank(text.data[at]))
            at++;
        if (at == text.size || (ret->count == 0 && text.data[at] == '#'))
            break;
        size_t before = buf_size(&ret->memory);
        size_t end = read_word(text, at, &ret->memory, ret_column);
        if (end == SIZE_MAX)
            return false;
        add_word(ret, buf_size(&ret->memory) - before, (int)at + 1);
        at = end;
    }

    /* Only now does the memory stand still. */
    const char *data = buf_text(&ret->memory);
    for (size_t i = 0; i < ret->count; i++) {
        ret->words[i].text.data = data;
        data += ret->words[i].text.size;
    }
    return true;
}

struct slice classic_word(const struct classic_line *l, size_t index) {
    return l->words[index].text;
}
