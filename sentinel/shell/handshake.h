/* Accepted connections of TLS until their handshake is over; then they become clients. They are
 * nobody yet: there are only so many of them, for so long, and their handshakes, which cost more
 * than all else that a stranger can ask for, go on between the turns of those who are somebody. */
#pragma once

#include "common/list.h"

struct clients;
struct clock;
struct complaints;
struct endpoint;
struct streams;
struct tls;

struct handshakes {
    struct streams *streams;       /* borrowed */
    struct tls *tls;               /* borrowed */
    struct clients *clients;       /* borrowed: where they go */
    struct complaints *complaints; /* borrowed; NULL = nothing is told */
    const struct clock *clock;     /* borrowed */
    struct list all;   /* struct handshake, owned; those that have taken longest first */
    struct list ready; /* of them: those who have said something */
    size_t count;
    size_t max;         /* limits.handshakes */
    int64_t timeout_ms; /* tls.handshake_timeout */
    uint64_t cut;       /* since the start: closed since there were too many */
};

/* The limits are to be set before one is accepted. */
void handshakes_init(struct handshakes *h, struct streams *streams, struct tls *tls,
    struct clients *clients, const struct clock *clock, struct complaints *complaints);
void handshakes_fini(struct handshakes *h);

/* Takes the descriptor of an accepted connection. Where there are too many, or descriptors are
 * scarce, the one that has taken longest is closed. */
void handshakes_accept(struct handshakes *h, int fd, const struct endpoint *remote);
/* Closes the one that has taken longest, for its descriptor. false if there is none. */
bool handshakes_evict(struct handshakes *h);

/* Goes on with those who have said something, at least one, until until_us of the monotonic clock;
 * closes those who took too long. Hands in who has become a client. Returns whether nothing is
 * left. */
bool handshakes_step(struct handshakes *h, int64_t until_us);
/* When the next one has taken too long; TSTAMP_NEVER: there is none. */
int64_t handshakes_deadline(const struct handshakes *h);
