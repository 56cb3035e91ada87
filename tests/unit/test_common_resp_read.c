#include "common/resp.h"

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "common/rng.h"

#include <stdio.h>
#include <string.h>

#define REST "trailing"

/* A request as it comes in, and its arguments. */
struct request_case {
    struct slice input;
    size_t count;
    struct slice args[6];
};

#define S(text) SLICE_LITERAL(text)

static const struct request_case requests[] = {
    /* multibulk */
    { S("*1\r\n$4\r\nPING\r\n"), 1, { S("PING") } },
    { S("*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$1\r\nm\r\n"), 3,
        { S("SENTINEL"), S("get-master-addr-by-name"), S("m") } },
    { S("*2\r\n$0\r\n\r\n$1\r\nx\r\n"), 2, { S(""), S("x") } },
    { S("*1\r\n$6\r\n\r\n\0$*\xff\r\n"), 1, { S("\r\n\0$*\xff") } },
    { S("*0\r\n"), 0, { { 0 } } },
    { S("*-1\r\n"), 0, { { 0 } } },
    { S("*-9223372036854775808\r\n"), 0, { { 0 } } },
    { S("*1\r\n$4\r\n*1\r\n\r\n"), 1, { S("*1\r\n") } },
    /* as lenient about line ends as the originals */
    { S("*1\rX$4\rXPINGXX"), 1, { S("PING") } },
    /* inline */
    { S("\n"), 0, { { 0 } } },
    { S("\r\n"), 0, { { 0 } } },
    { S(" \t \r\n"), 0, { { 0 } } },
    { S("PING\n"), 1, { S("PING") } },
    { S("PING\r\n"), 1, { S("PING") } },
    { S("  SENTINEL \t masters  \r\n"), 2, { S("SENTINEL"), S("masters") } },
    { S("a\rb\n"), 2, { S("a"), S("b") } },
    { S("a\vb \v c\n"), 2, { S("a\vb"), S("c") } },
    { S("a\0b c\n"), 2, { S("a\0b"), S("c") } },
    { S("\xff\x80\n"), 1, { S("\xff\x80") } },
    { S("$4\n"), 1, { S("$4") } },
    { S(" *1\n"), 1, { S("*1") } },
    { S("GET / HTTP/1.1\r\n"), 3, { S("GET"), S("/"), S("HTTP/1.1") } },
    { S("posts\n"), 1, { S("posts") } },
    { S("x POST\n"), 2, { S("x"), S("POST") } },
    /* quotes */
    { S("\"\"\n"), 1, { S("") } },
    { S("''\n"), 1, { S("") } },
    { S("\"\" '' \"a b\"\n"), 3, { S(""), S(""), S("a b") } },
    { S("set \"a b\" 'c d'\r\n"), 3, { S("set"), S("a b"), S("c d") } },
    { S("\"\\n\\r\\t\\b\\a\\q\\\"\\\\\"\n"), 1, { S("\n\r\t\b\aq\"\\") } },
    { S("\"\\x00\\xfF\\x4\\xg0\\x\"\n"), 1, { S("\0\xffx4xg0x") } },
    { S("\"\\x4\"\n"), 1, { S("x4") } },
    { S("'\\n\\x41\\''\n"), 1, { S("\\n\\x41'") } },
    { S("'a\"b' \"a'b\"\n"), 2, { S("a\"b"), S("a'b") } },
    { S("a\"b c\"\n"), 1, { S("ab c") } },
    { S("a'b c' d\n"), 2, { S("ab c"), S("d") } },
    { S("a\\b\n"), 1, { S("a\\b") } },
    { S("'\\\\ '\n"), 1, { S("\\\\ ") } },
    { S("\"a\"\t'b'\r\n"), 2, { S("a"), S("b") } },
};

/* Input that is refused. */
static const struct {
    struct slice input;
    const char *error;
} refused[] = {
    { S("*\r\n"), "invalid multibulk length" },
    { S("*x\r\n"), "invalid multibulk length" },
    { S("*1x\r\n"), "invalid multibulk length" },
    { S("* 1\r\n"), "invalid multibulk length" },
    { S("*+1\r\n"), "invalid multibulk length" },
    { S("*01\r\n"), "invalid multibulk length" },
    { S("*-\r\n"), "invalid multibulk length" },
    { S("*1\0\r\n"), "invalid multibulk length" },
    { S("*1025\r\n"), "invalid multibulk length" },
    { S("*2147483647\r\n"), "invalid multibulk length" },
    { S("*2147483648\r\n"), "invalid multibulk length" },
    { S("*4294967297\r\n"), "invalid multibulk length" },
    { S("*9223372036854775808\r\n"), "invalid multibulk length" },
    { S("*18446744073709551617\r\n"), "invalid multibulk length" },
    { S("*99999999999999999999999999999999999999\r\n"), "invalid multibulk length" },
    { S("*1\r\nPING\r\n"), "expected '$', got 'P'" },
    { S("*1\r\n*1\r\n"), "expected '$', got '*'" },
    { S("*1\r\n:1\r\n"), "expected '$', got ':'" },
    { S("*1\r\n\r\n"), "expected '$', got '\\x0d'" },
    { S("*1\r\n\0"), "expected '$', got '\\x00'" },
    { S("*1\r\n\xff"), "expected '$', got '\\xff'" },
    { S("*2\r\n$1\r\nab\r\n"), "expected '$', got '\\x0a'" },
    { S("*1\r\n$\r\n"), "invalid bulk length" },
    { S("*1\r\n$-1\r\n"), "invalid bulk length" },
    { S("*1\r\n$-0\r\n"), "invalid bulk length" },
    { S("*1\r\n$x\r\n"), "invalid bulk length" },
    { S("*1\r\n$1 \r\n"), "invalid bulk length" },
    { S("*1\r\n$65537\r\n"), "invalid bulk length" },
    { S("*1\r\n$536870913\r\n"), "invalid bulk length" },
    { S("*1\r\n$9223372036854775807\r\n"), "invalid bulk length" },
    { S("*1\r\n$18446744073709551615\r\n"), "invalid bulk length" },
    { S("*2\r\n$1\r\na\r\n$-9223372036854775808\r\n"), "invalid bulk length" },
    { S("\"\n"), "unbalanced quotes in request" },
    { S("'\n"), "unbalanced quotes in request" },
    { S("a \"b\n"), "unbalanced quotes in request" },
    { S("a 'b\r\n"), "unbalanced quotes in request" },
    { S("a\"\n"), "unbalanced quotes in request" },
    { S("\"a\"b\n"), "unbalanced quotes in request" },
    { S("\"a\"\"b\"\n"), "unbalanced quotes in request" },
    { S("'a''b'\n"), "unbalanced quotes in request" },
    { S("\"a'\n"), "unbalanced quotes in request" },
    { S("\"a\\\"\n"), "unbalanced quotes in request" },
    { S("'\\\\'\n"), "unbalanced quotes in request" }, /* only \' is an escape here */
    { S("'a\\'\n"), "unbalanced quotes in request" },
    { S("\"\\\n"), "unbalanced quotes in request" },
    { S("\"\\x\n"), "unbalanced quotes in request" },
    { S("POST \"\n"), "unbalanced quotes in request" },
};

/* Reads from a copy of exactly these bytes, so that the sanitizers see a step beyond them. The
 * arguments in *ret point into *ret_copy, which the caller frees. */
static enum resp_read read_copy(struct resp_reader *r, struct slice input, char **ret_copy,
    struct resp_request *ret, size_t *ret_used) {
    *ret_copy = mem_dup(input.data, input.size);
    return resp_read_request(r, (struct slice){ *ret_copy, input.size }, ret, ret_used);
}

/* The result for input of which only the kind of the result matters. */
static enum resp_read outcome(struct resp_reader *r, struct slice input) {
    char *copy;
    struct resp_request request = { .count = 4711 };
    size_t used = 4711;
    enum resp_read result = read_copy(r, input, &copy, &request, &used);
    mem_free(copy);
    if (result != RESP_READ_REQUEST) {
        assert_int_equal(request.count, 4711);
        assert_int_equal(used, 4711);
    }
    return result;
}

static void assert_request(
    struct resp_reader *r, struct slice input, const struct request_case *c) {
    char *copy;
    struct resp_request request;
    size_t used;
    if (read_copy(r, input, &copy, &request, &used) != RESP_READ_REQUEST)
        fail_msg("no request: " SLICE_FMT, SLICE_ARG(c->input));
    assert_int_equal(used, c->input.size);
    assert_int_equal(request.count, c->count);
    for (size_t i = 0; i < c->count; i++)
        assert_slice_equal(request.args[i], c->args[i]);
    mem_free(copy);
}

static void requests_are_read_whole_and_nothing_beyond(void **state) {
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        assert_request(&r, requests[i].input, &requests[i]);
        struct buf longer = BUF_INIT;
        buf_add_slice(&longer, requests[i].input);
        buf_add_text(&longer, REST);
        assert_request(&r, buf_slice(&longer), &requests[i]);
        buf_fini(&longer);
    }
    resp_reader_fini(&r);
}

static void requests_cut_at_any_byte_wait_for_more(void **state) {
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        for (size_t size = 0; size < requests[i].input.size; size++)
            assert_int_equal(outcome(&r, slice_sub(requests[i].input, 0, size)), RESP_READ_MORE);
    }
    resp_reader_fini(&r);
}

static void bad_requests_are_told_why(void **state) {
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_int_equal(outcome(&r, refused[i].input), RESP_READ_BAD);
        assert_string_equal(r.error, refused[i].error);
    }
    resp_reader_fini(&r);
}

static void bad_requests_cut_at_any_byte_wait_or_are_bad(void **state) {
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        bool refused_before = false;
        for (size_t size = 0; size <= refused[i].input.size; size++) {
            enum resp_read result = outcome(&r, slice_sub(refused[i].input, 0, size));
            assert_true(result == RESP_READ_MORE || result == RESP_READ_BAD);
            if (refused_before)
                assert_int_equal(result, RESP_READ_BAD);
            refused_before = result == RESP_READ_BAD;
            if (refused_before)
                assert_string_equal(r.error, refused[i].error);
        }
        assert_true(refused_before);
    }
    resp_reader_fini(&r);
}

static void the_web_is_turned_away(void **state) {
    static const struct slice cases[] = {
        S("POST / HTTP/1.1\r\n"),
        S("post\n"),
        S("Host: sentinel:26379\r\n"),
        S("HOST:\n"),
        S("\"PO\\x53T\" x\n"),
        S("*1\r\n$4\r\nPost\r\n"),
        S("*2\r\n$5\r\nhost:\r\n$1\r\nx\r\n"),
    };
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(outcome(&r, cases[i]), RESP_READ_HTTP);
    resp_reader_fini(&r);
}

/* `head`, then `fill` until `size` bytes, then `tail`. */
static struct buf padded(const char *head, char fill, size_t size, const char *tail) {
    struct buf b = BUF_INIT;
    buf_add_text(&b, head);
    while (buf_size(&b) < size)
        buf_add_char(&b, fill);
    buf_add_text(&b, tail);
    return b;
}

static void lengths_are_bounded(void **state) {
    static const struct {
        const char *head;
        char fill;
        size_t size;
        const char *tail;
        enum resp_read result;
        const char *error;
    } cases[] = {
        { "", 'a', RESP_INLINE_MAX, "", RESP_READ_MORE, NULL },
        { "", 'a', RESP_INLINE_MAX, "\n", RESP_READ_REQUEST, NULL },
        { "", 'a', RESP_INLINE_MAX + 1, "", RESP_READ_BAD, "too big inline request" },
        { "", 'a', RESP_INLINE_MAX + 1, "\n", RESP_READ_BAD, "too big inline request" },
        { "\"", 'a', RESP_INLINE_MAX - 1, "\"\n", RESP_READ_REQUEST, NULL },
        { "\"", '\\', RESP_INLINE_MAX, "\n", RESP_READ_BAD, "unbalanced quotes in request" },
        { "", '"', RESP_INLINE_MAX, "\n", RESP_READ_BAD, "unbalanced quotes in request" },
        { "", ' ', RESP_INLINE_MAX, "\n", RESP_READ_REQUEST, NULL },
        { "*", '1', RESP_INLINE_MAX, "", RESP_READ_MORE, NULL },
        { "*", '1', RESP_INLINE_MAX + 1, "", RESP_READ_BAD, "too big mbulk count string" },
        { "*", '1', RESP_INLINE_MAX + 9, "\r\n", RESP_READ_BAD, "too big mbulk count string" },
        { "*", '1', 1000, "\r\n", RESP_READ_BAD, "invalid multibulk length" },
        { "*1\r\n$", '1', RESP_INLINE_MAX + 4, "", RESP_READ_MORE, NULL },
        { "*1\r\n$", '1', RESP_INLINE_MAX + 5, "", RESP_READ_BAD, "too big bulk count string" },
        { "*1\r\n$", '1', 1000, "\r\n", RESP_READ_BAD, "invalid bulk length" },
        { "*1\r\n$65536\r\n", 'a', RESP_BULK_MAX + 12, "\r", RESP_READ_MORE, NULL },
        { "*1\r\n$65536\r\n", 'a', RESP_BULK_MAX + 12, "\r\n", RESP_READ_REQUEST, NULL },
    };
    struct resp_reader r = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf b = padded(cases[i].head, cases[i].fill, cases[i].size, cases[i].tail);
        assert_int_equal(outcome(&r, buf_slice(&b)), cases[i].result);
        if (cases[i].error != NULL)
            assert_string_equal(r.error, cases[i].error);
        buf_fini(&b);
    }
    resp_reader_fini(&r);
}

static void arguments_are_bounded(void **state) {
    struct resp_reader r = { 0 };
    for (size_t count = RESP_ARGS_MAX - 1; count <= RESP_ARGS_MAX + 1; count++) {
        enum resp_read expected = count <= RESP_ARGS_MAX ? RESP_READ_REQUEST : RESP_READ_BAD;
        struct buf multibulk = BUF_INIT, line = BUF_INIT, quoted = BUF_INIT;
        buf_printf(&multibulk, "*%zu\r\n", count);
        for (size_t i = 0; i < count; i++) {
            buf_add_text(&multibulk, "$1\r\nx\r\n");
            buf_add_text(&line, " x");
            buf_add_text(&quoted, "\"y\" ");
        }
        buf_add_text(&line, "\n");
        buf_add_text(&quoted, "\r\n");
        assert_int_equal(outcome(&r, buf_slice(&multibulk)), expected);
        assert_int_equal(outcome(&r, buf_slice(&line)), expected);
        if (expected == RESP_READ_BAD)
            assert_string_equal(r.error, "too big inline request");
        assert_int_equal(outcome(&r, buf_slice(&quoted)), expected);
        buf_fini(&multibulk);
        buf_fini(&line);
        buf_fini(&quoted);
    }
    resp_reader_fini(&r);
}

static void many_unquoted_arguments_keep_their_texts(void **state) {
    struct resp_reader r = { 0 };
    struct buf line = BUF_INIT;
    for (int i = 0; i < 1000; i++)
        buf_printf(&line, "'argument %d' ", i);
    buf_add_char(&line, '\n');
    struct resp_request request;
    size_t used;
    assert_int_equal(resp_read_request(&r, buf_slice(&line), &request, &used), RESP_READ_REQUEST);
    assert_int_equal(request.count, 1000);
    for (int i = 0; i < 1000; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "argument %d", i);
        assert_slice(request.args[i], expected);
    }
    buf_fini(&line);
    resp_reader_fini(&r);
}

/* A pipeline of random requests, handed over in random pieces, comes out as it went in. */
static void pipelines_in_random_pieces_come_out_the_same(void **state) {
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct buf sent = BUF_INIT, got = BUF_INIT, input = BUF_INIT;
        for (int request = 0; request < 100; request++) {
            char bytes[8][16];
            struct slice args[8];
            size_t count = (size_t)rng_between(&rng, 1, 8);
            for (size_t i = 0; i < count; i++) {
                size_t size = (size_t)rng_between(&rng, 0, 16);
                for (size_t k = 0; k < size; k++)
                    bytes[i][k] = (char)rng_next(&rng);
                args[i] = (struct slice){ bytes[i], size };
            }
            resp_request(&sent, args, count);
        }
        struct resp_reader r = { 0 };
        struct slice rest = buf_slice(&sent);
        while (rest.size > 0) {
            int64_t piece_max = (int64_t)MIN_OF(rest.size, (size_t)300);
            size_t size = (size_t)rng_between(&rng, 1, piece_max);
            buf_add(&input, rest.data, size);
            rest = slice_sub(rest, size, rest.size);
            struct resp_request request;
            size_t used;
            enum resp_read result;
            while ((result = resp_read_request(&r, buf_slice(&input), &request, &used)) ==
                RESP_READ_REQUEST) {
                resp_request(&got, request.args, request.count);
                buf_consume(&input, used);
            }
            assert_int_equal(result, RESP_READ_MORE);
        }
        assert_int_equal(buf_size(&input), 0);
        assert_slice_equal(buf_slice(&got), buf_slice(&sent));
        resp_reader_fini(&r);
        buf_fini(&sent);
        buf_fini(&got);
        buf_fini(&input);
    }
}

/* Noise made of what the protocol is made of: nothing but a result may come out of it. */
static void noise_does_no_harm(void **state) {
    static const char *const pieces[] = { "*", "$", "\r\n", "\n", "\r", "1", "2", "-", "0", "9999",
        "\"", "'", "\\", "\\x4", "a", " ", "*1\r\n$1\r\n", "$3\r\nabc\r\n" };
    struct rng rng;
    rng_init(&rng, 7);
    struct resp_reader r = { 0 };
    size_t seen[RESP_READ_HTTP + 1] = { 0 };
    for (int round = 0; round < 200000; round++) {
        struct buf b = BUF_INIT;
        int64_t count = rng_between(&rng, 1, 12);
        for (int64_t i = 0; i < count; i++)
            buf_add_text(&b, pieces[rng_between(&rng, 0, ARRAY_SIZE(pieces) - 1)]);
        seen[outcome(&r, buf_slice(&b))]++;
        buf_fini(&b);
    }
    assert_true(seen[RESP_READ_REQUEST] > 1000);
    assert_true(seen[RESP_READ_MORE] > 1000);
    assert_true(seen[RESP_READ_BAD] > 1000);
    resp_reader_fini(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_whole_and_nothing_beyond),
        cmocka_unit_test(requests_cut_at_any_byte_wait_for_more),
        cmocka_unit_test(bad_requests_are_told_why),
        cmocka_unit_test(bad_requests_cut_at_any_byte_wait_or_are_bad),
        cmocka_unit_test(the_web_is_turned_away),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(arguments_are_bounded),
        cmocka_unit_test(many_unquoted_arguments_keep_their_texts),
        cmocka_unit_test(pipelines_in_random_pieces_come_out_the_same),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
