/* Bugs that can be planted, one at a time, to see that the simulator finds each: proof that proves
 * something. tests/sim/mutant.c says of each what it does and which rule it breaks.
 *
 * A build with -Dtest_hooks=true has one variable for it, the only global left of the shell; what
 * the simulator puts there holds for all vedettes of a world. In every other build PLANTED is a
 * constant, and nothing of this is left. */
#pragma once

#include "common/base.h"

enum planted {
    PLANTED_NOTHING,
    /* Elections. */
    PLANTED_MAJORITY_SHORT,
    PLANTED_OLD_VOTES_COUNT,
    PLANTED_PASSED_GOES_ON,
    PLANTED_EPOCH_USED_TWICE,
    PLANTED_VOTE_TWICE,
    PLANTED_VOTE_FOR_OLD_EPOCH,
    PLANTED_RETRY_ALIVE,
    PLANTED_RETRY_AFTER_ORDER,
    PLANTED_UNREACHABLE_ABSENT,
    PLANTED_OUTVOTED_GOES_ON,
    PLANTED_VOTE_IN_PROMOTION,
    PLANTED_STANDS_AFTER_VOTE,
    /* Promotions. */
    PLANTED_ANSWER_UNSEEN,
    PLANTED_PROMOTES_LATE,
    PLANTED_ACTS_IN_TILT,
    PLANTED_CHOOSES_UNINFORMED,
    PLANTED_PRIORITY_ZERO,
    PLANTED_LEAST_OFFSET,
    PLANTED_TURNED_IGNORED,
    PLANTED_ABSENCE_FROM_VERDICT,
    PLANTED_SECOND_AFTER_UNKNOWN,
    PLANTED_REPETITION_DECIDES,
    PLANTED_REFUSAL_UNSEEN,
    /* What follows. */
    PLANTED_DEMOTES_ALONE,
    PLANTED_STRAY_STAYS,
    PLANTED_SYNCS_UNBOUNDED,
    PLANTED_FOLLOWS_ITSELF,
    PLANTED_OLD_MASTER_LOST,
    PLANTED_OLD_CONFIG_TAKEN,
    /* Health. */
    PLANTED_QUORUM_SHORT,
    PLANTED_ANSWERS_KEPT,
    PLANTED_ANSWERS_AGELESS,
    PLANTED_SILENCE_BY_MONO,
    PLANTED_SILENCE_RESTARTS,
    PLANTED_MISMATCH_AT_ONCE,
    /* What is on disk. */
    PLANTED_VOTE_UNWRITTEN,
    PLANTED_VOTE_TOLD_EARLY,
    PLANTED_ASKS_EARLY,
    PLANTED_CONFIG_TOLD_EARLY,
    PLANTED_EPOCH_TOLD_EARLY,
    PLANTED_FAILURE_COUNTS,
    PLANTED_VOTE_REMOVED,
    /* Who proves what. */
    PLANTED_SEAL_UNCHECKED,
    PLANTED_REPLAY_TAKEN,
    PLANTED_UNPROVEN_VOTED_FOR,
    PLANTED_UNSIGNED_FOR_SIGNER,
    PLANTED_EPOCH_UNBOUNDED,
    /* Links. */
    PLANTED_STALE_REPLY,
    PLANTED_QUESTION_LOST,
    PLANTED_COUNT,
};

#ifdef VEDETTE_TEST_HOOKS
extern enum planted planted_bug;
#define PLANTED(name) (planted_bug == PLANTED_##name)
#else
#define PLANTED(name) false
#endif

/* Whether it could be done. */
static inline bool planted_choose(enum planted bug) {
#ifdef VEDETTE_TEST_HOOKS
    planted_bug = bug;
    return true;
#else
    return bug == PLANTED_NOTHING;
#endif
}
