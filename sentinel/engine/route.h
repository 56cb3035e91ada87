/* What becomes of events: at once a log line if the level allows it, and in its turn a message to
 * those who subscribed. There is one queue for all events, and for the scripts that are to be run:
 * behind one that waits for its write, the later ones wait too. One whose write failed is never
 * told: subscribers would learn what a crash can still undo; the others go on. */
#pragma once

#include "common/list.h"
#include "common/log.h"
#include "sentinel/core/effect.h"

struct core;
struct server;

#define ROUTE_QUEUE_MAX 10000 /* messages; beyond, the oldest is dropped, and the log says so */

struct route {
    enum log_level log_level; /* lines below it are dropped; set by the engine in each step */
    struct list queue;        /* struct message, oldest first */
    size_t queued, dropped;   /* dropped: since the queue was full for the first time */
};

void route_init(struct route *r);
void route_fini(struct route *r);

/* Puts a LOG behind each EVENT from `first` on, drops the LOGs below the level, and queues the
 * events that are published (all but those of level debug), and the SCRIPTs. */
void route_effects(struct route *r, struct effects *out, size_t first);
/* Publishes what waits no longer, and hands its scripts to their queue. */
void route_publish(struct route *r, struct core *c, struct server *server);
