#include "common/pack.h"

#include "common/buf.h"

#include <limits.h>
#include <string.h>

#define BITS      7
#define MORE      0x80
#define BYTES_MAX 10 /* of a number */

void pack_u64(struct buf *out, uint64_t value) {
    char bytes[BYTES_MAX];
    size_t size = 0;
    while (value >= MORE) {
        bytes[size++] = (char)(unsigned char)(value | MORE);
        value >>= BITS;
    }
    bytes[size++] = (char)value;
    buf_add(out, bytes, size);
}

void pack_i64(struct buf *out, int64_t value) {
    uint64_t bits = (uint64_t)value;
    pack_u64(out, value < 0 ? ~(bits << 1) : bits << 1);
}

void pack_bytes(struct buf *out, struct slice bytes) {
    pack_u64(out, bytes.size);
    buf_add_slice(out, bytes);
}

void pack_text(struct buf *out, const char *text) {
    pack_bytes(out, slice_of(text));
}

static uint64_t fail(struct unpack *u) {
    u->failed = true;
    u->rest = SLICE_EMPTY;
    return 0;
}

uint64_t unpack_u64(struct unpack *u) {
    uint64_t value = 0;
    for (size_t i = 0; i < BYTES_MAX && i < u->rest.size; i++) {
        unsigned char byte = (unsigned char)u->rest.data[i];
        bool overflows = i == BYTES_MAX - 1 && byte > 1;
        if (overflows)
            break;
        value |= (uint64_t)(byte & (MORE - 1)) << (BITS * i);
        if ((byte & MORE) == 0) {
            u->rest = slice_sub(u->rest, i + 1, SIZE_MAX);
            return value;
        }
    }
    return fail(u);
}

uint64_t unpack_upto(struct unpack *u, uint64_t max) {
    uint64_t value = unpack_u64(u);
    return value <= max ? value : fail(u);
}

int64_t unpack_i64(struct unpack *u) {
    uint64_t bits = unpack_u64(u);
    return (int64_t)((bits & 1) != 0 ? ~(bits >> 1) : bits >> 1);
}

int unpack_int(struct unpack *u) {
    int64_t value = unpack_i64(u);
    return (int)(value >= INT_MIN && value <= INT_MAX ? value : (int64_t)fail(u));
}

bool unpack_bool(struct unpack *u) {
    return unpack_upto(u, 1) != 0;
}

struct slice unpack_run(struct unpack *u, size_t size) {
    if (u->failed || size > u->rest.size) {
        fail(u);
        return SLICE_EMPTY;
    }
    struct slice run = slice_sub(u->rest, 0, size);
    u->rest = slice_sub(u->rest, size, SIZE_MAX);
    return run;
}

struct slice unpack_bytes(struct unpack *u) {
    uint64_t size = unpack_u64(u);
    return unpack_run(u, size <= SIZE_MAX ? (size_t)size : SIZE_MAX);
}

void unpack_text(struct unpack *u, char *dst, size_t capacity) {
    struct slice text = unpack_bytes(u);
    bool fits =
        text.size < capacity && (text.size == 0 || memchr(text.data, '\0', text.size) == NULL);
    if (!fits)
        fail(u);
    slice_copy(fits ? text : SLICE_EMPTY, dst, capacity);
}

size_t unpack_count(struct unpack *u, size_t least) {
    return (size_t)unpack_upto(u, u->rest.size / least);
}
