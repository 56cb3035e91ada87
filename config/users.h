/* The users of access control as a configuration names them: a name and rules, in words that the
 * command layer reads. Rules hold passwords, thus they are secrets. */
#pragma once

#include "common/secret.h"
#include "common/slice.h"

struct buf;

#define USERS_MAX 10000

struct user_rules {
    struct secret name;  /* may be empty; a secret only in that it may hold any byte but blanks */
    struct secret rules; /* words separated by blanks */
    int line, column;    /* where it stands in the file; 0 if in none */
};

struct users {
    struct user_rules *items; /* owned; in file order */
    size_t count, capacity;
    struct secret file_text; /* of the ACL file when it was last read */
};

void users_fini(struct users *u);
void users_copy(struct users *to, const struct users *from);    /* `to` is overwritten */
bool users_equal(const struct users *a, const struct users *b); /* without places, in any order */

struct slice user_name(const struct user_rules *r);
const struct user_rules *users_find(const struct users *u, struct slice name); /* NULL if absent */
/* Adds or replaces; borrowed until the next change. */
struct user_rules *users_set(struct users *u, struct slice name, struct slice rules);
void users_remove(struct users *u, struct slice name); /* nothing if absent */

/* Takes the text of the ACL file: 0, or why not, as load_file. */
int users_read_file(struct users *u, const char *path);
/* Whether that text says any password or digest of one. */
bool users_hold_password(const struct users *u);

/* ---- as overrides in the state ---- */
#define USERS_OVERRIDE "clients.users." /* and the name: the key of an override */

/* What the state keeps of a user: empty if there is none. */
void users_write_one(const struct users *u, struct slice name, struct buf *out);
/* The reverse. */
void users_restore_one(struct users *u, struct slice name, struct slice text);
