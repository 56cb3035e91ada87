/* Clients of one sentinel, for a bench: many that ask, or many that listen. One thread, and little
 * work for each reply, so that the sentinel is the limit.
 *
 *   load ask HOST PORT CONNECTIONS PIPELINE REQUESTS WORD...
 *     Each connection sends PIPELINE requests in one write, reads their replies, and again; until
 *     all have sent REQUESTS together. Prints "ready", waits for a line of standard input, and at
 *     the end prints {"requests", "errors", "bytes", "seconds", "p50_us", "p99_us",
 *     "max_us"}: how long it took from a write to the last reply to it.
 *
 *   load hear HOST PORT CONNECTIONS CHANNEL
 *     Each connection subscribes. Prints "ready", then for each message {"spread_us"}: how long
 *     after the first subscriber the last one had it, by the time of its arrival. It is read a
 *     little later: none of many hosts would take the processor from the sentinel that still
 *     writes. Ends with standard input.
 *
 *   load shout HOST CONNECTIONS CHANNEL BYTES
 *     No client, but what no sentinel can beat: prints the port that it listens on, takes so many
 *     subscribers, prints "ready", and for each line of standard input writes a message with so
 *     many bytes to each of them, one after the other. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX    (256 * 1024)
#define EVENTS_MAX  1024
#define STAMP_TRIES 10000       /* a millisecond each */
#define WRITING_US  (20 * 1000) /* a sentinel may take to write a message to all */
#define LINE_KEPT   32          /* bytes of a reply's line whose number matters */

/* Where the reader of replies stands within one connection's bytes. */
struct parser {
    uint64_t skip;        /* bytes of a bulk that are still to come */
    uint64_t elements;    /* of the reply in hand that are still to come; 0 = between replies */
    char line[LINE_KEPT]; /* the beginning of the line in hand */
    size_t line_size;
};

struct connection {
    int fd;
    struct parser parser;
    uint64_t owed;    /* replies */
    int64_t asked_us; /* mono */
    uint64_t heard;   /* replies, messages among them */
};

struct load {
    struct connection *connections;
    size_t count;
    int epoll;
    char *request; /* as many requests as go into one write */
    size_t request_size;
    uint64_t pipeline, unsent; /* requests */
    uint64_t replies, errors, bytes;
    int64_t *latencies_us;
    size_t latency_count;
    char *scratch;
};

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

_Noreturn static void refuse(const char *what) {
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void *take_memory(size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail("memory");
    return memory;
}

static uint64_t number(const char *text) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || value == 0)
        refuse("numbers are whole and above 0");
    return value;
}

/* ---- replies ---- */

/* A line has ended. Returns whether it is an error; a bulk that follows is to be skipped. */
static bool end_line(struct parser *p) {
    p->line[p->line_size < LINE_KEPT ? p->line_size : LINE_KEPT - 1] = '\0';
    char type = p->line[0];
    long long value = strtoll(p->line + 1, NULL, 10);
    p->line_size = 0;
    if (p->elements == 0)
        p->elements = 1;
    p->elements--;
    if (type == '$' && value >= 0)
        p->skip = (uint64_t)value + 2;
    else if ((type == '*' || type == '>') && value > 0)
        p->elements += (uint64_t)value;
    return type == '-';
}

static size_t take_line(struct parser *p, const char *bytes, size_t size, bool *ret_ended) {
    const char *lf = memchr(bytes, '\n', size);
    size_t taken = lf != NULL ? (size_t)(lf - bytes) + 1 : size;
    for (size_t i = 0; i < taken && p->line_size < LINE_KEPT; i++)
        p->line[p->line_size++] = bytes[i];
    *ret_ended = lf != NULL;
    return taken;
}

/* Returns how many replies are complete with these bytes. */
static uint64_t parse(struct load *l, struct connection *c, const char *bytes, size_t size) {
    struct parser *p = &c->parser;
    uint64_t complete = 0;
    for (size_t at = 0; at < size;) {
        if (p->skip > 0) {
            size_t skipped = size - at < p->skip ? size - at : (size_t)p->skip;
            p->skip -= skipped;
            at += skipped;
        } else {
            bool ended;
            at += take_line(p, bytes + at, size - at, &ended);
            if (!ended)
                break;
            l->errors += end_line(p);
        }
        complete += p->skip == 0 && p->elements == 0;
    }
    return complete;
}

/* ---- connections ---- */

static void allow_descriptors(size_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("descriptors");
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    limit.rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("descriptors");
}

static void open_all(struct load *l, const char *host, uint64_t port) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
        refuse("the host is an IPv4 address");
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < l->count; i++) {
        struct connection *c = &l->connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
            fail("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
            fail("epoll_ctl");
    }
}

/* Requests are small and replies are read: the system takes them whole. */
static void send_whole(const struct connection *c, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0)
            fail("send");
        bytes += n;
        size -= (size_t)n;
    }
}

/* Returns how many replies were completed. */
static uint64_t read_some(struct load *l, struct connection *c) {
    ssize_t n = recv(c->fd, l->scratch, READ_MAX, MSG_DONTWAIT);
    if (n == 0)
        refuse("hung up by the sentinel");
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        fail("recv");
    if (n < 0)
        return 0;
    l->bytes += (uint64_t)n;
    return parse(l, c, l->scratch, (size_t)n);
}

/* `copies` times the words as one request, multibulk. */
static void make_request(struct load *l, char **words, int count, uint64_t copies) {
    char *one = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&one, &size);
    if (out == NULL)
        fail("memory");
    fprintf(out, "*%d\r\n", count);
    for (int i = 0; i < count; i++)
        fprintf(out, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
    fclose(out);
    l->request = take_memory(copies, size);
    l->request_size = size;
    for (uint64_t i = 0; i < copies; i++)
        memcpy(l->request + i * size, one, size);
    free(one);
}

static void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

/* ---- those that ask ---- */

static void ask(struct load *l, struct connection *c) {
    uint64_t count = l->unsent < l->pipeline ? l->unsent : l->pipeline;
    if (count == 0)
        return;
    l->unsent -= count;
    c->owed = count;
    c->asked_us = now_us();
    send_whole(c, l->request, (size_t)count * l->request_size);
}

static void on_replies(struct load *l, struct connection *c) {
    uint64_t complete = read_some(l, c);
    l->replies += complete;
    c->owed -= complete;
    if (complete == 0 || c->owed > 0)
        return;
    l->latencies_us[l->latency_count++] = now_us() - c->asked_us;
    ask(l, c);
}

static int by_size(const void *a, const void *b) {
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static int64_t quantile(const struct load *l, double share) {
    size_t at = (size_t)((double)l->latency_count * share);
    return l->latencies_us[at < l->latency_count ? at : l->latency_count - 1];
}

static int run_ask(struct load *l, uint64_t pipeline, uint64_t requests) {
    char line[16];
    struct epoll_event events[EVENTS_MAX];
    l->pipeline = pipeline;
    l->unsent = requests;
    l->latencies_us = take_memory(requests / pipeline + l->count + 1, sizeof(int64_t));
    say_ready();
    if (fgets(line, sizeof(line), stdin) == NULL)
        return 1;
    int64_t began_us = now_us();
    for (size_t i = 0; i < l->count; i++)
        ask(l, &l->connections[i]);
    while (l->replies < requests) {
        int ready = epoll_wait(l->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++)
            on_replies(l, events[i].data.ptr);
    }
    double seconds = (double)(now_us() - began_us) / 1e6;
    qsort(l->latencies_us, l->latency_count, sizeof(int64_t), by_size);
    printf("{\"requests\": %llu, \"errors\": %llu, \"bytes\": %llu, \"seconds\": %.6f, "
           "\"p50_us\": %lld, \"p99_us\": %lld, \"max_us\": %lld}\n",
        (unsigned long long)l->replies, (unsigned long long)l->errors, (unsigned long long)l->bytes,
        seconds, (long long)quantile(l, 0.5), (long long)quantile(l, 0.99),
        (long long)quantile(l, 1));
    return 0;
}

/* ---- those that listen ---- */

static void subscribe_all(struct load *l) {
    for (size_t i = 0; i < l->count; i++) {
        struct connection *c = &l->connections[i];
        send_whole(c, l->request, l->request_size);
        while (c->heard == 0) {
            struct epoll_event event;
            if (epoll_wait(l->epoll, &event, 1, 10000) != 1)
                refuse("no answer to SUBSCRIBE");
            struct connection *heard = event.data.ptr;
            heard->heard += read_some(l, heard);
        }
    }
}

/* When the bytes arrived that were read last, in us since 1970; 0: the system does not say, as it
 * may for a few of the first ones. */
static int64_t arrival_us(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof(t));
            return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
        }
    }
    return 0;
}

/* Returns how many messages were completed. */
static uint64_t hear_some(struct load *l, struct connection *c, int64_t *ret_us) {
    char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec part = { .iov_base = l->scratch, .iov_len = READ_MAX };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n = recvmsg(c->fd, &message, MSG_DONTWAIT);
    if (n <= 0)
        fail("recvmsg");
    *ret_us = arrival_us(&message);
    return parse(l, c, l->scratch, (size_t)n);
}

static void ask_for_arrival(int fd) {
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        fail("SO_TIMESTAMPNS");
}

/* The system begins to note them in its own time, which shows on a connection to ourselves. */
static void await_arrivals(struct load *l) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr *address = (struct sockaddr *)&at;
    socklen_t size = sizeof(at);
    struct connection reads = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, address, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, address, &size) < 0 || connect(reads.fd, address, size) < 0)
        fail("a connection to ourselves");
    struct connection writes = { .fd = accept(listener, NULL, NULL) };
    ask_for_arrival(reads.fd);
    int64_t at_us = 0;
    for (int tries = 0; at_us == 0; tries++) {
        if (tries == STAMP_TRIES)
            refuse("the system does not say when messages arrive");
        send_whole(&writes, "+\r\n", 3);
        usleep(1000);
        hear_some(l, &reads, &at_us);
    }
    close(listener);
    close(reads.fd);
    close(writes.fd);
}

static void watch_arrivals(struct load *l) {
    for (size_t i = 0; i < l->count; i++)
        ask_for_arrival(l->connections[i].fd);
    await_arrivals(l);
}

/* The messages come one after the other: a subscriber that has heard more than another is ahead. */
static void follow(struct load *l) {
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
        fail("standard input");
    uint64_t round = 1;
    size_t behind = l->count;
    int64_t first_us = INT64_MAX, last_us = 0;
    for (;;) {
        int ready = epoll_wait(l->epoll, events, EVENTS_MAX, -1);
        if (behind == l->count) {
            usleep(WRITING_US);
            ready = epoll_wait(l->epoll, events, EVENTS_MAX, 0);
        }
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL)
                return;
            int64_t at_us;
            uint64_t before = c->heard;
            c->heard += hear_some(l, c, &at_us);
            if (before > round || c->heard <= round)
                continue;
            first_us = at_us < first_us ? at_us : first_us;
            last_us = at_us > last_us ? at_us : last_us;
            if (--behind > 0)
                continue;
            if (first_us == 0)
                refuse("the system does not say when messages arrive");
            printf("{\"spread_us\": %lld}\n", (long long)(last_us - first_us));
            fflush(stdout);
            behind = l->count;
            first_us = INT64_MAX;
            last_us = 0;
            round++;
        }
    }
}

static int run_hear(struct load *l) {
    watch_arrivals(l);
    subscribe_all(l);
    say_ready();
    follow(l);
    return 0;
}

/* ---- the one that only sends ---- */

static int listen_anywhere(const char *host, size_t backlog) {
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1)
        refuse("the host is an IPv4 address");
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0 || listen(fd, (int)backlog) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        fail("listen");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* All connect before the first of them subscribes. */
static void take_subscribers(struct load *l, int listener, const char *channel) {
    char request[1024], answer[1024];
    int size = snprintf(answer, sizeof(answer), "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:1\r\n",
        strlen(channel), channel);
    for (size_t i = 0; i < l->count; i++) {
        l->connections[i].fd = accept(listener, NULL, NULL);
        if (l->connections[i].fd < 0)
            fail("accept");
        setsockopt(l->connections[i].fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    }
    for (size_t i = 0; i < l->count; i++) {
        if (recv(l->connections[i].fd, request, sizeof(request), 0) <= 0)
            fail("recv");
        send_whole(&l->connections[i], answer, (size_t)size);
    }
}

static int run_shout(struct load *l, const char *host, const char *channel, uint64_t bytes) {
    char *message = NULL, line[16];
    size_t size = 0;
    FILE *out = open_memstream(&message, &size);
    if (out == NULL)
        fail("memory");
    fprintf(out, "*3\r\n$7\r\nmessage\r\n$%zu\r\n%s\r\n$%llu\r\n%0*d\r\n", strlen(channel), channel,
        (unsigned long long)bytes, (int)bytes, 0);
    fclose(out);
    int listener = listen_anywhere(host, l->count);
    take_subscribers(l, listener, channel);
    say_ready();
    while (fgets(line, sizeof(line), stdin) != NULL) {
        for (size_t i = 0; i < l->count; i++)
            send_whole(&l->connections[i], message, size);
    }
    close(listener);
    free(message);
    return 0;
}

static int run(struct load *l, int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "shout") == 0 && argc == 6) {
        return run_shout(l, argv[2], argv[4], number(argv[5]));
    } else if (strcmp(mode, "hear") == 0 && argc == 6) {
        open_all(l, argv[2], number(argv[3]));
        make_request(l, (char *[]){ "subscribe", argv[5] }, 2, 1);
        return run_hear(l);
    } else if (strcmp(mode, "ask") == 0 && argc > 7) {
        uint64_t pipeline = number(argv[5]);
        open_all(l, argv[2], number(argv[3]));
        make_request(l, argv + 7, argc - 7, pipeline);
        return run_ask(l, pipeline, number(argv[6]));
    }
    refuse("ask HOST PORT CONNECTIONS PIPELINE REQUESTS WORD... | hear HOST PORT CONNECTIONS "
           "CHANNEL | shout HOST CONNECTIONS CHANNEL BYTES");
}

int main(int argc, char **argv) {
    bool shouts = argc > 3 && strcmp(argv[1], "shout") == 0;
    struct load l = { .epoll = -1, .scratch = take_memory(1, READ_MAX) };
    if (argc < 5)
        refuse("ask, hear or shout: see the top of its source");
    l.count = number(argv[shouts ? 3 : 4]);
    l.connections = take_memory(l.count, sizeof(l.connections[0]));
    allow_descriptors(l.count + 64);
    int status = run(&l, argc, argv);
    for (size_t i = 0; i < l.count; i++)
        close(l.connections[i].fd);
    if (l.epoll >= 0)
        close(l.epoll);
    free(l.connections);
    free(l.latencies_us);
    free(l.request);
    free(l.scratch);
    return status;
}
