#include "common/map.h"

#include "common/ensure.h"
#include "common/mem.h"

#include <string.h>

#define MAP_SLOTS_MIN 16

void map_fini(struct map *m) {
    for (size_t i = 0; i < m->entry_count; i++)
        mem_free((void *)(uintptr_t)m->entries[i].key.data);
    mem_free(m->entries);
    mem_free(m->slots);
    *m = MAP_INIT;
}

size_t map_count(const struct map *m) {
    return m->live_count;
}

static struct siphash_key map_key;

void map_set_key(const struct siphash_key *key) {
    map_key = *key;
}

static uint64_t map_hash(struct slice key) {
    return siphash(&map_key, key);
}

static struct map_entry *map_find(const struct map *m, struct slice key, uint64_t hash) {
    if (m->slot_count == 0)
        return NULL;
    size_t mask = m->slot_count - 1;
    for (size_t slot = hash & mask; m->slots[slot] != 0; slot = (slot + 1) & mask) {
        struct map_entry *e = &m->entries[m->slots[slot] - 1];
        if (e->hash == hash && e->value != NULL && slice_equal(e->key, key))
            return e;
    }
    return NULL;
}

void *map_get(const struct map *m, struct slice key) {
    const struct map_entry *e = map_find(m, key, map_hash(key));
    return e == NULL ? NULL : e->value;
}

static void map_link(struct map *m, size_t index) {
    size_t mask = m->slot_count - 1;
    size_t slot = m->entries[index].hash & mask;
    while (m->slots[slot] != 0)
        slot = (slot + 1) & mask;
    m->slots[slot] = (uint32_t)(index + 1);
}

/* Drops the holes and sizes the slots so that as many entries again fit before the next rebuild. */
static void map_rebuild(struct map *m) {
    size_t live = 0;
    for (size_t i = 0; i < m->entry_count; i++) {
        if (m->entries[i].value != NULL)
            m->entries[live++] = m->entries[i];
    }
    ensure(live == m->live_count);
    m->entry_count = live;

    size_t slot_count = MAP_SLOTS_MIN;
    while (slot_count / 8 * 3 <= live)
        slot_count *= 2;
    mem_free(m->slots);
    m->slots = mem_alloc(slot_count * sizeof(m->slots[0]));
    m->slot_count = slot_count;
    for (size_t i = 0; i < live; i++)
        map_link(m, i);
}

void map_put(struct map *m, struct slice key, void *value) {
    ensure(value != NULL);
    uint64_t hash = map_hash(key);
    ensure(map_find(m, key, hash) == NULL);

    /* Holes count: their slots are still in the way of a search. */
    if (m->entry_count >= m->slot_count / 4 * 3)
        map_rebuild(m);
    ensure(m->entry_count < UINT32_MAX);
    mem_grow(&m->entries, &m->entry_capacity, m->entry_count + 1, sizeof(m->entries[0]));
    m->entries[m->entry_count] = (struct map_entry){
        .key = { .data = mem_dup(key.data, key.size), .size = key.size },
        .value = value,
        .hash = hash,
    };
    map_link(m, m->entry_count);
    m->entry_count++;
    m->live_count++;
}

void *map_remove(struct map *m, struct slice key) {
    struct map_entry *e = map_find(m, key, map_hash(key));
    if (e == NULL)
        return NULL;
    void *value = e->value;
    mem_free((void *)(uintptr_t)e->key.data);
    *e = (struct map_entry){ .value = NULL };
    m->live_count--;
    return value;
}

void *map_next(const struct map *m, size_t *position) {
    while (*position < m->entry_count) {
        void *value = m->entries[(*position)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
