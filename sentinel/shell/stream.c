#include "sentinel/shell/stream.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char STREAM_CLOSED[] = "closed by the other end";
const char STREAM_REFUSED[] = "Connection refused";

/* A queue that had to grow beyond this gives its memory back once it is empty. */
#define QUEUE_KEPT (4 * 1024)

struct stream {
    struct streams *set; /* borrowed */
    const struct stream_handler *handler;
    const struct stream_limits *limits;
    void *context;
    struct watch *watch; /* owned; NULL once it ended */
    int fd;
    bool connecting;
    bool reading;
    bool ended;    /* told to the owner */
    bool deaf;     /* writing fails or the limit was hit: bytes are dropped */
    bool overfull; /* the limit was hit; the end is told at the next flush */
    struct buf queue;
    struct list_node unflushed;
};

void streams_init(struct streams *s, struct loop *loop) {
    *s = (struct streams){ .loop = loop, .scratch = mem_alloc(STREAM_READ_MAX) };
    list_init(&s->unflushed);
}

void streams_fini(struct streams *s) {
    mem_free(s->scratch);
    s->scratch = NULL;
}

static void end(struct stream *s, const char *why) {
    if (s->ended)
        return;
    s->ended = true;
    watch_free(s->watch);
    s->watch = NULL;
    s->handler->ended(s->context, why);
}

/* Neither reads nor writes any more. */
static void fail(struct stream *s, const char *why) {
    s->deaf = true;
    buf_fini(&s->queue);
    end(s, why);
}

static void want(struct stream *s) {
    if (s->watch == NULL)
        return;
    bool writing = s->connecting || buf_size(&s->queue) > 0;
    watch_want(s->watch,
        (s->reading && !s->connecting ? (unsigned)WATCH_READ : 0U) |
            (writing ? (unsigned)WATCH_WRITE : 0U));
}

/* Gives the system what it takes. 0, or the negative errno of a connection that is broken. */
static int push(struct stream *s) {
    while (buf_size(&s->queue) > 0) {
        struct slice left = buf_slice(&s->queue);
        ssize_t n = send(s->fd, left.data, left.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        buf_consume(&s->queue, (size_t)n);
    }
    if (s->queue.capacity > QUEUE_KEPT)
        buf_fini(&s->queue);
    return 0;
}

static void flush(struct stream *s) {
    if (s->overfull) {
        fail(s, "output limit reached: the other end does not read");
        return;
    }
    if (s->connecting || s->deaf)
        return;
    int r = push(s);
    if (r < 0)
        fail(s, strerror(-r));
    else
        want(s);
}

void streams_flush(struct streams *s) {
    struct stream *first;
    while ((first = list_first(&s->unflushed, struct stream, unflushed)) != NULL) {
        list_remove(&first->unflushed);
        flush(first);
    }
}

static void read_once(struct stream *s) {
    ssize_t n = recv(s->fd, s->set->scratch, s->limits->read_max, 0);
    if (n > 0)
        s->handler->bytes(s->context, (struct slice){ .data = s->set->scratch, .size = (size_t)n });
    else if (n == 0)
        end(s, STREAM_CLOSED);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        fail(s, strerror(errno));
}

static void finish_connecting(struct stream *s) {
    int r = socket_error(s->fd);
    if (r < 0) {
        fail(s, r == -ECONNREFUSED ? STREAM_REFUSED : strerror(-r));
        return;
    }
    s->connecting = false;
    s->handler->connected(s->context);
    flush(s);
}

static void on_ready(void *context, unsigned ready) {
    struct stream *s = context;
    if (s->connecting) {
        finish_connecting(s);
        return;
    }
    if ((ready & WATCH_READ) && s->reading)
        read_once(s);
    if ((ready & WATCH_WRITE) && !s->ended)
        flush(s);
}

static struct stream *make(struct streams *set, int fd, const struct stream_handler *handler,
    const struct stream_limits *limits, void *context, bool connecting) {
    struct stream *s = mem_new(struct stream);
    *s = (struct stream){
        .set = set,
        .handler = handler,
        .limits = limits,
        .context = context,
        .fd = fd,
        .connecting = connecting,
        .reading = true,
        .queue = BUF_INIT,
    };
    s->watch = watch_new(set->loop, fd, connecting ? WATCH_WRITE : WATCH_READ, on_ready, s);
    return s;
}

struct stream *stream_new(struct streams *s, int fd, const struct stream_handler *handler,
    const struct stream_limits *limits, void *context) {
    return make(s, fd, handler, limits, context, false);
}

struct stream *stream_open(struct streams *s, const struct endpoint *to,
    const struct stream_handler *handler, const struct stream_limits *limits, void *context,
    int *ret_error) {
    int fd;
    int r = socket_connect(to, &fd);
    if (r < 0) {
        *ret_error = r;
        return NULL;
    }
    return make(s, fd, handler, limits, context, true);
}

void stream_free(struct stream *s) {
    if (s == NULL)
        return;
    watch_free(s->watch);
    if (list_is_linked(&s->unflushed))
        list_remove(&s->unflushed);
    close(s->fd);
    buf_fini(&s->queue);
    mem_free(s);
}

void stream_local(const struct stream *s, struct endpoint *ret) {
    socket_local(s->fd, ret);
}

size_t stream_pending(const struct stream *s) {
    return buf_size(&s->queue);
}

void stream_write(struct stream *s, struct slice bytes) {
    if (s->deaf || bytes.size == 0)
        return;
    if (!list_is_linked(&s->unflushed))
        list_append(&s->set->unflushed, &s->unflushed);
    buf_add_slice(&s->queue, bytes);
    if (buf_size(&s->queue) <= s->limits->pending_max)
        return;
    if (!s->connecting && push(s) == 0 && buf_size(&s->queue) <= s->limits->pending_max)
        return;
    s->deaf = true;
    s->overfull = true;
    buf_fini(&s->queue);
}

void stream_stop_reading(struct stream *s) {
    s->reading = false;
    want(s);
}
