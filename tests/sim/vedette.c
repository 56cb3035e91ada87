#include "tests/sim/vedette.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/merge.h"
#include "sentinel/core/core.h"
#include "sentinel/engine/engine.h"
#include "tests/sim/child.h"
#include "tests/sim/faults.h"
#include "tests/sim/tape.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#define LATE_MAX_MS    50 /* what a stall adds to the heard clock at most, as the shell has it */
#define IDLE_WAKES_MAX 100
#define STALL_MAX_US   (4 * US_PER_S) /* between two effects */

/* Source: spec 3.1. */
#define TILT_TRIGGER_MS 2000
#define TILT_MS         30000

static void on_disk(void *context, uint64_t seq, bool is_durable);
static void plan_wake(struct vedette *v);

static struct schedule *clock_of(const struct vedette *v) {
    return &v->world->schedule;
}

#define MILLION INT64_C(1000000)

static int64_t mono_at(const struct vedette *v, int64_t at_us) {
    return v->mono_base_ms + (at_us + at_us * v->drift / MILLION) / US_PER_MS;
}

static int64_t mono_ms(const struct vedette *v) {
    return mono_at(v, clock_of(v)->now_us);
}

/* When its clock will show this. */
static int64_t instant_of(const struct vedette *v, int64_t ms) {
    int64_t local_us = (ms - v->mono_base_ms) * US_PER_MS;
    if (v->drift == 0)
        return local_us;
    int64_t at_us = local_us * MILLION / (MILLION + v->drift) - 2;
    while (mono_at(v, at_us) < ms)
        at_us++;
    return at_us;
}

void vedette_init(struct vedette *v, struct world *w, int number) {
    struct party party = v->party; /* its place was chosen before */
    *v = (struct vedette){ .world = w, .number = number, .party = party, .effects = EFFECTS_INIT };
    (void)snprintf(v->name, sizeof(v->name), "v%u", (unsigned)(number + 1) % 10);
    memset(v->id, "123456789abcdef"[number], ID_LENGTH);
    v->party.ops = &vedette_ops;
    v->party.owner = v;
    v->party.name = v->name;
    list_init(&v->inbox);
    list_init(&v->wires);
    list_init(&v->children);
    file_init(&v->file, w);
    net_add(&w->net, &v->party);
    disk_init(&v->disk, &w->schedule, &w->rng, v->id, on_disk, v);
    v->disk.mood = w->draw.disk;
}

static void letter_free(struct letter *l) {
    list_remove(&l->siblings);
    mem_free(l);
}

static void mark_doubts(struct vedette *v) {
    static const enum mark marks[DOUBT_COUNT] = {
        [DOUBT_CLAIM] = MARK_CLAIM_REFUSED,
        [DOUBT_UNSIGNED] = MARK_UNSIGNED_REFUSED,
        [DOUBT_SEAL] = MARK_SEAL_REFUSED,
        [DOUBT_REPLAY] = MARK_OLD_HELLO,
        [DOUBT_VOTE] = MARK_VOTE_REFUSED,
    };
    const struct core *c = vedette_core(v);
    for (size_t i = 0; i < DOUBT_COUNT; i++)
        if (c->doubts.count[i] > 0)
            marks_hit(&v->world->marks, marks[i]);
    map_for_each(p, &c->processes, struct process)
        if (p->challenge.is_proven)
            marks_hit(&v->world->marks, MARK_PROVEN);
}

static void mark_limits(struct vedette *v) {
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        if (vedette_core(v)->limit_hits[i] > 0)
            marks_hit(&v->world->marks, MARK_LIMIT);
}

/* Everything of the process that does not outlive it. */
static void forget_process(struct vedette *v) {
    list_for_each(l, &v->inbox, struct letter, siblings)
        letter_free(l);
    list_for_each(x, &v->wires, struct wire, siblings)
        wire_free(x);
    children_free(v);
    vedette_end_tape(v);
    engine_free(v->engine);
    v->engine = NULL;
    schedule_cancel(clock_of(v), &v->alarm);
    v->crash_wanted = v->stop_wanted = v->stop_asked = false;
}

void vedette_fini(struct vedette *v) {
    forget_process(v);
    mem_free(v->links);
    effects_fini(&v->effects);
    buf_fini(&v->out);
    disk_fini(&v->disk);
}

bool vedette_is_in_tilt(const struct vedette *v) {
    return v->now.heard_ms < v->tilt_until_heard_ms;
}

struct core *vedette_core(const struct vedette *v) {
    return v->engine == NULL ? NULL : engine_core(v->engine);
}

struct group *vedette_group(const struct vedette *v, int group) {
    if (v->engine == NULL)
        return NULL;
    return core_group(engine_core(v->engine), slice_of(world_group_name(group)));
}

/* ---- carrying out ---- */

/* Effects around which it hurts to be interrupted. */
static bool matters(const struct effect *e) {
    return e->kind == EFFECT_PERSIST || e->after > 0 ||
        (e->kind == EFFECT_SEND && e->request_count > 1);
}

static bool happens_here(const struct vedette *v, const struct effect *e, uint32_t chance) {
    return chance > 0 && matters(e) && v->world->faults_are_on &&
        rng_chance(&v->world->rng, chance);
}

static void carry_out(struct vedette *v, const struct effect *e) {
    switch (e->kind) {
    case EFFECT_OPEN:
        wire_open(v, e);
        break;
    case EFFECT_CLOSE:
        wire_close(v, e);
        break;
    case EFFECT_SEND:
        wire_send(v, e);
        break;
    case EFFECT_PERSIST:
        disk_write(&v->disk, e->seq, e->deltas, e->delta_count);
        break;
    case EFFECT_REPLY:
        wire_reply(v, e);
        break;
    case EFFECT_HANGUP:
        wire_hang_up(v, e);
        break;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        break; /* what was sent arrives all the same */
    case EFFECT_EVENT:
        if (e->level == LOG_DEBUG) /* the most frequent ones, which nobody counts */
            break;
        marks_event(&v->world->marks, e->event);
        faults_hear(v->world, e->event);
        break;
    case EFFECT_RUN:
        marks_hit(&v->world->marks, MARK_SCRIPT);
        child_run(v, e);
        break;
    case EFFECT_KILL:
        child_kill(v, e->script);
        break;
    case EFFECT_CHECK_SCRIPTS:
        vedette_letter(v, LETTER_CHECKED, NULL, SLICE_EMPTY)->seq = e->client.value;
        break;
    case EFFECT_RESOLVE:
        names_ask(v, e);
        break;
    case EFFECT_READ_FILE: /* nobody asks for these */
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
    case EFFECT_SCRIPT:
        break;
    case EFFECT_LOG:
        marks_log(&v->world->marks, e->text);
        break;
    case EFFECT_STOP:
        if (e->status != 0)
            marks_hit(&v->world->marks, MARK_SIMULATED);
        v->stop_wanted = true;
        break;
    case EFFECT_KIND_COUNT:
        break;
    }
}

/* Behind an order of a leader that dies another replica may become the better one. */
static void change_ranks(const struct vedette *v, const struct effect *e) {
    const struct wire *x = e->kind == EFFECT_SEND ? wire_of_link(v, e->link, e->incarnation) : NULL;
    const struct server *s = x == NULL ? NULL : farm_at(&v->world->farm, &x->address);
    if (s != NULL && e->request_count > 1)
        faults_change_priorities(v->world, s->group);
}

static void carry_out_all(struct vedette *v) {
    struct world *w = v->world;
    for (size_t i = 0; i < v->effects.count && !v->crash_wanted; i++) {
        const struct effect *e = &v->effects.items[i];
        laws_before_effect(&w->laws, v, e);
        story_effect(&w->story, v->name, e);
        world_tell(w, v, e);
        carry_out(v, e);
        /* It may die between any two effects; or be stopped for a while: what is left to do is
         * done then, although it was decided before. */
        if (happens_here(v, e, w->draw.crash_in_effects)) {
            marks_hit(&w->marks, MARK_CRASH_IN_EFFECTS);
            v->crash_wanted = true;
            change_ranks(v, e);
        } else if (happens_here(v, e, w->draw.stall_in_effects)) {
            marks_hit(&w->marks, MARK_STALL_IN_EFFECTS);
            vedette_stall(v, w->schedule.now_us + rng_between(&w->rng, 1, STALL_MAX_US));
        }
    }
    effects_clear(&v->effects);
}

void vedette_step(struct vedette *v, const struct input *in) {
    struct world *w = v->world;
    if (v->crash_wanted || v->stop_wanted)
        return;
    if (in->kind != INPUT_TIMER)
        story_input(&w->story, v->name, in);
    laws_before_input(&w->laws, v, in);
    tape_input(v->tape, v->engine, v->now, in);
    engine_step(v->engine, v->now, in, &v->effects);
    tape_effects(v->tape, v->engine, &v->effects);
    carry_out_all(v);
    if (!v->crash_wanted)
        laws_after_step(&w->laws, v, in);
}

/* ---- waking up ---- */

/* As the shell counts it. */
static void read_clocks(struct vedette *v) {
    int64_t now_ms = mono_ms(v);
    int64_t planned_end_ms = MAX_OF(v->slept_ms, v->until_ms);
    int64_t asleep_ms = tstamp_age(tstamp_min(now_ms, planned_end_ms), v->slept_ms);
    int64_t late_ms = tstamp_age(now_ms, planned_end_ms);
    v->read_heard_ms = v->now.heard_ms;
    v->now.heard_ms += asleep_ms + tstamp_min(late_ms, LATE_MAX_MS);
    if (late_ms - LATE_MAX_MS > TILT_TRIGGER_MS)
        v->tilt_until_heard_ms = v->now.heard_ms + TILT_MS;
    v->now.mono_ms = now_ms;
    v->now.wall_ms = v->wall_base_ms + clock_of(v)->now_us / US_PER_MS;
    v->now.wake++;
}

static void reload(struct vedette *v) {
    struct plan plan;
    plan_init(&plan);
    if (v->file.is_damaged || !file_merge(v, &v->disk.written, &plan)) {
        marks_hit(&v->world->marks, MARK_RELOAD_REFUSED);
        vedette_step(
            v, &(struct input){ .kind = INPUT_RELOAD_FAILED, .why = SLICE_LITERAL("a finding") });
    } else {
        marks_hit(&v->world->marks, MARK_RELOAD);
        vedette_step(v, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
    }
    plan_fini(&plan);
}

static void note_failure(const struct vedette *v) {
    for (int i = 0; i < v->world->group_count; i++) {
        const struct group *g = vedette_group(v, i);
        if (g != NULL && g->attempt.state == FAILOVER_WAIT_START)
            marks_hit(&v->world->marks, MARK_COMMIT_FAILED_IN_ELECTION);
    }
}

static void hand_in(struct vedette *v, const struct letter *l) {
    struct input in;
    switch (l->kind) {
    case LETTER_UP:
    case LETTER_BYTES:
    case LETTER_ENDED:
    case LETTER_OPENED:
        wire_deliver(v, l);
        break;
    case LETTER_DURABLE:
        v->durable_seq = MAX_OF(v->durable_seq, l->seq);
        vedette_step(v, &(struct input){ .kind = INPUT_DURABLE, .seq = l->seq });
        break;
    case LETTER_FAILED:
        marks_hit(&v->world->marks, MARK_COMMIT_FAILED);
        note_failure(v);
        vedette_step(v,
            &(struct input){
                .kind = INPUT_FAILED,
                .seq = l->seq,
                .why = SLICE_LITERAL("disk I/O error"),
            });
        break;
    case LETTER_SCRIPT:
        if (child_input(v, l->seq, &in))
            vedette_step(v, &in);
        break;
    case LETTER_CHECKED:
        vedette_step(v,
            &(struct input){
                .kind = INPUT_SCRIPTS_CHECKED, .client = { l->seq }, .unfit = SCRIPTS_FIT });
        break;
    case LETTER_RESOLVED:
        names_answer(v, l->seq);
        break;
    case LETTER_RELOAD:
        reload(v);
        break;
    case LETTER_STOP:
        v->stop_asked = true;
        vedette_step(v, &(struct input){ .kind = INPUT_STOP, .why = SLICE_LITERAL("SIGTERM") });
        break;
    }
}

/* A deadline that has passed without anything to do for it would keep a real process spinning. */
static void watch_idling(struct vedette *v, bool is_idle, int64_t before_ms) {
    v->idle_wakes = is_idle && before_ms == v->now.mono_ms ? v->idle_wakes + 1 : 0;
    if (v->idle_wakes > IDLE_WAKES_MAX)
        laws_break(&v->world->laws, LAW_SLEEPS, "%s woke up %d times within one millisecond",
            v->name, v->idle_wakes);
}

static void wake(void *context, uint64_t argument) {
    struct vedette *v = context;
    (void)argument;
    if (v->engine == NULL)
        return;
    if (v->stalled_until_us > clock_of(v)->now_us) {
        plan_wake(v);
        return;
    }
    int64_t before_ms = v->now.mono_ms;
    bool is_idle = list_is_empty(&v->inbox);
    read_clocks(v);
    if (v->world->judges_early)
        vedette_step(v, &(struct input){ .kind = INPUT_TIMER });
    struct letter *l;
    while ((l = list_first(&v->inbox, struct letter, siblings)) != NULL) {
        list_remove(&l->siblings);
        hand_in(v, l);
        struct wire *x = l->wire;
        mem_free(l);
        if (x != NULL) {
            x->letters--;
            wire_settle(x);
        }
    }
    vedette_step(v, &(struct input){ .kind = INPUT_TIMER });
    watch_idling(v, is_idle, before_ms);
    if (!v->crash_wanted && !v->stop_wanted)
        laws_before_sleep(&v->world->laws, v);
    if (v->crash_wanted || v->stop_wanted) {
        vedette_crash(v, NET_LEAVE_PROCESS);
        return;
    }
    v->slept_ms = v->now.mono_ms;
    v->until_ms = engine_deadline(v->engine);
    plan_wake(v);
}

static void plan_wake(struct vedette *v) {
    int64_t now_us = clock_of(v)->now_us;
    int64_t at_us = INT64_MAX;
    if (v->until_ms != TSTAMP_NEVER)
        at_us = MAX_OF(instant_of(v, v->until_ms), now_us + 20);
    if (!list_is_empty(&v->inbox))
        at_us = tstamp_min(at_us, now_us + rng_between(&v->world->rng, 0, v->world->draw.loop_us));
    if (at_us == INT64_MAX)
        return;
    schedule_alarm(clock_of(v), &v->alarm, MAX_OF(at_us, v->stalled_until_us), wake, v);
}

struct letter *vedette_letter(
    struct vedette *v, enum letter_kind kind, struct wire *x, struct slice bytes) {
    struct letter *l = mem_alloc(sizeof(*l) + bytes.size);
    l->kind = kind;
    l->wire = x;
    l->size = bytes.size;
    if (bytes.size > 0)
        memcpy(l->bytes, bytes.data, bytes.size);
    if (x != NULL)
        x->letters++;
    bool was_empty = list_is_empty(&v->inbox);
    list_append(&v->inbox, &l->siblings);
    if (was_empty)
        plan_wake(v);
    return l;
}

static void on_disk(void *context, uint64_t seq, bool is_durable) {
    struct vedette *v = context;
    vedette_letter(v, is_durable ? LETTER_DURABLE : LETTER_FAILED, NULL, SLICE_EMPTY)->seq = seq;
}

/* ---- life ---- */

static const struct process_facts facts = {
    .process_id = 1,
    .run_id = "0000000000000000000000000000000000000000",
    .executable = "/usr/bin/vedette",
    .config_file = "/etc/vedette.yaml",
    .os = "none",
    .compiler = "none",
    .multiplexer = "none",
    .arch_bits = 64,
};

void vedette_end_tape(struct vedette *v) {
    tape_end(v->tape, v->name, &v->world->tape_why);
    v->tape = NULL;
}

void vedette_start(struct vedette *v) {
    ensure(v->engine == NULL);
    struct world *w = v->world;
    struct plan plan;
    plan_init(&plan);
    if (!file_merge(v, &v->disk.synced, &plan)) {
        file_reconcile(&v->file, &v->disk.synced);
        ensure(file_merge(v, &v->disk.synced, &plan));
    }

    v->life++;
    v->names_late_us = 0;
    v->durable_seq = 0;
    v->stalled_until_us = 0;
    v->tilt_until_heard_ms = 0;
    v->party.listening = true;
    v->mono_base_ms = rng_between(&w->rng, 1, 100000000);
    v->drift = rng_between(&w->rng, -w->draw.drift_max, w->draw.drift_max);
    v->wall_base_ms = 1700000000000 + rng_between(&w->rng, -5000, 5000);
    v->now = (struct now){
        .mono_ms = mono_ms(v),
        .heard_ms = mono_ms(v),
        .wall_ms = v->wall_base_ms + clock_of(v)->now_us / US_PER_MS,
        .wake = 1,
    };
    story_line(
        &w->story, v->name, "starts, epoch %llu", (unsigned long long)v->disk.synced.current_epoch);
    struct engine_options options = {
        .state = &v->disk.synced,
        .plan = &plan,
        .facts = &facts,
        .seed = (uint64_t)rng_between(&w->rng, 0, INT32_MAX),
    };
    (void)snprintf(options.challenge_key, sizeof(options.challenge_key), "%llu %s %llu",
        (unsigned long long)w->seed, v->name, (unsigned long long)v->life);
    if (w->is_taped)
        v->tape = tape_new(w->seed);
    tape_start(v->tape, &options, v->now);
    v->engine = engine_new(&options, v->now, &v->effects);
    tape_effects(v->tape, v->engine, &v->effects);
    laws_start(&w->laws, v);
    carry_out_all(v);
    v->slept_ms = v->now.mono_ms;
    v->until_ms = engine_deadline(v->engine);
    plan_wake(v);

    plan_fini(&plan);
}

void vedette_crash(struct vedette *v, enum net_leave how) {
    if (v->engine == NULL)
        return;
    struct world *w = v->world;
    story_line(&w->story, v->name, "%s", v->stop_wanted ? "stops" : "crashes");
    marks_hit(&w->marks, MARK_CRASH);
    mark_limits(v);
    mark_doubts(v);
    for (int i = 0; i < w->group_count; i++) {
        const struct group *g = vedette_group(v, i);
        if (g == NULL || !group_in_failover(g))
            continue;
        marks_hit(&w->marks, MARK_CRASH_IN_ATTEMPT);
        marks_hit(&w->marks, MARK_CRASH_WAIT_START + (g->attempt.state - FAILOVER_WAIT_START));
    }
    v->party.listening = false;
    net_leave(&w->net, &v->party, how);
    forget_process(v);
    if (disk_crash(&v->disk))
        marks_hit(&w->marks, MARK_CRASH_FORGOT);
}

void vedette_stall(struct vedette *v, int64_t until_us) {
    story_line(&v->world->story, v->name, "stalls for %lld ms",
        (long long)((until_us - clock_of(v)->now_us) / US_PER_MS));
    v->stalled_until_us = MAX_OF(v->stalled_until_us, until_us);
}

void vedette_continue(struct vedette *v) {
    v->stalled_until_us = 0;
    if (v->engine != NULL)
        plan_wake(v);
}

void vedette_reload(struct vedette *v) {
    if (v->engine != NULL)
        vedette_letter(v, LETTER_RELOAD, NULL, SLICE_EMPTY);
}

void vedette_stop(struct vedette *v) {
    if (v->engine != NULL)
        vedette_letter(v, LETTER_STOP, NULL, SLICE_EMPTY);
}
