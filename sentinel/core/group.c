#include "sentinel/core/group.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#include <string.h>

#define TURNED_AWAY_LOGGED_MS (60 * 1000)

const struct node *group_current_master(const struct group *g) {
    return g->attempt.state >= FAILOVER_RECONF_REPLICAS && g->attempt.selected != NULL
        ? g->attempt.selected
        : g->master;
}

/* The promotion is confirmed: the state records the configuration that it makes. */
static bool is_confirmed(const struct group *g) {
    return g->attempt.confirm_seq != 0 && g->attempt.selected != NULL;
}

const struct endpoint *group_recorded_master(const struct group *g) {
    return is_confirmed(g) ? &g->attempt.selected->address.given : &g->master->address.given;
}

struct node *group_replica_at(const struct group *g, const struct address *address) {
    list_for_each(n, &g->replicas, struct node, siblings)
        if (address_equal(&n->address, address))
            return n;
    return NULL;
}

struct node *group_replica(const struct group *g, const struct endpoint *address) {
    const struct address a = address_of(address);
    return group_replica_at(g, &a);
}

bool group_in_failover(const struct group *g) {
    return g->attempt.state != FAILOVER_NONE;
}

bool group_may_have_promoted(const struct group *g) {
    return g->attempt.outcome != OUTCOME_NONE && g->attempt.outcome != OUTCOME_REFUSED;
}

size_t group_voters(const struct group *g) {
    return g->peer_count + 1;
}

size_t group_majority(const struct group *g) {
    return group_voters(g) / 2 + 1;
}

size_t group_needed_votes(const struct group *g) {
    return MAX_OF(group_majority(g), (size_t)g->settings.quorum);
}

size_t group_usable(const struct group *g) {
    size_t usable = 1;
    list_for_each(p, &g->peers, struct peer, of_group)
        usable += !p->sdown;
    return usable;
}

static void index_address(struct core *c, struct group *g) {
    struct slice key = slice_of(g->master->name);
    if (map_get(&c->by_address, key) == NULL)
        map_put(&c->by_address, key, g);
}

/* Questions name an address: another group that has the same one takes the place in the index. */
static void unindex_address(struct core *c, struct group *g) {
    struct slice key = slice_of(g->master->name);
    if (map_get(&c->by_address, key) != g)
        return;
    map_remove(&c->by_address, key);
    map_for_each(other, &c->groups, struct group)
        if (other != g && slice_equal(slice_of(other->master->name), key)) {
            map_put(&c->by_address, key, other);
            return;
        }
}

static struct slice serial_key(const uint64_t *serial) {
    return (struct slice){ .data = (const char *)serial, .size = sizeof(*serial) };
}

struct group *group_by_serial(const struct core *c, uint64_t serial) {
    return map_get(&c->by_serial, serial_key(&serial));
}

struct group *group_new(struct core *c, const char *name, const struct endpoint *master) {
    struct group *g = mem_new(struct group);
    slice_copy(slice_of(name), g->name, sizeof(g->name));
    g->serial = ++c->next_serial;
    list_init(&g->replicas);
    list_init(&g->peers);
    group_settings_init(&g->file);
    group_settings_init(&g->settings);
    g->due.at_ms = TSTAMP_NEVER;
    g->master = node_new(c, g, ROLE_MASTER, master);
    map_put(&c->groups, slice_of(g->name), g);
    map_put(&c->by_serial, serial_key(&g->serial), g);
    index_address(c, g);
    group_touch(c, g);
    return g;
}

static void drop_replicas(struct core *c, struct group *g) {
    list_for_each(n, &g->replicas, struct node, siblings)
        node_free(c, n);
    g->replica_count = 0;
}

static void drop_peers(struct core *c, struct group *g) {
    list_for_each(p, &g->peers, struct peer, of_group)
        peer_free(c, p);
    ensure(g->peer_count == 0);
}

void group_free(struct core *c, struct group *g) {
    if (g == NULL)
        return;
    unindex_address(c, g);
    map_remove(&c->groups, slice_of(g->name));
    map_remove(&c->by_serial, serial_key(&g->serial));
    drop_replicas(c, g);
    drop_peers(c, g);
    node_free(c, g->master);
    list_remove(&g->dirty_node);
    list_remove(&g->awaiting_node);
    heap_remove(&c->due, &g->due);
    group_settings_fini(&g->file);
    group_settings_fini(&g->settings);
    mem_free(g);
}

void group_touch(struct core *c, struct group *g) {
    if (!list_is_linked(&g->dirty_node))
        list_append(&c->dirty, &g->dirty_node);
}

void group_await(struct core *c, struct group *g) {
    if (!list_is_linked(&g->awaiting_node))
        list_append(&c->awaiting, &g->awaiting_node);
}

static bool is_known(const struct group *g, const struct endpoint *address) {
    const struct address a = address_of(address);
    return address_equal(&g->master->address, &a) || group_replica_at(g, &a) != NULL;
}

static struct node *add_replica(struct core *c, struct group *g, const struct endpoint *address) {
    if (is_known(g, address))
        return NULL;
    struct node *n = node_new(c, g, ROLE_REPLICA, address);
    list_append(&g->replicas, &n->siblings);
    g->replica_count++;
    group_touch(c, g);
    return n;
}

/* Whatever their number: what was known stays known. */
static struct node *announce_replica(
    struct core *c, struct group *g, const struct endpoint *address) {
    struct node *n = add_replica(c, g, address);
    if (n == NULL)
        return NULL;
    event_of_node(c, EVENT_REPLICA, n, NULL);
    core_persist(c,
        &(struct delta){ .kind = DELTA_REPLICA, .group = slice_of(g->name), .address = *address });
    return n;
}

void group_turn_away(struct core *c, struct group *g, enum limit limit, const char *whom) {
    ensure(limit == LIMIT_PEERS || limit == LIMIT_REPLICAS);
    int64_t *logged_ms = limit == LIMIT_PEERS ? &g->peer_ignored_ms : &g->replica_ignored_ms;
    c->limit_hits[limit]++;
    if (tstamp_is_recent(c->now.mono_ms, *logged_ms, TURNED_AWAY_LOGGED_MS))
        return;
    *logged_ms = c->now.mono_ms;
    core_log(c, LOG_WARNING, "%s: %s %s ignored: %lld are known already (limits.%s)", g->name,
        limit == LIMIT_PEERS ? "peer" : "replica", whom, (long long)c->settings.limits.max[limit],
        limit_name(limit));
}

struct node *group_add_replica(struct core *c, struct group *g, const struct endpoint *address) {
    if (is_known(g, address))
        return NULL;
    if (g->replica_count >= (size_t)c->settings.limits.max[LIMIT_REPLICAS]) {
        char text[ENDPOINT_TEXT_MAX];
        group_turn_away(c, g, LIMIT_REPLICAS, endpoint_text(address, text));
        return NULL;
    }
    return announce_replica(c, g, address);
}

void group_restore_replica(struct core *c, struct group *g, const struct endpoint *address) {
    (void)add_replica(c, g, address);
}

/* All that a reset clears in the group itself; the caller replaces the nodes. */
static void clear(struct core *c, struct group *g) {
    g->attempt = (struct attempt){ .state = FAILOVER_NONE };
    g->failover_start_ms = g->retry_at_ms = 0;
    g->retries = 0;
    g->delay_logged_ms = 0;
    g->odown = false;
    g->master_answered = false;
    g->frozen = false;
    list_for_each(p, &g->peers, struct peer, of_group) {
        p->master_down = false;
        p->asked_ms = 0;
        p->question_tag = 0;
        p->answered_attempt = 0;
    }
    group_touch(c, g);
}

void group_reset(struct core *c, struct group *g, enum reset_peers peers) {
    if (!endpoint_equal(&g->master->address.given, group_recorded_master(g))) {
        /* A failover is past the point of no return: its outcome stays. */
        struct endpoint promoted = *group_recorded_master(g);
        g->config_epoch = g->attempt.epoch;
        group_switch(c, g, &promoted);
        g->config_seq = c->persist_seq + 1;
    }
    struct endpoint address = g->master->address.given;
    list_for_each(n, &g->replicas, struct node, siblings)
        core_persist(c,
            &(struct delta){ .kind = DELTA_REPLICA_GONE,
                .group = slice_of(g->name),
                .address = n->address.given });
    drop_replicas(c, g);
    if (peers == RESET_DROP_PEERS) {
        list_for_each(p, &g->peers, struct peer, of_group)
            core_persist(c,
                &(struct delta){ .kind = DELTA_PEER_GONE,
                    .group = slice_of(g->name),
                    .id = slice_of(p->process->id) });
        drop_peers(c, g);
    }
    node_free(c, g->master);
    g->master = node_new(c, g, ROLE_MASTER, &address);
    clear(c, g);
}

void group_switch(struct core *c, struct group *g, const struct endpoint *address) {
    const struct address old_master = g->master->address, new_master = address_of(address);
    struct endpoint *keep = mem_alloc((g->replica_count + 1) * sizeof(*keep));
    size_t kept = 0;
    list_for_each(n, &g->replicas, struct node, siblings)
        if (!address_equal(&n->address, &new_master) && !address_equal(&n->address, &old_master))
            keep[kept++] = n->address.given;
    bool moved = !address_equal(&old_master, &new_master);
    if (moved)
        keep[kept++] = old_master.given;

    unindex_address(c, g);
    drop_replicas(c, g);
    node_free(c, g->master);
    g->master = node_new(c, g, ROLE_MASTER, &new_master.given);
    index_address(c, g);
    clear(c, g);
    g->odown_since_ms = 0;
    group_persist(c, g);
    core_persist(c,
        &(struct delta){
            .kind = DELTA_REPLICA_GONE, .group = slice_of(g->name), .address = new_master.given });
    for (size_t i = 0; i < kept; i++) {
        struct node *n = announce_replica(c, g, &keep[i]);
        if (n != NULL && moved && endpoint_equal(&keep[i], &old_master.given))
            n->was_master = true;
    }
    mem_free(keep);
}

uint64_t group_persist(struct core *c, struct group *g) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of(g->name),
        .record = {
            .origin = g->origin,
            .master = *group_recorded_master(g),
            .seed = g->file.master,
            .config_epoch = is_confirmed(g) ? g->attempt.epoch : g->config_epoch,
            .vote_epoch = g->vote_epoch,
        },
    };
    slice_copy(slice_of(g->vote_for), d.record.vote_for, sizeof(d.record.vote_for));
    slice_copy(slice_of(g->section), d.record.section, sizeof(d.record.section));
    return core_persist(c, &d);
}
