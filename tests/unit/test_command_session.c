#include "tests/unit/answer.h"

#include "sentinel/command/call.h"
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

static void a_change_waits_for_the_file_too_if_one_is_kept(void **state) {
    struct desk *d = *state;
    d->core->writes_file = true;
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 3", "");
    uint64_t seq = d->core->persist_seq;
    assert_replies(desk_durable(d, 1, seq), "");
    assert_replies(desk_saved(d, 1, seq - 1), "");
    assert_replies(desk_saved(d, 1, seq), "+\"OK\"");

    /* in whichever order they come */
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 4", "");
    assert_replies(desk_saved(d, 1, seq + 1), "");
    assert_replies(desk_durable(d, 1, seq + 1), "+\"OK\"");

    assert_answer(d, 1, "SENTINEL FLUSHCONFIG\r\nSENTINEL SET mymaster quorum 5", "");
    assert_replies(desk_durable(d, 1, seq + 2), "");
    assert_replies(desk_unsaved(d, 1, seq + 2),
        "-\"ERR Failed to save config file. Check server logs.\" "
        "-\"ERR Failed to save config file. Check server logs.\"");
    assert_int_equal(d->group->settings.quorum, 5); /* the change stays */

    /* a failure of the disk needs no word of the file */
    assert_answer(d, 1, "SENTINEL FLUSHCONFIG", "");
    assert_replies(
        desk_failed(d, 1, seq + 3), "-\"ERR Failed to save config file. Check server logs.\"");
}

static void a_vote_does_not_wait_for_the_file(void **state) {
    struct desk *d = *state;
    d->core->writes_file = true;
    assert_answer(d, 1, ask_vote, "");
    assert_replies(desk_durable(d, 1, d->core->persist_seq), vote);
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

/* Requests whose replies wait one by one, since each could fail on its own. */
static struct slice flush_often(struct desk *d, int count) {
    struct buf many = BUF_INIT;
    for (int i = 0; i < count; i++)
        buf_add_text(&many, "SENTINEL FLUSHCONFIG\r\n");
    struct slice got = desk_send(d, 1, buf_slice(&many));
    buf_fini(&many);
    return got;
}

static size_t count_replies(struct slice got) {
    size_t count = 0;
    for (size_t i = 0; i < got.size; i++)
        count += got.data[i] == '+' || got.data[i] == '-';
    return count;
}

static void parsing_pauses_when_too_many_replies_wait(void **state) {
    struct desk *d = *state;
    const struct session *s = first_session(d);
    d->core->settings.limits.max[LIMIT_PARKED_REPLIES] = 10;
    flush_often(d, 9);
    assert_int_equal(s->waiting_count, 9);
    assert_false(session_is_held_up(s));
    assert_int_equal(d->core->limit_hits[LIMIT_PARKED_REPLIES], 0);

    flush_often(d, 1);
    assert_int_equal(s->waiting_count, 10);
    assert_int_equal(desk_count(d, EFFECT_PAUSE), 1);
    assert_int_equal(d->core->limit_hits[LIMIT_PARKED_REPLIES], 1);
    flush_often(d, 1);
    assert_int_equal(s->waiting_count, 10);
    assert_true(buf_size(&s->query) > 0);
    assert_int_equal(d->core->limit_hits[LIMIT_PARKED_REPLIES], 1);

    /* The first nine leave, and what was held up goes on. */
    assert_int_equal(count_replies(desk_durable(d, 1, d->core->persist_seq)), 10);
    assert_int_equal(s->waiting_count, 1);
    assert_int_equal(buf_size(&s->query), 0);
    assert_false(s->is_paused);
}

static void no_reply_is_lost_while_parsing_pauses(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_PARKED_REPLIES] = 1000;
    flush_often(d, 3500);
    size_t replies = 0;
    for (int round = 0; round < 10; round++) {
        replies += count_replies(desk_durable(d, 1, d->core->persist_seq));
        desk_pass(d, 1);
        replies += count_replies(desk_timer(d, 1));
    }
    assert_int_equal(replies, 3500);
    assert_int_equal(first_session(d)->waiting_count, 0);
}

static void a_client_that_sends_on_while_parsing_pauses_is_hung_up(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_PARKED_REPLIES] = 1;
    d->core->settings.limits.max[LIMIT_QUERY_BUFFER] = 16 * 1024;
    flush_often(d, 1);
    while (buf_size(&first_session(d)->query) <= SESSION_AHEAD_MAX)
        flush_often(d, 100);
    assert_int_equal(d->hung_up, 0); /* the shell may not have heeded the pause yet */
    flush_often(d, 1000);
    assert_int_equal(d->hung_up, 0); /* what it is owed comes first */
    assert_int_equal(d->core->limit_hits[LIMIT_QUERY_BUFFER], 1);
    struct slice got = desk_durable(d, 1, d->core->persist_seq);
    assert_slice(got, "+OK\r\n-ERR Protocol error: too big request\r\n");
    assert_int_equal(d->hung_up, 1);
}

/* ---- parked_time ---- */

static const char save_error[] = "-\"ERR Failed to save config file. Check server logs.\"";

static void a_reply_that_waits_too_long_is_a_failure(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_PARKED_TIME] = 1000;
    int64_t sent_ms = d->now.mono_ms;
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    desk_ask(d, 1, "PING a\r\nSENTINEL SET mymaster quorum 3\r\nPING b");
    assert_int_equal(server_deadline(d->server), sent_ms + 1000);
    desk_pass(d, 400);
    desk_ask(d, 1, ask_vote);
    desk_pass(d, 599);
    assert_replies(desk_timer(d, 1), "");
    desk_pass(d, 1);
    assert_replies(desk_timer(d, 1),
        "-\"ERR Failed to save config file. Check server logs.\" $\"b\""); /* as far as its time is
                                                                              up */
    assert_int_equal(d->core->limit_hits[LIMIT_PARKED_TIME], 1);
    assert_int_equal(server_deadline(d->server), sent_ms + 1400);
    desk_pass(d, 400);
    assert_replies(desk_timer(d, 1), no_vote);
    assert_int_equal(d->core->limit_hits[LIMIT_PARKED_TIME], 2);
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    /* The write comes after all: nothing is told twice, and the vote stands. */
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "");
    assert_answer(d, 1, ask_vote, "*[:\"1\" $\"43a6b503dad0d9e4e3902c03e92e684d3a1d4233\" :\"5\"]");
}

static void time_is_up_for_each_client_in_its_turn(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_PARKED_TIME] = 1000;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    uint64_t first = d->core->persist_seq;
    desk_pass(d, 100);
    desk_ask(d, 2, "SENTINEL SET mymaster quorum 4");
    desk_pass(d, 100);
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 5");
    assert_replies(desk_durable(d, 1, first), "+\"OK\"");
    assert_int_equal(server_deadline(d->server), d->now.mono_ms - 100 + 1000);
    desk_pass(d, 900);
    assert_replies(desk_timer(d, 2), save_error);
    assert_replies(desk_timer(d, 1), "");
    desk_pass(d, 100);
    assert_replies(desk_timer(d, 1), save_error);
}

static void parsing_goes_on_when_time_is_up(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_PARKED_TIME] = 1000;
    d->core->settings.limits.max[LIMIT_PARKED_REPLIES] = 1;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3\r\nPING a");
    desk_pass(d, 1000);
    assert_replies(
        desk_timer(d, 1), "-\"ERR Failed to save config file. Check server logs.\" $\"a\"");
    assert_int_equal(desk_count(d, EFFECT_RESUME), 1);
}

static void a_closed_client_has_no_deadline(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL SET mymaster quorum 3");
    desk_close(d, 1);
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
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
    for (int i = 0; i < 31; i++)
        desk_publish(d, 1, "+x", buf_text(&payload));
    assert_int_equal(d->hung_up, 0);
    desk_publish(d, 1, "+x", buf_text(&payload));
    buf_fini(&payload);
    assert_int_equal(d->hung_up, 1);
    assert_int_equal(d->core->limit_hits[LIMIT_OUTPUT_BUFFER], 1);
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "");
    assert_answer(d, 1, "PING", "");
}

/* ---- late replies ---- */

static void write_late(struct call *call, const void *context) {
    resp_status(&call->reply, context);
}

static void further_requests_wait_for_a_late_reply(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "PING");
    server_session(d->server, (struct client_id){ 1 })->is_awaiting = true; /* as call_await does */
    assert_answer(d, 1, "PING a\r\nPING b", "");
    assert_answer(d, 2, "PING c", "$\"c\""); /* other connections do not care */
    assert_replies(desk_answer(d, 1, write_late, "LATE"), "+\"LATE\" $\"a\" $\"b\"");
    assert_replies(desk_answer(d, 1, write_late, "AGAIN"), ""); /* none is awaited */
    assert_answer(d, 1, "PING d", "$\"d\"");
}

static void a_late_reply_comes_behind_what_waits(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 3", "");
    server_session(d->server, (struct client_id){ 1 })->is_awaiting = true;
    assert_replies(desk_answer(d, 1, write_late, "LATE"), "");
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "+\"OK\" +\"LATE\"");
}

static void a_late_reply_to_one_who_has_left_is_dropped(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "PING");
    server_session(d->server, (struct client_id){ 1 })->is_awaiting = true;
    desk_close(d, 1);
    assert_replies(desk_answer(d, 1, write_late, "LATE"), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_desk)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_vote_leaves_when_it_is_durable),
        TEST(a_vote_that_cannot_be_written_is_not_told),
        TEST(a_change_that_cannot_be_written_is_an_error),
        TEST(a_change_waits_for_the_file_too_if_one_is_kept),
        TEST(a_vote_does_not_wait_for_the_file),
        TEST(replies_behind_a_waiting_one_wait_too),
        TEST(each_reply_waits_for_its_own_write),
        TEST(messages_wait_behind_replies),
        TEST(parsing_pauses_when_too_many_replies_wait),
        TEST(no_reply_is_lost_while_parsing_pauses),
        TEST(a_client_that_sends_on_while_parsing_pauses_is_hung_up),
        TEST(a_reply_that_waits_too_long_is_a_failure),
        TEST(time_is_up_for_each_client_in_its_turn),
        TEST(parsing_goes_on_when_time_is_up),
        TEST(a_closed_client_has_no_deadline),
        TEST(a_protocol_error_comes_behind_what_waits),
        TEST(a_closed_client_waits_for_nothing),
        TEST(a_client_that_lets_too_much_pile_up_is_hung_up),
        TEST(further_requests_wait_for_a_late_reply),
        TEST(a_late_reply_comes_behind_what_waits),
        TEST(a_late_reply_to_one_who_has_left_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
