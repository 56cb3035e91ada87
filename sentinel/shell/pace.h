/* Where the time of a wake-up goes, for the bench of the path from a fallen master to the promotion
 * (tests/bench/path): with VEDETTE_TEST_PACE=FILE in the environment every moment below is a line
 * of FILE.<pid>, with the monotonic clock in microseconds, which all processes of a host share.
 * Only built with -Dtest_hooks=true. */
#pragma once

#include "common/base.h"

struct effects;
struct input;

#ifdef VEDETTE_TEST_HOOKS
/* "woke", "flushed", "commit", "committed". From any thread. */
void pace_moment(const char *moment);
/* The step of `in` has ended: when it began, and which of its effects, from `first` on, matter. */
void pace_step(int64_t began_us, const struct input *in, const struct effects *out, size_t first);
int64_t pace_now_us(void);
#else
static inline void pace_moment(const char *moment) {
    (void)moment;
}
static inline void pace_step(
    int64_t began_us, const struct input *in, const struct effects *out, size_t first) {
    (void)began_us;
    (void)in;
    (void)out;
    (void)first;
}
static inline int64_t pace_now_us(void) {
    return 0;
}
#endif
