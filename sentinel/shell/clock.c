#include "sentinel/shell/clock.h"

#include <time.h>

void clock_init(struct clock *c, int64_t mono_ms, int64_t wall_ms) {
    *c = (struct clock){
        .now = { .mono_ms = mono_ms, .heard_ms = mono_ms, .wall_ms = wall_ms, .wake = 1 },
        .slept_ms = mono_ms,
        .until_ms = mono_ms,
    };
}

static void note_stall(struct clock *c, int64_t stall_ms, int64_t mono_ms) {
    struct stalls *s = &c->stalls;
    if (stall_ms <= CLOCK_LATE_MAX_MS)
        return;
    s->count++;
    s->longest_ms = MAX_OF(s->longest_ms, stall_ms);
    s->last_ms = stall_ms;
    s->last_at_ms = mono_ms;
    c->untold_ms = MAX_OF(c->untold_ms, stall_ms);
}

int64_t clock_tell_stall(struct clock *c) {
    bool too_soon = tstamp_is_recent(c->now.mono_ms, c->told_ms, CLOCK_TELL_PAUSE_MS);
    if (c->untold_ms < CLOCK_STALL_TOLD_MS || too_soon)
        return 0;
    int64_t stall_ms = c->untold_ms;
    c->untold_ms = 0;
    c->told_ms = c->now.mono_ms;
    return stall_ms;
}

void clock_sleep(struct clock *c, int64_t mono_ms, int64_t until_ms) {
    note_stall(c, tstamp_age(mono_ms, c->now.mono_ms), mono_ms);
    c->slept_ms = mono_ms;
    c->until_ms = until_ms;
}

void clock_wake(struct clock *c, int64_t mono_ms, int64_t wall_ms) {
    note_stall(c, tstamp_age(mono_ms, MAX_OF(c->slept_ms, c->until_ms)), mono_ms);
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

bool clock_is_at(int64_t mono_us) {
    return mono_us != TSTAMP_NEVER && clock_mono_us() >= mono_us;
}

int64_t clock_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
