#include "tests/unit/answer.h"

#include "sentinel/command/session.h"

/* The store answers when the test says so. */
static int set_up(void **state) {
    set_up_desk(state);
    ((struct desk *)*state)->store_waits = true;
    return 0;
}

static const char ask_vote[] =
    "SENTINEL is-master-down-by-addr 127.0.0.1 28400 5 43a6b503dad0d9e4e3902c03e92e684d3a1d4233";
static const char vote[] = "*[:\"0\" $\"43a6b503dad0d9e4e3902c03e92e684d3a1d4233\" :\"5\"]";
static const char no_vote[] = "*[:\"0\" $\"*\" :\"0\"]";

static void a_vote_leaves_when_it_is_durable(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, ask_vote, "");
    uint64_t seq = d->core->persist_seq;
    assert_replies(desk_durable(d, 1, seq - 1), "");
    assert_replies(desk_durable(d, 1, seq), vote);
    assert_answer(d, 1, ask_vote, vote);
}

static void a_vote_that_cannot_be_written_is_not_told(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, ask_vote);
    uint64_t seq = d->core->persist_seq;
    assert_replies(desk_failed(d, 1, seq), no_vote);
    assert_answer(d, 1, ask_vote, no_vote); /* still not written */
    assert_replies(desk_durable(d, 1, seq + 1), "");
    assert_answer(d, 1, ask_vote, vote); /* the whole state was written: now it is */
}

static void a_change_that_cannot_be_written_is_an_error(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 3", "");
    assert_replies(desk_failed(d, 1, d->core->persist_seq),
        "-\"ERR Failed to save config file. Check server logs.\"");
}

static void replies_behind_a_waiting_one_wait_too(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "PING a\r\nSENTINEL SET mymaster quorum 3\r\nPING b", "$\"a\"");
    assert_answer(d, 1, "PING c", "");
    assert_answer(d, 2, "PING d", "$\"d\""); /* other connections do not care */
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "+\"OK\" $\"b\" $\"c\"");
}

static void each_reply_waits_for_its_own_write(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    uint64_t first = d->core->persist_seq;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 4\r\nPING");
    assert_replies(desk_durable(d, 1, first), "+\"OK\"");
    assert_replies(desk_failed(d, 1, first + 1),
        "-\"ERR Failed to save config file. Check server logs.\" +\"PONG\"");
}

static void messages_wait_behind_replies(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3");
    desk_ask(d, 1, "SUBSCRIBE +sdown");
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    assert_replies(desk_publish(d, 1, "+sdown", "x"), "");
    assert_replies(
        desk_durable(d, 1, d->core->persist_seq), "+\"OK\" >[$\"message\" $\"+sdown\" $\"x\"]");
}

static const struct session *first_session(const struct desk *d) {
    size_t position = 0;
    return map_next(&d->server->sessions, &position);
}

static void parsing_pauses_when_too_many_replies_wait(void **state) {
    struct desk *d = *state;
    enum { SENT = 3 * SESSION_WAITING_MAX };
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    uint64_t seq = d->core->persist_seq;
    /* They wait one by one, since each could fail on its own. */
    struct buf many = BUF_INIT;
    for (int i = 0; i < SENT; i++)
        buf_add_text(&many, "SENTINEL FLUSHCONFIG\r\n");
    assert_replies(desk_send(d, 1, buf_slice(&many)), "");
    const struct session *s = first_session(d);
    assert_int_equal(s->waiting_count, SESSION_WAITING_MAX);
    assert_true(buf_size(&s->query) > 0);

    size_t replies = 1;
    for (int round = 0; round < 5; round++) {
        struct slice got = desk_durable(d, 1, seq + 1 + (uint64_t)round);
        for (size_t i = 0; i < got.size; i++)
            replies += got.data[i] == '+';
    }
    buf_fini(&many);
    assert_int_equal(replies, 1 + 1 + SENT);
    assert_int_equal(s->waiting_count, 0);
}

static void a_client_that_sends_on_while_parsing_pauses_is_hung_up(void **state) {
    struct desk *d = *state;
    struct buf many = BUF_INIT;
    for (int i = 0; i < SESSION_WAITING_MAX; i++)
        buf_add_text(&many, "SENTINEL FLUSHCONFIG\r\n");
    for (int i = 0; i < 8; i++)
        desk_send(d, 1, buf_slice(&many));
    buf_fini(&many);
    assert_int_equal(d->hung_up, 0); /* what it is owed comes first */
    struct slice got = desk_durable(d, 1, d->core->persist_seq);
    struct slice end = SLICE_LITERAL("+OK\r\n-ERR Protocol error: too big request\r\n");
    assert_slice_equal(slice_sub(got, got.size - end.size, end.size), end);
    assert_int_equal(d->hung_up, 1);
}

static void a_protocol_error_comes_behind_what_waits(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 3\r\n*1\r\n+x\r\nPING", "");
    assert_int_equal(d->hung_up, 0);
    assert_replies(desk_durable(d, 1, d->core->persist_seq),
        "+\"OK\" -\"ERR Protocol error: expected '$', got '+'\"");
    assert_int_equal(d->hung_up, 1);
}

static void a_closed_client_waits_for_nothing(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    desk_close(d, 1);
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "");
}

static void a_client_that_lets_too_much_pile_up_is_hung_up(void **state) {
    struct desk *d = *state;
    struct buf payload = BUF_INIT;
    for (int i = 0; i < 1024 * 1024; i++)
        buf_add_char(&payload, 'x');
    desk_ask(d, 1, "HELLO 3");
    desk_ask(d, 1, "PSUBSCRIBE *");
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    for (int i = 0; i < 70; i++)
        desk_publish(d, 1, "+x", buf_text(&payload));
    buf_fini(&payload);
    assert_int_equal(d->hung_up, 1);
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "");
    assert_answer(d, 1, "PING", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_desk)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_vote_leaves_when_it_is_durable),
        TEST(a_vote_that_cannot_be_written_is_not_told),
        TEST(a_change_that_cannot_be_written_is_an_error),
        TEST(replies_behind_a_waiting_one_wait_too),
        TEST(each_reply_waits_for_its_own_write),
        TEST(messages_wait_behind_replies),
        TEST(parsing_pauses_when_too_many_replies_wait),
        TEST(a_client_that_sends_on_while_parsing_pauses_is_hung_up),
        TEST(a_protocol_error_comes_behind_what_waits),
        TEST(a_closed_client_waits_for_nothing),
        TEST(a_client_that_lets_too_much_pile_up_is_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
