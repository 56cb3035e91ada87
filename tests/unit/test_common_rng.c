#include "common/rng.h"

#include "tests/unit/unit.h"

/* Pinned, so that a seed of last year still tells the same story. */
static void a_seed_always_tells_the_same_story(void **state) {
    struct rng a, b;
    rng_init(&a, 42);
    rng_init(&b, 42);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rng_next(&a), rng_next(&b));
    rng_init(&a, 42);
    static const uint32_t first[] = { 0xc2f57bd6, 0x6b07c4a9, 0x72b7b29b, 0x44215383, 0xf5af5ead,
        0x68beb632 };
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        assert_int_equal(rng_next(&a), first[i]);
}

static void neighbouring_seeds_differ(void **state) {
    struct rng a, b;
    rng_init(&a, 1);
    rng_init(&b, 2);
    size_t equal = 0;
    for (int i = 0; i < 1000; i++)
        equal += rng_next(&a) == rng_next(&b);
    assert_true(equal < 5);
}

static void draws_stay_between_their_bounds(void **state) {
    static const int64_t bounds[][2] = {
        { 0, 0 },
        { -3, 3 },
        { 7, 7 },
        { INT64_MIN, INT64_MIN },
        { INT64_MAX, INT64_MAX },
        { INT64_MIN, 0 },
        { 0, INT64_MAX },
        { INT64_MIN, INT64_MAX },
        { INT64_MIN, INT64_MAX - 1 },
        { 0, 0x100000000 },
    };
    struct rng r;
    rng_init(&r, 3);
    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        for (int draw = 0; draw < 1000; draw++) {
            int64_t value = rng_between(&r, bounds[i][0], bounds[i][1]);
            assert_true(value >= bounds[i][0] && value <= bounds[i][1]);
        }
    }
}

static void every_value_is_about_as_likely(void **state) {
    struct rng r;
    rng_init(&r, 4);
    int seen[7] = { 0 };
    for (int draw = 0; draw < 70000; draw++)
        seen[rng_between(&r, -3, 3) + 3]++;
    for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
        assert_in_range(seen[i], 9500, 10500);
}

static void chances_are_per_mille(void **state) {
    static const struct {
        uint32_t per_mille;
        int low, high; /* of 100000 draws */
    } cases[] = { { 0, 0, 0 }, { 1, 50, 150 }, { 250, 24000, 26000 }, { 999, 99850, 99950 },
        { 1000, 100000, 100000 }, { UINT32_MAX, 100000, 100000 } };
    struct rng r;
    rng_init(&r, 5);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int hits = 0;
        for (int draw = 0; draw < 100000; draw++)
            hits += rng_chance(&r, cases[i].per_mille);
        assert_in_range(hits, cases[i].low, cases[i].high);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_always_tells_the_same_story),
        cmocka_unit_test(neighbouring_seeds_differ),
        cmocka_unit_test(draws_stay_between_their_bounds),
        cmocka_unit_test(every_value_is_about_as_likely),
        cmocka_unit_test(chances_are_per_mille),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
