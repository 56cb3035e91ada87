#include "sentinel/core/group.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#include <stdio.h>

/* ---- questions ---- */

static void voters_are_all_that_are_known_and_needed_is_the_greater_of_majority_and_quorum(
    void **state) {
    static const struct {
        int peers;
        int64_t quorum;
        size_t voters, majority, needed;
    } cases[] = {
        { 0, 1, 1, 1, 1 },
        { 1, 1, 2, 2, 2 },
        { 2, 1, 3, 2, 2 },
        { 2, 2, 3, 2, 2 },
        { 2, 3, 3, 2, 3 },
        { 3, 2, 4, 3, 3 },
        { 4, 2, 5, 3, 3 },
        { 4, 4, 5, 3, 4 },
        { 4, 100, 5, 3, 100 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.peers = cases[i].peers;
        o.quorum = cases[i].quorum;
        fixture_start(&f, &o);
        assert_int_equal(group_voters(f.group), cases[i].voters);
        assert_int_equal(group_majority(f.group), cases[i].majority);
        assert_int_equal(group_needed_votes(f.group), cases[i].needed);
        assert_int_equal(group_usable(f.core, f.group), cases[i].peers + 1);
        for (int p = 0; p < cases[i].peers; p++)
            fixture_crash(&f, &f.peers[p]);
        fixture_advance(&f, 1100);
        assert_int_equal(group_usable(f.core, f.group), 1);
        assert_int_equal(group_voters(f.group), cases[i].voters); /* the dead count */
        fixture_stop(&f);
    }
}

static void the_current_master_is_the_promoted_one_from_reconf_on(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct attempt *a = &f.group->attempt;
    a->selected = fixture_replica(&f, 0);
    for (int s = 0; s < FAILOVER_STATE_COUNT; s++) {
        a->state = (enum failover_state)s;
        assert_true(
            (group_current_master(f.group) == a->selected) == (s >= FAILOVER_RECONF_REPLICAS));
        assert_true(group_in_failover(f.group) == (s != FAILOVER_NONE));
    }
    *a = (struct attempt){ .state = FAILOVER_NONE };
    fixture_stop(&f);
}

static void a_question_names_an_address_and_the_first_group_there_is_meant(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    const struct endpoint first = f.master.address, second = f.second_master.address;
    const struct endpoint nobody = { .host = "10.0.0.1", .port = 6380 };
    assert_ptr_equal(core_group_by_address(f.core, &first), f.group);
    assert_ptr_equal(core_group_by_address(f.core, &second), other);
    assert_null(core_group_by_address(f.core, &nobody));
    assert_null(core_group_by_address(f.core, &f.replicas[0].address));

    fixture_begin(&f);
    group_switch(f.core, other, &first); /* both at one address */
    assert_ptr_equal(core_group_by_address(f.core, &first), f.group);
    assert_null(core_group_by_address(f.core, &second));
    group_switch(f.core, f.group, &nobody);
    assert_ptr_equal(core_group_by_address(f.core, &first), other);
    assert_ptr_equal(core_group_by_address(f.core, &nobody), f.group);
    (void)core_remove_group(f.core, f.group, CORE_REMOVE_FORGET);
    assert_null(core_group_by_address(f.core, &nobody));
    fixture_drop(&f);
}

static void a_serial_finds_its_group_as_long_as_it_lives(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    uint64_t serial = f.group->serial;
    const struct endpoint master = f.master.address;
    assert_ptr_equal(group_by_serial(f.core, serial), f.group);
    assert_null(group_by_serial(f.core, serial + 1));
    fixture_begin(&f);
    (void)core_remove_group(f.core, f.group, CORE_REMOVE_FORGET);
    assert_null(group_by_serial(f.core, serial));
    struct group *again = core_add_group(f.core, "mymaster", &master, GROUP_FROM_RUNTIME);
    assert_true(again->serial != serial);
    fixture_drop(&f);
}

/* ---- replicas ---- */

static void a_replica_is_added_once_and_never_the_master(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct endpoint fresh = { .host = "10.0.0.9", .port = 6379 };
    fixture_begin(&f);
    assert_null(group_add_replica(f.core, f.group, &f.master.address));
    assert_null(group_add_replica(f.core, f.group, &f.replicas[0].address));
    assert_non_null(group_add_replica(f.core, f.group, &fresh));
    assert_null(group_add_replica(f.core, f.group, &fresh));
    assert_int_equal(f.group->replica_count, 3);
    fixture_drop(&f);
}

static void replicas_beyond_the_bound_are_not_added(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    f.core->settings.limits.max[LIMIT_REPLICAS] = 4;
    for (uint16_t i = 0; i < 10; i++) {
        struct endpoint address = { .host = "10.0.7.1", .port = (uint16_t)(1000 + i) };
        struct node *n = group_add_replica(f.core, f.group, &address);
        assert_true((n != NULL) == (i < 2));
    }
    assert_int_equal(f.group->replica_count, 4);
    assert_int_equal(f.core->limit_hits[LIMIT_REPLICAS], 8);
    assert_null(group_add_replica(f.core, f.group, &f.master.address));
    assert_int_equal(f.core->limit_hits[LIMIT_REPLICAS], 8); /* it is no stranger */
    fixture_end(&f);
    assert_logged(
        &f, "mymaster: replica 10.0.7.1:1002 ignored: 4 are known already (limits.replicas)");
    fixture_drop(&f);
}

static void a_switch_keeps_more_replicas_than_a_lowered_limit(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    f.core->settings.limits.max[LIMIT_REPLICAS] = 1;
    group_switch(f.core, f.group, &f.replicas[0].address);
    assert_int_equal(f.group->replica_count, 2);
    assert_non_null(group_replica(f.group, &f.master.address));
    struct endpoint elsewhere = { .host = "10.0.7.1", .port = 1000 };
    group_switch(f.core, f.group, &elsewhere); /* unknown so far: one more to keep */
    assert_int_equal(f.group->replica_count, 3);
    assert_int_equal(f.core->limit_hits[LIMIT_REPLICAS], 0);
    fixture_drop(&f);
}

/* ---- switch ---- */

static void a_switch_keeps_the_replicas_and_the_old_master_as_one(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct endpoint target = f.replicas[0].address;
    fixture_advance(&f, 5000);
    fixture_forget(&f);
    f.group->odown_since_ms = 7;
    fixture_begin(&f);
    group_switch(f.core, f.group, &target);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    assert_int_equal(f.group->master->kind, ROLE_MASTER);
    assert_int_equal(f.group->replica_count, 2);
    assert_null(group_replica(f.group, &target));
    const struct node *old = group_replica(f.group, &f.master.address);
    assert_true(old->was_master);
    assert_false(fixture_replica(&f, 1)->was_master);
    assert_int_equal(f.group->odown_since_ms, 0);
    assert_int_equal(f.group->master->sdown_since_ms, 0);
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(old->live.unanswered_ms, f.now.heard_ms); /* down again one down-after on */
    core_end(f.core);
    fixture_drop(&f);
}

static void what_a_switch_persists_builds_the_same_group(void **state) {
    static const char *const targets[] = { "10.0.0.2", "10.0.0.99", "10.0.0.1" };
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_hello(
            &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 4, targets[i], 6379, 4, NULL });
        const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
        assert_string_equal(stored->record.master.host, targets[i]);
        assert_string_equal(stored->record.seed.host, "10.0.0.1"); /* what the file says */
        assert_int_equal(stored->replica_count, f.group->replica_count);
        for (size_t r = 0; r < stored->replica_count; r++)
            assert_non_null(group_replica(f.group, &stored->replicas[r]));
        fixture_stop(&f);
    }
}

/* A peer announces that the first replica has been promoted. */
static void hear_of_the_switch(struct fixture *f) {
    fixture_forget(f);
    fixture_hello(f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 4, "10.0.0.2", 6379, 4, NULL });
    assert_has_event(f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
}

static void a_switch_keeps_the_connections_with_all_who_answer(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5000);
    const struct node *before[] = { f.group->master, fixture_replica(&f, 0),
        fixture_replica(&f, 1) };
    uint64_t command[3], pubsub[3];
    for (int i = 0; i < 3; i++) {
        command[i] = before[i]->command.incarnation;
        pubsub[i] = before[i]->pubsub.incarnation;
    }
    hear_of_the_switch(&f);
    const struct node *after[] = { group_replica(f.group, &f.master.address), f.group->master,
        group_replica(f.group, &f.replicas[1].address) };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(after[i]->command.incarnation, command[i]);
        assert_int_equal(after[i]->command.state, LINK_OPEN);
        assert_ptr_equal(f.core->links[after[i]->command.id.value - 1], &after[i]->command);
        assert_ptr_equal(after[i]->command.node, after[i]);
        assert_int_equal(after[i]->pubsub.incarnation, pubsub[i]);
        assert_int_equal(after[i]->returned_ms, f.now.mono_ms);
    }
    assert_int_equal(fixture_sent(&f, NULL, "CLIENT"), 0);
    assert_int_equal(fixture_sent(&f, NULL, "INFO"), 3); /* all are asked what they are now */
    fixture_advance(&f, 20000);
    assert_no_event(&f, "+sdown");
    assert_int_equal(
        group_replica(f.group, &f.replicas[1].address)->command.incarnation, command[2]);
    fixture_stop(&f);
}

static void who_is_silent_or_has_an_order_is_connected_anew(void **state) {
    enum { SILENT, DOWN, ORDERED, RELEASED, CASES };
    for (int i = 0; i < CASES; i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.down_after_ms = i == DOWN ? 500 : 10000;
        fixture_start(&f, &o);
        fixture_advance(&f, 5000);
        struct link *l = &fixture_replica(&f, 1)->command;
        if (i == SILENT || i == DOWN)
            fixture_hang(&f.replicas[1]);
        fixture_advance(&f, i == SILENT ? 3100 : 1100);
        uint64_t before = l->incarnation;
        if (i == ORDERED || i == RELEASED) {
            const char *text = "MULTI";
            struct slice word = slice_of(text);
            fixture_begin(&f);
            (void)link_send(f.core, l, i == ORDERED ? PENDING_ORDER : PENDING_RELEASE,
                &(struct request){ .words = &word, .word_count = 1 }, 1);
            fixture_end(&f);
        }
        hear_of_the_switch(&f);
        const struct node *n = group_replica(f.group, &f.replicas[1].address);
        if (n->command.incarnation <= before)
            fail_msg("case %d", i);
        fixture_drop(&f);
    }
}

static void info_that_was_on_its_way_is_no_news_for_the_new_entry(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5000);
    f.replicas[1].holds = "INFO";
    const struct link *l = &fixture_replica(&f, 1)->command;
    for (int tries = 0; link_pending(l, PENDING_INFO) == 0 && tries < 110; tries++)
        fixture_advance(&f, 100);
    assert_int_equal(link_pending(l, PENDING_INFO), 1);
    hear_of_the_switch(&f);
    const struct node *n = group_replica(f.group, &f.replicas[1].address);
    assert_int_equal(link_pending(&n->command, PENDING_INFO), 1);
    assert_int_equal(link_pending(&n->command, PENDING_HANDSHAKE), 1); /* the former one */
    fixture_reply(&f, &n->command, "$11\r\nrole:master\r\n");
    assert_int_equal(n->info_ms, 0);
    assert_int_equal(n->role_reported, ROLE_REPLICA);
    fixture_drop(&f);
}

/* ---- reset ---- */

static void a_reset_drops_replicas_connections_and_flags_but_no_epochs(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 9;
    o.config_epoch = 5;
    o.vote_epoch = 8;
    o.vote_for = ID_B;
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    f.peers[0].votes = f.peers[1].votes = false;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_advance(&f, 100);
    uint64_t vote_epoch = f.group->vote_epoch;
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_KEEP_PEERS);
    struct group *g = f.group;
    assert_string_equal(g->master->name, "10.0.0.1:6379");
    assert_int_equal(g->replica_count, 0);
    assert_int_equal(g->peer_count, 2);
    assert_int_equal(g->attempt.state, FAILOVER_NONE);
    assert_int_equal(g->failover_start_ms, 0);
    assert_int_equal(g->retry_at_ms, 0);
    assert_false(g->odown);
    assert_false(g->master->sdown);
    assert_false(fixture_peer(&f, 0)->master_down);
    assert_int_equal(g->config_epoch, 5);
    assert_int_equal(g->vote_epoch, vote_epoch);
    assert_int_equal(g->settings.quorum, 2);
    core_end(f.core);
    for (size_t i = 0; i < f.out.count; i++) /* no -sdown, no -odown */
        assert_true(f.out.items[i].kind != EFFECT_EVENT);
    fixture_drop(&f);
}

static void a_reset_with_its_peers_drops_them_and_says_so_to_the_state(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_DROP_PEERS);
    core_end(f.core);
    assert_int_equal(f.group->peer_count, 0);
    assert_int_equal(map_count(&f.core->processes), 0);
    const struct effect *e = &f.out.items[f.out.count - 1];
    assert_int_equal(e->kind, EFFECT_PERSIST);
    for (size_t i = 0; i < e->delta_count; i++)
        state_apply(&f.stored, &e->deltas[i]);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_int_equal(stored->replica_count, 0);
    assert_int_equal(stored->peer_count, 0);
    fixture_drop(&f);
}

static void a_reset_past_the_point_of_no_return_keeps_the_promotion(void **state) {
    static const struct {
        enum store_mood store; /* from the confirmation on */
        enum failover_state at;
    } cases[] = {
        { STORE_WORKS, FAILOVER_RECONF_REPLICAS },
        { STORE_HANGS, FAILOVER_WAIT_PROMOTION },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_peers_agree(&f);
        f.replicas[0].offset = 2000;
        f.replicas[0].holds = f.replicas[1].holds = "MULTI";
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+failover-state-wait-promotion", 1200);
        f.store = cases[i].store;
        f.replicas[0].holds = NULL;
        fixture_advance(&f, 10);
        assert_int_equal(f.group->attempt.state, cases[i].at);
        bool is_told = cases[i].at == FAILOVER_RECONF_REPLICAS;
        if (is_told)
            assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
        fixture_forget(&f);
        fixture_begin(&f);
        group_reset(f.core, f.group, RESET_DROP_PEERS);
        assert_string_equal(f.group->master->name, "10.0.0.2:6379");
        assert_int_equal(f.group->config_epoch, 1);
        assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
        fixture_end(&f);
        if (is_told) /* not twice */
            assert_no_event(&f, "+switch-master");
        else
            assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
        assert_false(f.group->frozen);
        fixture_drop(&f);
    }
}

static void what_such_a_reset_made_is_told_to_nobody_before_it_is_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].offset = 2000;
    f.replicas[0].holds = f.replicas[1].holds = "MULTI";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-wait-promotion", 1200);
    f.store = STORE_HANGS;
    f.replicas[0].holds = f.replicas[1].holds = NULL;
    fixture_advance(&f, 10);
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_KEEP_PEERS);
    fixture_end(&f);
    fixture_forget(&f);
    fixture_advance(&f, 5000);
    assert_int_equal(fixture_sent(&f, NULL, "PUBLISH"), 0);
    f.store = STORE_WORKS;
    fixture_advance(&f, 10);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "PUBLISH")->text,
        "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",1,mymaster,10.0.0.2,6379,1");
    fixture_stop(&f);
}

static void before_it_a_reset_forgets_the_attempt(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].holds = f.replicas[1].holds = "MULTI";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+failover-state-wait-promotion", 1200);
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_KEEP_PEERS);
    core_end(f.core);
    assert_string_equal(f.group->master->name, "10.0.0.1:6379");
    assert_int_equal(f.group->config_epoch, 0);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_drop(&f);
}

/* ---- the record ---- */

static void the_record_has_the_vote_the_epoch_and_the_files_address(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 9;
    o.config_epoch = 5;
    fixture_start(&f, &o);
    fixture_request(&f, f.group, 10, ID_B);
    assert_string_equal(fixture_persists(&f),
        "persist 1: epoch 10; group mymaster origin=file master=10.0.0.1:6379 "
        "seed=10.0.0.1:6379 config-epoch=5 vote-epoch=10 vote-for=" ID_B "\n");
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            voters_are_all_that_are_known_and_needed_is_the_greater_of_majority_and_quorum),
        cmocka_unit_test(the_current_master_is_the_promoted_one_from_reconf_on),
        cmocka_unit_test(a_question_names_an_address_and_the_first_group_there_is_meant),
        cmocka_unit_test(a_serial_finds_its_group_as_long_as_it_lives),
        cmocka_unit_test(a_replica_is_added_once_and_never_the_master),
        cmocka_unit_test(replicas_beyond_the_bound_are_not_added),
        cmocka_unit_test(a_switch_keeps_more_replicas_than_a_lowered_limit),
        cmocka_unit_test(a_switch_keeps_the_replicas_and_the_old_master_as_one),
        cmocka_unit_test(what_a_switch_persists_builds_the_same_group),
        cmocka_unit_test(a_switch_keeps_the_connections_with_all_who_answer),
        cmocka_unit_test(who_is_silent_or_has_an_order_is_connected_anew),
        cmocka_unit_test(info_that_was_on_its_way_is_no_news_for_the_new_entry),
        cmocka_unit_test(a_reset_drops_replicas_connections_and_flags_but_no_epochs),
        cmocka_unit_test(a_reset_with_its_peers_drops_them_and_says_so_to_the_state),
        cmocka_unit_test(a_reset_past_the_point_of_no_return_keeps_the_promotion),
        cmocka_unit_test(what_such_a_reset_made_is_told_to_nobody_before_it_is_on_disk),
        cmocka_unit_test(before_it_a_reset_forgets_the_attempt),
        cmocka_unit_test(the_record_has_the_vote_the_epoch_and_the_files_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
