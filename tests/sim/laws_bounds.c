/* The laws of how much there may be (ARCHITECTURE 3, rule 9). */
#include "sentinel/core/core.h"
#include "sentinel/engine/engine.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

void laws_bounds_look(struct laws *l, const struct vedette *v, const struct group *g) {
    const int64_t *max = vedette_core(v)->settings.limits.max;
    if (g->replica_count > (size_t)max[LIMIT_REPLICAS] || g->peer_count > (size_t)max[LIMIT_PEERS])
        laws_break(l, LAW_BOUNDS, "%s knows %zu replicas and %zu peers of %s", v->name,
            g->replica_count, g->peer_count, g->name);
}

/* What the shell leaves descriptors for is at least what is open. */
void laws_links_look(struct laws *l, const struct vedette *v) {
    size_t open = 0, wanted = engine_wanted_links(v->engine);
    list_for_each(x, &v->wires, struct wire, siblings)
        open += !x->is_gone && x->client.value == 0;
    if (open > wanted)
        laws_break(l, LAW_BOUNDS, "%s has %zu links open and wants %zu", v->name, open, wanted);
}
