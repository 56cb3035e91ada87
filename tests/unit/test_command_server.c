#include "tests/unit/answer.h"

static void requests_are_pipelined_in_any_form(void **state) {
    struct desk *d = *state;
    struct slice mixed = SLICE_LITERAL("PING\r\n*1\r\n$4\r\nping\r\n\r\n*0\r\nPING 'a b'\n"
                                       "*2\r\n$4\r\nPING\r\n$2\r\n\r\n\r\n");
    assert_replies(desk_send(d, 1, mixed), "+\"PONG\" +\"PONG\" $\"a b\" $\"\\r\\n\"");
}

static void requests_may_come_in_pieces(void **state) {
    struct desk *d = *state;
    struct slice request = SLICE_LITERAL("*2\r\n$4\r\nPING\r\n$3\r\nabc\r\nPING x\r\n");
    struct buf got = BUF_INIT;
    for (size_t i = 0; i < request.size; i++)
        buf_add_slice(&got, desk_send(d, 1, slice_sub(request, i, 1)));
    assert_replies(buf_slice(&got), "$\"abc\" $\"x\"");
    buf_fini(&got);
}

static void one_step_sends_one_reply(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "PING\r\nPING\r\nSENTINEL MYID\r\nPING");
    size_t replies = 0;
    for (size_t i = 0; i < d->out.count; i++)
        replies += d->out.items[i].kind == EFFECT_REPLY;
    assert_int_equal(replies, 1);
}

static void broken_requests_are_answered_and_hung_up(void **state) {
    static const struct {
        const char *sent, *reply;
    } cases[] = {
        { "*1\r\n+PING\r\n", "-ERR Protocol error: expected '$', got '+'\r\n" },
        { "*99999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n" },
        { "*1\r\n$99999999\r\n", "-ERR Protocol error: invalid bulk length\r\n" },
        { "PING \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n" },
        { "PING\r\n*x\r\nPING\r\n", "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t client = 10 + i;
        desk_open(d, client);
        assert_slice(desk_send(d, client, slice_of(cases[i].sent)), cases[i].reply);
        assert_int_equal(d->hung_up, client);
        assert_answer(d, client, "PING", ""); /* nothing is heard any more */
        desk_close(d, client);
    }
}

static void http_is_hung_up_without_a_word(void **state) {
    static const char *const lines[] = { "POST / HTTP/1.1", "Host: example.org", "host: x" };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        desk_open(d, 10 + i);
        assert_answer(d, 10 + i, lines[i], "");
        assert_int_equal(d->hung_up, 10 + i);
    }
}

/* Few arguments, each as long as it may be, and together too long. */
static void a_request_beyond_the_bound_is_refused(void **state) {
    struct desk *d = *state;
    struct buf request = BUF_INIT;
    buf_add_text(&request, "*20\r\n");
    for (int i = 0; i < 20; i++) {
        buf_printf(&request, "$%d\r\n", RESP_BULK_MAX);
        for (int k = 0; k < RESP_BULK_MAX / 16; k++)
            buf_add_text(&request, "0123456789abcdef");
        buf_add_text(&request, "\r\n");
    }
    struct slice rest = buf_slice(&request), got = SLICE_EMPTY;
    while (rest.size > 0 && d->hung_up == 0) {
        got = desk_send(d, 1, slice_sub(rest, 0, 16384));
        rest = slice_sub(rest, 16384, rest.size);
    }
    assert_slice(got, "-ERR Protocol error: too big request\r\n");
    assert_int_equal(d->hung_up, 1);
    buf_fini(&request);
}

static void clients_beyond_the_bound_are_refused(void **state) {
    struct desk *d = *state;
    for (uint64_t client = 3; client <= 100; client++)
        desk_open(d, client);
    assert_int_equal(d->hung_up, 0);
    d->received_by = 101;
    buf_clear(&d->received);
    desk_open(d, 101);
    assert_slice(buf_slice(&d->received), "-ERR max number of clients reached\r\n");
    assert_int_equal(d->hung_up, 101);
    assert_answer(d, 101, "PING", "");
    desk_close(d, 101);
    desk_close(d, 100);
    desk_open(d, 102);
    assert_answer(d, 102, "PING", "+\"PONG\"");
    assert_int_equal(d->server->stats.rejected, 1);
}

static void strangers_are_ignored(void **state) {
    struct desk *d = *state;
    assert_answer(d, 77, "PING", "");
    desk_close(d, 77);
}

/* The reply grows with each request; the one that asks for too many is not served to the end. */
static void a_flood_of_long_replies_is_hung_up(void **state) {
    struct desk *d = *state;
    struct buf many = BUF_INIT;
    for (int i = 0; i < 60000; i++)
        buf_add_text(&many, "COMMAND DOCS\n");
    assert_slice(desk_send(d, 1, buf_slice(&many)), "");
    assert_int_equal(d->hung_up, 1);
    buf_fini(&many);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(requests_are_pipelined_in_any_form),
        DESK_TEST(requests_may_come_in_pieces),
        DESK_TEST(one_step_sends_one_reply),
        DESK_TEST(broken_requests_are_answered_and_hung_up),
        DESK_TEST(http_is_hung_up_without_a_word),
        DESK_TEST(a_request_beyond_the_bound_is_refused),
        DESK_TEST(clients_beyond_the_bound_are_refused),
        DESK_TEST(strangers_are_ignored),
        DESK_TEST(a_flood_of_long_replies_is_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
