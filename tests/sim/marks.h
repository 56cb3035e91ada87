/* What came about in the runs, counted, so that a run in which nothing happened does not pass for a
 * proof. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

#define MARKS_SEEDS 10000

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
    MARK_DUPLICATE_ID,
    MARK_LONE_LEADER,
    MARK_AMBUSH,
    MARK_LIMIT,
    MARK_PROVEN,
    MARK_CLAIM_REFUSED,
    MARK_UNSIGNED_REFUSED,
    MARK_SEAL_REFUSED,
    MARK_OLD_HELLO,
    MARK_VOTE_REFUSED,
    MARK_SPOKEN_FOR,
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
    MARK_STALL_IN_EFFECTS,
    MARK_CLOCK_JUMP,
    MARK_HOST_PAUSED,
    MARK_ALL_STALLED,
    MARK_HALVES,
    MARK_DISK_HUNG,
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
    MARK_LOST_OVERRULED,
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
    MARK_EXAMINED,
    /* Rare ways of an election. */
    MARK_EPOCH_SHARED,
    MARK_VOTE_BELOW,
    MARK_VOTE_IN_TILT,
    MARK_VOTE_CUT_SHORT,
    MARK_RETRY,
    MARK_RETRY_ABSENT,
    MARK_RETRY_WON,
    MARK_COMMIT_FAILED_IN_ELECTION,
    MARK_ENDS_DEAD,
    MARK_ENDS_PASSED,
    MARK_ENDS_ANSWERED,
    MARK_ENDS_LATE,
    MARK_ENDS_OUTVOTED,
    MARK_GATE_VOTE,
    MARK_GATE_CONFIG,
    MARK_GATE_ANSWER,
    MARK_GATE_AGE,
    MARK_HANDOVER_REFUSED,
    MARK_HANDOVER_GIVEN_UP,
    MARK_HANDOVER_DIED,
    MARK_PROMOTION_LATE,
    /* A leader dies: in each state. */
    MARK_CRASH_WAIT_START,
    MARK_CRASH_SELECT,
    MARK_CRASH_SEND_PROMOTION,
    MARK_CRASH_WAIT_PROMOTION,
    MARK_CRASH_RECONF,
    MARK_CRASH_UPDATE_CONFIG,
    /* What follows. */
    MARK_TURNED_CHOSEN,
    MARK_RETURN_BY_TIME,
    MARK_RETURN_BY_MAJORITY,
    MARK_COUNT,
};

struct mark_row {
    const char *name;
    const char *event; /* the mark is hit whenever a vedette emits this event, or logs that it
                          abandons an attempt for this reason; NULL: by a call */
    uint64_t least;    /* so many in MARKS_SEEDS, or nothing was proved */
    const char *doc;
};

extern const struct mark_row mark_table[MARK_COUNT];

struct marks {
    uint64_t counts[MARK_COUNT];
};

void marks_hit(struct marks *m, enum mark mark);
void marks_event(struct marks *m, const char *event);
/* A line of the log. */
void marks_log(struct marks *m, struct slice line);
void marks_add(struct marks *to, const struct marks *from);
