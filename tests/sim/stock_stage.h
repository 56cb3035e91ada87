/* A stage for stock Sentinels alone: a master with two replicas, some models that watch it, and
 * scenarios that are played with them in virtual time. The same scenarios are played with real ones
 * by tests/integration/test_stock_model.py. */
#pragma once

#include "tests/sim/schedule.h"
#include "tests/sim/server.h"
#include "tests/sim/stock.h"
#include "tests/sim/story.h"

#define STAGE_STOCKS 5
#define STAGE_GROUP  "mymaster"

/* Deeds, one after the other, a line each:
 *   <ms> kill|start|hang|wake <who>    who: s1 (the first master), s2, s3, k1, k2, ...
 *   <ms> follow <who> <whom>           a server is told to, by hand
 *   <ms> failover <who>                SENTINEL FAILOVER, said to that Sentinel
 *   <ms> end
 * after so many ms, and
 *   await any|all|<who> <event>        until one, or each that lives, or that one told it since the
 *                                      last deed */
struct scenario {
    const char *name;
    size_t stocks;
    int64_t quorum, down_after_ms, failover_timeout_ms;
    int64_t priorities[3];
    const char *deeds;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct stage {
    const struct scenario *scenario;
    struct schedule schedule;
    struct story story;
    struct rng rng;
    struct net net;
    struct farm farm;
    bool is_busy; /* a quarter of the seeds: the machine has other things to do */
    struct stock stocks[STAGE_STOCKS];
    int64_t begun_us;      /* when the first deed is due */
    struct buf events;     /* "<ms> <who> <event> <payload>", a line each */
    size_t mark;           /* where the events since the last deed start */
    struct party operator; /* who says SENTINEL FAILOVER */
};

struct stage *stage_new(const struct scenario *scenario, uint64_t seed, FILE *story);
void stage_free(struct stage *t);
/* False if something was awaited in vain, or not everybody got to know all. The deeds are among the
 * events, as told by "stage". */
bool stage_play(struct stage *t);
