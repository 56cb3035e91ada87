#include "common/buf.h"

#include "common/ensure.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

#define BUF_CAPACITY_MIN 64
#define DECIMAL_MAX      20 /* digits of UINT64_MAX */

void buf_fini(struct buf *b) {
    mem_free(b->data);
    *b = BUF_INIT;
}

/* The content ends at `size`. */
static void buf_end(struct buf *b, size_t size) {
    b->size = size;
    if (b->data != NULL)
        b->data[size] = '\0';
}

void buf_clear(struct buf *b) {
    b->head = 0;
    buf_end(b, 0);
}

const char *buf_text(const struct buf *b) {
    return b->data == NULL ? "" : b->data + b->head;
}

/* Makes room when the end has none: by moving the content to the front where that leaves half of
 * the memory free, so that a move is paid for by as many bytes added, else by growing. */
void buf_make_room(struct buf *b, size_t size) {
    size_t content = buf_size(b);
    size_t needed;
    ensure(!__builtin_add_overflow(content, size, &needed));
    ensure(!__builtin_add_overflow(needed, (size_t)1, &needed));

    if (b->head > 0) {
        memmove(b->data, b->data + b->head, content + 1);
        b->head = 0;
        b->size = content;
        if (needed <= b->capacity / 2)
            return;
        /* Grows even if it would just fit, or the next byte would move everything again. */
        needed = MAX_OF(needed, b->capacity + 1);
    }
    mem_grow(&b->data, &b->capacity, MAX_OF(needed, (size_t)BUF_CAPACITY_MIN), 1);
    b->data[b->size] = '\0';
}

void buf_add_u64(struct buf *b, uint64_t value) {
    char digits[DECIMAL_MAX];
    size_t first = DECIMAL_MAX;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_add(b, digits + first, DECIMAL_MAX - first);
}

void buf_add_i64(struct buf *b, int64_t value) {
    if (value < 0)
        buf_add_char(b, '-');
    buf_add_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args) {
    char *end = buf_reserve(b, BUF_CAPACITY_MIN);
    size_t room = b->capacity - b->size;
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(end, room, format, args);
    ensure(size >= 0);
    if ((size_t)size >= room) {
        b->data[b->size] = '\0'; /* the content again, before it moves */
        int second = vsnprintf(buf_reserve(b, (size_t)size), (size_t)size + 1, format, again);
        ensure(second == size);
    }
    va_end(again);
    buf_commit(b, (size_t)size);
}

/* The letter of a C escape, or NUL if `c` has none. */
static char escape_letter(char c) {
    switch (c) {
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    case '"':
    case '\\':
        return c;
    default:
        return '\0';
    }
}

void buf_add_escaped(struct buf *b, struct slice s) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        char letter = escape_letter(s.data[i]);
        if (letter != '\0') {
            buf_add(b, (char[]){ '\\', letter }, 2);
        } else if (c < 0x20 || c >= 0x7f) {
            buf_add(b, (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
        } else {
            buf_add_char(b, s.data[i]);
        }
    }
}

void buf_consume(struct buf *b, size_t size) {
    ensure(size <= buf_size(b));
    b->head += size;
    if (b->head == b->size)
        buf_clear(b);
}

void buf_truncate(struct buf *b, size_t size) {
    if (size < buf_size(b))
        buf_end(b, b->head + size);
}
