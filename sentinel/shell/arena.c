#include "sentinel/shell/arena.h"

#include "common/mem.h"

#include <string.h>

#define CHUNK_SIZE 2048 /* of the usual chunk; a bigger piece gets one of its own size */
#define ALIGNMENT  sizeof(max_align_t)

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    max_align_t bytes[];
};

void arena_fini(struct arena *a) {
    struct arena_chunk *next;
    for (struct arena_chunk *c = a->chunks; c != NULL; c = next) {
        next = c->next;
        mem_free(c);
    }
    a->chunks = NULL;
    a->used = 0;
}

void arena_clear(struct arena *a) {
    struct arena_chunk *last = a->chunks;
    while (last != NULL && last->next != NULL) {
        struct arena_chunk *next = last->next;
        mem_free(last);
        last = next;
    }
    a->chunks = last;
    a->used = 0;
    if (last == NULL)
        return;
    if (last->size > CHUNK_SIZE) {
        arena_fini(a);
        return;
    }
    memset(last->bytes, 0, last->used);
    last->used = 0;
}

static struct arena_chunk *chunk_with(struct arena *a, size_t size) {
    if (a->chunks != NULL && a->chunks->size - a->chunks->used >= size)
        return a->chunks;
    size_t room = MAX_OF(size, (size_t)CHUNK_SIZE);
    struct arena_chunk *c = mem_alloc(sizeof(*c) + room);
    c->size = room;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

void *arena_take(struct arena *a, size_t size) {
    if (size > a->limit - a->used)
        return NULL;
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *c = chunk_with(a, rounded);
    void *piece = (char *)c->bytes + c->used;
    c->used += rounded;
    a->used = MIN_OF(a->used + rounded, a->limit);
    return piece;
}
