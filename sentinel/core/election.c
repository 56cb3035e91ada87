#include "sentinel/core/election.h"

#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/planted.h"

#include <string.h>

#define STAND_STEP_MAX_MS        200 /* a peer that answered once after a stall delays nobody for long */
#define STAND_STEP_MIN_MS        15   /* law C4 */
#define STAND_BEHIND_MS          100  /* law C4: behind a Vedette that is about to stand itself */
#define STAND_WRITE_MAX_MS       500  /* law C4: what a slow disk adds to that at most */
#define STAND_BEHIND_MAX_MS      400  /* law C4: for so long its requests for others put us off */
#define EPOCH_SHARED_MS          1000 /* law C2 */
#define RETRY_FIRST_MIN_MS       50   /* law C5 */
#define RETRY_FIRST_MAX_MS       250
#define RETRY_MAX_MS             2000
#define RETRIES_MAX              5
#define FORCED_WAIT_MS           500 /* how long a forced failover waits for votes */
#define DESYNCHRONISATION_MAX_MS 999

/* ---- votes given ---- */

static bool voted_for_us(const struct core *c, const struct group *g) {
    return slice_equal(slice_of(g->vote_for), slice_of(c->id));
}

static void give_vote(struct core *c, struct group *g, uint64_t epoch, struct slice candidate) {
    g->vote_epoch = epoch;
    slice_copy(candidate, g->vote_for, sizeof(g->vote_for));
    g->vote_seq = PLANTED(VOTE_UNWRITTEN) ? 0 : group_persist(c, g);
    event_plain(c, EVENT_VOTE_FOR_LEADER, g, g->vote_seq, SLICE_FMT " %llu", SLICE_ARG(candidate),
        (unsigned long long)epoch);
}

struct vote election_request(
    struct core *c, struct group *g, uint64_t epoch, struct slice candidate) {
    const struct attempt *a = &g->attempt;
    bool order_sent = group_in_failover(g) && (group_may_have_promoted(g) || a->confirm_seq != 0);
    bool may_vote = epoch + PLANTED(VOTE_TWICE) > g->vote_epoch &&
        (epoch >= c->current_epoch || epoch > g->config_epoch || PLANTED(VOTE_FOR_OLD_EPOCH)) &&
        core_believes_epoch(c, epoch) && candidate.size < CANDIDATE_MAX && candidate.size > 0;

    (void)core_checks_epoch(c, epoch, SLICE_LITERAL("a request for a vote"));
    core_raise_epoch(c, g, epoch);
    if (may_vote && (!order_sent || PLANTED(VOTE_IN_PROMOTION)) && !g->frozen) {
        if (group_in_failover(g) && !slice_equal(candidate, slice_of(c->id)) &&
            !PLANTED(OUTVOTED_GOES_ON)) /* law C7 */
            failover_abandon(
                c, g, ABANDON_OUTVOTED, "a later epoch was asked for, and our vote given to it");
        give_vote(c, g, epoch, candidate);
        struct process *p = map_get(&c->processes, candidate);
        if (p != NULL)
            p->stood_ms = c->now.mono_ms;
        if (!slice_equal_nocase(candidate, slice_of(c->id)) &&
            !PLANTED(STANDS_AFTER_VOTE)) { /* law C8 */
            g->failover_start_ms =
                c->now.mono_ms + rng_between(&c->rng, 0, DESYNCHRONISATION_MAX_MS);
            g->gave_way_ms = g->failover_start_ms;
            g->retry_at_ms = 0;
        }
        group_touch(c, g);
    }
    return (struct vote){
        .candidate = slice_of(g->vote_for),
        .epoch = g->vote_epoch,
        .seq = MAX_OF(g->vote_seq, c->current_epoch_seq),
    };
}

void election_hint(struct core *c, struct group *g) {
    if (!g->master->sdown)
        return;
    list_for_each(p, &g->peers, struct peer, of_group)
        if (!p->master_down)
            p->ask_now = true;
    group_touch(c, g);
}

bool election_master_is_down(const struct core *c, const struct group *g) {
    return !c->tilt && g->master->sdown;
}

/* ---- standing ---- */

/* How long we wait for one that is known to come. Its vote for itself has to be on its disk before
 * it asks for ours: of that disk we know nothing, but ours is a guess. */
static int64_t patience(const struct core *c, int64_t step_ms) {
    return MAX_OF(step_ms, STAND_BEHIND_MS + MIN_OF(core_write_time(c), STAND_WRITE_MAX_MS));
}

/* Law C4: when we may stand. Those go before us that are up and have a smaller id. Who answered
 * that the master is down is about to stand: when many groups fall at once it takes a while until
 * we hear of it; while its requests for other groups come in, it is on its way. */
static int64_t standing_time(const struct core *c, const struct group *g) {
    int64_t slowest = 0, steps = 0, behind = 0, stood_ms = 0;
    list_for_each(p, &g->peers, struct peer, of_group) {
        const struct process *process = p->process;
        if (p->sdown)
            continue;
        slowest = MAX_OF(slowest, process->live.round_trip_ms);
        if (strcmp(process->id, c->id) > 0)
            continue;
        if (!p->master_down || !process->is_vedette) {
            steps++;
            continue;
        }
        behind++;
        stood_ms = MAX_OF(stood_ms, process->stood_ms);
    }
    int64_t step = MIN_OF(MAX_OF(STAND_STEP_MIN_MS, 2 * slowest), STAND_STEP_MAX_MS);
    int64_t in_turn = g->odown_since_ms + steps * step + behind * patience(c, step);
    int64_t after_it = MIN_OF(stood_ms, g->odown_since_ms + STAND_BEHIND_MAX_MS) + STAND_BEHIND_MS;
    return MAX_OF(in_turn, after_it);
}

/* The highest epoch in which somebody is known to have voted in this group. */
static uint64_t highest_spent(const struct core *c, const struct group *g) {
    uint64_t spent = MAX_OF(g->vote_epoch, g->config_epoch);
    list_for_each(p, &g->peers, struct peer, of_group)
        if (core_believes_epoch(c, p->voted_epoch))
            spent = MAX_OF(spent, p->voted_epoch);
    return spent;
}

/* Law C2: attempts begun within a second share one new epoch, while nobody has a later one. */
static uint64_t new_epoch(struct core *c, const struct group *g) {
    bool shared = c->shared_epoch != 0 && c->shared_epoch == c->current_epoch &&
        c->now.mono_ms - c->shared_epoch_ms < EPOCH_SHARED_MS;
    uint64_t spent = highest_spent(c, g);
    if (!shared || (spent >= c->shared_epoch && !PLANTED(EPOCH_USED_TWICE))) {
        core_raise_epoch(c, g, MAX_OF(c->current_epoch, spent) + 1);
        c->shared_epoch = c->current_epoch;
        c->shared_epoch_ms = c->now.mono_ms;
    }
    return c->current_epoch;
}

static void vote_for_us(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    give_vote(c, g, a->epoch, slice_of(c->id));
    a->vote_seq = PLANTED(ASKS_EARLY) ? 0 : g->vote_seq;
    group_await(c, g);
    list_for_each(p, &g->peers, struct peer, of_group)
        p->down_before_attempt = p->sdown;
}

void election_begin(struct core *c, struct group *g, enum election_why why) {
    g->attempt = (struct attempt){
        .serial = ++c->next_attempt,
        .epoch = new_epoch(c, g),
        .begun_ms = c->now.mono_ms,
        .forced = why == ELECTION_FORCED,
        .coordinated = why == ELECTION_COORDINATED,
    };
    g->retry_at_ms = 0;
    failover_move(c, g, FAILOVER_WAIT_START);
    event_of_group(c, EVENT_TRY_FAILOVER, g, NULL);
    g->failover_start_ms = c->now.mono_ms + rng_between(&c->rng, 0, DESYNCHRONISATION_MAX_MS);
    vote_for_us(c, g);
    if (why != ELECTION_ODOWN) /* otherwise the fall of the master has asked already */
        list_for_each(n, &g->replicas, struct node, siblings)
            n->info_wanted = true;
    group_touch(c, g);
}

static void log_delay(struct core *c, struct group *g, int64_t until_ms) {
    if (g->delay_logged_ms == g->failover_start_ms)
        return;
    g->delay_logged_ms = g->failover_start_ms;
    char date[64];
    int64_t wall_ms = c->now.wall_ms + (until_ms - c->now.mono_ms);
    core_log(c, LOG_NOTICE, "Next failover delay: I will not start a failover before %s",
        core_date(c, wall_ms, date, sizeof(date)));
}

bool election_is_possible(const struct core *c) {
    return c->current_epoch < EPOCH_END - 1;
}

static int64_t judge_standing(struct core *c, struct group *g) {
    if (!g->odown || !election_is_possible(c))
        return TSTAMP_NEVER;
    int64_t stand_at_ms = standing_time(c, g);
    if (g->retry_at_ms != 0) { /* perhaps from an earlier odown: the rank counts in this one */
        int64_t again_ms = MAX_OF(g->retry_at_ms, stand_at_ms);
        if (g->gave_way_ms != 0) /* an attempt by command came between, which waits for nobody */
            again_ms = MAX_OF(again_ms, g->gave_way_ms + 2 * g->settings.failover_timeout_ms);
        if (c->now.mono_ms < again_ms)
            return again_ms;
        if (group_usable(c, g) >= group_needed_votes(g)) {
            election_begin(c, g, ELECTION_ODOWN);
            return TSTAMP_NEVER;
        }
    }
    if (g->failover_start_ms != 0) {
        int64_t allowed_ms = g->failover_start_ms + 2 * g->settings.failover_timeout_ms;
        if (c->now.mono_ms < allowed_ms) {
            if (g->retry_at_ms == 0)
                log_delay(c, g, allowed_ms);
            return allowed_ms;
        }
    }
    if (c->now.mono_ms < stand_at_ms)
        return stand_at_ms;
    election_begin(c, g, ELECTION_ODOWN);
    return TSTAMP_NEVER;
}

/* ---- counting ---- */

/* Whether peer's one vote under `epoch` is known to us: given to somebody, or spent on a later
 * epoch. */
static bool vote_is_known(const struct peer *p, uint64_t epoch) {
    return p->voted_for[0] != '\0' && p->voted_epoch >= epoch;
}

/* Votes known for a candidate under our epoch. For our own election (DURABLE) ours counts when it
 * is on disk only, and that of a voter that was given up as absent not at all. */
enum own_vote { OWN_VOTE_GIVEN, OWN_VOTE_DURABLE };

/* By the failover-timeout of now, as all waits. */
static bool is_still_absent(const struct core *c, const struct peer *p) {
    return p->absent_ms != 0 &&
        c->now.mono_ms < p->absent_ms + 2 * p->group->settings.failover_timeout_ms;
}

static size_t votes_for(
    const struct core *c, const struct group *g, struct slice candidate, enum own_vote own) {
    const struct attempt *a = &g->attempt;
    size_t votes = g->vote_epoch == a->epoch && slice_equal(slice_of(g->vote_for), candidate) &&
        (own == OWN_VOTE_GIVEN || core_is_durable(c, a->vote_seq));
    list_for_each(p, &g->peers, struct peer, of_group)
        votes += (p->voted_epoch == a->epoch || PLANTED(OLD_VOTES_COUNT)) &&
            slice_equal(slice_of(p->voted_for), candidate) &&
            (own == OWN_VOTE_GIVEN || !is_still_absent(c, p));
    return votes;
}

/* Law C6: whether every other candidate seen under our epoch is a Vedette that answered in this
 * attempt. */
static bool rivals_are_ours(const struct core *c, const struct group *g) {
    const struct attempt *a = &g->attempt;
    list_for_each(p, &g->peers, struct peer, of_group) {
        if (p->voted_for[0] == '\0' || p->voted_epoch != a->epoch ||
            slice_equal(slice_of(p->voted_for), slice_of(c->id)))
            continue;
        const struct peer *rival = peer_find(g, p->voted_for);
        if (rival == NULL || !rival->process->is_vedette || rival->answered_attempt != a->serial)
            return false;
    }
    return true;
}

static bool is_absent(const struct peer *p) {
    return p->down_before_attempt && p->sdown;
}

/* Who was given up for absent may have voted for a rival all the same, and with its vote that one
 * may lead. Its vote for us under a later epoch would elect us beside it: for as long as stock
 * would wait, it does not count. The rival itself is held by C7. */
static void give_up_absent(const struct core *c, struct group *g) {
    list_for_each(p, &g->peers, struct peer, of_group)
        if (!vote_is_known(p, g->attempt.epoch) && is_absent(p) && !PLANTED(UNREACHABLE_ABSENT))
            p->absent_ms = c->now.mono_ms;
}

/* Law C5: dead when no candidate can still win our epoch. Who has spent its vote on a later one
 * gives us none any more, but may have given another one before. */
static bool attempt_is_dead(const struct core *c, const struct group *g) {
    const struct attempt *a = &g->attempt;
    size_t needed = group_needed_votes(g), unknown = 0, spent = 0;
    bool discount_down = rivals_are_ours(c, g) || PLANTED(UNREACHABLE_ABSENT);

    list_for_each(p, &g->peers, struct peer, of_group) {
        if (!vote_is_known(p, a->epoch))
            unknown += !(discount_down && is_absent(p));
        else
            spent += p->voted_epoch > a->epoch;
    }
    if (votes_for(c, g, slice_of(c->id), OWN_VOTE_GIVEN) + unknown >= needed ||
        unknown + spent >= needed) /* for one of whom we know no vote */
        return false;
    list_for_each(p, &g->peers, struct peer, of_group)
        if (p->voted_epoch == a->epoch &&
            votes_for(c, g, slice_of(p->voted_for), OWN_VOTE_GIVEN) + unknown + spent >= needed)
            return false;
    return true;
}

/* Law C1: somebody of this group is already beyond our epoch. */
static bool epoch_is_passed(const struct group *g) {
    const struct attempt *a = &g->attempt;
    if (g->config_epoch >= a->epoch || g->vote_epoch > a->epoch)
        return true;
    list_for_each(p, &g->peers, struct peer, of_group)
        if (p->voted_for[0] != '\0' && p->voted_epoch > a->epoch)
            return true;
    return false;
}

void election_retry_soon(struct core *c, struct group *g) {
    if (g->retries >= RETRIES_MAX)
        return;
    int64_t wait_ms = rng_between(&c->rng, RETRY_FIRST_MIN_MS, RETRY_FIRST_MAX_MS) << g->retries;
    g->retry_at_ms = c->now.mono_ms + MIN_OF(wait_ms, RETRY_MAX_MS);
    g->retries++;
}

void election_meet_voter(const struct core *c, struct peer *p) {
    struct group *g = p->group;
    bool tries_again = g->attempt.state == FAILOVER_WAIT_START && g->retries > 0;
    if (tries_again) /* the same holds of the one that came sooner for that */
        p->absent_ms = c->now.mono_ms;
    g->retry_at_ms = 0;
}

/* Until when an attempt may wait for its election. */
static int64_t election_end(const struct core *c, const struct group *g) {
    return g->attempt.begun_ms + MIN_OF(c->periods.election, g->settings.failover_timeout_ms);
}

static int64_t judge_forced(struct core *c, struct group *g, size_t votes) {
    struct attempt *a = &g->attempt;
    if (!core_is_durable(c, a->vote_seq)) {
        int64_t limit_ms = election_end(c, g);
        if (c->now.mono_ms > limit_ms) {
            failover_abandon(c, g, ABANDON_NOT_ELECTED, "our vote could not be written to disk");
            return TSTAMP_NEVER;
        }
        group_await(c, g);
        return limit_ms + 1;
    }
    bool taken = false;
    list_for_each(p, &g->peers, struct peer, of_group)
        taken = taken ||
            (vote_is_known(p, a->epoch) && !slice_equal(slice_of(p->voted_for), slice_of(c->id)));
    int64_t until_ms = a->begun_ms + FORCED_WAIT_MS;
    if (taken && c->now.mono_ms < until_ms &&
        election_is_possible(c)) { /* somebody else may own this epoch: take a new one */
        a->epoch = new_epoch(c, g);
        a->serial = ++c->next_attempt;
        vote_for_us(c, g);
        return until_ms;
    }
    if (votes < group_needed_votes(g) && c->now.mono_ms < until_ms)
        return until_ms;
    failover_elected(c, g);
    return TSTAMP_NEVER;
}

static int64_t judge_counting(struct core *c, struct group *g) {
    struct attempt *a = &g->attempt;
    size_t votes = votes_for(c, g, slice_of(c->id), OWN_VOTE_DURABLE);
    int64_t until_ms = election_end(c, g);

    if (a->forced)
        return judge_forced(c, g, votes);
    bool is_dead = attempt_is_dead(c, g);
    if (is_dead)
        give_up_absent(c, g);
    if (!voted_for_us(c, g) || (epoch_is_passed(g) && !PLANTED(PASSED_GOES_ON))) {
        failover_abandon(c, g, is_dead ? ABANDON_DEAD : ABANDON_NOT_ELECTED,
            "a later epoch of this group was seen");
    } else if (!g->master->sdown && !a->coordinated && !PLANTED(ANSWER_UNSEEN)) {
        failover_abandon(c, g, ABANDON_NOT_ELECTED, "the master answers again");
    } else if (votes >= group_needed_votes(g)) {
        failover_elected(c, g);
    } else if (is_dead) {
        failover_abandon(c, g, ABANDON_DEAD, "no candidate can win this epoch any more");
    } else if (c->now.mono_ms > until_ms) {
        failover_abandon(c, g, ABANDON_NOT_ELECTED, "not enough votes in time");
    } else {
        return until_ms + 1;
    }
    return TSTAMP_NEVER;
}

int64_t election_judge(struct core *c, struct group *g) {
    if (g->attempt.state == FAILOVER_NONE)
        return judge_standing(c, g);
    if (g->attempt.state == FAILOVER_WAIT_START)
        return judge_counting(c, g);
    return TSTAMP_NEVER;
}
