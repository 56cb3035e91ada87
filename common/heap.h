/* Binary min-heap of deadlines. The items live in their owners; ties come out in order of their
 * last change. */
#pragma once

#include "common/base.h"

struct heap_item {
    int64_t at_ms;  /* deadline; TSTAMP_NEVER while not in the heap */
    uint64_t order; /* breaks ties: the order of insertion or change */
    size_t index;   /* place in the heap + 1; 0 = not in it */
};

struct heap {
    struct heap_item **items;
    size_t count, capacity;
    uint64_t next_order;
};

#define HEAP_INIT ((struct heap){ .items = NULL })

void heap_fini(struct heap *h);
/* Inserts or moves `item`; TSTAMP_NEVER removes it. An unchanged deadline changes nothing. */
void heap_set(struct heap *h, struct heap_item *item, int64_t at_ms);
void heap_remove(struct heap *h, struct heap_item *item);
struct heap_item *heap_first(const struct heap *h); /* NULL when empty */
int64_t heap_deadline(const struct heap *h);        /* TSTAMP_NEVER when empty */
