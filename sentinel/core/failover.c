/* The states of an attempt, and who moves it:
 *
 *   NONE --+--> WAIT_START --> SELECT <--> SEND_PROMOTION --> WAIT_PROMOTION --> RECONF_REPLICAS
 * --> UPDATE_CONFIG --+ ^     odown, or       elected     a replica        sent   |    confirmed
 * all replicas follow,    | |     by command      or forced   was chosen              |    and
 * durable     or time is up           |
 *    +-----------------------abandoned-------------------------+<------------------switched----------------+
 *
 * From WAIT_PROMOTION the way leads back to SELECT only if the replica certainly refused (law C11).
 * Until the promotion is confirmed the attempt can be abandoned; after that it ends in
 * UPDATE_CONFIG, by completion or by time. */
#include "sentinel/core/failover.h"

#include "common/ensure.h"
#include "sentinel/core/converge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/election.h"
#include "sentinel/core/event.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"
#include "sentinel/core/script.h"
#include "sentinel/core/selection.h"

#define ATTEMPT_AGE_MAX_MS      10000 /* law C9 */
#define INFORMED_WAIT_MS        300   /* law C10 */
#define NO_GOOD_REPLICA_WAIT_MS 1000
#define REPEAT_PAUSE_MS         100  /* before an order whose answer was lost is sent again */
#define LAST_ORDERS_WAIT_MS     1000 /* after a forced end: for the answers to the last orders */
/* A coordinated failover is not begun with less time than that. */
#define HANDOVER_LEFT_MIN_MS 1000

#define TO(state) (1u << FAILOVER_##state)

struct state_row {
    const char *name; /* as printed in failover-state */
    unsigned next;    /* mask of the states that may follow */
};

static const struct state_row state_table[] = {
    [FAILOVER_NONE] = { "none", TO(WAIT_START) },
    [FAILOVER_WAIT_START] = { "wait_start", TO(SELECT) | TO(NONE) },
    [FAILOVER_SELECT] = { "select_slave", TO(SEND_PROMOTION) | TO(NONE) },
    [FAILOVER_SEND_PROMOTION] = { "send_slaveof_noone",
        TO(WAIT_PROMOTION) | TO(SELECT) | TO(NONE) },
    [FAILOVER_WAIT_PROMOTION] = { "wait_promotion", TO(RECONF_REPLICAS) | TO(SELECT) | TO(NONE) },
    [FAILOVER_RECONF_REPLICAS] = { "reconf_slaves", TO(UPDATE_CONFIG) },
    [FAILOVER_UPDATE_CONFIG] = { "update_config", TO(NONE) },
};
static_assert(ARRAY_SIZE(state_table) == FAILOVER_STATE_COUNT, "a row for each state");

const char *failover_state_name(enum failover_state state) {
    return state_table[state].name;
}

bool failover_leads(enum failover_state from, enum failover_state to) {
    return (state_table[from].next & (1u << to)) != 0;
}

void failover_move(struct core *c, struct group *g, enum failover_state to) {
    ensure(failover_leads(g->attempt.state, to));
    core_log(c, LOG_DEBUG, "failover of %s under epoch %llu: %s -> %s", g->name,
        (unsigned long long)g->attempt.epoch, failover_state_name(g->attempt.state),
        failover_state_name(to));
    g->attempt.state = to;
    g->attempt.state_ms = c->now.mono_ms;
    group_touch(c, g);
}

void failover_abandon(
    struct core *c, struct group *g, enum abandon_reason reason, const char *why) {
    struct attempt *a = &g->attempt;
    bool elected = a->elected && !a->forced;
    /* What was ordered of a master that died before it handed over promotes nobody any more. */
    bool order_sent = group_may_have_promoted(g) && reason != ABANDON_HANDOVER;

    ensure(a->state < FAILOVER_RECONF_REPLICAS);
    core_log(c, LOG_NOTICE, "failover attempt of %s under epoch %llu abandoned: %s", g->name,
        (unsigned long long)a->epoch, why);
    switch (reason) {
    case ABANDON_NOT_ELECTED:
    case ABANDON_OUTVOTED:
    case ABANDON_DEAD:
    case ABANDON_GATE:
        event_of_group(c, EVENT_ABORT_NOT_ELECTED, g, NULL);
        break;
    case ABANDON_NO_GOOD_REPLICA:
        event_of_group(c, EVENT_ABORT_NO_GOOD_REPLICA, g, NULL);
        break;
    case ABANDON_PROMOTION:
        event_of_group(c, EVENT_ABORT_REPLICA_TIMEOUT, g, NULL);
        break;
    case ABANDON_HANDOVER:
        event_of_group(c, EVENT_ABORT_MASTER_TIMEOUT, g, NULL);
        break;
    }
    failover_move(c, g, FAILOVER_NONE);
    *a = (struct attempt){ .state = FAILOVER_NONE };
    /* An epoch that nobody can win any more, or that we won and never used, cannot bring forth a
     * second leader. */
    bool unused = elected && (!order_sent || PLANTED(RETRY_AFTER_ORDER));
    if (reason == ABANDON_DEAD || (reason != ABANDON_OUTVOTED && unused) || PLANTED(RETRY_ALIVE))
        election_retry_soon(c, g);
}

void failover_elected(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    a->elected = true;
    a->elected_ms = c->now.mono_ms;
    event_of_group(c, EVENT_ELECTED_LEADER, g, NULL);
    core_simulate(c, FAILURE_AFTER_ELECTION);
    failover_move(c, g, FAILOVER_SELECT);
    event_of_group(c, EVENT_STATE_SELECT, g, NULL);
}

/* ---- the gate of law C9 ---- */

static int64_t gate_end(const struct group *g) {
    return g->attempt.begun_ms + MIN_OF(ATTEMPT_AGE_MAX_MS, g->settings.failover_timeout_ms);
}

/* Why the promotion must not be sent, or NULL. Tilt and durability are waited for by the caller. */
static const char *gate_refusal(const struct core *c, const struct group *g) {
    const struct attempt *a = &g->attempt;
    bool is_ours = g->vote_epoch == a->epoch && slice_equal(slice_of(g->vote_for), slice_of(c->id));
    if (!is_ours && !PLANTED(OUTVOTED_GOES_ON))
        return "our vote is not for this attempt any more";
    if (g->config_epoch >= a->epoch)
        return "a configuration of this epoch or a later one was seen";
    if (!a->forced && !a->coordinated && !g->master->sdown && !PLANTED(ANSWER_UNSEEN))
        return "the master is not down any more";
    if (c->now.mono_ms >= gate_end(g) && !PLANTED(PROMOTES_LATE))
        return "it is too old to promote anything";
    return NULL;
}

/* Abandons if the gate is closed. */
static bool gate_holds(struct core *c, struct group *g) {
    const char *why = gate_refusal(c, g);
    if (why != NULL)
        failover_abandon(c, g, ABANDON_GATE, why);
    return why == NULL;
}

/* ---- selection and promotion ---- */

static int64_t asking_since(const struct group *g) {
    return g->attempt.forced || !g->master->sdown ? g->attempt.begun_ms : g->master->sdown_since_ms;
}

static int64_t judge_select(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    if (!gate_holds(c, g))
        return TSTAMP_NEVER;
    int64_t informed_by = a->elected_ms + INFORMED_WAIT_MS;
    if (!selection_is_informed(c, g) && c->now.mono_ms < informed_by &&
        !PLANTED(CHOOSES_UNINFORMED))
        return informed_by;
    struct node *best = selection_best(c, g);
    if (best == NULL) {
        int64_t give_up = asking_since(g) + NO_GOOD_REPLICA_WAIT_MS;
        if (c->now.mono_ms < give_up)
            return give_up;
        selection_explain(c, g, NULL);
        failover_abandon(c, g, ABANDON_NO_GOOD_REPLICA, "no replica may be promoted");
        return TSTAMP_NEVER;
    }
    selection_explain(c, g, best);
    a->selected = best;
    a->outcome = OUTCOME_NONE;
    event_of_node(c, EVENT_SELECTED_REPLICA, best, NULL);
    failover_move(c, g, FAILOVER_SEND_PROMOTION);
    event_of_node(c, EVENT_STATE_SEND_PROMOTION, best, NULL);
    return TSTAMP_NEVER;
}

static int64_t handover_left(const struct core *c, const struct group *g) {
    return g->attempt.state_ms + g->settings.failover_timeout_ms - c->now.mono_ms;
}

static void send_promotion(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    struct pending *order = a->coordinated
        ? order_handover(c, g->master, a->selected, handover_left(c, g))
        : order_role(c, a->selected, NULL);
    order->attempt = a->serial;
    a->outcome = OUTCOME_AWAITED;
    a->outcome_ms = c->now.mono_ms;
    probe_expect_info(a->selected); /* pipelined behind it: the answer shows the new role */
}

/* Whether the master can be told to hand over now. If not: abandons, or says when to look again.
 * Source: spec 8.12. */
static bool master_takes_order(struct core *c, struct group *g, int64_t *ret_due) {
    *ret_due = TSTAMP_NEVER;
    if (g->master->sdown || handover_left(c, g) < HANDOVER_LEFT_MIN_MS) {
        failover_abandon(c, g, ABANDON_HANDOVER, "the master could not be told to hand over");
        return false;
    }
    *ret_due = tstamp_min(gate_end(g),
        g->attempt.state_ms + g->settings.failover_timeout_ms - HANDOVER_LEFT_MIN_MS + 1);
    return g->master->command.state == LINK_OPEN;
}

static int64_t judge_send_promotion(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    int64_t due;
    if (!gate_holds(c, g))
        return TSTAMP_NEVER;
    if (a->coordinated && !master_takes_order(c, g, &due))
        return due;
    if (!core_is_durable(c, a->vote_seq)) {
        group_await(c, g);
        return gate_end(g);
    }
    if (a->selected->command.state != LINK_OPEN ||
        a->selected->sdown) { /* nothing was sent: choose again */
        a->selected = NULL;
        failover_move(c, g, FAILOVER_SELECT);
        return gate_end(g);
    }
    send_promotion(c, g);
    failover_move(c, g, FAILOVER_WAIT_PROMOTION);
    event_of_node(c, EVENT_STATE_WAIT_PROMOTION, a->selected, NULL);
    return TSTAMP_NEVER;
}

/* Both have changed roles by themselves: their clients, those whose writes wait among them, are to
 * look for the new master. */
static void release(struct core *c, struct group *g) {
    struct node *const both[] = { g->master, g->attempt.selected };
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        if (both[i]->command.state == LINK_OPEN)
            order_release(c, both[i]);
    }
}

/* The new configuration is on disk: tell everyone. */
static void announce(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    g->config_epoch = a->epoch;
    a->selected->info_wait_ms = 0;
    failover_move(c, g, FAILOVER_RECONF_REPLICAS);
    event_of_node(c, EVENT_PROMOTED_REPLICA, a->selected, NULL);
    if (a->coordinated)
        release(c, g);
    core_simulate(c, FAILURE_AFTER_PROMOTION);
    event_of_group(c, EVENT_STATE_RECONF, g, NULL);
    event_switch(c, g, 0, &g->master->address, &a->selected->address);
    script_reconfigure(c, g, SCRIPT_LEADER, &g->master->address, &a->selected->address);
    probe_announce(g);
}

/* Persists the configuration that the promotion makes: the present master becomes a replica in it.
 */
static void confirm(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    a->confirm_seq = 1; /* lets group_persist write the new configuration */
    a->confirm_seq = group_persist(c, g);
    core_persist(c,
        &(struct delta){ .kind = DELTA_REPLICA_GONE,
            .group = slice_of(g->name),
            .address = a->selected->address.given });
    core_persist(c,
        &(struct delta){ .kind = DELTA_REPLICA,
            .group = slice_of(g->name),
            .address = g->master->address.given });
}

/* Whether the master has given up what it began: it says that it is in no failover, in an INFO
 * asked for after the order, and that it is a master, and the other is none. */
static bool has_given_up(const struct group *g) {
    const struct attempt *a = &g->attempt;
    const struct node *m = g->master, *n = a->selected;
    return a->outcome == OUTCOME_ACCEPTED && m->own_failover == OWN_FAILOVER_NONE &&
        m->role_reported == ROLE_MASTER && m->info_sent_ms > a->outcome_ms &&
        n->role_reported == ROLE_REPLICA && n->info_sent_ms > a->outcome_ms;
}

/* Ends an attempt whose master will not hand over. Its clients, whose writes wait, go on. */
static bool judge_handover(struct core *c, struct group *g) {
    struct node *m = g->master, *n = g->attempt.selected;
    bool died =
        g->odown && n->role_reported == ROLE_REPLICA && n->info_sent_ms >= m->sdown_since_ms;
    const char *why = NULL;
    if (g->attempt.outcome == OUTCOME_REFUSED)
        why = "the master refused to hand over";
    else if (has_given_up(g))
        why = "the master has given up handing over";
    else if (died)
        why = "the master died before it handed over";
    if (why == NULL)
        return false;
    m->info_wait_ms = n->info_wait_ms = 0;
    if (m->command.state == LINK_OPEN)
        order_unpause(c, m);
    failover_abandon(c, g, died ? ABANDON_HANDOVER : ABANDON_PROMOTION, why);
    return true;
}

bool failover_tell_confirmed(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    if (a->state != FAILOVER_WAIT_PROMOTION || a->confirm_seq == 0)
        return false;
    if (core_is_durable(c, a->confirm_seq) || PLANTED(CONFIG_TOLD_EARLY))
        announce(c, g);
    else
        group_await(c, g);
    return true;
}

static int64_t judge_wait_promotion(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    struct node *n = a->selected;

    if (a->confirm_seq == 0 && n->role_reported == ROLE_MASTER && n->info_sent_ms >= a->outcome_ms)
        confirm(c, g);
    if (failover_tell_confirmed(c, g))
        return TSTAMP_NEVER;
    if (a->coordinated && judge_handover(c, g))
        return TSTAMP_NEVER;
    if (a->outcome == OUTCOME_REFUSED) { /* law C11: certainly not promoted */
        core_log(c, LOG_WARNING, "replica %s refused the promotion, choosing another one", n->name);
        n->refused_attempt = a->serial;
        n->info_wait_ms = 0;
        a->selected = NULL;
        failover_move(c, g, FAILOVER_SELECT);
        return TSTAMP_NEVER;
    }
    int64_t until_ms = a->state_ms + g->settings.failover_timeout_ms;
    if (c->now.mono_ms > until_ms) {
        n->info_wait_ms = 0;
        failover_abandon(c, g, ABANDON_PROMOTION, "the promotion was not confirmed in time");
        return TSTAMP_NEVER;
    }
    /* The answer was lost and the replica says that it is none the wiser: tell the same one again.
     */
    if (a->outcome == OUTCOME_UNKNOWN && !a->coordinated && n->command.state == LINK_OPEN &&
        n->info_sent_ms > a->outcome_ms && n->role_reported == ROLE_REPLICA && n->priority != 0 &&
        gate_refusal(c, g) == NULL) {
        int64_t again_ms = a->outcome_ms + REPEAT_PAUSE_MS;
        if (c->now.mono_ms < again_ms)
            return again_ms;
        send_promotion(c, g);
    }
    return until_ms + 1;
}

/* ---- the end ---- */

static int64_t judge_update_config(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    int64_t until_ms = a->state_ms + LAST_ORDERS_WAIT_MS;
    bool answered = true;
    list_for_each(n, &g->replicas, struct node, siblings)
        answered = answered && link_pending(&n->command, PENDING_ORDER) == 0;
    if (!answered && c->now.mono_ms < until_ms)
        return until_ms;
    struct endpoint address = a->selected->address.given;
    failover_move(c, g, FAILOVER_NONE);
    group_switch(c, g, &address);
    return TSTAMP_NEVER;
}

int64_t failover_judge(struct core *c, struct group *g) {
    enum failover_state before;
    int64_t due;
    do { /* several moves of one group can follow from the same facts */
        before = g->attempt.state;
        due = TSTAMP_NEVER;
        switch (before) {
        case FAILOVER_NONE:
        case FAILOVER_WAIT_START:
        case FAILOVER_STATE_COUNT:
            break;
        case FAILOVER_SELECT:
            due = judge_select(c, g);
            break;
        case FAILOVER_SEND_PROMOTION:
            due = judge_send_promotion(c, g);
            if (g->attempt.state == FAILOVER_SELECT)
                return due; /* its link is gone: look again when something changes */
            break;
        case FAILOVER_WAIT_PROMOTION:
            due = judge_wait_promotion(c, g);
            break;
        case FAILOVER_RECONF_REPLICAS:
            due = converge_judge_failover(c, g);
            break;
        case FAILOVER_UPDATE_CONFIG:
            due = judge_update_config(c, g);
            break;
        }
    } while (g->attempt.state != before && g->attempt.state != FAILOVER_NONE);
    return due;
}
