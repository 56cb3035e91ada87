#include "tests/sim/run.h"

#include "common/ensure.h"
#include "sentinel/core/core.h"
#include "tests/sim/faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

#include <string.h>

#define DISCOVERY_MAX_US (20 * US_PER_S)
#define LOOK_US          (100 * US_PER_MS)
#define CALM_US          (3 * US_PER_S) /* agreement has to last */
#define MARGIN_US        (15 * US_PER_S)
#define PROMPT_US        (3 * US_PER_S)
#define EXAM_WAIT_MAX_MS 20000
#define TILT_US          (30 * US_PER_S)
#define SETTLE_US        (120 * US_PER_S)
#define MISMATCH_US      (30 * US_PER_S)
#define INFO_US          (10 * US_PER_S)

static void discover(struct world *w) {
    int64_t until_us = DISCOVERY_MAX_US;
    while (w->schedule.now_us < until_us && !world_is_discovered(w))
        if (!world_run(w, w->schedule.now_us + LOOK_US))
            return;
    if (!world_is_discovered(w))
        laws_break(&w->laws, LAW_DISCOVERY, "not all are known to all after %lld s",
            (long long)(DISCOVERY_MAX_US / US_PER_S));
}

/* Where all servers came back as replicas of each other, and nobody watched for a while, their
 * links have been down for longer than test 6 of spec 8.3 allows: none is promoted, for ever, as
 * with the originals. */
static bool has_master(const struct world *w, int group) {
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++)
        if (server_is_master(&w->farm.servers[i]))
            return true;
    return false;
}

/* Two Sentinels that hold different masters under one config epoch, as force can make it, stay
 * apart until the next failover; the originals do as well. */
static bool is_clashing(const struct world *w, int group) {
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        if (g != NULL && w->laws.clash_epochs[group] != 0 &&
            g->config_epoch == w->laws.clash_epochs[group])
            return true;
    }
    for (int i = 0; i < w->stock_count; i++) {
        const struct stock_group *g = stock_group(&w->stocks[i], slice_of(world_group_name(group)));
        if (g != NULL && w->laws.clash_epochs[group] != 0 &&
            stock_group_epoch(g) == w->laws.clash_epochs[group])
            return true;
    }
    return false;
}

static bool any_in_tilt(const struct world *w) {
    for (int i = 0; i < w->stock_count; i++)
        if (w->stocks[i].is_alive && w->stocks[i].tilt)
            return true;
    for (int i = 0; i < w->vedette_count; i++)
        if (vedette_core(&w->vedettes[i]) != NULL && vedette_core(&w->vedettes[i])->tilt)
            return true;
    return false;
}

/* A master that came back as a replica is held for down only after twice the INFO period, and led
 * back only a failover-timeout after that (spec 4.2, 8.9). */
static bool has_changed_role(struct world *w, int group) {
    if (w->draw.restart_role == RESTART_ORIGINAL)
        return true;
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        const struct server *s =
            g == NULL ? NULL : farm_at(&w->farm, &group_current_master(g)->address.given);
        if (s != NULL && !server_is_master(s))
            return true;
    }
    return false;
}

/* A stray is led back 8 s after its link is up (spec 8.9), and who does not know it yet reads of it
 * in the master's next INFO: more than the margin leaves where failover-timeout is short. */
static bool has_stray(const struct world *w, int group) {
    int masters = 0;
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++)
        masters += server_is_master(&w->farm.servers[i]);
    return masters > 1;
}

/* What a group has to wait for besides, since its last fault. */
struct excuse {
    bool role_has_changed, has_strayed;
};

static void look_for_excuses(struct world *w, int group, struct excuse *e) {
    /* Also by a correction that crosses a later configuration on its way. */
    e->role_has_changed |= has_changed_role(w, group);
    e->has_strayed |= has_stray(w, group);
}

/* How long it may take after begun_us. A stock Sentinel that was elected may find no good replica,
 * where a vedette would: all who voted for it wait once more. */
static int64_t patience(
    const struct world *w, int group, const struct excuse *e, int64_t begun_us) {
    const struct group_draw *g = &w->draw.group[group];
    int64_t limit_us = MARGIN_US + (g->down_after_ms + 2 * g->failover_timeout_ms) * US_PER_MS;
    if (e->role_has_changed)
        limit_us += MISMATCH_US + g->failover_timeout_ms * US_PER_MS;
    if (e->has_strayed)
        limit_us += INFO_US;
    if (w->stock_gave_up_us[group] >= begun_us)
        limit_us += 2 * g->failover_timeout_ms * US_PER_MS;
    return limit_us;
}

/* What has to be waited for, as with the originals: an attempt that is under way or was left alone,
 * a vote for somebody who made nothing of it (C8), tilt, a name server that was slow when it was
 * asked; and people who have settings to put right. A stock Sentinel may stand at any time, and
 * whoever votes for it waits, whatever becomes of it. */
static bool has_to_wait(struct world *w, int group) {
    if (any_in_tilt(w) || has_changed_role(w, group) || w->stock_count > 0 ||
        !operator_has_done(w, group))
        return true;
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        if (g == NULL || group_in_failover(g) || g->vote_epoch > g->config_epoch ||
            w->vedettes[i].names_late_us > w->schedule.now_us)
            return true;
    }
    return false;
}

/* Where nothing has to be waited for, clients can write again soon. The rest may take its time:
 * replicas get in step, strays are led back. */
static void expect_promptness(
    struct world *w, int group, const bool waits[static SIM_GROUPS_MAX], int64_t since_us) {
    int64_t limit_us = w->draw.group[group].down_after_ms * US_PER_MS + PROMPT_US;
    if (!waits[group] && since_us > limit_us && !world_has_mastery(w, group))
        laws_break(&w->laws, LAW_PROMPTNESS, "%lld s after the last fault of %s",
            (long long)(since_us / US_PER_S), world_group_name(group));
}

/* Whether a group is as it should be, or never will be for a reason that is known. */
static bool group_is_settled(struct world *w, int group, struct buf *ret_why) {
    return world_agrees_on(w, group, ret_why) || is_clashing(w, group);
}

static bool agree(struct world *w) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    int64_t begun_us = w->schedule.now_us, calm_us = 0, extra_us = 0;
    bool waits[SIM_GROUPS_MAX];
    struct excuse excuses[SIM_GROUPS_MAX] = { 0 };
    for (int group = 0; group < w->group_count; group++) {
        look_for_excuses(w, group, &excuses[group]);
        if (!(waits[group] = has_to_wait(w, group)))
            marks_hit(&w->marks, MARK_PROMPT);
    }
    while (calm_us < CALM_US) {
        if (!world_run(w, w->schedule.now_us + LOOK_US))
            return false;
        if (extra_us == 0 && any_in_tilt(w))
            extra_us = TILT_US;
        calm_us += LOOK_US;
        for (int group = 0; group < w->group_count; group++) {
            look_for_excuses(w, group, &excuses[group]);
            int64_t limit_us = patience(w, group, &excuses[group], begun_us) + extra_us;
            waits[group] |= extra_us > 0; /* who was healed of a stall, say, and finds out now */
            expect_promptness(w, group, waits, w->schedule.now_us - begun_us);
            buf_clear(&why);
            if (group_is_settled(w, group, &why))
                continue;
            calm_us = 0;
            if (w->schedule.now_us - begun_us <= limit_us)
                continue;
            if (!has_master(w, group)) {
                marks_hit(&w->marks, MARK_NO_MASTER);
                return false;
            }
            laws_break(&w->laws, LAW_LIVENESS, "%lld s after the last fault of %s: %s",
                (long long)(limit_us / US_PER_S), world_group_name(group), buf_text(&why));
            return false;
        }
    }
    clients_judge(w);
    return !w->laws.is_broken;
}

/* Faults and healing. */
static bool suffer(struct world *w, enum flaw flaw) {
    faults_start(w);
    w->votes_are_forged = flaw == FLAW_FORGED_VOTE;
    if (!world_run(w, w->schedule.now_us + w->draw.fault_time_us))
        return false;
    faults_heal(w);
    if (flaw == FLAW_ABSENT) {
        w->absent = 0;
        vedette_crash(&w->vedettes[0], NET_LEAVE_PROCESS);
    }
    return agree(w);
}

/* Whether the fall of its master can be dealt with at once. */
static bool is_fit(struct world *w, int group, const struct server *master) {
    int eligible = 0;
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++) {
        const struct server *s = &w->farm.servers[i];
        eligible += s != master && s->priority > 0 && !s->is_hidden;
    }
    return master != NULL && eligible > 0 && w->stock_count == 0 && !any_in_tilt(w) &&
        w->draw.group[group].failover_timeout_ms <= EXAM_WAIT_MAX_MS;
}

/* In the end, when nothing stands in the way: whatever the faults have left behind, the master of a
 * group that dies is replaced as promised, even if the first questions about it are lost. */
static bool examine(struct world *w) {
    int group = (int)rng_between(&w->rng, 0, w->group_count - 1);
    struct server *master = NULL;
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++)
        if (server_is_master(&w->farm.servers[i]))
            master = &w->farm.servers[i];
    if (!is_fit(w, group, master))
        return true;
    marks_hit(&w->marks, MARK_EXAMINED);
    /* What votes and attempts of former times call for. */
    int64_t wait_us = 2 * w->draw.group[group].failover_timeout_ms * US_PER_MS + PROMPT_US;
    if (has_to_wait(w, group) && !world_run(w, w->schedule.now_us + wait_us))
        return false;
    int64_t limit_us = w->draw.group[group].down_after_ms * US_PER_MS + PROMPT_US;
    int64_t until_us = w->schedule.now_us + limit_us;
    w->questions_to_cut = w->vedette_count * (w->vedette_count - 1);
    server_kill(master, NET_LEAVE_PROCESS);
    while (w->schedule.now_us < until_us && !world_has_mastery(w, group))
        if (!world_run(w, w->schedule.now_us + LOOK_US))
            return false;
    if (!world_has_mastery(w, group))
        laws_break(&w->laws, LAW_REPLACED, "%s died and nobody is master of %s %lld s later",
            master->name, world_group_name(group), (long long)(limit_us / US_PER_S));
    w->questions_to_cut = 0;
    server_start(master);
    return agree(w);
}

/* What is left to do after a healing ends with failover-timeout or the time of a script. */
static void rest(struct world *w) {
    int64_t settle_us = SETTLE_US;
    for (int group = 0; group < w->group_count; group++)
        settle_us += 2 * w->draw.group[group].failover_timeout_ms * US_PER_MS;
    if (w->draw.quiet_us == 0)
        return;
    w->net.slow_us = 0; /* where a way is longer than down-after allows, it is never quiet */
    if (!world_run(w, w->schedule.now_us + settle_us))
        return;
    marks_hit(&w->marks, MARK_QUIET);
    w->is_quiet = true;
    world_run(w, w->schedule.now_us + w->draw.quiet_us);
}

static void live(struct world *w, enum flaw flaw) {
    discover(w);
    if (w->laws.is_broken)
        return;
    w->farm.forgets = flaw == FLAW_FORGETFUL_SERVER;
    w->draw.disk.lies = flaw == FLAW_LYING_DISK;
    w->draw.disk.hastes = flaw == FLAW_HASTY_DISK;
    w->draw.disk.forgets = flaw == FLAW_FORGETFUL_DISK;
    w->judges_early = flaw == FLAW_EARLY_TIMER;
    while (suffer(w, flaw))
        if (w->schedule.now_us >= w->draw.time_us) {
            if (examine(w))
                rest(w);
            return;
        }
}

void run_seed(const struct run_options *options, struct run_result *ret) {
    static const struct mutant healthy = { .flaw = FLAW_NONE };
    const struct mutant *mutant = options->mutant == NULL ? &healthy : options->mutant;
    struct rng rng;
    struct draw draw;
    ensure(planted_choose(mutant->planted));
    rng_init(&rng, options->seed * UINT64_C(0x9e3779b97f4a7c15));
    draw_from(&draw, &rng);
    if (options->is_stock)
        draw_stocks_alone(&draw);
    if (options->time_s > 0)
        draw.time_us = options->time_s * US_PER_S;
    struct world *w = world_new(options->seed, &draw);
    if (options->is_traced) {
        struct buf line CLEANUP(buf_fini) = BUF_INIT;
        draw_print(&draw, &line);
        story_start(&w->story, options->story);
        story_line(
            &w->story, "seed", "%llu: %s", (unsigned long long)options->seed, buf_text(&line));
    }
    w->is_taped = options->is_taped;
    world_start(w);
    live(w, mutant->flaw);
    for (int i = 0; i < w->vedette_count; i++)
        vedette_end_tape(&w->vedettes[i]);

    *ret = (struct run_result){
        .has_failed = w->laws.is_broken,
        .virtual_us = w->schedule.now_us,
        .hash = w->story.hash,
        .marks = w->marks,
    };
    if (w->laws.is_broken) {
        slice_copy(slice_of(law_table[w->laws.broken].name), ret->law, sizeof(ret->law));
        slice_copy(slice_of(w->laws.text), ret->text, sizeof(ret->text));
    }
    if (buf_size(&w->tape_why) > 0) {
        ret->has_failed = true;
        slice_copy(SLICE_LITERAL("a recording replays"), ret->law, sizeof(ret->law));
        slice_copy(buf_slice(&w->tape_why), ret->text, sizeof(ret->text));
    }
    world_free(w);
    (void)planted_choose(PLANTED_NOTHING);
}
