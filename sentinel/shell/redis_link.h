/* The connections that the engine asked for: each is a stream, what was sent on it and waits for
 * replies, and a reader of replies. A link that is lost is put aside and told to the engine when
 * the loop asks for it, so that nothing is told while effects are carried out. */
#pragma once

#include "common/list.h"
#include "sentinel/core/effect.h"
#include "sentinel/shell/inlet.h"

struct streams;
struct redis_link;
struct reply_reader;

struct redis_links {
    struct streams *streams; /* borrowed */
    struct inlet inlet;
    bool (*make_room)(void *context); /* gives up a descriptor that a link lacks; false if there is
                                         none; NULL = nobody can */
    void *room_context;               /* borrowed */
    /* Owned array; by the value of the link's id, NULL where there is none. */
    struct redis_link **slots;
    size_t capacity;
    size_t count;
    uint64_t starved;    /* attempts for which there was no descriptor */
    struct list waiting; /* links that are to be opened, in order */
    struct list lost;    /* links whose loss is not told yet */
    /* Owned: of a link that has gone idle, for the next one; NULL = none. */
    struct reply_reader *spare;
};

#define REDIS_LINK_READ_MAX (4 * 1024) /* bytes per readiness */
/* Bytes that a server does not take; then the link is lost. */
#define REDIS_LINK_PENDING_MAX (16 * 1024 * 1024)
#define REDIS_LINK_ID_MAX      (4 * 1024 * 1024) /* an id beyond it would be a mistake of ours */

void redis_links_init(struct redis_links *l, struct streams *streams, struct inlet inlet);
void redis_links_fini(struct redis_links *l);

/* OPEN, as soon as redis_links_begin comes to it; an older incarnation that is still there is
 * dropped first. name: host name that the address was found by; empty = none. */
void redis_links_open(struct redis_links *l, struct link_id id, uint64_t incarnation,
    enum link_purpose purpose, const struct endpoint *address, struct slice name);
/* CLOSE: nothing of this incarnation is told any more. */
void redis_links_close(struct redis_links *l, struct link_id id, uint64_t incarnation);
/* SEND: queued; dropped if the incarnation is gone, whose loss answers for it. */
void redis_links_send(struct redis_links *l, struct link_id id, uint64_t incarnation, uint64_t tag,
    const struct request *requests, size_t count);

/* Opens what waits for it, at least one, until until_us of the monotonic clock: thousands at once
 * would keep clients waiting. Where no descriptor is left room is made, once for each. Returns
 * whether none is left. */
bool redis_links_begin(struct redis_links *l, int64_t until_us);

/* Tells the losses, at least one, until until_us of the monotonic clock: a failover of hundreds of
 * groups has thousands. Returns whether none is left. */
bool redis_links_report(struct redis_links *l, int64_t until_us);
