#include "sentinel/core/invariant.h"

#include "sentinel/core/core.h"

static bool is_replica_of(const struct group *g, const struct node *n) {
    list_for_each(r, &g->replicas, struct node, siblings)
        if (r == n)
            return true;
    return false;
}

const char *invariant_broken(const struct core *c, const struct group *g) {
    const struct attempt *a = &g->attempt;
    if (g->vote_epoch > c->current_epoch)
        return "no vote is beyond the current epoch";
    if (g->config_epoch > c->current_epoch)
        return "no configuration is beyond the current epoch";
    if (g->replica_count != list_count(&g->replicas) || g->peer_count != list_count(&g->peers))
        return "replicas and peers are counted right";
    if (a->state == FAILOVER_NONE)
        return a->selected != NULL || a->elected ? "nothing is selected outside of a failover"
                                                 : NULL;
    if (a->epoch > g->vote_epoch)
        return "an attempt has our own vote, or a later one has taken it";
    if (a->state > FAILOVER_WAIT_START && !a->elected)
        return "only the elected select and promote";
    if (a->state > FAILOVER_SELECT && !is_replica_of(g, a->selected))
        return "the selected is a replica of the group";
    if (a->state >= FAILOVER_RECONF_REPLICAS && g->config_epoch != a->epoch)
        return "a confirmed promotion has made the configuration of its epoch";
    return NULL;
}
