#include "sentinel/core/failover.h"

#include "tests/unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- the whole story ---- */

static void a_killed_master_is_replaced_in_this_order(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
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
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379" AT_NEW "\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379" AT_NEW "\n");
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    assert_int_equal(f.group->config_epoch, 1);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_int_equal(f.replicas[0].role, ROLE_MASTER);
    assert_true(endpoint_equal(&f.replicas[1].master, &f.replicas[0].address));
    fixture_stop(&f);
}

static void what_is_stored_afterwards_survives_a_restart(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
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
    fixture_start_promised(&f);
    assert_string_equal(fixture_last_sent(&f, &f.replicas[0], "MULTI")->text,
        "MULTI; SLAVEOF NO ONE; CONFIG REWRITE; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; "
        "EXEC");
    assert_int_equal(fixture_promotions(&f, 0), 1);
    assert_int_equal(fixture_promotions(&f, 1), 0);
    fixture_stop(&f);
}

static void a_promotion_is_confirmed_within_its_own_round_trip(void **state) {
    struct fixture f;
    fixture_start_loved(&f, &FIXTURE_STANDARD);
    f.replicas[0].latency_ms = 20;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-wait-promotion", 1200);
    assert_int_equal(fixture_await(&f, "+promoted-slave", 100), 20);
    fixture_stop(&f);
}

static void clients_and_hellos_are_sent_to_the_old_master_until_the_switch(void **state) {
    struct fixture f;
    fixture_start_promised(&f);
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
    fixture_start_promised(&f);
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
    fixture_start_promised(&f);
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
            fixture_start_loved(&f, &FIXTURE_STANDARD);
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
    fixture_start_promised(&f);
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

/* ---- the table ---- */

static void states_have_the_names_of_the_wire(void **state) {
    static const char *const names[] = { "none", "wait_start", "select_slave", "send_slaveof_noone",
        "wait_promotion", "reconf_slaves", "update_config" };
    for (int i = 0; i < FAILOVER_STATE_COUNT; i++)
        assert_string_equal(failover_state_name((enum failover_state)i), names[i]);
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
        cmocka_unit_test(a_newer_configuration_ends_it_in_every_state),
        cmocka_unit_test(the_configuration_stored_is_the_later_one),
        cmocka_unit_test(states_have_the_names_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
