/* Keeps the durable state: a copy in memory and a database on disk. All changes of one wake-up are
 * one commit. When one fails, the database is opened anew and the whole copy written, never the
 * change alone: nobody knows what the disk took. */
#pragma once

#include "config/state.h"

struct buf;
struct store;
struct store_place;

/* Opens the state at `place`, or makes it with an id of its own, which is on disk at the return.
 * NULL with a sentence in *why: in use by another process, unreadable, written by a newer version,
 * ... */
struct store *store_open(const struct store_place *place, struct buf *why);
void store_close(struct store *s); /* what was not committed is lost; NULL is nothing */

const struct state *store_state(const struct store *s); /* with what was added; borrowed */
bool store_is_fresh(const struct store *s);             /* made by this call of store_open */

/* Adds changes to the next commit. */
void store_add(struct store *s, const struct delta *deltas, size_t count);
/* Takes over another id, with the next commit. */
void store_adopt_id(struct store *s, const char id[static ID_SIZE]);
/* Makes durable what was added, and what failed before. false: store_error says why. */
bool store_commit(struct store *s);
const char *store_error(const struct store *s);

/* Tidies up the database where that is needed; takes as long as the disk does. For quiet moments.
 */
bool store_wants_rest(const struct store *s);
void store_rest(struct store *s);
