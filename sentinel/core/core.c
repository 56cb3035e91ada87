#include "sentinel/core/core.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/merge.h"
#include "sentinel/core/configure.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"
#include "sentinel/core/judge.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/saving.h"

#include <string.h>
#include <time.h>

#define STORE_RETRY_MS 1000
#define STORE_LOG_MS   5000 /* between lines that say why it fails */
#define AWAY_MS        500  /* who did not run for longer finds old news first */

/* Source: spec 3.1. */
static const struct periods stock_periods = {
    .info = 10000,
    .info_fast = 1000,
    .ping = 1000,
    .ask = 1000,
    .publish = 2000,
    .tilt_trigger = 2000,
    .tilt = 30000,
    .reconf = 10000,
    .min_link_age = 15000,
    .election = 10000,
    .script_runtime = 60000,
    .script_retry = 30000,
    .default_down_after = 30000,
    .default_failover_timeout = 180000,
};

#define DELTAS_KEPT      64 /* more, after a burst, are given back: they are large */
#define SIMULATED_STATUS 99 /* exit status of a simulated crash */

/* ---- groups ---- */

/* Whether a group leaves anything that must not be forgotten. Names may come and go without end:
 * one that never voted and hides nothing leaves no trace. */
static bool leaves_tombstone(const struct group_record *r) {
    return (r->vote_epoch > 0 && !PLANTED(VOTE_REMOVED)) || r->section[0] != '\0';
}

static void remember(
    struct core *c, struct slice name, const struct group_record *r, uint64_t vote_seq) {
    struct tombstone *t = mem_new(struct tombstone);
    t->vote_epoch = r->vote_epoch;
    t->vote_seq = vote_seq;
    slice_copy(name, t->name, sizeof(t->name));
    slice_copy(slice_of(r->vote_for), t->vote_for, sizeof(t->vote_for));
    slice_copy(slice_of(r->section), t->section, sizeof(t->section));
    map_put(&c->tombstones, name, t);
}

/* Leaves of the group what must not be forgotten; returns the seq. */
static uint64_t bury(
    struct core *c, struct slice name, const struct group_record *r, uint64_t vote_seq) {
    if (!leaves_tombstone(r))
        return core_persist(c, &(struct delta){ .kind = DELTA_GROUP_FORGET, .group = name });
    remember(c, name, r, vote_seq);
    core_persist(c, &(struct delta){ .kind = DELTA_GROUP, .group = name, .record = *r });
    return core_persist(c, &(struct delta){ .kind = DELTA_GROUP_EMPTY, .group = name });
}

struct group *core_add_group(
    struct core *c, const char *name, const struct endpoint *master, enum group_origin origin) {
    struct group *g = group_new(c, name, master);
    struct tombstone *t = map_remove(&c->tombstones, slice_of(name));
    g->origin = origin;
    if (t != NULL) {
        g->vote_epoch = t->vote_epoch;
        g->vote_seq = t->vote_seq;
        slice_copy(slice_of(t->vote_for), g->vote_for, sizeof(g->vote_for));
        if (origin == GROUP_FROM_RUNTIME)
            slice_copy(slice_of(t->section), g->section, sizeof(g->section));
        mem_free(t);
    }
    return g;
}

uint64_t core_remove_group(struct core *c, struct group *g, enum core_remove how) {
    struct group_record r = {
        .origin = GROUP_REMOVED,
        .master = g->master->address.given,
        .seed = g->file.master,
        .config_epoch = g->config_epoch,
        .vote_epoch = g->vote_epoch,
    };
    slice_copy(slice_of(g->vote_for), r.vote_for, sizeof(r.vote_for));
    if (how == CORE_REMOVE_HIDE && g->origin == GROUP_FROM_FILE)
        merge_section_digest(&g->file, r.section);
    else if (how == CORE_REMOVE_HIDE)
        slice_copy(slice_of(g->section), r.section, sizeof(r.section));
    uint64_t seq = bury(c, slice_of(g->name), &r, g->vote_seq);
    group_free(c, g);
    return seq;
}

static void take_plan(struct core *c, struct group *g, const struct plan_group *p) {
    bool changed = g->origin != p->origin || !endpoint_equal(&g->file.master, &p->file.master);
    g->origin = p->origin;
    group_settings_fini(&g->file);
    group_settings_copy(&g->file, &p->file);
    core_apply_settings(c, g, &p->active);
    if (p->origin == GROUP_FROM_FILE)
        g->section[0] = '\0'; /* no more hidden */
    if (p->moves && !endpoint_equal(group_recorded_master(g), &p->active.master)) {
        struct address to = resolve_address(c, &p->active.master);
        event_switch(c, g, 0, &group_current_master(g)->address, &to);
        group_switch(c, g, &p->active.master);
    }
    if (changed)
        group_persist(c, g);
}

static void start_group(struct core *c, const struct plan_group *p) {
    struct group *g = core_add_group(c, p->active.name, &p->active.master, p->origin);
    take_plan(c, g, p); /* persists it, since the file's address is new to it */
    event_of_group(c, EVENT_MONITOR, g, " quorum %lld", (long long)g->settings.quorum);
}

static void drop_overrides(struct core *c, const struct plan *plan) {
    for (size_t i = 0; i < plan->dropped_count; i++) {
        const struct dropped_override *d = &plan->dropped[i];
        const struct group *g = core_group(c, slice_of(d->group));
        core_persist(c,
            &(struct delta){ .kind = DELTA_OVERRIDE_GONE,
                .group = slice_of(d->group),
                .option = slice_of(d->option) });
        if (d->is_moot)
            continue;
        if (g != NULL)
            event_of_group(
                c, EVENT_OVERRIDE_DROPPED, g, " %s %s %s", d->option, d->value, d->file_value);
        else if (d->group[0] == '\0')
            event_plain(c, EVENT_OVERRIDE_DROPPED, NULL, 0, "#process %s %s %s", d->option,
                d->value, d->file_value);
    }
}

static const struct plan_group *plan_find(const struct plan *plan, const char *name) {
    for (size_t i = 0; i < plan->group_count; i++)
        if (strcmp(plan->groups[i].active.name, name) == 0)
            return &plan->groups[i];
    return NULL;
}

static void on_reload(struct core *c, const struct plan *plan) {
    configure_take(c, &plan->file, &plan->active);
    map_for_each(g, &c->groups, struct group)
        if (g->origin == GROUP_FROM_FILE && plan_find(plan, g->name) == NULL) {
            event_of_group(c, EVENT_UNMONITOR, g, NULL);
            core_remove_group(c, g, CORE_REMOVE_FORGET);
        }
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct plan_group *p = &plan->groups[i];
        struct group *g = core_group(c, slice_of(p->active.name));
        if (g == NULL)
            start_group(c, p);
        else
            take_plan(c, g, p);
    }
    drop_overrides(c, plan);
}

/* ---- start ---- */

static void restore_group(struct core *c, const struct group_state *s, const struct plan_group *p) {
    struct group *g = core_add_group(c, s->name, &s->record.master, p->origin);
    g->config_epoch = s->record.config_epoch;
    g->vote_epoch = s->record.vote_epoch;
    slice_copy(slice_of(s->record.vote_for), g->vote_for, sizeof(g->vote_for));
    if (p->origin == GROUP_FROM_RUNTIME)
        slice_copy(slice_of(s->record.section), g->section, sizeof(g->section));
    g->file.master = s->record.seed;
    g->origin = s->record.origin; /* so that a change of either is seen */
    take_plan(c, g, p);
    for (size_t i = 0; i < s->replica_count; i++)
        group_restore_replica(c, g, &s->replicas[i]);
    for (size_t i = 0; i < s->heard_count; i++)
        group_note_heard(g, s->heard[i].id, s->heard[i].counter);
    for (size_t i = 0; i < s->peer_count; i++)
        if (peer_find(g, s->peers[i].id) == NULL && strcmp(s->peers[i].id, c->id) != 0)
            peer_restore(c, g, &s->peers[i]);
    event_of_group(c, EVENT_MONITOR, g, " quorum %lld", (long long)g->settings.quorum);
}

static void restore_tombstone(struct core *c, const struct group_state *s) {
    struct slice name = slice_of(s->name);
    if (leaves_tombstone(&s->record))
        remember(c, name, &s->record, 0);
    else
        core_persist(c, &(struct delta){ .kind = DELTA_GROUP_FORGET, .group = name });
}

/* Its section is gone from the file: keep the vote. */
static void restore_gone(struct core *c, const struct group_state *s) {
    struct group_record r = s->record;
    r.origin = GROUP_REMOVED;
    r.section[0] = '\0';
    bury(c, slice_of(s->name), &r, 0);
}

static void restore(struct core *c, const struct state *state, const struct plan *plan) {
    c->current_epoch = c->durable_epoch = state->current_epoch;
    c->counting.next = c->counting.limit = c->counting.asked =
        MAX_OF(state->hello_counter, UINT64_C(1));
    memcpy(c->listing, state->listing, sizeof(c->listing));
    map_for_each(s, &state->groups, struct group_state) {
        const struct plan_group *p = plan_find(plan, s->name);
        if (s->record.origin == GROUP_REMOVED) {
            restore_tombstone(c, s);
        } else if (p != NULL) {
            restore_group(c, s, p);
        } else {
            restore_gone(c, s);
        }
    }
    for (size_t i = 0; i < plan->group_count; i++)
        if (core_group(c, slice_of(plan->groups[i].active.name)) == NULL)
            start_group(c, &plan->groups[i]);
    drop_overrides(c, plan);
    map_for_each(g, &c->groups, struct group)
        c->current_epoch = MAX_OF(c->current_epoch, MAX_OF(g->config_epoch, g->vote_epoch));
}

struct core *core_new(const struct core_options *options, struct now now, struct effects *out) {
    struct core *c = mem_new(struct core);
    slice_copy(slice_of(options->state->id), c->id, sizeof(c->id));
    order_name_links(c);
    c->periods = stock_periods;
    settings_copy_process(&c->file, &options->plan->file);
    settings_copy_process(&c->settings, &options->plan->active);
    c->writes_file = options->writes_file;
    c->foretold = options->foretold;
    memcpy(c->challenge_key, options->challenge_key, sizeof(c->challenge_key));
    rng_init(&c->rng, options->seed);
    list_init(&c->dirty);
    list_init(&c->dirty_processes);
    list_init(&c->awaiting);
    scripts_init(&c->scripts);
    resolve_init(c);
    room_init(c, &options->descriptors);
    c->now = now;
    c->read_ms = now.heard_ms;
    c->out = out;
    restore(c, options->state, options->plan);
    room_ask_all(c);
    judge_stagger(c);
    core_end(c);
    return c;
}

void core_free(struct core *c) {
    struct effects nowhere = EFFECTS_INIT;
    if (c == NULL)
        return;
    c->out = &nowhere; // cppcheck-suppress autoVariables ; `c` does not outlive this function
    map_for_each(g, &c->groups, struct group)
        group_free(c, g);
    map_for_each(t, &c->tombstones, struct tombstone)
        mem_free(t);
    resolve_fini(c);
    map_fini(&c->groups);
    map_fini(&c->by_address);
    map_fini(&c->by_serial);
    map_fini(&c->processes);
    map_fini(&c->tombstones);
    info_texts_fini(&c->info_texts);
    scripts_fini(&c->scripts);
    heap_fini(&c->due);
    heap_fini(&c->process_due);
    mem_free(c->links);
    mem_free(c->deltas);
    buf_fini(&c->verdicts);
    settings_fini(&c->file);
    settings_fini(&c->settings);
    effects_fini(&nowhere);
    mem_free(c);
}

/* ---- durability ---- */

uint64_t core_persist(struct core *c, const struct delta *d) {
    mem_grow(&c->deltas, &c->delta_capacity, c->delta_count + 1, sizeof(*c->deltas));
    struct delta *copy = &c->deltas[c->delta_count++];
    *copy = *d;
    copy->group = effects_copy(c->out, d->group);
    copy->id = effects_copy(c->out, d->id);
    copy->option = effects_copy(c->out, d->option);
    copy->value = effects_copy(c->out, d->value);
    copy->file_value = effects_copy(c->out, d->file_value);
    return c->persist_seq + 1;
}

bool core_is_durable(const struct core *c, uint64_t seq) {
    return seq <= c->durable_seq || (PLANTED(FAILURE_COUNTS) && seq <= c->failed_seq);
}

bool core_store_failed(const struct core *c) {
    return c->failed_seq > c->durable_seq;
}

int64_t core_write_time(const struct core *c) {
    int64_t present_ms = c->timed_seq == 0 ? 0 : c->now.mono_ms - c->timed_ms;
    return MAX_OF(c->write_ms, present_ms);
}

static void emit_persist(struct core *c) {
    struct effect *e = effects_add(c->out, EFFECT_PERSIST);
    e->seq = ++c->persist_seq;
    e->save = c->save_now;
    c->save_now = false;
    if (c->timed_seq == 0) {
        c->timed_seq = e->seq;
        c->timed_ms = c->now.mono_ms;
    }
    e->delta_count = c->delta_count;
    if (c->delta_count > 0) {
        struct delta *deltas = effects_alloc(c->out, c->delta_count * sizeof(*deltas));
        memcpy(deltas, c->deltas, c->delta_count * sizeof(*deltas));
        e->deltas = deltas;
    }
    c->delta_count = 0;
    if (c->delta_capacity > DELTAS_KEPT) {
        mem_free(c->deltas);
        c->deltas = NULL;
        c->delta_capacity = 0;
    }
}

static void log_store_works(struct core *c) {
    if (c->store_why[0] != '\0')
        core_log(c, LOG_WARNING, "the state is on disk again");
    c->store_why[0] = '\0';
}

/* Once, and again when the reason changes; a disk that comes and goes does not fill the log. */
static void log_store_fails(struct core *c, struct slice why) {
    why = slice_sub(why, 0, sizeof(c->store_why) - 1);
    bool too_soon = tstamp_is_recent(c->now.mono_ms, c->store_told_ms, STORE_LOG_MS);
    if (too_soon || slice_is(why, c->store_why))
        return;
    core_log(c, LOG_WARNING,
        "WARNING: Sentinel was not able to save the new configuration on disk!!!: " SLICE_FMT,
        SLICE_ARG(why));
    slice_copy(why, c->store_why, sizeof(c->store_why));
    c->store_told_ms = c->now.mono_ms;
}

static void on_durable(struct core *c, uint64_t seq) {
    bool had_failed = core_store_failed(c);
    c->durable_seq = MAX_OF(c->durable_seq, seq);
    if (c->timed_seq != 0 && c->timed_seq <= seq) {
        c->write_ms = c->now.mono_ms - c->timed_ms;
        c->timed_seq = 0;
    }
    if (c->current_epoch_seq <= c->durable_seq)
        c->durable_epoch = c->current_epoch;
    if (had_failed && !core_store_failed(c)) {
        c->store_retry_ms = 0;
        log_store_works(c);
    }
    list_for_each(g, &c->awaiting, struct group, awaiting_node) {
        list_remove(&g->awaiting_node);
        group_touch(c, g);
    }
    judge_stagger(c); /* one commit may be what hundreds of groups wait for */
}

static void on_failed(struct core *c, uint64_t seq, struct slice why) {
    log_store_fails(c, why);
    c->failed_seq = MAX_OF(c->failed_seq, seq);
    c->store_retry_ms = c->now.mono_ms + STORE_RETRY_MS;
}

bool core_believes_epoch(const struct core *c, uint64_t epoch) {
    return epoch <= c->current_epoch || PLANTED(EPOCH_UNBOUNDED) ||
        (epoch < EPOCH_END && epoch - c->current_epoch <= EPOCH_STEP_MAX);
}

bool core_checks_epoch(struct core *c, uint64_t epoch, struct slice whom) {
    if (core_believes_epoch(c, epoch))
        return true;
    doubt_note(c, DOUBT_CLAIM,
        "epoch %llu of " SLICE_FMT
        " is not believed, the current one is %llu: somebody tries to use them up",
        (unsigned long long)epoch, SLICE_ARG(whom), (unsigned long long)c->current_epoch);
    return false;
}

void core_raise_epoch(struct core *c, const struct group *g, uint64_t epoch) {
    if (epoch <= c->current_epoch || !core_believes_epoch(c, epoch))
        return;
    c->current_epoch = epoch;
    c->current_epoch_seq = core_persist(c, &(struct delta){ .kind = DELTA_EPOCH, .epoch = epoch });
    event_plain(c, EVENT_NEW_EPOCH, g, c->current_epoch_seq, "%llu", (unsigned long long)epoch);
}

/* ---- the step ---- */

/* Time that was not heard since the last step: we were stalled. Tilt begins if it was long. */
static void note_absence(struct core *c, struct now now) {
    int64_t unheard_ms = (now.mono_ms - c->now.mono_ms) - (now.heard_ms - c->now.heard_ms);
    if (c->now.mono_ms == 0)
        return;
    if (unheard_ms > AWAY_MS)
        c->back_ms = now.mono_ms;
    if (unheard_ms <= c->periods.tilt_trigger)
        return;
    c->tilt = true;
    c->tilt_since_ms = now.heard_ms;
    c->tilt_count++;
    event_plain(c, EVENT_TILT, NULL, 0, "#tilt mode entered");
}

void core_touch_all(struct core *c) {
    map_for_each(g, &c->groups, struct group)
        group_touch(c, g);
    map_for_each(p, &c->processes, struct process)
        process_touch(c, p);
}

void core_simulate(struct core *c, enum failure failure) {
    if ((c->failures & failure) == 0)
        return;
    core_log(c, LOG_WARNING, "Sentinel CRASH because of SENTINEL simulate-failure");
    effects_add(c->out, EFFECT_STOP)->status = SIMULATED_STATUS;
}

static void leave_tilt_if_over(struct core *c) {
    if (!c->tilt || c->now.heard_ms - c->tilt_since_ms < c->periods.tilt)
        return;
    c->tilt = false;
    event_plain(c, EVENT_TILT_OVER, NULL, 0, "#tilt mode exited");
    core_touch_all(c);
}

void core_begin(struct core *c, struct now now, struct effects *out) {
    c->out = out;
    buf_clear(&c->verdicts);
    note_absence(c, now);
    c->now = now;
}

void core_input(struct core *c, const struct input *in) {
    switch (in->kind) {
    case INPUT_LINK_UP:
    case INPUT_LINK_LOST:
    case INPUT_REPLY:
    case INPUT_MESSAGE:
        link_input(c, in);
        break;
    case INPUT_SCRIPT_STARTED:
    case INPUT_SCRIPT_REFUSED:
    case INPUT_SCRIPT_ENDED:
        script_input(c, in);
        break;
    case INPUT_RESOLVED:
        resolve_input(c, in);
        break;
    case INPUT_DURABLE:
        on_durable(c, in->seq);
        break;
    case INPUT_FAILED:
        on_failed(c, in->seq, in->why);
        break;
    case INPUT_SAVED:
        saving_on_saved(c, in);
        break;
    case INPUT_UNSAVED:
        saving_on_unsaved(c, in);
        break;
    case INPUT_RELOAD:
        on_reload(c, in->plan);
        break;
    case INPUT_RELOAD_FAILED:
        core_log(c, LOG_WARNING, "reload refused, nothing changed: " SLICE_FMT, SLICE_ARG(in->why));
        break;
    case INPUT_TIMER: /* nothing else of this wake-up waits to be read */
        c->read_ms = c->now.heard_ms;
        break;
    case INPUT_CLIENT_OPENED:
    case INPUT_CLIENT_BYTES:
    case INPUT_CLIENT_FULL:
    case INPUT_CLIENT_DRAINED:
    case INPUT_CLIENT_CLOSED:
    case INPUT_SCRIPTS_CHECKED:
    case INPUT_FILE_READ:
    case INPUT_FILE_WRITTEN:
    case INPUT_DRAWN:
    case INPUT_USAGE:
    case INPUT_STOP:
    case INPUT_KIND_COUNT:
        break;
    }
}

void core_end(struct core *c) {
    leave_tilt_if_over(c);
    resolve_judge(c);
    judge_due(c);
    room_tell(c);
    script_judge(c);
    bool retry = c->store_retry_ms != 0 && c->now.mono_ms >= c->store_retry_ms;
    if (retry)
        c->store_retry_ms = 0; /* set again if it fails again */
    if (c->delta_count > 0 || retry)
        emit_persist(c);
}

int64_t core_deadline(const struct core *c) {
    int64_t due = tstamp_min(heap_deadline(&c->due), heap_deadline(&c->process_due));
    due = tstamp_min(due, script_deadline(c));
    due_mono(&due, resolve_deadline(c));
    if (c->store_retry_ms != 0)
        due_mono(&due, c->store_retry_ms);
    if (c->tilt)
        due_heard(c, &due, c->tilt_since_ms + c->periods.tilt);
    return due;
}

/* ---- questions ---- */

const char *core_date(const struct core *c, int64_t wall_ms, char *text, size_t capacity) {
    (void)c;
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, capacity, "%a %b %e %H:%M:%S %Y UTC", &tm) == 0)
        text[0] = '\0';
    return text;
}

struct group *core_group(const struct core *c, struct slice name) {
    return map_get(&c->groups, name);
}

size_t core_wanted_links(const struct core *c) {
    return c->room.waiting_count > 0 ? room_used(c) : c->link_count - c->free_links;
}

struct group *core_group_by_address(const struct core *c, const struct endpoint *master) {
    return group_by_address(c, master);
}
