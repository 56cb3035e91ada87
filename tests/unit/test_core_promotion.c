/* Which replica is promoted, when, and what came of it: laws C9 to C11. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

/* ---- law C9: the gate ---- */

static void c9_the_promotion_waits_for_the_disk(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    fixture_start_loved(&f, &o);
    f.store = STORE_HANGS;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_advance(&f, 300);
    assert_int_equal(fixture_promotions(&f, 0), 0);
    f.store = STORE_WORKS;
    fixture_settle(&f);
    assert_int_equal(fixture_promotions(&f, 0), 1);
    fixture_stop(&f);
}

static void an_election_that_the_master_s_return_made_void_costs_no_wait(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].priority = f.replicas[1].priority = 0; /* elected, with nobody to promote yet */
    fixture_hang(&f.master);
    fixture_await(&f, "+failover-state-select-slave", 1200);
    fixture_revive(&f.master);
    fixture_settle(&f);
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    fixture_advance(&f, 3000);
    fixture_forget(&f);
    f.replicas[0].priority = f.replicas[1].priority = 100;
    fixture_advance(&f, 11000); /* their INFO tells */
    fixture_forget(&f);
    fixture_hang(&f.master);
    fixture_await(&f, "+promoted-slave", 1600);
    fixture_stop(&f);
}

enum shut { SHUT_BY_EPOCH, SHUT_BY_VOTE, SHUT_BY_ANSWER, SHUT_BY_AGE };

/* The attempt was elected and waits for a replica that may be promoted; then the gate shuts. */
static void c9_what_shuts_the_gate_ends_the_attempt(void **state) {
    static const struct {
        enum shut by;
        const char *why;
    } cases[] = {
        { SHUT_BY_EPOCH, "a configuration of this epoch or a later one was seen" },
        { SHUT_BY_VOTE, "a later epoch was asked for, and our vote given to it" },
        { SHUT_BY_ANSWER, "the master is not down any more" },
        { SHUT_BY_AGE, "it is too old to promote anything" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start_loved(&f, &FIXTURE_STANDARD);
        f.replicas[0].priority = f.replicas[1].priority = 0;
        fixture_hang(&f.master);
        fixture_await(&f, "+failover-state-select-slave", 1200);
        assert_int_equal(f.group->attempt.state, FAILOVER_SELECT);
        switch (cases[i].by) {
        case SHUT_BY_EPOCH:
            fixture_hello(
                &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 1, "10.0.0.1", 6379, 1, NULL });
            break;
        case SHUT_BY_VOTE:
            fixture_request(&f, f.group, 2, ID_B);
            break;
        case SHUT_BY_ANSWER:
            fixture_revive(&f.master);
            fixture_settle(&f);
            break;
        case SHUT_BY_AGE:
            f.group->attempt.begun_ms -= 10000;
            group_touch(f.core, f.group);
            fixture_timer(&f);
            break;
        }
        assert_logged(&f, cases[i].why);
        assert_has_event(&f, "-failover-abort-not-elected " MASTER);
        assert_int_equal(fixture_promotions(&f, 0) + fixture_promotions(&f, 1), 0);
        assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
        fixture_stop(&f);
    }
}

static void c9_nothing_is_promoted_in_tilt(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    fixture_start_loved(&f, &o);
    f.store = STORE_HANGS;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_stall(&f, 2500);
    fixture_timer(&f);
    f.store = STORE_WORKS;
    fixture_advance(&f, 29000);
    assert_int_equal(fixture_promotions(&f, 0) + fixture_promotions(&f, 1), 0);
    fixture_advance(&f, 2000); /* over, and the attempt is too old */
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    fixture_stop(&f);
}

/* ---- law C10: choosing ---- */

static void c10_it_waits_for_fresh_info_at_most_300_ms(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[1].holds = "INFO";
    f.replicas[1].offset = 3000;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-select-slave", 1200);
    assert_int_equal(fixture_await(&f, "+selected-slave", 1000), 300);
    assert_has_event(&f, "+selected-slave " REPLICA);
    fixture_stop(&f);
}

static void c10_a_late_answer_within_that_time_decides(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[1].latency_ms = 120;
    f.replicas[1].offset = 3000;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-select-slave", 1200);
    assert_in_range(fixture_await(&f, "+selected-slave", 1000), 100, 240);
    assert_has_event(&f, "+selected-slave " SECOND);
    fixture_stop(&f);
}

static void c10_no_good_replica_is_said_after_a_second_of_asking(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].priority = f.replicas[1].priority = 0;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+sdown", 1200);
    assert_int_equal(fixture_await(&f, "-failover-abort-no-good-slave", 2000), 1000);
    assert_logged(&f, "replica 10.0.0.2:6379 rejected: its priority is 0");
    assert_logged(&f, "replica 10.0.0.3:6379 rejected: its priority is 0");
    fixture_stop(&f);
}

static void c10_a_replica_that_becomes_good_in_that_second_is_taken(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.replicas[1]);
    f.replicas[0].mood = FAR_VANISHED;
    fixture_cut(&f, &f.replicas[0]);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-select-slave", 1500);
    fixture_advance(&f, 200);
    assert_no_event(&f, "+selected-slave");
    fixture_revive(&f.replicas[0]);
    fixture_await(&f, "+selected-slave", 900);
    fixture_stop(&f);
}

static void an_election_won_and_not_used_may_be_repeated_soon(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].priority = f.replicas[1].priority = 0;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-no-good-slave", 3000);
    fixture_forget(&f);
    f.replicas[0].priority = 100;
    assert_in_range(fixture_await(&f, "+try-failover", 1000), 50, 250);
    fixture_await(&f, "+switch-master", 1500);
    fixture_stop(&f);
}

static void c10_somebody_elses_promotion_is_completed(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.peers[0].votes = f.peers[1].votes = false;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    f.replicas[1].role = ROLE_MASTER; /* a leader died right after its promotion */
    fixture_advance(&f, 1100);
    f.peers[0].votes = f.peers[1].votes = true;
    fixture_await(&f, "+selected-slave", 2000);
    assert_has_event(&f, "+selected-slave " SECOND);
    fixture_await(&f, "+switch-master", 100);
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379");
    fixture_stop(&f);
}

/* ---- law C11: what became of the order ---- */

static void c11_a_refused_promotion_takes_the_next_replica_at_once(void **state) {
    static const char *const refusals[] = {
        "-EXECABORT Transaction discarded because of previous errors.\r\n",
        "-NOPERM this user has no permissions to run the 'exec' command\r\n",
        "*4\r\n-ERR unknown command 'SLAVEOF'\r\n+OK\r\n:1\r\n:0\r\n",
        "*-1\r\n",
        "*0\r\n",
        "+QUEUED\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct fixture f;
        fixture_start_loved(&f, &FIXTURE_STANDARD);
        f.replicas[0].exec = refusals[i];
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+failover-state-wait-promotion", 1200);
        assert_int_equal(fixture_await(&f, "+switch-master", 1000), 0);
        assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379");
        assert_logged(&f, "replica 10.0.0.2:6379 refused the promotion, choosing another one");
        assert_logged(&f, "replica 10.0.0.2:6379 rejected: it refused the promotion");
        assert_int_equal(fixture_promotions(&f, 0), 1);
        fixture_stop(&f);
    }
}

static void c11_a_server_without_a_configuration_file_is_promoted_all_the_same(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].holds = "MULTI";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-wait-promotion", 1200);
    f.replicas[0].role = ROLE_MASTER;
    f.replicas[0].exec =
        "*4\r\n+OK\r\n-ERR The server is running without a config file\r\n:1\r\n:0\r\n";
    f.replicas[0].holds = NULL;
    fixture_await(&f, "+promoted-slave", 10);
    assert_logged(&f, "10.0.0.2:6379 answered CONFIG REWRITE with: ERR The server is running");
    fixture_stop(&f);
}

static void c11_if_all_refuse_there_is_no_good_replica(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].exec = f.replicas[1].exec = "-EXECABORT no\r\n";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-no-good-slave", 3000);
    assert_int_equal(fixture_promotions(&f, 0), 1);
    assert_int_equal(fixture_promotions(&f, 1), 1);
    fixture_stop(&f);
}

static void c11_after_a_lost_answer_no_second_replica_is_ever_chosen(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    fixture_crash(&f, &f.replicas[0]);
    fixture_advance(&f, 19900);
    assert_int_equal(fixture_promotions(&f, 1), 0);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_PROMOTION);
    fixture_await(&f, "-failover-abort-slave-timeout", 200);
    assert_has_event(&f, "-failover-abort-slave-timeout " MASTER);
    assert_int_equal(fixture_promotions(&f, 1), 0);
    fixture_forget(&f);
    fixture_advance(&f, 15000); /* stock's wait, not a fast retry: it may have been promoted */
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c11_a_lost_answer_is_no_loss_if_the_replica_turns_out_promoted(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].role = ROLE_MASTER;
    fixture_cut(&f, &f.replicas[0]);
    fixture_await(&f, "+switch-master", 300);
    assert_int_equal(fixture_promotions(&f, 0), 1);
    fixture_stop(&f);
}

static void c11_if_it_turns_out_not_promoted_the_same_one_is_told_again(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    f.replicas[0].holds = NULL;
    fixture_cut(&f, &f.replicas[0]);
    fixture_await(&f, "+switch-master", 300);
    assert_int_equal(fixture_promotions(&f, 0), 2);
    assert_int_equal(fixture_promotions(&f, 1), 0);
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    fixture_stop(&f);
}

static void c11_it_is_not_told_again_once_it_may_not_be_promoted(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].priority = 0;
    fixture_cut(&f, &f.replicas[0]);
    fixture_advance(&f, 19000);
    assert_int_equal(fixture_promotions(&f, 0), 1);
    assert_int_equal(fixture_promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void c11_a_refused_repetition_says_nothing_of_the_first_order(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].exec = "-EXECABORT no\r\n";
    fixture_cut(&f, &f.replicas[0]);
    fixture_advance(&f, 9000);
    assert_in_range(fixture_promotions(&f, 0), 2, 100); /* with a pause between them */
    assert_int_equal(fixture_promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void a_promotion_that_is_never_confirmed_ends_after_the_failover_timeout(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    int64_t sent_ms = f.group->attempt.state_ms;
    fixture_advance(&f, sent_ms + 20000 - f.now.mono_ms);
    assert_no_event(&f, "-failover-abort-slave-timeout");
    fixture_advance(&f, 1);
    assert_has_event(&f, "-failover-abort-slave-timeout " MASTER);
    fixture_stop(&f);
}

static void an_info_that_was_asked_for_before_the_order_confirms_nothing(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
    struct node *n = fixture_replica(&f, 0);
    n->role_reported = ROLE_MASTER;
    n->info_sent_ms = f.group->attempt.outcome_ms - 1;
    group_touch(f.core, f.group);
    fixture_timer(&f);
    assert_no_event(&f, "+promoted-slave");
    n->info_sent_ms++;
    group_touch(f.core, f.group);
    fixture_timer(&f);
    assert_has_event(&f, "+promoted-slave " REPLICA);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c9_the_promotion_waits_for_the_disk),
        cmocka_unit_test(c9_what_shuts_the_gate_ends_the_attempt),
        cmocka_unit_test(an_election_that_the_master_s_return_made_void_costs_no_wait),
        cmocka_unit_test(c9_nothing_is_promoted_in_tilt),
        cmocka_unit_test(c10_it_waits_for_fresh_info_at_most_300_ms),
        cmocka_unit_test(c10_a_late_answer_within_that_time_decides),
        cmocka_unit_test(c10_no_good_replica_is_said_after_a_second_of_asking),
        cmocka_unit_test(c10_a_replica_that_becomes_good_in_that_second_is_taken),
        cmocka_unit_test(an_election_won_and_not_used_may_be_repeated_soon),
        cmocka_unit_test(c10_somebody_elses_promotion_is_completed),
        cmocka_unit_test(c11_a_refused_promotion_takes_the_next_replica_at_once),
        cmocka_unit_test(c11_a_server_without_a_configuration_file_is_promoted_all_the_same),
        cmocka_unit_test(c11_if_all_refuse_there_is_no_good_replica),
        cmocka_unit_test(c11_after_a_lost_answer_no_second_replica_is_ever_chosen),
        cmocka_unit_test(c11_a_lost_answer_is_no_loss_if_the_replica_turns_out_promoted),
        cmocka_unit_test(c11_if_it_turns_out_not_promoted_the_same_one_is_told_again),
        cmocka_unit_test(c11_it_is_not_told_again_once_it_may_not_be_promoted),
        cmocka_unit_test(c11_a_refused_repetition_says_nothing_of_the_first_order),
        cmocka_unit_test(a_promotion_that_is_never_confirmed_ends_after_the_failover_timeout),
        cmocka_unit_test(an_info_that_was_asked_for_before_the_order_confirms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
