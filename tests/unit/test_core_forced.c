/* Failovers by command, of a master that may live. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

/* ---- the election ---- */

static void forced_a_majority_makes_the_epoch_its_own_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_stand(&f, ELECTION_FORCED);
    assert_string_equal(fixture_last_sent(&f, &f.peers[1], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    assert_true(f.group->attempt.elected || f.group->config_epoch == 1);
    fixture_stop(&f);
}

static void forced_without_a_majority_goes_on_after_half_a_second(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.peers[0].votes = f.peers[1].votes = false;
    fixture_stand(&f, ELECTION_FORCED);
    fixture_advance(&f, 499);
    assert_false(f.group->attempt.elected);
    fixture_advance(&f, 1);
    assert_int_equal(f.group->config_epoch, 1);
    fixture_stop(&f);
}

static void forced_a_vote_for_another_at_its_epoch_means_a_new_epoch(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 1;
    f.peers[1].holds = "SENTINEL";
    fixture_stand(&f, ELECTION_FORCED);
    fixture_advance(&f, 20);
    f.peers[1].holds = NULL;
    fixture_advance(&f, 20);
    assert_int_equal(f.group->config_epoch, 2);
    fixture_stop(&f);
}

static void forced_waits_for_its_own_vote_to_be_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_stand(&f, ELECTION_FORCED);
    fixture_advance(&f, 2000);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 0);
    f.store = STORE_WORKS;
    fixture_advance(&f, 10);
    assert_int_equal(f.group->config_epoch, 1);
    fixture_stop(&f);
}

/* ---- the failover ---- */

static void forced_a_living_master_is_replaced_in_this_order(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].offset = 2000;
    fixture_stand(&f, ELECTION_FORCED);
    fixture_await(&f, "+failover-end", 1000);
    assert_events(&f,
        "+new-epoch 1\n"
        "+try-failover " MASTER "\n"
        "+vote-for-leader " OUR_ID " 1\n"
        "+elected-leader " MASTER "\n"
        "+failover-state-select-slave " MASTER "\n"
        "+selected-slave " REPLICA "\n"
        "+failover-state-send-slaveof-noone " REPLICA "\n"
        "+failover-state-wait-promotion " REPLICA "\n"
        "-role-change " REPLICA " new reported role is master\n"
        "+promoted-slave " REPLICA "\n"
        "+failover-state-reconf-slaves " MASTER "\n"
        "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n"
        "+slave-reconf-sent " SECOND "\n"
        "+slave-reconf-inprog " SECOND "\n"
        "+slave-reconf-done " SECOND "\n"
        "+failover-end " MASTER "\n"
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" AT_NEW "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" AT_NEW "\n"
        "-role-change slave 10.0.0.1:6379 10.0.0.1 6379" AT_NEW
        " new reported role is master\n"); /* it was told nothing yet: law C12 */
    fixture_stop(&f);
}

static void forced_the_gate_lets_a_living_master_pass_but_no_later_vote(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.peers[0].votes = f.peers[1].votes = false;
    fixture_stand(&f, ELECTION_FORCED);
    fixture_request(&f, f.group, 2, ID_B);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_advance(&f, 3000);
    assert_int_equal(fixture_promotions(&f, 0) + fixture_promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void forced_the_gate_lets_a_master_pass_that_answers_again(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.quorum = 5; /* never odown */
    fixture_start(&f, &o);
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1200);
    f.peers[0].votes = f.peers[1].votes = false; /* it goes on after half a second */
    fixture_stand(&f, ELECTION_FORCED);
    fixture_revive(&f.master);
    fixture_await(&f, "+switch-master", 2000);
    assert_has_event(&f, "-sdown " MASTER);
    fixture_stop(&f);
}

static void forced_it_chooses_among_answers_since_the_command(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[1].offset = 5000; /* not known yet */
    fixture_stand(&f, ELECTION_FORCED);
    fixture_await(&f, "+selected-slave", 1000);
    assert_has_event(&f, "+selected-slave " SECOND);
    fixture_stop(&f);
}

static void forced_a_failed_one_is_not_repeated_by_itself(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].exec = f.replicas[1].exec = "-ERR no\r\n";
    fixture_stand(&f, ELECTION_FORCED);
    fixture_await(&f, "-failover-abort-no-good-slave", 3000);
    fixture_forget(&f);
    fixture_advance(&f, 60000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forced_a_majority_makes_the_epoch_its_own_at_once),
        cmocka_unit_test(forced_without_a_majority_goes_on_after_half_a_second),
        cmocka_unit_test(forced_a_vote_for_another_at_its_epoch_means_a_new_epoch),
        cmocka_unit_test(forced_waits_for_its_own_vote_to_be_on_disk),
        cmocka_unit_test(forced_a_living_master_is_replaced_in_this_order),
        cmocka_unit_test(forced_the_gate_lets_a_living_master_pass_but_no_later_vote),
        cmocka_unit_test(forced_the_gate_lets_a_master_pass_that_answers_again),
        cmocka_unit_test(forced_it_chooses_among_answers_since_the_command),
        cmocka_unit_test(forced_a_failed_one_is_not_repeated_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
