/* Attributes and small macros that every file may use. Nothing here allocates or does I/O. */
#pragma once

#include <assert.h> /* static_assert */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* The smaller and the greater of two; the one taken is evaluated twice. */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

#define PRINTF_LIKE(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define NORETURN                          __attribute__((noreturn))
#define UNUSED                            __attribute__((unused))
#define CLEANUP(f)                        __attribute__((cleanup(f)))

/* The struct that holds `member` at `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
