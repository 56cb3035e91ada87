/* Votes: split ones, and those of a disk that fails. */
#include "tests/scenario/stage.h"

#include "sentinel/core/core.h"

#define ASK(epoch, candidate) "SENTINEL is-master-down-by-addr 10.0.0.1 6379 " epoch " " candidate

#define CANDIDATE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CANDIDATE_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void set_disk(struct stage *s, int number, int64_t ms, uint32_t failure_per_mille) {
    stage_vedette(s, number)->disk.mood = (struct disk_mood){
        .low_us = ms * US_PER_MS,
        .high_us = ms * US_PER_MS,
        .failure_per_mille = failure_per_mille,
    };
}

/* v3 is down; the vote of v1 for itself takes so long to reach its disk that v2, which has not
 * heard of it, stands under the same epoch. Both see at once that nobody can win it (C5, C6). */
static void a_split_vote_is_tried_again_within_a_second(void **state) {
    struct stage *s = *state;
    vedette_crash(stage_vedette(s, 3), NET_LEAVE_PROCESS);
    stage_run(s, 3000);
    stage_forget(s);
    rng_init(&vedette_core(stage_vedette(s, 1))->rng, 1); /* they draw how long they wait */
    rng_init(&vedette_core(stage_vedette(s, 2))->rng, 2);
    set_disk(s, 1, 140, 0);
    stage_kill_master(s);
    stage_until(s, 1, "-failover-abort-not-elected master mymaster s1", 1200);
    stage_until(s, 2, "-failover-abort-not-elected master mymaster s1", 10);
    stage_until(s, 1, "+switch-master mymaster s1 s2", 1000);
    stage_run(s, 5000);
    expect_events(s, 1,
        "+sdown master mymaster s1\n"
        "+odown master mymaster s1 #quorum 2/2\n"
        "+new-epoch 1\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v1 1\n"
        "-failover-abort-not-elected master mymaster s1\n"
        "+new-epoch 2\n"
        "+vote-for-leader v2 2\n"
        "+config-update-from sentinel v2 @ mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+sdown slave s1 @ mymaster s2\n");
    expect_events(s, 2,
        "+sdown master mymaster s1\n"
        "+odown master mymaster s1 #quorum 2/2\n"
        "+new-epoch 1\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v2 1\n"
        "-failover-abort-not-elected master mymaster s1\n"
        "+new-epoch 2\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v2 2\n"
        "+elected-leader master mymaster s1\n"
        "+failover-state-select-slave master mymaster s1\n"
        "+selected-slave slave s2 @ mymaster s1\n"
        "+failover-state-send-slaveof-noone slave s2 @ mymaster s1\n"
        "+failover-state-wait-promotion slave s2 @ mymaster s1\n"
        "+promoted-slave slave s2 @ mymaster s1\n"
        "+failover-state-reconf-slaves master mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave-reconf-sent slave s3 @ mymaster s1\n"
        "+slave-reconf-inprog slave s3 @ mymaster s1\n"
        "+slave-reconf-done slave s3 @ mymaster s1\n"
        "+failover-end master mymaster s1\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+sdown slave s1 @ mymaster s2\n");
}

/* A vote that may be forgotten is not told. It is given all the same: another candidate does not
 * get it afterwards. */
static void a_disk_that_fails_gives_no_vote_until_it_is_well_again(void **state) {
    struct stage *s = *state;
    set_disk(s, 1, 1, 1000);
    assert_string_equal(stage_ask(s, 1, ASK("5", CANDIDATE_A)), "[:0, \"*\", :0]");
    stage_run(s, 3000);
    assert_string_equal(stage_ask(s, 1, ASK("5", CANDIDATE_A)), "[:0, \"*\", :0]");
    set_disk(s, 1, 1, 0);
    stage_run(s, 1100); /* it is tried again once a second */
    assert_string_equal(stage_ask(s, 1, ASK("5", CANDIDATE_B)), "[:0, \"" CANDIDATE_A "\", :5]");
    assert_string_equal(stage_ask(s, 1, ASK("6", CANDIDATE_B)), "[:0, \"" CANDIDATE_B "\", :6]");
    expect_events(s, 1,
        "+new-epoch 5\n"
        "+vote-for-leader " CANDIDATE_A " 5\n"
        "+new-epoch 6\n"
        "+vote-for-leader " CANDIDATE_B " 6\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_split_vote_is_tried_again_within_a_second, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(
            a_disk_that_fails_gives_no_vote_until_it_is_well_again, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
