/* Leading a failover: from the election won to the switch. The states and their moves are in the
 * table of failover.c. */
#pragma once

#include "common/base.h"
#include "sentinel/core/group.h"

struct core;

/* The name on the wire: "wait_start". Source: spec 1.5. */
const char *failover_state_name(enum failover_state state);

/* Whether the table has this transition. */
bool failover_leads(enum failover_state from, enum failover_state to);
/* Makes every transition: checks it against the table and stamps the time. */
void failover_move(struct core *c, struct group *g, enum failover_state to);

enum abandon_reason {
    ABANDON_NOT_ELECTED, /* the stock waits hold */
    ABANDON_OUTVOTED,    /* law C7 */
    ABANDON_DEAD,        /* law C5: may be tried again soon */
    /* We were elected: nobody else can be, so it may be tried again soon. */
    ABANDON_NO_GOOD_REPLICA,
    ABANDON_PROMOTION, /* the promotion was not confirmed in time */
    ABANDON_HANDOVER,  /* the master could not be told to hand over in time, or died before it
                          did */
    ABANDON_GATE,      /* law C9 */
};

/* Ends an attempt before its promotion is confirmed, with the event of the reason; `why` goes to
 * the log. */
void failover_abandon(struct core *c, struct group *g, enum abandon_reason reason, const char *why);

/* The attempt has won, or is forced: on to the selection. */
void failover_elected(struct core *c, struct group *g);

/* Announces a promotion that was confirmed, once that is on disk. Returns whether there is one. */
bool failover_tell_confirmed(struct core *c, struct group *g);

/* Judges the states after WAIT_START. Returns when to look again, mono ms. */
int64_t failover_judge(struct core *c, struct group *g);
