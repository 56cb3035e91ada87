/* Effects as one number, so that a recording can tell whether a replay came to the same. */
#pragma once

#include "common/buf.h"

struct effect;

struct proof {
    uint64_t number; /* of all effects so far, in their order */
    struct buf text; /* of one effect */
};

void proof_fini(struct proof *p);
/* Adds an effect. Secrets do not count: a replay has others in their place. `is_tainted`: a REPLY
 * may show some, or what follows of their sizes, and counts without its bytes. */
void proof_add(struct proof *p, const struct effect *e, bool is_tainted);
