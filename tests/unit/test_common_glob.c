#include "common/glob.h"

#include "tests/unit/unit.h"

#include "common/rng.h"

#include <string.h>

static void patterns_match_as_in_the_originals(void **state) {
    static const struct {
        const char *pattern, *text;
        bool matches, matches_nocase;
    } cases[] = {
        { "", "", true, true },
        { "", "a", false, false },
        { "a", "", false, false },
        { "*", "", true, true },
        { "*", "anything", true, true },
        { "***", "", true, true },
        { "?", "", false, false },
        { "?", "a", true, true },
        { "?", "ab", false, false },
        { "+sdown", "+sdown", true, true },
        { "+SDOWN", "+sdown", false, true },
        { "*sdown", "+sdown", true, true },
        { "+*", "-odown", false, false },
        { "my*er", "mymaster", true, true },
        { "my*er", "mymasters", false, false },
        { "*a*b*c*", "xxaxxbxxcxx", true, true },
        { "*a*b*c*", "xxaxxcxxbxx", false, false },
        { "a*b?c", "aXbYbZc", true, true },
        { "*ab", "aab", true, true },
        { "*aab", "aaab", true, true },
        /* classes */
        { "h[ae]llo", "hello", true, true },
        { "h[ae]llo", "hillo", false, false },
        { "h[AE]llo", "hello", false, true },
        { "h[^e]llo", "hallo", true, true },
        { "h[^e]llo", "hello", false, false },
        { "h[!e]llo", "h!llo", true, true },
        { "h[a-c]llo", "hbllo", true, true },
        { "h[a-c]llo", "hdllo", false, false },
        { "h[A-C]llo", "hbllo", false, true },
        { "h[c-a]llo", "hbllo", true, true },
        { "[0-9a-f]", "c", true, true },
        { "[a-]", "-", false, false },
        { "[a-]x]", "^x]", false, false },
        { "[a-]", "^", true, true },
        { "[-a]", "-", true, true },
        { "[\\]]", "]", true, true },
        { "[\\a-c]", "b", false, false },
        { "[\\a-c]", "-", true, true },
        { "[\\a-c]", "c", true, true },
        { "[]a]", "a", false, false },
        { "[^]", "x", true, true },
        { "[]", "x", false, false },
        { "[", "[", false, false },
        { "[^", "x", true, true },
        { "[abc", "b", true, true },
        { "[abc", "[abc", false, false },
        { "x[a-", "x-", true, true },
        { "[a\\", "\\", true, true },
        { "*[0-9]", "slave12", true, true },
        /* quoting */
        { "\\*", "*", true, true },
        { "\\*", "a", false, false },
        { "\\?x", "?x", true, true },
        { "\\[a]", "[a]", true, true },
        { "\\\\", "\\", true, true },
        { "a\\", "a\\", true, true },
        { "\\A", "a", false, true },
        /* bytes beyond ASCII */
        { "[\x80-\xff]", "\xc4", true, true },
        { "[a-\xff]", "z", true, true },
        { "\xc4", "\xe4", false, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct slice pattern = slice_of(cases[i].pattern), text = slice_of(cases[i].text);
        if (glob_match(pattern, text, false) != cases[i].matches ||
            glob_match(pattern, text, true) != cases[i].matches_nocase)
            fail_msg("pattern \"%s\", text \"%s\"", cases[i].pattern, cases[i].text);
    }
}

static void slices_need_no_end_and_may_be_empty(void **state) {
    struct slice none = { NULL, 0 };
    assert_true(glob_match(none, none, false));
    assert_false(glob_match(none, slice_of("a"), false));
    assert_true(glob_match(slice_of("*"), none, false));
    assert_true(glob_match((struct slice){ "a\0*", 3 }, (struct slice){ "a\0bc", 4 }, false));
    assert_true(glob_match((struct slice){ "[a-z", 2 }, (struct slice){ "ab", 1 }, false));
}

/* Each of these takes a recursive matcher longer than the universe has been around. */
static void hostile_patterns_are_bounded(void **state) {
    static char pattern[4001], text[20001];
    for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
        memcpy(pattern + i, "*a", 2);
    memcpy(pattern + sizeof(pattern) - 3, "*b", 2);
    memset(text, 'a', sizeof(text) - 1);
    assert_false(glob_match(slice_of(pattern), slice_of(text), false));
    text[sizeof(text) - 2] = 'b';
    assert_true(glob_match(slice_of(pattern), slice_of(text), true));

    /* A long class behind a star. */
    memset(pattern, 'x', sizeof(pattern) - 1);
    memcpy(pattern, "*[", 2);
    assert_false(glob_match(slice_of(pattern), slice_of(text), false));
}

/* The definition, for patterns of stars, question marks and plain letters only. */
static bool naive_match(const char *pattern, const char *text) {
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return naive_match(pattern + 1, text) || (*text != '\0' && naive_match(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
        naive_match(pattern + 1, text + 1);
}

static void random_patterns_agree_with_the_definition(void **state) {
    struct rng rng;
    rng_init(&rng, 1);
    size_t matches = 0;
    for (int round = 0; round < 100000; round++) {
        char pattern[8] = "", text[10] = "";
        int64_t pattern_size = rng_between(&rng, 0, sizeof(pattern) - 1);
        int64_t text_size = rng_between(&rng, 0, sizeof(text) - 1);
        for (int64_t i = 0; i < pattern_size; i++)
            pattern[i] = "ab**?"[rng_between(&rng, 0, 4)];
        for (int64_t i = 0; i < text_size; i++)
            text[i] = "ab"[rng_between(&rng, 0, 1)];
        bool expected = naive_match(pattern, text);
        matches += expected;
        if (glob_match(slice_of(pattern), slice_of(text), false) != expected)
            fail_msg("pattern \"%s\", text \"%s\"", pattern, text);
    }
    assert_in_range(matches, 5000, 95000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_in_the_originals),
        cmocka_unit_test(slices_need_no_end_and_may_be_empty),
        cmocka_unit_test(hostile_patterns_are_bounded),
        cmocka_unit_test(random_patterns_agree_with_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
