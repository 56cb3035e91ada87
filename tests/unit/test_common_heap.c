#include "common/heap.h"

#include "tests/unit/unit.h"

#include "common/rng.h"
#include "common/tstamp.h"

static void an_empty_heap_has_no_deadline(void **state) {
    struct heap h = HEAP_INIT;
    struct heap_item item = { 0 };
    assert_null(heap_first(&h));
    assert_true(heap_deadline(&h) == TSTAMP_NEVER);
    heap_remove(&h, &item);
    heap_set(&h, &item, TSTAMP_NEVER);
    assert_null(heap_first(&h));
    heap_fini(&h);
}

static void the_earliest_comes_first_and_ties_in_order_of_change(void **state) {
    struct heap h = HEAP_INIT;
    struct heap_item a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    heap_set(&h, &a, 10);
    heap_set(&h, &b, 20);
    heap_set(&h, &c, 10);
    heap_set(&h, &d, 5);
    heap_set(&h, &d, 10);
    heap_set(&h, &b, 10);
    heap_set(&h, &a, 10); /* unchanged: keeps its turn */
    struct heap_item *const expected[] = { &a, &c, &d, &b };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_ptr_equal(heap_first(&h), expected[i]);
        assert_true(heap_deadline(&h) == 10);
        heap_remove(&h, expected[i]);
        assert_true(expected[i]->at_ms == TSTAMP_NEVER);
    }
    assert_null(heap_first(&h));
    heap_fini(&h);
}

static void never_takes_an_item_out(void **state) {
    struct heap h = HEAP_INIT;
    struct heap_item a = { 0 }, b = { 0 };
    heap_set(&h, &a, INT64_MIN);
    heap_set(&h, &b, INT64_MAX - 1);
    heap_set(&h, &a, TSTAMP_NEVER);
    assert_ptr_equal(heap_first(&h), &b);
    heap_set(&h, &b, TSTAMP_NEVER);
    assert_true(heap_deadline(&h) == TSTAMP_NEVER);
    heap_fini(&h);
}

static void items_survive_their_heap_and_can_join_another(void **state) {
    struct heap h = HEAP_INIT;
    struct heap_item a = { 0 };
    heap_set(&h, &a, 1);
    heap_fini(&h);
    assert_int_equal(a.index, 0);
    heap_set(&h, &a, 1);
    assert_ptr_equal(heap_first(&h), &a);
    heap_fini(&h);
}

#define MODEL_MAX 60

/* The naive model: deadlines, and the number of the change that set each. */
struct model {
    int64_t at_ms[MODEL_MAX];
    int changed[MODEL_MAX];
};

/* The index of the first item; MODEL_MAX when there is none. */
static size_t model_first(const struct model *model) {
    size_t first = MODEL_MAX;
    for (size_t i = 0; i < MODEL_MAX; i++) {
        if (model->at_ms[i] == TSTAMP_NEVER)
            continue;
        if (first == MODEL_MAX || model->at_ms[i] < model->at_ms[first] ||
            (model->at_ms[i] == model->at_ms[first] && model->changed[i] < model->changed[first]))
            first = i;
    }
    return first;
}

static void random_changes_agree_with_a_plain_array(void **state) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct heap h = HEAP_INIT;
        struct heap_item items[MODEL_MAX] = { 0 };
        struct model model;
        for (size_t i = 0; i < MODEL_MAX; i++)
            model.at_ms[i] = TSTAMP_NEVER;
        int64_t spread = rng_between(&rng, 1, 100);
        for (int step = 0; step < 2000; step++) {
            size_t i = (size_t)rng_between(&rng, 0, MODEL_MAX - 1);
            int64_t at_ms = rng_chance(&rng, 200) ? TSTAMP_NEVER : rng_between(&rng, 0, spread);
            if (rng_chance(&rng, 300) && model_first(&model) < MODEL_MAX) {
                i = model_first(&model);
                at_ms = TSTAMP_NEVER;
            }
            heap_set(&h, &items[i], at_ms);
            if (model.at_ms[i] != at_ms)
                model.changed[i] = step;
            model.at_ms[i] = at_ms;

            size_t first = model_first(&model);
            assert_ptr_equal(heap_first(&h), first == MODEL_MAX ? NULL : &items[first]);
            assert_true(
                heap_deadline(&h) == (first == MODEL_MAX ? TSTAMP_NEVER : model.at_ms[first]));
        }
        heap_fini(&h);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_deadline),
        cmocka_unit_test(the_earliest_comes_first_and_ties_in_order_of_change),
        cmocka_unit_test(never_takes_an_item_out),
        cmocka_unit_test(items_survive_their_heap_and_can_join_another),
        cmocka_unit_test(random_changes_agree_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
