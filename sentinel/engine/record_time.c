#include "sentinel/engine/record_time.h"

#include "common/tstamp.h"

#define INSTANT_MAX (INT64_C(1) << 53) /* ms */

static bool is_same_time(const struct now *a, const struct now *b) {
    return a->mono_ms == b->mono_ms && a->heard_ms == b->heard_ms && a->wall_ms == b->wall_ms &&
        a->wake == b->wake;
}

/* How far the clocks went on. */
static struct now passed(const struct now *from, const struct now *to) {
    return (struct now){
        .mono_ms = to->mono_ms - from->mono_ms,
        .heard_ms = to->heard_ms - from->heard_ms,
        .wall_ms = to->wall_ms - from->wall_ms,
        .wake = to->wake - from->wake,
    };
}

static bool is_plain(const struct now *step) {
    return step->heard_ms == step->mono_ms && step->wall_ms == step->mono_ms && step->wake == 1;
}

unsigned time_flags(const struct now *last, const struct now *now) {
    struct now step = passed(last, now);
    if (is_same_time(last, now))
        return TIME_SAME;
    return is_plain(&step) ? TIME_PLAIN : 0;
}

void pack_time(struct now *last, const struct now *now, struct buf *out) {
    unsigned flags = time_flags(last, now);
    struct now step = passed(last, now);
    *last = *now;
    if (flags == TIME_SAME)
        return;
    pack_i64(out, step.mono_ms);
    if (flags == TIME_PLAIN)
        return;
    pack_i64(out, step.heard_ms);
    pack_i64(out, step.wall_ms);
    pack_i64(out, (int64_t)step.wake);
}

/* No clock but that of people goes back, and none is so far off that it cannot be reckoned with. */
static bool is_possible(const struct now *step, const struct now *now) {
    return step->mono_ms >= 0 && step->heard_ms >= 0 && now->mono_ms <= INSTANT_MAX &&
        now->heard_ms <= now->mono_ms && now->wall_ms >= -INSTANT_MAX &&
        now->wall_ms <= INSTANT_MAX;
}

static int64_t unpack_step(struct unpack *u) {
    int64_t step = unpack_i64(u);
    if (step < -2 * INSTANT_MAX || step > 2 * INSTANT_MAX) {
        u->failed = true;
        return 0;
    }
    return step;
}

void unpack_time(struct unpack *u, struct now *last, unsigned flags) {
    struct now step = { .mono_ms = 0 };
    if ((flags & TIME_SAME) != 0)
        return;
    step.mono_ms = step.heard_ms = step.wall_ms = unpack_step(u);
    step.wake = 1;
    if ((flags & TIME_PLAIN) == 0) {
        step.heard_ms = unpack_step(u);
        step.wall_ms = unpack_step(u);
        step.wake = (uint64_t)unpack_i64(u);
    }
    struct now now = {
        .mono_ms = last->mono_ms + step.mono_ms,
        .heard_ms = last->heard_ms + step.heard_ms,
        .wall_ms = last->wall_ms + step.wall_ms,
        .wake = last->wake + step.wake,
    };
    if (u->failed || !is_possible(&step, &now))
        u->failed = true;
    else
        *last = now;
}
