#include "common/slice.h"

#include "tests/unit/unit.h"

#include "common/mem.h"

#include <string.h>

static const struct slice none = { .data = NULL };

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void a_missing_text_is_empty(void **state) {
    assert_int_equal(slice_of(NULL).size, 0);
    assert_true(slice_equal(slice_of(NULL), none));
    assert_true(slice_is(none, ""));
}

static void a_part_is_clipped_to_the_whole(void **state) {
    struct slice s = SLICE_LITERAL("abcdef");
    assert_slice(slice_sub(s, 0, 2), "ab");
    assert_slice(slice_sub(s, 4, 2), "ef");
    assert_slice(slice_sub(s, 4, 100), "ef");
    assert_slice(slice_sub(s, 4, SIZE_MAX), "ef");
    assert_slice(slice_sub(s, 6, 1), "");
    assert_slice(slice_sub(s, SIZE_MAX, SIZE_MAX), "");
    assert_slice(slice_sub(none, 0, 1), "");
}

static void order_is_bytewise_and_the_shorter_comes_first(void **state) {
    static const struct {
        const char *a, *b;
        int order, order_nocase;
    } cases[] = {
        { "", "", 0, 0 },
        { "", "a", -1, -1 },
        { "a", "a", 0, 0 },
        { "a", "b", -1, -1 },
        { "a", "aa", -1, -1 },
        { "b", "aa", 1, 1 },
        { "A", "a", -1, 0 },
        { "Z", "a", -1, 1 },
        { "abc", "ABD", 1, -1 },
        { "\xff", "a", 1, 1 },
        { "\xc4", "\xe4", -1, -1 },
        { "[", "{", -1, -1 },
        { "@", "`", -1, -1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct slice a = slice_of(cases[i].a), b = slice_of(cases[i].b);
        assert_int_equal(sign(slice_compare(a, b)), cases[i].order);
        assert_int_equal(sign(slice_compare(b, a)), -cases[i].order);
        assert_int_equal(sign(slice_compare_nocase(a, b)), cases[i].order_nocase);
        assert_int_equal(sign(slice_compare_nocase(b, a)), -cases[i].order_nocase);
        assert_int_equal(slice_equal(a, b), cases[i].order == 0);
        assert_int_equal(slice_equal_nocase(a, b), cases[i].order_nocase == 0);
        assert_int_equal(slice_is(a, cases[i].b), cases[i].order == 0);
        assert_int_equal(slice_is_nocase(a, cases[i].b), cases[i].order_nocase == 0);
    }
}

/* Eight letters are compared at once: each pair of bytes, at each place of a longer word. */
static void case_is_folded_alike_at_every_place(void **state) {
    char a[] = "sentinel-masters", b[] = "SENTINEL-MASTERS";
    struct slice one = slice_of(a), other = slice_of(b);
    assert_true(slice_equal_nocase(one, other));
    for (size_t at = 0; at < one.size; at++) {
        char kept_a = a[at], kept_b = b[at];
        for (int pair = 0; pair < 256 * 256; pair++) {
            a[at] = (char)(pair / 256);
            b[at] = (char)(pair % 256);
            struct slice left = slice_sub(one, at, 1), right = slice_sub(other, at, 1);
            bool same = slice_compare_nocase(left, right) == 0;
            if (slice_equal_nocase(one, other) != same)
                fail_msg("bytes %d and %d at %zu", pair / 256, pair % 256, at);
        }
        a[at] = kept_a;
        b[at] = kept_b;
    }
}

static void bytes_behind_a_nul_count(void **state) {
    struct slice a = { .data = "a\0b", .size = 3 }, b = { .data = "a\0c", .size = 3 };
    assert_false(slice_equal(a, b));
    assert_false(slice_is(a, "a"));
    assert_int_equal(sign(slice_compare(a, b)), -1);
}

static void prefixes_are_found(void **state) {
    assert_true(slice_starts_with(slice_of("slave0:ip=1"), "slave"));
    assert_true(slice_starts_with(slice_of("slave"), "slave"));
    assert_true(slice_starts_with(none, ""));
    assert_false(slice_starts_with(slice_of("slav"), "slave"));
    assert_false(slice_starts_with(slice_of("Slave"), "slave"));
}

static void parts_are_found_anywhere(void **state) {
    static const struct {
        const char *whole, *part;
        bool found;
    } cases[] = {
        { "abcabd", "abd", true },
        { "abcabd", "abc", true },
        { "abcabd", "cab", true },
        { "abcabd", "abe", false },
        { "aaab", "aab", true },
        { "ab", "abc", false },
        { "ab", "", true },
        { "", "", true },
        { "", "a", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            slice_contains(slice_of(cases[i].whole), slice_of(cases[i].part)), cases[i].found);
    assert_false(slice_contains(none, slice_of("a")));
}

static void cutting_walks_the_fields(void **state) {
    struct slice rest = SLICE_LITERAL("a,,bc,");
    assert_slice(slice_cut(&rest, ','), "a");
    assert_slice(slice_cut(&rest, ','), "");
    assert_slice(slice_cut(&rest, ','), "bc");
    assert_non_null(rest.data);
    assert_slice(slice_cut(&rest, ','), "");
    assert_null(rest.data);
    assert_slice(slice_cut(&rest, ','), "");
    assert_null(rest.data);
}

static void trimming_takes_blanks_at_both_ends(void **state) {
    static const char *const cases[][2] = {
        { "", "" },
        { " \t\r\n", "" },
        { "a", "a" },
        { "  a b\r\n", "a b" },
        { "\va\f", "\va\f" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_slice(slice_trim(slice_of(cases[i][0])), cases[i][1]);
    assert_slice(slice_trim(none), "");
}

/* What each reader makes of a text. */
struct number_case {
    const char *text;
    bool i64_valid, u64_valid;
    int64_t i64, i64_lenient;
    uint64_t u64, u64_lenient;
};

static const struct number_case numbers[] = {
    { "0", true, true, 0, 0, 0, 0 },
    { "7", true, true, 7, 7, 7, 7 },
    { "-7", true, false, -7, -7, 0, 0 },
    { "6379", true, true, 6379, 6379, 6379, 6379 },
    { "9223372036854775807", true, true, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
    { "9223372036854775808", false, true, 0, INT64_MAX, (uint64_t)INT64_MAX + 1,
        (uint64_t)INT64_MAX + 1 },
    { "-9223372036854775808", true, false, INT64_MIN, INT64_MIN, 0, 0 },
    { "-9223372036854775809", false, false, 0, INT64_MIN, 0, 0 },
    { "18446744073709551615", false, true, 0, INT64_MAX, UINT64_MAX, UINT64_MAX },
    { "18446744073709551616", false, false, 0, INT64_MAX, 0, UINT64_MAX },
    { "99999999999999999999999999999999", false, false, 0, INT64_MAX, 0, UINT64_MAX },
    { "-99999999999999999999999999999999", false, false, 0, INT64_MIN, 0, 0 },
    { "", false, false, 0, 0, 0, 0 },
    { "-", false, false, 0, 0, 0, 0 },
    { "+5", false, false, 0, 5, 0, 5 },
    { "-0", false, false, 0, 0, 0, 0 },
    { "007", false, false, 0, 7, 0, 7 },
    { " 5", false, false, 0, 5, 0, 5 },
    { "5 ", false, false, 0, 5, 0, 5 },
    { "5x", false, false, 0, 5, 0, 5 },
    { "0x10", false, false, 0, 0, 0, 0 },
    { "--5", false, false, 0, 0, 0, 0 },
    { "1e3", false, false, 0, 1, 0, 1 },
    { "1,5", false, false, 0, 1, 0, 1 },
    { "none", false, false, 0, 0, 0, 0 },
};

static void strict_numbers_are_whole_and_fit(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        struct slice text = slice_of(numbers[i].text);
        int64_t i64 = 4711;
        assert_int_equal(slice_to_i64(text, &i64), numbers[i].i64_valid);
        assert_true(i64 == (numbers[i].i64_valid ? numbers[i].i64 : 4711));
        uint64_t u64 = 4711;
        assert_int_equal(slice_to_u64(text, &u64), numbers[i].u64_valid);
        assert_true(u64 == (numbers[i].u64_valid ? numbers[i].u64 : 4711));
    }
}

static void lenient_numbers_are_always_something(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        assert_true(slice_to_i64_lenient(slice_of(numbers[i].text)) == numbers[i].i64_lenient);
        assert_true(slice_to_u64_lenient(slice_of(numbers[i].text)) == numbers[i].u64_lenient);
    }
    assert_true(slice_to_i64_lenient(none) == 0);
    assert_true(slice_to_u64_lenient(none) == 0);
}

static void a_number_ends_with_its_slice(void **state) {
    struct slice s = slice_sub(slice_of("123456"), 1, 3);
    int64_t value;
    assert_true(slice_to_i64(s, &value));
    assert_int_equal(value, 234);
    assert_int_equal(slice_to_i64_lenient(s), 234);
}

static void copies_are_cut_and_end_in_nul(void **state) {
    char text[4];
    assert_string_equal(slice_copy(slice_of("ab"), text, sizeof(text)), "ab");
    assert_string_equal(slice_copy(slice_of("abcdef"), text, sizeof(text)), "abc");
    assert_string_equal(slice_copy(none, text, sizeof(text)), "");
    assert_string_equal(slice_copy(slice_of("a"), text, 1), "");
    char *copy = slice_dup(slice_of("abc"));
    assert_string_equal(copy, "abc");
    mem_free(copy);
    copy = slice_dup(none);
    assert_string_equal(copy, "");
    mem_free(copy);
}

static void packed_copies_stand_on_their_own(void **state) {
    char source[] = "abc";
    const struct slice slices[] = { slice_of(source), SLICE_EMPTY, { "d\0e", 3 } };
    struct slice *copies = mem_alloc(slice_packed_size(slices, ARRAY_SIZE(slices)));
    slice_pack(slices, ARRAY_SIZE(slices), copies);
    source[0] = 'x';
    assert_slice(copies[0], "abc");
    assert_slice(copies[1], "");
    assert_int_equal(copies[2].size, 3);
    assert_memory_equal(copies[2].data, "d\0e", 4);
    assert_int_equal(copies[0].data[3], '\0');
    mem_free(copies);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_text_is_empty),
        cmocka_unit_test(a_part_is_clipped_to_the_whole),
        cmocka_unit_test(order_is_bytewise_and_the_shorter_comes_first),
        cmocka_unit_test(case_is_folded_alike_at_every_place),
        cmocka_unit_test(bytes_behind_a_nul_count),
        cmocka_unit_test(prefixes_are_found),
        cmocka_unit_test(parts_are_found_anywhere),
        cmocka_unit_test(cutting_walks_the_fields),
        cmocka_unit_test(trimming_takes_blanks_at_both_ends),
        cmocka_unit_test(strict_numbers_are_whole_and_fit),
        cmocka_unit_test(lenient_numbers_are_always_something),
        cmocka_unit_test(a_number_ends_with_its_slice),
        cmocka_unit_test(copies_are_cut_and_end_in_nul),
        cmocka_unit_test(packed_copies_stand_on_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
