/* The addresses that we listen on, and accepting. A change of them is prepared first and can then
 * not fail. */
#pragma once

#include "common/endpoint.h"
#include "config/settings.h"

struct clients;
struct handshakes;
struct loop;
struct listener;

struct listeners {
    struct loop *loop;             /* borrowed */
    struct clients *clients;       /* borrowed */
    struct handshakes *handshakes; /* borrowed: who has to shake hands before; NULL = nobody */
    struct listener **items;       /* owned: open and accepting */
    size_t count;
    struct listener **prepared; /* owned: what items is to become; some of them stand in both */
    size_t prepared_count;
    struct listener *local; /* owned: a unix socket; NULL = none */
    int backlog;            /* of those that are bound from now on */
    int keepalive_s;        /* of connections that are accepted from now on; 0 = none */
    int spare_fd; /* given up for a moment to refuse a connection when descriptors run out; -1 =
                     none */
};

/* Connections accepted from one address before others have their turn. */
#define LISTENER_ACCEPTS_MAX 64

void listeners_init(
    struct listeners *l, struct loop *loop, struct clients *clients, struct handshakes *handshakes);
void listeners_fini(struct listeners *l);

/* Binds those of the addresses, of the plain ones and of those for TLS, that are not bound yet; an
 * optional one may be lacking, or its family. 0, or negative errno with *ret_failed the culprit,
 * borrowed; then nothing is prepared. */
int listeners_prepare(struct listeners *l, const struct listen *plain, const struct listen *tls,
    const struct endpoint **ret_failed);
/* Accepts on what was prepared, and on nothing else from now on. */
void listeners_commit(struct listeners *l);
/* Accepts at a unix socket, too. 0 or negative errno. */
int listeners_open_local(struct listeners *l, const char *path, unsigned mode);
void listeners_abort(struct listeners *l); /* forgets what was prepared */
