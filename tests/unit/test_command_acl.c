#include "tests/unit/unit.h"

#include "common/buf.h"
#include "sentinel/command/acl.h"

static const struct acl_style plain = { .sanitize = ACL_SANITIZE_UNSAID };

#define NO_CHANGE \
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"

static void lines_are_read_as_the_originals_read_them(void **state) {
    static const struct {
        const char *text;
        const char *outcome; /* the users, or what is wrong */
    } cases[] = {
        { "", "user default on nopass ~* &* +@all\n" },
        { "user bob on +ping\n\n \t \nuser al off   \n",
            "user al off resetchannels -@all\n"
            "user bob on resetchannels -@all +ping\n"
            "user default on nopass ~* &* +@all\n" },
        { "user a on\r\nuser b off\r\n",
            "user a on resetchannels -@all\n"
            "user b off resetchannels -@all\n"
            "user default on nopass ~* &* +@all\n" },
        { "user default off", "user default off resetchannels -@all\n" },
        { "user c (+ping ~x) nopass",
            "user c off nopass resetchannels -@all (~x resetchannels -@all +ping)\n"
            "user default on nopass ~* &* +@all\n" },
        { "user bob on >pw\nuser bob on\n",
            "WARNING: Duplicate user 'bob' found on line 2. " NO_CHANGE },
        { "user default on\nuser default off\n",
            "WARNING: Duplicate user 'default' found on line 2. " NO_CHANGE },
        { "foo bar\nuser x foo foo\n",
            "u.acl:1 should start with user keyword followed by the username. "
            "u.acl:2: Syntax error. " NO_CHANGE },
        { "# comment",
            "u.acl:1 should start with user keyword followed by the username. " NO_CHANGE },
        { "user", "u.acl:1 should start with user keyword followed by the username. " NO_CHANGE },
        { "USER a", "u.acl:1 should start with user keyword followed by the username. " NO_CHANGE },
        { "user   al   off", "u.acl:1: Syntax error. " NO_CHANGE },
        { "user a\ton", "'u.acl:1: username 'a\ton' contains invalid characters. " NO_CHANGE },
        { "user a +@nocat foo +x\n",
            "u.acl:1: Error in applying operation '+@nocat': Unknown command or category name in "
            "ACL. u.acl:1: Syntax error. u.acl:1: Error in applying operation '+x': Unknown "
            "command or category name in ACL. " NO_CHANGE },
        { "user a <secret",
            "u.acl:1: The password you are trying to remove from the user does "
            "not exist. " NO_CHANGE },
        { "user a (+ping\n", "u.acl:1: Unmatched parenthesis in selector definition. " NO_CHANGE },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acl acl;
        struct buf outcome = BUF_INIT;
        acl_init(&acl, &plain);
        if (acl_read(&acl, "u.acl", slice_of(cases[i].text), &outcome))
            acl_print(&acl, &outcome);
        assert_slice(buf_slice(&outcome), cases[i].outcome);
        buf_fini(&outcome);
        acl_fini(&acl);
    }
}

static void what_is_written_can_be_read(void **state) {
    struct acl acl, again;
    struct buf text = BUF_INIT, printed = BUF_INIT, why = BUF_INIT;
    acl_init(&acl, &plain);
    assert_true(acl_read(&acl, "x",
        SLICE_LITERAL("user z on >a ~k &c +@all -@slow (+info)\nuser a off\nuser default on >x"),
        &why));
    acl_print(&acl, &text);
    acl_init(&again, &plain);
    assert_true(acl_read(&again, "x", buf_slice(&text), &why));
    acl_print(&again, &printed);
    assert_slice_equal(buf_slice(&printed), buf_slice(&text));
    assert_int_equal(buf_size(&why), 0);
    acl_fini(&acl);
    acl_fini(&again);
    buf_fini(&text);
    buf_fini(&printed);
    buf_fini(&why);
}

static void the_default_user_gets_a_password_and_loses_it(void **state) {
    struct acl acl;
    acl_init(&acl, &plain);
    acl_set_standard_password(&acl, SLICE_LITERAL("a"));
    acl_set_standard_password(&acl, SLICE_LITERAL("b"));
    assert_false(acl_user_accepts(acl.standard, SLICE_LITERAL("a")));
    assert_true(acl_user_accepts(acl.standard, SLICE_LITERAL("b")));
    acl_set_standard_password(&acl, SLICE_EMPTY);
    assert_true(acl.standard->no_password);
    acl_fini(&acl);
}

static void words_of_a_selector_are_joined(void **state) {
    static const struct {
        const char *words;
        const char *joined; /* NULL: one stays open */
        size_t open;
    } cases[] = {
        { "on +ping", "on/+ping/", 0 },
        { "(+ping ~x) off", "(+ping ~x)/off/", 0 },
        { "(+ping)", "(+ping)/", 0 },
        { "( + )", "( + )/", 0 },
        { "on (+ping off", NULL, 1 },
        { "(+ping)x", NULL, 0 },
        { "(a (b c", NULL, 1 },
        { "(a (b c)", "(a (b c)/", 0 },
        { "a)", "a)/", 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct slice words[8], rest = slice_of(cases[i].words), *rules = NULL;
        size_t count = 0, rule_count = 0, open = 0;
        struct buf joined = BUF_INIT;
        while (rest.size > 0)
            words[count++] = slice_cut(&rest, ' ');
        bool closed = acl_join_rules(words, count, &rules, &rule_count, &open);
        assert_int_equal(closed, cases[i].joined != NULL);
        for (size_t k = 0; k < rule_count; k++)
            buf_printf(&joined, SLICE_FMT "/", SLICE_ARG(rules[k]));
        assert_slice(buf_slice(&joined), cases[i].joined);
        assert_int_equal(open, cases[i].open);
        acl_rules_free(rules, rule_count);
        buf_fini(&joined);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_the_originals_read_them),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(the_default_user_gets_a_password_and_loses_it),
        cmocka_unit_test(words_of_a_selector_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
