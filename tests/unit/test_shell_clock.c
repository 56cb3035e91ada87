#include "sentinel/shell/clock.h"

#include "tests/unit/unit.h"

/* How far the heard clock moves, by what happened: woke, went to sleep, meant to sleep until, woke
 * again. */
static const struct {
    const char *name;
    int64_t last_wake_ms, slept_ms, until_ms, wake_ms;
    int64_t heard_ms;
} cases[] = {
    { "a nap that ends as planned counts in full", 1000, 1001, 1100, 1100, 100 },
    { "a nap that a reply ends counts in full", 1000, 1001, 9000, 1500, 500 },
    { "a nap without a plan counts in full", 1000, 1000, TSTAMP_NEVER, 91000, 90000 },
    { "a slightly late wake-up counts in full", 1000, 1000, 1100, 1130, 130 },
    { "a late wake-up counts up to the limit", 1000, 1000, 1100, 1150, 150 },
    { "beyond the limit a late wake-up counts no more", 1000, 1000, 1100, 1151, 150 },
    { "a stall of an hour adds the limit", 1000, 1000, 1100, 3601100, 150 },
    { "busy time counts up to the limit", 1000, 1050, 1100, 1100, 100 },
    { "beyond the limit busy time counts no more", 1000, 6000, 6100, 6100, 150 },
    { "busy and late each have their limit", 1000, 6000, 6100, 16100, 200 },
    { "a deadline that had passed plans no sleep", 1000, 1010, 900, 1011, 11 },
    { "nor does it after long work", 1000, 2000, 1100, 2000, 50 },
    { "a stall after a passed deadline adds the limit", 1000, 1010, 900, 9010, 60 },
    { "no time at all adds nothing", 1000, 1000, 1000, 1000, 0 },
    { "a clock that went back adds nothing", 1000, 990, 980, 970, 0 },
};

static void heard_time_stands_still_while_we_stall(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t heard_ms = clock_heard(
            cases[i].last_wake_ms, cases[i].slept_ms, cases[i].until_ms, cases[i].wake_ms);
        if (heard_ms != cases[i].heard_ms)
            fail_msg("%s: heard %lld ms, not %lld", cases[i].name, (long long)heard_ms,
                (long long)cases[i].heard_ms);
    }
}

static void heard_time_never_passes_monotonic_time(void **state) {
    struct clock c;
    clock_init(&c, 5000, 0);
    int64_t mono_ms = 5000;
    for (int64_t i = 0; i < 1000; i++) {
        mono_ms += i % 7 * 13;
        clock_sleep(&c, mono_ms, mono_ms + i % 5 * 20);
        mono_ms += i % 11 * 17;
        int64_t before_ms = c.now.heard_ms;
        clock_wake(&c, mono_ms, 0);
        assert_true(c.now.heard_ms >= before_ms);
        assert_true(c.now.heard_ms <= c.now.mono_ms);
    }
}

static void a_wake_up_is_one_reading(void **state) {
    struct clock c;
    clock_init(&c, 1000, 777000);
    assert_int_equal(c.now.mono_ms, 1000);
    assert_int_equal(c.now.heard_ms, 1000);
    assert_int_equal(c.now.wall_ms, 777000);
    uint64_t first = c.now.wake;
    clock_sleep(&c, 1002, 1100);
    assert_int_equal(c.now.mono_ms, 1000);
    clock_wake(&c, 2000, 777990);
    assert_int_equal(c.now.mono_ms, 2000);
    assert_int_equal(c.now.heard_ms, 1000 + 2 + 98 + 50);
    assert_int_equal(c.now.wall_ms, 777990);
    assert_int_equal(c.now.wake, first + 1);
}

/* Wakes up at the instant at which it then is busy until `slept_ms`, sleeps, and wakes. */
static void live(struct clock *c, int64_t slept_ms, int64_t until_ms, int64_t wake_ms) {
    clock_sleep(c, slept_ms, until_ms);
    clock_wake(c, wake_ms, 0);
}

static void stalls_are_measured(void **state) {
    struct clock c;
    clock_init(&c, 1000, 0);
    live(&c, 1050, 1100, 1150); /* both at the limit */
    live(&c, 1150, TSTAMP_NEVER, 91000);
    live(&c, 91000, 99000, 95000);
    assert_int_equal(c.stalls.count, 0);
    live(&c, 95051, 95100, 95100); /* busy */
    assert_int_equal(c.stalls.count, 1);
    assert_int_equal(c.stalls.last_ms, 51);
    assert_int_equal(c.stalls.last_at_ms, 95051);
    live(&c, 95100, 95200, 98200); /* late */
    live(&c, 98200, 98300, 98360); /* a little */
    assert_int_equal(c.stalls.count, 3);
    assert_int_equal(c.stalls.longest_ms, 3000);
    assert_int_equal(c.stalls.last_ms, 60);
    assert_int_equal(c.stalls.last_at_ms, 98360);
    live(&c, 98460, 98500, 98600); /* busy, then late */
    assert_int_equal(c.stalls.count, 5);
}

static void long_stalls_are_told_now_and_then(void **state) {
    struct clock c;
    clock_init(&c, 1000, 0);
    live(&c, 1000, 1000, 1999);
    assert_int_equal(clock_tell_stall(&c), 0); /* not long enough */
    live(&c, 1999, 2000, 5000);
    assert_int_equal(clock_tell_stall(&c), 3000);
    assert_int_equal(clock_tell_stall(&c), 0); /* told */
    live(&c, 5000, 5000, 7000);
    live(&c, 7000, 7000, 8000);
    assert_int_equal(clock_tell_stall(&c), 0); /* too soon */
    live(&c, 8000, 14999, 14999);
    assert_int_equal(clock_tell_stall(&c), 0);
    live(&c, 14999, 15000, 15000);
    assert_int_equal(clock_tell_stall(&c), 2000); /* the longest of them */
}

static void the_clocks_of_the_system_move(void **state) {
    int64_t first_us = clock_mono_us();
    while (clock_mono_us() == first_us)
        continue;
    assert_true(clock_mono_us() > first_us);
    assert_true(clock_wall_ms() > (int64_t)1000 * 1000 * 1000 * 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heard_time_stands_still_while_we_stall),
        cmocka_unit_test(heard_time_never_passes_monotonic_time),
        cmocka_unit_test(a_wake_up_is_one_reading),
        cmocka_unit_test(stalls_are_measured),
        cmocka_unit_test(long_stalls_are_told_now_and_then),
        cmocka_unit_test(the_clocks_of_the_system_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
