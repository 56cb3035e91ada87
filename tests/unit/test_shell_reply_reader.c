#include "sentinel/shell/reply_reader.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <string.h>

/* Feeds one piece and prints what came of it: each value and a space; "BAD: why" when refused. */
static bool feed(struct reply_reader *r, struct slice piece, struct buf *out) {
    reply_reader_feed(r, piece);
    const struct resp_value *value;
    enum reply_read got;
    while ((got = reply_reader_next(r, &value)) == REPLY_VALUE) {
        resp_value_print(value, out);
        buf_add_char(out, ' ');
    }
    if (got == REPLY_BAD)
        buf_printf(out, "BAD: %s", reply_reader_error(r));
    return got != REPLY_BAD;
}

static void check(const char *what, struct buf *got, const char *expected) {
    if (!slice_starts_with(buf_slice(got), expected) ||
        (strstr(expected, "BAD") == NULL && buf_size(got) != strlen(expected)))
        fail_msg("%s: got \"%s\", expected \"%s\"", what, buf_text(got), expected);
    buf_clear(got);
}

struct conversation {
    const char *name;
    const char *bytes;
    const char *values; /* as printed; up to the refusal's reason */
};

static const struct conversation good[] = {
    { "a status", "+PONG\r\n", "+PONG " },
    { "an empty status", "+\r\n", "+ " },
    { "an error", "-ERR no such master\r\n", "-ERR no such master " },
    { "numbers", ":0\r\n:-7\r\n:9223372036854775807\r\n", ":0 :-7 :9223372036854775807 " },
    { "a bulk", "$5\r\nhello\r\n", "\"hello\" " },
    { "an empty bulk", "$0\r\n\r\n", "\"\" " },
    { "a bulk with line ends", "$6\r\na\r\nb\r\n\r\n", "\"a\\r\\nb\\r\\n\" " },
    { "nulls", "$-1\r\n*-1\r\n", "(null) (null) " },
    { "an empty array", "*0\r\n", "[] " },
    { "a vote", "*3\r\n:1\r\n$1\r\n*\r\n:0\r\n", "[:1, \"*\", :0] " },
    { "a transaction",
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n-ERR The server is running without a config "
        "file\r\n",
        "+OK +QUEUED +QUEUED [+OK, -ERR The server is running without a config file] " },
    { "a message", "*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$3\r\na,b\r\n",
        "[\"message\", \"__sentinel__:hello\", \"a,b\"] " },
    { "arrays in arrays", "*2\r\n*1\r\n*1\r\n:1\r\n*2\r\n$-1\r\n*0\r\n",
        "[[[:1]], [(null), []]] " },
    { "seven levels", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "[[[[[[[:1]]]]]]] " },
};

static const struct conversation bad[] = {
    { "garbage", "+OK\r\nhello\r\n", "+OK BAD: Protocol error" },
    { "HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "BAD: Protocol error" },
    { "TLS", "\x15\x03\x03", "BAD: Protocol error" },
    { "a request instead of a reply", "PING\r\n", "BAD: Protocol error" },
    { "eight levels", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "BAD: " },
    { "an array of a milliard", "+OK\r\n*1000000000\r\n",
        "+OK BAD: a reply with too big an array" },
    { "an array just too big", "*65537\r\n", "BAD: a reply with too big an array" },
    { "an array beyond all numbers", "*99999999999999999999\r\n", "BAD: " },
    { "a map of RESP3", "%1\r\n+a\r\n+b\r\n", "BAD: " },
    { "a boolean of RESP3", "#t\r\n", "BAD: " },
    { "a double of RESP3", ",1.5\r\n", "BAD: " },
    { "a push of RESP3", ">1\r\n+a\r\n", "BAD: " },
};

/* The same outcome wherever the network cuts the bytes. */
static void check_in_every_split(const struct conversation *c) {
    struct slice bytes = slice_of(c->bytes);
    struct buf got = BUF_INIT;
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        struct reply_reader *r = reply_reader_new();
        if (feed(r, slice_sub(bytes, 0, cut), &got))
            feed(r, slice_sub(bytes, cut, bytes.size), &got);
        check(c->name, &got, c->values);
        reply_reader_free(r);
    }
    struct reply_reader *r = reply_reader_new();
    for (size_t i = 0; i < bytes.size && feed(r, slice_sub(bytes, i, 1), &got); i++)
        continue;
    check(c->name, &got, c->values);
    reply_reader_free(r);
    buf_fini(&got);
}

static void replies_are_read_in_every_split(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        check_in_every_split(&good[i]);
}

static void hostile_replies_are_refused_in_every_split(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        check_in_every_split(&bad[i]);
}

static void a_reader_is_idle_between_replies_only(void **state) {
    struct slice bytes = SLICE_LITERAL("*2\r\n$3\r\nabc\r\n:1\r\n");
    struct buf got = BUF_INIT;
    struct reply_reader *r = reply_reader_new();
    assert_true(reply_reader_is_idle(r));
    for (size_t i = 0; i < bytes.size; i++) {
        feed(r, slice_sub(bytes, i, 1), &got);
        assert_int_equal(reply_reader_is_idle(r), i + 1 == bytes.size);
    }
    assert_string_equal(buf_text(&got), "[\"abc\", :1] ");
    feed(r, SLICE_LITERAL("?"), &got);
    assert_false(reply_reader_is_idle(r));
    reply_reader_free(r);
    buf_fini(&got);
}

/* ---- bounds that take megabytes ---- */

#define PIECE_SIZE (64 * 1024)

/* Feeds `count` bytes x after `head`; returns how many were taken before the refusal, or count. */
static size_t flood(struct reply_reader *r, const char *head, size_t count, struct buf *out) {
    static char piece[PIECE_SIZE];
    memset(piece, 'x', sizeof(piece));
    if (!feed(r, slice_of(head), out))
        return 0;
    size_t sent = 0;
    while (sent < count) {
        size_t size = MIN_OF(sizeof(piece), count - sent);
        if (!feed(r, (struct slice){ .data = piece, .size = size }, out))
            return sent;
        sent += size;
    }
    return sent;
}

static void the_longest_string_is_read_and_a_longer_one_refused(void **state) {
    struct buf got = BUF_INIT;
    struct reply_reader *r = reply_reader_new();
    assert_int_equal(flood(r, "$4194304\r\n", REPLY_TEXT_MAX, &got), REPLY_TEXT_MAX);
    assert_true(feed(r, SLICE_LITERAL("\r\n"), &got));
    assert_true(reply_reader_is_idle(r));
    assert_true(buf_size(&got) > 0);
    buf_clear(&got);
    assert_int_equal(flood(r, "$4194305\r\n", REPLY_TEXT_MAX + 1, &got), REPLY_TEXT_MAX + 1);
    assert_false(feed(r, SLICE_LITERAL("\r\n"), &got));
    check("a string just too long", &got, "BAD: a reply with too long a string");
    reply_reader_free(r);
    buf_fini(&got);
}

static void an_endless_string_is_refused_at_the_bound_of_what_is_buffered(void **state) {
    struct buf got = BUF_INIT;
    struct reply_reader *r = reply_reader_new();
    size_t taken = flood(r, "$2000000000\r\n", 2 * REPLY_BUFFERED_MAX, &got);
    assert_true(taken >= REPLY_BUFFERED_MAX - 2 * PIECE_SIZE && taken <= REPLY_BUFFERED_MAX);
    check("an endless string", &got, "BAD: a reply with too long a string");
    reply_reader_free(r);
    buf_fini(&got);
}

static void an_endless_line_is_refused(void **state) {
    static const char *const heads[] = { "+", "-", ":1", "*1", "$1", "*2\r\n+a\r\n+" };
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        struct buf got = BUF_INIT;
        struct reply_reader *r = reply_reader_new();
        size_t taken = flood(r, heads[i], 2 * REPLY_BUFFERED_MAX, &got);
        assert_true(taken <= REPLY_LINE_MAX + PIECE_SIZE);
        check("an endless line", &got, "BAD: ");
        reply_reader_free(r);
        buf_fini(&got);
    }
}

/* Twelve bytes that ask for three megabytes, again and again. */
static void arrays_that_multiply_are_refused(void **state) {
    struct buf got = BUF_INIT;
    struct reply_reader *r = reply_reader_new();
    bool taken = feed(r, SLICE_LITERAL("*65536\r\n"), &got);
    int arrays = 0;
    while (taken && arrays < 100) {
        taken = feed(r, SLICE_LITERAL("*65536\r\n"), &got);
        arrays++;
    }
    assert_true(arrays < 10);
    check("arrays within arrays", &got, "BAD: ");
    reply_reader_free(r);
    buf_fini(&got);
}

static void many_strings_are_refused_at_the_bound_of_memory(void **state) {
    struct buf got = BUF_INIT;
    struct reply_reader *r = reply_reader_new();
    bool taken = feed(r, SLICE_LITERAL("*1000\r\n"), &got);
    int strings = 0;
    while (taken && strings < 1000) {
        taken = flood(r, "$65536\r\n", PIECE_SIZE, &got) == PIECE_SIZE &&
            feed(r, SLICE_LITERAL("\r\n"), &got);
        strings++;
    }
    assert_true(strings > 200 && strings < 300);
    check("many strings", &got, "BAD: a reply that takes too much memory");
    reply_reader_free(r);
    buf_fini(&got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_in_every_split),
        cmocka_unit_test(hostile_replies_are_refused_in_every_split),
        cmocka_unit_test(a_reader_is_idle_between_replies_only),
        cmocka_unit_test(the_longest_string_is_read_and_a_longer_one_refused),
        cmocka_unit_test(an_endless_string_is_refused_at_the_bound_of_what_is_buffered),
        cmocka_unit_test(an_endless_line_is_refused),
        cmocka_unit_test(arrays_that_multiply_are_refused),
        cmocka_unit_test(many_strings_are_refused_at_the_bound_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
