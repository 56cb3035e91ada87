/* The reading of the clocks that all inputs of one wake-up share, and the clock of what was heard:
 * it stands still while we were not listening, so that our own stalls never make others look
 * silent. Arms no timer. */
#pragma once

#include "common/tstamp.h"

/* What a late wake-up, or a long time between wake-up and sleep, adds to the heard clock at most.
 */
#define CLOCK_LATE_MAX_MS 50

struct clock {
    struct now now;   /* of the wake-up going on */
    int64_t slept_ms; /* monotonic: when we last went to sleep */
    int64_t until_ms; /* monotonic: until when we meant to sleep then; TSTAMP_NEVER: until something
                         happens */
};

/* A first wake-up at this instant; the heard clock starts where the monotonic one is. */
void clock_init(struct clock *c, int64_t mono_ms, int64_t wall_ms);
/* We go to sleep now. */
void clock_sleep(struct clock *c, int64_t mono_ms, int64_t until_ms);
/* We woke up; c->now is the reading of this wake-up. */
void clock_wake(struct clock *c, int64_t mono_ms, int64_t wall_ms);

/* How far the heard clock moves from one wake-up to the next; all on the monotonic clock. */
int64_t clock_heard(int64_t last_wake_ms, int64_t slept_ms, int64_t until_ms, int64_t wake_ms);

/* The clocks of the system. */
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void);
