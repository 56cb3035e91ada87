#include "sentinel/core/admin.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#include <stdio.h>
#include <string.h>

static bool persisted(const struct fixture *f, const char *text) {
    return slice_contains(slice_of(fixture_persists(f)), slice_of(text));
}

/* ---- MONITOR and REMOVE ---- */

static void monitor_makes_a_group_with_the_defaults_and_the_quorum(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
    fixture_begin(&f);
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("new"), &master, 3, &seq), 0);
    fixture_end(&f);
    struct group *g = core_group(f.core, SLICE_LITERAL("new"));
    assert_int_equal(g->settings.quorum, 3);
    assert_int_equal(g->settings.down_after_ms, 30000);
    assert_int_equal(g->settings.failover_timeout_ms, 180000);
    assert_int_equal(g->origin, GROUP_FROM_RUNTIME);
    assert_int_equal(g->master->command.state, LINK_OPENING); /* in the same step */
    assert_events(&f, "+monitor master new 10.0.3.1 6390 quorum 3\n");
    assert_int_equal(seq, f.core->persist_seq);
    assert_true(persisted(&f,
        "group new origin=runtime master=10.0.3.1:6390 seed=10.0.3.1:6390 config-epoch=0 "
        "vote-epoch=0 vote-for=; override new quorum 3 file="));
    fixture_stop(&f);
}

static void monitor_refuses_a_name_in_use(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
    fixture_begin(&f);
    assert_int_equal(
        admin_monitor(f.core, SLICE_LITERAL("mymaster"), &master, 3, &seq), ADMIN_E_DUPLICATE);
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("MyMaster"), &master, 3, &seq), 0);
    fixture_drop(&f);
}

static void monitor_refuses_too_many(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    for (int i = 1; i < GROUPS_MAX; i++) {
        char name[16];
        struct endpoint master = { .host = "10.0.3.1", .port = (uint16_t)(1000 + i) };
        (void)snprintf(name, sizeof(name), "g%d", i);
        (void)core_add_group(f.core, name, &master, GROUP_FROM_RUNTIME);
    }
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("one more"), &f.master.address, 1, &seq),
        ADMIN_E_TOO_MANY);
    fixture_drop(&f);
}

static void remove_forgets_all_but_the_vote(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_request(&f, f.group, 7, ID_B);
    fixture_settle(&f);
    fixture_forget(&f);
    fixture_begin(&f);
    admin_remove(f.core, f.group, &seq);
    fixture_end(&f);
    assert_events(&f, "-monitor " MASTER "\n");
    assert_null(core_group(f.core, SLICE_LITERAL("mymaster")));
    assert_int_equal(map_count(&f.core->processes), 0);
    assert_int_equal(seq, f.core->persist_seq);
    assert_true(persisted(&f, "group mymaster origin=removed "));
    assert_true(persisted(&f, "vote-epoch=7 vote-for=" ID_B " section="));
    assert_true(persisted(&f, "; group-empty mymaster"));
    fixture_stop(&f);
}

static void monitor_remembers_the_vote_that_remove_left(void **state) {
    for (int restarted = 0; restarted < 2; restarted++) {
        struct fixture f;
        uint64_t seq = 0;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_request(&f, f.group, 7, ID_B);
        fixture_settle(&f);
        fixture_begin(&f);
        admin_remove(f.core, f.group, &seq);
        fixture_end(&f);
        if (restarted)
            fixture_restart(&f);
        assert_null(core_group(f.core, SLICE_LITERAL("mymaster")));
        fixture_begin(&f);
        assert_int_equal(
            admin_monitor(f.core, SLICE_LITERAL("mymaster"), &f.master.address, 2, &seq), 0);
        fixture_end(&f);
        struct group *g = core_group(f.core, SLICE_LITERAL("mymaster"));
        fixture_begin(&f);
        struct vote vote = election_request(f.core, g, 7, SLICE_LITERAL(ID_C));
        assert_slice(vote.candidate, ID_B);
        assert_int_equal(vote.epoch, 7);
        fixture_drop(&f);
    }
}

static void names_that_come_and_go_leave_nothing(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    size_t stored = map_count(&f.stored.groups);
    for (int i = 0; i < 3 * GROUPS_MAX; i++) {
        char name[16];
        uint64_t seq = 0, last = 0;
        const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
        (void)snprintf(name, sizeof(name), "g%d", i);
        fixture_begin(&f);
        assert_int_equal(admin_monitor(f.core, slice_of(name), &master, 2, &seq), 0);
        fixture_end(&f);
        assert_int_equal(map_count(&f.stored.groups), stored + 1);
        fixture_begin(&f);
        admin_remove(f.core, core_group(f.core, slice_of(name)), &last);
        fixture_end(&f);
        assert_int_equal(last, f.core->persist_seq);
        assert_true(last > seq); /* the answer still waits for the disk */
    }
    assert_int_equal(map_count(&f.core->tombstones), 0);
    assert_int_equal(map_count(&f.stored.groups), stored);
    fixture_forget(&f);
    fixture_restart(&f);
    assert_string_equal(fixture_persists(&f), "");
    fixture_stop(&f);
}

static void one_that_was_made_and_removed_in_one_step_leaves_nothing(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_forget(&f);
    const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
    fixture_begin(&f);
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("new"), &master, 2, &seq), 0);
    admin_remove(f.core, core_group(f.core, SLICE_LITERAL("new")), &seq);
    fixture_end(&f);
    assert_true(persisted(&f, "; group-forget new"));
    assert_null(state_group(&f.stored, SLICE_LITERAL("new")));
    fixture_stop(&f);
}

static void a_name_that_voted_leaves_its_vote_however_often_it_goes(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
    for (int i = 0; i < 3; i++) {
        uint64_t seq = 0;
        fixture_begin(&f);
        assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("new"), &master, 2, &seq), 0);
        fixture_end(&f);
        struct group *g = core_group(f.core, SLICE_LITERAL("new"));
        assert_int_equal(fixture_request(&f, g, 7, i == 0 ? ID_B : ID_C).epoch, 7);
        assert_string_equal(g->vote_for, ID_B);
        fixture_settle(&f);
        fixture_begin(&f);
        admin_remove(f.core, g, &seq);
        fixture_end(&f);
        assert_int_equal(map_count(&f.core->tombstones), 1);
        const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("new"));
        assert_int_equal(stored->record.origin, GROUP_REMOVED);
        assert_int_equal(stored->record.vote_epoch, 7);
        assert_string_equal(stored->record.vote_for, ID_B);
        assert_int_equal(stored->overrides.count, 0);
    }
    fixture_stop(&f);
}

static void a_removed_group_of_the_file_stays_hidden_also_after_monitor_and_remove(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    admin_remove(f.core, f.group, &seq);
    fixture_end(&f);
    fixture_restart(&f);
    assert_null(core_group(f.core, SLICE_LITERAL("mymaster")));
    assert_int_equal(map_count(&f.core->tombstones), 1); /* though it never voted */

    const struct endpoint elsewhere = { .host = "10.0.3.1", .port = 6390 };
    fixture_begin(&f);
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("mymaster"), &elsewhere, 2, &seq), 0);
    fixture_end(&f);
    fixture_restart(&f);
    struct group *g = core_group(f.core, SLICE_LITERAL("mymaster"));
    assert_string_equal(g->master->name, "10.0.3.1:6390");
    assert_int_equal(g->origin, GROUP_FROM_RUNTIME);

    fixture_begin(&f);
    admin_remove(f.core, g, &seq);
    fixture_end(&f);
    fixture_restart(&f);
    assert_null(core_group(f.core, SLICE_LITERAL("mymaster")));
    fixture_stop(&f);
}

/* ---- SET ---- */

static struct admin_change change(const char *name, const char *value) {
    struct admin_change c = {
        .option = option_by_set_name(slice_of(name)),
        .word = slice_of(name),
        .value = slice_of(value),
    };
    assert_non_null(c.option);
    return c;
}

static void each_option_can_be_set_is_told_and_persisted(void **state) {
    static const struct {
        const char *name, *value, *event, *override;
    } cases[] = {
        { "down-after-milliseconds", "7000", "7000",
            "override mymaster down_after 7000 file=1000" },
        { "failover-timeout", "60000", "60000",
            "override mymaster failover_timeout 60000 file=20000" },
        { "parallel-syncs", "3", "3", "override mymaster parallel_syncs 3 file=1" },
        { "quorum", "1", "1", "override mymaster quorum 1 file=2" },
        { "master-reboot-down-after-period", "5000", "5000",
            "override mymaster reboot_down_after 5000 file=0" },
        { "auth-user", "alice", "alice", "override mymaster auth.user alice file=" },
        { "auth-pass", "secret", "******", "override mymaster auth.password ****** file=" },
        { "QUORUM", "1", "1", "override mymaster quorum 1 file=2" }, /* as typed in the event */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        uint64_t seq = 0;
        char event[256];
        fixture_start(&f, &FIXTURE_STANDARD);
        struct admin_change c = change(cases[i].name, cases[i].value);
        fixture_begin(&f);
        assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 1);
        fixture_end(&f);
        (void)snprintf(
            event, sizeof(event), "+set " MASTER " %s %s\n", cases[i].name, cases[i].event);
        assert_events(&f, event);
        if (!persisted(&f, cases[i].override))
            fail_msg("no \"%s\" in %s", cases[i].override, fixture_persists(&f));
        assert_int_equal(seq, f.core->persist_seq);
        fixture_stop(&f);
    }
}

static void set_is_all_or_nothing(void **state) {
    static const char *const bad[] = { "0", "-1", "x", "", "1.5", "99999999999999999999" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct fixture f;
        uint64_t seq = 77;
        fixture_start(&f, &FIXTURE_STANDARD);
        const struct admin_change changes[] = {
            change("quorum", "1"),
            change("parallel-syncs", "2"),
            change("failover-timeout", bad[i]),
            change("down-after-milliseconds", "7"),
        };
        fixture_begin(&f);
        assert_int_equal(admin_set(f.core, f.group, changes, 4, &seq), 2);
        fixture_end(&f);
        assert_events(&f, "");
        assert_string_equal(fixture_persists(&f), "");
        assert_int_equal(f.group->settings.quorum, 2);
        assert_int_equal(f.group->settings.parallel_syncs, 1);
        assert_int_equal(f.group->settings.failover_timeout_ms, 20000);
        assert_int_equal(seq, 77);
        fixture_stop(&f);
    }
}

static void several_options_are_one_write(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct admin_change changes[] = { change("quorum", "1"), change("parallel-syncs", "2") };
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, changes, 2, &seq), 2);
    fixture_end(&f);
    assert_events(&f, "+set " MASTER " quorum 1\n+set " MASTER " parallel-syncs 2\n");
    assert_string_equal(fixture_persists(&f),
        "persist 1: override mymaster quorum 1 file=2; override mymaster parallel_syncs 2 "
        "file=1\n");
    fixture_stop(&f);
}

static void setting_what_the_file_says_ends_the_override(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct admin_change away = change("quorum", "1"), back = change("quorum", "2");
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, &away, 1, &seq), 1);
    fixture_end(&f);
    fixture_forget(&f);
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, &back, 1, &seq), 1);
    fixture_end(&f);
    assert_true(persisted(&f, "override-gone mymaster quorum"));
    fixture_stop(&f);
}

static void what_was_set_holds_after_a_restart(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct admin_change changes[] = { change("quorum", "1"), change("auth-pass", "x y") };
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, changes, 2, &seq), 2);
    fixture_end(&f);
    fixture_restart(&f);
    assert_int_equal(f.group->settings.quorum, 1);
    assert_slice(secret_reveal(&f.group->settings.auth_password), "x y");
    fixture_stop(&f);
}

static void credentials_log_in_anew_everywhere_but_at_peers(void **state) {
    static const struct {
        const char *name, *value;
        bool anew;
    } cases[] = {
        { "auth-pass", "secret", true },
        { "auth-user", "alice", true },
        { "auth-pass", "", false }, /* it was empty */
        { "quorum", "1", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        uint64_t seq = 0;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_advance(&f, 5000);
        const struct link *links[] = { &f.group->master->command, &f.group->master->pubsub,
            &fixture_replica(&f, 0)->command, &fixture_replica(&f, 1)->pubsub };
        uint64_t before[ARRAY_SIZE(links)];
        for (size_t k = 0; k < ARRAY_SIZE(links); k++)
            before[k] = links[k]->incarnation;
        uint64_t peer = fixture_peer(&f, 0)->process->link.incarnation;
        struct admin_change c = change(cases[i].name, cases[i].value);
        fixture_begin(&f);
        assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 1);
        fixture_end(&f);
        for (size_t k = 0; k < ARRAY_SIZE(links); k++)
            assert_true((links[k]->incarnation != before[k]) == cases[i].anew);
        assert_int_equal(fixture_peer(&f, 0)->process->link.incarnation, peer);
        fixture_stop(&f);
    }
}

static void a_new_down_after_counts_at_once(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    uint64_t seq = 0;
    o.down_after_ms = 60000;
    o.replicas = o.peers = 0;
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 3000);
    struct admin_change c = change("down-after-milliseconds", "1000");
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 1);
    fixture_end(&f);
    assert_has_event(&f, "+sdown " MASTER);
    fixture_stop(&f);
}

static void a_command_is_renamed_with_both_names_in_the_event(void **state) {
    struct fixture f;
    uint64_t seq = 0;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct admin_change c = change("rename-command", "slaveof");
    c.second = SLICE_LITERAL("guessme");
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 1);
    fixture_end(&f);
    assert_events(&f, "+set " MASTER " rename-command slaveof guessme\n");
    assert_string_equal(group_settings_command(&f.group->settings, "SLAVEOF"), "guessme");
    c.second = SLICE_LITERAL("SLAVEOF"); /* its own name: no more */
    fixture_begin(&f);
    assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 1);
    assert_string_equal(group_settings_command(&f.group->settings, "SLAVEOF"), "SLAVEOF");
    c.second = SLICE_EMPTY;
    assert_int_equal(admin_set(f.core, f.group, &c, 1, &seq), 0); /* refused */
    fixture_drop(&f);
}

/* ---- RESET ---- */

static void reset_counts_the_groups_that_match_the_pattern(void **state) {
    static const struct {
        const char *pattern;
        size_t count;
    } cases[] = {
        { "*", 2 },
        { "mymaster", 1 },
        { "MYMASTER", 0 },
        { "m*", 1 },
        { "?ther", 1 },
        { "[mo]*", 2 },
        { "nobody", 0 },
        { "", 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.second_group = "other";
        fixture_start(&f, &o);
        fixture_begin(&f);
        assert_int_equal(admin_reset(f.core, slice_of(cases[i].pattern)), cases[i].count);
        fixture_end(&f);
        size_t told = 0;
        for (struct slice rest = slice_of(fixture_events(&f)); rest.data != NULL;)
            told += slice_starts_with(slice_cut(&rest, '\n'), "+reset-master ");
        assert_int_equal(told, cases[i].count);
        fixture_stop(&f);
    }
}

static void reset_empties_the_lists_in_the_same_step_and_they_fill_again(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    assert_int_equal(admin_reset(f.core, SLICE_LITERAL("mymaster")), 1);
    assert_int_equal(f.group->replica_count, 0);
    assert_int_equal(f.group->peer_count, 0);
    fixture_end(&f);
    assert_events(&f, "+reset-master " MASTER "\n");
    fixture_restart(&f); /* from what is stored */
    assert_int_equal(f.group->peer_count, 0);
    assert_int_equal(f.group->replica_count, 2); /* told by the master's INFO */
    assert_has_event(&f, "+slave " REPLICA);
    fixture_stop(&f);
}

/* ---- FAILOVER ---- */

static void failover_begins_at_once_or_says_why_not(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    assert_int_equal(admin_failover(f.core, f.group, ADMIN_FORCED), 0);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    assert_true(f.group->attempt.forced);
    assert_int_equal(admin_failover(f.core, f.group, ADMIN_FORCED), ADMIN_E_IN_PROGRESS);
    assert_slice(f.out.items[0].text, "Executing user requested FAILOVER of 'mymaster'");
    fixture_drop(&f);

    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_replica(&f, 0)->priority = fixture_replica(&f, 1)->priority = 0;
    fixture_begin(&f);
    assert_int_equal(admin_failover(f.core, f.group, ADMIN_FORCED), ADMIN_E_NO_GOOD_REPLICA);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    assert_int_equal(f.out.count, 0);
    fixture_drop(&f);
}

static void failover_minds_neither_stocks_wait_nor_the_health_of_the_master(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_request(&f, f.group, 3, ID_B); /* we voted for another: law C8 */
    fixture_settle(&f);
    fixture_begin(&f);
    assert_int_equal(admin_failover(f.core, f.group, ADMIN_FORCED), 0);
    assert_int_equal(f.group->attempt.epoch, 4);
    fixture_drop(&f);
}

/* ---- FLUSHCONFIG ---- */

static void flush_asks_for_a_write_that_can_be_waited_for(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    uint64_t seq = admin_flush(f.core);
    assert_false(core_is_durable(f.core, seq));
    fixture_end(&f);
    assert_int_equal(seq, f.core->persist_seq);
    assert_string_equal(fixture_persists(&f), "persist 1: epoch 0\n");
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monitor_makes_a_group_with_the_defaults_and_the_quorum),
        cmocka_unit_test(monitor_refuses_a_name_in_use),
        cmocka_unit_test(monitor_refuses_too_many),
        cmocka_unit_test(remove_forgets_all_but_the_vote),
        cmocka_unit_test(monitor_remembers_the_vote_that_remove_left),
        cmocka_unit_test(names_that_come_and_go_leave_nothing),
        cmocka_unit_test(one_that_was_made_and_removed_in_one_step_leaves_nothing),
        cmocka_unit_test(a_name_that_voted_leaves_its_vote_however_often_it_goes),
        cmocka_unit_test(a_removed_group_of_the_file_stays_hidden_also_after_monitor_and_remove),
        cmocka_unit_test(each_option_can_be_set_is_told_and_persisted),
        cmocka_unit_test(set_is_all_or_nothing),
        cmocka_unit_test(several_options_are_one_write),
        cmocka_unit_test(setting_what_the_file_says_ends_the_override),
        cmocka_unit_test(what_was_set_holds_after_a_restart),
        cmocka_unit_test(credentials_log_in_anew_everywhere_but_at_peers),
        cmocka_unit_test(a_new_down_after_counts_at_once),
        cmocka_unit_test(a_command_is_renamed_with_both_names_in_the_event),
        cmocka_unit_test(reset_counts_the_groups_that_match_the_pattern),
        cmocka_unit_test(reset_empties_the_lists_in_the_same_step_and_they_fill_again),
        cmocka_unit_test(failover_begins_at_once_or_says_why_not),
        cmocka_unit_test(failover_minds_neither_stocks_wait_nor_the_health_of_the_master),
        cmocka_unit_test(flush_asks_for_a_write_that_can_be_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
