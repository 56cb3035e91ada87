/* farm: pretends to be thousands of data servers, for measurements of what watches them.
 *
 *     farm --port PORT --groups N [--replicas N] [--net K] [--info FILE]
 *
 * One process, one port, of the loopback device only. The local address of a connection names the
 * server: member M (0: the first master) of group G has the number I = G * (replicas + 1) + M + 1
 * and the address 127.K.(I / 256).(I % 256). A process has as many connections as it may have
 * descriptors; several of them share groups by different K or ports.
 *
 * Servers of a group replicate each other, as far as INFO, ROLE and the passing on of PUBLISH to
 * replicas show it. INFO is that of FILE, a recorded one; what a reader depends on and what always
 * changes in a real one is put in.
 *
 * The orders to the farm itself are commands, too, on 127.0.0.1 and the same port:
 *
 *     HANG WHICH FIRST LAST      they read and never answer, as stopped processes do
 *     REFUSE WHICH FIRST LAST    they reset all connections. (There is one listening socket:
 *                                new ones are accepted, and reset at once.)
 *     SLOW MS WHICH FIRST LAST   they look at what came after MS
 *     REVIVE WHICH FIRST LAST    they are well again; hung ones answer what came meanwhile
 *     STATS                      counters, as JSON
 *     GROUPS                     for each group, for each member: its role, since when (0: the
 *                                start; CLOCK_MONOTONIC in ms), and the member that it follows
 *     STOP
 *
 * WHICH: masters (those of now), replicas, all, or the number of a member; of the groups FIRST to
 * LAST. The reply is how many they were. */
#include "common/mem.h"
#include "tests/bench/farm/conn.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static NORETURN void die(const char *what) {
    (void)fprintf(stderr, "farm: %s: %s\n", what, strerror(errno));
    exit(1);
}

static NORETURN void wrong_usage(void) {
    (void)fputs(
        "usage: farm --port PORT --groups N [--replicas N] [--net K] [--info FILE]\n", stderr);
    exit(2);
}

static uint32_t number(const char *text, uint32_t low, uint32_t high) {
    uint64_t value;
    if (!slice_to_u64(slice_of(text), &value) || value < low || value > high)
        wrong_usage();
    return (uint32_t)value;
}

static const char *read_options(struct farm *f, int argc, char **argv) {
    static const struct option options[] = {
        { "port", required_argument, NULL, 'p' },
        { "groups", required_argument, NULL, 'g' },
        { "replicas", required_argument, NULL, 'r' },
        { "net", required_argument, NULL, 'k' },
        { "info", required_argument, NULL, 'i' },
        { NULL, 0, NULL, 0 },
    };
    const char *info = FARM_INFO;
    int option;
    f->net = 1;
    f->group_size = 3;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p')
            f->port = (uint16_t)number(optarg, 1, UINT16_MAX);
        else if (option == 'g')
            f->group_count = number(optarg, 1, SERVERS_MAX);
        else if (option == 'r')
            f->group_size = 1 + number(optarg, 0, 60);
        else if (option == 'k')
            f->net = number(optarg, 1, 254);
        else if (option == 'i')
            info = optarg;
        else
            wrong_usage();
    }
    f->server_count = (size_t)f->group_count * f->group_size;
    if (f->port == 0 || f->group_count == 0 || f->server_count > SERVERS_MAX || optind != argc)
        wrong_usage();
    return info;
}

static void on_connections(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    (void)events;
    int fd;
    // cppcheck-suppress nullPointer ; the peer does not matter, which is allowed
    while ((fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        conn_accept(io->data, fd);
    if (errno == EMFILE || errno == ENFILE)
        die("more connections than descriptors");
}

/* The kernel spreads connections among the sockets of one port; thousands come at once. */
static void listen_on(struct farm *f, ev_io *io) {
    int on = 1;
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(f->port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 || /* inherited */
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) < 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, BACKLOG) < 0)
        die("listening");
    ev_io_init(io, on_connections, fd, EV_READ);
    io->data = f;
    ev_io_start(f->loop, io);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events) {
    (void)loop;
    (void)events;
    conn_work_off(prepare->data);
}

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events) {
    (void)signal;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("the limit of descriptors");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("the limit of descriptors");
}

static void close_all(struct farm *f) {
    for (size_t i = 0; i < f->server_count; i++) {
        list_for_each(c, &f->servers[i].conns, struct conn, of_server)
            conn_close(c);
    }
    list_for_each(c, &f->controls, struct conn, of_server)
        conn_close(c);
    for (size_t i = 0; i < LISTENERS; i++) {
        ev_io_stop(f->loop, &f->listeners[i]);
        (void)close(f->listeners[i].fd);
    }
    info_free(f->info);
    mem_free(f->servers);
    buf_fini(&f->reply);
    resp_reader_fini(&f->reader);
    resp_reader_fini(&f->exec_reader);
    ev_loop_destroy(f->loop);
}

int main(int argc, char **argv) {
    static struct farm f;
    const char *info = read_options(&f, argc, argv);
    raise_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    f.loop = ev_default_loop(EVFLAG_AUTO);
    f.info = info_load(info);
    if (f.loop == NULL || f.info == NULL)
        die(info);
    f.started_ms = farm_now_ms();
    list_init(&f.waiting);
    list_init(&f.controls);
    f.servers = mem_alloc(f.server_count * sizeof(*f.servers));
    for (size_t i = 0; i < f.server_count; i++)
        server_init(&f.servers[i], &f, i);
    for (size_t i = 0; i < LISTENERS; i++)
        listen_on(&f, &f.listeners[i]);
    ev_prepare prepare;
    ev_signal ends[2];
    ev_prepare_init(&prepare, on_prepare);
    prepare.data = &f;
    ev_prepare_start(f.loop, &prepare);
    ev_signal_init(&ends[0], on_signal, SIGTERM);
    ev_signal_init(&ends[1], on_signal, SIGINT);
    ev_signal_start(f.loop, &ends[0]);
    ev_signal_start(f.loop, &ends[1]);
    (void)ev_run(f.loop, 0);
    close_all(&f);
    return 0;
}
