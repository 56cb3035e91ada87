/* The durable state on disk, and what lies there as a value. Blocks for as long as the disk takes:
 * but for opening, the business of the store's own thread.
 *
 * After a failure nobody knows what the disk took. The database is closed then, and the next commit
 * opens it anew and writes all of the state, never the change alone. */
#pragma once

#include "config/state.h"

struct buf;
struct store_batch;
struct store_disk;
struct store_place;

/* Opens the state at `place`, or makes it with an id of its own, which is on disk at the return.
 * NULL with a sentence in *why: in use by another process, unreadable, written by a newer version,
 * ... */
struct store_disk *store_disk_open(const struct store_place *place, struct buf *why);
void store_disk_close(struct store_disk *d); /* NULL is nothing */

bool store_disk_is_fresh(const struct store_disk *d); /* made by store_disk_open */
/* With every change that was handed in, be it on disk or not; borrowed. */
const struct state *store_disk_state(const struct store_disk *d);

/* Makes durable what the batch holds, and what failed before. false: why, in *why. */
bool store_disk_commit(struct store_disk *d, const struct store_batch *b, struct buf *why);

/* Whether the log of changes is to be moved into the database: at the next quiet moment. */
bool store_disk_wants_rest(const struct store_disk *d);
/* Moves it. What fails here is of no commit: the next one writes everything. */
void store_disk_rest(struct store_disk *d);
