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

/* What the last step logged of HTTP; "" = nothing. */
static struct slice logged_of_http(const struct desk *d) {
    for (size_t i = 0; i < d->out.count; i++) {
        const struct effect *e = &d->out.items[i];
        if (e->kind == EFFECT_LOG && slice_contains(e->text, SLICE_LITERAL("HTTP")))
            return e->text;
    }
    return SLICE_EMPTY;
}

#define HTTP_LINE \
    "client 10.0.0.9:40000 hung up: it speaks HTTP; a page in a browser may try to misuse it"

static void http_is_logged_at_a_bounded_rate(void **state) {
    struct desk *d = *state;
    static const struct {
        int64_t after_ms;
        const char *line;
    } cases[] = {
        { 0, HTTP_LINE },
        { 0, "" },
        { 1000, "" },
        { 58998, "" },
        { 2, HTTP_LINE " (3 more since the last such line)" },
        { 59998, "" },
        { 1, "" },
        { 1, HTTP_LINE " (2 more since the last such line)" },
        { 60000, HTTP_LINE },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        desk_pass(d, cases[i].after_ms);
        desk_open(d, 10 + i);
        assert_answer(d, 10 + i, "POST / HTTP/1.1", "");
        assert_int_equal(d->hung_up, 10 + i);
        assert_slice(logged_of_http(d), cases[i].line);
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
    d->core->settings.limits.max[LIMIT_CLIENTS] = 100;
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
    assert_int_equal(d->core->limit_hits[LIMIT_CLIENTS], 1);
}

static void strangers_are_ignored(void **state) {
    struct desk *d = *state;
    assert_answer(d, 77, "PING", "");
    desk_close(d, 77);
}

/* ---- limits.query_buffer ---- */

static void a_request_may_be_as_long_as_the_query_buffer(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_QUERY_BUFFER] = 16 * 1024;
    struct buf query = BUF_INIT;
    buf_add_text(&query, "*2\r\n$4\r\nPING\r\n$20000\r\n");
    while (buf_size(&query) < 16 * 1024)
        buf_add_char(&query, 'x');
    assert_slice(desk_send(d, 1, buf_slice(&query)), "");
    assert_int_equal(d->hung_up, 0);
    assert_int_equal(d->core->limit_hits[LIMIT_QUERY_BUFFER], 0);
    assert_slice(desk_send(d, 1, SLICE_LITERAL("x")), "-ERR Protocol error: too big request\r\n");
    assert_int_equal(d->hung_up, 1);
    assert_int_equal(d->core->limit_hits[LIMIT_QUERY_BUFFER], 1);
    buf_fini(&query);
}

/* ---- limits.client_memory ---- */

/* The beginning of a request, of so many bytes. */
static void send_part(struct desk *d, uint64_t client, size_t size) {
    struct buf part = BUF_INIT;
    buf_add_text(&part, "*2\r\n$4\r\nPING\r\n$60000\r\n");
    while (buf_size(&part) < size)
        buf_add_char(&part, 'x');
    desk_send(d, client, buf_slice(&part));
    buf_fini(&part);
}

static void who_holds_most_is_hung_up_for_all(void **state) {
    struct desk *d = *state;
    const uint64_t *hits = &d->core->limit_hits[LIMIT_CLIENT_MEMORY];
    d->core->settings.limits.max[LIMIT_CLIENT_MEMORY] = 50000;
    desk_open(d, 3);
    send_part(d, 1, 10000);
    send_part(d, 2, 30000);
    send_part(d, 3, 10000);
    assert_int_equal(d->server->held, 50000);
    assert_int_equal(d->hung_up, 0);
    desk_send(d, 3, SLICE_LITERAL("x"));
    assert_int_equal(d->hung_up, 2); /* not the one that came last */
    assert_int_equal(*hits, 1);
    assert_int_equal(d->server->held, 20001);
    desk_close(d, 2);
    assert_int_equal(d->server->held, 20001);
    desk_close(d, 3);
    assert_int_equal(d->server->held, 10000);
    desk_ask(d, 1, "");
    assert_int_equal(*hits, 1);
}

static void what_waits_and_is_listened_to_counts_as_memory(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    desk_ask(d, 1, "SENTINEL FLUSHCONFIG");
    size_t waiting = d->server->held;
    assert_true(waiting > 0);
    desk_ask(d, 2, "SUBSCRIBE a b");
    desk_ask(d, 2, "PSUBSCRIBE *");
    assert_true(d->server->held > waiting + (size_t)3 * 100);
    desk_ask(d, 2, "UNSUBSCRIBE");
    desk_close(d, 2);
    assert_int_equal(d->server->held, waiting);
    desk_durable(d, 1, d->core->persist_seq);
    assert_int_equal(d->server->held, 0);
}

static void lowered_memory_counts_at_once(void **state) {
    struct desk *d = *state;
    send_part(d, 1, 30000);
    send_part(d, 2, 10000);
    d->core->settings.limits.max[LIMIT_CLIENT_MEMORY] = 5000;
    desk_timer(d, 0); /* any step */
    assert_int_equal(d->core->limit_hits[LIMIT_CLIENT_MEMORY], 2);
    assert_int_equal(d->server->held, 0);
}

/* ---- turns ---- */

static struct slice send_often(struct desk *d, uint64_t client, const char *line, int count) {
    struct buf many = BUF_INIT;
    for (int i = 0; i < count; i++)
        buf_printf(&many, "%s\n", line);
    struct slice got = desk_send(d, client, buf_slice(&many));
    buf_fini(&many);
    return got;
}

static size_t size_of_answer(struct desk *d, uint64_t client, const char *line) {
    return desk_ask(d, client, line).size;
}

static void a_long_pipeline_does_not_hold_up_the_others(void **state) {
    struct desk *d = *state;
    enum { SENT = 2000 };
    size_t one = size_of_answer(d, 1, "COMMAND DOCS");
    desk_pass(d, 1);
    size_t got = send_often(d, 1, "COMMAND DOCS", SENT).size;
    assert_true(got >= SERVER_SHARE - one - 64);
    assert_true(got <= SERVER_SHARE + one);
    assert_int_equal(desk_count(d, EFFECT_PAUSE), 1);
    assert_int_equal(server_deadline(d->server), d->now.mono_ms + 1);
    assert_answer(d, 2, "PING", "+\"PONG\""); /* in the same wake-up */
    assert_slice(desk_timer(d, 1), "");       /* its next turn is in the next one */

    size_t turns = 0;
    while (got < SENT * one) {
        desk_pass(d, 1);
        size_t more = desk_timer(d, 1).size;
        assert_true(more > 0);
        assert_true(more <= SERVER_SHARE + one);
        got += more;
        turns++;
        assert_answer(d, 2, "PING", "+\"PONG\"");
    }
    assert_int_equal(got, SENT * one);
    assert_true(turns >= got / (SERVER_SHARE + one) - 1);
    assert_int_equal(d->hung_up, 0);
    assert_int_equal(d->server->held, 0);
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    assert_answer(d, 1, "PING", "+\"PONG\"");
}

static void many_cheap_requests_are_a_share_too(void **state) {
    struct desk *d = *state;
    size_t got = send_often(d, 1, "PING", 100000).size;
    assert_true(got / 7 < SERVER_SHARE / SERVER_REQUEST_COST);
    for (int turn = 0; turn < 100; turn++) {
        desk_pass(d, 1);
        got += desk_timer(d, 1).size;
    }
    assert_int_equal(got, 100000 * 7);
}

static void turns_go_round(void **state) {
    struct desk *d = *state;
    enum { CLIENTS = 10 };
    size_t got[CLIENTS] = { 0 };
    size_t one = size_of_answer(d, 1, "COMMAND DOCS");
    for (uint64_t i = 0; i < CLIENTS; i++) {
        desk_open(d, 10 + i);
        desk_pass(d, 1);
        send_often(d, 10 + i, "COMMAND DOCS", 1000);
    }
    for (int turn = 0; turn < 10; turn++) { /* four of them have their turn at a time */
        desk_pass(d, 1);
        desk_timer(d, 0);
        size_t all = 0;
        for (size_t i = 0; i < d->out.count; i++) {
            const struct effect *e = &d->out.items[i];
            if (e->kind == EFFECT_REPLY) {
                got[e->client.value - 10] += e->bytes.size;
                all += e->bytes.size;
            }
        }
        assert_true(all <= SERVER_SHARES + 4 * one);
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(got[i] >= (size_t)3 * SERVER_SHARE);
        assert_true(got[i] <= 5 * (SERVER_SHARE + one));
    }
}

static void beyond_the_shares_of_all_even_the_first_request_waits(void **state) {
    struct desk *d = *state;
    for (uint64_t i = 0; i < 8; i++)
        desk_open(d, 10 + i);
    desk_pass(d, 1);
    for (uint64_t i = 0; i < 8; i++)
        send_often(d, 10 + i, "COMMAND DOCS", 100);
    assert_answer(d, 1, "PING", "");
    desk_pass(d, 1);
    assert_answer(d, 2, "PING", "+\"PONG\""); /* a new wake-up */
    size_t got = desk_timer(d, 1).size;
    for (int turn = 0; turn < 5 && got == 0; turn++) {
        desk_pass(d, 1);
        got = desk_timer(d, 1).size;
    }
    assert_int_equal(got, 7);
}

static void who_does_not_read_is_not_served(void **state) {
    struct desk *d = *state;
    desk_choke(d, 1, true);
    assert_int_equal(desk_count(d, EFFECT_PAUSE), 1);
    assert_answer(d, 1, "PING a\r\nPING b", "");
    desk_pass(d, 1);
    assert_slice(desk_timer(d, 1), "");
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    assert_slice(desk_publish(d, 1, "+x", "y"), "");
    desk_choke(d, 1, false);
    desk_pass(d, 1);
    assert_replies(desk_timer(d, 1), "$\"a\" $\"b\"");
    assert_int_equal(desk_count(d, EFFECT_RESUME), 1);
}

static void who_stops_reading_amid_a_pipeline_waits(void **state) {
    struct desk *d = *state;
    size_t one = size_of_answer(d, 1, "COMMAND DOCS");
    desk_pass(d, 1);
    size_t got = send_often(d, 1, "COMMAND DOCS", 100).size;
    desk_choke(d, 1, true);
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    desk_pass(d, 1);
    assert_slice(desk_timer(d, 1), "");
    desk_choke(d, 1, false);
    for (int turn = 0; turn < 100; turn++) {
        desk_pass(d, 1);
        got += desk_timer(d, 1).size;
    }
    assert_int_equal(got, 100 * one);
}

static void a_client_that_waits_for_its_turn_may_go(void **state) {
    struct desk *d = *state;
    send_often(d, 1, "COMMAND DOCS", 1000);
    desk_close(d, 1);
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
    desk_pass(d, 1);
    assert_slice(desk_timer(d, 0), "");
}

/* ---- what the shell tells ---- */

static void evictions_are_logged_at_a_bounded_rate(void **state) {
    struct desk *d = *state;
    static const struct {
        uint64_t evicted;
        int64_t after_ms;
        const char *line;
    } cases[] = {
        { 0, 0, NULL },
        { 2, 1000, "descriptors are scarce: 2 clients closed" },
        { 5, 1000, NULL },
        { 6, 58999, NULL },
        { 6, 1, "descriptors are scarce: 4 clients closed" },
        { 6, 60000, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        desk_pass(d, cases[i].after_ms);
        effects_clear(&d->out);
        core_begin(d->core, d->now, &d->out);
        server_take_usage(
            d->server, &(struct usage){ .clients = { .allowed = 7, .evicted = cases[i].evicted } });
        assert_int_equal(desk_count(d, EFFECT_LOG), cases[i].line != NULL);
        if (cases[i].line != NULL)
            assert_true(slice_starts_with(d->out.items[d->out.count - 1].text, cases[i].line));
    }
    assert_int_equal(server_allowed_clients(d->server), 7);
}

static void a_busy_loop_is_logged_at_a_bounded_rate(void **state) {
    struct desk *d = *state;
    struct usage usage = { .loop = { .wakes = 1 } };
    static const struct {
        int64_t seconds, busy_ms, late_ms; /* of each */
        size_t lines;
        const char *last;
    } cases[] = {
        { 20, 790, 0, 0, NULL },
        { 9, 1000, 0, 1, "the processor does not suffice" },
        { 50, 700, 300, 0, NULL },
        { 60, 700, 300, 1,
            "the processor does not suffice: in the last 10 s busy for 70 % with 60 % of a processor, "
            "late for 30 %, 40 ms in one turn at most; 1 groups, 2 clients" },
        { 70, 600, 0, 1, "the processor does not suffice" },
        { 20, 100, 0, 1, "the processor suffices again" },
        { 20, 100, 0, 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t lines = 0;
        for (int64_t second = 0; second < cases[i].seconds; second++) {
            desk_pass(d, 1000);
            effects_clear(&d->out);
            core_begin(d->core, d->now, &d->out);
            usage.loop.wakes++;
            usage.loop.busy_us += cases[i].busy_ms * 1000;
            usage.loop.late_us += cases[i].late_ms * 1000;
            usage.loop.longest_us = 40000;
            usage.loop_user_us += 600000;
            server_take_usage(d->server, &usage);
            if (desk_count(d, EFFECT_LOG) == 0)
                continue;
            lines++;
            if (!slice_starts_with(d->out.items[d->out.count - 1].text, cases[i].last))
                fail_msg("case %zu: " SLICE_FMT, i, SLICE_ARG(d->out.items[d->out.count - 1].text));
        }
        assert_int_equal(lines, cases[i].lines);
    }
}

static void short_memory_is_logged_once(void **state) {
    struct desk *d = *state;
    static const struct {
        uint64_t used_mib;
        const char *line;
    } cases[] = {
        { 899, NULL },
        { 900,
            "memory is short: 900 MiB of the 1000 MiB that are allowed are in use (systemd: MemoryMax, "
            "containers: their limit); 1 groups, 2 clients" },
        { 1000, NULL },
        { 800, NULL },
        { 799, "memory suffices again" },
        { 700, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct usage usage = { .memory = {
                                   .allowed = 1000 << 20, .used = cases[i].used_mib << 20 } };
        desk_pass(d, 1000);
        effects_clear(&d->out);
        core_begin(d->core, d->now, &d->out);
        server_take_usage(d->server, &usage);
        assert_int_equal(desk_count(d, EFFECT_LOG), cases[i].line != NULL);
        if (cases[i].line != NULL)
            assert_slice(d->out.items[d->out.count - 1].text, cases[i].line);
    }
}

/* ---- idle clients ---- */

static void idle_clients_are_closed_when_their_time_is_over(void **state) {
    struct desk *d = *state;
    d->unjudged = true;
    desk_ask(d, 2, "SUBSCRIBE +sdown");
    desk_pass(d, 5000);
    d->core->settings.client_timeout_ms = 10000;
    desk_timer(d, 1);
    assert_int_equal(server_deadline(d->server) - d->now.mono_ms, 5000);
    desk_ask(d, 1, "PING");
    desk_pass(d, 5000);
    d->hung_up = 0;
    desk_timer(d, 1);
    assert_int_equal(d->hung_up, 0);
    assert_int_equal(server_deadline(d->server) - d->now.mono_ms, 5000);
    desk_pass(d, 4999);
    desk_timer(d, 1);
    assert_int_equal(d->hung_up, 0);
    desk_pass(d, 1);
    desk_timer(d, 1);
    assert_int_equal(d->hung_up, 1);
    desk_pass(d, 100000);
    d->hung_up = 0;
    desk_timer(d, 2);
    assert_int_equal(d->hung_up, 0); /* a subscriber */
    desk_ask(d, 2, "UNSUBSCRIBE");
    desk_pass(d, 20000);
    desk_timer(d, 2);
    assert_int_equal(d->hung_up, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(requests_are_pipelined_in_any_form),
        DESK_TEST(requests_may_come_in_pieces),
        DESK_TEST(one_step_sends_one_reply),
        DESK_TEST(broken_requests_are_answered_and_hung_up),
        DESK_TEST(http_is_hung_up_without_a_word),
        DESK_TEST(http_is_logged_at_a_bounded_rate),
        DESK_TEST(a_request_beyond_the_bound_is_refused),
        DESK_TEST(clients_beyond_the_bound_are_refused),
        DESK_TEST(strangers_are_ignored),
        DESK_TEST(a_request_may_be_as_long_as_the_query_buffer),
        DESK_TEST(who_holds_most_is_hung_up_for_all),
        DESK_TEST(what_waits_and_is_listened_to_counts_as_memory),
        DESK_TEST(lowered_memory_counts_at_once),
        DESK_TEST(a_long_pipeline_does_not_hold_up_the_others),
        DESK_TEST(many_cheap_requests_are_a_share_too),
        DESK_TEST(turns_go_round),
        DESK_TEST(beyond_the_shares_of_all_even_the_first_request_waits),
        DESK_TEST(who_does_not_read_is_not_served),
        DESK_TEST(who_stops_reading_amid_a_pipeline_waits),
        DESK_TEST(a_client_that_waits_for_its_turn_may_go),
        DESK_TEST(evictions_are_logged_at_a_bounded_rate),
        DESK_TEST(a_busy_loop_is_logged_at_a_bounded_rate),
        DESK_TEST(short_memory_is_logged_once),
        DESK_TEST(idle_clients_are_closed_when_their_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
