#include "sentinel/core/converge.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#include <string.h>

#define OLD_MASTER "slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379"
#define FOLLOW_1   "MULTI; SLAVEOF 10.0.0.1 6379; "
#define FOLLOW_2   "MULTI; SLAVEOF 10.0.0.2 6379; "

/* ---- the other replicas of a failover that we lead ---- */

/* The master dies, the first replica is promoted; the others obey, but `holding` of them, the last
 * ones, do not even answer the order. */
static void promote(struct fixture *f, int replicas, int64_t parallel_syncs, int holding) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.replicas = replicas;
    o.parallel_syncs = parallel_syncs;
    fixture_start(f, &o);
    fixture_peers_agree(f);
    f->replicas[0].offset = 2000;
    for (int i = 0; i < holding; i++)
        f->replicas[replicas - 1 - i].holds = "MULTI";
    fixture_crash(f, &f->master);
    fixture_await(f, "+switch-master", 1200);
}

static size_t told(const struct fixture *f) {
    return fixture_sent(f, NULL, FOLLOW_2);
}

static void a_replica_is_told_reports_the_new_master_and_then_its_link(void **state) {
    struct fixture f;
    promote(&f, 2, 1, 1);
    fixture_forget(&f);
    f.replicas[1].link_up = false;
    f.replicas[1].holds = NULL;
    fixture_settle(&f);
    assert_string_equal(fixture_last_sent(&f, &f.replicas[1], "MULTI")->text,
        "MULTI; SLAVEOF 10.0.0.2 6379; CONFIG REWRITE; CLIENT KILL TYPE normal; "
        "CLIENT KILL TYPE pubsub; EXEC");
    assert_events(&f, "+slave-reconf-inprog " SECOND "\n");
    fixture_advance(&f, 500);
    assert_events(&f, "");
    f.replicas[1].link_up = true;
    fixture_await(&f, "+failover-end", 1000);
    assert_has_event(&f, "+slave-reconf-done " SECOND);
    fixture_stop(&f);
}

static void no_more_than_parallel_syncs_are_told_at_a_time(void **state) {
    static const int64_t limits[] = { 1, 2, 3, 4, 9 };
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        struct fixture f;
        promote(&f, 5, limits[i], 4);
        fixture_advance(&f, 500);
        assert_int_equal(told(&f), MIN_OF(limits[i], 4));
        int done = 0; /* each that is done makes room for one more */
        for (int r = 1; r < 5; r++) {
            f.replicas[r].holds = NULL;
            fixture_settle(&f);
            done++;
            assert_int_equal(told(&f), MIN_OF(limits[i] + done, 4));
        }
        assert_has_event(&f, "+failover-end " MASTER);
        fixture_stop(&f);
    }
}

static void one_that_is_told_and_does_not_report_it_gives_its_place_up_after_ten_seconds(
    void **state) {
    struct fixture f;
    promote(&f, 3, 1, 2);
    f.replicas[1].exec = "*4\r\n+OK\r\n+OK\r\n:1\r\n:0\r\n"; /* it says so, and does not */
    f.replicas[1].holds = NULL;
    fixture_advance(&f, 10000);
    assert_int_equal(told(&f), 1);
    assert_no_event(&f, "-slave-reconf-sent-timeout");
    fixture_advance(&f, 1);
    assert_has_event(&f, "-slave-reconf-sent-timeout " SECOND);
    assert_int_equal(told(&f), 2);
    fixture_stop(&f);
}

static void one_that_is_down_holds_no_place_and_no_end(void **state) {
    struct fixture f;
    promote(&f, 3, 1, 2);
    fixture_crash(&f, &f.replicas[1]);
    assert_int_equal(told(&f), 1);
    fixture_advance(&f, 1001);
    assert_has_event(&f, "+sdown " SECOND);
    assert_int_equal(told(&f), 2);
    f.replicas[2].holds = NULL;
    fixture_await(&f, "+failover-end", 100);
    assert_no_event(&f, "+failover-end-for-timeout");
    fixture_stop(&f);
}

static void at_a_forced_end_those_left_out_are_told_once_more(void **state) {
    struct fixture f;
    promote(&f, 4, 1, 2);
    struct far *third = &f.replicas[2], *fourth = &f.replicas[3];
    third->holds = NULL;
    third->link_up = false; /* in progress for ever */
    int64_t since_ms = f.group->attempt.state_ms;
    fixture_advance(&f, since_ms + 20000 - f.now.mono_ms);
    assert_int_equal(fixture_sent(&f, fourth, FOLLOW_2), 0);
    assert_no_event(&f, "+failover-end");
    fixture_forget(&f);
    fixture_advance(&f, 1);
    fourth->holds = NULL;
    fixture_settle(&f);
    assert_int_equal(fixture_sent(&f, fourth, FOLLOW_2), 1);
    assert_int_equal(fixture_sent(&f, third, FOLLOW_2), 1);
    assert_has_event(&f, "+failover-end-for-timeout " MASTER);
    assert_has_event(&f, "+failover-end " MASTER);
    assert_has_event(&f, "+slave-reconf-sent-be slave 10.0.0.4:6379 10.0.0.4 6379" AT);
    assert_has_event(&f, "+slave-reconf-sent-be slave 10.0.0.5:6379 10.0.0.5 6379" AT);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    fixture_stop(&f);
}

static void the_last_orders_are_awaited_for_a_second_at_most(void **state) {
    struct fixture f;
    promote(&f, 2, 1, 1);
    fixture_await(&f, "+failover-end", 2200); /* the other one is down by now */
    assert_int_equal(f.group->attempt.state, FAILOVER_UPDATE_CONFIG);
    fixture_advance(&f, 999);
    assert_int_equal(f.group->attempt.state, FAILOVER_UPDATE_CONFIG);
    assert_string_equal(group_current_master(f.group)->name, "10.0.0.2:6379");
    fixture_advance(&f, 1);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    fixture_stop(&f);
}

static void nothing_ends_while_the_promoted_one_is_down(void **state) {
    struct fixture f;
    promote(&f, 2, 1, 1);
    fixture_crash(&f, &f.replicas[0]);
    fixture_advance(&f, 1001);
    assert_has_event(&f, "+sdown " REPLICA);
    f.replicas[1].holds = NULL;
    fixture_advance(&f, 60000);
    assert_no_event(&f, "+failover-end");
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    fixture_revive(&f.replicas[0]);
    fixture_await(&f, "+failover-end", 2000);
    fixture_stop(&f);
}

static void without_other_replicas_it_ends_at_once(void **state) {
    struct fixture f;
    promote(&f, 1, 1, 0);
    assert_has_event(&f, "+failover-end " MASTER);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_int_equal(f.group->replica_count, 1);
    fixture_stop(&f);
}

/* ---- the old master comes back ---- */

static void hello(struct fixture *f, const char *host, const char *id, uint64_t config_epoch) {
    fixture_hello(
        f, &(struct hello_line){ host, 26379, id, 1, "10.0.0.2", 6379, config_epoch, NULL });
}

/* A failover is over, and the old master is back as a master. */
static void come_back(struct fixture *f) {
    promote(f, 2, 1, 0);
    fixture_advance(f, 3000);
    fixture_forget(f);
    fixture_revive(&f->master);
    fixture_await(f, "-role-change", 2000);
    fixture_forget(f);
}

static void c12_the_old_master_is_demoted_once_a_majority_has_announced_the_configuration(
    void **state) {
    struct fixture f;
    come_back(&f);
    fixture_advance(&f, 500);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    hello(&f, "10.0.1.1", ID_B, 1); /* with us, two of three; it was not heard for seconds */
    fixture_advance(&f, 499);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    fixture_advance(&f, 1);
    assert_has_event(&f, "+convert-to-slave " OLD_MASTER);
    assert_int_equal(fixture_sent(&f, &f.master, FOLLOW_2), 1);
    assert_int_equal(f.master.role, ROLE_REPLICA);
    fixture_advance(&f, 20000);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 1);
    fixture_stop(&f);
}

static void c12_hellos_of_before_its_return_or_of_another_configuration_do_not_count(void **state) {
    static const struct {
        uint64_t config_epoch;
        bool before;
    } cases[] = { { 1, true }, { 0, false } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        promote(&f, 2, 1, 0);
        fixture_advance(&f, 3000);
        if (cases[i].before)
            hello(&f, "10.0.1.1", ID_B, cases[i].config_epoch);
        fixture_advance(&f, 10);
        fixture_forget(&f);
        fixture_revive(&f.master);
        fixture_await(&f, "-role-change", 2000);
        if (!cases[i].before)
            hello(&f, "10.0.1.1", ID_B, cases[i].config_epoch);
        fixture_advance(&f, 7900);
        assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
        fixture_stop(&f);
    }
}

/* It may have been promoted since they were said. */
static void c12_hellos_of_before_it_said_that_it_is_a_master_do_not_count(void **state) {
    struct fixture f;
    promote(&f, 2, 1, 0);
    fixture_advance(&f, 3000);
    f.master.latency_ms = 50;
    fixture_revive(&f.master);
    const struct node *n = group_replica(f.group, &f.master.address);
    while (n->command.state != LINK_OPEN)
        fixture_advance(&f, 1);
    fixture_advance(&f, 5);
    fixture_forget(&f);
    hello(&f, "10.0.1.1", ID_B, 1);
    assert_no_event(&f, "-role-change");
    fixture_await(&f, "-role-change", 2000);
    fixture_advance(&f, 1500);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    hello(&f, "10.0.1.1", ID_B, 1);
    assert_has_event(&f, "+convert-to-slave " OLD_MASTER);
    fixture_stop(&f);
}

/* Who is cut off may have missed that it was promoted. */
static void c12_without_a_majority_it_is_left_alone(void **state) {
    struct fixture f;
    come_back(&f);
    fixture_advance(&f, 60000);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    hello(&f, "10.0.1.1", ID_B, 1);
    fixture_advance(&f, 500);
    assert_events(&f,
        "+convert-to-slave " OLD_MASTER "\n+role-change " OLD_MASTER
        " new reported role is slave\n");
    fixture_stop(&f);
}

/* Two of them wait on the way while the peer promotes the old master, and come before the news. */
static void c12_what_was_said_before_a_gap_does_not_count_before_all_of_it_has_come(void **state) {
    struct fixture f;
    come_back(&f);
    fixture_advance(&f, 10000);
    hello(&f, "10.0.1.1", ID_B, 1);
    fixture_advance(&f, 20);
    hello(&f, "10.0.1.1", ID_B, 1);
    fixture_advance(&f, 20);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 2, "10.0.0.1", 6379, 2, NULL });
    fixture_advance(&f, 3000);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    assert_string_equal(f.group->master->address.given.host, "10.0.0.1");
    fixture_stop(&f);
}

/* So it is when we were away: it was said at any time since. */
static void c12_what_a_stall_had_wait_does_not_count_before_all_of_it_has_come(void **state) {
    struct fixture f;
    come_back(&f);
    fixture_advance(&f, 1);
    fixture_confirm(&f);
    assert_has_event(&f, "+convert-to-slave " OLD_MASTER);
    fixture_stop(&f);

    come_back(&f);
    fixture_stall(&f, 1000);
    fixture_confirm(&f);
    fixture_advance(&f, 499);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    fixture_advance(&f, 1);
    assert_has_event(&f, "+convert-to-slave " OLD_MASTER);
    fixture_stop(&f);
}

static void c12_it_is_for_the_old_master_only(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER; /* by hand */
    fixture_await(&f, "-role-change", 11000);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 0, "10.0.0.1", 6379, 0, NULL });
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.2", 26379, ID_C, 0, "10.0.0.1", 6379, 0, NULL });
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_stop(&f);
}

static void c12_once_it_has_been_a_replica_it_is_a_stray_like_others(void **state) {
    struct fixture f;
    come_back(&f);
    fixture_advance(&f, 10);
    hello(&f, "10.0.1.1", ID_B, 1);
    fixture_advance(&f, 2000);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 1);
    fixture_forget(&f);
    f.master.role = ROLE_MASTER; /* by hand */
    fixture_await(&f, "-role-change", 11000);
    fixture_advance(&f, 1);
    hello(&f, "10.0.1.1", ID_B, 1);
    hello(&f, "10.0.1.2", ID_C, 1);
    fixture_advance(&f, 7900);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    fixture_advance(&f, 200);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 1);
    fixture_stop(&f);
}

/* ---- strays ---- */

static void a_replica_that_says_master_is_converted_after_eight_seconds(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER;
    fixture_await(&f, "-role-change", 11000);
    fixture_forget(&f);
    fixture_advance(&f, 1);
    fixture_confirm(&f);
    fixture_advance(&f, 7999);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_advance(&f, 1);
    assert_has_event(&f, "+convert-to-slave " REPLICA);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], FOLLOW_1), 1);
    assert_int_equal(f.replicas[0].role, ROLE_REPLICA);
    fixture_stop(&f);
}

static void a_replica_of_a_wrong_master_is_corrected_after_the_failover_timeout(void **state) {
    static const struct {
        const char *host;
        uint16_t port;
        bool wrong;
    } cases[] = {
        { "10.0.0.3", 6379, true },
        { "10.0.0.1", 6380, true },
        { "10.0.0.1", 6379, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        f.replicas[0].master = (struct endpoint){ .port = cases[i].port };
        slice_copy(slice_of(cases[i].host), f.replicas[0].master.host, ENDPOINT_HOST_MAX);
        fixture_advance(&f, 11000); /* INFO has shown it */
        int64_t changed_ms = fixture_replica(&f, 0)->conf_changed_ms;
        fixture_forget(&f);
        if (!cases[i].wrong) {
            fixture_advance(&f, 60000);
            assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
            fixture_stop(&f);
            continue;
        }
        fixture_advance(&f, changed_ms + 19000 - f.now.mono_ms);
        fixture_confirm(&f);
        fixture_advance(&f, 1000);
        assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
        fixture_advance(&f, 1);
        assert_events(&f, "+fix-slave-config " REPLICA "\n");
        assert_true(endpoint_equal(&f.replicas[0].master, &f.master.address));
        fixture_advance(&f, 60000);
        assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 1);
        fixture_stop(&f);
    }
}

/* Those who have said nothing since or lately, or something else. */
static void none_is_corrected_before_a_majority_has_confirmed_the_configuration(void **state) {
    static const bool is_turned[] = { true, false }; /* a master; else a wrong one is followed */
    for (size_t i = 0; i < ARRAY_SIZE(is_turned); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_confirm(&f);
        if (is_turned[i])
            f.replicas[0].role = ROLE_MASTER;
        else
            slice_copy(slice_of("10.0.0.3"), f.replicas[0].master.host, ENDPOINT_HOST_MAX);
        fixture_advance(&f, 11000);
        fixture_confirm(&f);
        f.replicas[0].holds = "PING"; /* not corrected in time */
        fixture_await(&f, "+sdown", 2000);
        fixture_advance(&f, 60000);
        f.replicas[0].holds = NULL;
        fixture_settle(&f);
        fixture_advance(&f, 60000);
        assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
        fixture_hello(
            &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 0, "10.0.0.3", 6379, 0, NULL });
        assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
        fixture_confirm(&f);
        assert_int_equal(fixture_sent(&f, &f.replicas[0], FOLLOW_1), 1);
        fixture_stop(&f);
    }
}

static void one_that_was_down_lately_is_left_alone_for_as_long(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER;
    fixture_await(&f, "-role-change", 11000);
    fixture_advance(&f, 5000);
    fixture_hang(&f.replicas[0]);
    fixture_await(&f, "+sdown", 2100);
    int64_t down_ms = f.now.mono_ms;
    fixture_revive(&f.replicas[0]);
    fixture_await(&f, "-sdown", 100);
    fixture_advance(&f, 1);
    fixture_confirm(&f);
    fixture_advance(&f, down_ms + 8000 - f.now.mono_ms);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_advance(&f, 1);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 1);
    fixture_stop(&f);
}

static void one_that_returned_is_asked_before_it_is_corrected(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 60000; /* it was away, but never down */
    fixture_start(&f, &o);
    f.replicas[0].role = ROLE_MASTER;
    fixture_await(&f, "-role-change", 11000);
    fixture_crash(&f, &f.replicas[0]);
    fixture_advance(&f, 10000);
    f.replicas[0].role = ROLE_REPLICA;
    fixture_revive(&f.replicas[0]);
    fixture_await(&f, "+role-change", 2000);
    fixture_advance(&f, 10000);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_stop(&f);
}

static void nobody_is_corrected_towards_a_master_that_does_not_look_sane(void **state) {
    static const char *const oddities[] = { "down", "says slave", "no fresh INFO" };
    for (size_t i = 0; i < ARRAY_SIZE(oddities); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.quorum = 3; /* never odown: no failover */
        o.down_after_ms = i == 0 ? 1000 : 300000;
        fixture_start(&f, &o);
        if (i == 0)
            fixture_hang(&f.master);
        if (i == 1)
            f.master.role = ROLE_REPLICA;
        if (i == 2)
            f.master.info = "-ERR no INFO today\r\n";
        fixture_advance(&f, 31000);
        f.replicas[0].role = ROLE_MASTER;
        fixture_advance(&f, 60000);
        if (fixture_sent(&f, &f.replicas[0], "MULTI") > 0)
            fail_msg("corrected though the master is odd: %s", oddities[i]);
        fixture_stop(&f);
    }
}

static void a_correction_without_effect_is_repeated_once_a_second(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER;
    f.replicas[0].exec = "-ERR not today\r\n";
    fixture_await(&f, "-role-change", 11000);
    fixture_advance(&f, 1);
    fixture_confirm(&f);
    fixture_await(&f, "+convert-to-slave", 8000);
    fixture_confirm(&f);
    fixture_forget(&f);
    fixture_advance(&f, 5000);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 5);
    assert_logged(&f, "10.0.0.2:6379 refused the change of its role: ERR not today");
    fixture_stop(&f);
}

static void strays_are_left_alone_in_tilt(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER;
    fixture_await(&f, "-role-change", 11000);
    fixture_advance(&f, 6000);
    fixture_stall(&f, 2500);
    fixture_timer(&f);
    fixture_advance(&f, 20000);
    fixture_confirm(&f);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_advance(&f, 15000);
    fixture_confirm(&f);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 1);
    fixture_stop(&f);
}

static void strays_are_left_alone_while_a_failover_runs(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER;
    fixture_await(&f, "-role-change", 11000);
    fixture_advance(&f, 6000);
    f.store = STORE_HANGS; /* so that it goes on for a while */
    fixture_stand(&f, ELECTION_FORCED);
    fixture_advance(&f, 5000);
    assert_true(group_in_failover(f.group));
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_is_told_reports_the_new_master_and_then_its_link),
        cmocka_unit_test(no_more_than_parallel_syncs_are_told_at_a_time),
        cmocka_unit_test(
            one_that_is_told_and_does_not_report_it_gives_its_place_up_after_ten_seconds),
        cmocka_unit_test(one_that_is_down_holds_no_place_and_no_end),
        cmocka_unit_test(at_a_forced_end_those_left_out_are_told_once_more),
        cmocka_unit_test(the_last_orders_are_awaited_for_a_second_at_most),
        cmocka_unit_test(nothing_ends_while_the_promoted_one_is_down),
        cmocka_unit_test(without_other_replicas_it_ends_at_once),
        cmocka_unit_test(
            c12_the_old_master_is_demoted_once_a_majority_has_announced_the_configuration),
        cmocka_unit_test(c12_hellos_of_before_its_return_or_of_another_configuration_do_not_count),
        cmocka_unit_test(c12_hellos_of_before_it_said_that_it_is_a_master_do_not_count),
        cmocka_unit_test(c12_without_a_majority_it_is_left_alone),
        cmocka_unit_test(c12_what_was_said_before_a_gap_does_not_count_before_all_of_it_has_come),
        cmocka_unit_test(c12_what_a_stall_had_wait_does_not_count_before_all_of_it_has_come),
        cmocka_unit_test(c12_it_is_for_the_old_master_only),
        cmocka_unit_test(c12_once_it_has_been_a_replica_it_is_a_stray_like_others),
        cmocka_unit_test(a_replica_that_says_master_is_converted_after_eight_seconds),
        cmocka_unit_test(a_replica_of_a_wrong_master_is_corrected_after_the_failover_timeout),
        cmocka_unit_test(none_is_corrected_before_a_majority_has_confirmed_the_configuration),
        cmocka_unit_test(one_that_was_down_lately_is_left_alone_for_as_long),
        cmocka_unit_test(one_that_returned_is_asked_before_it_is_corrected),
        cmocka_unit_test(nobody_is_corrected_towards_a_master_that_does_not_look_sane),
        cmocka_unit_test(a_correction_without_effect_is_repeated_once_a_second),
        cmocka_unit_test(strays_are_left_alone_in_tilt),
        cmocka_unit_test(strays_are_left_alone_while_a_failover_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
