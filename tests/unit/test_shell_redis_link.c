#include "sentinel/shell/redis_link.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/descriptors.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"
#include "sentinel/shell/stream.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

/* Links on a loop of their own, to a server that is a bare socket. */
struct fixture {
    struct loop *loop;
    struct streams streams;
    struct redis_links links;
    struct buf told; /* inputs, as printed; a '|' after each */
    int listen_fd;
    struct endpoint address;
    int server_fd; /* accepted; -1 = not yet */
};

static void print_input(void *context, const struct input *in) {
    struct fixture *f = context;
    switch (in->kind) {
    case INPUT_LINK_UP:
        buf_printf(&f->told, "up %u.%llu|", in->link.value, (unsigned long long)in->incarnation);
        break;
    case INPUT_LINK_LOST:
        buf_printf(&f->told, "%s %u.%llu " SLICE_FMT "|", in->refused ? "refused" : "lost",
            in->link.value, (unsigned long long)in->incarnation, SLICE_ARG(in->why));
        break;
    case INPUT_REPLY:
        buf_printf(&f->told, "reply %llu ", (unsigned long long)in->tag);
        resp_value_print(&in->value, &f->told);
        buf_add_char(&f->told, '|');
        break;
    case INPUT_MESSAGE:
        buf_printf(&f->told, "message " SLICE_FMT " " SLICE_FMT "|", SLICE_ARG(in->channel),
            SLICE_ARG(in->payload));
        break;
    default:
        fail();
    }
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){ .told = BUF_INIT, .server_fd = -1 };
    f->loop = loop_new();
    assert_non_null(f->loop);
    streams_init(&f->streams, f->loop);
    redis_links_init(&f->links, &f->streams, (struct inlet){ .take = print_input, .context = f });
    struct endpoint any;
    assert_true(endpoint_make(SLICE_LITERAL("127.0.0.1"), 0, &any));
    assert_int_equal(socket_listen(&any, &f->listen_fd), 0);
    socket_local(f->listen_fd, &f->address);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    redis_links_fini(&f->links);
    streams_fini(&f->streams);
    loop_free(f->loop);
    buf_fini(&f->told);
    close(f->listen_fd);
    if (f->server_fd >= 0)
        close(f->server_fd);
    return 0;
}

/* ---- the two ends ---- */

static void open_link(struct fixture *f, uint64_t incarnation, enum link_purpose purpose) {
    redis_links_open(
        &f->links, (struct link_id){ 1 }, incarnation, purpose, &f->address, SLICE_EMPTY);
}

static void send_words(struct fixture *f, uint64_t incarnation, uint64_t tag, const char *words) {
    struct slice rest = slice_of(words);
    struct slice split[8];
    struct request requests[4];
    size_t word_count = 0, request_count = 0;
    while (rest.size > 0) { /* "MULTI;PING x" is two requests */
        struct slice one = slice_cut(&rest, ';');
        struct request *r = &requests[request_count++];
        *r = (struct request){ .words = &split[word_count] };
        while (one.size > 0) {
            split[word_count++] = slice_cut(&one, ' ');
            r->word_count++;
        }
    }
    redis_links_send(&f->links, (struct link_id){ 1 }, incarnation, tag, requests, request_count);
}

static void turn(struct fixture *f) {
    (void)redis_links_begin(&f->links, TSTAMP_NEVER);
    streams_flush(&f->streams, TSTAMP_NEVER);
    loop_wait(f->loop, clock_mono_us() / 1000 + 5);
    (void)loop_dispatch(f->loop, TSTAMP_NEVER);
    (void)redis_links_report(&f->links, TSTAMP_NEVER);
}

static void server_accept(struct fixture *f) {
    if (f->server_fd >= 0)
        close(f->server_fd);
    struct endpoint remote;
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (socket_accept(f->listen_fd, &f->server_fd, &remote) < 0) {
        assert_true(clock_mono_us() / 1000 < until_ms);
        turn(f);
    }
}

static void server_says(struct fixture *f, struct slice bytes) {
    assert_int_equal(send(f->server_fd, bytes.data, bytes.size, MSG_NOSIGNAL), bytes.size);
}

static void server_hears(struct fixture *f, const char *expected) {
    char heard[1024] = "";
    size_t size = 0;
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (size < strlen(expected) && clock_mono_us() / 1000 < until_ms) {
        turn(f);
        ssize_t n = recv(f->server_fd, heard + size, sizeof(heard) - 1 - size, MSG_DONTWAIT);
        if (n > 0)
            size += (size_t)n;
    }
    assert_string_equal(heard, expected);
}

/* Turns the loop until as much was told, then compares. */
static void expect_told(struct fixture *f, const char *expected) {
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (buf_size(&f->told) < strlen(expected) && clock_mono_us() / 1000 < until_ms)
        turn(f);
    turn(f);
    assert_string_equal(buf_text(&f->told), expected);
    buf_clear(&f->told);
}

static void connect_link(struct fixture *f, enum link_purpose purpose) {
    open_link(f, 1, purpose);
    server_accept(f);
    expect_told(f, "up 1.1|");
}

/* ---- tests ---- */

static void what_is_sent_before_the_connection_is_kept(void **state) {
    struct fixture *f = *state;
    open_link(f, 1, LINK_COMMAND);
    send_words(f, 1, 7, "AUTH secret;PING");
    server_accept(f);
    server_hears(f, "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n");
    server_says(f, SLICE_LITERAL("+OK\r\n+PONG\r\n"));
    expect_told(f, "up 1.1|reply 7 +PONG|");
}

static void the_last_reply_of_a_send_is_its_answer(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    send_words(f, 1, 1, "MULTI;SLAVEOF NO ONE;EXEC");
    send_words(f, 1, 2, "PING");
    server_says(f, SLICE_LITERAL("+OK\r\n+QUEUED\r\n"));
    server_says(f, SLICE_LITERAL("*1\r\n+OK\r\n-LOADING no\r\n"));
    expect_told(f, "reply 1 [+OK]|reply 2 -LOADING no|");
}

static void messages_are_no_replies_on_a_pubsub_link(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_PUBSUB);
    send_words(f, 1, 1, "SUBSCRIBE c");
    server_says(f,
        SLICE_LITERAL("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
                      "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n"));
    expect_told(f, "reply 1 [\"subscribe\", \"c\", :1]|message c hello|");
}

static void messages_are_replies_on_a_command_link(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    send_words(f, 1, 1, "PING");
    server_says(f, SLICE_LITERAL("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"));
    expect_told(f, "reply 1 [\"message\", \"c\", \"x\"]|");
}

static void bad_news_loses_the_link_once(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum link_purpose purpose;
        const char *bytes;
        const char *told;
    } cases[] = {
        { LINK_COMMAND, "+PONG\r\n+PONG\r\n",
            "up 1.1|reply 1 +PONG|lost 1.1 a reply without a request|" },
        { LINK_COMMAND, "+PONG\r\nHTTP/1.1 200 OK\r\n",
            "up 1.1|reply 1 +PONG|lost 1.1 Protocol error, got \"H\" as reply type byte|" },
        { LINK_COMMAND, "*1000000000\r\n+PONG\r\n",
            "up 1.1|lost 1.1 a reply with too big an array|" },
        { LINK_PUBSUB, "*3\r\n$7\r\nmessage\r\n:1\r\n$1\r\nx\r\n+PONG\r\n",
            "up 1.1|lost 1.1 a pub/sub message without text|" },
        { LINK_PUBSUB, "-NOAUTH\r\n-NOAUTH\r\n",
            "up 1.1|reply 1 -NOAUTH|lost 1.1 a reply without a request|" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct slice bytes = slice_of(cases[i].bytes);
        for (size_t cut = 0; cut <= bytes.size; cut++) {
            open_link(f, 1, cases[i].purpose);
            send_words(f, 1, 1, "PING");
            server_accept(f);
            server_says(f, slice_sub(bytes, 0, cut));
            turn(f);
            server_says(f, slice_sub(bytes, cut, bytes.size));
            expect_told(f, cases[i].told);
            assert_int_equal(f->links.count, 0);
        }
    }
}

static void a_refused_connection_is_a_loss(void **state) {
    struct fixture *f = *state;
    close(f->listen_fd);
    open_link(f, 1, LINK_COMMAND);
    send_words(f, 1, 1, "PING");
    assert_string_equal(buf_text(&f->told), "");
    expect_told(f, "refused 1.1 Connection refused|");
    struct endpoint any;
    endpoint_make(SLICE_LITERAL("127.0.0.1"), 0, &any);
    socket_listen(&any, &f->listen_fd);
}

static void a_host_name_is_a_loss(void **state) {
    struct fixture *f = *state;
    assert_true(endpoint_make(SLICE_LITERAL("db.example"), 6379, &f->address));
    open_link(f, 1, LINK_COMMAND);
    send_words(f, 1, 1, "PING");
    expect_told(f, "lost 1.1 not an IP address|");
}

static void the_end_of_the_server_is_a_loss(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    send_words(f, 1, 1, "PING");
    server_hears(f, "*1\r\n$4\r\nPING\r\n");
    close(f->server_fd);
    f->server_fd = -1;
    expect_told(f, "lost 1.1 closed by the other end|");
    send_words(f, 1, 2, "PING");
    redis_links_close(&f->links, (struct link_id){ 1 }, 1);
    expect_told(f, "");
}

static void a_closed_incarnation_tells_nothing(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    send_words(f, 1, 1, "PING");
    server_hears(f, "*1\r\n$4\r\nPING\r\n");
    server_says(f, SLICE_LITERAL("+PONG\r\n"));
    redis_links_close(&f->links, (struct link_id){ 1 }, 1);
    open_link(f, 2, LINK_COMMAND);
    send_words(f, 1, 9, "INFO");
    redis_links_close(&f->links, (struct link_id){ 1 }, 1);
    send_words(f, 2, 1, "PING");
    server_accept(f);
    server_hears(f, "*1\r\n$4\r\nPING\r\n");
    server_says(f, SLICE_LITERAL("+LOADING\r\n"));
    expect_told(f, "up 1.2|reply 1 +LOADING|");
}

static void a_lost_link_may_be_closed_before_it_is_told(void **state) {
    struct fixture *f = *state;
    assert_true(endpoint_make(SLICE_LITERAL("nowhere"), 1, &f->address));
    open_link(f, 1, LINK_COMMAND);
    redis_links_close(&f->links, (struct link_id){ 1 }, 1);
    assert_true(list_is_empty(&f->links.lost));
    expect_told(f, "");
}

static void losses_are_told_for_a_while_and_then_later(void **state) {
    struct fixture *f = *state;
    assert_true(endpoint_make(SLICE_LITERAL("nowhere"), 1, &f->address));
    for (uint32_t id = 1; id <= 3; id++)
        redis_links_open(
            &f->links, (struct link_id){ id }, 1, LINK_COMMAND, &f->address, SLICE_EMPTY);
    (void)redis_links_begin(&f->links, TSTAMP_NEVER);
    assert_false(redis_links_report(&f->links, 0)); /* one at least */
    assert_int_equal(f->links.count, 2);
    assert_false(redis_links_report(&f->links, 0));
    assert_true(redis_links_report(&f->links, 0));
    assert_true(redis_links_report(&f->links, 0));
    assert_int_equal(f->links.count, 0);
}

static void a_server_that_does_not_read_is_lost(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    static char big[1024 * 1024];
    memset(big, 'x', sizeof(big));
    struct slice word = { .data = big, .size = sizeof(big) };
    struct request request = { .words = &word, .word_count = 1 };
    for (uint64_t tag = 1; f->links.count == 1 && tag < 100; tag++) {
        redis_links_send(&f->links, (struct link_id){ 1 }, 1, tag, &request, 1);
        turn(f);
    }
    expect_told(f, "lost 1.1 output limit reached: the other end does not read|");
}

static void replies_come_back_in_order_however_many_wait(void **state) {
    struct fixture *f = *state;
    connect_link(f, LINK_COMMAND);
    struct buf expected = BUF_INIT;
    uint64_t sent = 0, answered = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < round % 9 + 1; i++)
            send_words(f, 1, ++sent, "PING");
        for (int i = 0; i < round % 7 + 1 && answered < sent; i++) {
            answered++;
            server_says(f, SLICE_LITERAL("+PONG\r\n"));
            buf_printf(&expected, "reply %llu +PONG|", (unsigned long long)answered);
        }
        expect_told(f, buf_text(&expected));
        buf_clear(&expected);
    }
    buf_fini(&expected);
}

/* ---- descriptors ---- */

static struct link_id link_id(uint32_t value) {
    return (struct link_id){ value };
}

/* Takes all descriptors that are left. Returns how many. */
static size_t take_all(int *taken, size_t capacity) {
    size_t count = 0;
    int fd;
    while (count < capacity && (fd = dup(STDERR_FILENO)) >= 0)
        taken[count++] = fd;
    return count;
}

struct hoard {
    int fds[256];
    size_t count;
    int asked;
};

static bool give_one(void *context) {
    struct hoard *h = context;
    h->asked++;
    if (h->count == 0)
        return false;
    close(h->fds[--h->count]);
    return true;
}

static void a_link_without_a_descriptor_gets_one(void **state) {
    struct fixture *f = *state;
    struct rlimit before, scarce;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    scarce = before;
    scarce.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &scarce), 0);
    static struct hoard hoard;
    hoard = (struct hoard){ .asked = 0 };
    f->links.make_room = give_one;
    f->links.room_context = &hoard;
    redis_links_open(&f->links, link_id(1), 1, LINK_COMMAND, &f->address, SLICE_EMPTY);
    assert_true(redis_links_begin(&f->links, TSTAMP_NEVER));
    assert_int_equal(hoard.asked, 0); /* there was one */
    expect_told(f, "up 1.1|");
    hoard.count = take_all(hoard.fds, ARRAY_SIZE(hoard.fds));
    assert_true(hoard.count > 0);
    redis_links_open(&f->links, link_id(2), 2, LINK_COMMAND, &f->address, SLICE_EMPTY);
    assert_true(redis_links_begin(&f->links, TSTAMP_NEVER));
    assert_int_equal(hoard.asked, 1);
    expect_told(f, "up 2.2|");

    f->links.make_room = NULL; /* nobody gives one: a loss like others */
    redis_links_open(&f->links, link_id(3), 3, LINK_COMMAND, &f->address, SLICE_EMPTY);
    assert_true(redis_links_begin(&f->links, TSTAMP_NEVER));
    while (hoard.count > 0)
        close(hoard.fds[--hoard.count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_told(f, "lost 3.3 Too many open files|");
}

static void links_are_opened_one_after_the_other(void **state) {
    struct fixture *f = *state;
    redis_links_open(&f->links, link_id(1), 1, LINK_COMMAND, &f->address, SLICE_EMPTY);
    redis_links_open(&f->links, link_id(2), 2, LINK_COMMAND, &f->address, SLICE_EMPTY);
    redis_links_open(&f->links, link_id(3), 3, LINK_COMMAND, &f->address, SLICE_EMPTY);
    assert_false(redis_links_begin(&f->links, 0)); /* one, however late it is */
    redis_links_close(&f->links, link_id(2), 2);   /* it has not begun */
    assert_int_equal(f->links.count, 2);
    assert_true(redis_links_begin(&f->links, 0));
    assert_true(redis_links_begin(&f->links, 0));
    redis_links_close(&f->links, link_id(1), 1);
    expect_told(f, "up 3.3|");
}

static void links_leave_a_part_to_clients(void **state) {
    (void)state;
    static const struct {
        size_t descriptors, links;
    } cases[] = {
        { 1048576, 1048576 - 32 - 256 },
        { 2048, 2048 - 32 - 256 },
        { 1024, 1024 - 32 - 128 },
        { 64, 64 - 32 - 8 },
        { 41, 1 },
        { 40, 1 },
        { 20, 1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(descriptors_for_links(cases[i].descriptors), cases[i].links);
}

static void clients_get_the_descriptors_that_links_leave(void **state) {
    static const struct {
        size_t descriptors, links, clients;
    } cases[] = {
        { 1000, 0, 1000 - 32 - 16 },
        { 1000, 100, 1000 - 32 - 16 - 100 },
        { 57, 0, 9 },
        { 56, 0, 8 },
        { 55, 0, 8 },
        { 20, 100, 8 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            descriptors_for_clients(cases[i].descriptors, cases[i].links), cases[i].clients);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_sent_before_the_connection_is_kept),
        TEST(the_last_reply_of_a_send_is_its_answer),
        TEST(messages_are_no_replies_on_a_pubsub_link),
        TEST(messages_are_replies_on_a_command_link),
        TEST(bad_news_loses_the_link_once),
        TEST(a_refused_connection_is_a_loss),
        TEST(a_host_name_is_a_loss),
        TEST(the_end_of_the_server_is_a_loss),
        TEST(a_closed_incarnation_tells_nothing),
        TEST(a_lost_link_may_be_closed_before_it_is_told),
        TEST(losses_are_told_for_a_while_and_then_later),
        TEST(a_server_that_does_not_read_is_lost),
        TEST(replies_come_back_in_order_however_many_wait),
        TEST(a_link_without_a_descriptor_gets_one),
        TEST(links_are_opened_one_after_the_other),
        TEST(links_leave_a_part_to_clients),
        TEST(clients_get_the_descriptors_that_links_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
