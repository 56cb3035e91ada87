#include "config/classic_line.h"

#include "tests/unit/unit.h"

static void lines_are_cut_into_words(void **state) {
    static const struct {
        const char *text, *words; /* each as [word@column] */
    } cases[] = {
        { "", "" },
        { "   \t ", "" },
        { "# port 1", "" },
        { "  # port 1", "" },
        { "port 26379", "[port@1][26379@6]" },
        { "\tport\t 26379  \r", "[port@2][26379@8]" },
        { "port 1 # one", "[port@1][1@6][#@8][one@10]" },
        { "save ''", "[save@1][@6]" },
        { "a \"\" b", "[a@1][@3][b@6]" },
        { "a \"b c\" d", "[a@1][b c@3][d@9]" },
        { "a 'b c'", "[a@1][b c@3]" },
        { "a \"\\x41\\\\\\\"\\q\"", "[a@1][A\\\"q@3]" },
        { "a \"\\xzz\"", "[a@1][xzz@3]" },
        { "a 'it\\'s \\n'", "[a@1][it's \\n@3]" },
        { "a b\"c d\"", "[a@1][bc d@3]" },
        { "a \\n", "[a@1][\\n@3]" },
    };
    struct classic_line line = CLASSIC_LINE_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int column = 0;
        struct buf out = BUF_INIT;
        assert_true(classic_line_read(slice_of(cases[i].text), &line, &column));
        for (size_t w = 0; w < line.count; w++)
            buf_printf(&out, "[" SLICE_FMT "@%d]", SLICE_ARG(classic_word(&line, w)),
                line.words[w].column);
        assert_string_equal(buf_text(&out), cases[i].words);
        buf_fini(&out);
    }
    classic_line_fini(&line);
}

static void escapes_stand_for_their_bytes(void **state) {
    struct classic_line line = CLASSIC_LINE_INIT;
    int column;
    assert_true(classic_line_read(SLICE_LITERAL("\"\\n\\r\\t\\b\\a\\x00\\xfF\""), &line, &column));
    assert_int_equal(line.count, 1);
    assert_slice_equal(classic_word(&line, 0), SLICE_LITERAL("\n\r\t\b\a\0\xff"));
    classic_line_fini(&line);
}

static void wrong_quotes_are_refused_with_their_column(void **state) {
    static const struct {
        const char *text;
        int column;
    } cases[] = {
        { "a \"b", 3 },
        { "a 'b", 3 },
        { "a \"b\"c", 3 },
        { "a 'b'c", 3 },
        { "a x\"b", 4 },
        { "a \"b\\\"", 3 },
        { "a \"b\\", 3 },
        { "'a' b \"", 7 },
    };
    struct classic_line line = CLASSIC_LINE_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int column = 0;
        assert_false(classic_line_read(slice_of(cases[i].text), &line, &column));
        assert_int_equal(column, cases[i].column);
    }
    classic_line_fini(&line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_cut_into_words),
        cmocka_unit_test(escapes_stand_for_their_bytes),
        cmocka_unit_test(wrong_quotes_are_refused_with_their_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
