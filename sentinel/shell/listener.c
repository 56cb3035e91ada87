#include "sentinel/shell/listener.h"

#include "common/mem.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/handshake.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct listener {
    struct listeners *set; /* borrowed */
    struct endpoint at;
    int fd;
    struct watch *watch;      /* owned; NULL while it is only prepared */
    bool is_tls, will_be_tls; /* now, and once what is prepared is committed */
};

static int spare_open(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void listeners_init(struct listeners *l, struct loop *loop, struct clients *clients,
    struct handshakes *handshakes) {
    *l = (struct listeners){
        .loop = loop,
        .clients = clients,
        .handshakes = handshakes,
        .spare_fd = spare_open(),
        .backlog = SOCKET_BACKLOG,
    };
}

static void listener_free(struct listener *one) {
    watch_free(one->watch);
    close(one->fd);
    mem_free(one);
}

static bool contains(struct listener *const *items, size_t count, const struct listener *one) {
    for (size_t i = 0; i < count; i++)
        if (items[i] == one)
            return true;
    return false;
}

void listeners_fini(struct listeners *l) {
    listeners_abort(l);
    listeners_commit(l); /* of nothing: closes all */
    if (l->local != NULL) {
        unlink(l->local->at.host);
        listener_free(l->local);
        l->local = NULL;
    }
    if (l->spare_fd >= 0)
        close(l->spare_fd);
    l->spare_fd = -1;
}

/* ---- accepting ---- */

/* Without a descriptor left the connection would stay in the queue and wake us for ever: it is
 * taken with the spare one and dropped. */
static bool refuse_one(struct listeners *l, int listen_fd) {
    if (l->spare_fd < 0)
        return false;
    close(l->spare_fd);
    int fd;
    struct endpoint remote;
    int r = socket_accept(listen_fd, &fd, &remote);
    if (r == 0)
        close(fd);
    l->spare_fd = spare_open();
    return r == 0;
}

static void on_ready(void *context, unsigned ready) {
    (void)ready;
    struct listener *one = context;
    for (int i = 0; i < LISTENER_ACCEPTS_MAX; i++) {
        int fd;
        struct endpoint remote;
        int r = socket_accept(one->fd, &fd, &remote);
        if (r == 0) {
            if (endpoint_is_path(&one->at))
                remote = one->at;
            else
                socket_keep_alive(fd, one->set->keepalive_s);
            if (one->is_tls)
                handshakes_accept(one->set->handshakes, fd, &remote);
            else
                clients_accept(one->set->clients, fd, NULL, &remote);
        } else if (r == -EMFILE || r == -ENFILE) {
            if (!refuse_one(one->set, one->fd))
                return;
        } else if (r != -ECONNABORTED && r != -EINTR)
            return;
    }
}

static void listen_to(struct listener *one) {
    one->watch = watch_new(one->set->loop, one->fd, WATCH_READ, on_ready, one);
    watch_hurry(one->watch);
}

/* ---- changing the addresses ---- */

static struct listener *find(const struct listeners *l, const struct endpoint *at) {
    for (size_t i = 0; i < l->count; i++)
        if (endpoint_equal(&l->items[i]->at, at))
            return l->items[i];
    return NULL;
}

static struct listener *bind_one(struct listeners *l, const struct endpoint *at, int *ret_error) {
    int fd;
    int r = socket_listen(at, &fd);
    if (r == 0 && l->backlog != SOCKET_BACKLOG) {
        r = socket_set_backlog(fd, l->backlog);
        if (r < 0)
            close(fd);
    }
    if (r < 0) {
        *ret_error = r;
        return NULL;
    }
    struct listener *one = mem_new(struct listener);
    *one = (struct listener){ .set = l, .at = *at, .fd = fd };
    return one;
}

int listeners_open_local(struct listeners *l, const char *path, unsigned mode) {
    int fd;
    int r = socket_listen_at(path, mode, &fd);
    if (r < 0)
        return r;
    if (l->backlog != SOCKET_BACKLOG)
        (void)socket_set_backlog(fd, l->backlog);
    struct listener *one = mem_new(struct listener);
    *one = (struct listener){ .set = l, .fd = fd };
    slice_copy(slice_of(path), one->at.host, sizeof(one->at.host));
    listen_to(one);
    l->local = one;
    return 0;
}

static bool is_lacking(int error) {
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT || error == -EPROTONOSUPPORT;
}

static int prepare(struct listeners *l, const struct listen *wanted, bool is_tls,
    const struct endpoint **ret_failed) {
    for (size_t i = 0; i < wanted->count; i++) {
        int r = 0;
        struct listener *one = find(l, &wanted->at[i]);
        if (one == NULL)
            one = bind_one(l, &wanted->at[i], &r);
        if (one == NULL && wanted->optional[i] && is_lacking(r))
            continue;
        if (one == NULL) {
            *ret_failed = &wanted->at[i];
            return r;
        }
        one->will_be_tls = is_tls;
        if (!contains(l->prepared, l->prepared_count, one))
            l->prepared[l->prepared_count++] = one;
    }
    return 0;
}

int listeners_prepare(struct listeners *l, const struct listen *plain, const struct listen *tls,
    const struct endpoint **ret_failed) {
    listeners_abort(l);
    l->prepared = mem_alloc((plain->count + tls->count) * sizeof(struct listener *));
    int r = prepare(l, plain, false, ret_failed);
    if (r == 0)
        r = prepare(l, tls, true, ret_failed);
    if (r < 0)
        listeners_abort(l);
    return r;
}

void listeners_commit(struct listeners *l) {
    for (size_t i = 0; i < l->count; i++)
        if (!contains(l->prepared, l->prepared_count, l->items[i]))
            listener_free(l->items[i]);
    mem_free(l->items);
    l->items = l->prepared;
    l->count = l->prepared_count;
    l->prepared = NULL;
    l->prepared_count = 0;
    for (size_t i = 0; i < l->count; i++) {
        l->items[i]->is_tls = l->items[i]->will_be_tls;
        if (l->items[i]->watch == NULL)
            listen_to(l->items[i]);
    }
}

void listeners_abort(struct listeners *l) {
    for (size_t i = 0; i < l->prepared_count; i++)
        if (!contains(l->items, l->count, l->prepared[i]))
            listener_free(l->prepared[i]);
    mem_free(l->prepared);
    l->prepared = NULL;
    l->prepared_count = 0;
}
