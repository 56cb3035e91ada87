#include "sentinel/core/health.h"

#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/event.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"

/* Pause after the first question of a down period; doubles up to the ask period. */
#define ASK_FIRST_MS      5
#define ASK_VOTE_AGAIN_MS 50
/* Beyond down-after, for a peer that was asked for its vote: its disk may be slow. */
#define VOTE_PATIENCE_MS 2000

/* The instant after which the link's silence is longer than `down_after_ms`, on the heard clock. */
static int64_t silent_from(
    const struct liveness *live, const struct link *l, int64_t down_after_ms) {
    if (live->unanswered_ms != 0)
        return live->unanswered_ms + down_after_ms + 1;
    if (!link_is_usable(l))
        return live->available_ms + down_after_ms + 1;
    return TSTAMP_NEVER;
}

/* Gathers one reason to be down that holds from an instant on. */
static bool holds(int64_t now_ms, int64_t from_ms) {
    return from_ms != TSTAMP_NEVER && now_ms >= from_ms;
}

static void enter_sdown_master(struct group *g) {
    list_for_each(p, &g->peers, struct peer, of_group) { /* law C13 */
        p->master_down = p->master_down && PLANTED(ANSWERS_KEPT);
        p->asked_ms = 0;
        p->ask_wait_ms = ASK_FIRST_MS;
        p->ask_now = true;
    }
    list_for_each(n, &g->replicas, struct node, siblings)
        n->info_wanted = true;
}

static void tell_sdown(struct core *c, const struct node *n) {
    event_of_node(c, EVENT_SDOWN, n, NULL);
    if (n->crashed && !n->silent)
        event_note(c, " #connections refused for %lld ms",
            (long long)(n->refused_last_ms - n->refused_since_ms));
}

int64_t health_judge_node(struct core *c, struct node *n) {
    const struct group_settings *s = &n->group->settings;
    int64_t silent = silent_from(&n->live, &n->command, s->down_after_ms);
    int64_t mismatch = TSTAMP_NEVER, rebooting = TSTAMP_NEVER;
    if (n->kind == ROLE_MASTER && n->role_reported == ROLE_REPLICA)
        mismatch = n->role_since_ms +
            (PLANTED(MISMATCH_AT_ONCE) ? 0 : s->down_after_ms + 2 * c->periods.info) + 1;
    if (n->rebooted && s->reboot_down_after_ms > 0)
        rebooting = n->rebooted_ms + s->reboot_down_after_ms + 1;

    n->silent = holds(PLANTED(SILENCE_BY_MONO) ? c->now.mono_ms : c->read_ms, silent);
    bool down = crash_judge(n) || n->silent || holds(c->now.mono_ms, mismatch) ||
        holds(c->now.mono_ms, rebooting);
    if (down && !n->sdown) {
        tell_sdown(c, n);
        n->sdown_since_ms = c->now.mono_ms;
        n->sdown = true;
        if (n->kind == ROLE_MASTER)
            enter_sdown_master(n->group);
    } else if (!down && n->sdown) {
        event_of_node(c, EVENT_SDOWN_OVER, n, NULL);
        n->sdown = false;
        n->script_kill_sent = false;
    }
    int64_t due = TSTAMP_NEVER;
    if (!down) {
        if (silent != TSTAMP_NEVER)
            due_heard(c, &due, silent);
        due_mono(&due, mismatch);
        due_mono(&due, rebooting);
    }
    return due;
}

int64_t health_process_down_after(struct process *p) {
    if (p->down_after_ms != 0)
        return p->down_after_ms;
    p->down_after_ms = TSTAMP_NEVER;
    list_for_each(peer, &p->peers, struct peer, of_process)
        p->down_after_ms = tstamp_min(p->down_after_ms, peer->group->settings.down_after_ms);
    return p->down_after_ms;
}

/* Replies of a connection come in order, and a vote leaves when it is on disk: the answers to PINGs
 * behind our request wait for it. */
static int64_t vote_patience(const struct link *l) {
    for (size_t i = 0; i < l->count; i++) {
        const struct pending *p = link_pending_at(l, i);
        if (p->kind == PENDING_QUESTION && p->attempt != 0)
            return VOTE_PATIENCE_MS;
    }
    return 0;
}

static void judge_peer(struct core *c, struct peer *p, int64_t patience_ms, int64_t *due) {
    int64_t limit_ms = p->group->settings.down_after_ms + patience_ms;
    int64_t silent = silent_from(&p->process->live, &p->process->link, limit_ms);
    bool down = holds(c->read_ms, silent);
    if (down != p->sdown) {
        event_of_peer(c, down ? EVENT_SDOWN : EVENT_SDOWN_OVER, p, NULL);
        p->sdown = down;
        if (down) {
            p->sdown_since_ms = c->now.mono_ms;
            p->process->down_count++;
        } else {
            p->process->down_count--;
        }
        group_touch(c, p->group);
    }
    if (!down && silent != TSTAMP_NEVER)
        due_heard(c, due, silent);
}

int64_t health_judge_process(struct core *c, struct process *p) {
    int64_t due = TSTAMP_NEVER;
    if (p->live.unanswered_ms == 0 && link_is_usable(&p->link) && p->down_count == 0)
        return due;
    int64_t patience_ms = vote_patience(&p->link);
    list_for_each(peer, &p->peers, struct peer, of_process)
        judge_peer(c, peer, patience_ms, &due);
    return due;
}

int64_t health_judge_quorum(struct core *c, struct group *g) {
    int64_t due = TSTAMP_NEVER;
    int64_t valid_ms = 5 * c->periods.ask;
    int64_t votes = g->master->sdown ? 1 : 0;

    list_for_each(p, &g->peers, struct peer, of_group) {
        if (!p->master_down)
            continue;
        if (c->now.mono_ms - p->answered_ms > valid_ms && !PLANTED(ANSWERS_AGELESS)) {
            p->master_down = false;
            continue;
        }
        votes++;
        due_mono(&due, p->answered_ms + valid_ms + 1);
    }
    bool odown = g->master->sdown && votes + PLANTED(QUORUM_SHORT) >= g->settings.quorum;
    if (odown && !g->odown) {
        event_of_group(c, EVENT_ODOWN, g, " #quorum %lld/%lld", (long long)votes,
            (long long)g->settings.quorum);
        g->odown = true;
        g->odown_since_ms = c->now.mono_ms;
        g->retries = 0;
    } else if (!odown && g->odown) {
        event_of_group(c, EVENT_ODOWN_OVER, g, NULL);
        g->odown = false;
    }
    return due;
}

/* A vote is wanted of this peer by the attempt that runs, and it has not answered it yet. */
static bool wants_vote(const struct core *c, const struct peer *p) {
    const struct attempt *a = &p->group->attempt;
    return a->state == FAILOVER_WAIT_START && core_is_durable(c, a->vote_seq) &&
        p->answered_attempt != a->serial;
}

int64_t health_ask_peers(struct core *c, struct group *g) {
    int64_t due = TSTAMP_NEVER;
    bool voting =
        g->attempt.state == FAILOVER_WAIT_START && core_is_durable(c, g->attempt.vote_seq);
    if ((!g->master->sdown && !voting) || !address_is_tellable(c, &g->master->address))
        return due;
    list_for_each(p, &g->peers, struct peer, of_group) {
        if (!link_is_usable(&p->process->link))
            continue;
        bool vote = wants_vote(c, p);
        if (p->question_tag != 0 && (!vote || p->question_attempt == g->attempt.serial))
            continue; /* its answer is awaited */
        if (p->question_tag != 0 && link_is_full(c, &p->process->link, p->process->peer_count))
            continue; /* attempt after attempt asks one that hangs: until it answers, or is lost */
        int64_t next = p->asked_ms == 0 ? 0 : p->asked_ms + p->ask_wait_ms;
        bool first_of_attempt = vote && p->question_attempt != g->attempt.serial;
        if (!p->ask_now && !first_of_attempt && c->now.mono_ms < next) {
            due_mono(&due, next);
            continue;
        }
        if (challenge_comes_first(c, p, vote, &due))
            continue;
        order_question(c, p, voting);
        p->ask_wait_ms = vote ? MAX_OF(p->ask_wait_ms, ASK_VOTE_AGAIN_MS) : p->ask_wait_ms;
        p->ask_wait_ms = MIN_OF(MAX_OF(p->ask_wait_ms, ASK_FIRST_MS) * 2, c->periods.ask);
    }
    return due;
}
