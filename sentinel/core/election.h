/* Votes given and votes sought. The laws C1 to C8 are in ARCHITECTURE.md. */
#pragma once

#include "common/slice.h"
#include "config/state.h"

struct core;
struct group;
struct peer;

struct vote {
    struct slice candidate; /* borrowed from the group; empty: none known */
    uint64_t epoch;
    uint64_t seq; /* the answer may leave once this is durable */
};

/* A request for our vote (spec 6.4, laws C3 and C7). Candidates of CANDIDATE_MAX bytes or more get
 * no vote. */
struct vote election_request(
    struct core *c, struct group *g, uint64_t epoch, struct slice candidate);
/* A peer asked about the health of a master that is down here too: hastens our own next question
 * (law C4). */
void election_hint(struct core *c, struct group *g);

/* Whether the state of the master is such that the answer to a question is 1. */
bool election_master_is_down(const struct core *c, const struct group *g);

/* Whether there are epochs left: a hostile request can claim the last ones, and an epoch is never
 * used twice. */
bool election_is_possible(const struct core *c);
/* Starts an attempt: new epoch, own vote, questions once it is durable. */
enum election_why {
    ELECTION_ODOWN,
    ELECTION_FORCED,      /* SENTINEL FAILOVER: without a majority, too */
    ELECTION_COORDINATED, /* SENTINEL FAILOVER COORDINATED: by a majority */
};
void election_begin(struct core *c, struct group *g, enum election_why why);
/* Judges standing, counting and the death of an attempt in WAIT_START. Returns when to look again,
 * mono ms. */
int64_t election_judge(struct core *c, struct group *g);
/* A voter turned up that was not known: nobody counted its votes, so that no attempt is known for
 * dead any more, and the next one waits as long as it does with stock (law C5). */
void election_meet_voter(const struct core *c, struct peer *p);
/* Lets a dead attempt be followed by another one soon, five times at most (law C5). */
void election_retry_soon(struct core *c, struct group *g);
