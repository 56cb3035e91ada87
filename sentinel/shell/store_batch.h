/* Changes of the durable state on their way to the disk: copies of their own, so that they can be
 * handed from one thread to another. */
#pragma once

#include "config/state.h"

struct store_change {
    struct delta delta;
    char *texts; /* owned: those of the delta */
    size_t texts_size;
};

struct store_batch {
    struct store_change *changes; /* in order */
    size_t count, capacity;
    char id[ID_SIZE]; /* to take over; "" = the id stays */
    uint64_t seq;     /* under which the outcome is told */
};

struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *b); /* NULL is nothing */
void store_batch_add(struct store_batch *b, const struct delta *d);
/* Appends all of `more`, which is taken. */
void store_batch_join(struct store_batch *b, struct store_batch *more);
