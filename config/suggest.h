/* Which known word a mistyped one may have meant. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

/* The nearest word seen so far. */
struct suggestion {
    struct slice wanted; /* borrowed: what was typed */
    struct slice best;   /* borrowed: the nearest word; size 0 while none is near */
    size_t distance;     /* of best */
};

struct suggestion suggest(struct slice wanted);
/* Letter case, '-' and '_' count for nothing. A word is near if a third of its letters at most
 * differ, and never more than two. */
void suggest_consider(struct suggestion *s, struct slice word);
