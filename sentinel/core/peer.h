/* The other Sentinels. A process is one of them with its connection, shared by all groups that it
 * watches with us; a peer is a process seen from one group. */
#pragma once

#include "common/endpoint.h"
#include "common/heap.h"
#include "common/list.h"
#include "config/state.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/link.h"
#include "sentinel/core/node.h"

struct core;
struct group;

struct process {
    char id[ID_SIZE];
    struct address address;
    struct name_user name_user; /* if it was given by name */
    struct link link;           /* command; there is no pub/sub link to a peer */
    struct liveness live;
    struct list peers; /* struct peer.of_process: one for each group that shares it */
    size_t peer_count;
    int64_t down_after_ms;       /* the least of its groups; 0 = to be found anew */
    bool is_vedette;             /* its INFO says so */
    int64_t gathered_heard_ms;   /* when the hellos of its groups were gathered last */
    size_t down_count;           /* peers of it that are down */
    int64_t stood_ms;            /* mono: when it last got our vote, in any group; 0 = never */
    int64_t signed_ms;           /* mono: its last signed hello, in any group; 0 = none */
    struct challenge challenge;  /* of its link, by the keys of the process */
    struct list_node dirty_node; /* in core->dirty_processes: to be judged in this step */
    struct heap_item due;        /* mono: when its link is to be judged */
};

struct peer {
    struct list_node of_group;   /* in group->peers, in order of discovery */
    struct list_node of_process; /* in process->peers */
    struct group *group;
    struct process *process;

    bool sdown;
    int64_t sdown_since_ms; /* mono; kept after leaving; 0 = never */

    /* What it answered about this group; times are mono. */
    bool master_down;
    char voted_for[CANDIDATE_MAX]; /* "" unknown */
    uint64_t voted_epoch;
    int64_t answered_ms;       /* last answer (discovery counts as one) */
    uint64_t answered_attempt; /* serial of the last attempt of ours that it answered; 0 = none */
    bool down_before_attempt;  /* was down here when the present attempt began */
    int64_t absent_ms;     /* mono: law C6 gave its vote up: for a time it does not count for us;
                              0 = never */
    int64_t asked_ms;      /* last question sent; 0 = none since +sdown */
    int64_t ask_wait_ms;   /* pause before the next one; grows */
    bool ask_now;          /* the next question is due at once */
    uint64_t question_tag; /* the last question, while it is in flight; 0 = none */
    uint64_t question_attempt; /* serial of the attempt that it asked a vote for; 0 = health only */

    /* What it announced; times are mono. */
    int64_t hello_ms;
    int64_t resumed_ms; /* mono: when one came after none had for longer than they take; what had
                           waited on the way comes first */
    uint64_t hello_config_epoch;
    struct endpoint hello_master;
    int64_t hello_sent_heard_ms; /* last hello to it, or 0 to send one at once */
    int64_t signed_ms;           /* last signed one, of genuine seal; 0 = none */
    uint64_t counter;            /* of that: what is not above it is a replay */
    uint64_t uncounted;          /* signed ones since the counter was persisted */
    struct challenge challenge;  /* of the link, by the keys of the group, if it has its own */
    bool is_told_unsigned;       /* the log says that it does not sign */
};

/* Adds the process `id` at `address` as a peer of the group, sharing the link that other groups
 * already have to it. */
struct peer *peer_new(
    struct core *c, struct group *g, const char *id, const struct endpoint *address);
/* One that the state knows. */
void peer_restore(struct core *c, struct group *g, const struct peer_record *r);
/* The process goes when its last peer does. NULL is nothing. */
void peer_free(struct core *c, struct peer *p);
/* So that no signed hello of it up to the last one counts again, whatever becomes of this process.
 */
void peer_persist_counter(struct core *c, struct peer *p);
/* Whether it has proven lately that it has the secret of the group: then what comes under its id
 * without a proof is of somebody else. */
bool peer_signs(const struct core *c, const struct peer *p);
bool process_signs(const struct core *c, const struct process *p); /* the same, in any group */
struct peer *peer_find(const struct group *g, const char *id);

/* Moves a process: its link is closed and opened anew. */
void process_move(struct core *c, struct process *p, const struct endpoint *address);
/* To be judged in this step. */
void process_touch(struct core *c, struct process *p);
/* Probes the link and judges what it tells of every group that shares it. */
void process_judge(struct core *c, struct process *p);
