#include "tests/unit/answer.h"

#include <stdio.h>
#include <string.h>

/* ---- DEBUG ---- */

static const char defaults[] =
    "[$\"INFO-PERIOD\" $\"10000\" $\"PING-PERIOD\" $\"1000\" $\"ASK-PERIOD\" $\"1000\" "
    "$\"PUBLISH-PERIOD\" $\"2000\" $\"DEFAULT-DOWN-AFTER\" $\"30000\" "
    "$\"DEFAULT-FAILOVER-TIMEOUT\" $\"180000\" $\"TILT-TRIGGER\" $\"2000\" $\"TILT-PERIOD\" "
    "$\"30000\" $\"SLAVE-RECONF-TIMEOUT\" $\"10000\" $\"MIN-LINK-RECONNECT-PERIOD\" $\"15000\" "
    "$\"ELECTION-TIMEOUT\" $\"10000\" $\"SCRIPT-MAX-RUNTIME\" $\"60000\" $\"SCRIPT-RETRY-DELAY\" "
    "$\"30000\"]";

static void periods_are_shown_in_the_order_of_the_originals(void **state) {
    struct desk *d = *state;
    char expected[sizeof(defaults) + 1];
    snprintf(expected, sizeof(expected), "*%s", defaults);
    assert_answer(d, 1, "SENTINEL DEBUG", expected);
    desk_ask(d, 2, "HELLO 3");
    snprintf(expected, sizeof(expected), "%%%s", defaults);
    assert_answer(d, 2, "SENTINEL DEBUG", expected);
}

static void periods_are_set_one_by_one(void **state) {
    struct desk *d = *state;
    const struct periods *p = &d->core->periods;
    assert_answer(d, 1, "SENTINEL DEBUG info-period 1 PING-PERIOD 2 Ask-Period 3", "+\"OK\"");
    assert_int_equal(p->info, 1);
    assert_int_equal(p->ping, 2);
    assert_int_equal(p->ask, 3);
    assert_answer(d, 1, "SENTINEL DEBUG publish-period 4 nosuch 1",
        "-\"ERR Unknown option or number of arguments for SENTINEL DEBUG 'nosuch'\"");
    assert_int_equal(p->publish, 4);
    assert_answer(d, 1, "SENTINEL DEBUG tilt-trigger 5 tilt-period",
        "-\"ERR Unknown option or number of arguments for SENTINEL DEBUG 'tilt-period'\"");
    assert_int_equal(p->tilt_trigger, 5);
    assert_int_equal(p->tilt, 30000);
    static const char *const bad[] = { "0", "-1", "x", "''", "1.5", "86400001",
        "9223372036854775808" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char line[96], error[160];
        const char *shown = strcmp(bad[i], "''") == 0 ? "" : bad[i];
        snprintf(line, sizeof(line), "SENTINEL DEBUG election-timeout %s", bad[i]);
        snprintf(error, sizeof(error),
            "-\"ERR Invalid argument '%s' for SENTINEL DEBUG 'election-timeout'\"", shown);
        assert_answer(d, 1, line, error);
    }
    assert_int_equal(p->election, 10000);
    assert_answer(d, 1, "SENTINEL DEBUG script-retry-delay 6 script-max-runtime 7", "+\"OK\"");
    assert_int_equal(p->script_retry, 6);
    assert_int_equal(p->script_runtime, 7);
}

static void new_groups_have_the_default_periods(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL DEBUG default-down-after 1234 default-failover-timeout 5678");
    assert_int_equal(d->group->settings.down_after_ms, 1000); /* as it was */
    desk_ask(d, 1, "SENTINEL MONITOR other 10.0.0.9 6379 1");
    const struct group *other = core_group(d->core, SLICE_LITERAL("other"));
    assert_int_equal(other->settings.down_after_ms, 1234);
    assert_int_equal(other->settings.failover_timeout_ms, 5678);
    assert_int_equal(other->settings.quorum, 1);
}

static void a_period_counts_at_once(void **state) {
    struct desk *d = *state;
    const struct node *replica = list_first(&d->group->replicas, struct node, siblings);
    desk_pass(d, 500);
    desk_timer(d, 1);
    int64_t asked_ms = replica->info_asked_ms;
    desk_pass(d, 500);
    desk_ask(d, 1, "SENTINEL DEBUG info-period 100");
    assert_true(replica->info_asked_ms > asked_ms);
}

/* ---- SIMULATE-FAILURE ---- */

static void failures_are_simulated_as_asked_last(void **state) {
    struct desk *d = *state;
    static const struct {
        const char *words, *reply;
        unsigned failures;
    } cases[] = {
        { "crash-after-election", "+\"OK\"", 1 },
        { "CRASH-after-promotion", "+\"OK\"", 2 },
        { "crash-after-promotion crash-after-election", "+\"OK\"", 3 },
        { "help", "*[$\"crash-after-election\" $\"crash-after-promotion\"]", 0 },
        { "crash-after-election nosuch", "-\"ERR Unknown failure simulation specified\"", 1 },
        { "crash-after-promotion HELP", "*[$\"crash-after-election\" $\"crash-after-promotion\"]",
            2 },
        { "nosuch", "-\"ERR Unknown failure simulation specified\"", 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[128], info[64];
        snprintf(line, sizeof(line), "SENTINEL SIMULATE-FAILURE %s", cases[i].words);
        assert_answer(d, 1, line, cases[i].reply);
        snprintf(
            info, sizeof(info), "\r\nsentinel_simulate_failure_flags:%u\r\n", cases[i].failures);
        assert_true(slice_contains(desk_ask(d, 1, "INFO sentinel"), slice_of(info)));
    }
    assert_answer(d, 1, "SENTINEL SIMULATE-FAILURE",
        "-\"ERR wrong number of arguments for 'sentinel|simulate-failure' command\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(periods_are_shown_in_the_order_of_the_originals),
        DESK_TEST(periods_are_set_one_by_one),
        DESK_TEST(new_groups_have_the_default_periods),
        DESK_TEST(a_period_counts_at_once),
        DESK_TEST(failures_are_simulated_as_asked_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
