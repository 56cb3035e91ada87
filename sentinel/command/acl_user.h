/* One user: whether and with which passwords it may log in, and its rights. Passwords are kept as
 * digests only. */
#pragma once

#include "common/digest.h"
#include "sentinel/command/acl_selector.h"

struct acl_password {
    char hex[DIGEST_HEX_SIZE];
};

/* What the originals print of how values are checked when they are loaded; no command here loads
 * any. */
enum acl_sanitize { ACL_SANITIZE_UNSAID, ACL_SANITIZE, ACL_SANITIZE_SKIP };

/* What every user starts with, and again after "reset". */
struct acl_style {
    enum acl_sanitize sanitize;
    bool all_channels;
};

struct acl_user {
    char *name; /* owned */
    size_t name_size;
    struct acl_style style;
    bool enabled;     /* may log in */
    bool no_password; /* any password will do */
    enum acl_sanitize sanitize;
    struct acl_password *passwords; /* owned */
    size_t password_count, password_capacity;
    struct acl_selector root;       /* what the rules outside of parentheses say */
    struct acl_selector *selectors; /* owned: each suffices */
    size_t selector_count, selector_capacity;
};

/* Disabled, without rights. */
struct acl_user *acl_user_new(struct slice name, const struct acl_style *style);
void acl_user_free(struct acl_user *u);
/* All but the name. */
void acl_user_copy(struct acl_user *to, const struct acl_user *from);
/* Makes it a new one again: "reset". */
void acl_user_reset(struct acl_user *u);

struct slice acl_user_name(const struct acl_user *u);
/* Blanks and NULs would break a line of rules. */
bool acl_user_name_is_valid(struct slice name);

/* Takes one rule, parentheses joined: "on", ">password", "+@all", "(+ping &a)"; an empty one is
 * nothing. Of a rule that is refused nothing is taken. */
enum acl_error acl_user_apply(struct acl_user *u, struct slice rule);

/* Whether the password lets it in; takes the same time wherever a digest differs. */
bool acl_user_accepts(const struct acl_user *u, struct slice password);
/* As acl_selector_check, of the root and all selectors. */
enum acl_verdict acl_user_check(const struct acl_user *u, const struct command *c,
    const struct slice *args, size_t count, size_t *ret_at);
/* A pattern is allowed where all channels are, or where a rule is that very pattern. */
bool acl_user_allows_channel(const struct acl_user *u, struct slice channel, bool is_pattern);

/* "on nopass": the words that are said of a user, in the originals' order. Returns how many there
 * are; at most ACL_FLAGS_MAX. */
#define ACL_FLAGS_MAX 3
size_t acl_user_flags(const struct acl_user *u, const char *ret_flags[static ACL_FLAGS_MAX]);
/* The rules that make it: "on #... ~* &* +@all (...)". */
void acl_user_print(const struct acl_user *u, struct buf *out);
