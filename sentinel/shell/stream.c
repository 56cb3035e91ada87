#include "sentinel/shell/stream.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char STREAM_CLOSED[] = "closed by the other end";
const char STREAM_REFUSED[] = "Connection refused";
const char STREAM_OVERFULL[] = "output limit reached: the other end does not read";

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
    bool is_full;  /* more than high_water was queued, as the owner was told */
    struct buf queue;
    size_t counted;              /* bytes of the queue in limits->total */
    struct list *unflushed_list; /* the set's that is its kind's */
    struct list_node unflushed;
};

void streams_init(struct streams *s, struct loop *loop) {
    *s = (struct streams){ .loop = loop, .scratch = mem_alloc(STREAM_READ_MAX) };
    list_init(&s->answered);
    list_init(&s->unflushed);
}

void streams_fini(struct streams *s) {
    mem_free(s->scratch);
    s->scratch = NULL;
}

static void count_queue(struct stream *s) {
    size_t size = buf_size(&s->queue);
    if (s->limits->total != NULL)
        *s->limits->total += size - s->counted;
    s->counted = size;
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
    count_queue(s);
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
    if (s->queue.capacity > s->limits->kept)
        buf_fini(&s->queue);
    return 0;
}

static void tell_fullness(struct stream *s) {
    size_t high = s->limits->high_water, size = buf_size(&s->queue);
    bool is_full = s->is_full ? size > high / 2 : size > high;
    if (high == 0 || is_full == s->is_full)
        return;
    s->is_full = is_full;
    s->handler->filled(s->context, is_full);
}

static void flush(struct stream *s) {
    if (s->overfull) {
        fail(s, STREAM_OVERFULL);
        return;
    }
    if (s->connecting || s->deaf)
        return;
    int r = push(s);
    count_queue(s);
    if (r < 0) {
        fail(s, strerror(-r));
        return;
    }
    want(s);
    if (!s->ended)
        tell_fullness(s);
}

static bool flush_first(struct list *unflushed) {
    struct stream *first = list_first(unflushed, struct stream, unflushed);
    if (first == NULL)
        return false;
    list_remove(&first->unflushed);
    flush(first);
    return true;
}

bool streams_flush(struct streams *s, int64_t until_us) {
    while (flush_first(&s->answered)) {
    }
    while (flush_first(&s->unflushed))
        if (until_us != TSTAMP_NEVER && clock_mono_us() >= until_us)
            break;
    return list_is_empty(&s->unflushed);
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
        .unflushed_list = &set->unflushed,
    };
    s->watch = watch_new(set->loop, fd, connecting ? WATCH_WRITE : WATCH_READ, on_ready, s);
    return s;
}

struct stream *stream_new(struct streams *s, int fd, const struct stream_handler *handler,
    const struct stream_limits *limits, void *context) {
    struct stream *stream = make(s, fd, handler, limits, context, false);
    watch_hurry(stream->watch);
    stream->unflushed_list = &s->answered;
    return stream;
}

struct stream *stream_open(struct streams *s, const struct endpoint *to,
    const struct stream_handler *handler, const struct stream_limits *limits, void *context,
    int *ret_error) {
    int fd;
    int r = socket_connect(to, s->source.host[0] != '\0' ? &s->source : NULL, &fd);
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
    count_queue(s);
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
        list_append(s->unflushed_list, &s->unflushed);
    buf_add_slice(&s->queue, bytes);
    bool fits = buf_size(&s->queue) <= s->limits->pending_max ||
        (!s->connecting && push(s) == 0 && buf_size(&s->queue) <= s->limits->pending_max);
    if (!fits) {
        s->deaf = true;
        s->overfull = true;
        buf_fini(&s->queue);
    }
    count_queue(s);
}

void stream_read(struct stream *s, bool reading) {
    s->reading = reading;
    want(s);
}
