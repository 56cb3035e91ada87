/* Coordinated failovers: the master hands over. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#define HANDOVER "MULTI; CLIENT PAUSE 20000 WRITE; FAILOVER TO 10.0.0.2 6379 TIMEOUT 20000; EXEC"
#define RELEASE \
    "MULTI; CONFIG REWRITE; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; CLIENT UNPAUSE; EXEC"

/* A master that knows FAILOVER, and peers that vote for us. */
static void start_coordinated(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].votes = true;
    f->master.failover_state = "no-failover";
    f->master.hands_over = true;
    f->replicas[0].offset = 2000;
    fixture_advance(f, 11000); /* an INFO of the master */
    fixture_forget(f);
}

static void a_master_hands_over_in_this_order(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    assert_int_equal(f.group->master->own_failover, OWN_FAILOVER_NONE);
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-end", 2000);
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
        "-role-change " MASTER " new reported role is slave\n"
        "+slave-reconf-inprog " SECOND "\n"
        "+slave-reconf-done " SECOND "\n"
        "+failover-end " MASTER "\n"
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" AT_NEW "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" AT_NEW "\n");
    assert_int_equal(fixture_sent(&f, &f.master, HANDOVER), 1);
    assert_int_equal(fixture_sent(&f, &f.master, RELEASE), 1);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], RELEASE), 1);
    assert_int_equal(fixture_promotions(&f, 0), 0); /* nobody is told to be a master */
    fixture_stop(&f);
}

static void a_coordinated_failover_takes_a_majority(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    for (int i = 0; i < 2; i++)
        f.peers[i].votes = false;
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_advance(&f, 11000);
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    fixture_stop(&f);
}

static void a_master_that_is_out_of_reach_is_waited_for_within_limits(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 30000; /* it is not down for that */
    start_coordinated(&f, &o);
    f.master.mood = FAR_VANISHED;
    fixture_cut(&f, &f.master);
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-send-slaveof-noone", 2000);
    fixture_advance(&f, 500);
    f.master.mood = FAR_ANSWERS;
    fixture_await(&f, "+switch-master", 8000);
    fixture_stop(&f);

    o.failover_timeout_ms = 5000;
    start_coordinated(&f, &o);
    f.master.mood = FAR_VANISHED;
    fixture_cut(&f, &f.master);
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-send-slaveof-noone", 2000);
    int64_t took_ms = fixture_await(&f, "-failover-abort-master-timeout", 6000);
    assert_in_range(took_ms, 3990, 4001); /* less than a second is left then */
    assert_events(&f, fixture_events(&f));
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_stop(&f);
}

static void a_refusal_lets_writes_go_on_at_once(void **state) {
    static const char *const refusals[] = {
        "*2\r\n+OK\r\n-ERR FAILOVER target HOST and PORT is not a replica.\r\n",
        "-EXECABORT Transaction discarded because of previous errors.\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct fixture f;
        start_coordinated(&f, &FIXTURE_STANDARD);
        f.master.exec = refusals[i];
        fixture_stand(&f, ELECTION_COORDINATED);
        fixture_await(&f, "-failover-abort-slave-timeout", 1000);
        fixture_settle(&f);
        assert_int_equal(fixture_sent(&f, &f.master, HANDOVER), 1);
        assert_int_equal(fixture_sent(&f, &f.master, "CLIENT UNPAUSE"), 1);
        fixture_advance(&f, 5000);
        assert_no_event(&f, "+sdown");
        assert_string_equal(f.group->master->name, "10.0.0.1:6379");
        fixture_stop(&f);
    }
}

static void a_handover_that_comes_to_nothing_is_given_up_in_time(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.master.hands_over = false;
    f.master.failover_state = "waiting-for-sync";
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    int64_t took_ms = fixture_await(&f, "-failover-abort-slave-timeout", 30000);
    assert_in_range(took_ms, 19990, 20010);
    assert_int_equal(fixture_promotions(&f, 0), 0);
    assert_int_equal(fixture_sent(&f, &f.master, HANDOVER), 1);
    fixture_stop(&f);
}

static void a_master_that_gives_up_is_noticed_soon(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.master.hands_over = false;
    f.master.failover_state = "failover-in-progress";
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    fixture_advance(&f, 3000);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_PROMOTION);
    f.master.failover_state = "no-failover";
    fixture_await(&f, "-failover-abort-slave-timeout", 1100);
    fixture_settle(&f);
    assert_int_equal(fixture_sent(&f, &f.master, "CLIENT UNPAUSE"), 1);
    assert_string_equal(f.group->master->name, "10.0.0.1:6379");
    fixture_stop(&f);
}

/* The server holds up PUBLISH, and with it what comes behind on that connection. */
static void nothing_is_published_to_a_master_that_hands_over(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.master.hands_over = false;
    f.master.failover_state = "waiting-for-sync";
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    fixture_forget(&f);
    fixture_advance(&f, 10000);
    assert_int_equal(fixture_sent(&f, &f.master, "PUBLISH"), 0);
    assert_true(fixture_sent(&f, &f.replicas[0], "PUBLISH") >= 4);
    fixture_await(&f, "-failover-abort-slave-timeout", 30000);
    fixture_forget(&f);
    fixture_advance(&f, 9000); /* it still says that it is in a failover */
    assert_int_equal(fixture_sent(&f, &f.master, "PUBLISH"), 0);
    f.master.failover_state = "no-failover";
    fixture_advance(&f, 13000);
    assert_true(fixture_sent(&f, &f.master, "PUBLISH") >= 1);
    fixture_stop(&f);
}

static void a_master_that_dies_before_it_hands_over_is_replaced_soon(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.master.hands_over = false;
    f.master.failover_state = "waiting-for-sync";
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    fixture_peers_agree(&f);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-master-timeout", 3000);
    assert_true(fixture_await(&f, "+switch-master", 3000) < 1000);
    assert_int_equal(fixture_promotions(&f, 0), 1);
    fixture_stop(&f);
}

/* The other one may have sent its promotion: a command may overtake it, what follows by itself may
 * not. */
static void c8_a_vote_for_another_holds_back_what_follows_a_coordinated_attempt(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    fixture_request(&f, f.group, 1, ID_B);
    f.master.hands_over = false;
    f.master.failover_state = "waiting-for-sync";
    fixture_stand(&f, ELECTION_COORDINATED);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    fixture_peers_agree(&f);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-master-timeout", 3000);
    fixture_forget(&f);
    fixture_advance(&f, 36000);
    assert_no_event(&f, "+try-failover");
    fixture_await(&f, "+switch-master", 6000); /* 2 x failover-timeout are over */
    fixture_stop(&f);
}

static void a_server_in_a_failover_of_its_own_is_told_to_abort_it(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.replicas[1].failover_state = "failover-in-progress";
    fixture_advance(&f, 11000);
    fixture_forget(&f);
    fixture_advance(&f, 31000); /* longer than the failover-timeout */
    fixture_confirm(&f);
    assert_has_event(&f, "+fix-slave-config " SECOND);
    assert_int_equal(
        fixture_sent(&f, &f.replicas[1], "MULTI; FAILOVER ABORT; SLAVEOF 10.0.0.1 6379; CONFIG"),
        1);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "MULTI"), 0);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_master_hands_over_in_this_order),
        cmocka_unit_test(a_coordinated_failover_takes_a_majority),
        cmocka_unit_test(a_master_that_is_out_of_reach_is_waited_for_within_limits),
        cmocka_unit_test(a_refusal_lets_writes_go_on_at_once),
        cmocka_unit_test(a_handover_that_comes_to_nothing_is_given_up_in_time),
        cmocka_unit_test(a_master_that_gives_up_is_noticed_soon),
        cmocka_unit_test(nothing_is_published_to_a_master_that_hands_over),
        cmocka_unit_test(a_master_that_dies_before_it_hands_over_is_replaced_soon),
        cmocka_unit_test(c8_a_vote_for_another_holds_back_what_follows_a_coordinated_attempt),
        cmocka_unit_test(a_server_in_a_failover_of_its_own_is_told_to_abort_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
