#include "sentinel/core/probe.h"

#include "common/siphash.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/health.h"
#include "sentinel/core/link.h"
#include "sentinel/core/order.h"
#include "sentinel/core/seal.h"

#define PROBE_FINE_MIN_MS 25
#define RECONNECT_MIN_MS  20
/* An attempt to connect that takes longer than half of down-after is begun anew. */
#define OPENING_MIN_MS 500
#define OPENING_MAX_MS 5000
#define CROWD          64  /* groups from which on probes are spread over their period, */
#define SLOT_MS        100 /* in slots of so much, */
#define SLOTS_MIN      2   /* if there are so many in a period; */
#define PHASES         100 /* groups have one of so many to themselves, in the longest period */
#define INFO_EAGER_MS  5   /* first pause while an INFO is awaited; doubles up to the fast period */

int64_t probe_stretched_interval(const struct core *c) {
    return (int64_t)map_count(&c->groups) * 1000 / PROBE_BUDGET_PER_S;
}

int64_t probe_master_interval(const struct core *c, const struct group *g) {
    int64_t fine =
        MIN_OF(MAX_OF(g->settings.down_after_ms / 20, PROBE_FINE_MIN_MS), c->periods.ping);
    return MAX_OF(fine, probe_stretched_interval(c));
}

static int64_t reconnect_interval(const struct core *c, int64_t down_after_ms) {
    return MIN_OF(MAX_OF(down_after_ms / 4, RECONNECT_MIN_MS), c->periods.ping);
}

static int64_t next_attempt(const struct core *c, const struct link *l, int64_t down_after_ms) {
    if (l->tried_heard_ms == 0)
        return 0;
    return crash_next_attempt(l, l->tried_heard_ms + reconnect_interval(c, down_after_ms));
}

static int64_t opening_limit(int64_t down_after_ms) {
    return MIN_OF(MAX_OF(down_after_ms / 2, OPENING_MIN_MS), OPENING_MAX_MS);
}

/* Opens a closed link when its next try is due; begins anew one that hangs in connecting. */
static void keep_connected(struct core *c, struct link *l, int64_t down_after_ms, int64_t *due) {
    if (l->state == LINK_OPENING) {
        int64_t limit = l->opened_heard_ms + opening_limit(down_after_ms);
        if (c->now.heard_ms >= limit) {
            crash_note_attempt(c, l, false);
            link_close(c, l);
        } else {
            due_heard(c, due, limit);
        }
    }
    if (link_is_usable(l) || !address_is_resolved(link_address(l)))
        return;
    int64_t next = next_attempt(c, l, down_after_ms);
    if (c->now.heard_ms >= next) {
        link_open(c, l);
        due_heard(c, due, c->now.heard_ms + opening_limit(down_after_ms));
    } else {
        due_heard(c, due, next);
    }
}

/* A connection that is open but dead: the far host is gone, or a firewall forgot it. Source:
 * spec 2.6. */
static void close_stuck_command(struct core *c, struct link *l, const struct liveness *live,
    int64_t down_after_ms, int64_t *due) {
    if (l->state != LINK_OPEN || live->unanswered_ms == 0)
        return;
    int64_t limit = l->opened_heard_ms + c->periods.min_link_age;
    limit = MAX_OF(limit, live->unanswered_ms + down_after_ms / 2);
    limit = MAX_OF(limit, live->pong_ms + down_after_ms / 2);
    if (c->now.heard_ms > limit)
        link_close(c, l);
    else
        due_heard(c, due, limit + 1);
}

static void close_stuck_pubsub(struct core *c, struct link *l, int64_t *due) {
    if (l->state != LINK_OPEN)
        return;
    int64_t limit = l->opened_heard_ms + c->periods.min_link_age;
    limit = MAX_OF(limit, l->active_heard_ms + 3 * c->periods.publish);
    if (c->now.heard_ms > limit)
        link_close(c, l);
    else
        due_heard(c, due, limit + 1);
}

static bool is_crowded(const struct core *c) {
    return map_count(&c->groups) >= CROWD;
}

int64_t probe_spread(struct core *c, int64_t period_ms) {
    return is_crowded(c) ? rng_between(&c->rng, 0, period_ms) : 0;
}

int64_t probe_phase(struct slice group_name) {
    static const struct siphash_key same_for_all;
    return (int64_t)(siphash(&same_for_all, group_name) % PHASES) * SLOT_MS;
}

/* How long ago the group's moment in this period was, 0 to period_ms - 1. By the wall clock: other
 * vedettes ask at the same one, a server is waked once by all, and tells all their hellos at once.
 * Where clocks differ or jump, that is lost and nothing else. */
static int64_t since_phase(const struct core *c, const struct group *g, int64_t period_ms) {
    return (c->now.wall_ms % period_ms + 2 * period_ms - g->phase_ms % period_ms) % period_ms;
}

/* How much before its time an INFO may go, since a PING goes now: one write for both, and one
 * answer. In a crowd it also waits for the PING, below 0: so that each of them meets one, and with
 * it all after it. */
static int64_t early(const struct core *c, bool is_pinged, int64_t interval) {
    if (!is_crowded(c))
        return is_pinged ? interval / 2 : 0;
    return is_pinged ? interval - interval / 4 : -(interval / 4);
}

/* The same of a hello, from that of an INFO. In a crowd that of a replica goes with that of its
 * master, which passes it on to the replica: who has subscribed there hears both at once. */
static int64_t early_hello(
    const struct core *c, const struct group *g, bool is_pinged, int64_t early_ms) {
    int64_t period_ms = c->periods.publish;
    if (!is_crowded(c) || !is_pinged || period_ms < SLOTS_MIN * SLOT_MS)
        return early_ms;
    bool is_its_turn = (since_phase(c, g, period_ms) + SLOT_MS / 2) % period_ms < SLOT_MS;
    return is_its_turn ? MAX_OF(early_ms, period_ms / 2 + SLOT_MS) : early_ms;
}

/* How much sooner the PING after this one is to go, so that it meets the moment of its group: what
 * goes in one wake-up, and is answered in one, costs half of what it costs alone. A clock that
 * jumped back a bit makes it later, by a quarter of the interval at most. */
static int64_t ping_ahead(struct core *c, const struct group *g, bool is_first, int64_t interval) {
    if (!is_crowded(c))
        return 0;
    if (g == NULL || interval < SLOTS_MIN * SLOT_MS)
        return is_first ? probe_spread(c, interval) : 0;
    int64_t since_ms = since_phase(c, g, interval);
    return since_ms > interval - interval / 4 ? since_ms - interval : since_ms;
}

/* Whether it sent one. */
static bool ping(struct core *c, struct link *l, int64_t interval, int64_t down_after_ms,
    size_t owners, int64_t *due) {
    struct liveness *live = link_live(l);
    const struct group *g = l->node != NULL ? l->node->group : NULL;
    if (!link_is_usable(l) || link_pending(l, PENDING_PING) > 0 || link_is_full(c, l, owners))
        return false;
    int64_t next = live->ping_ms + interval - live->ping_ahead_ms;
    if (!l->pinged || c->now.heard_ms >= next) {
        live->ping_ahead_ms = ping_ahead(c, g, !l->pinged, interval);
        order_ping(c, l);
        /* Health was judged before this silence began: nothing that it may call for is due
         * earlier. */
        due_heard(c, due, c->now.heard_ms + down_after_ms / 2 + 1);
        return true;
    }
    due_heard(c, due, next);
    return false;
}

/* Replicas are asked more often while something happens. Source: spec 3.3. */
static int64_t info_period(const struct core *c, const struct node *n) {
    const struct group *g = n->group;
    if (n->kind == ROLE_MASTER)
        return c->periods.info;
    bool fast = g->master->sdown || g->odown || group_in_failover(g) ||
        n->master_link_down_ms != 0 || n->role_reported == ROLE_MASTER;
    return fast ? c->periods.info_fast : c->periods.info;
}

/* early_ms: so much before its time it may go. */
static void ask_info(struct core *c, struct node *n, int64_t early_ms, int64_t *due) {
    struct link *l = &n->command;
    if (l->state != LINK_OPEN || link_pending(l, PENDING_INFO) > 0 || link_is_full(c, l, 1))
        return;
    if (n->info_wait_ms > 0) /* something is expected: at intervals of their own */
        early_ms = 0;
    int64_t next =
        n->info_ms == 0 ? 0 : n->info_ms + info_period(c, n) - n->info_ahead_ms - early_ms;
    if (n->info_asked_ms > n->info_ms) /* refused: not again at the pace of the network */
        next = MAX_OF(next, n->info_asked_ms + c->periods.info_fast);
    if (n->info_wait_ms > 0)
        next = tstamp_min(next, n->info_asked_ms + n->info_wait_ms);
    if (n->info_wanted || c->now.mono_ms >= next) {
        if (!n->info_wanted)
            n->info_ahead_ms = 0;
        order_info(c, n);
        if (n->info_wait_ms > 0)
            n->info_wait_ms = MIN_OF(n->info_wait_ms * 2, c->periods.info_fast);
    } else {
        due_mono(due, next);
    }
}

/* Whether the last hello is older than the publish period. early_ms: as above. */
static bool hello_is_due(struct core *c, struct link *l, int64_t sent_heard_ms, size_t owners,
    int64_t early_ms, int64_t *due) {
    if (l->state != LINK_OPEN || link_is_full(c, l, owners))
        return false;
    int64_t next = sent_heard_ms == 0 ? 0 : sent_heard_ms + c->periods.publish + 1 - early_ms;
    if (c->now.heard_ms >= next)
        return true;
    due_heard(c, due, next);
    return false;
}

/* A server that hands over holds up PUBLISH, and behind it all that we send. Source: spec 9.3. */
static bool holds_up_hellos(const struct node *n) {
    const struct attempt *a = &n->group->attempt;
    bool hands_over = a->coordinated && a->state == FAILOVER_WAIT_PROMOTION;
    return n->own_failover == OWN_FAILOVER_RUNS || (hands_over && n == n->group->master);
}

/* A configuration is told to nobody before it is on disk. */
static bool may_announce(struct core *c, struct group *g) {
    if (!address_is_tellable(c, &group_current_master(g)->address))
        return false;
    if (core_is_durable(c, g->config_seq) && (seal_keys(c, g).size == 0 || seal_may_count(c)))
        return true;
    group_await(c, g);
    return false;
}

int64_t probe_node(struct core *c, struct node *n) {
    int64_t due = TSTAMP_NEVER;
    int64_t down_after_ms = n->group->settings.down_after_ms;

    if (!c->tilt) {
        close_stuck_command(c, &n->command, &n->live, down_after_ms, &due);
        close_stuck_pubsub(c, &n->pubsub, &due);
    }
    keep_connected(c, &n->command, down_after_ms, &due);
    keep_connected(c, &n->pubsub, down_after_ms, &due);
    int64_t interval = n->kind == ROLE_MASTER ? probe_master_interval(c, n->group)
                                              : MIN_OF(down_after_ms, c->periods.ping);
    bool pinged = ping(c, &n->command, interval, down_after_ms, 1, &due);
    int64_t early_ms = early(c, pinged, interval);
    ask_info(c, n, early_ms, &due);
    early_ms = early_hello(c, n->group, pinged, early_ms);
    if (!holds_up_hellos(n) && may_announce(c, n->group) &&
        hello_is_due(c, &n->command, n->hello_sent_heard_ms, 1, early_ms, &due)) {
        order_hello(c, &n->command, n->group);
        n->hello_sent_heard_ms = c->now.heard_ms;
        due_heard(c, &due, c->now.heard_ms + c->periods.publish + 1);
    }
    return due;
}

int64_t probe_process(struct core *c, struct process *p) {
    int64_t due = TSTAMP_NEVER;
    int64_t down_after_ms = health_process_down_after(p);
    size_t owners = p->peer_count;

    if (!c->tilt)
        close_stuck_command(c, &p->link, &p->live, down_after_ms, &due);
    keep_connected(c, &p->link, down_after_ms, &due);
    int64_t interval = MIN_OF(down_after_ms, c->periods.ping);
    (void)ping(c, &p->link, interval, down_after_ms, owners, &due);
    challenge_judge(c, p, &due);
    return due;
}

/* The hellos of other groups to the same process that are nearly due go with this one: of a
 * thousand groups each would be a write of its own. */
static void gather_hellos(struct core *c, struct process *process) {
    int64_t now_ms = c->now.heard_ms;
    if (process->gathered_heard_ms == now_ms)
        return;
    process->gathered_heard_ms = now_ms;
    list_for_each(p, &process->peers, struct peer, of_process) {
        int64_t age_ms = now_ms - p->hello_sent_heard_ms;
        if (p->hello_sent_heard_ms != 0 && age_ms >= c->periods.publish - c->periods.publish / 4) {
            p->hello_sent_heard_ms = 0;
            group_touch(c, p->group);
        }
    }
}

int64_t probe_peer(struct core *c, struct peer *p) {
    int64_t due = TSTAMP_NEVER;
    struct process *process = p->process;
    if (may_announce(c, p->group) &&
        hello_is_due(c, &process->link, p->hello_sent_heard_ms, process->peer_count, 0, &due)) {
        order_hello(c, &process->link, p->group);
        p->hello_sent_heard_ms = c->now.heard_ms;
        gather_hellos(c, process);
        due_heard(c, &due, c->now.heard_ms + c->periods.publish + 1);
    }
    return due;
}

void probe_announce(struct group *g) {
    g->master->hello_sent_heard_ms = 0;
    list_for_each(n, &g->replicas, struct node, siblings)
        n->hello_sent_heard_ms = 0;
    list_for_each(p, &g->peers, struct peer, of_group)
        p->hello_sent_heard_ms = 0;
}

void probe_expect_info(struct node *n) {
    n->info_wanted = true;
    n->info_wait_ms = INFO_EAGER_MS;
}
