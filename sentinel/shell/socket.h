/* Makes sockets for endpoints that are IP literals; all are non-blocking and closed on exec. Moves
 * no bytes. */
#pragma once

#include "common/endpoint.h"

#define SOCKET_BACKLOG 511

/* 0 or negative errno; -ENOENT for a host that is no IP address. */
int socket_listen(const struct endpoint *at, int *ret_fd); /* IPv6: for IPv6 alone */
/* At a path; a socket that an earlier process left there is removed. mode 0 = as the system makes
 * it. -ENAMETOOLONG for a path that no socket can have. */
int socket_listen_at(const char *path, unsigned mode, int *ret_fd);
/* From an address of ours, without a port; NULL: the system chooses. The connection may still be
 * under way at the return. */
int socket_connect(const struct endpoint *to, const struct endpoint *from, int *ret_fd);
/* Of one that listens: another one than SOCKET_BACKLOG. */
int socket_set_backlog(int fd, int backlog);
/* Has the system ask whether the other end is there, after so many seconds of silence; 0 = not. */
void socket_keep_alive(int fd, int seconds);
/* -EAGAIN when nobody is waiting. */
int socket_accept(int listen_fd, int *ret_fd, struct endpoint *ret_remote);

/* Our end, or the other one; host "" if the system does not tell. */
void socket_local(int fd, struct endpoint *ret);
void socket_remote(int fd, struct endpoint *ret);
/* 0 or the negative errno with which a connection under way ended. */
int socket_error(int fd);
/* Such an error in words. */
const char *socket_why(int error);
