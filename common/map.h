/* Map from byte strings to pointers that iterates in insertion order. Keys are copied, values are
 * borrowed. The order is that of insertion, whatever the hash: it is part of the behaviour. */
#pragma once

#include "common/base.h"
#include "common/siphash.h"
#include "common/slice.h"

struct map_entry {
    struct slice key; /* owned by the map */
    void *value;      /* borrowed; NULL marks a removed entry */
    uint64_t hash;
};

struct map {
    struct map_entry *entries; /* insertion order, with holes until compacted */
    size_t entry_count;        /* with holes */
    size_t entry_capacity;
    size_t live_count;
    uint32_t *slots; /* open addressing into entries; 0 empty, else index + 1 */
    size_t slot_count;
};

#define MAP_INIT ((struct map){ .entries = NULL })

/* The key of all maps of this process, before the first of them has an entry: clients choose names,
 * and with a key that they do not know none of them collide by design. Zero if it is never set, as
 * in tests. */
void map_set_key(const struct siphash_key *key);

void map_fini(struct map *m);
size_t map_count(const struct map *m);
void *map_get(const struct map *m, struct slice key); /* NULL if absent */
/* Adds; the key must be absent, the value not NULL. */
void map_put(struct map *m, struct slice key, void *value);
/* Removes and returns the value, or NULL if absent. The order of the others stays. */
void *map_remove(struct map *m, struct slice key);

/* Iterates: start with *position = 0; returns NULL at the end. Removing the current entry is
 * allowed, adding is not. */
void *map_next(const struct map *m, size_t *position);

#define map_for_each(item, m, type) \
    for (size_t item##_pos = 0, item##_once = 1; item##_once; item##_once = 0) \
        for (type *item = map_next(m, &item##_pos); item != NULL; item = map_next(m, &item##_pos))
