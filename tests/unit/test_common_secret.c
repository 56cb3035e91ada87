#include "common/secret.h"

#include "tests/unit/unit.h"

static void a_secret_shows_only_when_revealed(void **state) {
    struct secret s = { .value = NULL };
    assert_false(secret_is_set(&s));
    assert_string_equal(secret_print(&s), "");
    assert_slice(secret_reveal(&s), "");
    secret_set(&s, slice_of("swordfish"));
    assert_true(secret_is_set(&s));
    assert_string_equal(secret_print(&s), SECRET_STARS);
    assert_slice(secret_reveal(&s), "swordfish");
    secret_fini(&s);
    assert_false(secret_is_set(&s));
    secret_fini(&s);
}

static void setting_replaces_and_empty_unsets(void **state) {
    struct secret s = { .value = NULL };
    secret_set(&s, slice_of("one"));
    secret_set(&s, slice_of("three"));
    assert_slice(secret_reveal(&s), "three");
    secret_set(&s, slice_sub(secret_reveal(&s), 1, 2));
    assert_slice(secret_reveal(&s), "hr");
    secret_set(&s, SLICE_EMPTY);
    assert_false(secret_is_set(&s));
}

static void equality_is_of_the_contents(void **state) {
    static const struct {
        struct slice a, b;
        bool equal;
    } cases[] = {
        { SLICE_LITERAL("a"), SLICE_LITERAL("a"), true },
        { SLICE_LITERAL("a"), SLICE_LITERAL("b"), false },
        { SLICE_LITERAL("a"), SLICE_LITERAL("A"), false },
        { SLICE_LITERAL("a"), SLICE_LITERAL("aa"), false },
        { SLICE_LITERAL("a"), SLICE_LITERAL(""), false },
        { SLICE_LITERAL(""), SLICE_LITERAL(""), true },
        { SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0b"), true },
        { SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0c"), false },
        { SLICE_LITERAL("a\0b"), SLICE_LITERAL("a"), false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct secret a = { .value = NULL }, b = { .value = NULL };
        secret_set(&a, cases[i].a);
        secret_set(&b, cases[i].b);
        assert_int_equal(secret_equal(&a, &b), cases[i].equal);
        assert_int_equal(secret_equal(&b, &a), cases[i].equal);
        secret_fini(&a);
        secret_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_shows_only_when_revealed),
        cmocka_unit_test(setting_replaces_and_empty_unsets),
        cmocka_unit_test(equality_is_of_the_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
