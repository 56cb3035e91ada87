#include "common/resp.h"

#include "tests/unit/unit.h"

#include <string.h>

/* One reply of each kind, with its text in both versions. */
static void status(struct resp_writer *w) {
    resp_status(w, "OK");
}
static void error(struct resp_writer *w) {
    resp_error(w, SLICE_LITERAL("ERR no such\r\nmaster\n"));
}
static void error_with_nul(struct resp_writer *w) {
    resp_error(w, SLICE_LITERAL("ERR a\0b"));
}
static void formatted_error(struct resp_writer *w) {
    resp_errorf(w, "ERR unknown command '%s' %d", "a\r\nb", 7);
}
static void zero(struct resp_writer *w) {
    resp_integer(w, 0);
}
static void greatest(struct resp_writer *w) {
    resp_integer(w, INT64_MAX);
}
static void smallest(struct resp_writer *w) {
    resp_integer(w, INT64_MIN);
}
static void bulk(struct resp_writer *w) {
    resp_bulk(w, SLICE_LITERAL("a\r\n\0b"));
}
static void empty_bulk(struct resp_writer *w) {
    resp_bulk(w, (struct slice){ NULL, 0 });
}
static void bulk_text(struct resp_writer *w) {
    resp_bulk_text(w, "mymaster");
}
static void bulk_i64(struct resp_writer *w) {
    resp_bulk_i64(w, -42);
}
static void bulk_smallest(struct resp_writer *w) {
    resp_bulk_i64(w, INT64_MIN);
}
static void bulk_u64(struct resp_writer *w) {
    resp_bulk_u64(w, UINT64_MAX);
}
static void bulk_zero(struct resp_writer *w) {
    resp_bulk_u64(w, 0);
}
static void null(struct resp_writer *w) {
    resp_null(w);
}
static void null_array(struct resp_writer *w) {
    resp_null_array(w);
}
static void array(struct resp_writer *w) {
    resp_array(w, 12);
}
static void map(struct resp_writer *w) {
    resp_map(w, 12);
}
static void push(struct resp_writer *w) {
    resp_push(w, 3);
}
static void set(struct resp_writer *w) {
    resp_set(w, 0);
}

static void replies_follow_the_version_of_the_protocol(void **state) {
    static const struct {
        void (*write)(struct resp_writer *w);
        struct slice resp2, resp3;
    } cases[] = {
#define SAME(text) SLICE_LITERAL(text), SLICE_LITERAL(text)
        { status, SAME("+OK\r\n") },
        { error, SAME("-ERR no such  master \r\n") },
        { error_with_nul, SAME("-ERR a\0b\r\n") },
        { formatted_error, SAME("-ERR unknown command 'a  b' 7\r\n") },
        { zero, SAME(":0\r\n") },
        { greatest, SAME(":9223372036854775807\r\n") },
        { smallest, SAME(":-9223372036854775808\r\n") },
        { bulk, SAME("$5\r\na\r\n\0b\r\n") },
        { empty_bulk, SAME("$0\r\n\r\n") },
        { bulk_text, SAME("$8\r\nmymaster\r\n") },
        { bulk_i64, SAME("$3\r\n-42\r\n") },
        { bulk_smallest, SAME("$20\r\n-9223372036854775808\r\n") },
        { bulk_u64, SAME("$20\r\n18446744073709551615\r\n") },
        { bulk_zero, SAME("$1\r\n0\r\n") },
        { null, SLICE_LITERAL("$-1\r\n"), SLICE_LITERAL("_\r\n") },
        { null_array, SLICE_LITERAL("*-1\r\n"), SLICE_LITERAL("_\r\n") },
        { array, SAME("*12\r\n") },
        { map, SLICE_LITERAL("*24\r\n"), SLICE_LITERAL("%12\r\n") },
        { push, SLICE_LITERAL("*3\r\n"), SLICE_LITERAL(">3\r\n") },
        { set, SLICE_LITERAL("*0\r\n"), SLICE_LITERAL("~0\r\n") },
#undef SAME
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        cases[i].write(&(struct resp_writer){ .out = &out, .version = 2 });
        assert_slice_equal(buf_slice(&out), cases[i].resp2);
        buf_clear(&out);
        cases[i].write(&(struct resp_writer){ .out = &out, .version = 3 });
        assert_slice_equal(buf_slice(&out), cases[i].resp3);
        buf_fini(&out);
    }
}

static void replies_are_appended(void **state) {
    struct buf out = BUF_INIT;
    struct resp_writer w = { .out = &out, .version = 2 };
    resp_array(&w, 2);
    resp_bulk_text(&w, "10.0.0.1");
    resp_bulk_i64(&w, 6379);
    assert_string_equal(buf_text(&out), "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n");
    buf_fini(&out);
}

static void a_warm_writer_does_not_allocate(void **state) {
    struct buf out = BUF_INIT;
    struct resp_writer w = { .out = &out, .version = 2 };
    const char *data = NULL;
    for (int round = 0; round < 100; round++) {
        resp_array(&w, 2);
        resp_bulk_text(&w, "10.0.0.1");
        resp_bulk_i64(&w, 6379);
        resp_integer(&w, INT64_MIN);
        resp_status(&w, "OK");
        if (round > 0)
            assert_ptr_equal(out.data, data);
        data = out.data;
        buf_consume(&out, buf_size(&out));
    }
    buf_fini(&out);
}

static void requests_go_out_as_multibulk(void **state) {
    static const struct slice args[] = { SLICE_LITERAL("PUBLISH"), SLICE_LITERAL(""),
        SLICE_LITERAL("a\0\r\n") };
    struct buf out = BUF_INIT;
    resp_request(&out, args, ARRAY_SIZE(args));
    assert_slice_equal(
        buf_slice(&out), SLICE_LITERAL("*3\r\n$7\r\nPUBLISH\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n"));
    buf_fini(&out);
}

static void values_print_for_traces(void **state) {
    static const struct resp_value elements[] = {
        { .type = RESP_STATUS, .text = SLICE_LITERAL("OK") },
        { .type = RESP_ERROR, .text = SLICE_LITERAL("ERR 'x'\r\n") },
        { .type = RESP_INTEGER, .integer = -7 },
        { .type = RESP_BULK, .text = SLICE_LITERAL("a\"\0\xff") },
        { .type = RESP_BULK, .text = { NULL, 0 } },
        { .type = RESP_NULL },
        { .type = RESP_ARRAY, .elements = NULL, .count = 0 },
    };
    static const struct resp_value array = {
        .type = RESP_ARRAY, .elements = elements, .count = ARRAY_SIZE(elements)
    };
    struct buf out = BUF_INIT;
    resp_value_print(&array, &out);
    assert_string_equal(
        buf_text(&out), "[+OK, -ERR 'x'\\r\\n, :-7, \"a\\\"\\x00\\xff\", \"\", (null), []]");
    buf_fini(&out);
}

static void long_bulks_are_cut(void **state) {
    char bytes[81];
    memset(bytes, 'x', sizeof(bytes));
    struct resp_value v = { .type = RESP_BULK, .text = { bytes, 80 } };
    struct buf out = BUF_INIT;
    resp_value_print(&v, &out);
    assert_int_equal(buf_size(&out), 82);
    buf_clear(&out);
    v.text.size = 81;
    resp_value_print(&v, &out);
    assert_int_equal(buf_size(&out), 85);
    assert_string_equal(buf_text(&out) + 80, "x\"...");
    buf_fini(&out);
}

static void deep_values_are_cut(void **state) {
    static struct resp_value chain[100000];
    for (size_t i = 0; i + 1 < ARRAY_SIZE(chain); i++)
        chain[i] = (struct resp_value){ .type = RESP_ARRAY, .elements = &chain[i + 1], .count = 1 };
    struct buf out = BUF_INIT;
    resp_value_print(&chain[0], &out);
    assert_string_equal(buf_text(&out), "[[[[[[[[[...]]]]]]]]]");
    buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_follow_the_version_of_the_protocol),
        cmocka_unit_test(replies_are_appended),
        cmocka_unit_test(a_warm_writer_does_not_allocate),
        cmocka_unit_test(requests_go_out_as_multibulk),
        cmocka_unit_test(values_print_for_traces),
        cmocka_unit_test(long_bulks_are_cut),
        cmocka_unit_test(deep_values_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
