/* Memory for the parts of one reply: taken piece by piece, given back together, bounded as a whole.
 */
#pragma once

#include "common/base.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* owned; the newest first */
    size_t used;                /* bytes taken since the last clear */
    size_t limit;               /* of used */
};

#define ARENA_INIT(bytes) ((struct arena){ .limit = (bytes) })

void arena_fini(struct arena *a);
void arena_clear(struct arena *a); /* keeps one small chunk */
/* Zeroed; NULL if the limit would be passed. */
void *arena_take(struct arena *a, size_t size);
