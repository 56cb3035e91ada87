/* What nobody can bring about who has not the secret: nothing of what a forger makes up. */
#include "sentinel/core/core.h"
#include "tests/sim/forger.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

static void check_epoch(struct laws *l, const struct vedette *v, const char *what, uint64_t epoch) {
    if (epoch >= FORGED_EPOCH)
        laws_break(l, LAW_PROVEN, "%s took the %s %llu, which was made up", v->name, what,
            (unsigned long long)epoch);
}

/* Each peer says one thing after the other: what it said before does not count again. */
static void check_peer(struct laws *l, const struct vedette *v, const struct peer *p) {
    const struct process *process = p->process;
    struct watched_answer *a = watch_answer(&l->watch[v->number], p);
    if (process->id[0] == FORGED_ID_CHAR || process->address.given.port == FORGED_PORT)
        laws_break(l, LAW_PROVEN, "%s took %s at %s for a peer", v->name, process->id,
            process->address.given.host);
    if (a->group_seen == p->group->serial && p->counter < a->counter_seen)
        laws_break(l, LAW_PROVEN, "%s took the hello %llu of %.2s after %llu", v->name,
            (unsigned long long)p->counter, process->id, (unsigned long long)a->counter_seen);
    a->group_seen = p->group->serial;
    a->counter_seen = p->counter;
}

void laws_proof_look(struct laws *l, const struct vedette *v, const struct group *g) {
    if (!l->world->draw.has_forger)
        return;
    check_epoch(l, v, "epoch", vedette_core(v)->current_epoch);
    check_epoch(l, v, "config epoch", g->config_epoch);
    check_epoch(l, v, "vote's epoch", g->vote_epoch);
    list_for_each(p, &g->peers, struct peer, of_group) {
        check_epoch(l, v, "epoch of an answer", p->voted_epoch);
        check_peer(l, v, p);
    }
}
