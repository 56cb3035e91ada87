/* What one client asked for with CLIENT TRACKING. A Sentinel has no keys, so nothing is ever
 * invalidated; but what was asked for is checked, kept and told. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct tracking {
    bool on, bcast, optin, optout, noloop;
    bool caching;           /* CLIENT CACHING holds for the next command */
    uint64_t redirect;      /* id of the client that is to be told instead; 0 = none */
    struct slice *prefixes; /* owned array of owned bytes, in order of bytes; none overlap, but for
                               the empty one of a client that named none */
    size_t prefix_count, prefix_capacity;
    size_t bytes; /* about what the prefixes take */
};

void tracking_init(struct tracking *t);
void tracking_fini(struct tracking *t);

/* Whether one begins with the other. */
bool tracking_prefixes_overlap(struct slice a, struct slice b);
/* The first prefix that overlaps with `prefix`; NULL if there is none. */
const struct slice *tracking_overlap(const struct tracking *t, struct slice prefix);
/* Adds a prefix; nothing if it is there. */
void tracking_add_prefix(struct tracking *t, struct slice prefix);
void tracking_stop(struct tracking *t);
