/* What peers that share a secret prove to each other: seals, which only who has it can make, and
 * the numbers that make each signed hello a new one. Knows no message; what a seal is over is its
 * user's matter. */
#pragma once

#include "common/digest.h"
#include "common/slice.h"

struct core;
struct group;
struct peer;

#define SEAL_SIZE (DIGEST_HEX_SIZE - 1) /* letters of a seal */

/* A seal of one kind is none of another. */
enum seal {
    SEAL_HELLO,
    SEAL_ANSWER, /* of who was asked to prove himself, */
    SEAL_ASK,    /* and then of who asked (challenge.h) */
};

/* The keys in force for a group, as config/keys.h has them; empty: nothing is signed, nothing has
 * to be. */
struct slice seal_keys(const struct core *c, const struct group *g);
/* Whether who proves nothing counts for nothing in the group. */
bool seal_is_strict(const struct core *c, const struct group *g);

/* With the first of the keys, which are not empty. */
void seal_make(
    struct slice keys, enum seal kind, struct slice text, char ret_hex[static DIGEST_HEX_SIZE]);
/* Which of the keys made it, from 1 on; 0 = none. */
size_t seal_find(
    struct core *c, struct slice keys, enum seal kind, struct slice text, struct slice hex);
/* What tells a key from others, and nothing else of it; number: of seal_find. Whether one of the
 * keys has this mark. */
uint64_t seal_mark(struct slice keys, size_t number);
bool seal_knows(struct slice keys, uint64_t mark);

/* ---- numbers of signed hellos ---- */

/* Whether there is one that is on disk as used up. If not, one is asked for: look again when the
 * store has answered. */
bool seal_may_count(struct core *c);
uint64_t seal_count(struct core *c); /* the next one; after seal_may_count */
