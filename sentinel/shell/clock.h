/* The reading of the clocks that all inputs of one wake-up share, and the clock of what was heard:
 * it stands still while we were not listening, so that our own stalls never make others look
 * silent; and how long those were. Arms no timer. */
#pragma once

#include "common/tstamp.h"
#include "sentinel/core/input.h"

/* What a late wake-up, or a long time between wake-up and sleep, adds to the heard clock at most.
 */
#define CLOCK_LATE_MAX_MS 50
/* Stalls that are worth a line in the log, and the least time between two of these. */
#define CLOCK_STALL_TOLD_MS 1000
#define CLOCK_TELL_PAUSE_MS 10000

struct clock {
    struct now now;   /* of the wake-up going on */
    int64_t slept_ms; /* monotonic: when we last went to sleep */
    int64_t until_ms; /* monotonic: until when we meant to sleep then; TSTAMP_NEVER: until something
                         happens */
    struct stalls stalls; /* longer than CLOCK_LATE_MAX_MS */
    int64_t untold_ms;    /* the longest one not told yet */
    int64_t told_ms;      /* monotonic: when one was told; 0 = never */
};

/* A first wake-up at this instant; the heard clock starts where the monotonic one is. */
void clock_init(struct clock *c, int64_t mono_ms, int64_t wall_ms);
/* We go to sleep now. */
void clock_sleep(struct clock *c, int64_t mono_ms, int64_t until_ms);
/* We woke up; c->now is the reading of this wake-up. */
void clock_wake(struct clock *c, int64_t mono_ms, int64_t wall_ms);

/* The longest stall that is to be told now, in ms; 0: none. Then it has been told. */
int64_t clock_tell_stall(struct clock *c);

/* How far the heard clock moves from one wake-up to the next; all on the monotonic clock. */
int64_t clock_heard(int64_t last_wake_ms, int64_t slept_ms, int64_t until_ms, int64_t wake_ms);

/* The clocks of the system. */
int64_t clock_mono_us(void);
/* Whether the monotonic one has come to this instant; TSTAMP_NEVER: it never does. */
bool clock_is_at(int64_t mono_us);
int64_t clock_wall_ms(void);
