/* Instants and durations in milliseconds, with saturating arithmetic. An instant is on the clock
 * that its field names. */
#pragma once

#include "common/base.h"

#define TSTAMP_NEVER INT64_MAX

/* One reading of the clocks, taken once per wake-up. */
struct now {
    int64_t mono_ms;  /* monotonic */
    int64_t heard_ms; /* monotonic, but standing still while we were not listening; silence is
                         measured on it */
    int64_t wall_ms;  /* since 1970, for people; nothing is decided by it */
    uint64_t wake;    /* number of the wake-up; all inputs of one wake-up share it */
};

/* t + d, TSTAMP_NEVER if either is never or the sum overflows. */
static inline int64_t tstamp_add(int64_t t, int64_t d) {
    int64_t sum;
    if (t == TSTAMP_NEVER || d == TSTAMP_NEVER || __builtin_add_overflow(t, d, &sum))
        return TSTAMP_NEVER;
    return sum;
}

/* How long ago `t` was; 0 if it lies ahead. Saturates as well. */
static inline int64_t tstamp_age(int64_t now_ms, int64_t t) {
    int64_t age;
    if (now_ms <= t)
        return 0;
    return __builtin_sub_overflow(now_ms, t, &age) ? INT64_MAX : age;
}

/* Whether `t` was less than `period_ms` ago; not if it never was (0). */
static inline bool tstamp_is_recent(int64_t now_ms, int64_t t, int64_t period_ms) {
    return t != 0 && tstamp_age(now_ms, t) < period_ms;
}

static inline int64_t tstamp_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
