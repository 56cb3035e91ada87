/* Accepted connections: bytes in, bytes out, limits. What the bytes say is the engine's business,
 * and so are the bounds on requests. That a client is gone, does not read or reads again is put
 * aside and told to the engine when the loop asks for it. */
#pragma once

#include "common/list.h"
#include "common/map.h"
#include "sentinel/core/ids.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/inlet.h"
#include "sentinel/shell/stream.h"

struct client_usage;
struct complaints;
struct endpoint;
struct limits;
struct slice;
struct tls_session;

#define CLIENT_READ_MAX (4 * 1024) /* bytes at once: a peer speaks of hundreds of groups */
#define CLIENT_KEPT     (4 * 1024) /* bytes that an empty queue keeps */
/* Unread bytes beyond which the engine is told, at most. */
#define CLIENT_HIGH_WATER (1024 * 1024)

/* How many clients there is room for. */
typedef size_t clients_room_fn(void *context);

struct clients {
    struct streams *streams; /* borrowed */
    struct inlet inlet;
    struct input read;             /* what the next one sent: filled in for each, but made once */
    clients_room_fn *room;         /* asked at each accept; NULL = for any number */
    void *room_context;            /* borrowed */
    struct complaints *complaints; /* borrowed; NULL = nothing is told */
    struct map by_id;              /* struct client, owned */
    struct list gone;              /* clients whose end is not told yet */
    struct list leaving;           /* clients to be closed once their bytes are written */
    struct list filled;            /* clients of whom it is to be told whether they read */
    uint64_t last_id;
    uint64_t uses;     /* counts reads and writes, so that the client idle longest is known */
    uint64_t max;      /* limits.clients */
    size_t unread_max; /* limits.client_memory */
    struct stream_limits streams_may;
    size_t unread; /* bytes that all clients were sent and have not read */
    uint64_t refused, overflowed, shed, evicted; /* see struct client_usage */
};

/* The limits are to be set before a client is accepted. */
void clients_init(struct clients *c, struct streams *streams, struct inlet inlet,
    clients_room_fn *room, void *room_context);
void clients_fini(struct clients *c);
/* Those that are connected stay. */
void clients_set_limits(struct clients *c, const struct limits *limits);
struct client_usage clients_usage(const struct clients *c);

/* Takes the descriptor of an accepted connection, with its session of TLS whose handshake is over
 * (NULL: it is plain), and tells the engine; refuses and closes it beyond the limit, or where there
 * is no room. */
void clients_accept(
    struct clients *c, int fd, struct tls_session *session, const struct endpoint *remote);
/* How many may come. */
size_t clients_room_left(const struct clients *c);
/* REPLY; dropped if the client is gone. */
void clients_write(struct clients *c, struct client_id id, struct slice bytes);
/* PAUSE, RESUME: whether it is read from. */
void clients_read(struct clients *c, struct client_id id, bool reading);
/* HANGUP: closed once its bytes are written; what it still says is not read. */
void clients_hang_up(struct clients *c, struct client_id id);

/* Closes the client that has been idle longest, for its descriptor; told later. false if there is
 * none. Not while a stream tells something. */
bool clients_evict(struct clients *c);

/* After the streams were flushed: closes those who have not read most while all together have not
 * read too much; tells which clients do not read, read again and are gone. Returns whether there
 * were any. */
bool clients_report(struct clients *c);
