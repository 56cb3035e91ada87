#include "tests/sim/world.h"

#include "common/mem.h"
#include "sentinel/core/core.h"

#include <stdio.h>
#include <string.h>

#define VISITOR_HOST (NET_HOSTS - 2)
#define PASSWORD     "open sesame"

const struct weather world_fair_weather = {
    .delay_low_us = 200,
    .delay_high_us = 1000,
    .retry_us = 2 * US_PER_S,
};

static struct endpoint address(int host, uint16_t port) {
    struct endpoint e = { .port = port };
    (void)snprintf(e.host, sizeof(e.host), "10.0.0.%d", host + 1);
    return e;
}

/* Hosts are numbered from 0: the servers' first, then the vedettes', unless they share. */
static void place(struct world *w) {
    for (int i = 0; i < SERVER_COUNT; i++) {
        w->farm.servers[i].party.host = i;
        w->farm.servers[i].party.address = address(i, 6379);
    }
    for (int i = 0; i < VEDETTE_COUNT; i++) {
        int host = w->draw.colocated ? i : SERVER_COUNT + i;
        w->vedettes[i].party.host = host;
        w->vedettes[i].party.address = address(host, 26379);
    }
}

struct world *world_new(uint64_t seed, const struct draw *draw) {
    struct world *w = mem_new(struct world);
    w->seed = seed;
    w->draw = *draw;
    w->absent = -1;
    rng_init(&w->rng, seed);
    schedule_init(&w->schedule);
    story_init(&w->story, &w->schedule);
    net_init(&w->net, &w->schedule, &w->rng, &w->story);
    w->net.weather = world_fair_weather;
    place(w);
    w->farm.restart_role = draw->restart_role;
    w->farm.tells_names = draw->naming == NAMING_ANNOUNCED;
    w->farm.password = draw->has_password ? PASSWORD : NULL;
    w->farm.sync_low_us = draw->sync_low_us;
    w->farm.sync_high_us = draw->sync_high_us;
    w->farm.repl_timeout_us = draw->repl_timeout_us;
    w->farm.reconnect_us = US_PER_S;
    laws_init(&w->laws, w);
    visitor_init(&w->visitor, &w->net, &w->marks, VISITOR_HOST);
    return w;
}

void world_start(struct world *w) {
    farm_init(&w->farm, &w->net);
    for (int i = 0; i < SERVER_COUNT; i++)
        w->farm.servers[i].priority = w->draw.priorities[i];
    for (int i = 0; i < VEDETTE_COUNT; i++)
        vedette_init(&w->vedettes[i], w, i);
    for (int i = 0; i < VEDETTE_COUNT; i++)
        vedette_start(&w->vedettes[i]);
}

void world_free(struct world *w) {
    for (int i = 0; i < VEDETTE_COUNT; i++)
        vedette_fini(&w->vedettes[i]);
    farm_fini(&w->farm);
    visitor_fini(&w->visitor);
    net_fini(&w->net);
    laws_fini(&w->laws);
    story_fini(&w->story);
    schedule_fini(&w->schedule);
    mem_free(w);
}

bool world_run(struct world *w, int64_t until_us) {
    while (!w->laws.is_broken && schedule_step(&w->schedule, until_us)) {
        if (w->farm.followed_itself >= 0)
            laws_break(&w->laws, LAW_FOLLOW_SELF, "s%d was told to follow itself",
                w->farm.followed_itself + 1);
    }
    return !w->laws.is_broken;
}

void world_tell(struct world *w, const struct vedette *v, const struct effect *e) {
    if (w->events == NULL || e->level < LOG_NOTICE)
        return;
    buf_printf(&w->events[v->number], "%s " SLICE_FMT "\n", e->event, SLICE_ARG(e->text));
}

/* ---- the end ---- */

bool world_is_discovered(const struct world *w) {
    for (int i = 0; i < VEDETTE_COUNT; i++) {
        const struct group_state *g =
            state_group(&w->vedettes[i].disk.synced, slice_of(GROUP_NAME));
        if (g == NULL || g->replica_count + 1 < SERVER_COUNT || g->peer_count + 1 < VEDETTE_COUNT)
            return false;
    }
    return true;
}

/* Whether a vedette holds what it watches for healthy, and is busy with nothing. */
static bool is_calm(const struct vedette *v, struct buf *why) {
    const struct core *c = vedette_core(v);
    const struct group *g = vedette_group(v);
    size_t before = buf_size(why);
    if (g == NULL) {
        buf_printf(why, "%s is dead; ", v->name);
        return false;
    }
    if (c->tilt)
        buf_printf(why, "%s is in tilt; ", v->name);
    if (group_in_failover(g))
        buf_printf(why, "%s is in a failover, state %d; ", v->name, (int)g->attempt.state);
    if (g->master->sdown || g->odown)
        buf_printf(
            why, "%s holds the master %s for down; ", v->name, g->master->address.given.host);
    if (g->replica_count + 1 != SERVER_COUNT || g->peer_count + 1 != VEDETTE_COUNT)
        buf_printf(
            why, "%s knows %zu replicas and %zu peers; ", v->name, g->replica_count, g->peer_count);
    list_for_each(n, &g->replicas, struct node, siblings)
        if (n->sdown)
            buf_printf(why, "%s holds the replica %s for down; ", v->name, n->address.given.host);
    list_for_each(p, &g->peers, struct peer, of_group)
        if (p->sdown)
            buf_printf(why, "%s holds %.2s for down; ", v->name, p->process->id);
    return buf_size(why) == before;
}

static void check_servers(const struct world *w, const struct endpoint *master, struct buf *why) {
    for (int i = 0; i < SERVER_COUNT; i++) {
        const struct server *s = &w->farm.servers[i];
        bool is_it = endpoint_equal(&s->party.address, master);
        if (!s->alive || s->hung)
            buf_printf(why, "%s is dead; ", s->name);
        else if (is_it && !server_is_master(s))
            buf_printf(why, "%s should be master and is a replica; ", s->name);
        else if (!is_it && server_is_master(s))
            buf_printf(why, "%s should be a replica and is a master; ", s->name);
        else if (!is_it && (!endpoint_equal(&s->master, master) || s->repl != REPL_UP))
            buf_printf(why, "%s does not follow the master, but %s, state %d; ", s->name,
                s->master.host, (int)s->repl);
    }
}

bool world_agrees(const struct world *w, struct buf *ret_why) {
    size_t before = buf_size(ret_why);
    struct endpoint master = { .port = 0 };
    for (int i = 0; i < VEDETTE_COUNT; i++) {
        if (!is_calm(&w->vedettes[i], ret_why))
            continue;
        const struct endpoint here =
            names_ip(&w->farm, &vedette_group(&w->vedettes[i])->master->address.given);
        if (master.port != 0 && !endpoint_equal(&master, &here))
            buf_printf(ret_why, "%s holds %s for master, others %s; ", w->vedettes[i].name,
                here.host, master.host);
        master = here;
    }
    if (master.port != 0)
        check_servers(w, &master, ret_why);
    return buf_size(ret_why) == before;
}
