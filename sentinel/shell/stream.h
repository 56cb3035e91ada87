/* One non-blocking byte stream, for accepted and opened connections alike, plain or of TLS. Bytes
 * to write are queued and leave together when all streams are flushed, once per wake-up. What the
 * bytes mean is its owner's business. */
#pragma once

#include "common/endpoint.h"
#include "common/list.h"
#include "common/slice.h"

struct loop;
struct stream;
struct tls;
struct tls_session;

/* What all streams share. */
struct streams {
    struct loop *loop;      /* borrowed */
    struct list answered;   /* accepted streams that were written to since the last flush */
    struct list unflushed;  /* and opened ones */
    char *scratch;          /* owned: where bytes are read to */
    struct endpoint source; /* that opened streams leave from; host "" = the system chooses */
    struct tls *tls;        /* borrowed: says whether opened streams are of TLS; NULL = none is */
};

#define STREAM_READ_MAX (64 * 1024) /* bytes read at once */

/* Told to the owner of a stream while the loop dispatches or the streams are flushed. The owner
 * must not free the stream inside. */
struct stream_handler {
    void (*connected)(void *context); /* opened streams, once, before anything else */
    void (*bytes)(void *context, struct slice bytes); /* lent for the call */
    /* Once, and nothing follows: `why` in words, lent. After the other end closed its half (`why`
     * is then STREAM_CLOSED) writing is still tried until the stream is freed. */
    void (*ended)(void *context, const char *why);
    /* More than high_water is queued after a flush, or no more than half of it again. NULL where
     * high_water is 0. */
    void (*filled)(void *context, bool is_full);
};
extern const char STREAM_CLOSED[];
extern const char STREAM_REFUSED[];  /* an opened stream: nothing listens there */
extern const char STREAM_OVERFULL[]; /* pending_max was passed */

struct stream_limits {
    size_t read_max;    /* bytes per readiness, at most STREAM_READ_MAX */
    size_t pending_max; /* bytes queued and not taken by the system; beyond it the stream ends */
    size_t high_water;  /* bytes queued beyond which the owner is told; 0 = never */
    size_t kept;        /* bytes of memory that a queue keeps when it is empty */
    size_t *total; /* running sum of what is queued in streams with these limits; NULL = none */
};

/* Whose a stream is. */
struct stream_owner {
    const struct stream_handler *handler; /* borrowed */
    const struct stream_limits *limits;   /* borrowed; they may change */
    void *context;                        /* for the handler */
};

void streams_init(struct streams *s, struct loop *loop);
void streams_fini(struct streams *s); /* every stream is to be freed before */
/* Those that were accepted, then the others for as long as until_us of the monotonic clock, but one
 * at least. Returns whether nothing is left. */
bool streams_flush(struct streams *s, int64_t until_us);

/* Takes the descriptor of an accepted connection, with its session of TLS whose handshake is over
 * (NULL: it is plain); it is read before those that were opened, since its other end waits for an
 * answer. */
struct stream *stream_new(
    struct streams *s, int fd, struct tls_session *session, struct stream_owner owner);
/* What had come with the handshake of a new one; nothing after it ended. */
void stream_catch_up(struct stream *s);
/* Starts a connection, and a handshake of TLS where links have one; NULL (*ret_error: negative
 * errno) if it fails at once. name: host name that `to` was found by, "" = none. */
struct stream *stream_open(struct streams *s, const struct endpoint *to, const char *name,
    struct stream_owner owner, int *ret_error);
void stream_free(struct stream *s); /* closes; what is queued is dropped */

bool stream_is_tls(const struct stream *s);
void stream_local(const struct stream *s, struct endpoint *ret);
void stream_remote(const struct stream *s, struct endpoint *ret);
size_t stream_pending(const struct stream *s); /* bytes queued; 0 once it can write no more */

/* Queues bytes; before the connection is made they are kept. Dropped once the stream cannot write
 * any more. */
void stream_write(struct stream *s, struct slice bytes);
/* Reads no more, or again; meanwhile the end is noticed by writing only. */
void stream_read(struct stream *s, bool reading);
