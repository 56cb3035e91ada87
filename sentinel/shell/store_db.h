/* The durable state as tables of one SQLite database: opening and checking it, reading it whole,
 * writing changes. What is to be done when a write fails is the store's business. */
#pragma once

#include "config/state.h"

struct buf;
struct store_db;

/* Opens the database at `path` (which exists, perhaps empty, if `fresh`) for this process alone,
 * and checks it. fresh: the tables are made, with `id`, unless they are there already. NULL with
 * the reason in *why. */
enum store_db_start { STORE_DB_EXISTING, STORE_DB_FRESH };
struct store_db *store_db_open(
    const char *path, enum store_db_start start, const char *id, struct buf *why);
void store_db_close(struct store_db *db); /* what was begun is rolled back */

/* Reads all of it into `ret`, which is initialised and empty. */
bool store_db_load(struct store_db *db, struct state *ret, struct buf *why);

/* A transaction. After a false one the database is to be closed; store_db_error says why. */
bool store_db_begin(struct store_db *db);
bool store_db_write(struct store_db *db, const struct delta *d); /* what state_apply does */
bool store_db_write_id(struct store_db *db, const char *id);
bool store_db_clear(struct store_db *db);  /* forgets all but the id */
bool store_db_commit(struct store_db *db); /* on disk at its return */
const char *store_db_error(const struct store_db *db);

/* Pages of the log of changes that wait to be moved into the database itself. */
int store_db_log_pages(const struct store_db *db);
/* Moves them. Takes as long as the disk does. */
enum store_db_checkpoint { STORE_DB_PASSIVE, STORE_DB_TRUNCATE };
bool store_db_checkpoint(struct store_db *db, enum store_db_checkpoint how);
