/* Which words of a request may be secrets. What nobody can understand may hold any. */
#pragma once

#include "common/slice.h"

struct server;

enum secrecy {
    SECRECY_NONE,
    SECRECY_LOGIN,   /* a password that a client tries to log in with */
    SECRECY_SETTING, /* one that becomes part of the configuration */
    SECRECY_RULE,    /* a rule of a user, which may hold one */
    SECRECY_UNKNOWN,
};

/* Tells of each word of a request to `s`; `ret` has room for `count`. Returns whether the reply may
 * repeat a secret, or replies to this client may show some from now on. */
bool secrecy_of_request(
    const struct server *s, const struct slice *words, size_t count, enum secrecy *ret);
/* Whether a word can be a rule that says nothing of passwords; one that lacks its sign cannot. */
bool secrecy_is_plain_rule(struct slice rule);
