#include "config/classic_rewrite.h"

#include "tests/unit/unit.h"

#include "common/base.h"
#include "common/buf.h"
#include "config/classic_line.h"

struct rewrite_case {
    const char *old;
    const char *said;     /* lines */
    const char *included; /* lines */
    const char *expected;
};

static void feed(struct classic_rewrite *r, const char *text) {
    struct slice rest = slice_of(text);
    struct classic_line l = CLASSIC_LINE_INIT;
    while (rest.size > 0) {
        int column;
        struct slice words[8];
        assert_true(classic_line_read(slice_cut(&rest, '\n'), &l, &column));
        for (size_t i = 0; i < l.count; i++)
            words[i] = classic_word(&l, i);
        classic_rewrite_say(r, words, l.count);
    }
    classic_line_fini(&l);
}

/* The options a and `sentinel x` are ours. */
static void assert_rewritten(const struct rewrite_case *c) {
    struct classic_rewrite *r = classic_rewrite_new(slice_of(c->old));
    struct buf out = BUF_INIT;
    struct slice rest = slice_of(c->included);
    while (rest.size > 0)
        classic_rewrite_include(r, slice_cut(&rest, '\n'));
    classic_rewrite_own(r, "a");
    classic_rewrite_own(r, "sentinel x");
    classic_rewrite_own(r, "sentinel known-replica");
    feed(r, c->said);
    classic_rewrite_finish(r, &out);
    assert_string_equal(buf_text(&out), c->expected);
    buf_fini(&out);
    classic_rewrite_free(r);
}

static void lines_find_their_places(void **state) {
    (void)state;
    static const struct rewrite_case cases[] = {
        { "", "", NULL, "" },
        { "", "a 1", NULL, CLASSIC_MARKER "\na 1\n" },
        { "# hello", "a 1", NULL, "# hello\n\n" CLASSIC_MARKER "\na 1\n" },
        /* what holds stays as it was typed */
        { "  A   \"1\"  \n", "a 1", NULL, "  A   \"1\"  \n" },
        { "SENTINEL X g YES", "sentinel x g YES", NULL, "SENTINEL X g YES" },
        { "sentinel known-slave g h 1\n", "sentinel known-replica g h 1", NULL,
            "sentinel known-slave g h 1\n" },
        { "a YES\n", "a yes", NULL, "a YES\n" },
        /* what holds no longer is replaced in place, or goes */
        { "\n# one\na 1\n\n# two\nb 2\n", "a 3", NULL, "\n# one\na 3\n\n# two\nb 2\n" },
        { "a 1\n# end\n", "", NULL, "# end\n" },
        { "b 1\na 1", "", NULL, "b 1\n" },
        { "b 1\na 1", "a 2", NULL, "b 1\na 2" },
        { "b 1\na 1", "a 1\na 2", NULL, "b 1\na 1\n\n" CLASSIC_MARKER "\na 2\n" },
        { "b 1\nb 2\n", "", NULL, "b 1\nb 2\n" },
        { "a 1 2\na 1\n", "a 1", NULL, "a 1\n" },
        { "sentinel\nsentinel y 1\n", "", NULL, "sentinel\nsentinel y 1\n" },
        /* one that says the same, one of the same group, the n-th of the option */
        { "sentinel x g 1\nsentinel x h 1\n", "sentinel x h 1\nsentinel x g 2", NULL,
            "sentinel x g 2\nsentinel x h 1\n" },
        { "sentinel x g 1\nsentinel x h 1\n", "sentinel x h 2", NULL, "sentinel x h 2\n" },
        { "sentinel x g 1\n# c\nsentinel x h 1\n", "sentinel x i 2\nsentinel x k 3", NULL,
            "sentinel x i 2\n# c\nsentinel x k 3\n" },
        { "sentinel x g 1\nsentinel x g 1\n", "sentinel x g 1", NULL, "sentinel x g 1\n" },
        /* behind the marker, once */
        { CLASSIC_MARKER "\na 1\n", "a 1\na 2", NULL, CLASSIC_MARKER "\na 1\na 2\n" },
        { "# more\r\na 1\r\n", "a 2\na 3", NULL,
            "# more\r\na 2\r\n\r\n" CLASSIC_MARKER "\r\na 3\r\n" },
        /* what is not understood stays */
        { "a \"1\nsentinel x \"g\"h\n", "", NULL, "a \"1\nsentinel x \"g\"h\n" },
        /* quotes where they are needed */
        { "b 1\n", "a '' 'two words' \"it's\" \"\\\"\" 'back\\slash' 'back \\slash' \"\\n\\x00\"",
            NULL,
            "b 1\n\n" CLASSIC_MARKER
            "\na \"\" \"two words\" \"it's\" \"\\\"\" back\\slash \"back \\\\slash\" \"\\x0a\\x00\"\n" },
        /* what an included file says */
        { "b 1\n", "a 1", "a 1\n", "b 1\n" },
        { "b 1\n", "a 2", "a 1\n", "b 1\n\n" CLASSIC_MARKER "\na 2\n" },
        { "a 2\n", "a 1", "a 1\n", "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_rewritten(&cases[i]);
}

static void tells_what_the_old_text_has(void **state) {
    (void)state;
    struct classic_rewrite *r = classic_rewrite_new(SLICE_LITERAL("Sentinel X g 1\ndir .\n"));
    const struct slice words[] = { SLICE_LITERAL("sentinel"), SLICE_LITERAL("x"),
        SLICE_LITERAL("g") };
    const struct slice other[] = { SLICE_LITERAL("sentinel"), SLICE_LITERAL("x"),
        SLICE_LITERAL("h") };
    const struct slice dir = SLICE_LITERAL("dir"), port = SLICE_LITERAL("port");
    assert_true(classic_rewrite_has(r, words, 2));
    assert_true(classic_rewrite_has(r, words, 3));
    assert_false(classic_rewrite_has(r, other, 3));
    assert_true(classic_rewrite_has(r, &dir, 1));
    assert_false(classic_rewrite_has(r, &port, 1));
    classic_rewrite_include(r, SLICE_LITERAL("sentinel x h 2"));
    assert_true(classic_rewrite_has(r, other, 3));
    classic_rewrite_free(r);
    classic_rewrite_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_find_their_places),
        cmocka_unit_test(tells_what_the_old_text_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
