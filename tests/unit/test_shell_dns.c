#include "sentinel/shell/dns.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/tstamp.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS   10000
#define HEADER_SIZE   12
#define KIND_A        1
#define CODE_NO_NAME  3
#define QUESTION_SIZE 512

/* A resolver on a loop of its own, and a name server that is a bare socket. */
struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct buf told; /* answers, a line each */
    int server_fd;
    uint16_t port;
    size_t questions; /* that the server has read */
};

static void print_input(void *context, const struct input *in) {
    struct fixture *f = context;
    assert_int_equal(in->kind, INPUT_RESOLVED);
    buf_printf(&f->told, SLICE_FMT ":", SLICE_ARG(in->host));
    for (size_t i = 0; i < in->ip_count; i++)
        buf_printf(&f->told, " " SLICE_FMT, SLICE_ARG(in->ips[i]));
    if (in->ip_count == 0) {
        assert_true(in->why.size > 0);
        buf_add_text(&f->told, " none");
    }
    buf_add_char(&f->told, '\n');
}

static int listen_udp(uint16_t *ret_port) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static void use_server(struct fixture *f, uint16_t port) {
    char servers[32];
    (void)snprintf(servers, sizeof(servers), "127.0.0.1:%u", (unsigned)port);
    dns_set_servers(f->dns, servers);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){ .told = BUF_INIT };
    f->loop = loop_new();
    assert_non_null(f->loop);
    f->dns = dns_new(f->loop, (struct inlet){ .take = print_input, .context = f });
    f->server_fd = listen_udp(&f->port);
    use_server(f, f->port);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    dns_free(f->dns);
    loop_free(f->loop);
    buf_fini(&f->told);
    close(f->server_fd);
    return 0;
}

/* "one.test" means 10.0.0.1, and so on for "two"; nothing else is a name. */
static uint8_t last_byte(const char *question) {
    if (strstr(question + HEADER_SIZE, "\3one\4test") != NULL)
        return 1;
    return strstr(question + HEADER_SIZE, "\3two\4test") != NULL ? 2 : 0;
}

static void serve(struct fixture *f) {
    char bytes[QUESTION_SIZE + 64];
    struct sockaddr_in from;
    socklen_t from_size = sizeof(from);
    while (recvfrom(f->server_fd, bytes, QUESTION_SIZE, 0, (struct sockaddr *)&from, &from_size) >
        HEADER_SIZE) {
        f->questions++;
        size_t end = HEADER_SIZE + strlen(bytes + HEADER_SIZE) + 5;
        uint8_t known = last_byte(bytes);
        bool answers = known != 0 && bytes[end - 3] == KIND_A;
        bytes[2] = (char)0x85;
        bytes[3] = (char)(0x80 | (known != 0 ? 0 : CODE_NO_NAME));
        memset(bytes + 6, 0, 6);
        bytes[7] = answers ? 1 : 0;
        const uint8_t record[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 0, 0, known };
        if (answers)
            memcpy(bytes + end, record, sizeof(record));
        size_t all = end + (answers ? sizeof(record) : 0);
        assert_int_equal(
            sendto(f->server_fd, bytes, all, 0, (struct sockaddr *)&from, from_size), all);
    }
}

static int64_t now_ms(void) {
    return clock_mono_us() / 1000;
}

static void turn(struct fixture *f) {
    loop_wait(f->loop, tstamp_min(dns_deadline(f->dns, now_ms()), now_ms() + 10));
    (void)loop_dispatch(f->loop, TSTAMP_NEVER);
    dns_report(f->dns);
}

/* Until so many answers have come. */
static void await(struct fixture *f, size_t lines, bool is_served) {
    int64_t until_ms = now_ms() + PATIENCE_MS;
    for (;;) {
        size_t count = 0;
        for (size_t i = 0; i < buf_size(&f->told); i++)
            count += buf_text(&f->told)[i] == '\n';
        if (count == lines)
            return;
        if (now_ms() > until_ms)
            fail_msg("%zu answers instead of %zu: %s", count, lines, buf_text(&f->told));
        if (is_served)
            serve(f);
        turn(f);
    }
}

static void a_name_is_answered_with_its_addresses(void **state) {
    struct fixture *f = *state;
    dns_ask(f->dns, SLICE_LITERAL("one.test"));
    assert_int_equal(buf_size(&f->told), 0); /* never from within */
    await(f, 1, true);
    assert_string_equal(buf_text(&f->told), "one.test: 10.0.0.1\n");
}

static void each_question_ends_once(void **state) {
    struct fixture *f = *state;
    dns_ask(f->dns, SLICE_LITERAL("one.test"));
    dns_ask(f->dns, SLICE_LITERAL("none.test"));
    dns_ask(f->dns, SLICE_LITERAL("two.test"));
    dns_ask(f->dns, SLICE_LITERAL("bad..name"));
    await(f, 4, true);
    const char *told = buf_text(&f->told);
    assert_non_null(strstr(told, "one.test: 10.0.0.1\n"));
    assert_non_null(strstr(told, "two.test: 10.0.0.2\n"));
    assert_non_null(strstr(told, "none.test: none\n"));
    assert_non_null(strstr(told, "bad..name: none\n"));
    for (int i = 0; i < 5; i++)
        turn(f);
    await(f, 4, true);
    assert_int_equal(dns_deadline(f->dns, now_ms()), TSTAMP_NEVER);
}

static void names_of_the_hosts_file_are_found_without_a_server(void **state) {
    struct fixture *f = *state;
    dns_ask(f->dns, SLICE_LITERAL("localhost"));
    await(f, 1, false);
    assert_non_null(strstr(buf_text(&f->told), "127.0.0.1"));
    serve(f);
    assert_int_equal(f->questions, 0);
}

static void what_is_on_its_way_is_asked_of_other_servers_anew(void **state) {
    struct fixture *f = *state;
    uint16_t silent_port;
    int silent_fd = listen_udp(&silent_port);
    use_server(f, silent_port);
    dns_ask(f->dns, SLICE_LITERAL("one.test"));
    dns_ask(f->dns, SLICE_LITERAL("two.test"));
    turn(f);
    assert_int_equal(buf_size(&f->told), 0);
    use_server(f, f->port);
    await(f, 2, true);
    assert_non_null(strstr(buf_text(&f->told), "one.test: 10.0.0.1\n"));
    close(silent_fd);
}

static void an_end_while_an_answer_is_awaited_tells_nothing(void **state) {
    struct fixture *f = *state;
    dns_ask(f->dns, SLICE_LITERAL("one.test"));
    dns_free(f->dns);
    f->dns = NULL;
    assert_int_equal(buf_size(&f->told), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_name_is_answered_with_its_addresses),
        CASE(each_question_ends_once),
        CASE(names_of_the_hosts_file_are_found_without_a_server),
        CASE(what_is_on_its_way_is_asked_of_other_servers_anew),
        CASE(an_end_while_an_answer_is_awaited_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
