#include "sentinel/shell/dns.h"

#include "common/ensure.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "sentinel/core/input.h"
#include "sentinel/core/resolve.h"
#include "sentinel/shell/loop.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>

#define TRY_MS      2000 /* the first try; the next ones take twice as long each */
#define TRIES       3
#define RESOLV_CONF "/etc/resolv.conf"

struct question {
    struct dns *dns;
    struct list_node place; /* in dns->asked or dns->answered */
    char host[ENDPOINT_HOST_MAX];
    char ips[RESOLVE_ANSWER_MAX][ADDRESS_IP_MAX];
    size_t count;
    int status; /* ARES_SUCCESS, or why there is no answer */
};

/* A descriptor of c-ares. */
struct socket_watch {
    struct list_node place; /* in dns->sockets */
    struct dns *dns;
    ares_socket_t fd;
    struct watch *watch;
};

/* What tells one resolv.conf from another. */
struct version {
    struct timespec changed;
    ino_t inode;
    off_t size;
};

struct dns {
    struct loop *loop; /* borrowed */
    struct inlet inlet;
    ares_channel channel; /* owned; NULL: it could not be made */
    struct version version;
    char *servers;        /* owned; NULL: those of the system */
    struct list asked;    /* struct question.place */
    struct list answered; /* the same */
    struct list sockets;  /* struct socket_watch.place */
    bool is_renewing;     /* what ends now is asked again */
};

/* ---- descriptors ---- */

static void on_ready(void *context, unsigned ready) {
    const struct socket_watch *w = context;
    ares_socket_t fd = w->fd; /* c-ares may close it, and free the watch */
    ares_process_fd(w->dns->channel, (ready & WATCH_READ) != 0 ? fd : ARES_SOCKET_BAD,
        (ready & WATCH_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
}

static struct socket_watch *find_socket(const struct dns *d, ares_socket_t fd) {
    list_for_each(w, &d->sockets, struct socket_watch, place)
        if (w->fd == fd)
            return w;
    return NULL;
}

static void forget_socket(struct socket_watch *w) {
    watch_free(w->watch);
    list_remove(&w->place);
    mem_free(w);
}

/* Before c-ares closes a descriptor it wants nothing of it any more. */
static void on_socket(void *context, ares_socket_t fd, int readable, int writable) {
    struct dns *d = context;
    struct socket_watch *w = find_socket(d, fd);
    unsigned wanted =
        (readable ? (unsigned)WATCH_READ : 0U) | (writable ? (unsigned)WATCH_WRITE : 0U);
    if (wanted == 0) {
        if (w != NULL)
            forget_socket(w);
        return;
    }
    if (w != NULL) {
        watch_want(w->watch, wanted);
        return;
    }
    w = mem_new(struct socket_watch);
    w->dns = d;
    w->fd = fd;
    w->watch = watch_new(d->loop, fd, wanted, on_ready, w);
    list_append(&d->sockets, &w->place);
}

/* ---- answers ---- */

static void take_address(struct question *q, const struct ares_addrinfo_node *node) {
    char *ip = q->ips[q->count];
    const void *address = NULL;
    if (node->ai_family == AF_INET)
        address = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
    else if (node->ai_family == AF_INET6)
        address = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
    if (address != NULL && inet_ntop(node->ai_family, address, ip, ADDRESS_IP_MAX) != NULL)
        q->count++;
}

/* May run inside of ares_getaddrinfo and ares_destroy. */
static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info) {
    (void)timeouts;
    struct question *q = context;
    struct dns *d = q->dns;
    if (status == ARES_EDESTRUCTION && d->is_renewing)
        return; /* stays among the asked */
    q->status = status;
    for (const struct ares_addrinfo_node *node = info != NULL ? info->nodes : NULL;
         node != NULL && q->count < RESOLVE_ANSWER_MAX; node = node->ai_next)
        take_address(q, node);
    if (info != NULL)
        ares_freeaddrinfo(info);
    if (q->count == 0 && q->status == ARES_SUCCESS)
        q->status = ARES_ENODATA;
    list_remove(&q->place);
    list_append(&d->answered, &q->place);
}

void dns_report(struct dns *d) {
    if (d->channel != NULL && !list_is_empty(&d->asked))
        ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what took too long */
    while (!list_is_empty(&d->answered)) {
        struct question *q = list_first(&d->answered, struct question, place);
        struct slice ips[RESOLVE_ANSWER_MAX];
        for (size_t i = 0; i < q->count; i++)
            ips[i] = slice_of(q->ips[i]);
        list_remove(&q->place);
        inlet_take(&d->inlet,
            &(struct input){
                .kind = INPUT_RESOLVED,
                .host = slice_of(q->host),
                .ips = ips,
                .ip_count = q->count,
                .why = slice_of(q->count > 0 ? "" : ares_strerror(q->status)),
            });
        mem_free(q);
    }
}

/* ---- the channel ---- */

static struct version present_version(void) {
    struct stat st;
    if (stat(RESOLV_CONF, &st) < 0)
        return (struct version){ .inode = 0 };
    return (struct version){ .changed = st.st_mtim, .inode = st.st_ino, .size = st.st_size };
}

static bool version_equal(const struct version *a, const struct version *b) {
    return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
        a->inode == b->inode && a->size == b->size;
}

static void make_channel(struct dns *d) {
    struct ares_options options = {
        .timeout = TRY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket,
        .sock_state_cb_data = d,
    };
    d->version = present_version();
    if (ares_init_options(&d->channel, &options,
            ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
        d->channel = NULL;
        return;
    }
    if (d->servers != NULL)
        (void)ares_set_servers_ports_csv(d->channel, d->servers); /* was checked as an option */
}

static void destroy_channel(struct dns *d) {
    if (d->channel != NULL)
        ares_destroy(d->channel);
    d->channel = NULL;
    list_for_each(w, &d->sockets, struct socket_watch, place)
        forget_socket(w);
}

static void send_question(struct dns *d, struct question *q) {
    static const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    if (d->channel != NULL)
        ares_getaddrinfo(d->channel, q->host, NULL, &hints, on_answer, q);
    else
        on_answer(q, ARES_ENOTINITIALIZED, 0, NULL);
}

/* What was asked of the old one is asked of the new one. */
static void renew_channel(struct dns *d) {
    d->is_renewing = true;
    destroy_channel(d);
    d->is_renewing = false;
    make_channel(d);
    list_for_each(q, &d->asked, struct question, place)
        send_question(d, q);
}

/* ---- from outside ---- */

struct dns *dns_new(struct loop *loop, struct inlet inlet) {
    struct dns *d = mem_new(struct dns);
    d->loop = loop;
    d->inlet = inlet;
    list_init(&d->asked);
    list_init(&d->answered);
    list_init(&d->sockets);
    return d;
}

void dns_free(struct dns *d) {
    if (d == NULL)
        return;
    destroy_channel(d);
    list_for_each(q, &d->answered, struct question, place)
        mem_free(q);
    mem_free(d->servers);
    mem_free(d);
}

void dns_set_servers(struct dns *d, const char *servers) {
    bool same = slice_equal(slice_of(d->servers), slice_of(servers));
    if (same)
        return;
    mem_free(d->servers);
    d->servers = mem_strdup(servers);
    if (d->channel != NULL)
        renew_channel(d);
}

void dns_ask(struct dns *d, struct slice host) {
    const struct version version = present_version();
    if (d->channel == NULL || !version_equal(&version, &d->version))
        renew_channel(d);
    struct question *q = mem_new(struct question);
    q->dns = d;
    slice_copy(host, q->host, sizeof(q->host));
    list_append(&d->asked, &q->place);
    send_question(d, q);
}

int64_t dns_deadline(const struct dns *d, int64_t now_ms) {
    struct timeval left;
    if (!list_is_empty(&d->answered))
        return now_ms;
    if (d->channel == NULL || ares_timeout(d->channel, NULL, &left) == NULL)
        return TSTAMP_NEVER;
    return tstamp_add(now_ms, (int64_t)left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
}
