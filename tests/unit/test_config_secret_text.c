#include "config/secret_text.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <stdlib.h>

static int set_environment(void **state) {
    (void)state;
    unsetenv("NO_SUCH");
    return setenv("A_1", "geheim", 1) | setenv("_b", "", 1) | setenv("BLANK", "a b", 1) |
        setenv("DOLLAR", "${A_1}", 1);
}

static void only_the_whole_text_can_be_a_reference(void **state) {
    static const struct {
        const char *text, *expected;
        enum secret_text read;
    } cases[] = {
        { "${A_1}", "geheim", SECRET_TEXT_REFERENCE },
        { "${_b}", "", SECRET_TEXT_REFERENCE },
        { "${DOLLAR}", "${A_1}", SECRET_TEXT_REFERENCE }, /* once */
        { "$${A_1}", "${A_1}", SECRET_TEXT_OWN },
        { "$$${A_1}", "$${A_1}", SECRET_TEXT_OWN },
        { "$${NO_SUCH}", "${NO_SUCH}", SECRET_TEXT_OWN },
        { "", "", SECRET_TEXT_OWN },
        { "geheim", "geheim", SECRET_TEXT_OWN },
        { "$", "$", SECRET_TEXT_OWN },
        { "$$", "$$", SECRET_TEXT_OWN },
        { "${", "${", SECRET_TEXT_OWN },
        { "${}", "${}", SECRET_TEXT_OWN },
        { "$${}", "$${}", SECRET_TEXT_OWN },
        { "$A_1", "$A_1", SECRET_TEXT_OWN },
        { "$$A_1", "$$A_1", SECRET_TEXT_OWN },
        { "{A_1}", "{A_1}", SECRET_TEXT_OWN },
        { "x${A_1}", "x${A_1}", SECRET_TEXT_OWN },
        { "${A_1}x", "${A_1}x", SECRET_TEXT_OWN },
        { " ${A_1}", " ${A_1}", SECRET_TEXT_OWN },
        { "${A_1}${A_1}", "${A_1}${A_1}", SECRET_TEXT_OWN },
        { "${1A}", "${1A}", SECRET_TEXT_OWN },
        { "${A-1}", "${A-1}", SECRET_TEXT_OWN },
        { "${A 1}", "${A 1}", SECRET_TEXT_OWN },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf why = BUF_INIT;
        struct slice got;
        assert_int_equal(secret_text_read(slice_of(cases[i].text), &got, &why), cases[i].read);
        assert_slice(got, cases[i].expected);
        assert_int_equal(buf_size(&why), 0);
        buf_fini(&why);
    }
}

static void a_variable_that_is_not_set_is_said_by_name(void **state) {
    struct buf why = BUF_INIT;
    struct slice got;
    (void)state;
    assert_int_equal(secret_text_read(SLICE_LITERAL("${NO_SUCH}"), &got, &why), SECRET_TEXT_BAD);
    assert_string_equal(buf_text(&why), "names the environment variable NO_SUCH, which is not set");
    buf_fini(&why);
}

static void what_is_written_is_read_again(void **state) {
    static const char *const passwords[] = {
        "geheim",
        "${A_1}",
        "$${A_1}",
        "$$${NO_SUCH}",
        "$",
        "$$",
        "${}",
        "x${A_1}",
        "",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(passwords); i++) {
        struct buf text = BUF_INIT, why = BUF_INIT;
        struct slice got;
        secret_text_write(slice_of(passwords[i]), &text);
        assert_int_equal(secret_text_read(buf_slice(&text), &got, &why), SECRET_TEXT_OWN);
        assert_slice(got, passwords[i]);
        buf_fini(&text);
        buf_fini(&why);
    }
}

static void passwords_of_rules_can_be_references(void **state) {
    static const struct {
        const char *rules, *expected; /* expected: the rules, or why not */
        enum secret_text read;
    } cases[] = {
        { "on >${A_1} +ping", "on >geheim +ping", SECRET_TEXT_REFERENCE },
        { "on +ping", "on +ping", SECRET_TEXT_REFERENCE }, /* says no password */
        { "", "", SECRET_TEXT_REFERENCE },
        { "on >x <${A_1}", "on >x <geheim", SECRET_TEXT_OWN },
        { "on #0123", "on #0123", SECRET_TEXT_OWN },
        { ">$${A_1}", ">${A_1}", SECRET_TEXT_OWN },
        { "${A_1} +ping", "${A_1} +ping", SECRET_TEXT_REFERENCE }, /* no rule: refused later */
        { "on  >", "on  >", SECRET_TEXT_REFERENCE },
        { "on >${NO_SUCH}", "names the environment variable NO_SUCH, which is not set",
            SECRET_TEXT_BAD },
        { "on >${_b}", "names the environment variable _b, which is empty", SECRET_TEXT_BAD },
        { "on >${BLANK}",
            "names the environment variable BLANK, which has blanks, as no password in rules can "
            "have",
            SECRET_TEXT_BAD },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT, why = BUF_INIT;
        assert_int_equal(
            secret_text_read_rules(slice_of(cases[i].rules), &out, &why), cases[i].read);
        assert_string_equal(
            buf_text(cases[i].read == SECRET_TEXT_BAD ? &why : &out), cases[i].expected);
        buf_fini(&out);
        buf_fini(&why);
    }
}

static void rules_that_are_written_are_read_again(void **state) {
    struct buf text = BUF_INIT, again = BUF_INIT, why = BUF_INIT;
    const char *rules = "on >${A_1} <$${A_1} #12 (+ping ~${A_1}) >$x";
    (void)state;
    secret_text_write_rules(slice_of(rules), &text);
    assert_string_equal(buf_text(&text), "on >$${A_1} <$$${A_1} #12 (+ping ~${A_1}) >$x");
    assert_int_equal(secret_text_read_rules(buf_slice(&text), &again, &why), SECRET_TEXT_OWN);
    assert_string_equal(buf_text(&again), rules);
    buf_fini(&text);
    buf_fini(&again);
    buf_fini(&why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_whole_text_can_be_a_reference),
        cmocka_unit_test(a_variable_that_is_not_set_is_said_by_name),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(passwords_of_rules_can_be_references),
        cmocka_unit_test(rules_that_are_written_are_read_again),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
