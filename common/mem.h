/* Allocation that aborts when memory is exhausted, after some last words. Sizes are bounded by the
 * caller before allocation. */
#pragma once

#include "common/base.h"

void *mem_alloc(size_t size);              /* zeroed; never NULL */
void *mem_realloc(void *ptr, size_t size); /* never NULL; size > 0 */
void *mem_dup(const void *bytes, size_t size);
char *mem_strdup(const char *text); /* NULL gives NULL */
void mem_free(void *ptr);           /* NULL is nothing */

/* Who hears the last words besides standard error; it must not allocate. NULL = nobody. Set before
 * there are threads. */
void mem_set_last_words(void (*hear)(const char *text));

#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

/* Grows *array (of *capacity items of `item_size`) so that it holds at least `needed` items; at
 * least doubles, and to 64 bytes at least. */
void mem_grow(void *array, size_t *capacity, size_t needed, size_t item_size);
