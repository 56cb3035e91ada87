/* A growable run of bytes: appended at the end, consumed at the front. The bytes end in a NUL that
 * is not counted. */
#pragma once

#include "common/base.h"
#include "common/ensure.h"
#include "common/slice.h"

#include <stdarg.h>

struct buf {
    char *data;      /* owned; NULL while nothing was ever added */
    size_t head;     /* bytes consumed at the front */
    size_t size;     /* end of the bytes, counted from data; the content is [head, size) */
    size_t capacity; /* bytes allocated */
};

#define BUF_INIT ((struct buf){ .data = NULL })

void buf_fini(struct buf *b);
void buf_clear(struct buf *b);             /* keeps the memory */
const char *buf_text(const struct buf *b); /* NUL-terminated content; "" when empty; borrowed */

/* What every reply is made of is defined here, so that it costs no calls. */

static inline size_t buf_size(const struct buf *b) {
    return b->size - b->head;
}

/* Borrowed until the next change. */
static inline struct slice buf_slice(const struct buf *b) {
    return (struct slice){ .data = b->data == NULL ? "" : b->data + b->head, .size = buf_size(b) };
}

void buf_make_room(struct buf *b, size_t size); /* for buf_reserve */

/* Room for `size` more bytes at the end; write there, then buf_commit what was written. */
static inline char *buf_reserve(struct buf *b, size_t size) {
    if (b->capacity - b->size <= size) /* the NUL needs its byte too */
        buf_make_room(b, size);
    return b->data + b->size;
}

static inline void buf_commit(struct buf *b, size_t size) {
    ensure(size < b->capacity - b->size);
    b->size += size;
    b->data[b->size] = '\0';
}

static inline void buf_add(struct buf *b, const void *bytes, size_t size) {
    if (size == 0)
        return;
    memcpy(buf_reserve(b, size), bytes, size);
    buf_commit(b, size);
}

static inline void buf_add_slice(struct buf *b, struct slice s) {
    buf_add(b, s.data, s.size);
}

static inline void buf_add_text(struct buf *b, const char *text) {
    buf_add(b, text, strlen(text));
}

static inline void buf_add_char(struct buf *b, char c) {
    *buf_reserve(b, 1) = c;
    buf_commit(b, 1);
}

void buf_add_i64(struct buf *b, int64_t value); /* decimal, without printf */
void buf_add_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* Adds the bytes, non-printing ones, quotes and backslashes as C escapes: for traces and logs. */
void buf_add_escaped(struct buf *b, struct slice s);

void buf_consume(struct buf *b, size_t size);  /* drops from the front; size <= buf_size */
void buf_truncate(struct buf *b, size_t size); /* keeps the first `size` bytes of the content */
