/* What the targets share: the entry that libFuzzer calls, an assertion, and a reader that turns the
 * bytes of an input into choices. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

/* Each target defines it. Returns 0; whatever is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that a target states. */
#define fuzz_check(condition) \
    do { \
        if (!(condition)) \
            fuzz_failed(#condition, __FILE__, __LINE__); \
    } while (0)

NORETURN void fuzz_failed(const char *condition, const char *file, int line);

/* What is left of an input. Beyond its end all choices are 0. */
struct fuzz_bytes {
    const uint8_t *data; /* borrowed */
    size_t size;
};

uint8_t fuzz_byte(struct fuzz_bytes *b);
/* Below `limit`, which is above 0. */
size_t fuzz_choice(struct fuzz_bytes *b, size_t limit);
/* Of `width` bytes, at most 8. */
uint64_t fuzz_number(struct fuzz_bytes *b, size_t width);
/* Small numbers, great ones, and those at which types end. */
int64_t fuzz_odd_number(struct fuzz_bytes *b);
/* The next bytes, as many as a first byte says; borrowed. */
struct slice fuzz_text(struct fuzz_bytes *b);
/* All up to the next `separator`, which is left out; all that is left without one. */
struct slice fuzz_part(struct fuzz_bytes *b, uint8_t separator);

struct slice fuzz_slice(const uint8_t *data, size_t size);
