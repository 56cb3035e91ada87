#include "common/quoted.h"

#include "common/buf.h"

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

size_t quoted_read(struct slice text, struct buf *out) {
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
    return at == text.size || quoted_is_blank(text.data[at]) ? at : 0;
}
