/* Borrowed views of bytes, and bounded parsing of them. A slice owns nothing and need not end in
 * NUL. */
#pragma once

#include "common/base.h"

#include <string.h>

struct slice {
    const char *data; /* may be NULL when size is 0 */
    size_t size;      /* bytes */
};

#define SLICE_EMPTY         ((struct slice){ .data = "", .size = 0 })
#define SLICE_LITERAL(text) ((struct slice){ .data = (text), .size = sizeof(text) - 1 })
#define SLICE_FMT           "%.*s"
#define SLICE_ARG(s)        (int)(s).size, (s).data

/* NULL gives the empty slice. */
static inline struct slice slice_of(const char *text) {
    return text == NULL ? SLICE_EMPTY : (struct slice){ .data = text, .size = strlen(text) };
}

/* Clipped to s. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t size) {
    if (from >= s.size)
        return SLICE_EMPTY;
    return (struct slice){ .data = s.data + from, .size = MIN_OF(size, s.size - from) };
}

static inline bool slice_equal(struct slice a, struct slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Of two slices of one size: for slice_equal_nocase. */
bool slice_same_nocase(const char *a, const char *b, size_t size);

/* ASCII. Words are looked up by it in tables: most differ in size, which costs no call. */
static inline bool slice_equal_nocase(struct slice a, struct slice b) {
    return a.size == b.size && slice_same_nocase(a.data, b.data, a.size);
}

static inline bool slice_is(struct slice s, const char *text) {
    return slice_equal(s, slice_of(text));
}

/* ASCII. */
static inline bool slice_is_nocase(struct slice s, const char *text) {
    return slice_equal_nocase(s, slice_of(text));
}

static inline bool slice_starts_with(struct slice s, const char *prefix) {
    struct slice p = slice_of(prefix);
    return s.size >= p.size && slice_equal(slice_sub(s, 0, p.size), p);
}

int slice_compare(struct slice a, struct slice b);        /* bytewise; shorter first on a tie */
int slice_compare_nocase(struct slice a, struct slice b); /* ASCII case folded */
bool slice_contains(struct slice s, struct slice part);

/* Cuts *rest at the first `separator`: returns what stood before it and leaves what follows in
 * *rest. Without a separator the whole is returned and *rest becomes empty with data NULL. */
struct slice slice_cut(struct slice *rest, char separator);
struct slice slice_trim(struct slice s); /* without blanks at both ends: space, tab, CR, LF */

/* Strict decimal numbers, as the originals read arguments: whole slice, optional leading '-' for
 * the signed one, no blanks, no overflow, no "+", no leading zeros, no "-0". false leaves
 * *ret_value untouched. */
bool slice_to_i64(struct slice s, int64_t *ret_value);
bool slice_to_u64(struct slice s, uint64_t *ret_value);

/* Lenient numbers as the originals read them in INFO and hellos: digits after blanks and a sign, up
 * to the first other byte; garbage is 0, overflow saturates. A negative number is 0 where none can
 * be. */
int64_t slice_to_i64_lenient(struct slice s);
uint64_t slice_to_u64_lenient(struct slice s);

/* Copies into `dst` of `capacity` bytes, cut if needed, always NUL-terminated. Returns dst. */
char *slice_copy(struct slice s, char *dst, size_t capacity);
char *slice_dup(struct slice s); /* owned, NUL-terminated */

/* Several slices and their bytes in one piece of memory: what it takes, and filling it. Each copy
 * is NUL-terminated. */
size_t slice_packed_size(const struct slice *slices, size_t count);
void slice_pack(const struct slice *slices, size_t count, struct slice *ret_copies);
