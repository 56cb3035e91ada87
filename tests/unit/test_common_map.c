#include "common/map.h"

#include "tests/unit/unit.h"

#include "common/rng.h"

#include <stdio.h>
#include <string.h>

static void an_empty_map_has_nothing(void **state) {
    struct map m = MAP_INIT;
    assert_int_equal(map_count(&m), 0);
    assert_null(map_get(&m, slice_of("a")));
    assert_null(map_remove(&m, slice_of("a")));
    map_for_each(item, &m, char)
        fail();
    map_fini(&m);
}

static void keys_are_copied_bytes(void **state) {
    struct map m = MAP_INIT;
    char key[] = { 'a', '\0', 'b' }, one, two, three;
    map_put(&m, (struct slice){ key, 3 }, &one);
    key[2] = 'c';
    map_put(&m, (struct slice){ key, 3 }, &two);
    map_put(&m, (struct slice){ NULL, 0 }, &three);
    assert_ptr_equal(map_get(&m, (struct slice){ "a\0b", 3 }), &one);
    assert_ptr_equal(map_get(&m, (struct slice){ "a\0c", 3 }), &two);
    assert_ptr_equal(map_get(&m, SLICE_EMPTY), &three);
    assert_null(map_get(&m, slice_of("a")));
    assert_int_equal(map_count(&m), 3);
    map_fini(&m);
}

static void keys_that_differ_in_their_tail_only_are_apart(void **state) {
    struct map m = MAP_INIT;
    static char values[40];
    static const char text[] = "a\0\0\0\0\0\0\0b\0\0\0\0\0\0\0c\0\0\0\0\0\0\0d\0\0\0\0\0\0\0";
    for (size_t size = 0; size < sizeof(text); size++)
        map_put(&m, (struct slice){ text, size }, &values[size]);
    for (size_t size = 0; size < sizeof(text); size++)
        assert_ptr_equal(map_get(&m, (struct slice){ text, size }), &values[size]);
    map_fini(&m);
}

static void a_walk_follows_insertion_and_the_current_entry_may_go(void **state) {
    struct map m = MAP_INIT;
    static int values[100];
    char key[16];
    for (int i = 0; i < 100; i++) {
        values[i] = i;
        snprintf(key, sizeof(key), "key-%d", i);
        map_put(&m, slice_of(key), &values[i]);
    }
    int expected = 0;
    map_for_each(value, &m, int) {
        assert_int_equal(*value, expected);
        expected++;
        snprintf(key, sizeof(key), "key-%d", *value);
        if (*value % 3 != 0)
            assert_ptr_equal(map_remove(&m, slice_of(key)), value);
    }
    assert_int_equal(expected, 100);
    assert_int_equal(map_count(&m), 34);
    expected = 0;
    map_for_each(value, &m, int) {
        if (expected > 30)
            break;
        assert_int_equal(*value, expected);
        expected += 3;
    }
    map_fini(&m);
}

static void a_key_put_again_goes_to_the_end(void **state) {
    struct map m = MAP_INIT;
    static char a = 'a', b = 'b';
    map_put(&m, slice_of("a"), &a);
    map_put(&m, slice_of("b"), &b);
    map_remove(&m, slice_of("a"));
    map_put(&m, slice_of("a"), &a);
    char order[3] = "";
    size_t i = 0;
    map_for_each(value, &m, char)
        order[i++] = *value;
    assert_string_equal(order, "ba");
    map_fini(&m);
}

static void coming_and_going_does_not_make_it_grow(void **state) {
    struct map m = MAP_INIT;
    char key[32], value;
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof(key), "key-%d", i);
        map_put(&m, slice_of(key), &value);
        if (i >= 10) {
            snprintf(key, sizeof(key), "key-%d", i - 10);
            assert_ptr_equal(map_remove(&m, slice_of(key)), &value);
        }
    }
    assert_int_equal(map_count(&m), 10);
    assert_true(m.entry_capacity <= 64);
    assert_true(m.slot_count <= 64);
    map_fini(&m);
}

/* The naive model: an array of keys in order. */
#define MODEL_MAX 400
struct model {
    int keys[MODEL_MAX];
    size_t count;
};

static size_t model_find(const struct model *model, int key) {
    size_t i = 0;
    while (i < model->count && model->keys[i] != key)
        i++;
    return i;
}

static void model_remove(struct model *model, size_t at) {
    model->count--;
    memmove(&model->keys[at], &model->keys[at + 1], (model->count - at) * sizeof(model->keys[0]));
}

static void assert_same_order(const struct map *m, const struct model *model, const int *values) {
    size_t i = 0;
    map_for_each(value, m, const int) {
        assert_true(i < model->count);
        assert_ptr_equal(value, &values[model->keys[i]]);
        i++;
    }
    assert_int_equal(i, model->count);
    assert_int_equal(map_count(m), model->count);
}

static void random_changes_agree_with_a_plain_array(void **state) {
    static int values[MODEL_MAX];
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct map m = MAP_INIT;
        struct model model = { .count = 0 };
        int64_t key_count = rng_between(&rng, 1, MODEL_MAX);
        uint32_t put_per_mille = (uint32_t)rng_between(&rng, 300, 900);
        for (int step = 0; step < 3000; step++) {
            int key = (int)rng_between(&rng, 0, key_count - 1);
            char text[16];
            snprintf(text, sizeof(text), "10.0.0.%d", key);
            size_t at = model_find(&model, key);
            bool present = at < model.count;
            assert_ptr_equal(map_get(&m, slice_of(text)), present ? &values[key] : NULL);
            if (rng_chance(&rng, put_per_mille)) {
                if (present)
                    continue;
                map_put(&m, slice_of(text), &values[key]);
                model.keys[model.count++] = key;
            } else {
                assert_ptr_equal(map_remove(&m, slice_of(text)), present ? &values[key] : NULL);
                if (present)
                    model_remove(&model, at);
            }
            if (step % 10 == 0)
                assert_same_order(&m, &model, values);
        }
        assert_same_order(&m, &model, values);
        map_fini(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(keys_are_copied_bytes),
        cmocka_unit_test(keys_that_differ_in_their_tail_only_are_apart),
        cmocka_unit_test(a_walk_follows_insertion_and_the_current_entry_may_go),
        cmocka_unit_test(a_key_put_again_goes_to_the_end),
        cmocka_unit_test(coming_and_going_does_not_make_it_grow),
        cmocka_unit_test(random_changes_agree_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
