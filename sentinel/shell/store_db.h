/* The durable state as tables of one SQLite database: opening and checking it, reading it whole,
 * writing changes. What is to be done when a write fails is the store's business. */
#pragma once

#include "config/state.h"

struct buf;
struct store_db;

/* Opens the database at `path` for this process alone, and checks it. If it is empty, its tables
 * are made and filled with `first`, in one transaction; NULL: an empty one is refused. NULL with
 * the reason in *why. */
struct store_db *store_db_open(const char *path, const struct state *first, struct buf *why);
void store_db_close(struct store_db *db); /* what was begun is rolled back; NULL is nothing */
/* Closes it after a failure: nothing more is written, and no file touched. NULL is nothing. */
void store_db_abandon(struct store_db *db);

/* The files that it consists of, the log of changes among them; borrowed. */
const char *store_db_path(const struct store_db *db);
const char *store_db_log_path(const struct store_db *db);

/* Reads all of it into `ret`, which is initialised and empty. */
bool store_db_load(struct store_db *db, struct state *ret, struct buf *why);
/* Whether it is the state of the vedette with this id. */
bool store_db_check_id(struct store_db *db, const char *id, struct buf *why);

/* A transaction. After a false one the database is to be closed; store_db_error says why. */
bool store_db_begin(struct store_db *db);
bool store_db_write(struct store_db *db, const struct delta *d); /* what state_apply does */
bool store_db_write_id(struct store_db *db, const char *id);
bool store_db_write_all(
    struct store_db *db, const struct state *state); /* instead of all that is there */
bool store_db_commit(struct store_db *db);           /* on disk at its return */
const char *store_db_error(const struct store_db *db);

/* Pages of the log of changes that wait to be moved into the database itself. */
int store_db_log_pages(const struct store_db *db);
/* Moves them. Takes as long as the disk does. */
enum store_db_checkpoint { STORE_DB_PASSIVE, STORE_DB_TRUNCATE };
bool store_db_checkpoint(struct store_db *db, enum store_db_checkpoint how);
