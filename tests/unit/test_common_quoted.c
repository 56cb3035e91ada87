#include "common/quoted.h"

#include "common/buf.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

struct quoted_case {
    const char *text;
    size_t used; /* 0: refused */
    const char *meaning;
};

static void quotes_are_read_as_in_a_shell_of_the_originals(void **state) {
    (void)state;
    static const struct quoted_case cases[] = {
        { "\"\"", 2, "" },
        { "\"a b\"", 5, "a b" },
        { "\"a\" rest", 3, "a" },
        { "\"a\"\n", 3, "a" },
        { "\"\\n\\r\\t\\b\\a\\\\\\\"\"", 16, "\n\r\t\b\a\\\"" },
        { "\"\\x41\\X41\\x4\\xg1\"", 17, "AX41x4xg1" },
        { "'\\n'", 4, "\\n" },
        { "'it\\'s'", 7, "it's" },
        { "\"'\"", 3, "'" },
        { "\"open", 0, "" },
        { "\"", 0, "" },
        { "\"a\\\"", 0, "" },
        { "'a\\", 0, "" },
        { "\"a\"b", 0, "" },
        { "'a''b'", 0, "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        assert_int_equal(quoted_read(slice_of(cases[i].text), &out), cases[i].used);
        if (cases[i].used > 0)
            assert_string_equal(buf_text(&out), cases[i].meaning);
        buf_fini(&out);
    }
}

static void a_text_cut_anywhere_is_refused_and_not_read_beyond(void **state) {
    (void)state;
    static const char text[] = "\"a\\x41\\n'b\"";
    for (size_t size = 1; size < sizeof(text) - 1; size++) {
        char *exact = slice_dup((struct slice){ .data = text, .size = size });
        struct buf out = BUF_INIT;
        assert_int_equal(quoted_read((struct slice){ .data = exact, .size = size }, &out), 0);
        buf_fini(&out);
        mem_free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_are_read_as_in_a_shell_of_the_originals),
        cmocka_unit_test(a_text_cut_anywhere_is_refused_and_not_read_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
