/* What data servers hold: each holds a point, an offset in a history. A history begins at a point
 * of another one, where a replica was made a master, or at nothing. So what one server holds is
 * part of what another holds if the way back from there leads over it. */
#pragma once

#include "common/base.h"

struct point {
    uint32_t history; /* 0: nothing */
    uint64_t offset;
};

struct histories {
    struct point *begun_at; /* owned: by number - 1 */
    size_t count, capacity;
};

void histories_fini(struct histories *h);
/* The same data under a new history. */
struct point data_branch(struct histories *h, struct point at);
/* Whether all that is at `part` is at `whole`, too. Nothing is part of everything. */
bool data_has(const struct histories *h, struct point whole, struct point part);
/* Likewise, but only as far as servers remember: over one beginning of a history. */
bool data_can_go_on(const struct histories *h, struct point from, struct point to);
