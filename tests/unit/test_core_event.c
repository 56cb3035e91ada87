#include "sentinel/core/event.h"

#include "tests/unit/core_fixture.h"

#include <string.h>

static void start(struct fixture *f) {
    fixture_start(f, &FIXTURE_STANDARD);
    fixture_begin(f);
}

static void the_details_name_kind_name_address_and_group(void **state) {
    struct fixture f;
    start(&f);
    event_of_node(f.core, EVENT_SDOWN, f.group->master, NULL);
    event_of_node(f.core, EVENT_SDOWN, fixture_replica(&f, 0), NULL);
    event_of_peer(f.core, EVENT_SDOWN, fixture_peer(&f, 0), NULL);
    event_of_group(f.core, EVENT_ODOWN, f.group, " #quorum %d/%d", 2, 3);
    event_plain(f.core, EVENT_NEW_EPOCH, f.group, 0, "%d", 7);
    event_plain(f.core, EVENT_TILT, NULL, 0, "#tilt mode entered");
    static const struct {
        const char *event, *text, *group;
    } expected[] = {
        { "+sdown", MASTER, "mymaster" },
        { "+sdown", REPLICA, "mymaster" },
        { "+sdown", PEER_B, "mymaster" },
        { "+odown", MASTER " #quorum 2/3", "mymaster" },
        { "+new-epoch", "7", "mymaster" },
        { "+tilt", "#tilt mode entered", "" },
    };
    assert_int_equal(f.out.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct effect *e = &f.out.items[i];
        assert_int_equal(e->kind, EFFECT_EVENT);
        assert_string_equal(e->event, expected[i].event);
        assert_slice(e->text, expected[i].text);
        assert_slice(e->group, expected[i].group);
        assert_int_equal(e->after, 0);
    }
    fixture_drop(&f);
}

static void an_ipv6_address_is_bracketed_in_a_name_only(void **state) {
    struct fixture f;
    start(&f);
    const struct endpoint address = { .host = "::1", .port = 6380 };
    struct node *n = group_add_replica(f.core, f.group, &address);
    effects_clear(&f.out);
    event_of_node(f.core, EVENT_SDOWN, n, NULL);
    assert_slice(f.out.items[0].text, "slave [::1]:6380 ::1 6380" AT);
    fixture_drop(&f);
}

static void the_payload_is_the_one_of_its_moment(void **state) {
    struct fixture f;
    start(&f);
    event_of_node(f.core, EVENT_SDOWN, f.group->master, NULL);
    const struct endpoint target = f.replicas[0].address;
    group_switch(f.core, f.group, &target);
    assert_slice(f.out.items[0].text, MASTER);
    fixture_drop(&f);
}

static void a_payload_is_cut_at_a_kilobyte(void **state) {
    struct fixture f;
    char text[3000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    start(&f);
    event_plain(f.core, EVENT_SET, f.group, 0, "%s", text);
    assert_int_equal(f.out.items[0].text.size, 1024);
    fixture_drop(&f);
}

static void an_event_waits_for_what_it_rests_on_until_that_is_on_disk(void **state) {
    struct fixture f;
    start(&f);
    f.core->durable_seq = 4;
    event_plain(f.core, EVENT_NEW_EPOCH, NULL, 4, "7");
    event_plain(f.core, EVENT_NEW_EPOCH, NULL, 5, "7");
    assert_int_equal(f.out.items[0].after, 0);
    assert_int_equal(f.out.items[1].after, 5);
    f.core->durable_seq = f.core->persist_seq;
    fixture_drop(&f);
}

static void levels_are_those_of_the_originals(void **state) {
    static const struct {
        enum event event;
        const char *name;
        enum log_level level;
    } cases[] = {
        { EVENT_MONITOR, "+monitor", LOG_WARNING },
        { EVENT_UNMONITOR, "-monitor", LOG_WARNING },
        { EVENT_RESET_MASTER, "+reset-master", LOG_WARNING },
        { EVENT_SET, "+set", LOG_WARNING },
        { EVENT_REPLICA, "+slave", LOG_NOTICE },
        { EVENT_SENTINEL, "+sentinel", LOG_NOTICE },
        { EVENT_SENTINEL_ADDRESS_SWITCH, "+sentinel-address-switch", LOG_NOTICE },
        { EVENT_SENTINEL_ADDRESS_UPDATE, "+sentinel-address-update", LOG_NOTICE },
        { EVENT_SENTINEL_INVALID_ADDR, "+sentinel-invalid-addr", LOG_NOTICE },
        { EVENT_REBOOT, "+reboot", LOG_NOTICE },
        { EVENT_ROLE_CHANGE, "+role-change", LOG_VERBOSE },
        { EVENT_ROLE_CHANGE_WRONG, "-role-change", LOG_VERBOSE },
        { EVENT_SDOWN, "+sdown", LOG_WARNING },
        { EVENT_SDOWN_OVER, "-sdown", LOG_WARNING },
        { EVENT_ODOWN, "+odown", LOG_WARNING },
        { EVENT_ODOWN_OVER, "-odown", LOG_WARNING },
        { EVENT_NEW_EPOCH, "+new-epoch", LOG_WARNING },
        { EVENT_VOTE_FOR_LEADER, "+vote-for-leader", LOG_WARNING },
        { EVENT_TRY_FAILOVER, "+try-failover", LOG_WARNING },
        { EVENT_ABORT_NOT_ELECTED, "-failover-abort-not-elected", LOG_WARNING },
        { EVENT_ELECTED_LEADER, "+elected-leader", LOG_WARNING },
        { EVENT_STATE_SELECT, "+failover-state-select-slave", LOG_WARNING },
        { EVENT_ABORT_NO_GOOD_REPLICA, "-failover-abort-no-good-slave", LOG_WARNING },
        { EVENT_SELECTED_REPLICA, "+selected-slave", LOG_WARNING },
        { EVENT_STATE_SEND_PROMOTION, "+failover-state-send-slaveof-noone", LOG_NOTICE },
        { EVENT_ABORT_REPLICA_TIMEOUT, "-failover-abort-slave-timeout", LOG_WARNING },
        { EVENT_STATE_WAIT_PROMOTION, "+failover-state-wait-promotion", LOG_NOTICE },
        { EVENT_PROMOTED_REPLICA, "+promoted-slave", LOG_WARNING },
        { EVENT_STATE_RECONF, "+failover-state-reconf-slaves", LOG_WARNING },
        { EVENT_RECONF_SENT, "+slave-reconf-sent", LOG_NOTICE },
        { EVENT_RECONF_IN_PROGRESS, "+slave-reconf-inprog", LOG_NOTICE },
        { EVENT_RECONF_DONE, "+slave-reconf-done", LOG_NOTICE },
        { EVENT_RECONF_SENT_TIMEOUT, "-slave-reconf-sent-timeout", LOG_NOTICE },
        { EVENT_RECONF_SENT_AGAIN, "+slave-reconf-sent-be", LOG_NOTICE },
        { EVENT_END_FOR_TIMEOUT, "+failover-end-for-timeout", LOG_WARNING },
        { EVENT_FAILOVER_END, "+failover-end", LOG_WARNING },
        { EVENT_CONFIG_UPDATE_FROM, "+config-update-from", LOG_WARNING },
        { EVENT_SWITCH_MASTER, "+switch-master", LOG_WARNING },
        { EVENT_CONVERT_TO_REPLICA, "+convert-to-slave", LOG_NOTICE },
        { EVENT_FIX_REPLICA_CONFIG, "+fix-slave-config", LOG_NOTICE },
        { EVENT_TILT, "+tilt", LOG_WARNING },
        { EVENT_TILT_OVER, "-tilt", LOG_WARNING },
        { EVENT_COMMAND_RECONNECTION, "-cmd-link-reconnection", LOG_DEBUG },
        { EVENT_PUBSUB_RECONNECTION, "-pubsub-link-reconnection", LOG_DEBUG },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(event_table[cases[i].event].name, cases[i].name);
        assert_int_equal(event_table[cases[i].event].level, cases[i].level);
    }
}

static void a_log_line_is_no_event(void **state) {
    struct fixture f;
    start(&f);
    core_log(f.core, LOG_NOTICE, "%s is %d", "x", 7);
    assert_int_equal(f.out.items[0].kind, EFFECT_LOG);
    assert_int_equal(f.out.items[0].level, LOG_NOTICE);
    assert_slice(f.out.items[0].text, "x is 7");
    fixture_drop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_details_name_kind_name_address_and_group),
        cmocka_unit_test(an_ipv6_address_is_bracketed_in_a_name_only),
        cmocka_unit_test(the_payload_is_the_one_of_its_moment),
        cmocka_unit_test(a_payload_is_cut_at_a_kilobyte),
        cmocka_unit_test(an_event_waits_for_what_it_rests_on_until_that_is_on_disk),
        cmocka_unit_test(levels_are_those_of_the_originals),
        cmocka_unit_test(a_log_line_is_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
