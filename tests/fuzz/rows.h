/* A database of the state that the store itself has made, and places for damaged copies of it: a
 * folder below TMPDIR, or in memory where there is one, removed at the end of the process. */
#pragma once

#include "config/state.h"
#include "tests/fuzz/fuzz.h"

/* What such a database says: every table has rows. */
void rows_learn(struct state *s);

/* Of the copy; borrowed. Its log is beside it. */
const char *rows_path(void);
const char *rows_log_path(void);

/* The files as the store left them: the database, and a log of changes that is not moved into it.
 * Borrowed. */
struct slice rows_database(void);
struct slice rows_log(void);
/* Writes copies; an empty log is none. */
void rows_write(struct slice database, struct slice log);

/* Opens the copy as a start does: it is refused, with a reason; or its state is taken, which can be
 * written again, and an engine starts with it. */
void rows_check_start(void);
