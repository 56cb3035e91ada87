#include "sentinel/command/proofs.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/seal.h"

void proofs_fini(struct proofs *p) {
    mem_free(p->items);
    *p = (struct proofs){ .items = NULL };
}

static struct proof *find(const struct proofs *p, uint64_t group) {
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].group == group)
            return &p->items[i];
    return NULL;
}

/* Groups come and go: those of them that are gone leave room. */
static void drop_gone(struct proofs *p, const struct core *c) {
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].group == 0 || group_by_serial(c, p->items[i].group) != NULL)
            p->items[kept++] = p->items[i];
    p->count = kept;
}

void proofs_add(struct proofs *p, const struct core *c, struct slice id, struct proof proof) {
    if (!slice_is(id, p->id)) {
        p->count = 0;
        slice_copy(id, p->id, sizeof(p->id));
    }
    struct proof *known = find(p, proof.group);
    if (known != NULL) {
        *known = proof;
        return;
    }
    drop_gone(p, c);
    mem_grow(&p->items, &p->capacity, p->count + 1, sizeof(p->items[0]));
    p->items[p->count++] = proof;
}

bool proofs_hold(
    const struct proofs *p, const struct core *c, const struct group *g, struct slice id) {
    bool own = secret_is_set(&g->settings.peer_keys);
    const struct proof *proof = find(p, own ? g->serial : 0);
    return proof != NULL && slice_is(id, p->id) && seal_knows(seal_keys(c, g), proof->mark);
}
