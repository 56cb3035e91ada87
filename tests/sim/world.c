#include "tests/sim/world.h"

#include "common/mem.h"
#include "sentinel/core/core.h"

#include <stdio.h>
#include <string.h>

#define VISITOR_HOST (NET_HOSTS - 2)
#define PASSWORD     "sesame"

const struct weather world_fair_weather = {
    .delay_low_us = 200,
    .delay_high_us = 1000,
    .retry_us = 2 * US_PER_S,
};

static const char *const group_names[SIM_GROUPS_MAX] = {
    "mymaster",
    "second",
    "third",
    "fourth",
    "fifth",
};

const char *world_group_name(int group) {
    return group_names[group];
}

int world_group_named(struct slice name) {
    for (int i = 0; i < SIM_GROUPS_MAX; i++)
        if (slice_is(name, group_names[i]))
            return i;
    return -1;
}

/* Hosts are numbered from 0: those of the servers first, a row on each, then the vedettes', unless
 * they share. */
static void place(struct world *w) {
    int rows = draw_rows(&w->draw);
    for (int group = 0; group < w->group_count; group++)
        farm_add_group(&w->farm, w->draw.group[group].replicas + 1);
    for (int group = 0; group < w->group_count; group++) {
        struct server *s;
        for (int row = 0; (s = farm_server(&w->farm, group, row)) != NULL; row++) {
            s->party.host = row;
            s->party.address = names_address(row, (uint16_t)(SERVER_PORT + group));
        }
    }
    for (int i = 0; i < w->vedette_count; i++) {
        int host = w->draw.colocated ? i : rows + i;
        w->vedettes[i].party.host = host;
        w->vedettes[i].party.address = names_address(host, 26379);
    }
    w->host_count = w->draw.colocated ? MAX_OF(rows, w->vedette_count) : rows + w->vedette_count;
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
    w->vedette_count = draw->vedettes;
    w->group_count = draw->groups;
    place(w);
    w->farm.restart_role = draw->restart_role;
    w->farm.keeping = draw->keeping;
    w->farm.backlog_size = (uint64_t)draw->backlog_size;
    w->farm.lag_per_mille = draw->lag_per_mille;
    w->farm.marks = &w->marks;
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
    for (int i = 0; i < w->farm.count; i++) {
        struct server *s = &w->farm.servers[i];
        s->priority = w->draw.group[s->group].priorities[s->row];
        s->is_hidden = w->draw.group[s->group].is_hidden[s->row];
    }
    for (int i = 0; i < w->vedette_count; i++)
        vedette_init(&w->vedettes[i], w, i);
    for (int i = 0; i < w->vedette_count; i++)
        vedette_start(&w->vedettes[i]);
    clients_init(w);
}

void world_free(struct world *w) {
    for (int i = 0; i < w->vedette_count; i++)
        vedette_fini(&w->vedettes[i]);
    farm_fini(&w->farm);
    visitor_fini(&w->visitor);
    clients_fini(w);
    net_fini(&w->net);
    laws_fini(&w->laws);
    story_fini(&w->story);
    schedule_fini(&w->schedule);
    mem_free(w);
}

bool world_run(struct world *w, int64_t until_us) {
    while (!w->laws.is_broken && schedule_step(&w->schedule, until_us)) {
        if (w->farm.followed_itself != NULL)
            laws_break(&w->laws, LAW_FOLLOW_SELF, "%s was told to follow itself",
                w->farm.followed_itself->name);
    }
    return !w->laws.is_broken;
}

void world_tell(struct world *w, const struct vedette *v, const struct effect *e) {
    if (w->listener != NULL)
        w->listener(w->listener_context, v, e);
}

/* ---- the end ---- */

static bool knows_all(const struct world *w, const struct vedette *v, int group) {
    const struct group_state *g = state_group(&v->disk.synced, slice_of(world_group_name(group)));
    size_t replicas = (size_t)w->draw.group[group].replicas, peers = (size_t)w->vedette_count - 1;
    return g != NULL && g->replica_count >= replicas && g->peer_count >= peers;
}

bool world_is_discovered(const struct world *w) {
    for (int i = 0; i < w->vedette_count; i++)
        for (int group = 0; group < w->group_count; group++)
            if (!knows_all(w, &w->vedettes[i], group))
                return false;
    return true;
}

/* Whether a vedette holds what it watches for healthy, and is busy with nothing. */
static bool is_calm(const struct vedette *v, int group, struct buf *why) {
    const struct world *w = v->world;
    const struct core *c = vedette_core(v);
    const struct group *g = vedette_group(v, group);
    size_t before = buf_size(why);
    size_t replicas = (size_t)w->draw.group[group].replicas, peers = (size_t)w->vedette_count - 1;
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
    if (g->replica_count != replicas || g->peer_count != peers)
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

static void check_servers(
    const struct world *w, int group, const struct endpoint *master, struct buf *why) {
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++) {
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

bool world_has_mastery(const struct world *w, int group) {
    int followers[SIM_GROUP_SERVERS_MAX] = { 0 };
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        if (g == NULL || g->master->sdown)
            continue;
        const struct server *s =
            farm_at((struct farm *)&w->farm, &group_current_master(g)->address.given);
        if (s == NULL || !s->alive || s->hung || !server_is_master(s))
            continue;
        if (++followers[s->row] > w->vedette_count / 2)
            return true;
    }
    return false;
}

bool world_agrees_on(const struct world *w, int group, struct buf *ret_why) {
    size_t before = buf_size(ret_why);
    struct endpoint master = { .port = 0 };
    for (int i = 0; i < w->vedette_count; i++) {
        if (!is_calm(&w->vedettes[i], group, ret_why))
            continue;
        const struct endpoint here =
            names_ip(&vedette_group(&w->vedettes[i], group)->master->address.given);
        if (master.port != 0 && !endpoint_equal(&master, &here))
            buf_printf(ret_why, "%s holds %s for master, others %s; ", w->vedettes[i].name,
                here.host, master.host);
        master = here;
    }
    if (master.port != 0)
        check_servers(w, group, &master, ret_why);
    return buf_size(ret_why) == before;
}

bool world_agrees(const struct world *w, struct buf *ret_why) {
    bool agrees = true;
    for (int group = 0; group < w->group_count; group++)
        agrees &= world_agrees_on(w, group, ret_why);
    return agrees;
}
