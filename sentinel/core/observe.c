#include "sentinel/core/observe.h"

#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/election.h"
#include "sentinel/core/event.h"
#include "sentinel/core/heard.h"
#include "sentinel/core/info.h"
#include "sentinel/core/link.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"

#include "common/resp.h"

#define HELLO_RETRY_MS 500 /* after a refused or lost hello, unless a PING goes before */

static void touch(struct core *c, struct link *l) {
    if (l->node != NULL)
        group_touch(c, l->node->group);
    else
        process_touch(c, l->process);
}

/* Another IP may be where it is now. */
static void note_link(struct core *c, struct link *l, bool is_up) {
    if (l->purpose == LINK_COMMAND)
        resolve_note_link(c, l->node != NULL ? &l->node->name_user : &l->process->name_user, is_up);
}

void observe_link_up(struct core *c, struct link *l) {
    crash_note_attempt(c, l, false);
    note_link(c, l, true);
    if (l->node != NULL && l->purpose == LINK_COMMAND) {
        l->node->returned_ms = c->now.mono_ms;
        l->node->info_wanted = true;
        l->node->info_ahead_ms = probe_spread(c, c->periods.info);
    }
    if (l->process != NULL && !link_is_full(c, l, l->process->peer_count))
        order_identify(c, l);
    if (l->process != NULL) /* hellos to it can leave now */
        list_for_each(p, &l->process->peers, struct peer, of_process)
            group_touch(c, p->group);
    touch(c, l);
}

void observe_link_down(struct core *c, struct link *l) {
    if (l->purpose == LINK_COMMAND) {
        struct liveness *live = link_live(l);
        if (live->unanswered_ms == 0 ||
            PLANTED(SILENCE_RESTARTS)) /* nothing was asked: silence begins with the loss */
            live->unanswered_ms = c->now.heard_ms;
    }
    if (l->process != NULL)
        challenge_on_loss(l->process);
    note_link(c, l, false);
    touch(c, l);
}

void observe_link_failed(struct core *c, struct link *l, struct slice why, bool refused) {
    crash_note_attempt(c, l, refused);
    enum event ev =
        l->purpose == LINK_COMMAND ? EVENT_COMMAND_RECONNECTION : EVENT_PUBSUB_RECONNECTION;
    if (l->node != NULL) {
        event_of_node(c, ev, l->node, " #" SLICE_FMT, SLICE_ARG(why));
        return;
    }
    list_for_each(p, &l->process->peers, struct peer, of_process) {
        event_of_peer(c, ev, p, " #" SLICE_FMT, SLICE_ARG(why));
        break; /* one line for one link */
    }
}

/* Source: spec 4.1. Only status and error replies are looked at, by prefix. */
static void on_pong(
    struct core *c, struct link *l, const struct pending *p, const struct resp_value *value) {
    struct node *n = l->node;
    struct liveness *live = link_live(l);
    bool text = value->type == RESP_STATUS || value->type == RESP_ERROR;
    bool pong = text && slice_starts_with(value->text, "PONG");
    bool acceptable = pong ||
        (text &&
            (slice_starts_with(value->text, "LOADING") ||
                slice_starts_with(value->text, "MASTERDOWN")));

    live->pong_ms = c->now.heard_ms;
    live->round_trip_ms = tstamp_age(c->now.heard_ms, p->sent_heard_ms);
    if (acceptable) {
        live->available_ms = c->now.heard_ms;
        live->unanswered_ms = 0;
    }
    if (n != NULL && acceptable) {
        n->crashed = false;
        n->alive_ms = p->sent_mono_ms;
    }
    if (n != NULL && pong)
        n->rebooted = false;
    if (n != NULL && text && slice_starts_with(value->text, "BUSY") && n->sdown &&
        !n->script_kill_sent) {
        n->script_kill_sent = true;
        order_script_kill(c, n);
    }
    touch(c, l);
}

/* A server that comes back as a master was not promoted: it is a master of former times, and lacks
 * what was written since, or has lost its data. */
static void note_role(struct core *c, struct node *n, enum node_role role) {
    bool promoted = role == ROLE_MASTER && n->said_replica;
    n->said_replica = role == ROLE_REPLICA;
    if (role == n->role_reported)
        return;
    n->role_reported = role;
    n->role_since_ms = c->now.mono_ms;
    if (role == ROLE_REPLICA)
        n->conf_changed_ms = c->now.mono_ms;
    n->turned_master_ms = promoted ? c->now.mono_ms : 0;
    event_of_node(c, role == n->kind ? EVENT_ROLE_CHANGE : EVENT_ROLE_CHANGE_WRONG, n,
        " new reported role is %s", role == ROLE_MASTER ? "master" : "slave");
}

static void note_run_id(struct core *c, struct node *n, struct slice run_id) {
    if (run_id.size == 0 || slice_equal(run_id, slice_of(n->run_id)))
        return;
    if (n->run_id[0] != '\0') {
        event_of_node(c, EVENT_REBOOT, n, NULL);
        if (n->kind == ROLE_MASTER && n->group->settings.reboot_down_after_ms > 0) {
            n->rebooted = true;
            n->rebooted_ms = c->now.mono_ms;
        }
    }
    n->said_replica = false;
    n->turned_master_ms = 0;
    slice_copy(run_id, n->run_id, sizeof(n->run_id));
}

static void note_replication(struct core *c, struct node *n, const struct info *info) {
    bool changed = false;
    if (info->master_host.size > 0 &&
        !slice_equal_nocase(info->master_host, slice_of(n->master_host))) {
        slice_copy(info->master_host, n->master_host, sizeof(n->master_host));
        changed = true;
    }
    if (info->has_master_port && info->master_port != n->master_port) {
        n->master_port = info->master_port;
        changed = true;
    }
    if (changed)
        n->conf_changed_ms = c->now.mono_ms;
    if (info->has_link_status)
        n->master_link_up = info->master_link_up;
    if (info->has_priority)
        n->priority = info->priority;
    if (info->has_offset)
        n->repl_offset = info->offset;
    if (info->has_announced)
        n->announced = info->announced;
}

/* A name that does not resolve is skipped: the master names it again. */
static void on_replica(struct core *c, struct group *g, const struct endpoint *replica) {
    const struct slice host = slice_of(replica->host);
    switch (group_replica(g, replica) != NULL ? MEANING_KNOWN : resolve_look(c, host)) {
    case MEANING_KNOWN:
        (void)group_add_replica(c, g, replica);
        break;
    case MEANING_AWAITED:
        heard_replica(c, resolve_find(c, host), g, replica);
        break;
    case MEANING_NONE:
        break;
    }
}

static void note_own_failover(struct core *c, struct node *n, struct slice said) {
    enum own_failover now = slice_is(said, "no-failover") ? OWN_FAILOVER_NONE : OWN_FAILOVER_RUNS;
    if (said.size == 0 || now == n->own_failover)
        return;
    n->own_failover = now;
    n->own_failover_ms = c->now.mono_ms;
}

/* Source: spec 9. */
static void on_info(
    struct core *c, struct node *n, const struct pending *p, const struct resp_value *value) {
    group_touch(c, n->group);
    if (value->type != RESP_BULK)
        return;
    struct info info;
    info_parse(value->text, &info);
    node_keep_info(c, n, value->text);
    n->info_ms = c->now.mono_ms;
    n->info_sent_ms = p->sent_mono_ms;
    note_run_id(c, n, info.run_id);
    note_own_failover(c, n, info.failover);
    n->master_link_down_ms = info.has_link_down ? info.link_down_ms : 0;
    if (info.role != INFO_ROLE_NONE)
        note_role(c, n, info.role == INFO_ROLE_MASTER ? ROLE_MASTER : ROLE_REPLICA);
    if (info.role == INFO_ROLE_REPLICA) {
        note_replication(c, n, &info);
        n->was_master = false;
    }
    if (n->kind == ROLE_MASTER)
        for (size_t i = 0; i < info.replica_count; i++)
            on_replica(c, n->group, &info.replicas[i]);
}

static struct peer *peer_of(struct core *c, const struct link *l, const struct pending *p) {
    struct group *g = group_by_serial(c, p->group_serial);
    return g != NULL ? peer_find(g, l->process->id) : NULL;
}

/* Source: spec 6.3, law C13: an answer counts if it was asked for after +sdown. */
static void on_answer(
    struct core *c, struct link *l, const struct pending *pending, const struct resp_value *v) {
    struct peer *p = peer_of(c, l, pending);
    if (p == NULL)
        return;
    struct group *g = p->group;
    if (p->question_tag == pending->tag)
        p->question_tag = 0;
    group_touch(c, g);
    if (v->type != RESP_ARRAY || v->count != 3 || v->elements[0].type != RESP_INTEGER ||
        v->elements[1].type != RESP_BULK || v->elements[2].type != RESP_INTEGER)
        return;
    l->process->live.round_trip_ms = tstamp_age(c->now.heard_ms, pending->sent_heard_ms);
    if (!challenge_counts(c, p)) {
        doubt_note(c, DOUBT_VOTE,
            "%s: the answer of sentinel %s does not count: it has proven nothing", g->name,
            l->process->id);
        return;
    }
    p->answered_ms = c->now.mono_ms;
    if (g->master->sdown && pending->sent_mono_ms >= g->master->sdown_since_ms) {
        p->master_down = v->elements[0].integer == 1;
        if (p->master_down)
            p->ask_wait_ms = c->periods.ask;
    }
    struct slice candidate = v->elements[1].text;
    if (slice_is(candidate, "*") && pending->attempt != 0)
        challenge_again(c, p);
    if (slice_is(candidate, "*") || candidate.size >= CANDIDATE_MAX || v->elements[2].integer < 0)
        return;
    uint64_t epoch = (uint64_t)v->elements[2].integer;
    if (!core_checks_epoch(c, epoch, slice_of(l->process->id)))
        return;
    if (pending->attempt != 0)
        p->answered_attempt = pending->attempt;
    if (epoch != p->voted_epoch)
        core_log(c, LOG_NOTICE, "%s voted for " SLICE_FMT " %llu", l->process->id,
            SLICE_ARG(candidate), (unsigned long long)epoch);
    slice_copy(candidate, p->voted_for, sizeof(p->voted_for));
    p->voted_epoch = epoch;
}

/* Law C11: an error in the transaction is certainly no promotion; among its answers only the error
 * of the order that decides counts, since a server without a configuration file refuses CONFIG
 * REWRITE and is promoted all the same. */
static enum outcome outcome_of(const struct pending *p, const struct resp_value *v) {
    if (v->type != RESP_ARRAY || v->count <= p->decisive)
        return OUTCOME_REFUSED;
    return v->elements[p->decisive].type == RESP_ERROR && !PLANTED(REFUSAL_UNSEEN)
        ? OUTCOME_REFUSED
        : OUTCOME_ACCEPTED;
}

static void end_order(
    struct core *c, struct node *n, const struct pending *p, enum outcome outcome) {
    struct attempt *a = &n->group->attempt;
    const struct node *ordered = a->coordinated ? n->group->master : a->selected;
    if (p->attempt != 0 && p->attempt == a->serial && ordered == n &&
        a->outcome == OUTCOME_AWAITED) {
        a->was_unknown = a->was_unknown || outcome == OUTCOME_UNKNOWN;
        /* That a repetition was refused says nothing of the order before it (law C11). */
        bool repeated = a->was_unknown && !PLANTED(REPETITION_DECIDES);
        a->outcome = outcome == OUTCOME_REFUSED && repeated ? OUTCOME_UNKNOWN : outcome;
        if (outcome != OUTCOME_ACCEPTED) /* else the INFO pipelined behind it may confirm it */
            a->outcome_ms = c->now.mono_ms;
    }
    probe_expect_info(n);
    group_touch(c, n->group);
}

static void log_order_errors(
    struct core *c, const struct node *n, const struct pending *p, const struct resp_value *v) {
    bool decides = p->kind == PENDING_ORDER;
    if (v->type == RESP_ERROR)
        core_log(c, decides ? LOG_WARNING : LOG_NOTICE,
            "%s refused the change of its role: " SLICE_FMT, n->name, SLICE_ARG(v->text));
    for (size_t i = 0; v->type == RESP_ARRAY && i < v->count && p->orders[i] != NULL; i++)
        if (v->elements[i].type == RESP_ERROR)
            core_log(c, decides && i == p->decisive ? LOG_WARNING : LOG_NOTICE,
                "%s answered %s with: " SLICE_FMT, n->name, p->orders[i],
                SLICE_ARG(v->elements[i].text));
}

static void on_hello_refused(struct core *c, struct link *l, const struct pending *p) {
    int64_t again = c->now.heard_ms - c->periods.publish + HELLO_RETRY_MS;
    if (l->node != NULL) {
        l->node->hello_sent_heard_ms = again;
        group_touch(c, l->node->group);
        return;
    }
    struct peer *peer = peer_of(c, l, p);
    if (peer != NULL) {
        peer->hello_sent_heard_ms = again;
        group_touch(c, peer->group);
    }
}

void observe_reply(
    struct core *c, struct link *l, const struct pending *p, const struct resp_value *value) {
    switch (p->kind) {
    case PENDING_PING:
        on_pong(c, l, p, value);
        break;
    case PENDING_INFO:
        on_info(c, l->node, p, value);
        break;
    case PENDING_HELLO:
        if (value->type == RESP_ERROR)
            on_hello_refused(c, l, p);
        break;
    case PENDING_QUESTION:
        on_answer(c, l, p, value);
        break;
    case PENDING_CHALLENGE:
    case PENDING_PROOF:
        challenge_on_answer(c, l, p, value);
        break;
    case PENDING_IDENTIFY:
        l->process->is_vedette = value->type == RESP_BULK &&
            slice_contains(value->text, SLICE_LITERAL("\nvedette_version:"));
        break;
    case PENDING_ORDER:
        log_order_errors(c, l->node, p, value);
        end_order(c, l->node, p, outcome_of(p, value));
        break;
    case PENDING_RELEASE:
        log_order_errors(c, l->node, p, value);
        break;
    case PENDING_HANDSHAKE:
    case PENDING_SCRIPT_KILL:
        break;
    }
}

void observe_loss(struct core *c, struct link *l, const struct pending *p) {
    struct peer *peer;
    switch (p->kind) {
    case PENDING_INFO:
        l->node->info_wanted = true;
        break;
    case PENDING_HELLO:
        on_hello_refused(c, l, p);
        break;
    case PENDING_QUESTION:
        peer = peer_of(c, l, p);
        if (peer != NULL && peer->question_tag == p->tag && !PLANTED(QUESTION_LOST)) {
            peer->question_tag = 0;
            peer->question_attempt = 0; /* a vote may be asked for again at once */
            group_touch(c, peer->group);
        }
        break;
    case PENDING_ORDER:
        end_order(c, l->node, p, PLANTED(SECOND_AFTER_UNKNOWN) ? OUTCOME_REFUSED : OUTCOME_UNKNOWN);
        break;
    case PENDING_PING:
    case PENDING_CHALLENGE: /* see observe_link_down */
    case PENDING_PROOF:
    case PENDING_IDENTIFY:
    case PENDING_HANDSHAKE:
    case PENDING_RELEASE:
    case PENDING_SCRIPT_KILL:
        break;
    }
}
