#include "sentinel/core/judge.h"

#include "sentinel/core/converge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/election.h"
#include "sentinel/core/event.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/health.h"
#include "sentinel/core/invariant.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"
#include "sentinel/core/room.h"

#define DUE_MAX    32 /* groups that the time calls for in one step: clients wait for its end */
#define ROUNDS_MAX 16 /* a group that is marked again and again is left for the next step */

static void judge_nodes(struct core *c, struct group *g, int64_t *due) {
    due_mono(due, health_judge_node(c, g->master));
    list_for_each(n, &g->replicas, struct node, siblings)
        due_mono(due, health_judge_node(c, n));
}

static void probe_nodes(struct core *c, struct group *g, int64_t *due) {
    due_mono(due, probe_node(c, g->master));
    list_for_each(n, &g->replicas, struct node, siblings)
        due_mono(due, probe_node(c, n));
}

/* Judgement proper: what tilt and a broken law forbid. */
static void act(struct core *c, struct group *g, int64_t *due) {
    if (!g->waits_for_room)
        judge_nodes(c, g, due);
    due_mono(due, health_judge_quorum(c, g));
    due_mono(due, election_judge(c, g));
    due_mono(due, failover_judge(c, g));
    due_mono(due, health_ask_peers(c, g));
    if (!group_in_failover(g))
        due_mono(due, converge_judge_strays(c, g));
}

/* What goes on at all times. */
static void probe(struct core *c, struct group *g, int64_t *due) {
    if (!g->waits_for_room)
        probe_nodes(c, g, due);
    list_for_each(p, &g->peers, struct peer, of_group)
        due_mono(due, probe_peer(c, p));
}

static void judge_group(struct core *c, struct group *g) {
    int64_t due = TSTAMP_NEVER;
    group_merge(c, g);
    (void)room_ask(c, g);
    if ((!c->tilt || PLANTED(ACTS_IN_TILT)) && !g->frozen)
        act(c, g, &due);
    else if (!g->frozen) /* a fact that the disk has, and a restart would tell */
        (void)failover_tell_confirmed(c, g);
    probe(c, g, &due);
    const char *broken = invariant_broken(c, g);
    if (broken != NULL && !g->frozen) {
        g->frozen = true;
        core_log(c, LOG_WARNING,
            "BUG: %s: a law was broken: %s. This group is answered for, but not acted on, until RESET or a restart.",
            g->name, broken);
    }
    heap_set(&c->due, &g->due, MAX_OF(due, c->now.mono_ms + core_has_read_all(c)));
}

static void judge_dirty(struct core *c) {
    struct list round;
    list_init(&round);
    list_for_each(g, &c->dirty, struct group, dirty_node) {
        list_remove(&g->dirty_node);
        list_append(&round, &g->dirty_node);
    }
    while (!list_is_empty(&round)) {
        struct group *g = list_first(&round, struct group, dirty_node);
        list_remove(&g->dirty_node);
        judge_group(c, g);
    }
}

/* What the time calls for. What an input has touched is judged at once, but this waits for the
 * TIMER of a wake-up: who is silent may have an answer that is still to be handed in. What is left
 * is due still. */
static void gather_due(struct core *c) {
    struct heap_item *item;
    while ((item = heap_first(&c->process_due)) != NULL && item->at_ms <= c->now.mono_ms) {
        heap_remove(&c->process_due, item);
        process_touch(c, container_of(item, struct process, due));
    }
    for (int count = 0; count < DUE_MAX; count++) {
        item = heap_first(&c->due);
        if (item == NULL || item->at_ms > c->now.mono_ms)
            break;
        heap_remove(&c->due, item);
        group_touch(c, container_of(item, struct group, due));
    }
}

void judge_stagger(struct core *c) {
    int count = 0;
    list_for_each(g, &c->dirty, struct group, dirty_node) {
        if (count++ < DUE_MAX)
            continue;
        list_remove(&g->dirty_node);
        heap_set(&c->due, &g->due, c->now.mono_ms);
    }
}

void judge_due(struct core *c) {
    struct process *p;
    if (core_has_read_all(c))
        gather_due(c);
    while ((p = list_first(&c->dirty_processes, struct process, dirty_node)) != NULL)
        process_judge(c, p);
    for (int round = 0; round < ROUNDS_MAX && !list_is_empty(&c->dirty); round++)
        judge_dirty(c);
    list_for_each(g, &c->dirty, struct group, dirty_node) {
        list_remove(&g->dirty_node);
        heap_set(&c->due, &g->due, c->now.mono_ms + 1);
    }
    list_for_each(left, &c->dirty_processes, struct process, dirty_node) { /* by a group */
        list_remove(&left->dirty_node);
        heap_set(&c->process_due, &left->due, c->now.mono_ms);
    }
}
