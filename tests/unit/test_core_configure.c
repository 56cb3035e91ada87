#include "sentinel/core/configure.h"

#include "tests/unit/core_fixture.h"

#include "common/mem.h"
#include "config/merge.h"
#include "sentinel/core/input.h"

#include <string.h>

/* Takes over what a client asks for. */
static uint64_t set(struct fixture *f, const struct settings *wanted) {
    fixture_forget(f);
    fixture_begin(f);
    uint64_t seq = configure_set(f->core, wanted);
    fixture_end(f);
    fixture_settle(f);
    return seq;
}

static void begin(struct fixture *f, struct settings *wanted) {
    fixture_start(f, &FIXTURE_STANDARD);
    fixture_advance(f, 5000);
    settings_init(wanted);
    settings_copy_process(wanted, &f->core->settings);
}

static void end(struct fixture *f, struct settings *wanted) {
    settings_fini(wanted);
    fixture_stop(f);
}

static void reload(struct fixture *f) {
    struct plan plan;
    bool merged = config_merge(&f->settings, &f->stored, MERGE_YAML, &plan, NULL);
    assert_true(merged);
    fixture_forget(f);
    fixture_step(f, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
    plan_fini(&plan);
    fixture_settle(f);
}

static void a_changed_setting_holds_after_a_restart(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    wanted.log_level = LOG_DEBUG;
    secret_set(&wanted.peer_password, SLICE_LITERAL("geheim"));
    uint64_t seq = set(&f, &wanted);
    assert_true(core_is_durable(f.core, seq));
    assert_string_equal(fixture_persists(&f),
        "persist 1: override #process log.level debug file=notice; "
        "override #process peers.password ****** file=; epoch 0\n");
    fixture_restart(&f);
    assert_int_equal(f.core->settings.log_level, LOG_DEBUG);
    assert_int_equal(f.core->file.log_level, LOG_NOTICE);
    assert_slice(secret_reveal(&f.core->settings.peer_password), "geheim");
    end(&f, &wanted);
}

static void the_value_of_the_file_ends_an_override(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    wanted.log_level = LOG_DEBUG;
    set(&f, &wanted);
    wanted.log_level = LOG_NOTICE;
    set(&f, &wanted);
    assert_string_equal(
        fixture_persists(&f), "persist 2: override-gone #process log.level; epoch 0\n");
    assert_int_equal(f.stored.overrides.count, 0);
    end(&f, &wanted);
}

static void what_changes_nothing_shows_whether_the_disk_is_there(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    f.store = STORE_FAILS;
    uint64_t seq = set(&f, &wanted);
    assert_false(core_is_durable(f.core, seq));
    assert_true(core_store_failed(f.core));
    end(&f, &wanted);
}

static void a_changed_file_wins(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    wanted.log_level = LOG_DEBUG;
    wanted.resolve_hostnames = true;
    set(&f, &wanted);
    reload(&f); /* nothing has changed */
    assert_events(&f, "");
    assert_int_equal(f.core->settings.log_level, LOG_DEBUG);

    f.settings.log_level = LOG_VERBOSE;
    reload(&f);
    assert_events(&f, "-override #process log.level debug verbose\n");
    assert_string_equal(fixture_persists(&f), "persist 2: override-gone #process log.level\n");
    assert_int_equal(f.core->settings.log_level, LOG_VERBOSE);
    assert_true(f.core->settings.resolve_hostnames);
    end(&f, &wanted);
}

static void a_new_port_in_the_file_is_announced_at_once(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    f.settings.announce = (struct endpoint){ .port = 0 };
    f.settings.listen.at[0].port = 26399;
    reload(&f);
    assert_int_equal(
        fixture_sent(&f, &f.master, "PUBLISH __sentinel__:hello 10.0.1.9,26399," OUR_ID), 1);
    end(&f, &wanted);
}

static void a_new_address_of_ours_is_announced_at_once(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    strcpy(wanted.announce.host, "10.9.9.9");
    wanted.announce.port = 0;
    set(&f, &wanted);
    assert_int_equal(
        fixture_sent(&f, &f.master, "PUBLISH __sentinel__:hello 10.9.9.9,26379," OUR_ID), 1);
    assert_int_equal(
        fixture_sent(&f, &f.peers[0], "PUBLISH __sentinel__:hello 10.9.9.9,26379," OUR_ID), 1);
    end(&f, &wanted);
}

static void new_credentials_log_in_anew_at_peers(void **state) {
    struct fixture f;
    struct settings wanted;
    begin(&f, &wanted);
    secret_set(&wanted.peer_password, SLICE_LITERAL("geheim"));
    set(&f, &wanted);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture_sent(&f, &f.peers[i], "AUTH ******"), 1);
        assert_int_equal(fixture_peer(&f, i)->process->link.state, LINK_OPEN);
    }
    assert_int_equal(fixture_sent(&f, &f.master, "AUTH"), 0);

    wanted.peer_user = mem_strdup("sentinel");
    set(&f, &wanted);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "AUTH sentinel ******"), 1);

    /* What clients are asked for is of no interest while there is a password for peers. */
    secret_set(&f.settings.client_password, SLICE_LITERAL("other"));
    reload(&f);
    assert_int_equal(fixture_sent(&f, NULL, "AUTH"), 0);
    settings_copy_process(&wanted, &f.core->settings);
    secret_set(&wanted.peer_password, SLICE_EMPTY);
    set(&f, &wanted);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "AUTH ******"), 1);
    secret_set(&f.settings.client_password, SLICE_EMPTY);
    reload(&f);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "CLIENT SETNAME"), 1);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "AUTH"), 0);
    assert_events(&f, "");
    end(&f, &wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_setting_holds_after_a_restart),
        cmocka_unit_test(the_value_of_the_file_ends_an_override),
        cmocka_unit_test(what_changes_nothing_shows_whether_the_disk_is_there),
        cmocka_unit_test(a_changed_file_wins),
        cmocka_unit_test(a_new_address_of_ours_is_announced_at_once),
        cmocka_unit_test(a_new_port_in_the_file_is_announced_at_once),
        cmocka_unit_test(new_credentials_log_in_anew_at_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
