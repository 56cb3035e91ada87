#include "sentinel/core/saving.h"

#include "tests/unit/core_fixture.h"

#include "config/classic_write.h"
#include "config/merge.h"
#include "config/option.h"
#include "sentinel/core/admin.h"
#include "sentinel/core/configure.h"
#include "sentinel/core/input.h"

#include <string.h>

static void begin(struct fixture *f) {
    fixture_start(f, &FIXTURE_STANDARD);
    f->core->writes_file = true;
    fixture_forget(f);
}

/* What the file would say if it was written now. */
static void write_plan(const struct fixture *f, struct plan *ret) {
    struct diag *diag = NULL;
    assert_true(config_merge(&f->settings, &f->stored, MERGE_CLASSIC, ret, diag));
}

/* It was written: then that is what it says. */
static void tell_saved(struct fixture *f, const struct plan *plan) {
    classic_take_said(&f->settings, &plan->active);
    for (size_t i = 0; i < f->settings.group_count; i++)
        group_settings_fini(&f->settings.groups[i]);
    f->settings.group_count = 0;
    for (size_t i = 0; i < plan->group_count; i++) {
        struct group_settings *g = settings_add_group(&f->settings);
        group_settings_fini(g);
        group_settings_copy(g, &plan->groups[i].active);
    }
    char listing[DIGEST_HEX_SIZE];
    state_listing(&f->stored, listing);
    fixture_forget(f);
    fixture_step(f,
        &(struct input){ .kind = INPUT_SAVED,
            .seq = f->core->persist_seq,
            .rewritten = true,
            .plan = plan,
            .listing = listing });
    fixture_settle(f);
}

static void save(struct fixture *f) {
    struct plan plan;
    write_plan(f, &plan);
    tell_saved(f, &plan);
    plan_fini(&plan);
}

static void set(struct fixture *f, const char *name, const char *value) {
    uint64_t seq;
    const struct admin_change change = {
        .option = option_by_set_name(slice_of(name)),
        .word = slice_of(name),
        .value = slice_of(value),
    };
    fixture_begin(f);
    assert_int_equal(admin_set(f->core, f->group, &change, 1, &seq), 1);
    fixture_end(f);
    fixture_settle(f);
}

static const struct group_state *stored_group(const struct fixture *f, const char *name) {
    return state_group(&f->stored, slice_of(name));
}

/* The override of the group's quorum as "value file", or "". */
static const char *stored_quorum(const struct fixture *f, char text[static 32]) {
    const char *line = strstr(fixture_persists(f), "override mymaster quorum ");
    text[0] = '\0';
    if (line != NULL) {
        struct slice rest = slice_of(line + strlen("override mymaster quorum "));
        struct slice until = slice_cut(&rest, '\n');
        slice_copy(slice_cut(&until, ';'), text, 32);
    }
    return text;
}

/* ---- what is awaited ---- */

static void nothing_waits_where_no_file_is_kept(void **state) {
    struct fixture f;
    (void)state;
    fixture_start(&f, &FIXTURE_STANDARD);
    saving_ask(f.core);
    assert_true(saving_is_done(f.core, UINT64_MAX));
    assert_false(saving_has_failed(f.core, 1));
    assert_false(f.core->save_now);
    fixture_stop(&f);
}

static void a_persist_tells_that_somebody_waits(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    fixture_begin(&f);
    uint64_t seq = admin_flush(f.core);
    saving_ask(f.core);
    core_end(f.core);
    assert_int_equal(f.out.items[0].kind, EFFECT_PERSIST);
    assert_true(f.out.items[0].save);
    assert_false(saving_is_done(f.core, seq));

    fixture_begin(&f);
    admin_flush(f.core);
    core_end(f.core);
    assert_false(f.out.items[f.out.count - 1].save);
    fixture_drop(&f);
}

static void outcomes_count_up_to_their_seq(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    fixture_step(&f, &(struct input){ .kind = INPUT_SAVED, .seq = 7 });
    assert_true(saving_is_done(f.core, 7));
    assert_false(saving_is_done(f.core, 8));
    assert_string_equal(fixture_logs(&f), ""); /* found unchanged */
    fixture_step(&f,
        &(struct input){ .kind = INPUT_UNSAVED, .seq = 9, .why = SLICE_LITERAL("f: no space") });
    assert_false(saving_has_failed(f.core, 7));
    assert_true(saving_has_failed(f.core, 9));
    assert_false(saving_has_failed(f.core, 10));
    assert_logged(
        &f, "WARNING: Sentinel was not able to save the new configuration on disk!!!: f: no space");
    fixture_forget(&f);
    fixture_step(&f,
        &(struct input){ .kind = INPUT_UNSAVED, .seq = 9, .why = SLICE_LITERAL("f: no space") });
    assert_string_equal(fixture_logs(&f), ""); /* told already, and nobody waits */
    fixture_step(&f, &(struct input){ .kind = INPUT_SAVED, .seq = 9, .rewritten = true });
    assert_logged(&f, "Sentinel new configuration saved on disk");
    assert_false(saving_has_failed(f.core, 9));
    fixture_stop(&f);
}

static void each_failure_that_somebody_waits_for_is_logged(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    for (int i = 0; i < 2; i++) {
        fixture_begin(&f);
        uint64_t seq = admin_flush(f.core);
        saving_ask(f.core);
        fixture_end(&f);
        fixture_forget(&f);
        fixture_step(
            &f, &(struct input){ .kind = INPUT_UNSAVED, .seq = seq, .why = SLICE_LITERAL("full") });
        assert_logged(&f, "was not able to save the new configuration on disk!!!: full");
    }
    fixture_stop(&f);
}

/* ---- what the file says then ---- */

static void what_was_set_is_the_file_s_once_it_is_written(void **state) {
    struct fixture f;
    char text[32];
    (void)state;
    begin(&f);
    set(&f, "quorum", "3");
    assert_string_equal(stored_quorum(&f, text), "3 file=2");
    save(&f);
    assert_int_equal(f.group->file.quorum, 3);
    assert_int_equal(f.group->settings.quorum, 3);
    assert_non_null(strstr(fixture_persists(&f), "override-gone mymaster quorum"));
    assert_events(&f, "");
    save(&f); /* nothing is new */
    assert_string_equal(fixture_persists(&f), "");

    fixture_restart(&f);
    assert_int_equal(f.group->settings.quorum, 3);
    assert_no_event(&f, "-override");
    fixture_stop(&f);
}

static void what_was_set_since_is_an_override_of_what_was_written(void **state) {
    struct fixture f;
    struct plan plan;
    char text[32];
    (void)state;
    begin(&f);
    set(&f, "quorum", "3");
    write_plan(&f, &plan);
    set(&f, "quorum", "4"); /* while it is being written */
    tell_saved(&f, &plan);
    plan_fini(&plan);
    assert_int_equal(f.group->settings.quorum, 4);
    assert_string_equal(stored_quorum(&f, text), "4 file=3");

    set(&f, "quorum", "5");
    write_plan(&f, &plan);
    set(&f, "quorum", "3"); /* back to what it said: no override then, one afterwards */
    tell_saved(&f, &plan);
    plan_fini(&plan);
    assert_string_equal(stored_quorum(&f, text), "3 file=5");
    fixture_stop(&f);
}

static void what_was_written_before_the_end_is_no_override_that_lost(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    set(&f, "quorum", "3");
    f.settings.groups[0].quorum = 3; /* written, and then we were killed */
    fixture_restart(&f);
    assert_no_event(&f, "-override");
    assert_int_equal(f.group->settings.quorum, 3);
    assert_int_equal(stored_group(&f, "mymaster")->overrides.count, 0);
    fixture_stop(&f);
}

static void options_of_the_process_are_the_file_s_once_they_are_written(void **state) {
    struct fixture f;
    struct settings wanted = { .groups = NULL };
    (void)state;
    begin(&f);
    settings_copy_process(&wanted, &f.core->settings);
    wanted.log_level = LOG_DEBUG;
    wanted.announce_hostnames = true;
    wanted.limits.max[LIMIT_PEERS] = 7; /* a classic file has no word for it */
    fixture_begin(&f);
    configure_set(f.core, &wanted);
    fixture_end(&f);
    assert_int_equal(f.stored.overrides.count, 3);
    save(&f);
    assert_int_equal(f.core->file.log_level, LOG_DEBUG);
    assert_true(f.core->file.announce_hostnames);
    assert_int_equal(f.stored.overrides.count, 1);
    assert_string_equal(f.stored.overrides.items[0].option, "limits.peers");
    settings_fini(&wanted);
    fixture_stop(&f);
}

static void users_are_the_file_s_once_they_are_written(void **state) {
    struct fixture f;
    struct users users;
    (void)state;
    begin(&f);
    users_copy(&users, &f.core->settings.users);
    users_set(&users, SLICE_LITERAL("joe"), SLICE_LITERAL("on nopass"));
    fixture_begin(&f);
    configure_set_user(f.core, SLICE_LITERAL("joe"), &users);
    fixture_end(&f);
    assert_int_equal(f.stored.overrides.count, 1);
    save(&f);
    assert_int_equal(f.stored.overrides.count, 0);
    assert_non_null(users_find(&f.core->file.users, SLICE_LITERAL("joe")));

    users_remove(&users, SLICE_LITERAL("joe"));
    fixture_begin(&f);
    configure_set_user(f.core, SLICE_LITERAL("joe"), &users);
    fixture_end(&f);
    assert_int_equal(f.stored.overrides.count, 1);
    save(&f);
    assert_int_equal(f.stored.overrides.count, 0);
    assert_null(users_find(&f.core->file.users, SLICE_LITERAL("joe")));
    users_fini(&users);
    fixture_stop(&f);
}

static void a_group_made_at_runtime_is_the_file_s_once_it_is_written(void **state) {
    struct fixture f;
    uint64_t seq;
    (void)state;
    begin(&f);
    const struct endpoint master = { .host = "10.0.3.1", .port = 6390 };
    fixture_begin(&f);
    assert_int_equal(admin_monitor(f.core, SLICE_LITERAL("new"), &master, 3, &seq), 0);
    fixture_end(&f);
    fixture_settle(&f);
    save(&f);
    const struct group *g = core_group(f.core, SLICE_LITERAL("new"));
    assert_int_equal(g->origin, GROUP_FROM_FILE);
    assert_int_equal(g->file.quorum, 3);
    assert_int_equal(stored_group(&f, "new")->record.origin, GROUP_FROM_FILE);
    fixture_stop(&f);
}

static void a_moved_master_is_the_file_s_address_once_it_is_written(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    const struct endpoint second = { .host = "10.0.0.2", .port = 6379 };
    fixture_begin(&f);
    group_switch(f.core, f.group, &second);
    fixture_end(&f);
    fixture_settle(&f);
    save(&f);
    assert_true(endpoint_equal(&f.group->file.master, &second));
    assert_true(endpoint_equal(&stored_group(&f, "mymaster")->record.seed, &second));
    fixture_stop(&f);
}

/* ---- REMOVE ---- */

static void remove_group(struct fixture *f) {
    uint64_t seq;
    fixture_begin(f);
    admin_remove(f->core, f->group, &seq);
    fixture_end(f);
}

static void a_removed_group_that_is_gone_from_the_file_is_hidden_no_more(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    remove_group(&f);
    assert_string_not_equal(stored_group(&f, "mymaster")->record.section, "");
    save(&f);
    assert_null(stored_group(&f, "mymaster")); /* it never voted */
    assert_int_equal(map_count(&f.core->tombstones), 0);
    fixture_stop(&f);

    begin(&f);
    fixture_request(&f, f.group, 3, ID_B);
    fixture_settle(&f);
    remove_group(&f);
    save(&f);
    assert_string_equal(stored_group(&f, "mymaster")->record.section, "");
    assert_int_equal(stored_group(&f, "mymaster")->record.vote_epoch, 3);
    assert_string_equal(stored_group(&f, "mymaster")->record.vote_for, ID_B);
    fixture_stop(&f);
}

static void a_group_removed_while_it_was_written_is_hidden_as_it_stands_there(void **state) {
    struct fixture f;
    struct plan plan;
    char section[65];
    (void)state;
    begin(&f);
    set(&f, "quorum", "3");
    write_plan(&f, &plan);
    remove_group(&f);
    tell_saved(&f, &plan);
    merge_section_digest(&plan.groups[0].active, section);
    assert_string_equal(stored_group(&f, "mymaster")->record.section, section);
    plan_fini(&plan);
    write_plan(&f, &plan); /* a start would not watch it */
    assert_int_equal(plan.group_count, 0);
    plan_fini(&plan);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_where_no_file_is_kept),
        cmocka_unit_test(a_persist_tells_that_somebody_waits),
        cmocka_unit_test(outcomes_count_up_to_their_seq),
        cmocka_unit_test(each_failure_that_somebody_waits_for_is_logged),
        cmocka_unit_test(what_was_set_is_the_file_s_once_it_is_written),
        cmocka_unit_test(what_was_set_since_is_an_override_of_what_was_written),
        cmocka_unit_test(what_was_written_before_the_end_is_no_override_that_lost),
        cmocka_unit_test(options_of_the_process_are_the_file_s_once_they_are_written),
        cmocka_unit_test(users_are_the_file_s_once_they_are_written),
        cmocka_unit_test(a_group_made_at_runtime_is_the_file_s_once_it_is_written),
        cmocka_unit_test(a_moved_master_is_the_file_s_address_once_it_is_written),
        cmocka_unit_test(a_removed_group_that_is_gone_from_the_file_is_hidden_no_more),
        cmocka_unit_test(a_group_removed_while_it_was_written_is_hidden_as_it_stands_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
