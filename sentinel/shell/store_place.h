/* Where the durable state lies: a folder of its own, or beside a classic configuration file. */
#pragma once

#include "common/base.h"

struct buf;

struct store_place {
    char *folder;     /* owned; made if absent */
    char *database;   /* owned */
    char *marker;     /* owned: a file that says that there has been a database */
    bool owns_folder; /* nothing of anybody else may lie in the folder */
};

/* In the state folder of a YAML configuration. */
void store_place_in(struct store_place *p, const char *state_dir);
/* <file>.vedette.db; in state_dir, under a digest of the file's path, if there is a state already,
 * or the file's folder cannot be written. file: absolute. */
void store_place_beside(struct store_place *p, const char *file, const char *state_dir);
void store_place_copy(struct store_place *to, const struct store_place *from);
void store_place_fini(struct store_place *p);

enum store_place_start {
    STORE_PLACE_FRESH, /* nothing there yet: the folder exists now, and an empty database with mode
                          0600 */
    STORE_PLACE_KNOWN, /* the marker says that there has to be a database */
};
/* Makes the folder, with mode 0700, if it is not there; *ret_made is only set if it was. false with
 * the reason in *why. */
bool store_place_make_folder(const char *folder, bool *ret_made, struct buf *why);
/* Looks and prepares. false with the reason in *why, a sentence that names the culprit. */
bool store_place_prepare(
    const struct store_place *p, enum store_place_start *ret_start, struct buf *why);
/* For a process that was at work here and lost its files, or the use of them: makes anew what is
 * not there, but for the marker, and holds the marker that is. The database may be empty then. *fd:
 * of the marker held so far, replaced. false with the reason in *why. */
bool store_place_regain(const struct store_place *p, int *fd, struct buf *why);
/* Writes the marker, durably. 0 or negative errno. */
int store_place_mark(const struct store_place *p);
/* Locks the marker for as long as the descriptor is open. -EWOULDBLOCK: another process holds it.
 */
int store_place_hold(const struct store_place *p, int *ret_fd);
/* Makes sure that it is the marker there now that is locked. *fd: that of the lock so far,
 * replaced.
 */
bool store_place_hold_anew(const struct store_place *p, int *fd, struct buf *why);

/* Which file a path leads to. */
struct file_id {
    uint64_t device, inode;
};
/* 0 or negative errno. */
int file_id_at(const char *path, struct file_id *ret);
int file_id_of(int fd, struct file_id *ret);
/* Whether the path still leads to that file. false with the reason in *why. */
bool file_id_check(const struct file_id *id, const char *path, struct buf *why);
