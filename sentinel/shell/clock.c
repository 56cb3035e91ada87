#include "sentinel/shell/clock.h"

#include <time.h>

void clock_init(struct clock *c, int64_t mono_ms, int64_t wall_ms) {
    *c = (struct clock){
        .now = { .mono_ms = mono_ms, .heard_ms = mono_ms, .wall_ms = wall_ms, .wake = 1 },
        .slept_ms = mono_ms,
        .until_ms = mono_ms,
    };
}

void clock_sleep(struct clock *c, int64_t mono_ms, int64_t until_ms) {
    c->slept_ms = mono_ms;
    c->until_ms = until_ms;
}

void clock_wake(struct clock *c, int64_t mono_ms, int64_t wall_ms) {
    c->now.heard_ms += clock_heard(c->now.mono_ms, c->slept_ms, c->until_ms, mono_ms);
    c->now.mono_ms = mono_ms;
    c->now.wall_ms = wall_ms;
    c->now.wake++;
}

int64_t clock_heard(int64_t last_wake_ms, int64_t slept_ms, int64_t until_ms, int64_t wake_ms) {
    int64_t busy = tstamp_age(slept_ms, last_wake_ms);
    int64_t planned_end =
        MAX_OF(slept_ms, until_ms); /* a deadline that had passed plans no sleep */
    int64_t asleep = tstamp_age(tstamp_min(wake_ms, planned_end), slept_ms);
    int64_t late = tstamp_age(wake_ms, planned_end);
    return tstamp_min(busy, CLOCK_LATE_MAX_MS) + asleep + tstamp_min(late, CLOCK_LATE_MAX_MS);
}

int64_t clock_mono_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
