/* The laws of promotions as they leave: the gate (C9), and what becomes of them (C11). */
#include "sentinel/core/core.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

#include <string.h>

#define ATTEMPT_AGE_MAX_MS 10000 /* source: ARCHITECTURE 6, C9 */

/* A master that fell silent and answers is down only for what an answer does not refute, or for
 * another silence: in tilt nobody tells that it came back, and fell again. */
static const char *why_not_down(struct laws *l, const struct vedette *v, const struct group *g) {
    const struct server *s = farm_at(&l->world->farm, &g->master->address.given);
    if (s == NULL)
        return NULL;
    const struct watched_server *m = &l->watch[v->number].servers[s - l->world->farm.servers];
    if (m->is_double)
        return NULL;
    if (!m->is_down)
        return "the master is not down";
    const struct group_settings *settings = &g->settings;
    bool fell_again = watch_is_silent(&m->silence, v->now.heard_ms, settings->down_after_ms) ||
        (settings->crash_after_ms > 0 &&
            m->refused_dead_us / US_PER_MS + 1 >= settings->crash_after_ms);
    bool is_refuted = m->has_answered && m->says_master && m->rebooted_ms == 0;
    return is_refuted && !fell_again ? "the master has answered since it fell silent" : NULL;
}

static const char *gate(
    struct laws *l, const struct vedette *v, int group, const struct watched_attempt *t) {
    const struct group *g = vedette_group(v, group);
    const int64_t age_ms = v->now.mono_ms - t->begun_ms;
    if (v->disk.claimed.current_epoch < t->epoch)
        return "its epoch is not on disk";
    if (g->vote_epoch != t->epoch || strcmp(g->vote_for, v->id) != 0)
        return "its vote is not for this attempt any more";
    if (g->config_epoch >= t->epoch)
        return "it has a configuration of that epoch or a later one";
    if (!t->is_forced && !t->is_coordinated && why_not_down(l, v, g) != NULL)
        return why_not_down(l, v, g);
    if (age_ms >= MIN_OF(ATTEMPT_AGE_MAX_MS, g->settings.failover_timeout_ms))
        return "the attempt is too old";
    return NULL;
}

void laws_gate(struct laws *l, const struct vedette *v, int group) {
    struct watched_attempt *t = &l->watch[v->number].groups[group].attempt;
    const char *why = gate(l, v, group, t);
    if (why != NULL)
        laws_break(l, LAW_GATE, "%s promotes under epoch %llu, although %s", v->name,
            (unsigned long long)t->epoch, why);
    t->order_out = true;
}

/* ---- C11 ---- */

/* Whether an order of this attempt to this server, or to whoever hands over to it, may have been
 * carried out. */
static bool may_have_promoted(const struct laws *l, const struct promotion *p) {
    for (size_t i = 0; i < l->promotion_count; i++) {
        const struct promotion *o = &l->promotions[i];
        if (o->vedette == p->vedette && o->life == p->life && o->attempt == p->attempt &&
            o->server == p->server && !o->was_refused)
            return true;
    }
    return false;
}

void laws_refused(struct laws *l, const struct vedette *v, const struct promotion *p) {
    struct watch *k = &l->watch[v->number];
    struct watched_attempt *t = &k->groups[p->server->group].attempt;
    if (t->serial != p->attempt || may_have_promoted(l, p))
        return;
    struct watched_server *s = &k->servers[p->server - l->world->farm.servers];
    t->order_out = false;
    s->has_refused = true;
    s->refused_epoch = p->epoch;
    l->told[v->number].refused = p->server;
}

void laws_gate_step(struct laws *l, const struct vedette *v) {
    const struct server *refused = l->told[v->number].refused;
    if (refused == NULL)
        return;
    l->told[v->number].refused = NULL;
    const struct group *g = vedette_group(v, refused->group);
    if (g == NULL || g->frozen || vedette_is_in_tilt(v) || g->attempt.confirm_seq != 0)
        return;
    bool waits = g->attempt.state == FAILOVER_WAIT_PROMOTION &&
        farm_at(&l->world->farm, &g->attempt.selected->address.given) == refused;
    if (waits)
        laws_break(l, LAW_REFUSAL, "%s waits for the promotion of %s, which has refused it",
            v->name, refused->name);
}
