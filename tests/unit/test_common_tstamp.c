#include "common/tstamp.h"

#include "tests/unit/unit.h"

static void sums_saturate_at_never(void **state) {
    static const struct {
        int64_t t, d, sum;
    } cases[] = {
        { 0, 0, 0 },
        { 5, 7, 12 },
        { 5, -7, -2 },
        { TSTAMP_NEVER, 0, TSTAMP_NEVER },
        { TSTAMP_NEVER, -1, TSTAMP_NEVER },
        { TSTAMP_NEVER, INT64_MIN, TSTAMP_NEVER },
        { 0, TSTAMP_NEVER, TSTAMP_NEVER },
        { INT64_MIN, TSTAMP_NEVER, TSTAMP_NEVER },
        { INT64_MAX - 1, 1, TSTAMP_NEVER },
        { INT64_MAX - 1, INT64_MAX - 1, TSTAMP_NEVER },
        { INT64_MIN, -1, TSTAMP_NEVER },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_true(tstamp_add(cases[i].t, cases[i].d) == cases[i].sum);
}

static void an_age_is_never_negative_nor_too_big(void **state) {
    static const struct {
        int64_t now_ms, t, age;
    } cases[] = {
        { 10, 3, 7 },
        { 10, 10, 0 },
        { 10, 11, 0 },
        { 10, TSTAMP_NEVER, 0 },
        { INT64_MAX, 0, INT64_MAX },
        { INT64_MAX, -1, INT64_MAX },
        { 0, INT64_MIN, INT64_MAX },
        { INT64_MAX, INT64_MIN, INT64_MAX },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_true(tstamp_age(cases[i].now_ms, cases[i].t) == cases[i].age);
}

static void the_earlier_of_two_wins(void **state) {
    assert_true(tstamp_min(1, 2) == 1);
    assert_true(tstamp_min(2, 1) == 1);
    assert_true(tstamp_min(TSTAMP_NEVER, 1) == 1);
    assert_true(tstamp_min(TSTAMP_NEVER, TSTAMP_NEVER) == TSTAMP_NEVER);
}

static void recent_is_what_happened_less_than_a_period_ago(void **state) {
    assert_true(tstamp_is_recent(1099, 1000, 100));
    assert_false(tstamp_is_recent(1100, 1000, 100));
    assert_true(tstamp_is_recent(1000, 1001, 100));
    assert_false(tstamp_is_recent(50, 0, 100)); /* never */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_saturate_at_never),
        cmocka_unit_test(an_age_is_never_negative_nor_too_big),
        cmocka_unit_test(recent_is_what_happened_less_than_a_period_ago),
        cmocka_unit_test(the_earlier_of_two_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
