/* What came about in the runs, counted, so that a run in which nothing happened does not pass for a
 * proof. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

enum mark {
    MARK_VOTE,
    MARK_VOTE_AGAIN,
    MARK_ATTEMPT,
    MARK_SPLIT,
    MARK_ELECTED,
    MARK_NOT_ELECTED,
    MARK_PROMOTION,
    MARK_PROMOTION_REFUSED,
    MARK_PROMOTION_UNKNOWN,
    MARK_PROMOTED,
    MARK_SWITCH,
    MARK_FAILOVER_END,
    MARK_FAILOVER_END_TIMEOUT,
    MARK_NO_GOOD_REPLICA,
    MARK_REPLICA_TIMEOUT,
    MARK_FORCED,
    MARK_FORCED_CLASH,
    MARK_COORDINATED,
    MARK_HANDOVER,
    MARK_HANDED_OVER,
    MARK_RESET,
    MARK_SET,
    MARK_REMOVED,
    MARK_MONITORED,
    MARK_CONFIG_SET,
    MARK_RELOAD,
    MARK_RELOAD_REFUSED,
    MARK_LED_BACK,
    MARK_SIMULATED,
    MARK_LONE_LEADER,
    MARK_AMBUSH,
    MARK_NO_MASTER,
    MARK_DEMOTION,
    MARK_FIX,
    MARK_REFUSED_DOWN,
    MARK_ODOWN,
    MARK_TILT,
    MARK_CRASH,
    MARK_CRASH_FORGOT,
    MARK_CRASH_IN_ATTEMPT,
    MARK_CRASH_IN_EFFECTS,
    MARK_COMMIT_FAILED,
    MARK_STALL,
    MARK_SERVER_KILLED,
    MARK_SERVER_HUNG,
    MARK_SERVER_RESTARTED,
    MARK_SERVER_WIPED,
    MARK_FORBIDDEN,
    MARK_WRITE,
    MARK_CLIENT_TOLD,
    MARK_LOST_BEHIND,
    MARK_LOST_STALE,
    MARK_LOST_MISHAP,
    MARK_LOST_BY_HAND,
    MARK_CHAINED,
    MARK_FULL_SYNC,
    MARK_PARTIAL_SYNC,
    MARK_PARTITION,
    MARK_POWER_LOSS,
    MARK_SCRIPT,
    MARK_SCRIPT_ERROR,
    MARK_SCRIPT_TIMEOUT,
    MARK_STOCK_LED,
    MARK_STOCK_FORCED,
    MARK_STOCK_STRAYED,
    MARK_STOCK_OVERTAKEN,
    MARK_STOCK_VOTE,
    MARK_VOTE_FOR_STOCK,
    MARK_STOCK_ADOPTED,
    MARK_CONFIG_OF_STOCK,
    MARK_STOCK_TILT,
    MARK_STOCK_CRASH,
    MARK_NAME_RESOLVED,
    MARK_NAME_FAILED,
    MARK_PROMPT,
    MARK_QUIET,
    MARK_COUNT,
};

struct mark_row {
    const char *name;
    const char *event; /* the mark is hit whenever a vedette emits this event; NULL: by a call */
    uint64_t least;    /* so many in 200 seeds, or nothing was proved */
    const char *doc;
};

extern const struct mark_row mark_table[MARK_COUNT];

struct marks {
    uint64_t counts[MARK_COUNT];
};

void marks_hit(struct marks *m, enum mark mark);
void marks_event(struct marks *m, const char *event);
void marks_add(struct marks *to, const struct marks *from);
