#include "sentinel/core/selection.h"

#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/planted.h"

#include <inttypes.h>

/* Since when facts count as fresh: the master's fall, or the command to fail over. */
static int64_t fresh_since(const struct group *g) {
    if (group_in_failover(g) && (g->attempt.forced || g->attempt.coordinated))
        return g->attempt.begun_ms;
    return g->master->sdown ? g->master->sdown_since_ms : TSTAMP_NEVER;
}

static bool is_fresh(const struct group *g, const struct node *n) {
    return n->info_ms != 0 && n->info_sent_ms >= fresh_since(g);
}

static bool turned_master(const struct group *g, const struct node *n) {
    return n->role_reported == ROLE_MASTER && n->turned_master_ms != 0 && g->master->sdown &&
        n->turned_master_ms >= g->master->sdown_since_ms;
}

/* Law C11: the server did, by whatever name it was asked. One of two names is there twice; so is
 * one that turned out to be another one in the midst of a failover, until its end (group_merge). */
static bool has_refused(const struct group *g, const struct node *n) {
    if (!group_in_failover(g))
        return false;
    list_for_each(other, &g->replicas, struct node, siblings)
        if (other->refused_attempt == g->attempt.serial &&
            address_equal(&other->address, &n->address))
            return true;
    return false;
}

/* For how long the replicas may have been without a master through no fault of theirs. A master
 * that came back as a replica is found down only long after it ceased to be one; so is who fell
 * silent while we were stalled or in tilt, where neither silence nor verdicts count. */
static int64_t without_master(const struct core *c, const struct group *g) {
    const struct node *m = g->master;
    if (!m->sdown)
        return 0;
    int64_t silent_ms = m->alive_ms + c->periods.ping; /* its next PING went unanswered */
    int64_t since_ms = m->sdown_since_ms;
    if (!PLANTED(ABSENCE_FROM_VERDICT))
        since_ms = tstamp_min(since_ms, tstamp_add(silent_ms, g->settings.down_after_ms));
    if (m->role_reported == ROLE_REPLICA)
        since_ms = tstamp_min(since_ms, m->role_since_ms);
    return tstamp_age(c->now.mono_ms, since_ms);
}

const char *selection_refusal(const struct core *c, const struct group *g, const struct node *n,
    int64_t *ret_number, int64_t *ret_limit) {
    bool master_down = g->master->sdown;
    int64_t pong_limit = 5 * c->periods.ping;
    int64_t info_limit = master_down ? 5 * c->periods.ping : 3 * c->periods.info;
    int64_t link_limit = tstamp_add(10 * g->settings.down_after_ms, without_master(c, g));
    int64_t pong_age = tstamp_age(c->now.heard_ms, n->live.available_ms);
    int64_t info_age = tstamp_age(c->now.mono_ms, n->info_ms);

    *ret_number = *ret_limit = 0;
    if (n->sdown)
        return "it is down";
    if (address_equal(&n->address, &g->master->address))
        return "it is the master under another name";
    if (n->command.state != LINK_OPEN || node_is_disconnected(n))
        return "its link is disconnected";
    if (pong_age > pong_limit) {
        *ret_number = pong_age;
        *ret_limit = pong_limit;
        return "last good PING reply too old";
    }
    if (n->priority == 0 && !PLANTED(PRIORITY_ZERO))
        return "its priority is 0";
    if (n->info_ms == 0)
        return "no INFO received yet";
    if (info_age > info_limit) {
        *ret_number = info_age;
        *ret_limit = info_limit;
        return "last INFO too old";
    }
    if (n->master_link_down_ms > link_limit) {
        *ret_number = n->master_link_down_ms;
        *ret_limit = link_limit;
        return "its link to the master was down too long";
    }
    if (has_refused(g, n))
        return "it refused the promotion";
    return NULL;
}

/* Unknown run ids are last. */
static int compare_run_ids(const struct node *a, const struct node *b) {
    bool a_known = a->run_id[0] != '\0', b_known = b->run_id[0] != '\0';
    if (a_known != b_known)
        return a_known ? -1 : 1;
    return slice_compare_nocase(slice_of(a->run_id), slice_of(b->run_id));
}

/* < 0 if `a` is to be preferred. */
static int compare(const struct group *g, const struct node *a, const struct node *b) {
    bool a_fresh = is_fresh(g, a), b_fresh = is_fresh(g, b);
    if (a_fresh != b_fresh)
        return a_fresh ? -1 : 1;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (a->repl_offset != b->repl_offset)
        return (a->repl_offset > b->repl_offset) != PLANTED(LEAST_OFFSET) ? -1 : 1;
    return compare_run_ids(a, b);
}

struct node *selection_best(const struct core *c, const struct group *g) {
    struct node *best = NULL, *turned = NULL;
    const struct node *first_turned = NULL;
    bool several_turned = false;
    int64_t number, limit;

    list_for_each(n, &g->replicas, struct node, siblings) {
        if (turned_master(g, n)) {
            first_turned = first_turned != NULL ? first_turned : n;
            several_turned |= !address_equal(&n->address, &first_turned->address);
        }
        if (selection_refusal(c, g, n, &number, &limit) != NULL)
            continue;
        if (turned_master(g, n))
            turned = n;
        if (best == NULL || compare(g, n, best) < 0)
            best = n;
    }
    return turned != NULL && !several_turned && !PLANTED(TURNED_IGNORED) ? turned : best;
}

bool selection_is_informed(const struct core *c, const struct group *g) {
    (void)c;
    list_for_each(n, &g->replicas, struct node, siblings)
        if (!n->sdown && n->command.state == LINK_OPEN && !is_fresh(g, n))
            return false;
    return true;
}

static void explain_loser(
    struct core *c, const struct group *g, const struct node *n, const struct node *chosen) {
    if (chosen == NULL)
        return;
    const char *why = "greater run id";
    if (turned_master(g, chosen))
        why = "the other one is a master already";
    else if (is_fresh(g, n) != is_fresh(g, chosen))
        why = "its INFO is not fresh";
    else if (n->priority != chosen->priority)
        why = "worse priority";
    else if (n->repl_offset != chosen->repl_offset)
        why = "smaller replication offset";
    core_log(c, LOG_NOTICE,
        "replica %s not selected: %s (priority %" PRId64 ", offset %" PRIu64 "; %s has %" PRId64
        ", %" PRIu64 ")",
        n->name, why, n->priority, n->repl_offset, chosen->name, chosen->priority,
        chosen->repl_offset);
}

void selection_explain(struct core *c, const struct group *g, const struct node *chosen) {
    list_for_each(n, &g->replicas, struct node, siblings) {
        int64_t number, limit;
        if (n == chosen)
            continue;
        const char *why = selection_refusal(c, g, n, &number, &limit);
        if (why == NULL)
            explain_loser(c, g, n, chosen);
        else if (limit != 0)
            core_log(c, LOG_NOTICE, "replica %s rejected: %s: %" PRId64 " ms, limit %" PRId64 " ms",
                n->name, why, number, limit);
        else
            core_log(c, LOG_NOTICE, "replica %s rejected: %s", n->name, why);
    }
}
