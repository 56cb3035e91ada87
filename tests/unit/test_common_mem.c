#include "common/mem.h"

#include "tests/unit/unit.h"

#include <string.h>

static void allocated_memory_is_zeroed(void **state) {
    unsigned char *bytes = mem_alloc(1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(bytes[i], 0);
    mem_free(bytes);
}

static void nothing_can_be_allocated_copied_and_freed(void **state) {
    void *none = mem_alloc(0), *copy = mem_dup(NULL, 0);
    assert_non_null(none);
    assert_non_null(copy);
    mem_free(none);
    mem_free(copy);
    mem_free(NULL);
    assert_null(mem_strdup(NULL));
}

static void copies_are_equal_and_apart(void **state) {
    char text[] = "abc";
    char *copy = mem_strdup(text), *bytes = mem_dup("x\0y", 3);
    text[0] = 'X';
    assert_string_equal(copy, "abc");
    assert_memory_equal(bytes, "x\0y", 3);
    mem_free(copy);
    mem_free(bytes);
}

static void an_array_keeps_its_items_and_at_least_doubles(void **state) {
    static const struct {
        size_t capacity, needed, expected;
    } cases[] = {
        { 0, 0, 0 },
        { 0, 1, 8 }, /* the least is 64 bytes */
        { 8, 8, 8 },
        { 8, 7, 8 },
        { 8, 9, 16 },
        { 8, 17, 17 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t *items = NULL;
        size_t capacity = 0;
        mem_grow(&items, &capacity, cases[i].capacity, sizeof(items[0]));
        for (size_t k = 0; k < cases[i].capacity; k++)
            items[k] = k * 7;
        mem_grow(&items, &capacity, cases[i].needed, sizeof(items[0]));
        assert_int_equal(capacity, cases[i].expected);
        for (size_t k = 0; k < cases[i].capacity; k++)
            assert_int_equal(items[k], k * 7);
        mem_free(items);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocated_memory_is_zeroed),
        cmocka_unit_test(nothing_can_be_allocated_copied_and_freed),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(an_array_keeps_its_items_and_at_least_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
