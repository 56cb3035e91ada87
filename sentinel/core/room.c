#include "sentinel/core/room.h"

#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"

#define LINKS_OF_NODE    2     /* commands, pub/sub */
#define NODES_LIKELY     3     /* of a group whose replicas are not all known yet, */
#define LEARNED_MS       30000 /* for so long: a master that was just started has none */
#define PROCESSES_LIKELY 8     /* peers, of which groups tell one after the other */
#define TOLD_PAUSE_MS    60000

static bool is_learned(const struct core *c, const struct group *g) {
    return g->granted > 0 && g->master->info_ms != 0 &&
        tstamp_age(c->now.mono_ms, g->granted_ms) >= LEARNED_MS;
}

static size_t needs(const struct core *c, const struct group *g) {
    size_t nodes = 1 + g->replica_count;
    if (!is_learned(c, g))
        nodes = MAX_OF(nodes, (size_t)NODES_LIKELY);
    return nodes * LINKS_OF_NODE;
}

static size_t of_processes(const struct core *c) {
    return MAX_OF(map_count(&c->processes), (size_t)PROCESSES_LIKELY);
}

static size_t left(const struct core *c) {
    size_t used = room_used(c);
    return c->room.links > used ? c->room.links - used : 0;
}

static bool fits(const struct core *c, size_t needed) {
    return c->room.links == 0 || needed <= left(c);
}

/* Silence counts from now on. */
static void start_hearing(const struct core *c, struct group *g) {
    g->master->live.unanswered_ms = c->now.heard_ms;
    list_for_each(n, &g->replicas, struct node, siblings)
        n->live.unanswered_ms = c->now.heard_ms;
}

static void stop_waiting(struct core *c, struct group *g) {
    if (!g->waits_for_room)
        return;
    g->waits_for_room = false;
    list_remove(&g->waiting_node);
    c->room.waiting_count--;
}

static void wait_for_room(struct core *c, struct group *g) {
    if (g->waits_for_room)
        return;
    g->waits_for_room = true;
    list_append(&c->room.waiting, &g->waiting_node);
    c->room.waiting_count++;
}

/* As many as fit together ask again. */
static void wake(struct core *c) {
    size_t free_links = left(c);
    list_for_each(g, &c->room.waiting, struct group, waiting_node) {
        if (c->room.links != 0 && free_links < LINKS_OF_NODE)
            return;
        size_t needed = needs(c, g);
        if (c->room.links != 0 && needed > free_links)
            continue;
        free_links -= MIN_OF(free_links, needed);
        group_touch(c, g);
    }
}

void room_init(struct core *c, const struct descriptor_usage *usage) {
    c->room = (struct room){ .descriptors = (size_t)usage->max, .links = (size_t)usage->links };
    list_init(&c->room.waiting);
}

void room_set(struct core *c, const struct descriptor_usage *usage) {
    c->room.descriptors = (size_t)usage->max;
    if (usage->links == c->room.links)
        return;
    c->room.links = (size_t)usage->links;
    wake(c);
}

bool room_ask(struct core *c, struct group *g) {
    size_t needed = needs(c, g);
    if (g->granted == 0 && !fits(c, needed)) {
        wait_for_room(c, g);
        return false;
    }
    if (g->waits_for_room)
        start_hearing(c, g);
    stop_waiting(c, g);
    if (g->granted == 0)
        g->granted_ms = c->now.mono_ms;
    bool shrinks = needed < g->granted;
    c->room.granted += needed - g->granted;
    g->granted = needed;
    if (shrinks)
        wake(c);
    return true;
}

void room_ask_all(struct core *c) {
    map_for_each(g, &c->groups, struct group)
        (void)room_ask(c, g);
}

void room_give_back(struct core *c, struct group *g) {
    stop_waiting(c, g);
    c->room.granted -= g->granted;
    g->granted = 0;
    wake(c);
}

size_t room_used(const struct core *c) {
    return c->room.granted + of_processes(c);
}

size_t room_needed(const struct core *c) {
    size_t needed = room_used(c);
    list_for_each(g, &c->room.waiting, struct group, waiting_node)
        needed += needs(c, g);
    return needed;
}

size_t room_needed_descriptors(const struct core *c) {
    const struct room *r = &c->room;
    return r->descriptors - MIN_OF(r->links, r->descriptors) + room_needed(c);
}

void room_tell(struct core *c) {
    struct room *r = &c->room;
    if (r->waiting_count == r->told || tstamp_is_recent(c->now.mono_ms, r->told_ms, TOLD_PAUSE_MS))
        return;
    r->told = r->waiting_count;
    if (r->waiting_count == 0) {
        core_log(c, LOG_WARNING, "descriptors suffice again: all %zu groups are watched",
            map_count(&c->groups));
        r->told_ms = 0;
        return;
    }
    r->told_ms = c->now.mono_ms;
    core_log(c, LOG_WARNING,
        "%zu of %zu groups are not watched for want of descriptors, %s among them: the limit of open "
        "files is %zu, needed are %zu (systemd: LimitNOFILE, shell: ulimit -n, at once: prlimit)",
        r->waiting_count, map_count(&c->groups),
        list_first(&r->waiting, struct group, waiting_node)->name, r->descriptors,
        room_needed_descriptors(c));
}
