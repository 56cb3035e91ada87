#include "sentinel/command/tracking.h"

#include "common/mem.h"

#include <string.h>

#define PREFIX_BYTES 64 /* what a prefix takes beside its bytes, about */

void tracking_init(struct tracking *t) {
    *t = (struct tracking){ .on = false };
}

void tracking_fini(struct tracking *t) {
    tracking_stop(t);
}

void tracking_stop(struct tracking *t) {
    for (size_t i = 0; i < t->prefix_count; i++)
        mem_free((char *)t->prefixes[i].data);
    mem_free(t->prefixes);
    tracking_init(t);
}

bool tracking_prefixes_overlap(struct slice a, struct slice b) {
    size_t size = MIN_OF(a.size, b.size);
    return slice_equal(slice_sub(a, 0, size), slice_sub(b, 0, size));
}

const struct slice *tracking_overlap(const struct tracking *t, struct slice prefix) {
    for (size_t i = 0; i < t->prefix_count; i++) {
        if (tracking_prefixes_overlap(t->prefixes[i], prefix))
            return &t->prefixes[i];
    }
    return NULL;
}

void tracking_add_prefix(struct tracking *t, struct slice prefix) {
    size_t at = 0;
    while (at < t->prefix_count && slice_compare(t->prefixes[at], prefix) < 0)
        at++;
    if (at < t->prefix_count && slice_equal(t->prefixes[at], prefix))
        return;
    mem_grow(&t->prefixes, &t->prefix_capacity, t->prefix_count + 1, sizeof(t->prefixes[0]));
    memmove(
        &t->prefixes[at + 1], &t->prefixes[at], (t->prefix_count - at) * sizeof(t->prefixes[0]));
    t->prefixes[at] = (struct slice){ .data = slice_dup(prefix), .size = prefix.size };
    t->prefix_count++;
    t->bytes += PREFIX_BYTES + prefix.size;
}
