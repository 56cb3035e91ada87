#include "sentinel/core/failover.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/input.h"
#include "sentinel/core/order.h"

#include <stdio.h>
#include <string.h>

#define NEW_MASTER " @ mymaster 10.0.0.2 6379"

/* Peers agree and vote for us; the first replica is the better one. */
static void start(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    fixture_peers_agree(f);
    f->replicas[0].offset = 2000;
}

/* As start, with the master dead and the promotion of the first replica sent, but not answered. */
static void promise(struct fixture *f) {
    start(f, &FIXTURE_STANDARD);
    for (int i = 0; i < f->replica_count; i++)
        f->replicas[i].holds = "MULTI";
    fixture_crash(f, &f->master);
    fixture_await(f, "+failover-state-wait-promotion", 1200);
}

static void begin_forced(struct fixture *f) {
    fixture_begin(f);
    election_begin(f->core, f->group, ELECTION_FORCED);
    fixture_end(f);
    fixture_timer(f);
}

static size_t promotions(const struct fixture *f, int replica) {
    return fixture_sent(f, &f->replicas[replica], "MULTI; SLAVEOF NO ONE; ");
}

/* ---- the whole story ---- */

static void a_killed_master_is_replaced_in_this_order(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 17);
    fixture_crash(&f, &f.master);
    assert_int_equal(fixture_await(&f, "+switch-master", 2000), 1001); /* down-after, and no more */
    fixture_await(&f, "+failover-end", 1000);
    assert_events(&f,
        "+sdown " MASTER "\n"
        "+odown " MASTER " #quorum 2/2\n"
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
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" NEW_MASTER "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" NEW_MASTER "\n");
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    assert_int_equal(f.group->config_epoch, 1);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_int_equal(f.replicas[0].role, ROLE_MASTER);
    assert_true(endpoint_equal(&f.replicas[1].master, &f.replicas[0].address));
    fixture_stop(&f);
}

static void what_is_stored_afterwards_survives_a_restart(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-end", 3000);
    fixture_restart(&f);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    assert_int_equal(f.group->config_epoch, 1);
    assert_int_equal(f.group->vote_epoch, 1);
    assert_string_equal(f.group->vote_for, OUR_ID);
    assert_int_equal(f.group->replica_count, 2);
    assert_non_null(group_replica(f.group, &f.master.address));
    assert_null(group_replica(f.group, &f.replicas[0].address));
    assert_int_equal(f.group->peer_count, 2);
    fixture_stop(&f);
}

static void the_promotion_is_one_transaction(void **state) {
    struct fixture f;
    promise(&f);
    assert_string_equal(fixture_last_sent(&f, &f.replicas[0], "MULTI")->text,
        "MULTI; SLAVEOF NO ONE; CONFIG REWRITE; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; "
        "EXEC");
    assert_int_equal(promotions(&f, 0), 1);
    assert_int_equal(promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void a_promotion_is_confirmed_within_its_own_round_trip(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
    f.replicas[0].latency_ms = 20;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-wait-promotion", 1200);
    assert_int_equal(fixture_await(&f, "+promoted-slave", 100), 20);
    fixture_stop(&f);
}

static void clients_and_hellos_are_sent_to_the_old_master_until_the_switch(void **state) {
    struct fixture f;
    promise(&f);
    assert_ptr_equal(group_current_master(f.group), f.group->master);
    f.replicas[0].holds = NULL;
    fixture_await(&f, "+switch-master", 100);
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    assert_string_equal(f.group->master->name, "10.0.0.1:6379");
    assert_string_equal(group_current_master(f.group)->name, "10.0.0.2:6379");
    fixture_stop(&f);
}

/* ---- the switch is told ---- */

static void the_new_configuration_is_told_to_everyone_in_the_wake_up_that_makes_it(void **state) {
    struct fixture f;
    promise(&f);
    fixture_forget(&f);
    f.replicas[0].holds = NULL;
    fixture_await(&f, "+switch-master", 100);
    struct far *all[] = { &f.replicas[0], &f.replicas[1], &f.peers[0], &f.peers[1] };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        const struct sent *s = fixture_last_sent(&f, all[i], "PUBLISH");
        assert_non_null(s);
        assert_int_equal(s->at_ms, f.now.mono_ms);
        assert_string_equal(s->text,
            "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",1,mymaster,10.0.0.2,6379,1");
    }
    fixture_stop(&f);
}

static void nothing_is_told_before_it_is_on_disk(void **state) {
    struct fixture f;
    promise(&f);
    fixture_forget(&f);
    f.store = STORE_HANGS;
    f.replicas[0].holds = NULL;
    fixture_advance(&f, 5000); /* hellos go out all the time */
    assert_int_equal(f.replicas[0].role, ROLE_MASTER);
    assert_no_event(&f, "+promoted-slave");
    assert_no_event(&f, "+switch-master");
    for (size_t i = 0; i < f.sent_count; i++)
        if (strncmp(f.sent[i].text, "PUBLISH", 7) == 0)
            assert_non_null(strstr(f.sent[i].text, ",10.0.0.1,6379,0"));
    assert_ptr_equal(group_current_master(f.group), f.group->master);
    f.store = STORE_FAILS; /* it says so, and tries again every second */
    fixture_advance(&f, 2500);
    assert_logged(&f, "not able to save the new configuration on disk!!!: disk full");
    assert_no_event(&f, "+switch-master");
    f.store = STORE_WORKS;
    fixture_await(&f, "+switch-master", 1100);
    assert_logged(&f, "the state is on disk again");
    fixture_stop(&f);
}

static void hellos_do_not_carry_an_epoch_that_is_not_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_request(&f, f.group, 9, ID_B);
    assert_int_equal(f.core->current_epoch, 9);
    fixture_advance(&f, 3000);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "PUBLISH")->text,
        "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0");
    f.store = STORE_WORKS;
    fixture_advance(&f, 3000);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "PUBLISH")->text,
        "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",9,mymaster,10.0.0.1,6379,0");
    fixture_stop(&f);
}

/* ---- law C9: the gate ---- */

static void c9_the_promotion_waits_for_the_disk(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    start(&f, &o);
    f.store = STORE_HANGS;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_advance(&f, 300);
    assert_int_equal(promotions(&f, 0), 0);
    f.store = STORE_WORKS;
    fixture_settle(&f);
    assert_int_equal(promotions(&f, 0), 1);
    fixture_stop(&f);
}

static void an_election_that_the_master_s_return_made_void_costs_no_wait(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
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
        start(&f, &FIXTURE_STANDARD);
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
        assert_int_equal(promotions(&f, 0) + promotions(&f, 1), 0);
        assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
        fixture_stop(&f);
    }
}

static void c9_nothing_is_promoted_in_tilt(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    start(&f, &o);
    f.store = STORE_HANGS;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_stall(&f, 2500);
    fixture_timer(&f);
    f.store = STORE_WORKS;
    fixture_advance(&f, 29000);
    assert_int_equal(promotions(&f, 0) + promotions(&f, 1), 0);
    fixture_advance(&f, 2000); /* over, and the attempt is too old */
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    fixture_stop(&f);
}

/* ---- law C10: choosing ---- */

static void c10_it_waits_for_fresh_info_at_most_300_ms(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
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
        start(&f, &FIXTURE_STANDARD);
        f.replicas[0].exec = refusals[i];
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+failover-state-wait-promotion", 1200);
        assert_int_equal(fixture_await(&f, "+switch-master", 1000), 0);
        assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379");
        assert_logged(&f, "replica 10.0.0.2:6379 refused the promotion, choosing another one");
        assert_logged(&f, "replica 10.0.0.2:6379 rejected: it refused the promotion");
        assert_int_equal(promotions(&f, 0), 1);
        fixture_stop(&f);
    }
}

static void c11_a_server_without_a_configuration_file_is_promoted_all_the_same(void **state) {
    struct fixture f;
    start(&f, &FIXTURE_STANDARD);
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
    start(&f, &FIXTURE_STANDARD);
    f.replicas[0].exec = f.replicas[1].exec = "-EXECABORT no\r\n";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-no-good-slave", 3000);
    assert_int_equal(promotions(&f, 0), 1);
    assert_int_equal(promotions(&f, 1), 1);
    fixture_stop(&f);
}

static void c11_after_a_lost_answer_no_second_replica_is_ever_chosen(void **state) {
    struct fixture f;
    promise(&f);
    fixture_crash(&f, &f.replicas[0]);
    fixture_advance(&f, 19900);
    assert_int_equal(promotions(&f, 1), 0);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_PROMOTION);
    fixture_await(&f, "-failover-abort-slave-timeout", 200);
    assert_has_event(&f, "-failover-abort-slave-timeout " MASTER);
    assert_int_equal(promotions(&f, 1), 0);
    fixture_forget(&f);
    fixture_advance(&f, 15000); /* stock's wait, not a fast retry: it may have been promoted */
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c11_a_lost_answer_is_no_loss_if_the_replica_turns_out_promoted(void **state) {
    struct fixture f;
    promise(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].role = ROLE_MASTER;
    fixture_cut(&f, &f.replicas[0]);
    fixture_await(&f, "+switch-master", 300);
    assert_int_equal(promotions(&f, 0), 1);
    fixture_stop(&f);
}

static void c11_if_it_turns_out_not_promoted_the_same_one_is_told_again(void **state) {
    struct fixture f;
    promise(&f);
    f.replicas[0].holds = NULL;
    fixture_cut(&f, &f.replicas[0]);
    fixture_await(&f, "+switch-master", 300);
    assert_int_equal(promotions(&f, 0), 2);
    assert_int_equal(promotions(&f, 1), 0);
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    fixture_stop(&f);
}

static void c11_it_is_not_told_again_once_it_may_not_be_promoted(void **state) {
    struct fixture f;
    promise(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].priority = 0;
    fixture_cut(&f, &f.replicas[0]);
    fixture_advance(&f, 19000);
    assert_int_equal(promotions(&f, 0), 1);
    assert_int_equal(promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void c11_a_refused_repetition_says_nothing_of_the_first_order(void **state) {
    struct fixture f;
    promise(&f);
    f.replicas[0].holds = NULL;
    f.replicas[0].exec = "-EXECABORT no\r\n";
    fixture_cut(&f, &f.replicas[0]);
    fixture_advance(&f, 9000);
    assert_in_range(promotions(&f, 0), 2, 100); /* with a pause between them */
    assert_int_equal(promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void a_promotion_that_is_never_confirmed_ends_after_the_failover_timeout(void **state) {
    struct fixture f;
    promise(&f);
    int64_t sent_ms = f.group->attempt.state_ms;
    fixture_advance(&f, sent_ms + 20000 - f.now.mono_ms);
    assert_no_event(&f, "-failover-abort-slave-timeout");
    fixture_advance(&f, 1);
    assert_has_event(&f, "-failover-abort-slave-timeout " MASTER);
    fixture_stop(&f);
}

static void an_info_that_was_asked_for_before_the_order_confirms_nothing(void **state) {
    struct fixture f;
    promise(&f);
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

/* ---- a later word of somebody else ---- */

/* Subscribers learn each change of the master that they were told of, and nothing else. */
static void expect_told(const struct fixture *f, const char *from, const char *to) {
    char event[128];
    (void)snprintf(event, sizeof(event), "+switch-master mymaster %s 6379 %s 6379\n", from, to);
    if (strcmp(from, to) == 0)
        assert_no_event(f, "+switch-master");
    else
        assert_true(slice_contains(slice_of(fixture_events(f)), slice_of(event)));
}

static void a_newer_configuration_ends_it_in_every_state(void **state) {
    static const char *const moments[] = {
        "+try-failover",
        "+failover-state-wait-promotion",
        "+slave-reconf-sent",
    };
    static const char *const masters[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3" };
    for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
        for (size_t m = 0; m < ARRAY_SIZE(masters); m++) {
            struct fixture f;
            start(&f, &FIXTURE_STANDARD);
            if (i == 0)
                f.peers[0].votes = f.peers[1].votes = false;
            if (i == 1)
                f.replicas[0].holds = "MULTI";
            f.replicas[1].holds = "MULTI";
            fixture_crash(&f, &f.master);
            fixture_await(&f, moments[i], 1200);
            const char *told = i < 2 ? "10.0.0.1" : "10.0.0.2";
            fixture_forget(&f);
            fixture_hello(
                &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 7, masters[m], 6379, 7, NULL });
            expect_told(&f, told, masters[m]);
            assert_int_equal(f.group->config_epoch, 7);
            assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
            assert_string_equal(f.group->master->address.given.host, masters[m]);
            f.replicas[0].holds = f.replicas[1].holds = NULL;
            fixture_advance(&f, 500);
            assert_true(f.group->config_epoch >= 7); /* it never falls */
            assert_false(f.group->frozen);
            fixture_stop(&f);
        }
    }
}

static void the_configuration_stored_is_the_later_one(void **state) {
    struct fixture f;
    promise(&f);
    f.store = STORE_HANGS;
    f.replicas[0].holds = NULL;
    fixture_advance(&f, 10); /* confirmed, not on disk */
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 7, "10.0.0.1", 6379, 7, NULL });
    f.store = STORE_WORKS;
    fixture_advance(&f, 10);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_int_equal(stored->record.config_epoch, 7);
    assert_string_equal(stored->record.master.host, "10.0.0.1");
    assert_int_equal(stored->replica_count, 2);
    assert_int_equal(f.group->config_epoch, 7);
    fixture_stop(&f);
}

/* ---- by command ---- */

static void forced_a_living_master_is_replaced_in_this_order(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].offset = 2000;
    begin_forced(&f);
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
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" NEW_MASTER "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" NEW_MASTER "\n"
        "-role-change slave 10.0.0.1:6379 10.0.0.1 6379" NEW_MASTER
        " new reported role is master\n"); /* it was told nothing yet: law C12 */
    fixture_stop(&f);
}

static void forced_the_gate_lets_a_living_master_pass_but_no_later_vote(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.peers[0].votes = f.peers[1].votes = false;
    begin_forced(&f);
    fixture_request(&f, f.group, 2, ID_B);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_advance(&f, 3000);
    assert_int_equal(promotions(&f, 0) + promotions(&f, 1), 0);
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
    begin_forced(&f);
    fixture_revive(&f.master);
    fixture_await(&f, "+switch-master", 2000);
    assert_has_event(&f, "-sdown " MASTER);
    fixture_stop(&f);
}

static void forced_it_chooses_among_answers_since_the_command(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[1].offset = 5000; /* not known yet */
    begin_forced(&f);
    fixture_await(&f, "+selected-slave", 1000);
    assert_has_event(&f, "+selected-slave " SECOND);
    fixture_stop(&f);
}

static void forced_a_failed_one_is_not_repeated_by_itself(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].exec = f.replicas[1].exec = "-ERR no\r\n";
    begin_forced(&f);
    fixture_await(&f, "-failover-abort-no-good-slave", 3000);
    fixture_forget(&f);
    fixture_advance(&f, 60000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

/* ---- the table ---- */

static void states_have_the_names_of_the_wire(void **state) {
    static const char *const names[] = { "none", "wait_start", "select_slave", "send_slaveof_noone",
        "wait_promotion", "reconf_slaves", "update_config" };
    for (int i = 0; i < FAILOVER_STATE_COUNT; i++)
        assert_string_equal(failover_state_name((enum failover_state)i), names[i]);
}

/* ---- coordinated ---- */

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

static void begin_coordinated(struct fixture *f) {
    fixture_begin(f);
    election_begin(f->core, f->group, ELECTION_COORDINATED);
    fixture_end(f);
    fixture_timer(f);
}

static void a_master_hands_over_in_this_order(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    assert_int_equal(f.group->master->own_failover, OWN_FAILOVER_NONE);
    begin_coordinated(&f);
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
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" NEW_MASTER "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" NEW_MASTER "\n");
    assert_int_equal(fixture_sent(&f, &f.master, HANDOVER), 1);
    assert_int_equal(fixture_sent(&f, &f.master, RELEASE), 1);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], RELEASE), 1);
    assert_int_equal(promotions(&f, 0), 0); /* nobody is told to be a master */
    fixture_stop(&f);
}

static void a_coordinated_failover_takes_a_majority(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    for (int i = 0; i < 2; i++)
        f.peers[i].votes = false;
    begin_coordinated(&f);
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
    begin_coordinated(&f);
    fixture_await(&f, "+failover-state-send-slaveof-noone", 2000);
    fixture_advance(&f, 500);
    f.master.mood = FAR_ANSWERS;
    fixture_await(&f, "+switch-master", 8000);
    fixture_stop(&f);

    o.failover_timeout_ms = 5000;
    start_coordinated(&f, &o);
    f.master.mood = FAR_VANISHED;
    fixture_cut(&f, &f.master);
    begin_coordinated(&f);
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
        begin_coordinated(&f);
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
    begin_coordinated(&f);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    int64_t took_ms = fixture_await(&f, "-failover-abort-slave-timeout", 30000);
    assert_in_range(took_ms, 19990, 20010);
    assert_int_equal(promotions(&f, 0), 0);
    assert_int_equal(fixture_sent(&f, &f.master, HANDOVER), 1);
    fixture_stop(&f);
}

static void a_master_that_gives_up_is_noticed_soon(void **state) {
    struct fixture f;
    start_coordinated(&f, &FIXTURE_STANDARD);
    f.master.hands_over = false;
    f.master.failover_state = "failover-in-progress";
    begin_coordinated(&f);
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
    begin_coordinated(&f);
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
    begin_coordinated(&f);
    fixture_await(&f, "+failover-state-wait-promotion", 1000);
    fixture_peers_agree(&f);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-master-timeout", 3000);
    assert_true(fixture_await(&f, "+switch-master", 3000) < 1000);
    assert_int_equal(promotions(&f, 0), 1);
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
    begin_coordinated(&f);
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
        cmocka_unit_test(a_killed_master_is_replaced_in_this_order),
        cmocka_unit_test(what_is_stored_afterwards_survives_a_restart),
        cmocka_unit_test(the_promotion_is_one_transaction),
        cmocka_unit_test(a_promotion_is_confirmed_within_its_own_round_trip),
        cmocka_unit_test(clients_and_hellos_are_sent_to_the_old_master_until_the_switch),
        cmocka_unit_test(the_new_configuration_is_told_to_everyone_in_the_wake_up_that_makes_it),
        cmocka_unit_test(nothing_is_told_before_it_is_on_disk),
        cmocka_unit_test(hellos_do_not_carry_an_epoch_that_is_not_on_disk),
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
        cmocka_unit_test(a_newer_configuration_ends_it_in_every_state),
        cmocka_unit_test(the_configuration_stored_is_the_later_one),
        cmocka_unit_test(forced_a_living_master_is_replaced_in_this_order),
        cmocka_unit_test(forced_the_gate_lets_a_living_master_pass_but_no_later_vote),
        cmocka_unit_test(forced_the_gate_lets_a_master_pass_that_answers_again),
        cmocka_unit_test(forced_it_chooses_among_answers_since_the_command),
        cmocka_unit_test(forced_a_failed_one_is_not_repeated_by_itself),
        cmocka_unit_test(states_have_the_names_of_the_wire),
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
