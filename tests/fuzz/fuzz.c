#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: fuzz_check(%s) failed\n", file, line, condition);
    abort();
}

uint8_t fuzz_byte(struct fuzz_bytes *b) {
    if (b->size == 0)
        return 0;
    b->size--;
    return *b->data++;
}

size_t fuzz_choice(struct fuzz_bytes *b, size_t limit) {
    return (limit <= 256 ? fuzz_byte(b) : fuzz_number(b, 4)) % limit;
}

uint64_t fuzz_number(struct fuzz_bytes *b, size_t width) {
    uint64_t n = 0;
    for (size_t i = 0; i < width; i++)
        n = n << 8 | fuzz_byte(b);
    return n;
}

int64_t fuzz_odd_number(struct fuzz_bytes *b) {
    static const int64_t odd[] = {
        INT64_MIN,
        INT64_MIN + 1,
        INT32_MIN,
        -1,
        0,
        1,
        UINT16_MAX,
        UINT16_MAX + 1,
        INT32_MAX,
        UINT32_MAX,
        INT64_C(1) << 62,
        INT64_MAX - 1,
        INT64_MAX,
    };
    uint8_t kind = fuzz_byte(b);
    if (kind < 160)
        return kind;
    if (kind < 192)
        return (int64_t)fuzz_number(b, 2);
    if (kind < 208)
        return (int64_t)fuzz_number(b, 8);
    return odd[kind % ARRAY_SIZE(odd)];
}

struct slice fuzz_text(struct fuzz_bytes *b) {
    size_t wanted = fuzz_byte(b), size = MIN_OF(wanted, b->size);
    struct slice text = fuzz_slice(b->data, size);
    b->data += size;
    b->size -= size;
    return text;
}

struct slice fuzz_part(struct fuzz_bytes *b, uint8_t separator) {
    const uint8_t *end = b->size > 0 ? memchr(b->data, separator, b->size) : NULL;
    size_t size = end != NULL ? (size_t)(end - b->data) : b->size;
    struct slice part = fuzz_slice(b->data, size);
    size_t used = end != NULL ? size + 1 : size;
    b->data += used;
    b->size -= used;
    return part;
}

struct slice fuzz_slice(const uint8_t *data, size_t size) {
    return size > 0 ? (struct slice){ .data = (const char *)data, .size = size } : SLICE_EMPTY;
}
