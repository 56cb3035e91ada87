/* The laws of orders that are no promotions: who follows whom, and when (C12; spec 8.6, 8.9). */
#include "sentinel/core/core.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

#include <string.h>

/* Source: spec 8.9. */
#define RETURN_WAIT_MS 8000
#define MASTER_INFO_MS 20000

/* A correction, and what is known of its subject. */
struct correction {
    const struct vedette *v;
    const struct group *g;
    const struct server *server;
    const struct watched_server *s, *master;
};

/* Whether a hello of this configuration that came after `after_ms` may have been heard later. */
static bool is_held(const struct watched_answer *a, uint64_t config_epoch, int64_t after_ms) {
    for (size_t i = 0; i < WATCH_HELD_MAX; i++)
        if (a->held[i].came_ms != 0 && a->held[i].config_epoch == config_epoch &&
            a->held[i].came_ms > after_ms)
            return true;
    return false;
}

/* C12: a majority, the process included, holds its configuration, as it has heard after `since_ms`
 * and lately. */
static void check_confirmed(struct laws *l, const struct correction *c, int64_t since_ms) {
    int64_t parked_ms = vedette_core(c->v)->settings.limits.max[LIMIT_PARKED_TIME];
    size_t voters = c->g->peer_count + 1, count = 1;
    since_ms = MAX_OF(since_ms, c->v->now.mono_ms - RETURN_WAIT_MS - 1);
    list_for_each(p, &c->g->peers, struct peer, of_group) {
        const struct watched_answer *a = watch_answer(&l->watch[c->v->number], p);
        bool since = a->hello_config_epoch == c->g->config_epoch && a->hello_ms > since_ms;
        count += since || is_held(a, c->g->config_epoch, since_ms - parked_ms);
    }
    if (count < voters / 2 + 1)
        laws_break(l, LAW_RETURN, "%s corrects %s %lld ms later, %zu of %zu agree", c->v->name,
            c->server->name, (long long)(c->v->now.mono_ms - since_ms), count, voters);
}

static void check_return(struct laws *l, const struct correction *c) {
    int64_t waited_ms = c->v->now.mono_ms - MAX_OF(c->s->role_ms, c->s->down_ms);
    if (!c->s->says_master || c->s->info_sent_ms < c->s->up_ms)
        laws_break(l, LAW_RETURN, "%s demotes %s, which has not said that it is a master",
            c->v->name, c->server->name);
    bool is_late = waited_ms > RETURN_WAIT_MS;
    marks_hit(&l->world->marks, is_late ? MARK_RETURN_BY_TIME : MARK_RETURN_BY_MAJORITY);
    check_confirmed(l, c, is_late ? c->s->role_ms : MAX_OF(c->s->up_ms, c->s->role_ms));
}

static void check_fix(struct laws *l, const struct correction *c) {
    const struct watched_server *s = c->s;
    const int64_t now_ms = c->v->now.mono_ms, limit_ms = c->g->settings.failover_timeout_ms;
    const struct endpoint *right = &c->g->master->address.given;
    bool is_wrong = farm_at(&l->world->farm, &s->follows) != farm_at(&l->world->farm, right) ||
        (!endpoint_is_ip(&s->follows) && !endpoint_equal(&s->follows, right)); /* a name that says
                                                                                   nothing to it */
    int64_t wrong_ms = is_wrong ? s->follows_ms : s->own_failover_ms;
    int64_t since_ms = MAX_OF(wrong_ms, s->down_ms);
    if (s->says_master || (!is_wrong && s->own_failover_ms == 0) || now_ms - since_ms <= limit_ms)
        laws_break(l, LAW_FIX, "%s corrects %s, which is %s for %lld ms", c->v->name,
            c->server->name, is_wrong ? "at a wrong master" : "at its master",
            (long long)(now_ms - since_ms));
    check_confirmed(l, c, wrong_ms);
}

static void check_correction(struct laws *l, const struct correction *c) {
    const struct watched_server *m = c->master;
    if (m == NULL || m->is_double)
        return;
    if (c->s->is_down)
        laws_break(
            l, LAW_FIX, "%s corrects %s, which it holds for down", c->v->name, c->server->name);
    if (!m->says_master || m->is_down || c->v->now.mono_ms - m->info_ms >= MASTER_INFO_MS)
        laws_break(l, LAW_FIX, "%s corrects %s, and its master is no good one", c->v->name,
            c->server->name);
}

/* Replicas that are on their way to the new master, this one included. */
static void check_led(struct laws *l, const struct correction *c) {
    const struct farm *f = &l->world->farm;
    int64_t led = 1;
    for (int i = f->first[c->server->group]; i < f->first[c->server->group + 1]; i++) {
        const struct watched_server *s = &l->watch[c->v->number].servers[i];
        led += s != c->s && s->is_led && !s->is_down;
    }
    if (led > c->g->settings.parallel_syncs)
        laws_break(l, LAW_SYNCS, "%s leads %lld replicas to the new master at once", c->v->name,
            (long long)led);
}

/* "<group> <old host> <port> <new host> <port>" */
static void check_switch(
    struct laws *l, const struct vedette *v, int group, const struct effect *e) {
    struct told_group *told = &l->told[v->number].groups[group];
    uint64_t before = told->seen_config_epoch;
    struct slice rest = e->text, host = SLICE_EMPTY;
    struct endpoint address;
    int64_t port;
    for (int words = 0; words < 4; words++)
        host = slice_cut(&rest, ' ');
    told->switched_to = slice_to_i64(rest, &port) && endpoint_make(host, port, &address)
        ? farm_at(&l->world->farm, &address)
        : NULL;
    const struct group *g = vedette_group(v, group);
    if (g->config_epoch <= before && before != 0)
        laws_break(l, LAW_SWITCH_RISES, "%s switches the master, its config epoch stays %llu",
            v->name, (unsigned long long)before);
}

void laws_return_event(struct laws *l, const struct vedette *v, const struct effect *e) {
    bool is_return = strcmp(e->event, "+convert-to-slave") == 0;
    bool is_fix = strcmp(e->event, "+fix-slave-config") == 0;
    bool is_led = strcmp(e->event, "+slave-reconf-sent") == 0;
    int group = world_group_named(e->group);
    if (group < 0 || vedette_group(v, group) == NULL)
        return;
    if (strcmp(e->event, "+switch-master") == 0)
        check_switch(l, v, group, e);
    if (!is_return && !is_fix && !is_led)
        return;
    struct correction c = { .v = v, .g = vedette_group(v, group) };
    const struct server *master = farm_at(&l->world->farm, &c.g->master->address.given);
    c.s = watch_subject(&l->watch[v->number], e, &c.server);
    c.master =
        master == NULL ? NULL : &l->watch[v->number].servers[master - l->world->farm.servers];
    if (c.s == NULL || c.s->is_double)
        return;
    if (is_led) {
        check_led(l, &c);
        return;
    }
    check_correction(l, &c);
    if (is_return)
        check_return(l, &c);
    else
        check_fix(l, &c);
}

/* Noted as the order leaves: its vedette may die before it tells of it. One that was known under
 * two names said itself that it is a master, by whichever of them. */
static void note_overruled(struct laws *l, const struct vedette *v, const struct server *to) {
    const struct group *g = vedette_group(v, to->group);
    const struct watched_server *s = &l->watch[v->number].servers[to - l->world->farm.servers];
    if (s->says_master && !group_in_failover(g))
        clients_note_overruled(l->world, to, g->config_epoch);
}

/* SLAVEOF <host> <port>: whom it is to follow is the master that we tell everybody. */
void laws_follow(
    struct laws *l, const struct vedette *v, const struct server *to, const struct request *r) {
    struct endpoint address;
    int64_t port;
    const struct server *master = NULL;
    if (to == NULL || vedette_group(v, to->group) == NULL)
        return;
    if (slice_to_i64(r->words[2], &port) && endpoint_make(r->words[1], port, &address))
        master = farm_at(&l->world->farm, &address);
    const struct node *is = group_current_master(vedette_group(v, to->group));
    if (master == NULL || master != farm_at(&l->world->farm, &is->address.given) || master == to)
        laws_break(l, LAW_RIGHT_MASTER, "%s has %s follow " SLICE_FMT ":%lld, its master is %s",
            v->name, to->name, SLICE_ARG(r->words[1]), (long long)port, is->address.given.host);
    note_overruled(l, v, to);
}
