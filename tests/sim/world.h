/* One run: some vedettes, maybe stock Sentinels among them, the groups of servers that they watch,
 * a network, and the virtual time in which they live. */
#pragma once

#include "common/buf.h"
#include "common/rng.h"
#include "tests/sim/client.h"
#include "tests/sim/draw.h"
#include "tests/sim/forger.h"
#include "tests/sim/laws.h"
#include "tests/sim/marks.h"
#include "tests/sim/net.h"
#include "tests/sim/schedule.h"
#include "tests/sim/server.h"
#include "tests/sim/stock.h"
#include "tests/sim/story.h"
#include "tests/sim/vedette.h"
#include "tests/sim/visitor.h"

#include <stdio.h>

/* Somebody who sees what each vedette asks for, before it is carried out. */
typedef void (*world_listener_fn)(void *context, const struct vedette *v, const struct effect *e);

struct world {
    uint64_t seed;
    struct draw draw;
    struct rng rng; /* everything that is left to chance */
    struct schedule schedule;
    struct story story;
    struct marks marks;
    struct net net;
    struct farm farm;
    struct vedette vedettes[SIM_VEDETTES_MAX];
    struct stock stocks[SIM_STOCKS_MAX];
    int vedette_count, stock_count, group_count;
    int64_t stock_gave_up_us[SIM_GROUPS_MAX]; /* a stock leader, for want of a replica; 0 = never */
    int host_count;                           /* of servers and Sentinels */
    struct visitor visitor;
    struct forger forger;
    struct clients clients;
    struct laws laws;
    bool faults_are_on;
    bool is_tampered; /* by somebody whose commands can make vedettes forget each other */
    int looks_demoted[SIM_GROUPS_MAX]; /* of the operator, who saw that the master is a replica */
    bool in_ambush;                    /* a fault waits for a failover */
    uint64_t round;                    /* of faults */
    int questions_to_cut;              /* the next ones, with their connections */
    bool is_quiet;                     /* nothing is going on, nor may anything begin */
    bool votes_are_forged;             /* on the wire; only for the test of the laws */
    bool judges_early;                 /* vedettes judge before they read; likewise */
    int absent;                        /* the vedette that nobody starts again; -1 = none */
    bool is_taped;                     /* each life of a vedette is recorded, and replayed */
    struct buf tape_why;               /* the first replay that was not the same; empty = none */
    world_listener_fn listener;        /* NULL: nobody listens */
    void *listener_context;            /* borrowed */
};

/* Before the faults and after them. */
extern const struct weather world_fair_weather;

/* Of a group, from 0; the other way round -1 if none has that name. */
const char *world_group_name(int group);
int world_group_named(struct slice name);

/* Sentinels are numbered: the vedettes from 0, the stock ones from SIM_VEDETTES_MAX. */
int world_sentinel_count(const struct world *w);
const char *world_sentinel_name(const struct world *w, int number);
bool world_is_stock(const struct world *w, struct slice id); /* the id of a stock one */

/* All processes stopped; start them with world_start. */
struct world *world_new(uint64_t seed, const struct draw *draw);
void world_free(struct world *w);
void world_start(struct world *w);

/* Runs until `until_us`, or until a law is broken; false in that case. */
bool world_run(struct world *w, int64_t until_us);

/* A vedette asks for something. */
void world_tell(struct world *w, const struct vedette *v, const struct effect *e);

/* Whether all is as it should be in the end: all Sentinels agree on one master, which is one, the
 * others follow it, and nobody holds anybody for down. If not, the reason is appended to ret_why.
 */
bool world_agrees(const struct world *w, struct buf *ret_why);
/* Whether a majority has a master that is one, and does not hold it for down. */
bool world_has_mastery(const struct world *w, int group);
bool world_agrees_on(const struct world *w, int group, struct buf *ret_why); /* one group */
/* Whether every Sentinel has on disk that it knows all the others and all the servers. */
bool world_is_discovered(const struct world *w);
