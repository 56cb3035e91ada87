/* Waits for descriptors, signals and one deadline, and tells apart what libev mixes: first it
 * gathers what is ready, then the caller reads the clock, then the callbacks run. The timer has no
 * callback; what is due is the caller's business. One per process: it takes over the signals. */
#pragma once

#include "common/base.h"

struct loop;
struct watch; /* interest in one descriptor */

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

/* `ready`: a mask of WATCH_*. It may free any watch, its own too. */
typedef void (*watch_fn)(void *context, unsigned ready);
typedef void (*loop_signal_fn)(void *context, int signal_number);

struct loop *loop_new(void);                    /* NULL if the system refuses */
void loop_free(struct loop *l);                 /* every watch is to be freed before */
const char *loop_backend(const struct loop *l); /* "epoll" */

struct watch *watch_new(struct loop *l, int fd, unsigned wanted, watch_fn callback, void *context);
/* Before the descriptor is closed. NULL is nothing. */
void watch_free(struct watch *w);
void watch_want(struct watch *w, unsigned wanted);
/* Somebody waits for an answer: it is told before those that are not hurried. */
void watch_hurry(struct watch *w);

/* At most LOOP_SIGNALS_MAX; for the life of the loop. */
#define LOOP_SIGNALS_MAX 4
void loop_signal(struct loop *l, int signal_number, loop_signal_fn callback, void *context);

/* Sleeps until something is ready or the monotonic clock passes until_ms (at once if it has,
 * TSTAMP_NEVER: no limit). May also return early with nothing. Returns how many things are ready.
 */
size_t loop_wait(struct loop *l, int64_t until_ms);
/* The same without sleeping. */
size_t loop_poll(struct loop *l);
/* The same for the hurried ones alone. */
void loop_poll_hurried(struct loop *l);
/* How many hurried ones have been told so far. */
uint64_t loop_hurried_count(const struct loop *l);
/* Runs the callbacks of the hurried ones that are ready. */
void loop_dispatch_hurried(struct loop *l);
/* Runs the callbacks of what is ready, the hurried ones first, else in the order in which it was
 * found; but stops after until_us of the monotonic clock, when all hurried ones were told and at
 * least one other. Returns whether nothing is left. */
bool loop_dispatch(struct loop *l, int64_t until_us);
