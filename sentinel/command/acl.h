/* The users of access control, and how they are read from and written as lines of text. Knows no
 * client. */
#pragma once

#include "common/map.h"
#include "sentinel/command/acl_user.h"

#define ACL_USERS_MAX 10000

struct acl {
    struct acl_style style;
    struct map users;          /* name -> struct acl_user, owned */
    struct acl_user *standard; /* "default", whom clients are before they log in; always there */
};

/* With the default user alone, who may do everything without a password. */
void acl_init(struct acl *a, const struct acl_style *style);
void acl_fini(struct acl *a);

struct acl_user *acl_find(const struct acl *a, struct slice name); /* NULL if there is none */
/* All users in the order of their names, map_count(&a->users) of them; owned (mem_free). */
struct acl_user **acl_sorted(const struct acl *a);

/* One user as several rules make it of what it is, or of a new one. */
struct acl_change {
    enum acl_error error;
    struct slice rule; /* the one that was refused; borrowed from the rules */
};
struct acl_change acl_change_user(struct acl_user *u, const struct slice *rules, size_t count);
/* Adds a user that is not there; takes it. */
void acl_add(struct acl *a, struct acl_user *u);
/* Takes a user out, for the caller to free; not the default one. */
void acl_remove(struct acl *a, struct acl_user *u);
/* The password of the default user by itself (requirepass); empty: it needs none. */
void acl_set_standard_password(struct acl *a, struct slice password);

/* Rules in which a selector may stand in several words: they become one. ret_rules: owned
 * (acl_rules_free). false, with *ret_open the word that opened it, if a parenthesis stays open. */
bool acl_join_rules(const struct slice *words, size_t count, struct slice **ret_rules,
    size_t *ret_count, size_t *ret_open);
/* The same of rules in one text, separated by blanks. */
bool acl_split_rules(
    struct slice text, struct slice **ret_rules, size_t *ret_count, struct slice *ret_open);
void acl_rules_free(struct slice *rules, size_t count);

/* Reads lines of the form "user NAME RULE ..." into `a`, which is to hold the default user alone.
 * false, with everything that is wrong added to `why` in the originals' words, if there is such a
 * thing. `place` is what the lines are called: the path of the file. */
bool acl_read(struct acl *a, const char *place, struct slice text, struct buf *why);
/* "user NAME RULE ..." without a newline. */
void acl_print_user(const struct acl_user *u, struct buf *out);
/* All users, a line each. */
void acl_print(const struct acl *a, struct buf *out);
