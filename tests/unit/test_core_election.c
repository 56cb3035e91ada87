#include "sentinel/core/election.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#include <string.h>

/* ---- law C1: counting ---- */

static void c1_the_majority_and_the_quorum_are_needed(void **state) {
    static const struct {
        int peers;
        int64_t quorum;
        int voting;
        bool elected;
    } cases[] = {
        { 0, 1, 0, true },
        { 1, 1, 0, false },
        { 1, 1, 1, true },
        { 2, 2, 0, false },
        { 2, 2, 1, true },
        { 2, 1, 0, false },
        { 3, 2, 1, false },
        { 3, 2, 2, true },
        { 4, 2, 2, true },
        { 4, 4, 2, false }, /* the majority is there, the quorum is not */
        { 4, 4, 3, true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.peers = cases[i].peers;
        o.quorum = cases[i].quorum;
        fixture_start_unloved(&f, &o);
        for (int p = 0; p < cases[i].voting; p++)
            f.peers[p].votes = true;
        fixture_fall(&f);
        fixture_advance(&f, 100);
        assert_has_event(&f, "+try-failover " MASTER);
        if (cases[i].elected)
            assert_has_event(&f, "+elected-leader " MASTER);
        else
            assert_no_event(&f, "+elected-leader");
        fixture_stop(&f);
    }
}

static void c1_only_votes_of_our_epoch_count(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 7;
    fixture_start_unloved(&f, &o);
    for (int i = 0; i < 2; i++) { /* they voted for us once */
        slice_copy(slice_of(OUR_ID), f.peers[i].vote_for, CANDIDATE_MAX);
        f.peers[i].vote_epoch = 7;
    }
    fixture_fall(&f);
    fixture_advance(&f, 5000);
    assert_string_equal(fixture_peer(&f, 0)->voted_for, OUR_ID);
    assert_int_equal(fixture_peer(&f, 0)->voted_epoch, 7);
    assert_has_event(&f, "+new-epoch 8");
    assert_no_event(&f, "+elected-leader");
    fixture_stop(&f);
}

static void c1_a_peer_that_voted_beyond_our_epoch_ends_the_attempt(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 5;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_stop(&f);
}

static void a_vote_under_an_impossible_epoch_is_not_believed(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = UINT64_C(1) << 60;
    f.peers[1].votes = true;
    fixture_fall(&f);
    fixture_await(&f, "+elected-leader", 200);
    assert_int_equal(fixture_peer(&f, 0)->voted_epoch, 0);
    assert_no_event(&f, "-failover-abort");
    fixture_stop(&f);
}

static void c1_a_newer_configuration_ends_the_attempt(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    fixture_fall(&f);
    fixture_forget(&f);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 2, "10.0.0.1", 6379, 2, NULL });
    assert_events(&f, "+new-epoch 2\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

static void a_vote_is_asked_for_only_when_our_own_is_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.store = STORE_HANGS;
    fixture_fall(&f);
    fixture_await(&f, "+try-failover", 100);
    fixture_advance(&f, 500);
    for (size_t i = 0; i < f.sent_count; i++)
        if (strncmp(f.sent[i].text, "SENTINEL", 8) == 0)
            assert_string_equal(
                f.sent[i].text, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *");
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    f.store = STORE_WORKS;
    fixture_settle(&f);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    assert_has_event(&f, "+elected-leader " MASTER);
    fixture_stop(&f);
}

static void our_own_vote_counts_only_when_it_is_on_disk(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    fixture_start(&f, &o);
    f.store = STORE_HANGS;
    fixture_fall(&f);
    fixture_advance(&f, 500);
    assert_has_event(&f, "+try-failover " MASTER);
    assert_no_event(&f, "+elected-leader");
    assert_no_event(&f, "-failover-abort-not-elected");
    f.store = STORE_FAILS;
    fixture_advance(&f, 3000);
    assert_no_event(&f, "+elected-leader");
    f.store = STORE_WORKS;
    fixture_await(&f, "+elected-leader", 1100);
    fixture_stop(&f);
}

static void the_vote_is_asked_for_beside_a_question_in_flight(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.quorum = 1;
    fixture_start(&f, &o);
    f.peers[0].holds = f.peers[1].holds = "SENTINEL";
    fixture_fall(&f);
    fixture_settle(&f);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "SENTINEL"), 2);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    fixture_advance(&f, 1000);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "SENTINEL"), 2); /* and only once */
    fixture_stop(&f);
}

static void too_few_votes_in_time_end_the_attempt_and_stocks_wait_follows(void **state) {
    static const struct {
        int64_t failover_timeout_ms, limit_ms;
    } cases[] = { { 20000, 10000 }, { 3000, 3000 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.failover_timeout_ms = cases[i].failover_timeout_ms;
        fixture_start_unloved(&f, &o);
        fixture_fall(&f);
        fixture_settle(&f);
        int64_t begun_ms = f.group->attempt.begun_ms;
        fixture_advance(&f, begun_ms + cases[i].limit_ms - f.now.mono_ms);
        assert_no_event(&f, "-failover-abort-not-elected");
        fixture_advance(&f, 1);
        assert_has_event(&f, "-failover-abort-not-elected " MASTER);
        fixture_forget(&f);
        int64_t allowed_ms = begun_ms + 2 * cases[i].failover_timeout_ms;
        fixture_advance(&f, allowed_ms - 1 - f.now.mono_ms);
        assert_no_event(&f, "+try-failover");
        fixture_await(&f, "+try-failover", 1001); /* its random part is below a second */
        fixture_stop(&f);
    }
}

static void the_attempt_ends_when_the_master_answers(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    fixture_start_unloved(&f, &o);
    fixture_hang(&f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_forget(&f);
    fixture_revive(&f.master);
    fixture_settle(&f);
    assert_events(
        &f, "-sdown " MASTER "\n-odown " MASTER "\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

/* Each attempt asks anew, without waiting for what the last one asked. */
static void a_peer_that_hangs_is_not_asked_for_ever(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.failover_timeout_ms = 100;
    fixture_start_unloved(&f, &o);
    f.core->settings.limits.max[LIMIT_PENDING_COMMANDS] = 10;
    fixture_fall(&f);
    fixture_hang(&f.peers[0]);
    size_t most = 0, attempts = 0;
    for (int step = 0; step < 150; step++) { /* for as long as a link has to live at least */
        fixture_advance(&f, 90);
        most = MAX_OF(most, peer_find(f.group, f.peers[0].id)->process->link.count);
        attempts = f.core->next_attempt;
    }
    assert_in_range(attempts, 20, 1000);
    assert_in_range(most, 5, 11);
    fixture_stop(&f);
}

/* It has restarted, and loads for too long: we stand. */
static void stand_against_a_loading_master(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.reboot_down_after_ms = 5000;
    fixture_start_unloved(f, &o);
    f->master.run_id[0] = 'f';
    f->master.pong = "-LOADING the dataset\r\n";
    fixture_cut(f, &f->master);
    fixture_await(f, "+try-failover", 7000);
    fixture_forget(f);
}

static void it_ends_too_when_a_restarted_master_has_loaded(void **state) {
    struct fixture f;
    stand_against_a_loading_master(&f);
    f.master.pong = "+PONG\r\n";
    fixture_await(&f, "-failover-abort-not-elected", 1100);
    assert_events(
        &f, "-sdown " MASTER "\n-odown " MASTER "\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

static void it_ends_too_when_a_loading_master_restarts_once_more(void **state) {
    struct fixture f;
    stand_against_a_loading_master(&f);
    f.master.run_id[0] = 'e'; /* its period begins anew: it is not down any more */
    fixture_cut(&f, &f.master);
    fixture_await(&f, "-sdown", 1100);
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    fixture_stop(&f);
}

/* An answer in tilt, which nobody may judge, does not stand in the way of later attempts. */
static void a_master_that_answered_only_in_tilt_is_replaced(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    fixture_revive(&f.master);
    fixture_advance(&f, 10000);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-tilt", 30000);
    fixture_forget(&f);
    f.peers[0].votes = f.peers[1].votes = true;
    fixture_await(&f, "+promoted-slave", 42000);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c1_the_majority_and_the_quorum_are_needed),
        cmocka_unit_test(c1_only_votes_of_our_epoch_count),
        cmocka_unit_test(c1_a_peer_that_voted_beyond_our_epoch_ends_the_attempt),
        cmocka_unit_test(a_vote_under_an_impossible_epoch_is_not_believed),
        cmocka_unit_test(c1_a_newer_configuration_ends_the_attempt),
        cmocka_unit_test(a_vote_is_asked_for_only_when_our_own_is_on_disk),
        cmocka_unit_test(our_own_vote_counts_only_when_it_is_on_disk),
        cmocka_unit_test(the_vote_is_asked_for_beside_a_question_in_flight),
        cmocka_unit_test(too_few_votes_in_time_end_the_attempt_and_stocks_wait_follows),
        cmocka_unit_test(a_peer_that_hangs_is_not_asked_for_ever),
        cmocka_unit_test(the_attempt_ends_when_the_master_answers),
        cmocka_unit_test(it_ends_too_when_a_restarted_master_has_loaded),
        cmocka_unit_test(it_ends_too_when_a_loading_master_restarts_once_more),
        cmocka_unit_test(a_master_that_answered_only_in_tilt_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
