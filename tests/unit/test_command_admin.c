#include "tests/unit/answer.h"

#include <stdio.h>

/* The events of the last step of a request whose write is left waiting. */
static size_t count_events(const struct desk *d, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < d->out.count; i++) {
        const struct effect *e = &d->out.items[i];
        count += e->kind == EFFECT_EVENT && slice_is(slice_of(e->event), name);
    }
    return count;
}

/* ---- MONITOR, REMOVE ---- */

static void monitor_checks_in_the_order_of_the_originals(void **state) {
    static const struct {
        const char *arguments, *reply;
    } cases[] = {
        { "\"a\\x01b\" x y z",
            "-\"ERR Invalid argument at index 2 for SENTINEL MONITOR: control characters are not "
            "allowed\"" },
        { "x 127.0.0.1 \"1\\n\" 1",
            "-\"ERR Invalid argument at index 4 for SENTINEL MONITOR: control characters are not "
            "allowed\"" },
        { "a,b nowhere x y", "-\"ERR Invalid quorum\"" },
        { "a,b nowhere x 0", "-\"ERR Invalid port\"" },
        { "a,b nowhere 70000 0", "-\"ERR Quorum must be 1 or greater.\"" },
        { "a,b nowhere 70000 1", "-\"ERR Invalid IP address or hostname specified\"" },
        { "a,b 127.0.0.1 70000 1", "-\"ERR Invalid port number.\"" },
        { "a,b 127.0.0.1 1 1",
            "-\"ERR Invalid master name: 1 to 255 bytes without commas and blanks are allowed\"" },
        { "'a b' 127.0.0.1 1 1",
            "-\"ERR Invalid master name: 1 to 255 bytes without commas and blanks are allowed\"" },
        { "'' 127.0.0.1 1 1",
            "-\"ERR Invalid master name: 1 to 255 bytes without commas and blanks are allowed\"" },
        { "mymaster 127.0.0.1 1 1", "-\"ERR Duplicate master name.\"" },
        { "x 127.0.0.1 1 9223372036854775807", "-\"ERR Invalid quorum\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[256];
        snprintf(line, sizeof(line), "SENTINEL MONITOR %s", cases[i].arguments);
        assert_answer(d, 1, line, cases[i].reply);
    }
    assert_int_equal(map_count(&d->core->groups), 1);
}

static void names_have_a_bound(void **state) {
    struct desk *d = *state;
    struct buf line = BUF_INIT;
    for (int size = 255; size <= 256; size++) {
        buf_clear(&line);
        buf_add_text(&line, "SENTINEL MONITOR ");
        for (int i = 0; i < size; i++)
            buf_add_char(&line, 'm');
        buf_add_text(&line, " 10.0.0.1 6379 1");
        assert_true(
            slice_starts_with(desk_ask(d, 1, buf_text(&line)), size == 255 ? "+OK" : "-ERR"));
    }
    buf_fini(&line);
}

static void a_group_comes_and_goes(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL MONITOR other ::1 6380 1", "+\"OK\"");
    assert_answer(d, 1, "SENTINEL GET-MASTER-ADDR-BY-NAME other", "*[$\"::1\" $\"6380\"]");
    assert_answer(d, 1, "ROLE", "*[$\"sentinel\" *[$\"mymaster\" $\"other\"]]");
    assert_answer(d, 1, "SENTINEL REMOVE OTHER", "-\"ERR No such master with that name\"");
    assert_answer(d, 1, "SENTINEL REMOVE other", "+\"OK\"");
    assert_answer(d, 1, "SENTINEL GET-MASTER-ADDR-BY-NAME other", "*null");
}

/* ---- SET ---- */

static void set_changes_all_or_nothing(void **state) {
    struct desk *d = *state;
    const struct group_settings *s = &d->group->settings;
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 5 parallel-syncs x",
        "-\"ERR Invalid argument 'x' for SENTINEL SET 'parallel-syncs'\"");
    assert_int_equal(s->quorum, 2);
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 5 nosuch 1",
        "-\"ERR Unknown option or number of arguments for SENTINEL SET 'nosuch'\"");
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 5 parallel-syncs",
        "-\"ERR Unknown option or number of arguments for SENTINEL SET 'parallel-syncs'\"");
    assert_int_equal(s->quorum, 2);
    assert_answer(d, 1, "SENTINEL SET mymaster QUORUM 3 down-after-milliseconds 2500", "+\"OK\"");
    assert_int_equal(s->quorum, 3);
    assert_int_equal(s->down_after_ms, 2500);
}

static void set_tells_each_change(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3 parallel-syncs 2");
    assert_int_equal(count_events(d, "+set"), 2);
}

static void set_does_not_take_scripts(void **state) {
    static const char error[] =
        "-\"ERR Reconfiguration of scripts path is denied for security reasons. Check the "
        "deny-scripts-reconfig configuration directive in your Sentinel configuration\"";
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster notification-script /bin/true", error);
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 5 Client-Reconfig-Script ''", error);
    assert_int_equal(d->group->settings.quorum, 2);
}

static void set_knows_options_of_groups_only(void **state) {
    static const char *const names[] = { "port", "bind", "dir", "name", "master", "loglevel" };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char line[64], reply[128];
        snprintf(line, sizeof(line), "SENTINEL SET mymaster %s 1", names[i]);
        snprintf(reply, sizeof(reply),
            "-\"ERR Unknown option or number of arguments for SENTINEL SET '%s'\"", names[i]);
        assert_answer(d, 1, line, reply);
    }
}

static void set_refuses_control_characters(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster auth-pass \"a\\nb\"",
        "-\"ERR Invalid argument at index 4 for SENTINEL SET: control characters are not "
        "allowed\"");
}

static void renames_need_two_values(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster rename-command config abc quorum 3", "+\"OK\"");
    assert_string_equal(group_settings_command(&d->group->settings, "CONFIG"), "abc");
    assert_int_equal(d->group->settings.quorum, 3);
    assert_answer(d, 1, "SENTINEL SET mymaster rename-command config ''",
        "-\"ERR Invalid argument '' for SENTINEL SET 'rename-command'\"");
    assert_answer(d, 1, "SENTINEL SET mymaster rename-command 'a b' x",
        "-\"ERR Invalid argument 'a b' for SENTINEL SET 'rename-command'\"");
    assert_answer(d, 1, "SENTINEL SET mymaster rename-command '' x",
        "-\"ERR Invalid argument '' for SENTINEL SET 'rename-command'\"");
}

/* ---- RESET, FAILOVER, FLUSHCONFIG ---- */

static void reset_counts_the_groups_that_match(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL MONITOR other 127.0.0.1 6380 1");
    assert_answer(d, 1, "SENTINEL RESET my*", ":\"1\"");
    assert_answer(d, 1, "SENTINEL REPLICAS mymaster", "*[]");
    assert_answer(d, 1, "SENTINEL SENTINELS mymaster", "*[]");
    assert_answer(d, 1, "SENTINEL RESET *", ":\"2\"");
    assert_answer(d, 1, "SENTINEL RESET MY*", ":\"0\"");
}

static void failover_starts_once(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster", "+\"OK\"");
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster", "-\"INPROG Failover already in progress\"");
}

static void failover_needs_a_replica(void **state) {
    struct desk *d = *state;
    list_for_each(n, &d->group->replicas, struct node, siblings)
        n->priority = 0;
    assert_answer(
        d, 1, "SENTINEL FAILOVER mymaster", "-\"NOGOODSLAVE No suitable replica to promote\"");
}

static void coordinated_failovers_are_checked_in_this_order(void **state) {
    struct desk *d = *state;
    struct group *g = d->group;
    static const char arity[] =
        "-\"ERR wrong number of arguments for 'sentinel|failover' command\"";
    assert_answer(
        d, 1, "SENTINEL FAILOVER nosuch nosuch", "-\"ERR No such master with that name\"");
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster nosuch", arity);
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster COORDINATED x", arity);
    d->core->settings.compat = COMPAT_VALKEY;
    assert_answer(
        d, 1, "SENTINEL FAILOVER mymaster nosuch", "-\"ERR Unknown failover option specified\"");
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster COORDINATED x", arity);
    assert_answer(d, 1, "SENTINEL FAILOVER", arity);
    d->core->settings.compat = COMPAT_REDIS;
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster COORDINATED",
        "-\"NOGOODPRIMARY Primary does not support FAILOVER command\"");
    g->master->own_failover = OWN_FAILOVER_NONE;
    struct node *replica = list_first(&g->replicas, struct node, siblings);
    int64_t priority = replica->priority;
    list_for_each(n, &g->replicas, struct node, siblings)
        n->priority = 0;
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster COORDINATED",
        "-\"NOGOODSLAVE No suitable replica to promote\"");
    replica->priority = priority;
    assert_answer(d, 1, "SENTINEL FAILOVER mymaster coordinated", "+\"OK\"");
    assert_answer(
        d, 1, "SENTINEL FAILOVER mymaster COORDINATED", "-\"INPROG Failover already in progress\"");
    assert_true(slice_contains(desk_ask(d, 1, "SENTINEL MASTER mymaster"),
        SLICE_LITERAL("master,failover_in_progress,coordinated_failover\r\n")));
}

static void flushconfig_waits_for_the_write(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    assert_answer(d, 1, "SENTINEL FLUSHCONFIG", "");
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "+\"OK\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(monitor_checks_in_the_order_of_the_originals),
        DESK_TEST(names_have_a_bound),
        DESK_TEST(a_group_comes_and_goes),
        DESK_TEST(set_changes_all_or_nothing),
        DESK_TEST(set_tells_each_change),
        DESK_TEST(set_does_not_take_scripts),
        DESK_TEST(set_knows_options_of_groups_only),
        DESK_TEST(set_refuses_control_characters),
        DESK_TEST(renames_need_two_values),
        DESK_TEST(reset_counts_the_groups_that_match),
        DESK_TEST(failover_starts_once),
        DESK_TEST(failover_needs_a_replica),
        DESK_TEST(coordinated_failovers_are_checked_in_this_order),
        DESK_TEST(flushconfig_waits_for_the_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
