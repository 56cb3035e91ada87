#include "tests/sim/mutant.h"

#include <string.h>

#define BUG(name) .planted = PLANTED_##name

const struct mutant mutant_table[] = {
    /* ---- elections ---- */
    { "majority-short", BUG(MAJORITY_SHORT), .what = "a majority is one vote too few",
        .rule = "C1" },
    { "old-votes-count", BUG(OLD_VOTES_COUNT), .what = "votes of other epochs count",
        .rule = "C1" },
    { "passed-goes-on", BUG(PASSED_GOES_ON),
        .what = "an attempt outlives a later epoch of its group", .rule = "C1" },
    { "epoch-used-twice", BUG(EPOCH_USED_TWICE),
        .what = "an epoch is shared although this group has voted in it", .rule = "C2" },
    { "vote-twice", BUG(VOTE_TWICE), .what = "a vote of the same epoch is given again (>=)",
        .rule = "C3" },
    { "vote-for-old-epoch", BUG(VOTE_FOR_OLD_EPOCH),
        .what = "a vote is given below the config epoch", .rule = "C3" },
    { "retry-alive", BUG(RETRY_ALIVE), .what = "an attempt that may still be won is retried soon",
        .rule = "C5" },
    { "retry-after-order", BUG(RETRY_AFTER_ORDER),
        .what = "an attempt that sent its promotion is retried soon", .rule = "C5" },
    { "unreachable-absent", BUG(UNREACHABLE_ABSENT), .what = "voters that are down count as absent",
        .rule = "C6" },
    { "outvoted-goes-on", BUG(OUTVOTED_GOES_ON),
        .what = "an attempt goes on without its own vote, through the gate", .rule = "C7, C9" },
    { "vote-in-promotion", BUG(VOTE_IN_PROMOTION),
        .what = "a vote is given while a promotion is under way", .rule = "C7" },
    { "stands-after-vote", BUG(STANDS_AFTER_VOTE), .what = "no wait after a vote for somebody else",
        .rule = "C8, C4" },
    /* ---- promotions ---- */
    { "answer-unseen", BUG(ANSWER_UNSEEN), .what = "a master that answers again is replaced",
        .rule = "C9" },
    { "promotes-late", BUG(PROMOTES_LATE), .what = "an attempt of any age promotes", .rule = "C9" },
    { "acts-in-tilt", BUG(ACTS_IN_TILT), .what = "tilt forbids nothing", .rule = "C9",
        .is_quick = true },
    { "chooses-uninformed", BUG(CHOOSES_UNINFORMED),
        .what = "a choice does not wait for what the replicas say", .rule = "C10" },
    { "priority-zero", BUG(PRIORITY_ZERO), .what = "priority 0 is eligible", .rule = "C10" },
    { "least-offset", BUG(LEAST_OFFSET), .what = "the smallest offset is chosen", .rule = "C10" },
    { "turned-ignored", BUG(TURNED_IGNORED),
        .what = "the replica that is a master already is not preferred", .rule = "C10" },
    { "second-after-unknown", BUG(SECOND_AFTER_UNKNOWN),
        .what = "another replica is promoted when the answer was lost", .rule = "C11" },
    { "repetition-decides", BUG(REPETITION_DECIDES),
        .what = "a refused repetition speaks for the order before it", .rule = "C11" },
    { "refusal-unseen", BUG(REFUSAL_UNSEEN), .what = "an error in EXEC counts as success",
        .rule = "C11" },
    /* ---- what follows ---- */
    { "demotes-alone", BUG(DEMOTES_ALONE),
        .what = "the old master is demoted before a majority has confirmed", .rule = "C12" },
    { "stray-stays", BUG(STRAY_STAYS), .what = "strays are left alone", .rule = "C12",
        .is_quick = true },
    { "syncs-unbounded", BUG(SYNCS_UNBOUNDED), .what = "parallel-syncs is ignored",
        .rule = "spec 8.6" },
    { "follows-itself", BUG(FOLLOWS_ITSELF),
        .what = "the new master is pointed to itself under its other name", .rule = "spec 15" },
    { "old-master-lost", BUG(OLD_MASTER_LOST), .what = "a switch forgets the old master",
        .rule = "spec 8.9", .is_quick = true },
    { "old-config-taken", BUG(OLD_CONFIG_TAKEN), .what = "a hello's older configuration is adopted",
        .rule = "spec 5.4", .is_quick = true },
    /* ---- health ---- */
    { "quorum-short", BUG(QUORUM_SHORT), .what = "a quorum is one too few", .rule = "spec 4.4" },
    { "answers-kept", BUG(ANSWERS_KEPT), .what = "answers of an earlier fall count",
        .rule = "C13" },
    { "answers-ageless", BUG(ANSWERS_AGELESS), .what = "answers older than 5 s count",
        .rule = "C13" },
    { "silence-by-mono", BUG(SILENCE_BY_MONO), .what = "our own stalls count as silence",
        .rule = "ARCHITECTURE 4" },
    { "silence-restarts", BUG(SILENCE_RESTARTS), .what = "a lost connection begins silence anew",
        .rule = "ARCHITECTURE 4" },
    { "mismatch-at-once", BUG(MISMATCH_AT_ONCE),
        .what = "a master that says it is a replica is down at once", .rule = "spec 4.2" },
    /* ---- what is on disk ---- */
    { "vote-unwritten", BUG(VOTE_UNWRITTEN), .what = "a vote is not persisted",
        .rule = "contract 6", .is_quick = true },
    { "vote-told-early", BUG(VOTE_TOLD_EARLY), .what = "a vote is told before its write",
        .rule = "contract 6", .is_quick = true },
    { "asks-early", BUG(ASKS_EARLY), .what = "votes are asked for before the own one is on disk",
        .rule = "contract 6", .is_quick = true },
    { "config-told-early", BUG(CONFIG_TOLD_EARLY), .what = "a switch is announced before its write",
        .rule = "contract 6", .is_quick = true },
    { "epoch-told-early", BUG(EPOCH_TOLD_EARLY), .what = "hellos tell an epoch before its write",
        .rule = "contract 6", .is_quick = true },
    { "failure-counts", BUG(FAILURE_COUNTS), .what = "a failed write counts as durable",
        .rule = "contract 6" },
    { "vote-removed", BUG(VOTE_REMOVED), .what = "REMOVE and MONITOR forget a vote",
        .rule = "ARCHITECTURE 9" },
    { "lying-disk", FLAW_LYING_DISK, .what = "a commit is answered and never made",
        .rule = "contract 6", .is_quick = true },
    { "hasty-disk", FLAW_HASTY_DISK, .what = "a commit is answered before it is made",
        .rule = "contract 6", .is_quick = true },
    { "forgetful-disk", FLAW_FORGETFUL_DISK,
        .what = "after a failed commit the next one has its own changes only",
        .rule = "contract 6" },
    /* ---- links and clocks ---- */
    { "stale-reply", BUG(STALE_REPLY), .what = "replies of an earlier connection are taken",
        .rule = "contract 7" },
    { "question-lost", BUG(QUESTION_LOST), .what = "a question that was lost is waited for",
        .rule = "contract 8" },
    { "early-timer", FLAW_EARLY_TIMER, .what = "judged before what has arrived is handed in",
        .rule = "ARCHITECTURE 3" },
    /* ---- the world ---- */
    { "forged-vote", FLAW_FORGED_VOTE, .what = "whoever asks for a vote reads that it got it",
        .rule = "C3", .is_quick = true },
    { "absent", FLAW_ABSENT, .what = "one vedette is not started again in the end",
        .rule = "agreement", .is_quick = true },
};
const size_t mutant_count = ARRAY_SIZE(mutant_table);

const struct mutant *mutant_find(const char *name) {
    for (size_t i = 0; i < mutant_count; i++)
        if (strcmp(mutant_table[i].name, name) == 0)
            return &mutant_table[i];
    return NULL;
}
