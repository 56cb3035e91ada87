/* What must hold in every run, whatever befalls it, checked from outside: on inputs, effects and
 * bytes, and on what the core shows of itself. The first law that is broken ends the run. */
#pragma once

#include "common/base.h"
#include "common/map.h"
#include "sentinel/core/effect.h"
#include "tests/sim/size.h"
#include "tests/sim/watch.h"

struct group;
struct input;
struct request;
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
    LAW_COUNTED,
    LAW_PASSED,
    LAW_EPOCH_NEW,
    LAW_GRANTED,
    LAW_RANK,
    LAW_RETRY,
    LAW_DEAD,
    LAW_STEPS_DOWN,
    LAW_VOTE_HELD,
    LAW_GIVES_WAY,
    /* Epochs. */
    LAW_EPOCH_RISES,
    LAW_EPOCH_DURABLE,
    LAW_CONFIG_DURABLE,
    LAW_CONFIG_UNIQUE,
    LAW_HELLO_RISES,
    LAW_SWITCH_RISES,
    LAW_SWITCH_TOLD,
    /* Who is down. */
    LAW_DOWN_TRUE,
    LAW_DOWN_READ,
    LAW_DOWN_SEEN,
    LAW_QUORUM,
    /* Promotions. */
    LAW_PROMOTION_RIGHT,
    LAW_STILL_IN_TILT,
    LAW_CRASH_TRUE,
    LAW_PROMOTION_PRIORITY,
    LAW_PROMOTION_ONE,
    LAW_GATE,
    LAW_REFUSAL,
    LAW_INFORMED,
    LAW_CHOICE,
    /* Other orders. */
    LAW_FOLLOW_SELF,
    LAW_RIGHT_MASTER,
    LAW_RETURN,
    LAW_FIX,
    LAW_SYNCS,
    /* The contract of the engine. */
    LAW_AFTER,
    LAW_SEQ_RISES,
    LAW_SEND_ENDS_ONCE,
    LAW_LINKS_LIVE,
    LAW_PENDING_BOUND,
    LAW_BOUNDS,
    LAW_PROVEN,
    LAW_CLIENTS_LIVE,
    LAW_REPLY_ONCE,
    LAW_SLEEPS,
    LAW_RUNS_ON,
    LAW_SCRIPTS,
    /* In the end. */
    LAW_DISCOVERY,
    LAW_LIVENESS,
    LAW_WRITES_KEPT,
    LAW_PROMPTNESS,
    LAW_REPLACED,
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
    unsigned given_up; /* mask of those that stood again since nobody could win it any more */
    unsigned loners;   /* mask of those that were elected without a majority of all */
    unsigned makers;   /* mask of those that were elected, by votes or by force */
    bool was_forced;
    bool has_master; /* somebody holds a configuration of this epoch: */
    struct endpoint master;
};

/* What one vedette has let out about a group, over all its lives. */
struct told_group {
    int64_t commanded_us; /* when somebody asked for its failover last */
    uint64_t vote_epoch;  /* the highest that a vote of it was told for, */
    char vote_for[CANDIDATE_MAX];
    uint64_t config_epoch;  /* the highest of its own making */
    uint64_t serial;        /* of the group that the epoch is of; another one was made anew, */
    uint64_t elected_epoch; /* the last one that this group was elected under here, */
    uint64_t elected_first; /* and the first one since it was made */
    /* Of its present life: what it had at the last look. */
    uint64_t seen_config_epoch, seen_vote_epoch;
    const void *seen_master; /* that configuration's node, for a cheap look, */
    const struct server *seen_server, *switched_to; /* its server; whom +switch-master told last */
};

/* What it has let out in all. */
struct told {
    uint64_t epoch; /* the highest current epoch */
    struct told_group groups[SIM_GROUPS_MAX];
    /* Of its present life: */
    uint64_t seen_epoch, persist_seq;
    int promotions_under_way;
    uint64_t made_epoch;                    /* the last one that it began an attempt under, */
    int64_t made_ms;                        /* mono: for the first time */
    const struct server *refused;           /* its promotion, in this step; NULL = none */
    uint32_t wakes;                         /* since all its links were looked at */
    bool heard_priority_0[SIM_SERVERS_MAX]; /* the last INFO of that server, handed in, said so */
};

/* The reign that was looked at last: attempts are looked at after every step. */
struct latest_reign {
    uint64_t epoch;
    struct reign *reign; /* in laws->reigns; NULL: none yet */
};

struct laws {
    struct world *world;
    struct told told[SIM_SENTINELS_MAX];
    struct watch watch[SIM_VEDETTES_MAX];
    struct map votes;  /* voter, group, epoch -> the candidate, owned */
    struct map reigns; /* group, epoch -> struct reign, owned */
    struct latest_reign latest[SIM_GROUPS_MAX];
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
/* A hello reached v from a client; behind requests that have no reply yet, it may wait for them. */
void laws_hello(struct laws *l, const struct vedette *v, struct slice text, bool waits);
/* v speaks to a client that is not there. */
void laws_client_gone(struct laws *l, const struct vedette *v, const struct effect *e);
/* An answer to is-master-down-by-addr about a group leaves v. */
void laws_answer_told(
    struct laws *l, struct vedette *v, int group, const struct resp_value *answer);

/* Looks at what a stock Sentinel does, as far as it concerns the others. */
void laws_watch_stock(struct laws *l, struct stock *s);
void laws_stock_started(struct laws *l, const struct stock *s);

struct group_draw;
/* How short the life of a server can be that nobody sees who tries to connect to it. */
int64_t laws_glimpse_us(const struct group_draw *g);

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
/* Whether the voter has told that it gave this vote. */
bool laws_has_voted(
    const struct laws *l, int voter, int group, uint64_t epoch, const char *candidate);

/* Those that look at events do so before the watch does. */

/* laws_election.c */
void laws_election_event(struct laws *l, const struct vedette *v, const struct effect *e);
void laws_election_log(struct laws *l, const struct vedette *v, const struct effect *e);
void laws_election_step(struct laws *l, const struct vedette *v, int group, const struct group *g);
/* laws_health.c */
void laws_health_event(struct laws *l, const struct vedette *v, const struct effect *e);
void laws_health_look(struct laws *l, const struct vedette *v, const struct group *g);
/* Whether it says, now and validly, that the master is down. */
bool laws_answer_counts(
    struct laws *l, const struct vedette *v, int group, const struct watched_answer *a);
void laws_check_quorum(struct laws *l, const struct vedette *v, int group, const char *does);
/* laws_select.c, laws_return.c */
void laws_select_event(struct laws *l, const struct vedette *v, const struct effect *e);
void laws_return_event(struct laws *l, const struct vedette *v, const struct effect *e);
void laws_follow(
    struct laws *l, const struct vedette *v, const struct server *to, const struct request *r);
/* laws_gate.c: a promotion leaves, it was certainly refused, a step is over. */
void laws_gate(struct laws *l, const struct vedette *v, int group);
void laws_refused(struct laws *l, const struct vedette *v, const struct promotion *p);
void laws_gate_step(struct laws *l, const struct vedette *v);
/* laws_proof.c */
void laws_proof_look(struct laws *l, const struct vedette *v, const struct group *g);
/* laws_bounds.c */
void laws_bounds_look(struct laws *l, const struct vedette *v, const struct group *g);
void laws_links_look(struct laws *l, const struct vedette *v);
