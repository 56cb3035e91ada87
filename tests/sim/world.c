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

const char *world_sentinel_name(const struct world *w, int number) {
    return number < SIM_VEDETTES_MAX ? w->vedettes[number].name
                                     : w->stocks[number - SIM_VEDETTES_MAX].settings.name;
}

int world_sentinel_count(const struct world *w) {
    return w->vedette_count + w->stock_count;
}

bool world_is_stock(const struct world *w, struct slice id) {
    for (int i = 0; i < w->stock_count; i++)
        if (slice_is(id, w->stocks[i].settings.id))
            return true;
    return false;
}

/* Hosts are numbered from 0: those of the servers first, a row on each, then the Sentinels', unless
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
    for (int i = 0; i < w->stock_count; i++) {
        int host = (w->draw.colocated ? 0 : rows) + w->vedette_count + i;
        w->stocks[i].party.host = host;
        w->stocks[i].party.address = names_address(host, 26379);
    }
    int sentinels = world_sentinel_count(w);
    w->host_count = w->draw.colocated ? MAX_OF(rows, sentinels) : rows + sentinels;
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
    w->stock_count = draw->stocks;
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
    w->net.slow_us = draw->slow_us;
    for (int i = 0; i < 2 && draw->slow_us > 0; i++)
        w->net.slow_hosts[i] = (int)rng_between(&w->rng, 0, w->host_count - 1);
    visitor_init(&w->visitor, &w->net, &w->marks, VISITOR_HOST);
    forger_init(&w->forger, w);
    return w;
}

static void make_stock(struct world *w, int number) {
    struct stock *s = &w->stocks[number];
    struct stock_settings settings = {
        .group_count = (size_t)w->group_count,
        .periods = stock_usual_periods,
        .write_low_us = w->draw.disk.low_us,
        .write_high_us = w->draw.disk.high_us,
        .seed = rng_next(&w->rng),
    };
    (void)snprintf(settings.name, sizeof(settings.name), "k%u", (unsigned)(number + 1) % 10);
    memset(settings.id, "abcdef"[number], ID_LENGTH);
    for (int i = 0; i < w->group_count; i++) {
        const struct group_draw *g = &w->draw.group[i];
        settings.groups[i] = (struct stock_group_settings){
            .name = world_group_name(i),
            .master = farm_server(&w->farm, i, 0)->party.address,
            .quorum = g->quorum,
            .down_after_ms = g->down_after_ms,
            .failover_timeout_ms = g->failover_timeout_ms,
            .parallel_syncs = g->parallel_syncs,
            .reboot_down_after_ms = g->reboot_down_after_ms,
            .password = w->farm.password,
        };
    }
    stock_init(s, &settings, &w->net);
    laws_watch_stock(&w->laws, s);
}

void world_start(struct world *w) {
    farm_init(&w->farm, &w->net);
    for (int i = 0; i < w->farm.count; i++) {
        struct server *s = &w->farm.servers[i];
        s->priority = w->draw.group[s->group].priorities[s->row];
        s->glimpse_us = laws_glimpse_us(&w->draw.group[s->group]);
        s->is_hidden = w->draw.group[s->group].is_hidden[s->row];
    }
    for (int i = 0; i < w->vedette_count; i++)
        vedette_init(&w->vedettes[i], w, i);
    for (int i = 0; i < w->stock_count; i++)
        make_stock(w, i);
    for (int i = 0; i < w->vedette_count; i++)
        vedette_start(&w->vedettes[i]);
    clients_init(w);
    for (int i = 0; i < w->stock_count; i++)
        stock_start(&w->stocks[i]);
}

void world_free(struct world *w) {
    for (int i = 0; i < w->vedette_count; i++)
        vedette_fini(&w->vedettes[i]);
    for (int i = 0; i < w->stock_count; i++)
        stock_fini(&w->stocks[i]);
    farm_fini(&w->farm);
    visitor_fini(&w->visitor);
    forger_fini(&w->forger);
    clients_fini(w);
    net_fini(&w->net);
    laws_fini(&w->laws);
    story_fini(&w->story);
    schedule_fini(&w->schedule);
    buf_fini(&w->tape_why);
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

/* What a vedette has to do with stock ones. */
static void mark_mixture(struct world *w, const struct effect *e) {
    struct slice rest = e->text, first = slice_cut(&rest, ' ');
    if (strcmp(e->event, "+vote-for-leader") == 0 && world_is_stock(w, first))
        marks_hit(&w->marks, MARK_VOTE_FOR_STOCK);
    if (strcmp(e->event, "+config-update-from") == 0 && world_is_stock(w, slice_cut(&rest, ' ')))
        marks_hit(&w->marks, MARK_CONFIG_OF_STOCK);
}

void world_tell(struct world *w, const struct vedette *v, const struct effect *e) {
    if (e->kind == EFFECT_EVENT && w->stock_count > 0)
        mark_mixture(w, e);
    forger_overhear(&w->forger, e);
    if (w->listener != NULL)
        w->listener(w->listener_context, v, e);
}

/* ---- the end ---- */

static size_t peers_of_each(const struct world *w) {
    return (size_t)world_sentinel_count(w) - 1;
}

static bool knows_all(const struct world *w, const struct vedette *v, int group) {
    const struct group_state *g = state_group(&v->disk.synced, slice_of(world_group_name(group)));
    size_t replicas = (size_t)w->draw.group[group].replicas, peers = peers_of_each(w);
    return g != NULL && g->replica_count >= replicas && g->peer_count >= peers;
}

static bool stock_knows_all(const struct world *w, const struct stock *s, int group) {
    const struct stock_group *g = stock_group(s, slice_of(world_group_name(group)));
    size_t replicas = (size_t)w->draw.group[group].replicas;
    return g != NULL && stock_group_knows(g, replicas, peers_of_each(w));
}

bool world_is_discovered(const struct world *w) {
    for (int i = 0; i < w->stock_count; i++)
        for (int group = 0; group < w->group_count; group++)
            if (!stock_knows_all(w, &w->stocks[i], group))
                return false;
    for (int i = 0; i < w->vedette_count; i++)
        for (int group = 0; group < w->group_count; group++)
            if (!knows_all(w, &w->vedettes[i], group))
                return false;
    return true;
}

/* Where an answer is on its way for longer than half of down-after, a connection is held for stuck
 * and opened anew, once in 15 s (spec 2.6). That takes two round trips, and who is at its end is
 * down until then, as with the originals. */
static bool is_being_renewed(
    const struct vedette *v, const struct group *g, const struct link *l, int64_t down_ms) {
    const struct net *n = &v->world->net;
    int64_t round_us = net_longest_round_us(n, n->slow_hosts[0], n->slow_hosts[1]);
    int64_t round_ms = round_us / US_PER_MS + 1;
    int64_t slack_ms = v->world->draw.loop_us / US_PER_MS + 1;
    int64_t limit_ms = 2 * round_ms + slack_ms;
    return 2 * round_ms > g->settings.down_after_ms && l->state != LINK_CLOSED &&
        v->now.heard_ms - l->opened_heard_ms <= limit_ms && v->now.mono_ms - down_ms <= limit_ms;
}

/* Whether a vedette holds what it watches for healthy, and is busy with nothing. */
static bool is_calm(const struct vedette *v, int group, struct buf *why) {
    const struct world *w = v->world;
    const struct core *c = vedette_core(v);
    const struct group *g = vedette_group(v, group);
    size_t before = buf_size(why);
    size_t replicas = (size_t)w->draw.group[group].replicas, peers = peers_of_each(w);
    if (g == NULL) {
        buf_printf(why, "%s is dead; ", v->name);
        return false;
    }
    if (c->tilt)
        buf_printf(why, "%s is in tilt; ", v->name);
    if (group_in_failover(g))
        buf_printf(why, "%s is in a failover, state %d; ", v->name, (int)g->attempt.state);
    if (g->odown ||
        (g->master->sdown &&
            !is_being_renewed(v, g, &g->master->command, g->master->sdown_since_ms)))
        buf_printf(
            why, "%s holds the master %s for down; ", v->name, g->master->address.given.host);
    if (g->replica_count != replicas || g->peer_count != peers)
        buf_printf(
            why, "%s knows %zu replicas and %zu peers; ", v->name, g->replica_count, g->peer_count);
    list_for_each(n, &g->replicas, struct node, siblings)
        if (n->sdown && !is_being_renewed(v, g, &n->command, n->sdown_since_ms))
            buf_printf(why, "%s holds the replica %s for down; ", v->name, n->address.given.host);
    list_for_each(p, &g->peers, struct peer, of_group)
        if (p->sdown && !is_being_renewed(v, g, &p->process->link, p->sdown_since_ms))
            buf_printf(why, "%s holds %.2s for down; ", v->name, p->process->id);
    return buf_size(why) == before;
}

/* The same of a stock one. */
static bool is_stock_calm(
    const struct world *w, const struct stock *s, int group, struct buf *why) {
    const struct stock_group *g = stock_group(s, slice_of(world_group_name(group)));
    size_t before = buf_size(why);
    if (g == NULL)
        buf_printf(why, "%s is dead; ", s->settings.name);
    else
        stock_group_complain(s, g, (size_t)w->draw.group[group].replicas, peers_of_each(w), why);
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
        const struct server *s = farm_at(&w->farm, &group_current_master(g)->address.given);
        if (s == NULL || !s->alive || s->hung || !server_is_master(s))
            continue;
        if (++followers[s->row] > w->vedette_count / 2)
            return true;
    }
    return false;
}

static void compare_masters(
    const char *name, const struct endpoint *here, struct endpoint *master, struct buf *why) {
    if (master->port != 0 && !endpoint_equal(master, here))
        buf_printf(why, "%s holds %s for master, others %s; ", name, here->host, master->host);
    *master = *here;
}

bool world_agrees_on(const struct world *w, int group, struct buf *ret_why) {
    size_t before = buf_size(ret_why);
    struct endpoint master = { .port = 0 };
    for (int i = 0; i < w->vedette_count; i++) {
        if (!is_calm(&w->vedettes[i], group, ret_why))
            continue;
        const struct endpoint here =
            names_ip(&vedette_group(&w->vedettes[i], group)->master->address.given);
        compare_masters(w->vedettes[i].name, &here, &master, ret_why);
    }
    for (int i = 0; i < w->stock_count; i++) {
        const struct stock *s = &w->stocks[i];
        if (is_stock_calm(w, s, group, ret_why))
            compare_masters(s->settings.name,
                stock_group_master(stock_group(s, slice_of(world_group_name(group)))), &master,
                ret_why);
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
