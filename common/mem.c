#include "common/mem.h"

#include "common/ensure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHED_MAX     1024
#define GROW_MIN_BYTES 64 /* less is hardly less to the allocator */

static void (*last_words)(const char *text);

void mem_set_last_words(void (*hear)(const char *text)) {
    last_words = hear;
}

NORETURN static void mem_exhausted(size_t size) {
    char text[160];
    (void)snprintf(text, sizeof(text),
        "out of memory: %zu bytes more were refused. This process ends here and is to be started anew; "
        "what it has promised is on disk",
        size);
    (void)fprintf(stderr, "%s\n", text);
    if (last_words != NULL)
        last_words(text);
    abort();
}

/* For large ones calloc knows what is zero already; for small ones glibc's goes past the cache of
 * each thread, which malloc and free use. */
void *mem_alloc(size_t size) {
    bool is_small = size <= CACHED_MAX;
    void *ptr = is_small ? malloc(MAX_OF(size, (size_t)1)) : calloc(1, size);
    if (ptr == NULL)
        mem_exhausted(size);
    if (is_small)
        memset(ptr, 0, size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t size) {
    ensure(size > 0);
    void *moved = realloc(ptr, size);
    if (moved == NULL)
        mem_exhausted(size);
    return moved;
}

void *mem_dup(const void *bytes, size_t size) {
    void *copy = mem_realloc(NULL, MAX_OF(size, (size_t)1));
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *mem_strdup(const char *text) {
    return text == NULL ? NULL : mem_dup(text, strlen(text) + 1);
}

void mem_free(void *ptr) {
    free(ptr);
}

void mem_grow(void *array, size_t *capacity, size_t needed, size_t item_size) {
    if (needed <= *capacity)
        return;

    size_t doubled, bytes;
    ensure(!__builtin_mul_overflow(*capacity, (size_t)2, &doubled));
    size_t grown = MAX_OF(MAX_OF(needed, doubled), GROW_MIN_BYTES / item_size);
    ensure(!__builtin_mul_overflow(grown, item_size, &bytes));

    /* `array` is a T ** for any T: its pointer is read and written bytewise. */
    void *items;
    memcpy(&items, array, sizeof(items));
    items = mem_realloc(items, bytes);
    memcpy(array, &items, sizeof(items));
    *capacity = grown;
}
