/* Keeps the durable state: a copy in memory, and a database on disk that a thread of its own writes
 * (store_worker). The loop never waits for it: it hands changes over, and hears later what came of
 * them. */
#pragma once

#include "config/state.h"
#include "sentinel/shell/store_worker.h" /* struct store_outcome */

struct buf;
struct store;
struct store_place;

/* Opens the state at `place`, or makes it with an id of its own, which is on disk at the return.
 * NULL with a sentence in *why: in use by another process, unreadable, written by a newer version,
 * ... */
struct store *store_open(const struct store_place *place, struct buf *why);
/* What was handed over is finished first, what was only added is lost. NULL is nothing. */
void store_close(struct store *s);

const struct state *store_state(const struct store *s); /* with what was added; borrowed */
bool store_is_fresh(const struct store *s);             /* made by this call of store_open */

/* Adds changes to what is handed over next. */
void store_add(struct store *s, const struct delta *deltas, size_t count);
/* Takes over another id, in the same manner; at a start only, where a failure ends the process. */
void store_adopt_id(struct store *s, const char id[static ID_SIZE]);
/* Hands over what was added, to be made durable together with what failed before. The outcome comes
 * under `seq`, which never falls. Times are on the monotonic clock. */
void store_hand_over(struct store *s, uint64_t seq, int64_t now_ms);

/* There may be an outcome when this is readable, or when the deadline has come: a disk that does
 * not answer has failed until it does. */
int store_fd(const struct store *s);
int64_t store_deadline(const struct store *s); /* TSTAMP_NEVER: nothing is awaited */
/* What came of what was handed over, since the last time; never waits. */
struct store_outcome store_collect(struct store *s, int64_t now_ms);
const char *store_error(const struct store *s); /* why the last one failed; until store_collect */

/* Hands over and waits; for the start, when nothing else is under way. false: store_error says why.
 */
bool store_commit(struct store *s);
