/* The loop: sleeps, gathers what happened, has the engine take it in and judge, carries out what it
 * asks for, and sleeps until the engine's deadline.
 *
 * One wake-up:
 *   1. read the clocks, once
 *   2. hand in what is ready; when the deadline has come, go on until nothing is, since
 *      silence must not be judged while an answer lies unread
 *   3. hand in TIMER: the engine judges
 *   4. carry out the effects: hand to the store what is to be durable, flush every stream;
 *      again until there is nothing left
 *
 * The store writes in a thread of its own. What came of it is handed in at 2, like all that
 * happens: nothing is while effects are carried out. What rests on a write leaves then; all else
 * has left before. */
#pragma once

#include "sentinel/core/effect.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/handshake.h"
#include "sentinel/shell/listener.h"
#include "sentinel/shell/redis_link.h"
#include "sentinel/shell/stream.h"

struct dns;
struct engine;
struct errands;
struct logsink;
struct loop;
struct recorder;
struct rewriter;
struct runner;
struct spawner;
struct store;
struct tls;
struct watch;

struct shell {
    struct loop *loop;            /* owned */
    struct logsink *log;          /* borrowed */
    struct store *store;          /* borrowed; set before shell_run */
    struct watch *store_watch;    /* owned */
    struct recorder *recorder;    /* borrowed; NULL = nothing is recorded */
    struct rewriter *rewriter;    /* borrowed; NULL = no file is kept up to date */
    struct watch *rewriter_watch; /* owned */
    struct runner *runner;        /* owned */
    struct spawner *spawner;      /* owned; NULL = the runner starts scripts itself */
    struct errands *errands;      /* owned */
    struct engine *engine;        /* owned; set by the caller of shell_run */
    struct effects effects;       /* asked for and not carried out yet */
    struct clock clock;
    struct streams streams;
    struct redis_links links;
    uint64_t hurried_count; /* of the loop, when we slept last */
    bool are_links_begun;   /* none waits to be opened */
    struct clients clients;
    struct complaints complaints;
    struct tls *tls; /* owned */
    struct handshakes handshakes;
    bool are_handshakes_done; /* none waits for its turn */
    struct dns *dns;          /* owned */
    struct listeners listeners;
    size_t descriptors;    /* that the process may have */
    int64_t usage_told_ms; /* when USAGE was last handed in */
    struct loop_usage loop_usage;
    int64_t woke_us;                /* mono */
    void (*settled)(void *context); /* what waits for the end of the wake-up; NULL = nothing */
    void *settled_context;          /* borrowed */
    bool stopping;
    int status; /* to exit with */
};

/* false if the system refuses what it takes. */
bool shell_init(struct shell *s, struct logsink *log, size_t descriptors);
/* Time begins then, since to open it takes some: the clock is read, s->clock.now serves engine_new.
 */
void shell_set_store(struct shell *s, struct store *store);
/* Scripts are started by that process, which is taken. */
void shell_set_spawner(struct shell *s, struct spawner *spawner);
/* A classic file is kept up to date; NULL: no more. */
void shell_set_rewriter(struct shell *s, struct rewriter *rewriter);
void shell_fini(struct shell *s);

/* Runs until a STOP; returns its status. */
int shell_run(struct shell *s);

/* Hands in what happened; from the callbacks of the loop only. */
void shell_take(struct shell *s, const struct input *in);

struct descriptor_usage shell_descriptors(const struct shell *s);

/* Calls back once, when all that this wake-up asked for has been carried out: what then reads the
 * store finds in it all that the engine knows. */
void shell_when_settled(struct shell *s, void (*callback)(void *context), void *context);
