/* What must hold in every run, whatever befalls it, checked from outside: on inputs, effects and
 * bytes, and on what the core shows of itself. The first law that is broken ends the run. */
#pragma once

#include "common/base.h"
#include "common/map.h"
#include "sentinel/core/effect.h"
#include "tests/sim/size.h"

struct group;
struct input;
struct resp_value;
struct server;
struct stock;
struct vedette;
struct world;

enum law {
    /* Votes and leaders. */
    LAW_ONE_LEADER,
    LAW_VOTE_ONCE,
    LAW_VOTE_KEPT,
    LAW_VOTE_DURABLE,
    LAW_OWN_VOTE_FIRST,
    /* Epochs. */
    LAW_EPOCH_RISES,
    LAW_EPOCH_DURABLE,
    LAW_CONFIG_DURABLE,
    LAW_CONFIG_UNIQUE,
    /* Promotions. */
    LAW_PROMOTION_RIGHT,
    LAW_STILL_IN_TILT,
    LAW_CRASH_TRUE,
    LAW_PROMOTION_PRIORITY,
    LAW_PROMOTION_ONE,
    LAW_FOLLOW_SELF,
    /* The contract of the engine. */
    LAW_AFTER,
    LAW_SEQ_RISES,
    LAW_SEND_ENDS_ONCE,
    LAW_LINKS_LIVE,
    LAW_PENDING_BOUND,
    LAW_REPLY_ONCE,
    LAW_SLEEPS,
    LAW_RUNS_ON,
    LAW_SCRIPTS,
    /* In the end. */
    LAW_DISCOVERY,
    LAW_LIVENESS,
    LAW_WRITES_KEPT,
    LAW_PROMPTNESS,
    LAW_QUIET,
    LAW_COUNT,
};

struct law_row {
    const char *name;
    const char *source; /* what it says, and where that is said */
};

extern const struct law_row law_table[LAW_COUNT];

/* A promotion that was sent. */
struct promotion {
    int vedette;
    uint64_t life, attempt, epoch, tag;
    bool is_forced;
    const struct server *server; /* says of which group, too */
    size_t decisive;             /* which of the answers of EXEC is that to the order */
    bool was_refused;
};

/* Who was elected, and when of all times. */
struct leader {
    int number;
    uint64_t life, attempt;
};

/* What is known of an epoch of a group. */
struct reign {
    unsigned candidates; /* mask of Sentinels that had an attempt under it */
    int leader;          /* the one that was elected by votes; -1 = none */
    uint64_t life, attempt;
    unsigned loners; /* mask of those that were elected without a majority of all */
    unsigned makers; /* mask of those that were elected, by votes or by force */
    bool was_forced;
    bool has_master; /* somebody holds a configuration of this epoch: */
    struct endpoint master;
};

/* What one vedette has let out about a group, over all its lives. */
struct told_group {
    uint64_t vote_epoch; /* the highest that a vote of it was told for, */
    char vote_for[CANDIDATE_MAX];
    uint64_t config_epoch;  /* the highest of its own making */
    uint64_t serial;        /* of the group that the epoch is of; another one was made anew, */
    uint64_t elected_epoch; /* the last one that this group was elected under here */
    /* Of its present life: what it had at the last look. */
    uint64_t seen_config_epoch, seen_vote_epoch;
    const void *seen_master; /* that configuration's node, for a cheap look */
};

/* What it has let out in all. */
struct told {
    uint64_t epoch; /* the highest current epoch */
    struct told_group groups[SIM_GROUPS_MAX];
    /* Of its present life: */
    uint64_t seen_epoch, persist_seq;
    int promotions_under_way;
    uint32_t wakes;                         /* since all its links were looked at */
    bool heard_priority_0[SIM_SERVERS_MAX]; /* the last INFO of that server, handed in, said so */
};

struct laws {
    struct world *world;
    struct told told[SIM_SENTINELS_MAX];
    struct map votes;             /* voter, group, epoch -> the candidate, owned */
    struct map reigns;            /* group, epoch -> struct reign, owned */
    struct promotion *promotions; /* owned, in order */
    size_t promotion_count, promotion_capacity;
    uint64_t clash_epochs[SIM_GROUPS_MAX]; /* force made two configurations of it: nothing but a
                                          later one mends that; 0 = none */

    bool is_broken;
    enum law broken;
    char text[768]; /* what happened */
};

void laws_init(struct laws *l, struct world *w);
void laws_fini(struct laws *l);

void laws_break(struct laws *l, enum law law, const char *format, ...) PRINTF_LIKE(3, 4);

void laws_start(struct laws *l, struct vedette *v); /* a process has begun */
void laws_before_input(struct laws *l, struct vedette *v, const struct input *in);
void laws_before_effect(struct laws *l, struct vedette *v, const struct effect *e);
void laws_after_step(struct laws *l, struct vedette *v, const struct input *in);
/* It goes to sleep: what would cost too much after each step, now and then. */
void laws_before_sleep(struct laws *l, struct vedette *v);
/* A SEND ended without an answer. */
void laws_send_lost(struct laws *l, struct vedette *v, uint64_t tag);
/* An answer to is-master-down-by-addr about a group leaves v. */
void laws_answer_told(
    struct laws *l, struct vedette *v, int group, const struct resp_value *answer);

/* Looks at what a stock Sentinel does, as far as it concerns the others. */
void laws_watch_stock(struct laws *l, struct stock *s);
void laws_stock_started(struct laws *l, const struct stock *s);

/* ---- between the files of this module ---- */

struct reign *laws_reign(struct laws *l, int group, uint64_t epoch); /* made if it is new */
/* A Sentinel stands, is elected, holds a configuration. */
void laws_stands(struct laws *l, int number, int group, uint64_t epoch);
void laws_elected(
    struct laws *l, int group, uint64_t epoch, const struct leader *who, bool is_forced);
void laws_holds(
    struct laws *l, int number, int group, uint64_t epoch, const struct endpoint *master);
/* A vote that one gave leaves it. */
void laws_ballot(struct laws *l, int number, int group, uint64_t epoch, struct slice candidate);
void laws_vote_told(
    struct laws *l, struct vedette *v, int group, uint64_t epoch, struct slice candidate);
/* What v's disk has said to hold of a group; NULL if nothing. */
const struct group_state *laws_claimed(const struct vedette *v, int group);
/* Whether an election takes fewer votes than a majority of all that there are: whoever was made to
 * forget its peers (RESET, REMOVE) cannot know better, and two such majorities need not overlap. */
bool laws_is_lone(struct laws *l, const struct group *g);
void laws_send(struct laws *l, struct vedette *v, const struct effect *e); /* laws_send.c */
