/* A group: a master, its replicas and the peers that watch it too; and the attempt of this process
 * to fail it over. */
#pragma once

#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "config/merge.h"
#include "config/settings.h"
#include "config/state.h"
#include "sentinel/core/node.h"
#include "sentinel/core/peer.h"

struct core;

/* See the table in failover.c. */
enum failover_state {
    FAILOVER_NONE,
    FAILOVER_WAIT_START,
    FAILOVER_SELECT,
    FAILOVER_SEND_PROMOTION,
    FAILOVER_WAIT_PROMOTION,
    FAILOVER_RECONF_REPLICAS,
    FAILOVER_UPDATE_CONFIG,
    FAILOVER_STATE_COUNT,
};

/* What became of the promotion order. */
enum outcome {
    OUTCOME_NONE, /* not sent */
    OUTCOME_AWAITED,
    OUTCOME_ACCEPTED,
    OUTCOME_REFUSED, /* certainly not promoted */
    OUTCOME_UNKNOWN, /* the link was lost before the answer */
};

/* One try of this process to lead a failover, under one epoch. Times are mono. */
struct attempt {
    enum failover_state state;
    int64_t state_ms; /* when the state was entered */
    uint64_t serial;  /* number of this attempt in the process */
    uint64_t epoch;
    uint64_t vote_seq; /* PERSIST of its epoch and own vote */
    int64_t begun_ms;
    bool forced;      /* SENTINEL FAILOVER */
    bool coordinated; /* SENTINEL FAILOVER COORDINATED: the master is to hand over */
    bool elected;
    int64_t elected_ms;
    struct node *selected; /* in group->replicas; NULL = none */
    enum outcome outcome;
    int64_t outcome_ms;
    bool was_unknown;     /* an order to the selected went unanswered, and may still arrive */
    uint64_t confirm_seq; /* PERSIST of the new configuration; 0 = not confirmed */
};

struct group {
    char name[GROUP_NAME_MAX];
    uint64_t serial; /* unique in the process; a new one for a group monitored again */
    enum group_origin origin;
    struct group_settings file;     /* what the file says; defaults if it says nothing */
    struct group_settings settings; /* in force */

    struct node *master;
    struct list replicas; /* struct node.siblings, in order of discovery */
    struct list peers;    /* struct peer.of_group */
    size_t replica_count, peer_count;
    struct map heard; /* id -> uint64_t, owned: the number of the last signed hello of a peer that
                         is gone, so that nobody brings it back by saying it again */

    uint64_t config_epoch;
    uint64_t config_seq; /* hellos wait for this PERSIST: the epoch may be of our own making */
    uint64_t vote_epoch;
    char vote_for[CANDIDATE_MAX];
    uint64_t vote_seq; /* PERSIST of the vote */
    char section[65];  /* digest of the file's section that a REMOVE hid before MONITOR made the
                          group anew; "" none */

    bool odown;
    int64_t odown_since_ms; /* mono; kept after leaving */

    struct attempt attempt;
    int64_t failover_start_ms; /* as the originals count their 2 x failover-timeout; 0 = an attempt
                                  may start at once */
    int64_t gave_way_ms;     /* failover_start_ms as our last vote for another set it; 0 = none that
                                counts (law C8) */
    int64_t retry_at_ms;     /* a dead attempt's fast retry; 0 = none */
    int retries;             /* fast retries so far */
    int64_t delay_logged_ms; /* failover_start_ms for which "Next failover delay" was logged */

    size_t granted;                 /* links that it may have; 0 = none were granted yet */
    int64_t granted_ms;             /* mono: when they were */
    bool waits_for_room;            /* it may have none: descriptors are scarce */
    struct list_node waiting_node;  /* in core->room.waiting */
    struct list_node awaiting_node; /* in core->awaiting: to be judged when the store answers */
    int64_t peer_ignored_ms;        /* mono: last line about a peer, */
    int64_t replica_ignored_ms;     /* or replica, beyond the limit; 0 = none */
    int64_t phase_ms;               /* probe_phase */
    bool has_moved;                 /* a server is at another IP: group_merge */
    bool wants_hellos;              /* a correction waits for a majority (law C12) */
    bool frozen;                    /* a law was broken: answers, acts no more */
    struct list_node dirty_node;    /* in core->dirty: to be judged in this step */
    struct heap_item due;
};

/* ---- questions ---- */

/* Where clients and hellos are sent: the selected replica from reconf on, else the configured
 * master. Never NULL. */
const struct node *group_current_master(const struct group *g);
/* The address that the state records: the promoted replica's once its promotion is confirmed. */
const struct endpoint *group_recorded_master(const struct group *g);
struct node *group_replica(
    const struct group *g, const struct endpoint *address); /* NULL if unknown */
struct node *group_replica_at(const struct group *g, const struct address *address);
/* The group whose configured master this is; of several the first. NULL if there is none. */
struct group *group_by_address(const struct core *c, const struct endpoint *master);
bool group_in_failover(const struct group *g);
/* Whether the attempt has sent a promotion that was not certainly refused. */
bool group_may_have_promoted(const struct group *g);
size_t group_voters(const struct group *g);       /* all known peers and ourselves */
size_t group_majority(const struct group *g);     /* voters / 2 + 1 */
size_t group_needed_votes(const struct group *g); /* law C1: max(majority, quorum) */
/* Ourselves and the peers that are not down, and whose answers count. */
size_t group_usable(const struct core *c, const struct group *g);

struct group *group_by_serial(const struct core *c, uint64_t serial); /* NULL if gone */
/* The number of the last signed hello that was heard of a peer that is gone; 0 = none. */
uint64_t group_heard(const struct group *g, const char *id);

/* ---- operations ---- */

void group_note_heard(struct group *g, const char *id, uint64_t counter);
struct group *group_new(struct core *c, const char *name, const struct endpoint *master);
void group_free(struct core *c, struct group *g);
/* To be judged in this step. */
void group_touch(struct core *c, struct group *g);
/* To be judged again when the store has answered. */
void group_await(struct core *c, struct group *g);
/* A peer or replica beyond LIMIT_PEERS or LIMIT_REPLICAS is ignored: counted, and logged at most
 * once a minute. */
void group_turn_away(struct core *c, struct group *g, enum limit limit, const char *whom);
/* Adds a replica that was heard of: event, persisted. NULL if it is known, is the master, or there
 * are as many as limits.replicas allows. */
struct node *group_add_replica(struct core *c, struct group *g, const struct endpoint *address);
/* The same for one that the state knows: no event, not persisted again. */
void group_restore_replica(struct core *c, struct group *g, const struct endpoint *address);
/* Drops replicas, connections and flags; `peers` too if asked. Source: spec 8.10. */
enum reset_peers { RESET_KEEP_PEERS, RESET_DROP_PEERS };
void group_reset(struct core *c, struct group *g, enum reset_peers peers);
/* The master becomes `address`: reset, replicas and the old master kept as replicas, persisted. */
void group_switch(struct core *c, struct group *g, const struct endpoint *address);
/* A server of the group, given by name, is at another IP. What is called for by that is done when
 * the group is judged. */
void group_node_found(struct core *c, struct node *n, const char *ip);
/* A server that was listed by its IP, too, is one entry again: the one that has the name. Not in a
 * failover. */
void group_merge(struct core *c, struct group *g);
/* Emits the group's record as a delta of the step's PERSIST. Returns its seq. */
uint64_t group_persist(struct core *c, struct group *g);
