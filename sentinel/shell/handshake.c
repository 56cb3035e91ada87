#include "sentinel/shell/handshake.h"

#include "common/buf.h"
#include "common/endpoint.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/stream.h"
#include "sentinel/shell/tls.h"
#include "sentinel/shell/tls_session.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX (16 * 1024) /* bytes read at once */

struct handshake {
    struct handshakes *set; /* borrowed */
    struct endpoint remote;
    struct watch *watch;         /* owned */
    struct tls_session *session; /* owned; NULL until something has come: who says nothing costs
                                    little */
    int fd;
    int64_t since_ms;       /* mono */
    struct list_node all;   /* in set->all */
    struct list_node ready; /* in set->ready */
};

void handshakes_init(struct handshakes *h, struct streams *streams, struct tls *tls,
    struct clients *clients, const struct clock *clock, struct complaints *complaints) {
    *h = (struct handshakes){
        .streams = streams,
        .tls = tls,
        .clients = clients,
        .clock = clock,
        .complaints = complaints,
    };
    list_init(&h->all);
    list_init(&h->ready);
}

/* All but the session and the descriptor. */
static void forget(struct handshake *one) {
    watch_free(one->watch);
    list_remove(&one->all);
    list_remove(&one->ready);
    one->set->count--;
    mem_free(one);
}

static void drop(struct handshake *one) {
    int fd = one->fd;
    tls_session_free(one->session);
    forget(one);
    close(fd);
}

void handshakes_fini(struct handshakes *h) {
    list_for_each(one, &h->all, struct handshake, all)
        drop(one);
}

/* ---- accepting ---- */

static void on_ready(void *context, unsigned ready) {
    (void)ready;
    struct handshake *one = context;
    watch_want(one->watch, 0); /* until it is its turn */
    if (!list_is_linked(&one->ready))
        list_append(&one->set->ready, &one->ready);
}

bool handshakes_evict(struct handshakes *h) {
    struct handshake *oldest = list_first(&h->all, struct handshake, all);
    if (oldest == NULL)
        return false;
    complaints_tell(h->complaints,
        "client %s: TLS: closed before its handshake was over: others wait", oldest->remote.host);
    h->cut++;
    drop(oldest);
    return true;
}

void handshakes_accept(struct handshakes *h, int fd, const struct endpoint *remote) {
    size_t max = MIN_OF(h->max, MAX_OF(clients_room_left(h->clients), (size_t)1));
    while (h->count >= max && handshakes_evict(h))
        ;
    struct handshake *one = mem_new(struct handshake);
    *one = (struct handshake){
        .set = h,
        .remote = *remote,
        .fd = fd,
        .since_ms = h->clock->now.mono_ms,
    };
    one->watch = watch_new(h->streams->loop, fd, WATCH_READ, on_ready, one);
    list_append(&h->all, &one->all);
    h->count++;
}

/* ---- going on ---- */

/* Sends what it can. false: the connection is broken. */
static bool send_output(const struct handshake *one) {
    struct buf *out = tls_session_output(one->session);
    while (buf_size(out) > 0) {
        struct slice left = buf_slice(out);
        ssize_t n = send(one->fd, left.data, left.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        buf_consume(out, (size_t)n);
    }
    buf_fini(out);
    return true;
}

enum arrival { CAME_NOTHING, CAME_BYTES, CAME_END };

/* Reads into the session, which begins with the first bytes. */
static enum arrival receive(struct handshake *one) {
    char *scratch = one->set->streams->scratch;
    ssize_t n = recv(one->fd, scratch, READ_MAX, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return CAME_NOTHING;
    if (n <= 0) {
        if (one->session != NULL) /* else somebody only looked whether we are there */
            tls_session_give_up(one->session, "closed by the other end during the handshake");
        return CAME_END;
    }
    if (one->session == NULL)
        one->session = tls_accept(one->set->tls, &one->remote);
    if (one->session == NULL) /* we do not serve by TLS any more */
        return CAME_END;
    tls_session_take(one->session, (struct slice){ .data = scratch, .size = (size_t)n });
    return CAME_BYTES;
}

static void finish(struct handshake *one) {
    struct clients *clients = one->set->clients;
    struct tls_session *session = one->session;
    struct endpoint remote = one->remote;
    int fd = one->fd;
    forget(one);
    clients_accept(clients, fd, session, &remote);
}

static void step(struct handshake *one) {
    list_remove(&one->ready);
    enum arrival arrival = receive(one);
    if (arrival == CAME_END) {
        drop(one);
        return;
    }
    enum tls_progress progress = TLS_WANTS;
    if (one->session != NULL)
        progress = tls_session_shake(one->session);
    bool sent = one->session == NULL || send_output(one);
    if (!sent || progress == TLS_FAILED || progress == TLS_ENDED) {
        drop(one);
    } else if (progress == TLS_DONE) {
        finish(one);
    } else {
        bool is_left = one->session != NULL && buf_size(tls_session_output(one->session)) > 0;
        watch_want(one->watch, (unsigned)WATCH_READ | (is_left ? (unsigned)WATCH_WRITE : 0U));
    }
}

static void expire(struct handshakes *h) {
    struct handshake *oldest;
    while ((oldest = list_first(&h->all, struct handshake, all)) != NULL &&
        h->clock->now.mono_ms >= tstamp_add(oldest->since_ms, h->timeout_ms)) {
        complaints_tell(h->complaints, "client %s: TLS: no handshake within %lld ms",
            oldest->remote.host, (long long)h->timeout_ms);
        drop(oldest);
    }
}

bool handshakes_step(struct handshakes *h, int64_t until_us) {
    struct handshake *one;
    expire(h);
    while ((one = list_first(&h->ready, struct handshake, ready)) != NULL) {
        step(one);
        if (clock_is_at(until_us))
            break;
    }
    return list_is_empty(&h->ready);
}

int64_t handshakes_deadline(const struct handshakes *h) {
    const struct handshake *oldest = list_first(&h->all, struct handshake, all);
    return oldest == NULL ? TSTAMP_NEVER : tstamp_add(oldest->since_ms, h->timeout_ms);
}
