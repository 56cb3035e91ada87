/* Clients and the listeners that accept them. */
#include "sentinel/shell/client.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/limit.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/listener.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"
#include "sentinel/shell/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000
#define MAX_CLIENTS 3
#define OUTPUT_MAX  ((size_t)4 * 1024 * 1024)
#define MEMORY_MAX  ((size_t)6 * 1024 * 1024)

struct fixture {
    struct loop *loop;
    struct streams streams;
    struct clients clients;
    struct listeners listeners;
    struct buf told; /* inputs; a '|' after each */
    struct endpoint address;
    size_t room; /* for clients */
};

static size_t room_of(void *context) {
    const struct fixture *f = context;
    return f->room;
}

static void print_input(void *context, const struct input *in) {
    struct fixture *f = context;
    unsigned long long id = in->client.value;
    switch (in->kind) {
    case INPUT_CLIENT_OPENED:
        buf_printf(&f->told, "opened %llu from %s|", id, in->remote.host);
        assert_true(endpoint_equal(&in->local, &f->address));
        break;
    case INPUT_CLIENT_BYTES:
        buf_printf(&f->told, "bytes %llu " SLICE_FMT "|", id, SLICE_ARG(in->bytes));
        break;
    case INPUT_CLIENT_FULL:
        buf_printf(&f->told, "full %llu|", id);
        break;
    case INPUT_CLIENT_DRAINED:
        buf_printf(&f->told, "drained %llu|", id);
        break;
    case INPUT_CLIENT_CLOSED:
        buf_printf(&f->told, "closed %llu|", id);
        break;
    default:
        fail();
    }
}

/* A port that is free now. */
static struct endpoint free_endpoint(const char *host) {
    struct endpoint e;
    int fd;
    assert_true(endpoint_make(slice_of(host), 0, &e));
    assert_int_equal(socket_listen(&e, &fd), 0);
    socket_local(fd, &e);
    close(fd);
    return e;
}

static int listen_on(struct fixture *f, const struct endpoint *endpoints, size_t count) {
    const struct endpoint *failed;
    struct listen plain = { .count = count }, tls = { .count = 0 };
    for (size_t i = 0; i < count; i++)
        plain.at[i] = endpoints[i];
    int r = listeners_prepare(&f->listeners, &plain, &tls, &failed);
    if (r == 0)
        listeners_commit(&f->listeners);
    return r;
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){ .told = BUF_INIT };
    f->loop = loop_new();
    assert_non_null(f->loop);
    streams_init(&f->streams, f->loop);
    struct inlet inlet = { .take = print_input, .context = f };
    f->room = SIZE_MAX;
    clients_init(&f->clients, &f->streams, inlet, room_of, f);
    struct limits limits = { .max = { [LIMIT_CLIENTS] = MAX_CLIENTS,
                                 [LIMIT_OUTPUT_BUFFER] = OUTPUT_MAX,
                                 [LIMIT_CLIENT_MEMORY] = MEMORY_MAX } };
    clients_set_limits(&f->clients, &limits);
    listeners_init(&f->listeners, f->loop, &f->clients, NULL);
    f->address = free_endpoint("127.0.0.1");
    assert_int_equal(listen_on(f, &f->address, 1), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    listeners_fini(&f->listeners);
    clients_fini(&f->clients);
    streams_fini(&f->streams);
    loop_free(f->loop);
    buf_fini(&f->told);
    return 0;
}

static void turn(struct fixture *f) {
    loop_wait(f->loop, clock_mono_us() / 1000 + 5);
    (void)loop_dispatch(f->loop, TSTAMP_NEVER);
    streams_flush(&f->streams, TSTAMP_NEVER);
    clients_report(&f->clients);
}

static void expect_told(struct fixture *f, const char *expected) {
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (buf_size(&f->told) < strlen(expected) && clock_mono_us() / 1000 < until_ms)
        turn(f);
    turn(f);
    assert_string_equal(buf_text(&f->told), expected);
    buf_clear(&f->told);
}

static int dial(const struct endpoint *to) {
    int fd;
    assert_int_equal(socket_connect(to, NULL, &fd), 0);
    return fd;
}

/* What arrives until `expected` is there or the connection ends. */
static void expect_heard(struct fixture *f, int fd, const char *expected) {
    char heard[256] = "";
    size_t size = 0;
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (size < strlen(expected) && clock_mono_us() / 1000 < until_ms) {
        turn(f);
        ssize_t n = recv(fd, heard + size, sizeof(heard) - 1 - size, MSG_DONTWAIT);
        if (n == 0)
            break;
        if (n > 0)
            size += (size_t)n;
    }
    assert_string_equal(heard, expected);
}

static void expect_closed(struct fixture *f, int fd) {
    char byte;
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    ssize_t n;
    while ((n = recv(fd, &byte, 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
        assert_true(clock_mono_us() / 1000 < until_ms);
        turn(f);
    }
    assert_int_equal(n, 0);
    close(fd);
}

static void say(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static struct client_id client(uint64_t value) {
    return (struct client_id){ value };
}

static void bytes_go_in_and_out(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    say(fd, "PING");
    expect_told(f, "bytes 1 PING|");
    clients_write(&f->clients, client(1), SLICE_LITERAL("+PO"));
    clients_write(&f->clients, client(1), SLICE_LITERAL("NG"));
    clients_write(&f->clients, client(2), SLICE_LITERAL("for nobody"));
    expect_heard(f, fd, "+PONG");
    close(fd);
    expect_told(f, "closed 1|");
    clients_write(&f->clients, client(1), SLICE_LITERAL("too late"));
}

static void a_client_that_closed_its_half_gets_its_answer(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    say(fd, "PING");
    shutdown(fd, SHUT_WR);
    int64_t until_ms = clock_mono_us() / 1000 + 50;
    while (clock_mono_us() / 1000 < until_ms) { /* bytes and end before any flush */
        loop_wait(f->loop, clock_mono_us() / 1000 + 5);
        (void)loop_dispatch(f->loop, TSTAMP_NEVER);
    }
    clients_write(&f->clients, client(1), SLICE_LITERAL("+PONG"));
    expect_told(f, "opened 1 from 127.0.0.1|bytes 1 PING|closed 1|");
    expect_heard(f, fd, "+PONG");
    expect_closed(f, fd);
}

static void beyond_the_maximum_clients_are_refused(void **state) {
    struct fixture *f = *state;
    int fds[MAX_CLIENTS + 1];
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        fds[i] = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|opened 2 from 127.0.0.1|opened 3 from 127.0.0.1|");
    fds[MAX_CLIENTS] = dial(&f->address);
    expect_heard(f, fds[MAX_CLIENTS], "-ERR max number of clients reached\r\n");
    expect_closed(f, fds[MAX_CLIENTS]);
    assert_int_equal(clients_usage(&f->clients).refused, 1);
    close(fds[0]);
    expect_told(f, "closed 1|");
    fds[0] = dial(&f->address);
    expect_told(f, "opened 4 from 127.0.0.1|"); /* a number is never used again */
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        close(fds[i]);
}

static void a_hang_up_comes_after_the_last_byte(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    clients_write(&f->clients, client(1), SLICE_LITERAL("-ERR bye"));
    clients_hang_up(&f->clients, client(1));
    clients_hang_up(&f->clients, client(1));
    expect_told(f, "closed 1|");
    expect_heard(f, fd, "-ERR bye");
    expect_closed(f, fd);
}

static void clients_beyond_the_descriptors_are_refused(void **state) {
    struct fixture *f = *state;
    f->room = 1;
    int first = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    assert_int_equal(clients_usage(&f->clients).allowed, 1);
    int refused = dial(&f->address);
    expect_heard(f, refused, "-ERR max number of clients reached\r\n");
    expect_closed(f, refused);
    f->room = 2; /* asked anew each time */
    int second = dial(&f->address);
    expect_told(f, "opened 2 from 127.0.0.1|");
    assert_int_equal(clients_usage(&f->clients).refused, 1);
    close(first);
    close(second);
}

static char big[1024 * 1024];

/* Writes until so much is not read; what the system takes comes on top. */
static void stuff(struct fixture *f, uint64_t id, size_t unread) {
    while (f->clients.unread < unread) {
        clients_write(&f->clients, client(id), (struct slice){ .data = big, .size = 64 * 1024 });
        streams_flush(&f->streams, TSTAMP_NEVER);
    }
}

static void a_client_that_does_not_read_is_closed(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    stuff(f, 1, OUTPUT_MAX - 64 * 1024);
    expect_told(f, "full 1|");
    struct client_usage usage = clients_usage(&f->clients);
    assert_int_equal(usage.overflowed, 0);
    assert_int_equal(usage.unread, usage.longest_unread);
    while (f->clients.unread < OUTPUT_MAX) { /* the system may take some of it after a while */
        size_t left = OUTPUT_MAX - f->clients.unread;
        clients_write(&f->clients, client(1), (struct slice){ .data = big, .size = left });
        turn(f);
        assert_int_equal(clients_usage(&f->clients).overflowed, 0);
    }
    clients_write(&f->clients, client(1), (struct slice){ .data = big, .size = OUTPUT_MAX / 4 });
    expect_told(f, "closed 1|");
    assert_int_equal(clients_usage(&f->clients).overflowed, 1);
    assert_int_equal(f->clients.unread, 0);
    close(fd);
}

static void a_client_that_reads_again_is_told_of(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    stuff(f, 1, CLIENT_HIGH_WATER + 1);
    expect_told(f, "full 1|");
    clients_read(&f->clients, client(1), false);
    say(fd, "PING");
    for (int i = 0; i < 5; i++)
        turn(f);
    assert_string_equal(buf_text(&f->told), ""); /* nobody reads it */
    size_t unread = f->clients.unread;
    while (f->clients.unread > 0) {
        assert_true(recv(fd, big, sizeof(big), MSG_DONTWAIT) != 0);
        turn(f);
        if (f->clients.unread <= unread && f->clients.unread > CLIENT_HIGH_WATER / 2)
            assert_string_equal(buf_text(&f->told), "");
    }
    expect_told(f, "drained 1|");
    clients_read(&f->clients, client(1), true);
    expect_told(f, "bytes 1 PING|");
    close(fd);
    expect_told(f, "closed 1|");
}

static void who_has_not_read_most_is_closed_for_all(void **state) {
    struct fixture *f = *state;
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|opened 2 from 127.0.0.1|opened 3 from 127.0.0.1|");
    stuff(f, 1, 1024 * 1024);
    stuff(f, 2, 4 * 1024 * 1024); /* three of its own */
    stuff(f, 3, MEMORY_MAX - 64 * 1024);
    turn(f);
    assert_int_equal(clients_usage(&f->clients).shed, 0);
    buf_clear(&f->told);
    stuff(f, 3, MEMORY_MAX + 1);
    expect_told(f, "closed 2|");
    assert_int_equal(clients_usage(&f->clients).shed, 1);
    assert_true(f->clients.unread < MEMORY_MAX);
    clients_write(&f->clients, client(2), SLICE_LITERAL("too late"));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void the_client_idle_longest_gives_up_its_descriptor(void **state) {
    struct fixture *f = *state;
    assert_false(clients_evict(&f->clients));
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(&f->address);
        turn(f);
    }
    expect_told(f, "opened 1 from 127.0.0.1|opened 2 from 127.0.0.1|opened 3 from 127.0.0.1|");
    say(fds[0], "PING");
    expect_told(f, "bytes 1 PING|");
    clients_write(&f->clients, client(2), SLICE_LITERAL("+a message"));
    assert_true(clients_evict(&f->clients));
    clients_write(&f->clients, client(3), SLICE_LITERAL("too late"));
    clients_read(&f->clients, client(3), false);
    clients_hang_up(&f->clients, client(3));
    expect_told(f, "closed 3|");
    expect_closed(f, fds[2]);
    assert_true(clients_evict(&f->clients));
    expect_told(f, "closed 1|");
    assert_int_equal(clients_usage(&f->clients).evicted, 2);
    close(fds[0]);
    close(fds[1]);
}

static void addresses_change_without_touching_the_connections(void **state) {
    struct fixture *f = *state;
    int fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    struct endpoint old = f->address;
    struct endpoint both[] = { old, free_endpoint("::1") };
    assert_int_equal(listen_on(f, both, 2), 0);
    f->address = both[1];
    int other = dial(&both[1]);
    expect_told(f, "opened 2 from ::1|");
    assert_int_equal(listen_on(f, &both[1], 1), 0);
    say(fd, "still here");
    expect_told(f, "bytes 1 still here|");
    int refused = dial(&old);
    for (int i = 0; i < 5; i++)
        turn(f);
    assert_int_equal(socket_error(refused), -ECONNREFUSED);
    close(refused);
    close(other);
    close(fd);
}

static void a_refused_change_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct endpoint taken;
    int fd;
    assert_true(endpoint_make(SLICE_LITERAL("127.0.0.1"), 0, &taken));
    assert_int_equal(socket_listen(&taken, &fd), 0);
    socket_local(fd, &taken);
    struct endpoint wanted[] = { f->address, free_endpoint("127.0.0.1"), taken };
    assert_int_equal(listen_on(f, wanted, 3), -EADDRINUSE);
    close(fd);
    fd = dial(&f->address);
    expect_told(f, "opened 1 from 127.0.0.1|");
    close(fd);
    struct endpoint name;
    assert_true(endpoint_make(SLICE_LITERAL("localhost"), 26379, &name));
    assert_int_equal(listen_on(f, &name, 1), -ENOENT);
    assert_string_equal(socket_why(-ENOENT), "not an IP address");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bytes_go_in_and_out),
        TEST(a_client_that_closed_its_half_gets_its_answer),
        TEST(beyond_the_maximum_clients_are_refused),
        TEST(a_hang_up_comes_after_the_last_byte),
        TEST(clients_beyond_the_descriptors_are_refused),
        TEST(a_client_that_does_not_read_is_closed),
        TEST(a_client_that_reads_again_is_told_of),
        TEST(who_has_not_read_most_is_closed_for_all),
        TEST(the_client_idle_longest_gives_up_its_descriptor),
        TEST(addresses_change_without_touching_the_connections),
        TEST(a_refused_change_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
