/* The laws of elections, C1 to C8. */
#include "sentinel/core/core.h"
#include "sentinel/core/input.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

#include <string.h>

/* Source: ARCHITECTURE 6, C2, C4, C5. */
#define EPOCH_SHARED_MS 1000
#define RANK_STEP_MS    15
#define RANK_BEHIND_MS  100
#define RETRY_FIRST_MS  50
#define RETRY_MAX_MS    2000
#define RETRIES_MAX     5

static size_t needed_votes(const struct group *g) {
    return MAX_OF((g->peer_count + 1) / 2 + 1, (size_t)g->settings.quorum);
}

static bool has_voted(const struct watched_answer *a, uint64_t epoch, const char *candidate) {
    return a->epoch == epoch && strcmp(a->candidate, candidate) == 0;
}

static struct vedette *vedette_of_id(struct world *w, const char *id) {
    for (int i = 0; i < w->vedette_count; i++)
        if (strcmp(w->vedettes[i].id, id) == 0)
            return &w->vedettes[i];
    return NULL;
}

/* ---- C1: counting ---- */

/* What v was told of votes in the epoch; each has left its voter. */
static size_t votes_told(
    struct laws *l, const struct vedette *v, int group, uint64_t epoch, const char *candidate) {
    const struct group *g = vedette_group(v, group);
    size_t votes = 0;
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct vedette *voter = vedette_of_id(l->world, p->process->id);
        if (!has_voted(watch_answer(&l->watch[v->number], p), epoch, candidate))
            continue;
        votes++;
        if (voter != NULL && !laws_has_voted(l, voter->number, group, epoch, candidate))
            laws_break(l, LAW_COUNTED, "%s counts a vote of %s under epoch %llu that it never gave",
                v->name, voter->name, (unsigned long long)epoch);
    }
    return votes;
}

/* The highest epoch that v knows somebody of the group to have come to. */
/* An answer that is too far ahead of everything is not believed (C1). */
#define BELIEVED_AHEAD UINT64_C(1000000)

static uint64_t highest_told(struct laws *l, const struct vedette *v, const struct group *g) {
    uint64_t highest = 0;
    uint64_t believed = vedette_core(v)->current_epoch + BELIEVED_AHEAD;
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct watched_answer *a = watch_answer(&l->watch[v->number], p);
        if (a->epoch <= believed)
            highest = MAX_OF(highest, a->epoch);
    }
    return highest;
}

static uint64_t highest_known(struct laws *l, const struct vedette *v, const struct group *g) {
    return MAX_OF(highest_told(l, v, g), MAX_OF(g->vote_epoch, g->config_epoch));
}

static void check_elected(struct laws *l, const struct vedette *v, int group) {
    const struct group *g = vedette_group(v, group);
    const struct watched_attempt *a = &l->watch[v->number].groups[group].attempt;
    const struct group_state *s = laws_claimed(v, group);
    const unsigned long long epoch = a->epoch;
    if (a->is_forced)
        return;
    bool voted = s != NULL && s->record.vote_epoch == a->epoch &&
        slice_is(slice_of(s->record.vote_for), v->id);
    size_t votes = voted + votes_told(l, v, group, a->epoch, v->id);
    if (votes < needed_votes(g))
        laws_break(l, LAW_COUNTED, "%s is elected under epoch %llu with %zu votes, needed are %zu",
            v->name, epoch, votes, needed_votes(g));
    /* Of its own what is on disk: the next attempt may have begun in the same step. */
    uint64_t own = s == NULL ? 0 : MAX_OF(s->record.vote_epoch, s->record.config_epoch);
    uint64_t highest = MAX_OF(highest_told(l, v, g), own);
    if (highest > a->epoch)
        laws_break(l, LAW_PASSED, "%s is elected under epoch %llu and knows of %llu", v->name,
            epoch, (unsigned long long)highest);
    if (!laws_is_lone(l, g) && (laws_reign(l, group, a->epoch)->given_up & ~(1U << v->number)) != 0)
        laws_break(l, LAW_DEAD,
            "%s is elected under epoch %llu, which another gave up as one that nobody can win",
            v->name, epoch);
}

/* ---- C2: epochs ---- */

static void check_epoch(struct laws *l, const struct vedette *v, int group, uint64_t epoch) {
    struct told *told = &l->told[v->number];
    const struct told_group *t = &told->groups[group];
    if (epoch <= t->seen_vote_epoch || epoch <= t->seen_config_epoch)
        laws_break(l, LAW_EPOCH_NEW, "%s begins an attempt under epoch %llu, which is spent",
            v->name, (unsigned long long)epoch);
    if (epoch == told->made_epoch) {
        if (v->now.mono_ms - told->made_ms >= EPOCH_SHARED_MS)
            laws_break(l, LAW_EPOCH_NEW, "%s begins an attempt under epoch %llu after %lld ms",
                v->name, (unsigned long long)epoch, (long long)(v->now.mono_ms - told->made_ms));
        else
            marks_hit(&l->world->marks, MARK_EPOCH_SHARED);
        return;
    }
    if (epoch <= told->seen_epoch)
        laws_break(l, LAW_EPOCH_NEW, "%s begins an attempt under epoch %llu, current is %llu",
            v->name, (unsigned long long)epoch, (unsigned long long)told->seen_epoch);
    told->made_epoch = epoch;
    told->made_ms = v->now.mono_ms;
}

/* ---- C4: rank ---- */

static bool says_down(struct laws *l, const struct vedette *v, int group, const struct peer *p) {
    return laws_answer_counts(l, v, group, watch_answer(&l->watch[v->number], p));
}

static void check_rank(struct laws *l, const struct vedette *v, int group) {
    const struct group *g = vedette_group(v, group);
    int64_t wait_ms = 0;
    int64_t waited_ms = v->now.mono_ms - l->watch[v->number].groups[group].odown_ms;
    list_for_each(p, &g->peers, struct peer, of_group)
        if (!p->sdown && strcmp(p->process->id, v->id) < 0)
            wait_ms +=
                p->process->is_vedette && says_down(l, v, group, p) ? RANK_BEHIND_MS : RANK_STEP_MS;
    if (waited_ms < wait_ms)
        laws_break(l, LAW_RANK, "%s stands %lld ms after +odown, its rank has it wait for %lld",
            v->name, (long long)waited_ms, (long long)wait_ms);
}

/* ---- C5, C6: dead attempts ---- */

static bool wins(struct laws *l, const struct vedette *v, int group, uint64_t epoch,
    const char *candidate, size_t unknown) {
    size_t votes = strcmp(candidate, v->id) == 0;
    return votes + votes_told(l, v, group, epoch, candidate) + unknown >=
        needed_votes(vedette_group(v, group));
}

/* Whether somebody can still win the epoch if those do not vote that v does not count. */
static bool can_be_won(
    struct laws *l, const struct vedette *v, int group, uint64_t epoch, unsigned not_counted) {
    struct watch *k = &l->watch[v->number];
    const struct group *g = vedette_group(v, group);
    size_t unknown = 0, spent = 0; /* those that voted later may have voted before */
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct watched_answer *a = watch_answer(k, p);
        bool is_known = a->candidate[0] != '\0' && a->epoch >= epoch;
        bool is_absent = (not_counted >> MAX_OF(watch_peer(k, p->process->id), 0) & 1) && p->sdown;
        unknown += !is_known && !is_absent;
        spent += is_known && a->epoch > epoch;
    }
    if (wins(l, v, group, epoch, v->id, unknown) || unknown + spent >= needed_votes(g))
        return true;
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct watched_answer *a = watch_answer(k, p);
        if (a->epoch == epoch && wins(l, v, group, epoch, a->candidate, unknown + spent))
            return true;
    }
    return false;
}

/* C6: whether all the other candidates seen are Vedettes that answered in this attempt. */
static bool rivals_answered(
    struct laws *l, const struct vedette *v, const struct group *g, uint64_t epoch) {
    struct watch *k = &l->watch[v->number];
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct watched_answer *a = watch_answer(k, p);
        if (a->epoch != epoch || a->candidate[0] == '\0' || strcmp(a->candidate, v->id) == 0)
            continue;
        const struct peer *rival = peer_find(g, a->candidate);
        if (rival == NULL || !rival->process->is_vedette ||
            watch_answer(k, rival)->answered_epoch != epoch)
            return false;
    }
    return true;
}

/* One that was made to forget its peers knows nothing of their votes, and needs less of them; one
 * that takes a lower quorum needs less, too. */
static bool knows_all(const struct laws *l, const struct group *g) {
    size_t all = (size_t)world_sentinel_count(l->world);
    return g->peer_count + 1 == all && needed_votes(g) == all / 2 + 1;
}

static void note_end(struct laws *l, const struct vedette *v, int group, const char *event) {
    struct watched_attempt *a = &l->watch[v->number].groups[group].attempt;
    if (strcmp(event, "-failover-abort-master-timeout") == 0)
        a->order_out = false; /* who was to hand over died before it did */
    if (a->order_out && strcmp(event, "-failover-abort-not-elected") == 0)
        laws_break(
            l, LAW_VOTE_HELD, "%s gives up an attempt whose promotion is under way", v->name);
    a->was_dead = !can_be_won(l, v, group, a->epoch, 0);
    a->by_absence = !a->was_dead && rivals_answered(l, v, vedette_group(v, group), a->epoch) &&
        !can_be_won(l, v, group, a->epoch, a->absent);
    a->knew_all = knows_all(l, vedette_group(v, group));
}

/* An attempt that comes sooner than those of the originals would. */
static void check_retry(struct laws *l, const struct vedette *v, int group) {
    struct watched_group *t = &l->watch[v->number].groups[group];
    const struct watched_attempt *a = &t->attempt;
    const int64_t pause_ms = MIN_OF((int64_t)RETRY_FIRST_MS << t->retries, RETRY_MAX_MS);
    const char *why = NULL;
    if (a->order_out)
        why = "its promotion may have been carried out";
    else if (!a->was_dead && !a->by_absence && (a->elected_ms == 0 || a->is_forced))
        why = "somebody could still have won it";
    else if (t->retries == RETRIES_MAX)
        why = "five of them are enough";
    else if (v->now.mono_ms - a->ended_ms < pause_ms)
        why = "it was given up a moment ago";
    if (why != NULL)
        laws_break(l, LAW_RETRY, "%s stands again %lld ms after its attempt under epoch %llu: %s",
            v->name, (long long)(v->now.mono_ms - a->begun_ms), (unsigned long long)a->epoch, why);
    marks_hit(&l->world->marks,
        a->elected_ms != 0  ? MARK_RETRY_WON
            : a->by_absence ? MARK_RETRY_ABSENT
                            : MARK_RETRY);
    t->retries += !a->is_of_before; /* else it was granted before */
    if (a->was_dead && a->elected_ms == 0 && a->knew_all)
        laws_reign(l, group, a->epoch)->given_up |= 1U << v->number;
}

/* ---- standing ---- */

/* One by command may be over in the same step. */
static bool by_command(const struct laws *l, const struct vedette *v, int group) {
    const struct attempt *a = &vedette_group(v, group)->attempt;
    return a->forced || a->coordinated ||
        l->told[v->number].groups[group].commanded_us == l->world->schedule.now_us;
}

void laws_election_log(struct laws *l, const struct vedette *v, const struct effect *e) {
    struct slice rest = e->text, before = slice_cut(&rest, '\'');
    int group = world_group_named(slice_cut(&rest, '\''));
    if (group >= 0 && slice_is(before, "Executing user requested FAILOVER of "))
        l->told[v->number].groups[group].commanded_us = l->world->schedule.now_us;
}

static void check_standing(struct laws *l, const struct vedette *v, int group) {
    const struct group *g = vedette_group(v, group);
    const struct watched_group *t = &l->watch[v->number].groups[group];
    const int64_t two_ft_ms = 2 * g->settings.failover_timeout_ms, now_ms = v->now.mono_ms;
    if (by_command(l, v, group))
        return;
    laws_check_quorum(l, v, group, "stands");
    check_rank(l, v, group);
    if (t->cut_short_ms != 0 && now_ms - t->cut_short_ms < two_ft_ms)
        marks_hit(&l->world->marks, MARK_VOTE_CUT_SHORT);
    if (t->other_vote_ms != 0 && now_ms - t->other_vote_ms < two_ft_ms)
        laws_break(l, LAW_GIVES_WAY, "%s stands %lld ms after it voted for another", v->name,
            (long long)(now_ms - t->other_vote_ms));
    if (t->attempt.begun_ms != 0 && now_ms - t->attempt.begun_ms < two_ft_ms)
        check_retry(l, v, group);
}

/* ---- C3, C7: votes given ---- */

static void check_vote(struct laws *l, const struct vedette *v, int group, struct slice text) {
    const struct told *told = &l->told[v->number];
    const struct told_group *t = &told->groups[group];
    const struct watched_group *watched = &l->watch[v->number].groups[group];
    struct slice candidate = slice_cut(&text, ' ');
    uint64_t epoch = 0;
    (void)slice_to_u64(text, &epoch);
    bool is_new =
        epoch > t->seen_vote_epoch && (epoch >= told->seen_epoch || epoch > t->seen_config_epoch);
    if (!is_new)
        laws_break(l, LAW_GRANTED,
            "%s votes under epoch %llu; its last vote is of %llu, its configuration of %llu",
            v->name, (unsigned long long)epoch, (unsigned long long)t->seen_vote_epoch,
            (unsigned long long)t->seen_config_epoch);
    if (epoch < told->seen_epoch)
        marks_hit(&l->world->marks, MARK_VOTE_BELOW);
    if (vedette_is_in_tilt(v))
        marks_hit(&l->world->marks, MARK_VOTE_IN_TILT);
    if (slice_is(candidate, v->id)) {
        check_epoch(l, v, group, epoch);
        return;
    }
    if (watched->attempt.is_on && watched->attempt.order_out)
        laws_break(
            l, LAW_VOTE_HELD, "%s votes for another while its promotion is under way", v->name);
}

void laws_election_event(struct laws *l, const struct vedette *v, const struct effect *e) {
    int group = world_group_named(e->group);
    if (group < 0 || vedette_group(v, group) == NULL)
        return;
    if (strcmp(e->event, "+vote-for-leader") == 0)
        check_vote(l, v, group, e->text);
    else if (strcmp(e->event, "+try-failover") == 0)
        check_standing(l, v, group);
    else if (strcmp(e->event, "+elected-leader") == 0)
        check_elected(l, v, group);
    else if (strncmp(e->event, "-failover-abort", 15) == 0)
        note_end(l, v, group, e->event);
}

/* ---- after a step ---- */

void laws_election_step(struct laws *l, const struct vedette *v, int group, const struct group *g) {
    const struct attempt *a = &g->attempt;
    struct watched_attempt *t = &l->watch[v->number].groups[group].attempt;
    if (a->state == FAILOVER_NONE) {
        if (t->is_on) /* a newer configuration ended it, or it came to its end */
            *t = (struct watched_attempt){ .begun_ms = 0 };
        return;
    }
    t->serial = a->serial; /* a forced one takes another, with another epoch */
    if (a->state > FAILOVER_SEND_PROMOTION || vedette_is_in_tilt(v) || g->frozen)
        return;
    if (g->vote_epoch > a->epoch || strcmp(g->vote_for, v->id) != 0)
        laws_break(l, LAW_STEPS_DOWN, "%s goes on under epoch %llu, having voted for %.8s, %llu",
            v->name, (unsigned long long)a->epoch, g->vote_for, (unsigned long long)g->vote_epoch);
    if (a->state == FAILOVER_WAIT_START && !a->forced && highest_known(l, v, g) > a->epoch)
        laws_break(l, LAW_PASSED, "%s goes on under epoch %llu and knows of %llu", v->name,
            (unsigned long long)a->epoch, (unsigned long long)highest_known(l, v, g));
}
