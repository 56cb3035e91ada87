#include "sentinel/core/group.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/heard.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"
#include "sentinel/core/script.h"

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
    return group_voters(g) / 2 + 1 - PLANTED(MAJORITY_SHORT);
}

size_t group_needed_votes(const struct group *g) {
    return MAX_OF(group_majority(g), (size_t)g->settings.quorum);
}

size_t group_usable(const struct core *c, const struct group *g) {
    size_t usable = 1;
    list_for_each(p, &g->peers, struct peer, of_group)
        usable += !p->sdown && challenge_counts(c, p);
    return usable;
}

uint64_t group_heard(const struct group *g, const char *id) {
    const uint64_t *counter = map_get(&g->heard, slice_of(id));
    return counter != NULL ? *counter : 0;
}

void group_note_heard(struct group *g, const char *id, uint64_t counter) {
    uint64_t *known = map_get(&g->heard, slice_of(id));
    if (counter == 0)
        return;
    if (known == NULL)
        map_put(&g->heard, slice_of(id), mem_dup(&counter, sizeof(counter)));
    else
        *known = MAX_OF(*known, counter);
}

/* ---- by address ---- */

/* Under what a master's address is found: "host:port" in lower case. */
static struct slice key_of(const char *host, uint16_t port, char text[static ENDPOINT_TEXT_MAX]) {
    struct endpoint e = { .port = port };
    slice_copy(slice_of(host), e.host, sizeof(e.host));
    for (char *at = e.host; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return slice_of(endpoint_text(&e, text));
}

static void index_host(struct core *c, struct group *g, const char *host) {
    char text[ENDPOINT_TEXT_MAX];
    struct slice key = key_of(host, g->master->address.given.port, text);
    if (map_get(&c->by_address, key) == NULL)
        map_put(&c->by_address, key, g);
}

/* Questions name an address: another group that has the same one takes the place in the index. */
static void unindex_host(struct core *c, struct group *g, const char *host) {
    char text[ENDPOINT_TEXT_MAX];
    uint16_t port = g->master->address.given.port;
    struct slice key = key_of(host, port, text);
    if (map_get(&c->by_address, key) != g)
        return;
    map_remove(&c->by_address, key);
    map_for_each(other, &c->groups, struct group)
        if (other != g && other->master->address.given.port == port &&
            address_is_at(&other->master->address, slice_of(host))) {
            map_put(&c->by_address, key, other);
            return;
        }
}

static bool has_two_hosts(const struct address *a) {
    return address_is_named(a) && address_is_resolved(a);
}

static void index_address(struct core *c, struct group *g) {
    const struct address *a = &g->master->address;
    index_host(c, g, a->given.host);
    if (has_two_hosts(a))
        index_host(c, g, a->ip);
}

static void unindex_address(struct core *c, struct group *g) {
    const struct address *a = &g->master->address;
    unindex_host(c, g, a->given.host);
    if (has_two_hosts(a))
        unindex_host(c, g, a->ip);
}

struct group *group_by_address(const struct core *c, const struct endpoint *master) {
    const struct address a = resolve_address(c, master);
    char text[ENDPOINT_TEXT_MAX];
    struct group *g = map_get(&c->by_address, key_of(a.given.host, a.given.port, text));
    if (g == NULL && has_two_hosts(&a))
        g = map_get(&c->by_address, key_of(a.ip, a.given.port, text));
    return g;
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
    g->phase_ms = probe_phase(slice_of(g->name));
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
    room_give_back(c, g);
    list_remove(&g->dirty_node);
    list_remove(&g->awaiting_node);
    heap_remove(&c->due, &g->due);
    group_settings_fini(&g->file);
    group_settings_fini(&g->settings);
    map_for_each(counter, &g->heard, uint64_t)
        mem_free(counter);
    map_fini(&g->heard);
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

/* The server of the group that has this address, or NULL. */
static struct node *known_node(
    const struct core *c, const struct group *g, const struct endpoint *address) {
    const struct address a = resolve_address(c, address);
    return address_equal(&g->master->address, &a) ? g->master : group_replica_at(g, &a);
}

static void persist_replica(
    struct core *c, const struct group *g, const struct endpoint *address, enum delta_kind kind) {
    ensure(kind == DELTA_REPLICA || kind == DELTA_REPLICA_GONE);
    core_persist(
        c, &(struct delta){ .kind = kind, .group = slice_of(g->name), .address = *address });
}

static struct node *add_replica(struct core *c, struct group *g, const struct endpoint *address) {
    if (known_node(c, g, address) != NULL)
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
    persist_replica(c, g, address, DELTA_REPLICA);
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

/* A replica that was known by IP announces itself by name from now on. */
static void prefer_name(struct core *c, struct node *n, const struct endpoint *given) {
    if (address_is_named(&n->address) || endpoint_is_ip(given))
        return;
    persist_replica(c, n->group, &n->address.given, DELTA_REPLICA_GONE);
    persist_replica(c, n->group, given, DELTA_REPLICA);
    node_take_name(c, n, given);
}

struct node *group_add_replica(struct core *c, struct group *g, const struct endpoint *address) {
    struct node *known = known_node(c, g, address);
    if (known != NULL) {
        if (known->kind == ROLE_REPLICA)
            prefer_name(c, known, address);
        return NULL;
    }
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
    if (group_in_failover(g))
        core_log(c, LOG_DEBUG, "failover of %s under epoch %llu: %s, forgotten", g->name,
            (unsigned long long)g->attempt.epoch, failover_state_name(g->attempt.state));
    g->attempt = (struct attempt){ .state = FAILOVER_NONE };
    g->failover_start_ms = g->gave_way_ms = g->retry_at_ms = 0;
    g->retries = 0;
    g->delay_logged_ms = 0;
    g->odown = false;
    g->frozen = false;
    list_for_each(p, &g->peers, struct peer, of_group) {
        p->absent_ms = 0;
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
        const struct address *told = &group_current_master(g)->address;
        const struct address *made = &g->attempt.selected->address;
        const struct endpoint promoted = made->given;
        g->config_epoch = g->attempt.epoch;
        if (!address_equal(told, made)) {
            event_switch(c, g, c->persist_seq + 1, told, made);
            script_reconfigure(c, g, SCRIPT_LEADER, told, made);
        }
        group_switch(c, g, &promoted);
        g->config_seq = c->persist_seq + 1;
    }
    struct endpoint address = g->master->address.given;
    list_for_each(n, &g->replicas, struct node, siblings)
        persist_replica(c, g, &n->address.given, DELTA_REPLICA_GONE);
    drop_replicas(c, g);
    heard_forget(c, g);
    if (peers == RESET_DROP_PEERS) {
        list_for_each(p, &g->peers, struct peer, of_group)
            core_persist(c,
                &(struct delta){ .kind = DELTA_PEER_GONE,
                    .group = slice_of(g->name),
                    .id = slice_of(p->process->id) });
        drop_peers(c, g);
    }
    unindex_address(c, g);
    node_free(c, g->master);
    g->master = node_new(c, g, ROLE_MASTER, &address);
    index_address(c, g);
    clear(c, g);
}

/* Their entries were made anew; the servers are the same. */
static void inherit(struct core *c, const struct group *g, struct list *former) {
    list_for_each(n, former, struct node, siblings) {
        struct node *heir = known_node(c, g, &n->address.given);
        if (heir != NULL && endpoint_equal(&heir->address.given, &n->address.given))
            node_inherit(c, heir, n);
        node_free(c, n);
    }
}

void group_switch(struct core *c, struct group *g, const struct endpoint *address) {
    const struct address old_master = g->master->address, new_master = resolve_address(c, address);
    struct endpoint *keep = mem_alloc((g->replica_count + 1) * sizeof(*keep));
    size_t kept = 0;
    list_for_each(n, &g->replicas, struct node, siblings) {
        if (!address_equal(&n->address, &new_master) && !address_equal(&n->address, &old_master))
            keep[kept++] = n->address.given;
        else if (!endpoint_equal(&n->address.given, &new_master.given)) /* under another name */
            persist_replica(c, g, &n->address.given, DELTA_REPLICA_GONE);
    }
    bool moved = !address_equal(&old_master, &new_master);
    if (moved && !PLANTED(OLD_MASTER_LOST))
        keep[kept++] = old_master.given;

    struct list former;
    list_init(&former);
    list_for_each(n, &g->replicas, struct node, siblings) {
        list_remove(&n->siblings);
        list_append(&former, &n->siblings);
    }
    list_append(&former, &g->master->siblings);
    g->replica_count = 0;
    unindex_address(c, g);
    g->master = node_new(c, g, ROLE_MASTER, &new_master.given);
    index_address(c, g);
    clear(c, g);
    g->odown_since_ms = 0;
    group_persist(c, g);
    persist_replica(c, g, &new_master.given, DELTA_REPLICA_GONE);
    for (size_t i = 0; i < kept; i++) {
        struct node *n = announce_replica(c, g, &keep[i]);
        if (n != NULL && moved && endpoint_equal(&keep[i], &old_master.given))
            n->was_master = true;
    }
    inherit(c, g, &former);
    mem_free(keep);
}

/* ---- names ---- */

void group_node_found(struct core *c, struct node *n, const char *ip) {
    struct group *g = n->group;
    bool is_first = !address_is_resolved(&n->address);
    if (n->kind == ROLE_MASTER)
        unindex_address(c, g);
    slice_copy(slice_of(ip), n->address.ip, sizeof(n->address.ip));
    if (n->kind == ROLE_MASTER)
        index_address(c, g);
    if (is_first)
        node_print_name(c, n);
    g->has_moved = true;
    group_touch(c, g);
}

static void drop_double(struct core *c, struct node *n, const struct node *of) {
    struct group *g = n->group;
    core_log(c, LOG_NOTICE, "%s: %s turned out to be %s", g->name, n->name, of->name);
    persist_replica(c, g, &n->address.given, DELTA_REPLICA_GONE);
    node_free(c, n);
    g->replica_count--;
    group_touch(c, g);
}

static void name_master(struct core *c, struct group *g, const struct endpoint *given) {
    unindex_address(c, g);
    node_take_name(c, g->master, given);
    index_address(c, g);
    group_persist(c, g);
}

/* The server that is known by name at the IP by which `n` is known, or NULL. */
static struct node *named_double(const struct group *g, const struct node *n) {
    if (address_is_named(&n->address))
        return NULL;
    if (n != g->master && address_equal(&g->master->address, &n->address))
        return g->master;
    list_for_each(other, &g->replicas, struct node, siblings)
        if (other != n && address_is_named(&other->address) &&
            address_equal(&other->address, &n->address))
            return other;
    return NULL;
}

void group_merge(struct core *c, struct group *g) {
    if (!g->has_moved || group_in_failover(g))
        return;
    g->has_moved = false;
    struct node *double_of_master = named_double(g, g->master);
    if (double_of_master != NULL) {
        struct endpoint given = double_of_master->address.given;
        drop_double(c, double_of_master, g->master);
        name_master(c, g, &given);
    }
    list_for_each(n, &g->replicas, struct node, siblings) {
        const struct node *other = named_double(g, n);
        if (other != NULL)
            drop_double(c, n, other);
    }
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
