#include "sentinel/shell/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Seconds: silence before the first keepalive probe, between probes, and how many may be lost. Of
 * connections that we open: the engine probes them much faster; this frees what it forgot. */
struct keepalive {
    int idle_s, interval_s, count;
};
static const struct keepalive keepalive_opened = { 15, 5, 3 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage space;
};

static int address_of(const struct endpoint *e, union address *ret, socklen_t *ret_size) {
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found;
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)e->port);
    if (getaddrinfo(e->host, port, &hints, &found) != 0)
        return -ENOENT;
    *ret = (union address){ .any = { .sa_family = AF_UNSPEC } };
    if (found->ai_family == AF_INET)
        ret->v4 = *(const struct sockaddr_in *)(const void *)found->ai_addr;
    else
        ret->v6 = *(const struct sockaddr_in6 *)(const void *)found->ai_addr;
    *ret_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static void endpoint_of(const union address *a, socklen_t size, struct endpoint *ret) {
    char host[ENDPOINT_HOST_MAX];
    *ret = (struct endpoint){ .host = "" };
    if (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6)
        return;
    if (getnameinfo(&a->any, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
        return;
    uint16_t port = a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port;
    struct endpoint made;
    if (endpoint_make(slice_of(host), ntohs(port), &made))
        *ret = made;
}

static void set_option(int fd, int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value)); /* a refusal costs comfort, not sense */
}

static void keep_alive(int fd, const struct keepalive *k) {
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, k->idle_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, k->interval_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, k->count);
}

static int make(const struct endpoint *e, union address *ret, socklen_t *ret_size, int *ret_fd) {
    int r = address_of(e, ret, ret_size);
    if (r < 0)
        return r;
    int fd = socket(ret->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int socket_listen(const struct endpoint *at, int *ret_fd) {
    union address a;
    socklen_t size;
    int fd = -1;
    int r = make(at, &a, &size, &fd);
    if (r < 0)
        return r;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (a.any.sa_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (bind(fd, &a.any, size) < 0 || listen(fd, SOCKET_BACKLOG) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int socket_listen_at(const char *path, unsigned mode, int *ret_fd) {
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct stat old;
    if (strlen(path) >= sizeof(at.sun_path))
        return -ENAMETOOLONG;
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        unlink(path);
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, SOCKET_BACKLOG) < 0 ||
        (mode != 0 && chmod(path, mode) < 0)) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int leave_from(int fd, const struct endpoint *from) {
    union address a;
    socklen_t size;
    int r = address_of(from, &a, &size);
    if (r < 0)
        return r;
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); /* one port serves many targets */
    return bind(fd, &a.any, size) < 0 ? -errno : 0;
}

int socket_connect(const struct endpoint *to, const struct endpoint *from, int *ret_fd) {
    union address a;
    socklen_t size;
    int fd = -1;
    int r = make(to, &a, &size, &fd);
    if (r < 0)
        return r;
    if (from != NULL)
        r = leave_from(fd, from);
    if (r < 0) {
        close(fd);
        return r;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    keep_alive(fd, &keepalive_opened);
    if (connect(fd, &a.any, size) < 0 && errno != EINPROGRESS && errno != EINTR) {
        r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int socket_accept(int listen_fd, int *ret_fd, struct endpoint *ret_remote) {
    union address a;
    socklen_t size = sizeof(a);
    int fd = accept4(listen_fd, &a.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    endpoint_of(&a, size, ret_remote);
    *ret_fd = fd;
    return 0;
}

/* Source: as the originals divide their period. */
void socket_keep_alive(int fd, int seconds) {
    if (seconds > 0)
        keep_alive(fd, &(struct keepalive){ seconds, MAX_OF(seconds / 3, 1), 3 });
}

int socket_set_backlog(int fd, int backlog) {
    return listen(fd, backlog) < 0 ? -errno : 0;
}

void socket_local(int fd, struct endpoint *ret) {
    union address a;
    socklen_t size = sizeof(a);
    *ret = (struct endpoint){ .host = "" };
    if (getsockname(fd, &a.any, &size) == 0)
        endpoint_of(&a, size, ret);
}

void socket_remote(int fd, struct endpoint *ret) {
    union address a;
    socklen_t size = sizeof(a);
    *ret = (struct endpoint){ .host = "" };
    if (getpeername(fd, &a.any, &size) == 0)
        endpoint_of(&a, size, ret);
}

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    return -error;
}

const char *socket_why(int error) {
    return error == -ENOENT ? "not an IP address" : strerror(-error);
}
