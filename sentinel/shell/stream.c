#include "sentinel/shell/stream.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"
#include "sentinel/shell/tls.h"
#include "sentinel/shell/tls_session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char STREAM_CLOSED[] = "closed by the other end";
const char STREAM_REFUSED[] = "Connection refused";
const char STREAM_OVERFULL[] = "output limit reached: the other end does not read";

#define SEAL_MAX ((size_t)64 * 1024) /* bytes that are sealed before they are sent */

struct stream {
    struct streams *set;     /* borrowed */
    struct tls_session *tls; /* owned; NULL: plain. Its output is what was sealed and not sent */
    struct stream_owner owner;
    struct watch *watch; /* owned; NULL once it ended */
    int fd;
    bool connecting;
    bool shaking; /* while connecting: there is a connection, and a handshake goes on */
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

/* Bytes that wait to be sent, sealed or not. */
static size_t queued(const struct stream *s) {
    size_t size = buf_size(&s->queue);
    return s->tls == NULL ? size : size + buf_size(tls_session_output(s->tls));
}

static void count_queue(struct stream *s) {
    size_t size = queued(s);
    if (s->owner.limits->total != NULL)
        *s->owner.limits->total += size - s->counted;
    s->counted = size;
}

static void end(struct stream *s, const char *why) {
    if (s->ended)
        return;
    s->ended = true;
    watch_free(s->watch);
    s->watch = NULL;
    s->owner.handler->ended(s->owner.context, why);
}

static void drop_queue(struct stream *s) {
    buf_fini(&s->queue);
    if (s->tls != NULL)
        buf_fini(tls_session_output(s->tls));
    count_queue(s);
}

/* Neither reads nor writes any more. */
static void fail(struct stream *s, const char *why) {
    s->deaf = true;
    drop_queue(s);
    end(s, why);
}

static void want(struct stream *s) {
    if (s->watch == NULL)
        return;
    bool reading = s->reading && (!s->connecting || s->shaking);
    bool writing =
        s->shaking ? buf_size(tls_session_output(s->tls)) > 0 : s->connecting || queued(s) > 0;
    watch_want(
        s->watch, (reading ? (unsigned)WATCH_READ : 0U) | (writing ? (unsigned)WATCH_WRITE : 0U));
}

/* Gives the system what it takes. 0, or the negative errno of a connection that is broken. */
static int send_from(const struct stream *s, struct buf *queue) {
    while (buf_size(queue) > 0) {
        struct slice left = buf_slice(queue);
        ssize_t n = send(s->fd, left.data, left.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        buf_consume(queue, (size_t)n);
    }
    if (queue->capacity > s->owner.limits->kept)
        buf_fini(queue);
    return 0;
}

/* The same, sealed before: no more at once than is sent, so that it is not held twice. -EPROTO: it
 * cannot be sealed. */
static int push_sealed(struct stream *s) {
    struct buf *sealed = tls_session_output(s->tls);
    int r = send_from(s, sealed);
    while (r == 0 && buf_size(sealed) == 0 && buf_size(&s->queue) > 0) {
        struct slice part = slice_sub(buf_slice(&s->queue), 0, SEAL_MAX);
        if (!tls_session_write(s->tls, part))
            return -EPROTO;
        buf_consume(&s->queue, part.size);
        r = send_from(s, sealed);
    }
    if (buf_size(&s->queue) == 0 && s->queue.capacity > s->owner.limits->kept)
        buf_fini(&s->queue);
    return r;
}

static int push(struct stream *s) {
    return s->tls == NULL ? send_from(s, &s->queue) : push_sealed(s);
}

static const char *why_of(const struct stream *s, int error) {
    return error == -EPROTO && s->tls != NULL ? tls_session_why(s->tls) : strerror(-error);
}

static void tell_fullness(struct stream *s) {
    size_t high = s->owner.limits->high_water, size = queued(s);
    bool is_full = s->is_full ? size > high / 2 : size > high;
    if (high == 0 || is_full == s->is_full)
        return;
    s->is_full = is_full;
    s->owner.handler->filled(s->owner.context, is_full);
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
        fail(s, why_of(s, r));
        return;
    }
    want(s);
    if (!s->ended)
        tell_fullness(s);
}

static void flush_later(struct stream *s) {
    if (!list_is_linked(&s->unflushed))
        list_append(s->unflushed_list, &s->unflushed);
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
        if (clock_is_at(until_us))
            break;
    return list_is_empty(&s->unflushed);
}

static void read_once(struct stream *s) {
    ssize_t n = recv(s->fd, s->set->scratch, s->owner.limits->read_max, 0);
    if (n > 0)
        s->owner.handler->bytes(
            s->owner.context, (struct slice){ .data = s->set->scratch, .size = (size_t)n });
    else if (n == 0)
        end(s, STREAM_CLOSED);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        fail(s, strerror(errno));
}

/* ---- of TLS ---- */

/* What has come. false: nothing; it may have ended. */
static bool receive_sealed(struct stream *s) {
    ssize_t n = recv(s->fd, s->set->scratch, s->owner.limits->read_max, 0);
    if (n > 0)
        tls_session_take(s->tls, (struct slice){ .data = s->set->scratch, .size = (size_t)n });
    else if (n == 0 && s->shaking)
        tls_session_give_up(s->tls, "closed by the other end during the handshake");
    else if (n == 0)
        end(s, STREAM_CLOSED);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        fail(s, strerror(errno));
    return n > 0;
}

/* Records are small, and several come at once: they are told in one piece. */
static enum tls_progress gather(struct stream *s, size_t *ret_size) {
    enum tls_progress progress = TLS_DONE;
    size_t size = 0, more = 0;
    while (progress == TLS_DONE && size < STREAM_READ_MAX) {
        progress = tls_session_read(s->tls, s->set->scratch + size, STREAM_READ_MAX - size, &more);
        size += progress == TLS_DONE ? more : 0;
    }
    *ret_size = size;
    return progress;
}

/* Ended in words of its own, which the far end is told before. */
static void fail_aloud(struct stream *s) {
    (void)send_from(s, tls_session_output(s->tls));
    fail(s, tls_session_why(s->tls));
}

static void tell_opened(struct stream *s) {
    enum tls_progress progress = TLS_DONE;
    while (progress == TLS_DONE && !s->ended) {
        size_t size = 0;
        progress = gather(s, &size);
        if (size > 0)
            s->owner.handler->bytes(
                s->owner.context, (struct slice){ .data = s->set->scratch, .size = size });
    }
    if (progress == TLS_ENDED)
        end(s, STREAM_CLOSED);
    if (buf_size(tls_session_output(s->tls)) > 0)
        flush_later(s);
    if (progress == TLS_FAILED)
        fail_aloud(s);
}

static void read_sealed(struct stream *s) {
    if (receive_sealed(s))
        tell_opened(s);
}

static void shake(struct stream *s) {
    enum tls_progress progress = tls_session_shake(s->tls);
    int r = send_from(s, tls_session_output(s->tls));
    if (progress == TLS_FAILED) {
        fail(s, tls_session_why(s->tls));
    } else if (r < 0) {
        fail(s, strerror(-r));
    } else if (progress == TLS_DONE) {
        s->connecting = s->shaking = false;
        s->owner.handler->connected(s->owner.context);
        flush(s);
        stream_catch_up(s);
    } else {
        want(s);
    }
}

static void go_on_shaking(struct stream *s, unsigned ready) {
    if (ready & WATCH_READ)
        (void)receive_sealed(s);
    if (!s->ended)
        shake(s);
}

/* ---- what is ready ---- */

static void finish_connecting(struct stream *s) {
    int r = socket_error(s->fd);
    if (r < 0) {
        fail(s, r == -ECONNREFUSED ? STREAM_REFUSED : strerror(-r));
        return;
    }
    if (s->tls != NULL) {
        s->shaking = true;
        shake(s);
        return;
    }
    s->connecting = false;
    s->owner.handler->connected(s->owner.context);
    flush(s);
}

static void on_ready(void *context, unsigned ready) {
    struct stream *s = context;
    if (s->shaking) {
        go_on_shaking(s, ready);
        return;
    }
    if (s->connecting) {
        finish_connecting(s);
        return;
    }
    if ((ready & WATCH_READ) && s->reading && s->tls == NULL)
        read_once(s);
    else if ((ready & WATCH_READ) && s->reading)
        read_sealed(s);
    if ((ready & WATCH_WRITE) && !s->ended)
        flush(s);
}

/* wanted: what it waits for first. */
static struct stream *make(struct streams *set, int fd, struct tls_session *session,
    struct stream_owner owner, unsigned wanted) {
    struct stream *s = mem_new(struct stream);
    *s = (struct stream){
        .set = set,
        .tls = session,
        .owner = owner,
        .fd = fd,
        .reading = true,
        .queue = BUF_INIT,
        .unflushed_list = &set->unflushed,
    };
    s->watch = watch_new(set->loop, fd, wanted, on_ready, s);
    return s;
}

struct stream *stream_new(
    struct streams *s, int fd, struct tls_session *session, struct stream_owner owner) {
    struct stream *stream = make(s, fd, session, owner, WATCH_READ);
    watch_hurry(stream->watch);
    stream->unflushed_list = &s->answered;
    return stream;
}

void stream_catch_up(struct stream *s) {
    if (s->tls != NULL && !s->ended)
        tell_opened(s);
}

struct stream *stream_open(struct streams *s, const struct endpoint *to, const char *name,
    struct stream_owner owner, int *ret_error) {
    int fd;
    int r = socket_connect(to, s->source.host[0] != '\0' ? &s->source : NULL, &fd);
    if (r < 0) {
        *ret_error = r;
        return NULL;
    }
    struct tls_session *session = s->tls != NULL ? tls_connect(s->tls, to, name) : NULL;
    struct stream *stream = make(s, fd, session, owner, WATCH_WRITE);
    stream->connecting = true;
    return stream;
}

/* A far end of TLS is told that this is no cut, if it can be at once. */
static void say_last(struct stream *s) {
    if (s->tls == NULL || s->connecting || s->deaf || buf_size(&s->queue) > 0)
        return;
    tls_session_close(s->tls);
    (void)send_from(s, tls_session_output(s->tls));
}

void stream_free(struct stream *s) {
    if (s == NULL)
        return;
    watch_free(s->watch);
    if (list_is_linked(&s->unflushed))
        list_remove(&s->unflushed);
    if (s->shaking && !s->ended)
        tls_session_give_up(s->tls, "its handshake does not end: it may not speak TLS, or be slow");
    say_last(s);
    close(s->fd);
    drop_queue(s);
    tls_session_free(s->tls);
    mem_free(s);
}

bool stream_is_tls(const struct stream *s) {
    return s->tls != NULL;
}

void stream_local(const struct stream *s, struct endpoint *ret) {
    socket_local(s->fd, ret);
}

void stream_remote(const struct stream *s, struct endpoint *ret) {
    socket_remote(s->fd, ret);
}

size_t stream_pending(const struct stream *s) {
    return queued(s);
}

void stream_write(struct stream *s, struct slice bytes) {
    if (s->deaf || bytes.size == 0)
        return;
    flush_later(s);
    buf_add_slice(&s->queue, bytes);
    bool fits = queued(s) <= s->owner.limits->pending_max ||
        (!s->connecting && push(s) == 0 && queued(s) <= s->owner.limits->pending_max);
    if (!fits) {
        s->deaf = true;
        s->overfull = true;
        drop_queue(s);
    }
    count_queue(s);
}

void stream_read(struct stream *s, bool reading) {
    s->reading = reading;
    want(s);
}
