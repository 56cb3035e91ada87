#include "config/yaml.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/diag.h"
#include "config/load.h"

/* The tree as text: shapes, keys and values with their places. */
static void print_tree(const struct yaml_value *v, struct buf *out) {
    if (v->shape == YAML_TEXT) {
        buf_add_text(out, v->refused ? "refused" : v->plain ? "" : "'");
        buf_add_escaped(out, v->text);
        buf_printf(out, "@%d:%d", v->line, v->column);
        return;
    }
    buf_printf(out, "%s@%d:%d(", v->shape == YAML_MAP ? "map" : "list", v->line, v->column);
    for (size_t i = 0; i < v->item_count; i++) {
        const struct yaml_value *item = v->items[i];
        buf_add_text(out, i > 0 ? " " : "");
        if (v->shape == YAML_MAP) {
            buf_add_escaped(out, item->key);
            buf_printf(out, "@%d:%d=", item->key_line, item->key_column);
        }
        print_tree(item, out);
    }
    buf_add_char(out, ')');
}

static void assert_read(struct slice text, const char *tree, const char *findings) {
    struct diag diag;
    diag_init(&diag, "f");
    struct yaml_value *v = yaml_tree_read(text, &diag);
    struct buf out = BUF_INIT;
    if (v != NULL)
        print_tree(v, &out);
    assert_string_equal(buf_text(&out), tree);
    buf_clear(&out);
    diag_print(&diag, &out);
    assert_string_equal(buf_text(&out), findings);
    buf_fini(&out);
    yaml_tree_free(v);
    diag_fini(&diag);
}

static void values_know_their_place(void **state) {
    static const struct {
        const char *text, *tree;
    } cases[] = {
        { "", "map@1:1()" },
        { "# nothing\n", "map@1:1()" },
        { "---\n", "map@1:1()" },
        { "~\n", "map@1:1()" },
        { "--- \n...\n", "map@1:1()" },
        { "\xef\xbb\xbf"
          "a: b\n",
            "map@1:1(a@1:1=b@1:4)" },
        { "a: b\n", "map@1:1(a@1:1=b@1:4)" },
        { "\n  a: b\n  c:\n    d: 'e f'\n", "map@2:3(a@2:3=b@2:6 c@3:3=map@4:5(d@4:5='e f@4:8))" },
        { "a: [b, \"c\\td\", {e: f}]\n",
            "map@1:1(a@1:1=list@1:4(b@1:5 'c\\td@1:8 map@1:16(e@1:17=f@1:20)))" },
        { "a:\n- b\n-\n", "map@1:1(a@1:1=list@2:1(b@2:3 @3:2))" },
        { "a:\nb: |\n  x\n  y\n", "map@1:1(a@1:1=@1:3 b@2:1='x\\ny\\n@2:4)" },
        { "\xc3\xa4: \xc3\xb6\n", "map@1:1(\\xc3\\xa4@1:1=\\xc3\\xb6@1:4)" },
        { "\xef\xbb\xbf", "map@1:1()" },
        { "word\n", "word@1:1" },
        { "a: \"\\0\"\n", "map@1:1(a@1:1='\\x00@1:4)" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_read(slice_of(cases[i].text), cases[i].tree, "");
    assert_read((struct slice){ .data = NULL }, "map@1:1()", "");
}

static void what_is_not_supported_is_found_and_reading_goes_on(void **state) {
    static const struct {
        const char *text, *tree, *findings;
    } cases[] = {
        { "a: 1\nb: 2\na: 3\nb: 4\n", "map@1:1(a@1:1=1@1:4 b@2:1=2@2:4)",
            "f:3:1: key 'a' stands here again, first in line 1\n"
            "f:4:1: key 'b' stands here again, first in line 2\n" },
        { "a: {x: 1, x: 2}\n", "map@1:1(a@1:1=map@1:4(x@1:5=1@1:8))",
            "f:1:11: key 'x' stands here again, first in line 1\n" },
        { "a: &here 1\nb: *here\n", "map@1:1(a@1:1=1@1:4 b@2:1=refused@2:4)",
            "f:1:4: anchors are not supported: quote a text that begins with &\nf:2:4: aliases are not supported: quote a text that begins with *\n" },
        { "a: &m {x: 1}\nb: &l [1]\n", "map@1:1(a@1:1=map@1:4(x@1:8=1@1:11) b@2:1=list@2:4(1@2:8))",
            "f:1:4: anchors are not supported: quote a text that begins with &\nf:2:4: anchors are not supported: quote a text that begins with &\n" },
        { "a: !!int 2\nb: !x [1]\n", "map@1:1(a@1:1=2@1:4 b@2:1=list@2:4(1@2:8))",
            "f:1:4: tags are not supported: quote a text that begins with !\n"
            "f:2:4: tags are not supported: quote a text that begins with !\n" },
        { "[a, b]: c\nd: e\n", "map@1:1(d@2:1=e@2:4)", "f:1:1: a key must be text\n" },
        { "? {a: b}\n: c\n", "map@1:1()", "f:1:3: a key must be text\n" },
        { "*x : y\n", "map@1:1()",
            "f:1:1: aliases are not supported: quote a text that begins with *\n" },
        { "a: 1\n---\nb: 2\n", "map@1:1(a@1:1=1@1:4)",
            "f:2:1: a second document begins here; only one is read\n" },
        { "a: 1\n...\n---\n", "map@1:1(a@1:1=1@1:4)",
            "f:3:1: a second document begins here; only one is read\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_read(slice_of(cases[i].text), cases[i].tree, cases[i].findings);
}

static void what_is_no_yaml_is_refused_with_its_place(void **state) {
    static const struct {
        const char *text, *findings;
    } cases[] = {
        { "a: [1, 2\n",
            "f:2:1: not YAML: did not find expected ',' or ']' while parsing a flow "
            "sequence (from line 1 on)\n" },
        { "a: [1, 2",
            "f:1:9: not YAML: did not find expected ',' or ']' while parsing a flow "
            "sequence (from line 1 on)\n" },
        { "b: \xc3\xa4\r\na: [1,\r2",
            "f:3:2: not YAML: did not find expected ',' or ']' while parsing a flow "
            "sequence (from line 2 on)\n" },
        { "a: 'b\n",
            "f:2:1: not YAML: found unexpected end of stream while scanning a quoted "
            "scalar (from line 1 on)\n" },
        { "a: b\n c: d\n", "f:2:3: not YAML: mapping values are not allowed in this context\n" },
        { "a:\n\tb: c\n", "f:2:1: not YAML: a tab where only blanks may stand\n" },
        { "a: %b\n",
            "f:1:4: not YAML: found character that cannot start any token while scanning "
            "for the next token (from line 1 on)\n" },
        { "a: b\n- c\n",
            "f:2:1: not YAML: did not find expected key while parsing a block mapping "
            "(from line 1 on)\n" },
        { "a: \x01\n", "f:1:4: not YAML: control characters are not allowed\n" },
        { "a: 1\nb\xc3\xa4: \xff\n", "f:2:5: not YAML: invalid leading UTF-8 octet\n" },
        { "a: \"\\q\"\n",
            "f:1:5: not YAML: found unknown escape character while parsing a quoted "
            "scalar (from line 1 on)\n" },
        { "%YAML 3.0\n---\na: b\n", "f:1:1: not YAML: found incompatible YAML document\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_read(slice_of(cases[i].text), "", cases[i].findings);
}

static void the_bounds_hold(void **state) {
    assert_read(SLICE_LITERAL("a: [[[[[[[1]]]]]]]\n"),
        "map@1:1(a@1:1=list@1:4(list@1:5(list@1:6(list@1:7(list@1:8(list@1:9(list@1:10("
        "1@1:11))))))))",
        "");
    assert_read(
        SLICE_LITERAL("a: [[[[[[[[1]]]]]]]]\n"), "", "f:1:11: nested deeper than 8 levels\n");

    struct buf text = BUF_INIT;
    for (int i = 0; i < 1000000; i++)
        buf_add_char(&text, '[');
    assert_read(buf_slice(&text), "", "f:1:9: nested deeper than 8 levels\n");

    buf_clear(&text);
    buf_add_text(&text, "a: [");
    for (int i = 0; i < YAML_VALUES_MAX; i++)
        buf_add_text(&text, i % 100 == 99 ? "1,\n" : "1,");
    buf_add_text(&text, "]\n");
    assert_read(buf_slice(&text), "", "f:10000:195: more than 1000000 values\n");

    buf_clear(&text);
    while (buf_size(&text) <= CONFIG_FILE_MAX)
        buf_add_text(&text, "# a comment among many\n");
    assert_read(buf_slice(&text), "", "f: larger than 16 MiB\n");
    buf_fini(&text);
}

static void items_are_found_by_key(void **state) {
    struct diag diag;
    diag_init(&diag, "f");
    struct yaml_value *v = yaml_tree_read(SLICE_LITERAL("a: 1\nb: ~\nc: 'null'\nd:\n"), &diag);
    assert_slice(yaml_tree_item(v, "a")->text, "1");
    assert_null(yaml_tree_item(v, "x"));
    assert_false(yaml_tree_is_null(yaml_tree_item(v, "a")));
    assert_true(yaml_tree_is_null(yaml_tree_item(v, "b")));
    assert_false(yaml_tree_is_null(yaml_tree_item(v, "c")));
    assert_true(yaml_tree_is_null(yaml_tree_item(v, "d")));
    assert_false(yaml_tree_is_null(v));
    yaml_tree_free(v);
    diag_fini(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_know_their_place),
        cmocka_unit_test(what_is_not_supported_is_found_and_reading_goes_on),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_place),
        cmocka_unit_test(the_bounds_hold),
        cmocka_unit_test(items_are_found_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
