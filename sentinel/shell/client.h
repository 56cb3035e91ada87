/* Accepted connections: bytes in, bytes out, limits. What the bytes say is the engine's business,
 * and so is the bound on a request. A client that is gone is put aside and told to the engine when
 * the loop asks for it. */
#pragma once

#include "common/list.h"
#include "common/map.h"
#include "sentinel/core/ids.h"
#include "sentinel/shell/inlet.h"

struct endpoint;
struct slice;
struct streams;

#define CLIENT_READ_MAX (16 * 1024) /* bytes read at once */
#define CLIENT_PENDING_MAX \
    (32 * 1024 * 1024) /* bytes that a client does not take; then it is closed */

struct clients {
    struct streams *streams; /* borrowed */
    struct inlet inlet;
    struct map by_id;    /* struct client, owned */
    struct list gone;    /* clients whose end is not told yet */
    struct list leaving; /* clients to be closed once their bytes are written */
    uint64_t last_id;
    size_t max; /* beyond it a connection is refused */
};

void clients_init(struct clients *c, struct streams *streams, struct inlet inlet, size_t max);
void clients_fini(struct clients *c);

/* Takes the descriptor of an accepted connection and tells the engine; refuses and closes it beyond
 * the maximum. */
void clients_accept(struct clients *c, int fd, const struct endpoint *remote);
/* REPLY; dropped if the client is gone. */
void clients_write(struct clients *c, struct client_id id, struct slice bytes);
/* HANGUP: closed once its bytes are written; what it still says is not read. */
void clients_hang_up(struct clients *c, struct client_id id);

/* After the streams were flushed: tells which clients are gone. Returns whether there were any. */
bool clients_report(struct clients *c);
