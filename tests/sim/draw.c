#include "tests/sim/draw.h"

#include "tests/sim/schedule.h"

const char *const fault_names[FAULT_COUNT] = {
    [FAULT_SERVER_KILL] = "kill",
    [FAULT_SERVER_HANG] = "hang",
    [FAULT_SERVER_TROUBLE] = "trouble",
    [FAULT_VEDETTE_CRASH] = "crash",
    [FAULT_VEDETTE_STALL] = "stall",
    [FAULT_VEDETTE_STOP] = "stop",
    [FAULT_POWER_LOSS] = "power",
    [FAULT_PARTITION] = "partition",
    [FAULT_CONN_RESET] = "reset",
    [FAULT_CONN_STALL] = "slow",
    [FAULT_DISK] = "disk",
    [FAULT_VISITOR] = "visitor",
    [FAULT_STRANGER] = "stranger",
};

/* How often each kind comes, where a seed has it at all. */
static const uint32_t usual_weights[FAULT_COUNT] = {
    [FAULT_SERVER_KILL] = 10,
    [FAULT_SERVER_HANG] = 6,
    [FAULT_SERVER_TROUBLE] = 4,
    [FAULT_VEDETTE_CRASH] = 6,
    [FAULT_VEDETTE_STALL] = 4,
    [FAULT_VEDETTE_STOP] = 1,
    [FAULT_POWER_LOSS] = 4,
    [FAULT_PARTITION] = 8,
    [FAULT_CONN_RESET] = 6,
    [FAULT_CONN_STALL] = 4,
    [FAULT_DISK] = 4,
    [FAULT_VISITOR] = 3,
    [FAULT_STRANGER] = 1,
};

static int64_t pick(struct rng *rng, const int64_t *values, size_t count) {
    return values[rng_between(rng, 0, (int64_t)count - 1)];
}

#define PICK(rng, ...) \
    pick(rng, (const int64_t[]){ __VA_ARGS__ }, \
        sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void draw_settings(struct draw *d, struct rng *rng) {
    d->quorum = PICK(rng, 2, 2, 2, 2, 1, 3);
    d->down_after_ms = PICK(rng, 1000, 1000, 500, 2000, 200, 100, 5000);
    d->failover_timeout_ms = PICK(rng, 10000, 10000, 5000, 20000, 2000, 3000, 60000);
    d->parallel_syncs = PICK(rng, 1, 1, 2);
    d->reboot_down_after_ms = PICK(rng, 0, 0, 0, 1000, 3000);
    d->crash_after_ms = PICK(rng, 0, 0, 0, 50, 200, 1000);
    d->has_password = rng_chance(rng, 250);
}

static void draw_world(struct draw *d, struct rng *rng) {
    d->colocated = rng_chance(rng, 500);
    for (size_t i = 0; i < SERVER_COUNT; i++)
        d->priorities[i] = PICK(rng, 100, 100, 100, 50, 10);
    if (rng_chance(rng, 400)) /* not more: somebody has to be left to promote */
        d->priorities[rng_between(rng, 0, SERVER_COUNT - 1)] = 0;
    d->restart_role = (enum restart_role)PICK(rng, RESTART_SAVED, RESTART_SAVED, RESTART_SAVED,
        RESTART_ORIGINAL, RESTART_MASTER, RESTART_MASTER);
    d->sync_low_us = 1 * US_PER_MS;
    d->sync_high_us = PICK(rng, 20, 200, 1000, 4000) * US_PER_MS;
    d->repl_timeout_us = PICK(rng, 60, 20, 5) * US_PER_S;
    d->loop_us = PICK(rng, 50, 200, 200, 2000, 10000);
    d->weather = (struct weather){
        .delay_low_us = PICK(rng, 50, 50, 200, 2000),
        .split_per_mille = (uint32_t)PICK(rng, 0, 0, 20, 100),
        .spike_per_mille = (uint32_t)PICK(rng, 0, 0, 1, 5),
        .spike_us = 500 * US_PER_MS,
        .retry_us = 2 * US_PER_S,
    };
    d->weather.delay_high_us = d->weather.delay_low_us * PICK(rng, 2, 2, 10, 25);
    int64_t disk_ms = PICK(rng, 1, 2, 5, 20, 100, 300);
    d->disk = (struct disk_mood){
        .low_us = 20,
        .high_us = disk_ms * US_PER_MS,
        .failure_per_mille = (uint32_t)PICK(rng, 0, 0, 0, 10, 100),
    };
    d->stale_inputs = rng_chance(rng, 300);
}

static void draw_faults(struct draw *d, struct rng *rng) {
    d->fault_time_us = rng_between(rng, 60, 120) * US_PER_S;
    d->fault_gap_us = PICK(rng, 1000, 3000, 3000, 8000, 8000, 20000) * US_PER_MS;
    d->outage_max_us = PICK(rng, 1000, 5000, 5000, 15000, 30000) * US_PER_MS;
    d->cut_orders = (uint32_t)PICK(rng, 0, 0, 50, 200);
    d->crash_in_effects = (uint32_t)PICK(rng, 0, 0, 20, 100);
    for (size_t i = 0; i < FAULT_COUNT; i++)
        d->weights[i] = rng_chance(rng, 550) ? usual_weights[i] : 0;
    d->weights[rng_between(rng, 0, 1)] += 5; /* the master is in danger in every run */
}

void draw_from(struct draw *d, struct rng *rng) {
    *d = (struct draw){ .quorum = 0 };
    draw_settings(d, rng);
    draw_world(d, rng);
    draw_faults(d, rng);
    d->has_scripts = rng_chance(rng, 250);
    d->naming = (enum naming)PICK(
        rng, NAMING_NONE, NAMING_NONE, NAMING_NONE, NAMING_NONE, NAMING_RESOLVED, NAMING_ANNOUNCED);
}

void draw_plain(struct draw *d) {
    *d = (struct draw){
        .quorum = 2,
        .down_after_ms = 1000,
        .failover_timeout_ms = 10000,
        .parallel_syncs = 1,
        .priorities = { 100, 100, 100 },
        .restart_role = RESTART_SAVED,
        .sync_low_us = 10 * US_PER_MS,
        .sync_high_us = 10 * US_PER_MS,
        .repl_timeout_us = 60 * US_PER_S,
        .weather = { .delay_low_us = 1 * US_PER_MS, .delay_high_us = 1 * US_PER_MS },
        .disk = { .low_us = 1 * US_PER_MS, .high_us = 1 * US_PER_MS },
    };
}

void draw_print(const struct draw *d, struct buf *out) {
    buf_printf(out,
        "quorum %lld, down after %lld ms, failover timeout %lld ms, parallel syncs %lld",
        (long long)d->quorum, (long long)d->down_after_ms, (long long)d->failover_timeout_ms,
        (long long)d->parallel_syncs);
    buf_printf(
        out, ", crash after %lld ms, naming %d", (long long)d->crash_after_ms, (int)d->naming);
    buf_printf(out, ", priorities %lld %lld %lld, %s, restart role %d, loop %lld us",
        (long long)d->priorities[0], (long long)d->priorities[1], (long long)d->priorities[2],
        d->colocated ? "shared hosts" : "own hosts", (int)d->restart_role, (long long)d->loop_us);
    buf_printf(out, "; delays %lld to %lld us; disk to %lld us; a fault every %lld ms for %lld s:",
        (long long)d->weather.delay_low_us, (long long)d->weather.delay_high_us,
        (long long)d->disk.high_us, (long long)(d->fault_gap_us / US_PER_MS),
        (long long)(d->fault_time_us / US_PER_S));
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (d->weights[i] > 0)
            buf_printf(out, " %s", fault_names[i]);
}
