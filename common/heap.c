#include "common/heap.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "common/tstamp.h"

void heap_fini(struct heap *h) {
    for (size_t i = 0; i < h->count; i++) {
        h->items[i]->index = 0;
        h->items[i]->at_ms = TSTAMP_NEVER;
    }
    mem_free(h->items);
    *h = HEAP_INIT;
}

static bool heap_before(const struct heap_item *a, const struct heap_item *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_place(struct heap *h, size_t at, struct heap_item *item) {
    h->items[at] = item;
    item->index = at + 1;
}

/* Lets `item`, which belongs at `at` or above, rise to its place. Returns that place. */
static size_t heap_rise(struct heap *h, size_t at, struct heap_item *item) {
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!heap_before(item, h->items[parent]))
            break;
        heap_place(h, at, h->items[parent]);
        at = parent;
    }
    heap_place(h, at, item);
    return at;
}

/* Lets `item`, which belongs at `at` or below, sink to its place. */
static void heap_sink(struct heap *h, size_t at, struct heap_item *item) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && heap_before(h->items[child + 1], h->items[child]))
            child++;
        if (!heap_before(h->items[child], item))
            break;
        heap_place(h, at, h->items[child]);
        at = child;
    }
    heap_place(h, at, item);
}

static void heap_settle(struct heap *h, size_t at, struct heap_item *item) {
    heap_sink(h, heap_rise(h, at, item), item);
}

void heap_set(struct heap *h, struct heap_item *item, int64_t at_ms) {
    if (at_ms == TSTAMP_NEVER) {
        heap_remove(h, item);
        return;
    }
    if (item->index != 0 && item->at_ms == at_ms)
        return;

    size_t at;
    if (item->index == 0) {
        mem_grow(&h->items, &h->capacity, h->count + 1, sizeof(h->items[0]));
        at = h->count++;
    } else {
        at = item->index - 1;
        ensure(at < h->count);
        ensure(h->items[at] == item);
    }
    item->at_ms = at_ms;
    item->order = h->next_order++;
    heap_settle(h, at, item);
}

void heap_remove(struct heap *h, struct heap_item *item) {
    item->at_ms = TSTAMP_NEVER;
    if (item->index == 0)
        return;
    size_t at = item->index - 1;
    ensure(at < h->count);
    ensure(h->items[at] == item);
    item->index = 0;
    struct heap_item *last = h->items[--h->count];
    if (last != item)
        heap_settle(h, at, last);
}

struct heap_item *heap_first(const struct heap *h) {
    return h->count == 0 ? NULL : h->items[0];
}

int64_t heap_deadline(const struct heap *h) {
    return h->count == 0 ? TSTAMP_NEVER : h->items[0]->at_ms;
}
