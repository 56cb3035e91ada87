/* Peers that share a secret with the engine: which secrets and policies a story has, and what such
 * a peer seals in it, hellos and proofs. Whether a seal is a good one is the story's choice. */
#pragma once

#include "tests/fuzz/outside.h"

struct settings;

/* Secrets and policies, by the number of a story: the first is none at all. */
#define TRUSTS 7

void sealing_apply(size_t trust, struct settings *settings);

enum sealed_with {
    SEALED_WITH_OURS,  /* the key that signs now */
    SEALED_WITH_OTHER, /* one that is believed in some stories */
    SEALED_WITH_WRONG, /* one that nobody has */
    SEALED_WITH_KINDS,
};

/* Makes a signed line of a hello. */
void sealing_hello(const struct outside *o, struct slice group, enum sealed_with with,
    uint64_t counter, struct buf *line);
/* Whether anything of a line may count, by how it is sealed. */
bool sealing_may_count(const struct outside *o, struct slice line);
/* A peer of that id wants to know on this connection who we are; or, if it was told our number
 * before, proves who it is. group: "" = by the secret of the process. */
void sealing_prove(const struct outside *o, const struct outside_client *c, const char *id,
    struct slice group, enum sealed_with with, struct buf *out);
/* What the engine replies to a client may hold its number. */
void sealing_overhear(struct outside_client *c, struct slice reply);

/* The answer of a peer to the challenge that is the oldest request of a link. */
struct sealing_answer {
    char seal[DIGEST_HEX_SIZE];
    struct resp_value elements[3];
};

void sealing_answer(const struct outside *o, const struct outside_link *l, enum sealed_with with,
    struct sealing_answer *ret);
