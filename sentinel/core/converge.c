#include "sentinel/core/converge.h"

#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"

#define CATCH_UP_MS    500  /* in which all arrives that had waited on the way */
#define ORDER_PAUSE_MS 1000 /* between two corrections of one server */

static bool follows(struct core *c, const struct node *n, const struct address *master) {
    return n->role_reported == ROLE_REPLICA &&
        resolve_is_at(c, master, n->master_host, n->master_port);
}

static void set_reconf(struct core *c, struct node *n, enum reconf to, enum event ev) {
    n->reconf = to;
    n->reconf_ms = c->now.mono_ms;
    if (to == RECONF_DONE)
        n->info_wait_ms = 0;
    event_of_node(c, ev, n, NULL);
}

/* What INFO tells of a replica's way to the new master. */
static void note_progress(struct core *c, struct group *g, struct node *n, int64_t *due) {
    if (n->reconf == RECONF_SENT && follows(c, n, &g->attempt.selected->address))
        set_reconf(c, n, RECONF_IN_PROGRESS, EVENT_RECONF_IN_PROGRESS);
    if (n->reconf == RECONF_IN_PROGRESS && n->master_link_up)
        set_reconf(c, n, RECONF_DONE, EVENT_RECONF_DONE);
    if (n->reconf != RECONF_SENT)
        return;
    int64_t until_ms = n->reconf_ms + c->periods.reconf;
    if (c->now.mono_ms > until_ms) /* a later correction deals with it */
        set_reconf(c, n, RECONF_DONE, EVENT_RECONF_SENT_TIMEOUT);
    else
        due_mono(due, until_ms + 1);
}

static void send_reconf(struct core *c, struct group *g, struct node *n, enum event ev) {
    order_role(c, n, &g->attempt.selected->address);
    set_reconf(c, n, RECONF_SENT, ev);
    probe_expect_info(n);
}

/* The selected replica itself, or the same server under another name: none follows itself. */
static bool is_selected(const struct attempt *a, const struct node *n) {
    return n == a->selected ||
        (address_equal(&n->address, &a->selected->address) && !PLANTED(FOLLOWS_ITSELF));
}

static void end(struct core *c, struct group *g, bool timed_out) {
    if (timed_out)
        event_of_group(c, EVENT_END_FOR_TIMEOUT, g, NULL);
    event_of_group(c, EVENT_FAILOVER_END, g, NULL);
    failover_move(c, g, FAILOVER_UPDATE_CONFIG);
    list_for_each(n, &g->replicas, struct node, siblings) {
        bool left_out =
            !is_selected(&g->attempt, n) && n->reconf != RECONF_DONE && n->reconf != RECONF_SENT;
        if (timed_out && left_out && n->command.state == LINK_OPEN)
            send_reconf(c, g, n, EVENT_RECONF_SENT_AGAIN);
    }
}

int64_t converge_judge_failover(struct core *c, struct group *g) {
    const struct attempt *a = &g->attempt;
    int64_t due = TSTAMP_NEVER;
    int64_t busy = 0;

    list_for_each(n, &g->replicas, struct node, siblings) {
        if (is_selected(a, n))
            continue;
        note_progress(c, g, n, &due);
        busy += !n->sdown && (n->reconf == RECONF_SENT || n->reconf == RECONF_IN_PROGRESS);
    }
    list_for_each(n, &g->replicas, struct node, siblings) {
        if (busy >= g->settings.parallel_syncs && !PLANTED(SYNCS_UNBOUNDED))
            break;
        if (is_selected(a, n) || n->reconf != RECONF_NONE || n->command.state != LINK_OPEN)
            continue;
        send_reconf(c, g, n, EVENT_RECONF_SENT);
        busy++;
    }
    if (a->selected->sdown)
        return due;
    bool complete = true;
    list_for_each(n, &g->replicas, struct node, siblings)
        complete = complete && (is_selected(a, n) || n->reconf == RECONF_DONE || n->sdown);
    int64_t until_ms = a->state_ms + g->settings.failover_timeout_ms;
    bool timed_out = !complete && c->now.mono_ms > until_ms;
    if (complete || timed_out)
        end(c, g, timed_out);
    else
        due_mono(&due, until_ms + 1);
    return due;
}

/* ---- strays ---- */

static bool master_looks_sane(const struct core *c, const struct group *g) {
    const struct node *m = g->master;
    return m->role_reported == ROLE_MASTER && !m->sdown && !g->odown && m->info_ms != 0 &&
        c->now.mono_ms - m->info_ms < 2 * c->periods.info;
}

/* Law C12: whether a majority, ourselves included, has announced the present configuration after
 * `since_ms`, and lately: four hellos of each are due in that time. What waited on the way, for a
 * partition to heal or for us to go on, was said before, however late we hear it: after a gap the
 * last of it counts, when all of it has come. */
static bool majority_confirms(struct core *c, struct group *g, int64_t since_ms, int64_t *due) {
    int64_t from_ms = MAX_OF(since_ms, c->now.mono_ms - 4 * c->periods.publish - 1);
    size_t confirmations = 1;
    list_for_each(p, &g->peers, struct peer, of_group) {
        int64_t counts_ms = MAX_OF(p->resumed_ms, c->back_ms) + CATCH_UP_MS;
        if (p->hello_config_epoch != g->config_epoch || p->hello_ms <= from_ms ||
            !resolve_is_at(c, &g->master->address, p->hello_master.host, p->hello_master.port))
            continue;
        if (c->now.mono_ms >= counts_ms)
            confirmations++;
        else
            due_mono(due, counts_ms);
    }
    bool is_confirmed = confirmations >= group_majority(g) || PLANTED(DEMOTES_ALONE);
    g->wants_hellos = g->wants_hellos || !is_confirmed;
    return is_confirmed;
}

static void correct(struct core *c, struct group *g, struct node *n, enum event ev) {
    order_role(c, n, &g->master->address);
    n->ordered_ms = c->now.mono_ms;
    event_of_node(c, ev, n, NULL);
    probe_expect_info(n);
}

/* Calls for the correction `ev` of what is wrong since `since_ms`: no more than one at a time, from
 * the instant `from_ms` on, and never alone: who hears no majority say the same since then may be
 * the one whose configuration is old, and would have the rightful master drop its data (C12). */
static void correct_from(struct core *c, struct group *g, struct node *n, enum event ev,
    int64_t since_ms, int64_t from_ms, int64_t *due) {
    if (n->ordered_ms != 0)
        from_ms = MAX_OF(from_ms, n->ordered_ms + ORDER_PAUSE_MS);
    if (c->now.mono_ms < from_ms) {
        due_mono(due, from_ms);
        return;
    }
    if (majority_confirms(c, g, since_ms, due) && n->command.state == LINK_OPEN &&
        link_pending(&n->command, PENDING_ORDER) == 0)
        correct(c, g, n, ev);
}

/* The same after `wait_ms`, which begins anew when the server goes down. */
static void correct_after(struct core *c, struct group *g, struct node *n, enum event ev,
    int64_t since_ms, int64_t wait_ms, int64_t *due) {
    int64_t from_ms = since_ms + wait_ms + 1;
    if (n->sdown_since_ms != 0)
        from_ms = MAX_OF(from_ms, n->sdown_since_ms + wait_ms + 1);
    correct_from(c, g, n, ev, since_ms, from_ms, due);
}

static void judge_stray(struct core *c, struct group *g, struct node *n, int64_t *due) {
    int64_t timeout_ms = g->settings.failover_timeout_ms;
    bool informed =
        n->info_ms != 0 && n->command.state == LINK_OPEN && n->info_sent_ms >= n->returned_ms;

    if (!informed || n->sdown || address_equal(&n->address, &g->master->address))
        return; /* the last: under another name it is the master */
    if (n->role_reported == ROLE_MASTER) {
        /* A process that has just started knows of no return, and who was promoted a moment ago is
         * not to be demoted for what was said before. */
        int64_t since_ms = MAX_OF(n->returned_ms, n->role_since_ms);
        if (n->was_master && majority_confirms(c, g, since_ms, due))
            correct_from(c, g, n, EVENT_CONVERT_TO_REPLICA, since_ms, c->now.mono_ms, due);
        else
            correct_after(
                c, g, n, EVENT_CONVERT_TO_REPLICA, n->role_since_ms, 4 * c->periods.publish, due);
    } else if (n->master_host[0] != '\0' && !follows(c, n, &g->master->address)) {
        correct_after(c, g, n, EVENT_FIX_REPLICA_CONFIG, n->conf_changed_ms, timeout_ms, due);
    } else if (n->own_failover == OWN_FAILOVER_RUNS) {
        correct_after(c, g, n, EVENT_FIX_REPLICA_CONFIG, n->own_failover_ms, timeout_ms, due);
    } else {
        n->info_wait_ms = 0; /* as it should be: nothing is awaited */
    }
}

int64_t converge_judge_strays(struct core *c, struct group *g) {
    int64_t due = TSTAMP_NEVER;
    g->wants_hellos = false;
    if (!master_looks_sane(c, g) || PLANTED(STRAY_STAYS))
        return due;
    list_for_each(n, &g->replicas, struct node, siblings)
        judge_stray(c, g, n, &due);
    return due;
}
