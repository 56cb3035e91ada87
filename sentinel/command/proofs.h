/* What a client has proven: that it is the vedette of an id, and shares our secret, or that of a
 * group. Lasts as long as its connection, and as the secret is in force. */
#pragma once

#include "common/slice.h"
#include "config/state.h"
#include "sentinel/core/challenge.h"

struct core;
struct group;

struct proof {
    uint64_t group; /* serial of the one whose keys it is about; 0 = the process */
    uint64_t mark;  /* of the key (seal_mark) */
};

struct proofs {
    char id[ID_SIZE];              /* whose they are; "" = nobody's */
    char ours[CHALLENGE_SIZE + 1]; /* our number in its challenges; "" = none was drawn */
    struct proof *items;           /* owned; one for the process and for each group at most */
    size_t count, capacity;
};

void proofs_fini(struct proofs *p);
/* One more; what another id proved on the connection is forgotten. */
void proofs_add(struct proofs *p, const struct core *c, struct slice id, struct proof proof);
/* Whether it is `id` by the keys that are in force for the group. */
bool proofs_hold(
    const struct proofs *p, const struct core *c, const struct group *g, struct slice id);
