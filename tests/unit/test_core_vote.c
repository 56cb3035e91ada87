#include "sentinel/core/election.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"
#include "sentinel/core/input.h"

#include <stdio.h>
#include <string.h>

/* ---- votes given ---- */

static void a_vote_is_given_once_in_an_epoch_to_the_first_who_asks(void **state) {
    static const struct {
        uint64_t epoch;
        const char *candidate, *vote_for;
        uint64_t vote_epoch, current_epoch;
    } requests[] = {
        { 0, ID_B, "", 0, 0 }, /* nothing is below epoch 0 */
        { 5, ID_B, ID_B, 5, 5 },
        { 5, ID_C, ID_B, 5, 5 },
        { 5, ID_B, ID_B, 5, 5 },
        { 4, ID_C, ID_B, 5, 5 },
        { 6, ID_C, ID_C, 6, 6 },
        { 50, OUR_ID, OUR_ID, 50, 50 },
        { 51, "anything goes", "anything goes", 51, 51 },
        { 52, "", "anything goes", 51, 52 },
        { (uint64_t)INT64_MAX + 1, ID_B, "anything goes", 51, 52 },
        { UINT64_MAX, ID_B, "anything goes", 51, 52 },
        { INT64_MAX, ID_B, "anything goes", 51, 52 }, /* not believed */
        { EPOCH_END, ID_B, "anything goes", 51, 52 },
        { 53 + EPOCH_STEP_MAX, ID_B, "anything goes", 51, 52 },
        { 52 + EPOCH_STEP_MAX, ID_B, ID_B, 52 + EPOCH_STEP_MAX, 52 + EPOCH_STEP_MAX },
    };
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        struct vote vote = fixture_request(&f, f.group, requests[i].epoch, requests[i].candidate);
        assert_slice(vote.candidate, requests[i].vote_for);
        assert_true(vote.epoch == requests[i].vote_epoch);
        assert_true(f.core->current_epoch == requests[i].current_epoch);
    }
    fixture_stop(&f);
}

static void a_candidate_too_long_gets_no_vote(void **state) {
    struct fixture f;
    char candidate[CANDIDATE_MAX + 1];
    fixture_start(&f, &FIXTURE_STANDARD);
    memset(candidate, 'x', sizeof(candidate));
    candidate[CANDIDATE_MAX] = '\0';
    assert_int_equal(fixture_request(&f, f.group, 3, candidate).epoch, 0);
    candidate[CANDIDATE_MAX - 1] = '\0';
    assert_slice(fixture_request(&f, f.group, 4, candidate).candidate, candidate);
    fixture_stop(&f);
}

static void a_vote_is_an_event_and_rests_on_the_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    struct vote vote = fixture_request(&f, f.group, 7, ID_B);
    assert_false(core_is_durable(f.core, vote.seq));
    assert_events(&f, "+new-epoch 7\n+vote-for-leader " ID_B " 7\n");
    assert_true(slice_contains(slice_of(fixture_persists(&f)), SLICE_LITERAL("epoch 7; group ")));
    assert_true(
        slice_contains(slice_of(fixture_persists(&f)), slice_of("vote-epoch=7 vote-for=" ID_B)));
    fixture_durable(&f, f.persist_seq);
    assert_true(core_is_durable(f.core, vote.seq));
    fixture_stop(&f);
}

static void an_old_vote_whose_epoch_is_not_on_disk_waits_too(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_request(&f, f.group, 7, ID_B);
    fixture_settle(&f);
    f.store = STORE_HANGS;
    assert_true(core_is_durable(f.core, fixture_request(&f, f.group, 7, ID_C).seq));
    f.group->frozen = true;
    struct vote vote = fixture_request(&f, f.group, 8, ID_C);
    assert_int_equal(vote.epoch, 7);
    assert_false(core_is_durable(f.core, vote.seq));
    fixture_stop(&f);
}

static void a_vote_outlives_a_restart(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_request(&f, f.group, 7, ID_B);
    fixture_restart(&f);
    assert_int_equal(f.core->current_epoch, 7);
    struct vote vote = fixture_request(&f, f.group, 7, ID_C);
    assert_slice(vote.candidate, ID_B);
    assert_int_equal(vote.epoch, 7);
    fixture_stop(&f);
}

static void a_vote_does_not_depend_on_health_tilt_or_acquaintance(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_stall(&f, 60000);
    fixture_timer(&f);
    assert_true(f.core->tilt);
    assert_slice(fixture_request(&f, f.group, 3, ID_E).candidate, ID_E);
    fixture_stop(&f);
}

static void c3_a_request_below_the_current_epoch_is_granted_above_vote_and_config_epoch(
    void **state) {
    static const struct {
        uint64_t current, config, vote, asked;
        bool granted;
    } cases[] = {
        { 10, 0, 0, 5, true },
        { 10, 4, 4, 5, true },
        { 10, 5, 0, 5, false }, /* this configuration exists already */
        { 10, 6, 0, 5, false },
        { 10, 0, 5, 5, false }, /* voted already */
        { 10, 0, 6, 5, false },
        { 10, 0, 0, 10, true },
        { 10, 10, 0, 10, true }, /* as stock: not below the current epoch */
        { 10, 10, 0, 11, true },
        { 10, 0, 0, 0, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.current_epoch = cases[i].current;
        o.config_epoch = cases[i].config;
        o.vote_epoch = cases[i].vote;
        o.vote_for = cases[i].vote > 0 ? ID_C : "";
        fixture_start(&f, &o);
        struct vote vote = fixture_request(&f, f.group, cases[i].asked, ID_B);
        assert_true(slice_is(vote.candidate, ID_B) == cases[i].granted);
        if (cases[i].granted)
            assert_int_equal(vote.epoch, cases[i].asked);
        else
            assert_int_equal(vote.epoch, cases[i].vote);
        fixture_stop(&f);
    }
}

/* ---- laws C7 and C8: having voted ---- */

static void c8_having_voted_for_another_one_waits_twice_the_failover_timeout(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_request(&f, f.group, 1, ID_B);
    int64_t voted_ms = f.now.mono_ms;
    fixture_fall(&f);
    fixture_forget(&f);
    fixture_advance(&f, voted_ms + 40000 - 1 - f.now.mono_ms);
    assert_no_event(&f, "+try-failover");
    assert_int_equal(fixture_await(&f, "+try-failover", 1000) <= 1000, true);
    assert_has_event(&f, "+new-epoch 2");
    fixture_stop(&f);
}

static void c8_the_wait_is_logged_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_request(&f, f.group, 1, ID_B);
    fixture_fall(&f);
    fixture_advance(&f, 1000);
    assert_logged(&f, "Next failover delay: I will not start a failover before ");
    buf_clear(&f.logs);
    fixture_advance(&f, 20000);
    assert_false(slice_contains(slice_of(fixture_logs(&f)), SLICE_LITERAL("failover delay")));
    fixture_stop(&f);
}

static void c8_a_newer_configuration_cuts_the_wait_short(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_request(&f, f.group, 1, ID_B);
    f.replicas[0].role = ROLE_MASTER;
    f.replicas[1].master = f.replicas[0].address;
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 1, "10.0.0.2", 6379, 1, NULL });
    fixture_advance(&f, 100);
    fixture_crash(&f, &f.replicas[0]);
    fixture_forget(&f);
    fixture_await(&f, "+try-failover", 1200);
    fixture_stop(&f);
}

static void c8_a_vote_for_another_cancels_a_fast_retry(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    f.peers[0].is_vain = f.peers[1].is_vain = true;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    fixture_request(&f, f.group, 2, ID_B);
    fixture_forget(&f);
    fixture_advance(&f, 39000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c8_our_own_vote_for_ourselves_by_request_delays_nothing(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_request(&f, f.group, 50, OUR_ID);
    fixture_fall(&f);
    assert_has_event(&f, "+try-failover " MASTER);
    assert_has_event(&f, "+new-epoch 51");
    fixture_stop(&f);
}

static void c7_a_later_vote_abandons_our_attempt_before_the_promotion(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    fixture_fall(&f);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    fixture_forget(&f);
    assert_slice(fixture_request(&f, f.group, 2, ID_B).candidate, ID_B);
    assert_events(
        &f, "+new-epoch 2\n-failover-abort-not-elected " MASTER "\n+vote-for-leader " ID_B " 2\n");
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_forget(&f);
    fixture_advance(&f, 39000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c7_once_the_promotion_was_sent_the_old_vote_is_the_answer(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].holds = "MULTI";
    f.replicas[1].holds = "MULTI";
    fixture_fall(&f);
    fixture_await(&f, "+failover-state-wait-promotion", 100);
    struct vote vote = fixture_request(&f, f.group, 9, ID_B);
    assert_slice(vote.candidate, OUR_ID);
    assert_int_equal(vote.epoch, 1);
    assert_int_equal(f.core->current_epoch, 9); /* the epoch is adopted all the same */
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_PROMOTION);
    f.replicas[0].holds = f.replicas[1].holds = NULL;
    fixture_await(&f, "+failover-end", 1000);
    assert_slice(fixture_request(&f, f.group, 9, ID_B).candidate, ID_B);
    fixture_stop(&f);
}

static void c7_the_old_vote_is_the_answer_while_the_others_are_reconfigured(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].offset = 2000;
    f.replicas[1].holds = "MULTI";
    fixture_fall(&f);
    fixture_await(&f, "+slave-reconf-sent", 200);
    assert_slice(fixture_request(&f, f.group, 9, ID_B).candidate, OUR_ID);
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    fixture_stop(&f);
}

/* The EXEC is refused, then the replica is found a master all the same, both while tilt keeps us
 * from acting. */
static void a_vote_is_not_given_when_a_refused_replica_turned_out_promoted(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].offset = 2000;
    f.replicas[0].holds = f.replicas[1].holds = "MULTI";
    fixture_fall(&f);
    fixture_await(&f, "+failover-state-wait-promotion", 100);
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    assert_true(f.core->tilt);
    f.replicas[0].exec = "-EXECABORT Transaction discarded\r\n";
    f.replicas[0].role = ROLE_MASTER;
    f.replicas[0].holds = NULL;
    fixture_await(&f, "+promoted-slave", 40000);
    assert_slice(fixture_request(&f, f.group, 9, ID_B).candidate, OUR_ID);
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    fixture_stop(&f);
}

/* Which epochs are used: a question for our vote may claim any of them. */
static void an_epoch_is_never_used_twice_even_if_the_last_ones_are_claimed(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    f.core->current_epoch = EPOCH_END - 2;
    fixture_request(&f, f.group, EPOCH_END, ID_B);
    assert_int_equal(f.group->vote_epoch, 0);
    fixture_request(&f, f.group, EPOCH_END - 1, ID_B);
    assert_int_equal(f.group->vote_epoch, EPOCH_END - 1);
    f.group->failover_start_ms = 0; /* law C8 is not what holds us back here */
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+odown", 1500);
    fixture_advance(&f, 5000);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_string_equal(f.group->vote_for, ID_B);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vote_is_given_once_in_an_epoch_to_the_first_who_asks),
        cmocka_unit_test(a_candidate_too_long_gets_no_vote),
        cmocka_unit_test(a_vote_is_an_event_and_rests_on_the_disk),
        cmocka_unit_test(an_old_vote_whose_epoch_is_not_on_disk_waits_too),
        cmocka_unit_test(a_vote_outlives_a_restart),
        cmocka_unit_test(a_vote_does_not_depend_on_health_tilt_or_acquaintance),
        cmocka_unit_test(c8_having_voted_for_another_one_waits_twice_the_failover_timeout),
        cmocka_unit_test(c8_the_wait_is_logged_once),
        cmocka_unit_test(c8_a_newer_configuration_cuts_the_wait_short),
        cmocka_unit_test(c8_a_vote_for_another_cancels_a_fast_retry),
        cmocka_unit_test(c8_our_own_vote_for_ourselves_by_request_delays_nothing),
        cmocka_unit_test(c7_a_later_vote_abandons_our_attempt_before_the_promotion),
        cmocka_unit_test(c7_once_the_promotion_was_sent_the_old_vote_is_the_answer),
        cmocka_unit_test(c7_the_old_vote_is_the_answer_while_the_others_are_reconfigured),
        cmocka_unit_test(a_vote_is_not_given_when_a_refused_replica_turned_out_promoted),
        cmocka_unit_test(
            c3_a_request_below_the_current_epoch_is_granted_above_vote_and_config_epoch),
        cmocka_unit_test(an_epoch_is_never_used_twice_even_if_the_last_ones_are_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
