#include "tests/bench/farm/conn.h"

#include "common/mem.h"
#include "tests/bench/farm/command.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define HUNG_BYTES_MAX (256 * 1024) /* of a hung server's connection; then the other side waits */
#define OUT_KEPT_BYTES 1024

static void conn_free(struct conn *c) {
    ev_io_stop(c->farm->loop, &c->io);
    ev_timer_stop(c->farm->loop, &c->slow);
    list_remove(&c->of_server);
    list_remove(&c->of_subscribers);
    list_remove(&c->of_waiting);
    buf_fini(&c->in);
    buf_fini(&c->out);
    buf_fini(&c->multi);
    if (c->server != NULL)
        c->server->conn_count--;
    c->farm->conn_count--;
    mem_free(c);
}

void conn_close(struct conn *c) {
    (void)close(c->io.fd);
    conn_free(c);
}

static void reset(int fd) {
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)close(fd);
}

void conn_reset(struct conn *c) {
    reset(c->io.fd);
    conn_free(c);
}

static void watch(struct conn *c, int events) {
    if (ev_is_active(&c->io) && c->io.events == events)
        return;
    ev_io_stop(c->farm->loop, &c->io);
    ev_io_set(&c->io, c->io.fd, events);
    if (events != 0)
        ev_io_start(c->farm->loop, &c->io);
}

/* How much of it could be written now; negative: the connection is lost. */
static ssize_t write_some(struct conn *c, struct slice bytes) {
    struct farm *f = c->farm;
    f->counters.writes++;
    ssize_t sent = send(c->io.fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    f->counters.bytes_out += (uint64_t)sent;
    if (c->server != NULL)
        c->server->bytes_out += (uint64_t)sent;
    return sent;
}

/* Writes what waits. False: the connection is gone. */
static bool flush(struct conn *c) {
    list_remove(&c->of_waiting);
    ssize_t sent = write_some(c, buf_slice(&c->out));
    if (sent < 0) {
        conn_close(c);
        return false;
    }
    buf_consume(&c->out, (size_t)sent);
    if (buf_size(&c->out) == 0 && c->is_ending) {
        conn_close(c);
        return false;
    }
    if (buf_size(&c->out) == 0 && c->out.capacity > OUT_KEPT_BYTES)
        buf_fini(&c->out);
    if (!ev_is_active(&c->slow))
        watch(c, EV_READ | (buf_size(&c->out) > 0 ? EV_WRITE : 0));
    return true;
}

/* Sends farm->reply: at once and from there unless something waits. */
static bool send_reply(struct conn *c) {
    struct slice bytes = buf_slice(&c->farm->reply);
    if (bytes.size == 0 && !c->is_ending)
        return true;
    if (buf_size(&c->out) == 0 && bytes.size > 0) {
        ssize_t sent = write_some(c, bytes);
        if (sent < 0) {
            conn_close(c);
            return false;
        }
        bytes = slice_sub(bytes, (size_t)sent, bytes.size);
        if (bytes.size == 0 && !c->is_ending)
            return true;
    }
    buf_add_slice(&c->out, bytes);
    return flush(c);
}

/* Answers the requests in `input`; returns how many bytes of it they had. */
static size_t answer(struct conn *c, struct slice input) {
    struct farm *f = c->farm;
    size_t done = 0;
    while (done < input.size && !c->is_ending) {
        struct slice rest = slice_sub(input, done, input.size);
        struct resp_request request;
        size_t used;
        enum resp_read outcome = resp_read_request(&f->reader, rest, &request, &used);
        if (outcome == RESP_READ_MORE)
            break;
        if (outcome != RESP_READ_REQUEST) {
            c->is_ending = true;
            break;
        }
        done += used;
        if (request.count == 0)
            continue;
        if (c->server == NULL)
            control_run(c, &request);
        else
            command_run(c, &request, slice_sub(rest, 0, used));
    }
    return done;
}

/* Answers what is in c->in. False: the connection is gone. */
static bool answer_kept(struct conn *c) {
    buf_clear(&c->farm->reply);
    buf_consume(&c->in, answer(c, buf_slice(&c->in)));
    if (buf_size(&c->in) == 0)
        buf_fini(&c->in);
    return send_reply(c);
}

static void wait(struct conn *c) {
    if (!list_is_linked(&c->of_waiting))
        list_append(&c->farm->waiting, &c->of_waiting);
}

void conn_resume(struct conn *c) {
    if (!ev_is_active(&c->slow))
        watch(c, EV_READ | (buf_size(&c->out) > 0 ? EV_WRITE : 0));
    wait(c);
}

static void on_input(struct conn *c, struct slice input) {
    bool is_hung = c->server != NULL && c->server->health == HEALTH_HUNG;
    if (is_hung || buf_size(&c->in) > 0) {
        buf_add_slice(&c->in, input);
        if (is_hung && buf_size(&c->in) > HUNG_BYTES_MAX)
            watch(c, 0);
        if (!is_hung)
            (void)answer_kept(c);
        return;
    }
    buf_clear(&c->farm->reply);
    size_t done = answer(c, input);
    if (done < input.size)
        buf_add_slice(&c->in, slice_sub(input, done, input.size));
    (void)send_reply(c);
}

static void read_input(struct conn *c) {
    struct farm *f = c->farm;
    f->counters.reads++;
    ssize_t size = recv(c->io.fd, f->input, sizeof(f->input), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        conn_close(c);
        return;
    }
    f->counters.bytes_in += (uint64_t)size;
    if (c->server != NULL)
        c->server->bytes_in += (uint64_t)size;
    on_input(c, (struct slice){ .data = f->input, .size = (size_t)size });
}

static void on_slow(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    struct conn *c = container_of(timer, struct conn, slow);
    watch(c, EV_READ | (buf_size(&c->out) > 0 ? EV_WRITE : 0));
    read_input(c);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events) {
    struct conn *c = container_of(io, struct conn, io);
    if ((events & EV_WRITE) != 0 && !flush(c))
        return;
    if ((events & EV_READ) == 0)
        return;
    if (c->server != NULL && c->server->slow_ms > 0) {
        watch(c, 0);
        ev_timer_set(&c->slow, c->server->slow_ms / 1000.0, 0.);
        ev_now_update(loop);
        ev_timer_start(loop, &c->slow);
        return;
    }
    read_input(c);
}

void conn_accept(struct farm *f, int fd) {
    struct sockaddr_in local;
    socklen_t size = sizeof(local);
    f->counters.accepted++;
    if (getsockname(fd, (struct sockaddr *)&local, &size) < 0) {
        (void)close(fd);
        return;
    }
    uint32_t ip = ntohl(local.sin_addr.s_addr);
    struct server *s = farm_find(f, ip, f->port);
    if ((s == NULL && ip != INADDR_LOOPBACK) || (s != NULL && s->health == HEALTH_GONE)) {
        f->counters.refused++;
        reset(fd);
        return;
    }
    struct conn *c = mem_new(struct conn);
    c->farm = f;
    c->server = s;
    f->conn_count++;
    list_append(s != NULL ? &s->conns : &f->controls, &c->of_server);
    if (s != NULL) {
        s->accepted++;
        s->conn_count++;
    }
    ev_init(&c->slow, on_slow);
    ev_io_init(&c->io, on_ready, fd, EV_READ);
    ev_io_start(f->loop, &c->io);
}

void conn_add_message(struct conn *c, struct slice message) {
    c->farm->counters.messages++;
    buf_add_slice(&c->out, message);
    wait(c);
}

void conn_work_off(struct farm *f) {
    struct conn *c;
    while ((c = list_first(&f->waiting, struct conn, of_waiting)) != NULL) {
        list_remove(&c->of_waiting);
        bool is_hung = c->server != NULL && c->server->health == HEALTH_HUNG;
        if (buf_size(&c->in) > 0 && !is_hung && !answer_kept(c))
            continue;
        if (buf_size(&c->out) > 0)
            (void)flush(c);
    }
}
