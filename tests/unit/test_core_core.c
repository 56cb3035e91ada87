#include "sentinel/core/core.h"

#include "tests/unit/core_fixture.h"

#include "config/merge.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/input.h"

#include "common/mem.h"

#include <string.h>

/* ---- start ---- */

static void a_first_start_watches_what_the_file_names_and_persists_it(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.unlearned = true;
    o.second_group = "other";
    fixture_start_alone(&f, &o);
    assert_events(
        &f, "+monitor " MASTER " quorum 2\n+monitor master other 10.0.2.1 6379 quorum 2\n");
    assert_int_equal(f.group->replica_count, 0);
    assert_int_equal(f.group->peer_count, 0);
    assert_int_equal(f.group->master->command.state, LINK_OPENING);
    assert_int_equal(f.group->origin, GROUP_FROM_FILE);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("other"));
    assert_string_equal(stored->record.master.host, "10.0.2.1");
    assert_string_equal(stored->record.seed.host, "10.0.2.1");
    fixture_stop(&f);
}

static void a_restart_knows_all_it_knew_and_says_little(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 9;
    o.config_epoch = 5;
    o.vote_epoch = 8;
    o.vote_for = ID_C;
    fixture_start_alone(&f, &o);
    assert_events(&f, "+monitor " MASTER " quorum 2\n"); /* neither +slave nor +sentinel */
    assert_string_equal(fixture_persists(&f), "");
    assert_int_equal(f.core->current_epoch, 9);
    assert_int_equal(f.core->durable_epoch, 9);
    assert_int_equal(f.group->config_epoch, 5);
    assert_int_equal(f.group->vote_epoch, 8);
    assert_string_equal(f.group->vote_for, ID_C);
    assert_int_equal(f.group->replica_count, 2);
    assert_int_equal(f.group->peer_count, 2);
    assert_true(core_is_durable(f.core, f.group->vote_seq));
    fixture_stop(&f);
}

static void an_epoch_of_a_group_beyond_the_current_one_raises_it(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 3;
    o.config_epoch = 5;
    o.vote_epoch = 8;
    fixture_start_alone(&f, &o);
    assert_int_equal(f.core->current_epoch, 8);
    fixture_settle(&f);
    assert_false(f.group->frozen);
    fixture_stop(&f);
}

static void we_are_no_peer_of_ourselves(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.id = ID_B; /* as if a state had been copied */
    fixture_start_alone(&f, &o);
    assert_int_equal(f.group->peer_count, 1);
    assert_null(peer_find(f.group, ID_B));
    fixture_stop(&f);
}

static void a_group_that_left_the_file_leaves_its_vote(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_request(&f, core_group(f.core, SLICE_LITERAL("other")), 7, ID_B);
    fixture_settle(&f);
    f.settings.group_count = 1;
    fixture_restart(&f);
    assert_null(core_group(f.core, SLICE_LITERAL("other")));
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("other"));
    assert_int_equal(stored->record.origin, GROUP_REMOVED);
    assert_int_equal(stored->record.vote_epoch, 7);
    assert_string_equal(stored->record.section, "");
    assert_int_equal(stored->peer_count, 0);
    f.settings.group_count = 2; /* and comes back */
    fixture_restart(&f);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    assert_int_equal(fixture_request(&f, other, 7, ID_C).epoch, 7);
    assert_string_equal(other->vote_for, ID_B);
    fixture_stop(&f);
}

static void a_group_that_left_the_file_without_a_vote_leaves_nothing(void **state) {
    for (int restarted = 0; restarted < 2; restarted++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.second_group = "other";
        fixture_start(&f, &o);
        assert_non_null(state_group(&f.stored, SLICE_LITERAL("other")));
        if (restarted) {
            f.settings.group_count = 1;
            fixture_restart(&f);
        } else {
            fixture_begin(&f);
            (void)core_remove_group(
                f.core, core_group(f.core, SLICE_LITERAL("other")), CORE_REMOVE_FORGET);
            fixture_end(&f);
        }
        assert_null(core_group(f.core, SLICE_LITERAL("other")));
        assert_null(state_group(&f.stored, SLICE_LITERAL("other")));
        assert_int_equal(map_count(&f.core->tombstones), 0);
        fixture_stop(&f);
    }
}

static void keep_record(
    struct fixture *f, const char *name, uint64_t vote_epoch, const char *section) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of(name),
        .record = {
            .origin = GROUP_REMOVED,
            .master = { .host = "10.0.9.1", .port = 1 },
            .config_epoch = 4,
            .vote_epoch = vote_epoch,
        },
    };
    slice_copy(slice_of(section), d.record.section, sizeof(d.record.section));
    state_apply(&f->stored, &d);
}

static void a_start_forgets_the_tombstones_that_say_nothing(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    keep_record(&f, "useless", 0, "");
    keep_record(&f, "voted", 7, "");
    keep_record(&f, "hides", 0, "0123");
    keep_record(&f, "other", 0, ""); /* and the file names it */
    fixture_restart(&f);
    assert_null(state_group(&f.stored, SLICE_LITERAL("useless")));
    assert_int_equal(map_count(&f.core->tombstones), 2);
    assert_int_equal(state_group(&f.stored, SLICE_LITERAL("voted"))->record.vote_epoch, 7);
    assert_string_equal(state_group(&f.stored, SLICE_LITERAL("hides"))->record.section, "0123");
    assert_non_null(core_group(f.core, SLICE_LITERAL("other")));
    assert_int_equal(
        state_group(&f.stored, SLICE_LITERAL("other"))->record.origin, GROUP_FROM_FILE);
    fixture_forget(&f);
    fixture_restart(&f); /* nothing is left to forget */
    assert_string_equal(fixture_persists(&f), "");
    fixture_stop(&f);
}

static void the_same_seed_and_inputs_give_the_same_story(void **state) {
    char *stories[2];
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct buf story = BUF_INIT;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_peers_agree(&f);
        f.peers[0].is_vain = f.peers[1].is_vain = true; /* retries, which are drawn by lot */
        fixture_crash(&f, &f.master);
        fixture_advance(&f, 3000);
        f.peers[0].is_vain = false;
        fixture_advance(&f, 3000);
        for (size_t k = 0; k < f.sent_count; k++)
            buf_printf(&story, "%lld %s\n", (long long)f.sent[k].at_ms, f.sent[k].text);
        buf_printf(&story, "%s%s%s", fixture_events(&f), fixture_logs(&f), fixture_persists(&f));
        assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
        stories[i] = slice_dup(buf_slice(&story));
        buf_fini(&story);
        fixture_stop(&f);
    }
    assert_string_equal(stories[0], stories[1]);
    mem_free(stories[0]);
    mem_free(stories[1]);
}

/* ---- durability ---- */

static void all_of_a_step_is_one_persist(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_forget(&f);
    fixture_begin(&f);
    uint64_t first = core_persist(f.core, &(struct delta){ .kind = DELTA_EPOCH, .epoch = 3 });
    uint64_t second = group_persist(f.core, f.group);
    assert_int_equal(first, second);
    assert_int_equal(f.out.count, 0);
    core_end(f.core);
    assert_int_equal(f.out.count, 1);
    assert_int_equal(f.out.items[0].kind, EFFECT_PERSIST);
    assert_int_equal(f.out.items[0].seq, first);
    assert_int_equal(f.out.items[0].delta_count, 2);
    effects_clear(&f.out);
    fixture_begin(&f);
    core_end(f.core);
    assert_int_equal(f.out.count, 0); /* nothing to write, nothing asked */
    fixture_drop(&f);
}

static void a_deltas_texts_are_its_own(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    char name[] = "mymaster";
    fixture_begin(&f);
    core_persist(f.core, &(struct delta){ .kind = DELTA_GROUP_EMPTY, .group = slice_of(name) });
    name[0] = 'x';
    core_end(f.core);
    assert_slice(f.out.items[0].deltas[0].group, "mymaster");
    fixture_drop(&f);
}

static void durable_covers_all_that_came_before(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    for (uint64_t epoch = 1; epoch <= 3; epoch++)
        fixture_request(&f, f.group, epoch, ID_B);
    assert_int_equal(f.persist_seq, 3);
    fixture_durable(&f, 2);
    assert_true(core_is_durable(f.core, 1));
    assert_true(core_is_durable(f.core, 2));
    assert_false(core_is_durable(f.core, 3));
    assert_int_equal(f.core->durable_epoch, 0); /* the current one is in 3 */
    fixture_durable(&f, 1);                     /* late: nothing is taken back */
    assert_true(core_is_durable(f.core, 2));
    fixture_durable(&f, 3);
    assert_int_equal(f.core->durable_epoch, 3);
    fixture_stop(&f);
}

static void a_failed_store_is_tried_again_every_second_until_it_works(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_request(&f, f.group, 1, ID_B);
    fixture_failed(&f, 1);
    assert_true(core_store_failed(f.core));
    assert_logged(
        &f, "WARNING: Sentinel was not able to save the new configuration on disk!!!: disk full");
    fixture_forget(&f);
    fixture_advance(&f, 999);
    assert_string_equal(fixture_persists(&f), "");
    fixture_advance(&f, 1);
    assert_string_equal(fixture_persists(&f), "persist 2:\n"); /* the store knows what is missing */
    fixture_advance(&f, 5000);
    assert_string_equal(fixture_persists(&f), "persist 2:\n"); /* its answer is awaited */
    fixture_failed(&f, 2);
    assert_string_equal(fixture_logs(&f), ""); /* said already */
    fixture_advance(&f, 1000);
    assert_int_equal(f.persist_seq, 3);
    fixture_durable(&f, 3);
    assert_false(core_store_failed(f.core));
    assert_true(core_is_durable(f.core, 1));
    assert_logged(&f, "the state is on disk again");
    fixture_forget(&f);
    fixture_advance(&f, 5000);
    assert_string_equal(fixture_persists(&f), "");
    fixture_stop(&f);
}

static void fail_for(struct fixture *f, uint64_t seq, const char *why) {
    f->answered_seq = seq;
    fixture_step(f, &(struct input){ .kind = INPUT_FAILED, .seq = seq, .why = slice_of(why) });
}

static void a_failed_store_is_logged_once_for_each_reason(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_request(&f, f.group, 1, ID_B);
    fail_for(&f, 1, "first");
    assert_logged(&f, "on disk!!!: first");
    fixture_forget(&f);
    fixture_advance(&f, 1000);
    fail_for(&f, 2, "second"); /* too soon */
    assert_string_equal(fixture_logs(&f), "");
    for (uint64_t seq = 3; seq <= 5; seq++) {
        fixture_advance(&f, 1000);
        fail_for(&f, seq, "second");
    }
    assert_string_equal(fixture_logs(&f), "");
    fixture_advance(&f, 1000);
    fail_for(&f, 6, "second");
    assert_logged(&f, "on disk!!!: second");
    fixture_stop(&f);
}

static void a_store_that_comes_and_goes_does_not_fill_the_log(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_request(&f, f.group, 1, ID_B);
    fail_for(&f, 1, "disk full");
    fixture_durable(&f, 1);
    assert_logged(&f, "the state is on disk again");
    fixture_forget(&f);
    for (uint64_t epoch = 2; epoch <= 100; epoch++) {
        fixture_request(&f, f.group, epoch, ID_B);
        fail_for(&f, f.persist_seq, "disk full");
        assert_true(core_store_failed(f.core));
        fixture_durable(&f, f.persist_seq);
        assert_false(core_store_failed(f.core));
    }
    assert_null(strstr(fixture_logs(&f), "disk"));
    fixture_advance(&f, 5000);
    fixture_request(&f, f.group, 101, ID_B);
    fail_for(&f, f.persist_seq, "disk full");
    assert_logged(&f, "on disk!!!: disk full");
    fixture_stop(&f);
}

static void a_vote_that_could_not_be_written_is_never_ungiven(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_FAILS;
    fixture_request(&f, f.group, 5, ID_B);
    fixture_settle(&f);
    assert_slice(fixture_request(&f, f.group, 5, ID_C).candidate, ID_B);
    fixture_stop(&f);
}

static void epochs_only_rise(void **state) {
    static const struct {
        uint64_t epoch, current;
    } cases[] = { { 5, 5 }, { 5, 5 }, { 4, 5 }, { 0, 5 }, { (uint64_t)INT64_MAX + 1, 5 },
        { UINT64_MAX, 5 }, { 6, 6 }, { INT64_MAX, 6 }, { EPOCH_END - 1, 6 },
        { 7 + EPOCH_STEP_MAX, 6 }, { 6 + EPOCH_STEP_MAX, 6 + EPOCH_STEP_MAX } };
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t before = f.core->current_epoch;
        fixture_begin(&f);
        core_raise_epoch(f.core, f.group, cases[i].epoch);
        assert_true(f.core->current_epoch == cases[i].current);
        size_t events = 0;
        for (size_t k = 0; k < f.out.count; k++)
            events += f.out.items[k].kind == EFFECT_EVENT;
        assert_int_equal(events, cases[i].current > before);
        core_end(f.core);
        effects_clear(&f.out);
    }
    fixture_drop(&f);
}

/* ---- tilt ---- */

static void a_gap_in_which_we_did_not_listen_starts_tilt(void **state) {
    static const struct {
        int64_t mono_ms, heard_ms;
        bool tilt;
    } cases[] = {
        { 2000, 0, false },
        { 2001, 0, true },
        { 2050, 50, false },
        { 2051, 50, true },
        { 100000, 100000, false }, /* slept with open ears */
        { 86400000, 50, true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        f.now.mono_ms += cases[i].mono_ms;
        f.now.heard_ms += cases[i].heard_ms;
        fixture_begin(&f);
        assert_true(f.core->tilt == cases[i].tilt);
        assert_int_equal(f.core->tilt_count, cases[i].tilt);
        if (cases[i].tilt)
            assert_string_equal(f.out.items[0].event, "+tilt");
        fixture_drop(&f);
    }
}

static void tilt_lasts_thirty_seconds_from_the_last_gap(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_stall(&f, 5000);
    fixture_timer(&f);
    assert_events(&f, "+tilt #tilt mode entered\n");
    fixture_advance(&f, 20000);
    fixture_stall(&f, 5000);
    fixture_timer(&f);
    assert_events(&f, "+tilt #tilt mode entered\n"); /* again */
    assert_int_equal(f.core->tilt_count, 2);
    fixture_advance(&f, 29999);
    assert_true(f.core->tilt);
    fixture_advance(&f, 1);
    assert_false(f.core->tilt);
    assert_events(&f, "-tilt #tilt mode exited\n");
    fixture_stop(&f);
}

static void the_end_of_tilt_is_a_deadline(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = o.replicas = 0;
    fixture_start(&f, &o);
    f.master.mood = FAR_VANISHED;
    fixture_stall(&f, 5000);
    fixture_timer(&f);
    int64_t since_ms = f.core->tilt_since_ms;
    fixture_await(&f, "-tilt", 31000);
    assert_int_equal(f.now.heard_ms - since_ms, 30000);
    fixture_stop(&f);
}

static void in_tilt_we_go_on_probing_and_greeting_but_start_nothing(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_stall(&f, 5000);
    fixture_timer(&f);
    fixture_forget(&f);
    fixture_advance(&f, 12000);
    assert_true(fixture_sent(&f, &f.master, "PING") > 100);
    assert_true(fixture_sent(&f, &f.peers[0], "PING") > 10);
    assert_true(fixture_sent(&f, &f.replicas[0], "INFO") >= 1);
    assert_true(fixture_sent(&f, &f.peers[0], "PUBLISH") >= 5);
    fixture_crash(&f, &f.master);
    fixture_forget(&f);
    fixture_advance(&f, 15000);
    assert_events(&f, "");
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 0);
    fixture_await(&f, "+switch-master", 4000); /* all the sooner afterwards */
    fixture_stop(&f);
}

/* ---- reload ---- */

/* Hands in the plan that the settings and what is stored give. */
static void reload(struct fixture *f) {
    struct plan plan;
    struct diag *diag = NULL;
    bool merged = config_merge(&f->settings, &f->stored, MERGE_YAML, &plan, diag);
    assert_true(merged);
    fixture_step(f, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
    plan_fini(&plan);
    fixture_settle(f);
}

static void a_reload_that_changes_nothing_says_nothing(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    uint64_t incarnation = f.group->master->command.incarnation;
    reload(&f);
    assert_events(&f, "");
    assert_string_equal(fixture_persists(&f), "");
    assert_int_equal(f.group->master->command.incarnation, incarnation);
    fixture_stop(&f);
}

static void a_reload_takes_over_settings(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5000);
    f.settings.groups[0].quorum = 1;
    f.settings.groups[0].down_after_ms = 7000;
    secret_set(&f.settings.groups[0].auth_password, SLICE_LITERAL("new"));
    fixture_forget(&f);
    reload(&f);
    assert_int_equal(f.group->settings.quorum, 1);
    assert_int_equal(f.group->settings.down_after_ms, 7000);
    assert_int_equal(fixture_sent(&f, &f.master, "AUTH ******"), 2); /* logged in anew */
    fixture_stop(&f);
}

static void a_reload_adds_and_removes_groups_of_the_file_only(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_begin(&f);
    const struct endpoint third = { .host = "10.0.3.1", .port = 6379 };
    struct group *runtime = core_add_group(f.core, "runtime", &third, GROUP_FROM_RUNTIME);
    runtime->file.master = third;
    group_persist(f.core, runtime);
    core_end(f.core);
    for (size_t i = 0; i < f.out.count; i++)
        if (f.out.items[i].kind == EFFECT_PERSIST)
            state_apply(&f.stored, &f.out.items[i].deltas[0]);
    effects_clear(&f.out);
    struct plan plan;
    f.settings.group_count = 1;
    assert_true(config_merge(&f.settings, &f.stored, MERGE_YAML, &plan, NULL));
    fixture_begin(&f);
    core_input(f.core, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
    assert_null(core_group(f.core, SLICE_LITERAL("other")));
    assert_non_null(core_group(f.core, SLICE_LITERAL("mymaster")));
    assert_non_null(core_group(f.core, SLICE_LITERAL("runtime")));
    assert_string_equal(f.out.items[0].event, "-monitor");
    plan_fini(&plan);
    f.settings.group_count = 2;
    assert_true(config_merge(&f.settings, &f.stored, MERGE_YAML, &plan, NULL));
    core_input(f.core, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
    assert_non_null(core_group(f.core, SLICE_LITERAL("other")));
    plan_fini(&plan);
    fixture_drop(&f);
}

static void an_override_that_gave_way_to_the_file_is_told(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    state_apply(&f.stored,
        &(struct delta){ .kind = DELTA_OVERRIDE,
            .group = SLICE_LITERAL("mymaster"),
            .option = SLICE_LITERAL("quorum"),
            .value = SLICE_LITERAL("1"),
            .file_value = SLICE_LITERAL("2") });
    f.settings.groups[0].quorum = 3;
    reload(&f);
    assert_events(&f, "-override " MASTER " quorum 1 3\n");
    assert_int_equal(f.group->settings.quorum, 3);
    assert_true(slice_contains(
        slice_of(fixture_persists(&f)), SLICE_LITERAL("override-gone mymaster quorum")));
    fixture_stop(&f);
}

static void a_refused_reload_is_a_line_in_the_log(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_step(
        &f, &(struct input){ .kind = INPUT_RELOAD_FAILED, .why = SLICE_LITERAL("line 3: what?") });
    assert_logged(&f, "reload refused, nothing changed: line 3: what?");
    fixture_stop(&f);
}

static void a_reload_during_a_failover_does_not_disturb_it(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.replicas[0].offset = 2000;
    f.replicas[1].holds = "MULTI";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+slave-reconf-sent", 1200);
    reload(&f);
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    f.replicas[1].holds = NULL;
    fixture_await(&f, "+failover-end", 1000);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    fixture_stop(&f);
}

/* ---- the rest ---- */

static void dates_are_those_of_ctime_in_utc(void **state) {
    static const struct {
        int64_t wall_ms;
        const char *date;
    } cases[] = {
        { 0, "Thu Jan  1 00:00:00 1970 UTC" },
        { 1700000000999, "Tue Nov 14 22:13:20 2023 UTC" },
    };
    char text[64];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(core_date(NULL, cases[i].wall_ms, text, sizeof(text)), cases[i].date);
    assert_string_equal(core_date(NULL, 0, text, 5), ""); /* no room */
}

static void inputs_of_clients_are_not_for_the_core(void **state) {
    static const enum input_kind kinds[] = { INPUT_TIMER, INPUT_CLIENT_OPENED, INPUT_CLIENT_BYTES,
        INPUT_CLIENT_FULL, INPUT_CLIENT_DRAINED, INPUT_CLIENT_CLOSED, INPUT_USAGE, INPUT_STOP };
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        fixture_step(&f, &(struct input){ .kind = kinds[i] });
    assert_events(&f, "");
    fixture_stop(&f);
}

static void judging_twice_does_no_harm(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    fixture_crash(&f, &f.master);
    for (int i = 0; i < 3000; i++) { /* at every millisecond, and more than once */
        fixture_advance(&f, 1);
        if (f.group != NULL)
            group_touch(f.core, f.group);
        fixture_timer(&f);
        fixture_timer(&f);
    }
    assert_int_equal(fixture_sent(&f, NULL, "MULTI; SLAVEOF NO ONE"), 1);
    assert_has_event(&f, "+failover-end " MASTER);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_start_watches_what_the_file_names_and_persists_it),
        cmocka_unit_test(a_restart_knows_all_it_knew_and_says_little),
        cmocka_unit_test(an_epoch_of_a_group_beyond_the_current_one_raises_it),
        cmocka_unit_test(we_are_no_peer_of_ourselves),
        cmocka_unit_test(a_group_that_left_the_file_leaves_its_vote),
        cmocka_unit_test(a_group_that_left_the_file_without_a_vote_leaves_nothing),
        cmocka_unit_test(a_start_forgets_the_tombstones_that_say_nothing),
        cmocka_unit_test(the_same_seed_and_inputs_give_the_same_story),
        cmocka_unit_test(all_of_a_step_is_one_persist),
        cmocka_unit_test(a_deltas_texts_are_its_own),
        cmocka_unit_test(durable_covers_all_that_came_before),
        cmocka_unit_test(a_failed_store_is_tried_again_every_second_until_it_works),
        cmocka_unit_test(a_failed_store_is_logged_once_for_each_reason),
        cmocka_unit_test(a_store_that_comes_and_goes_does_not_fill_the_log),
        cmocka_unit_test(a_vote_that_could_not_be_written_is_never_ungiven),
        cmocka_unit_test(epochs_only_rise),
        cmocka_unit_test(a_gap_in_which_we_did_not_listen_starts_tilt),
        cmocka_unit_test(tilt_lasts_thirty_seconds_from_the_last_gap),
        cmocka_unit_test(the_end_of_tilt_is_a_deadline),
        cmocka_unit_test(in_tilt_we_go_on_probing_and_greeting_but_start_nothing),
        cmocka_unit_test(a_reload_that_changes_nothing_says_nothing),
        cmocka_unit_test(a_reload_takes_over_settings),
        cmocka_unit_test(a_reload_adds_and_removes_groups_of_the_file_only),
        cmocka_unit_test(an_override_that_gave_way_to_the_file_is_told),
        cmocka_unit_test(a_refused_reload_is_a_line_in_the_log),
        cmocka_unit_test(a_reload_during_a_failover_does_not_disturb_it),
        cmocka_unit_test(dates_are_those_of_ctime_in_utc),
        cmocka_unit_test(inputs_of_clients_are_not_for_the_core),
        cmocka_unit_test(judging_twice_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
