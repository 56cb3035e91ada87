#include "tests/sim/draw.h"

#include "tests/sim/schedule.h"

#define TIME_US  (600 * US_PER_S)
#define QUIET_US (3600 * US_PER_S)

const char *const fault_names[FAULT_COUNT] = {
    [FAULT_SERVER_KILL] = "kill",
    [FAULT_SERVER_HANG] = "hang",
    [FAULT_SERVER_TROUBLE] = "trouble",
    [FAULT_SERVER_RESTART] = "restart",
    [FAULT_SERVER_FORBID] = "forbid",
    [FAULT_SERVER_CHAIN] = "chain",
    [FAULT_VEDETTE_CRASH] = "crash",
    [FAULT_VEDETTE_STALL] = "stall",
    [FAULT_VEDETTE_CLOCK] = "clock",
    [FAULT_VEDETTE_STOP] = "stop",
    [FAULT_POWER_LOSS] = "power",
    [FAULT_HOST_PAUSE] = "pause",
    [FAULT_SPLIT] = "split",
    [FAULT_PARTITION] = "partition",
    [FAULT_CONN_RESET] = "reset",
    [FAULT_CONN_STALL] = "slow",
    [FAULT_DISK] = "disk",
    [FAULT_VISITOR] = "visitor",
    [FAULT_STRANGER] = "stranger",
    [FAULT_OPERATOR] = "operator",
    [FAULT_RELOAD] = "reload",
};

/* How often each kind comes, where a seed has it at all. */
static const uint32_t usual_weights[FAULT_COUNT] = {
    [FAULT_SERVER_KILL] = 10,
    [FAULT_SERVER_HANG] = 6,
    [FAULT_SERVER_TROUBLE] = 4,
    [FAULT_SERVER_RESTART] = 4,
    [FAULT_SERVER_FORBID] = 2,
    [FAULT_SERVER_CHAIN] = 2,
    [FAULT_VEDETTE_CRASH] = 6,
    [FAULT_VEDETTE_STALL] = 4,
    [FAULT_VEDETTE_CLOCK] = 2,
    [FAULT_VEDETTE_STOP] = 1,
    [FAULT_POWER_LOSS] = 4,
    [FAULT_HOST_PAUSE] = 4,
    [FAULT_SPLIT] = 4,
    [FAULT_PARTITION] = 8,
    [FAULT_CONN_RESET] = 6,
    [FAULT_CONN_STALL] = 4,
    [FAULT_DISK] = 4,
    [FAULT_VISITOR] = 3,
    [FAULT_STRANGER] = 1,
    [FAULT_OPERATOR] = 4,
    [FAULT_RELOAD] = 3,
};

int draw_rows(const struct draw *d) {
    int rows = 0;
    for (int i = 0; i < d->groups; i++)
        rows = MAX_OF(rows, d->group[i].replicas + 1);
    return rows;
}

static int64_t pick(struct rng *rng, const int64_t *values, size_t count) {
    return values[rng_between(rng, 0, (int64_t)count - 1)];
}

#define PICK(rng, ...) \
    pick(rng, (const int64_t[]){ __VA_ARGS__ }, \
        sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

/* Mostly small: a world of three vedettes and one group runs ten times as fast as one of five and
 * five, and most of what can go wrong can go wrong there. */
static void draw_size(struct draw *d, struct rng *rng) {
    d->vedettes = (int)PICK(rng, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 7);
    d->groups = (int)PICK(rng, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5);
    for (int i = 0; i < d->groups; i++)
        d->group[i].replicas = (int)PICK(rng, 2, 2, 2, 2, 2, 2, 2, 1, 3, 3, 4, 6);
}

/* What is probed most often is watched by three and alone. */
static int64_t draw_down_after(bool is_large, struct rng *rng) {
    return is_large ? PICK(rng, 5000, 5000, 10000, 30000, 2000)
                    : PICK(rng, 1000, 1000, 2000, 2000, 5000, 5000, 10000, 500, 200, 30000);
}

static void draw_group(struct group_draw *g, int vedettes, bool is_large, struct rng *rng) {
    int majority = vedettes / 2 + 1;
    g->quorum = PICK(rng, majority, majority, majority, 2, 1, vedettes);
    g->down_after_ms = draw_down_after(is_large, rng);
    g->failover_timeout_ms = PICK(rng, 10000, 10000, 5000, 20000, 2000, 3000, 60000, 180000);
    g->parallel_syncs = PICK(rng, 1, 1, 2);
    g->reboot_down_after_ms = PICK(rng, 0, 0, 0, 1000, 3000);
    g->crash_after_ms = PICK(rng, 0, 0, 0, 50, 200, 1000);
    for (size_t i = 0; i < SIM_GROUP_SERVERS_MAX; i++)
        g->priorities[i] = PICK(rng, 100, 100, 100, 50, 10);
    for (size_t i = 0; i < SIM_GROUP_SERVERS_MAX; i++)
        g->is_hidden[i] = rng_chance(rng, 50);
    if (g->replicas > 1 && rng_chance(rng, 400)) /* not more: somebody has to be left to promote */
        g->priorities[rng_between(rng, 0, g->replicas)] = 0;
}

static void draw_world(struct draw *d, struct rng *rng) {
    d->has_password = rng_chance(rng, 250);
    d->colocated = rng_chance(rng, 500);
    d->restart_role = (enum restart_role)PICK(rng, RESTART_SAVED, RESTART_SAVED, RESTART_SAVED,
        RESTART_ORIGINAL, RESTART_MASTER, RESTART_MASTER);
    d->keeping = (enum keeping)PICK(rng, KEEP_ALL, KEEP_ALL, KEEP_SOME, KEEP_NOTHING);
    d->backlog_size = PICK(rng, 1000000, 1000000, 20000);
    d->lag_per_mille = (uint32_t)PICK(rng, 0, 0, 0, 300, 950);
    d->wipe_per_mille = (uint32_t)PICK(rng, 0, 0, 0, 200);
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
    d->slow_us = PICK(rng, 0, 0, 0, 5, 20, 60) * US_PER_MS;
    d->drift_max = PICK(rng, 0, 0, 100, 1000);
    d->weather.delay_high_us = d->weather.delay_low_us * PICK(rng, 2, 2, 10, 25);
    int64_t disk_ms = PICK(rng, 1, 2, 5, 20, 100, 300);
    d->disk = (struct disk_mood){
        .low_us = 20,
        .high_us = disk_ms * US_PER_MS,
        .failure_per_mille = (uint32_t)PICK(rng, 0, 0, 0, 10, 100),
    };
    d->clients = (int)PICK(rng, 0, 1, 1, 2, 3);
    d->write_gap_us = PICK(rng, 200, 500, 1000) * US_PER_MS;
    d->stale_inputs = rng_chance(rng, 300);
}

static void draw_faults(struct draw *d, struct rng *rng) {
    d->time_us = TIME_US;
    d->fault_time_us = rng_between(rng, 60, 240) * US_PER_S;
    d->quiet_us = rng_chance(rng, 20) ? QUIET_US : 0;
    d->fault_gap_us = PICK(rng, 1000, 3000, 3000, 8000, 8000, 20000) * US_PER_MS;
    d->outage_max_us = PICK(rng, 1000, 5000, 5000, 15000, 30000) * US_PER_MS;
    d->ambushes = (uint32_t)PICK(rng, 0, 0, 100, 300);
    d->cut_orders = (uint32_t)PICK(rng, 0, 0, 50, 200);
    d->stall_in_effects = (uint32_t)PICK(rng, 0, 0, 0, 20, 100);
    d->crash_in_effects = (uint32_t)PICK(rng, 0, 0, 20, 100);
    for (size_t i = 0; i < FAULT_COUNT; i++)
        d->weights[i] = rng_chance(rng, 550) ? usual_weights[i] : 0;
    d->weights[rng_between(rng, 0, 1)] += 5; /* the master is in danger in every run */
}

/* Stock opens a lost link again after up to a second and a tick: with less than that as down-after
 * it finds each new master down, since its promotion has cut all links, and has it replaced. It
 * waits for 2 x failover-timeout after each attempt that failed: not for hours. Names make it wait
 * for its resolver, which nobody models. Its operators leave its settings alone, and so do those of
 * the vedettes beside it. */
#define STOCK_DOWN_AFTER_MIN_MS       1500
#define STOCK_FAILOVER_TIMEOUT_MAX_MS 60000

static void make_fit_for_stock(struct draw *d) {
    d->weights[FAULT_OPERATOR] = d->weights[FAULT_RELOAD] = 0;
    for (int i = 0; i < d->groups; i++) {
        struct group_draw *g = &d->group[i];
        g->down_after_ms = MAX_OF(g->down_after_ms, STOCK_DOWN_AFTER_MIN_MS);
        g->failover_timeout_ms = MIN_OF(g->failover_timeout_ms, STOCK_FAILOVER_TIMEOUT_MAX_MS);
    }
}

static void draw_stocks(struct draw *d, struct rng *rng) {
    if (d->naming != NAMING_NONE || !rng_chance(rng, 400))
        return;
    int sentinels = (int)PICK(rng, 3, 3, 3, 3, 4, 5), majority = sentinels / 2 + 1;
    d->stocks = (int)PICK(rng, 1, 1, 2);
    d->vedettes = sentinels - d->stocks;
    for (int i = 0; i < d->groups; i++)
        d->group[i].quorum = PICK(rng, majority, majority, majority, 2, 1, sentinels);
    make_fit_for_stock(d);
}

void draw_stocks_alone(struct draw *d) {
    d->vedettes = d->clients = 0;
    d->quiet_us = 0;
    d->trust = TRUST_ALL;
    d->has_forger = false;
    d->naming = NAMING_NONE;
    d->stocks = SIM_STOCKS_MAX;
    for (int i = 0; i < d->groups; i++)
        d->group[i].quorum = MIN_OF(d->group[i].quorum, SIM_STOCKS_MAX);
    make_fit_for_stock(d);
}

/* As small as they can be, where a world can live with that. Names take room for a while: a server
 * that is known by its IP, too, is two. */
static void draw_limits(struct draw *d, struct rng *rng) {
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        d->limits[i] = UNLIMITED;
    if (!rng_chance(rng, 250))
        return;
    d->limits[LIMIT_PENDING_COMMANDS] = PICK(rng, UNLIMITED, 10);
    d->limits[LIMIT_PARKED_REPLIES] = PICK(rng, UNLIMITED, 1);
    d->limits[LIMIT_PARKED_TIME] = PICK(rng, UNLIMITED, 100);
    d->limits[LIMIT_INFO_CACHE] = PICK(rng, UNLIMITED, 0, 2000);
    d->limits[LIMIT_QUERY_BUFFER] = PICK(rng, UNLIMITED, 16384);
    d->limits[LIMIT_PEERS] = PICK(rng, UNLIMITED, d->vedettes + d->stocks - 1);
    if (d->naming == NAMING_NONE)
        d->limits[LIMIT_REPLICAS] = PICK(rng, UNLIMITED, draw_rows(d) - 1);
}

void draw_from(struct draw *d, struct rng *rng) {
    *d = (struct draw){ .groups = 0 };
    draw_size(d, rng);
    for (int i = 0; i < d->groups; i++)
        draw_group(&d->group[i], d->vedettes, i > 0 || d->vedettes > 4, rng);
    draw_world(d, rng);
    draw_faults(d, rng);
    d->has_scripts = rng_chance(rng, 250);
    d->naming = (enum naming)PICK(
        rng, NAMING_NONE, NAMING_NONE, NAMING_NONE, NAMING_NONE, NAMING_RESOLVED, NAMING_ANNOUNCED);
    draw_stocks(d, rng);
    draw_limits(d, rng);
    struct rng copy =
        *rng; /* whoever draws nothing of these has the story that it had without them */
    d->moves = (uint32_t)PICK(&copy, 0, 0, 0, 0, 0, 0, 0, 300);
    d->trust = (enum trust)PICK(&copy, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL,
        TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL, TRUST_ALL,
        TRUST_PERMISSIVE, TRUST_STRICT, TRUST_STRICT);
    if (d->stocks > 0 && d->trust == TRUST_STRICT) /* they would be nobody */
        d->trust = TRUST_PERMISSIVE;
    d->has_forger = d->trust != TRUST_ALL;
    d->lost_names = (uint32_t)PICK(&copy, 100, 100, 300);
}

void draw_plain(struct draw *d) {
    *d = (struct draw){
        .vedettes = 3,
        .groups = 1,
        .group[0] = {
            .quorum = 2,
            .down_after_ms = 1000,
            .failover_timeout_ms = 10000,
            .parallel_syncs = 1,
            .replicas = 2,
            .priorities = { 100, 100, 100, 100, 100, 100, 100 },
        },
        .restart_role = RESTART_SAVED,
        .backlog_size = 1000000,
        .sync_low_us = 10 * US_PER_MS,
        .sync_high_us = 10 * US_PER_MS,
        .repl_timeout_us = 60 * US_PER_S,
        .weather = { .delay_low_us = 1 * US_PER_MS, .delay_high_us = 1 * US_PER_MS },
        .disk = { .low_us = 1 * US_PER_MS, .high_us = 1 * US_PER_MS },
    };
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        d->limits[i] = UNLIMITED;
}

static void print_group(const struct group_draw *g, struct buf *out) {
    buf_printf(out,
        " [quorum %lld, down after %lld ms, failover timeout %lld ms, parallel syncs %lld",
        (long long)g->quorum, (long long)g->down_after_ms, (long long)g->failover_timeout_ms,
        (long long)g->parallel_syncs);
    buf_printf(out, ", crash after %lld ms, priorities", (long long)g->crash_after_ms);
    for (int i = 0; i <= g->replicas; i++)
        buf_printf(out, " %lld", (long long)g->priorities[i]);
    buf_add_char(out, ']');
}

void draw_print(const struct draw *d, struct buf *out) {
    buf_printf(out, "%d vedettes, %d stock, %d groups:", d->vedettes, d->stocks, d->groups);
    for (int i = 0; i < d->groups; i++)
        print_group(&d->group[i], out);
    if (d->trust != TRUST_ALL)
        buf_printf(out, "; %s", d->trust == TRUST_STRICT ? "strict" : "permissive");
    buf_printf(out, "; naming %d, %s, restart role %d, loop %lld us", (int)d->naming,
        d->colocated ? "shared hosts" : "own hosts", (int)d->restart_role, (long long)d->loop_us);
    buf_printf(out, "; delays %lld to %lld us; disk to %lld us; a fault every %lld ms for %lld s:",
        (long long)d->weather.delay_low_us, (long long)d->weather.delay_high_us,
        (long long)d->disk.high_us, (long long)(d->fault_gap_us / US_PER_MS),
        (long long)(d->fault_time_us / US_PER_S));
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (d->weights[i] > 0)
            buf_printf(out, " %s", fault_names[i]);
}
