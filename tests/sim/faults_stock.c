/* What befalls stock Sentinels. Their disks are slow at times, but never fail: a stock one tells a
 * vote that it could not write, and may give it twice (spec 6.4). */
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

#define CLOCK_STEP_MAX_MS 5000
#define STALL_MAX_US      (6 * US_PER_S)
#define HEALED_WRITE_US   (20 * US_PER_MS)

/* When this is over. */
static void later(struct world *w, task_fn run, const struct stock *s) {
    int64_t at_us = w->schedule.now_us + faults_duration(w);
    schedule_at(&w->schedule, at_us, run, w, (uint64_t)(s - w->stocks));
}

void faults_bring_back_stock(void *context, uint64_t number) {
    struct world *w = context;
    struct stock *s = &w->stocks[number];
    if (s->is_alive)
        return;
    stock_start(s);
    laws_stock_started(&w->laws, s);
}

static void crash(struct world *w, struct stock *s) {
    stock_crash(s, NET_LEAVE_PROCESS);
    marks_hit(&w->marks, MARK_STOCK_CRASH);
    later(w, faults_bring_back_stock, s);
}

static void stall(struct world *w, struct stock *s) {
    stock_stall(s, w->schedule.now_us + MIN_OF(faults_duration(w), STALL_MAX_US));
}

/* It reads the time of day, which somebody sets (spec 19.3). */
static void set_clock(struct world *w, struct stock *s) {
    int64_t step_ms = rng_between(&w->rng, -CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS);
    story_line(&w->story, s->settings.name, "its clock is set by %lld ms", (long long)step_ms);
    s->clock_ms += step_ms;
}

static void mend_disk(void *context, uint64_t number) {
    struct world *w = context;
    if (w->faults_are_on)
        w->stocks[number].settings.write_high_us = w->draw.disk.high_us;
}

static void slow_disk(struct world *w, struct stock *s) {
    story_line(&w->story, s->settings.name, "its disk is slow");
    s->settings.write_high_us = 20 * w->draw.disk.high_us + 100 * US_PER_MS;
    later(w, mend_disk, s);
}

static int any_group(struct world *w) {
    return (int)rng_between(&w->rng, 0, w->group_count - 1);
}

static void operate(struct world *w, struct stock *s) {
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&words, "SENTINEL FAILOVER %s", world_group_name(any_group(w)));
    visitor_say_to(&w->visitor, &s->party, buf_text(&words));
}

/* A Sentinel that nobody knows asks for a vote. */
static void ask(struct world *w, struct stock *s) {
    const struct stock_group *g = stock_group(s, slice_of(world_group_name(any_group(w))));
    if (g == NULL)
        return;
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&words, "SENTINEL is-master-down-by-addr %s %u %llu %040d",
        stock_group_master(g)->host, stock_group_master(g)->port,
        (unsigned long long)s->current_epoch + (uint64_t)rng_between(&w->rng, 0, 2), 7);
    visitor_say_to(&w->visitor, &s->party, buf_text(&words));
}

static void (*const actions[FAULT_COUNT])(struct world *w, struct stock *s) = {
    [FAULT_VEDETTE_CRASH] = crash,
    [FAULT_VEDETTE_STALL] = stall,
    [FAULT_VEDETTE_CLOCK] = set_clock,
    [FAULT_VEDETTE_STOP] = crash, /* it writes nothing when it is asked to stop (spec 14.1) */
    [FAULT_DISK] = slow_disk,
    [FAULT_VISITOR] = operate,
    [FAULT_STRANGER] = ask,
};

void faults_start_stocks(struct world *w) {
    for (int i = 0; i < w->stock_count; i++)
        w->stocks[i].settings.write_high_us = w->draw.disk.high_us;
}

bool faults_befall_stock(struct world *w, enum fault kind) {
    if (w->stock_count == 0 || actions[kind] == NULL)
        return false;
    int64_t turn = rng_between(&w->rng, 0, w->vedette_count + w->stock_count - 1);
    if (turn >= w->stock_count)
        return false;
    actions[kind](w, &w->stocks[turn]);
    return true;
}

void faults_heal_stocks(struct world *w) {
    for (int i = 0; i < w->stock_count; i++) {
        struct stock *s = &w->stocks[i];
        s->settings.write_high_us = MIN_OF(w->draw.disk.high_us, HEALED_WRITE_US);
        stock_continue(s);
        faults_bring_back_stock(w, (uint64_t)i);
    }
}
