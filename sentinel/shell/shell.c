#include "sentinel/shell/shell.h"

#include "common/buf.h"
#include "sentinel/core/input.h"
#include "sentinel/engine/engine.h"
#include "sentinel/shell/descriptors.h"
#include "sentinel/shell/dns.h"
#include "sentinel/shell/errand.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/memory.h"
#include "sentinel/shell/pace.h"
#include "sentinel/shell/perform.h"
#include "sentinel/shell/recorder.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/runner.h"
#include "sentinel/shell/spawner.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/tls.h"

#include <sys/resource.h>
#include <time.h>

/* Of one wake-up; clients that never pause must not put off judging for ever. */
#define GATHER_ROUNDS_MAX 32
#define SLICE_US          1000 /* in which links are read or opened before clients get their turn */
#define SETTLE_ROUNDS_MAX 16   /* what is left then, */
#define SETTLE_MAX_US     5000 /* or now, is done in the next wake-up, at once */
#define CROWD_LINKS       256  /* from which on what comes is let gather, */
#define GATHER_PAUSE_US   1000 /* for so long */
#define USAGE_PERIOD_MS   1000
#define LATE_MIN_US       5000

/* ---- life cycle ---- */

static void take(void *context, const struct input *in) {
    shell_take(context, in);
}

static void tell_outcome(struct shell *s) {
    struct store_outcome outcome = store_collect(s->store, s->clock.now.mono_ms);
    if (outcome.durable)
        shell_take(s, &(struct input){ .kind = INPUT_DURABLE, .seq = outcome.durable_seq });
    if (outcome.failed)
        shell_take(s,
            &(struct input){
                .kind = INPUT_FAILED,
                .seq = outcome.failed_seq,
                .why = slice_of(store_error(s->store)),
            });
}

static void on_store(void *context, unsigned ready) {
    (void)ready;
    tell_outcome(context);
}

static void on_rewriter(void *context, unsigned ready) {
    (void)ready;
    struct shell *s = context;
    struct buf why = BUF_INIT;
    struct rewriter_outcome outcome = rewriter_collect(s->rewriter, &why);
    if (outcome.saved) {
        shell_take(s,
            &(struct input){
                .kind = INPUT_SAVED,
                .seq = outcome.saved_seq,
                .rewritten = outcome.rewritten,
                .plan = outcome.plan,
                .listing = outcome.listing,
            });
        if (outcome.plan != NULL)
            rewriter_rebase_on_plan(s->rewriter, outcome.plan);
    }
    if (outcome.failed)
        shell_take(s,
            &(struct input){
                .kind = INPUT_UNSAVED, .seq = outcome.failed_seq, .why = buf_slice(&why) });
    rewriter_plan_free(outcome.plan);
    buf_fini(&why);
}

/* Links come first, those that are wanted now. */
static size_t room_for_clients(void *context) {
    const struct shell *s = context;
    return descriptors_for_clients(s->descriptors, engine_wanted_links(s->engine));
}

static bool make_room(void *context) {
    struct shell *s = context;
    return handshakes_evict(&s->handshakes) || clients_evict(&s->clients);
}

bool shell_init(struct shell *s, struct logsink *log, size_t descriptors) {
    *s = (struct shell){
        .log = log,
        .effects = EFFECTS_INIT,
        .descriptors = descriptors,
    };
    s->loop = loop_new();
    if (s->loop == NULL)
        return false;
    struct inlet inlet = { .take = take, .context = s };
    streams_init(&s->streams, s->loop);
    complaints_init(&s->complaints, log, &s->clock);
    s->tls = s->streams.tls = tls_new(&s->complaints);
    redis_links_init(&s->links, &s->streams, inlet);
    s->links.make_room = make_room;
    s->links.room_context = s;
    clients_init(&s->clients, &s->streams, inlet, room_for_clients, s);
    s->clients.complaints = &s->complaints;
    handshakes_init(&s->handshakes, &s->streams, s->tls, &s->clients, &s->clock, &s->complaints);
    s->are_handshakes_done = true;
    s->dns = dns_new(s->loop, inlet);
    listeners_init(&s->listeners, s->loop, &s->clients, &s->handshakes);
    s->runner = runner_new(s->loop, inlet);
    s->errands = errands_new(s->loop, inlet);
    return s->runner != NULL && s->errands != NULL;
}

void shell_set_store(struct shell *s, struct store *store) {
    clock_init(&s->clock, clock_mono_us() / 1000, clock_wall_ms());
    s->store = store;
    s->store_watch = watch_new(s->loop, store_fd(store), WATCH_READ, on_store, s);
}

void shell_set_spawner(struct shell *s, struct spawner *spawner) {
    s->spawner = spawner;
    spawner_attend(spawner, s->loop, (struct inlet){ .take = take, .context = s });
}

void shell_set_rewriter(struct shell *s, struct rewriter *rewriter) {
    watch_free(s->rewriter_watch);
    s->rewriter_watch = NULL;
    s->rewriter = rewriter;
    if (rewriter != NULL)
        s->rewriter_watch = watch_new(s->loop, rewriter_fd(rewriter), WATCH_READ, on_rewriter, s);
}

void shell_fini(struct shell *s) {
    if (s->loop == NULL)
        return;
    watch_free(s->store_watch);
    runner_free(s->runner);
    spawner_free(s->spawner);
    errands_free(s->errands);
    watch_free(s->rewriter_watch);
    listeners_fini(&s->listeners);
    handshakes_fini(&s->handshakes);
    clients_fini(&s->clients);
    redis_links_fini(&s->links);
    dns_free(s->dns);
    streams_fini(&s->streams);
    tls_free(s->tls);
    engine_free(s->engine);
    effects_fini(&s->effects);
    loop_free(s->loop);
    s->loop = NULL;
}

/* ---- one wake-up ---- */

void shell_take(struct shell *s, const struct input *in) {
    bool is_timed = in->kind == INPUT_CLIENT_BYTES;
    int64_t asked_us = is_timed ? clock_mono_us() : 0;
    int64_t began_us = pace_now_us();
    size_t first = s->effects.count;
    recorder_input(s->recorder, s->engine, s->clock.now, in);
    engine_step(s->engine, s->clock.now, in, &s->effects);
    recorder_effects(s->recorder, s->engine, &s->effects, first);
    pace_step(began_us, in, &s->effects, first);
    if (is_timed)
        s->loop_usage.requests_us += clock_mono_us() - asked_us;
}

static bool is_due(const struct shell *s) {
    return engine_deadline(s->engine) <= s->clock.now.mono_ms;
}

static int64_t microseconds(struct timeval t) {
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

struct descriptor_usage shell_descriptors(const struct shell *s) {
    return (struct descriptor_usage){
        .max = s->descriptors,
        .links = descriptors_for_links(s->descriptors),
        .starved = s->links.starved,
    };
}

static struct client_usage usage_of_clients(const struct shell *s) {
    struct client_usage usage = clients_usage(&s->clients);
    usage.handshakes = s->handshakes.count;
    usage.handshakes_cut = s->handshakes.cut;
    return usage;
}

static void tell_usage(struct shell *s) {
    int64_t now_ms = s->clock.now.mono_ms;
    if (tstamp_is_recent(now_ms, s->usage_told_ms, USAGE_PERIOD_MS))
        return;
    s->usage_told_ms = now_ms;
    s->descriptors = descriptors_raise(); /* prlimit may have changed it */
    struct rusage self, children, loop;
    if (getrusage(RUSAGE_SELF, &self) < 0 || getrusage(RUSAGE_CHILDREN, &children) < 0 ||
        getrusage(RUSAGE_THREAD, &loop) < 0)
        return;
    shell_take(s,
        &(struct input){
            .kind = INPUT_USAGE,
            .usage = {
                .sys_us = microseconds(self.ru_stime),
                .user_us = microseconds(self.ru_utime),
                .children_sys_us = microseconds(children.ru_stime),
                .children_user_us = microseconds(children.ru_utime),
                .loop_sys_us = microseconds(loop.ru_stime),
                .loop_user_us = microseconds(loop.ru_utime),
                .loop = s->loop_usage,
                .clients = usage_of_clients(s),
                .stalls = s->clock.stalls,
                .descriptors = shell_descriptors(s),
                .memory = {
                    .allowed = memory_allowed(MEMORY_CGROUPS, MEMORY_MOUNTED),
                    .used = memory_used(),
                },
            },
        });
    s->loop_usage.longest_us = 0;
}

static void judge(struct shell *s) {
    static const struct input timer = { .kind = INPUT_TIMER };
    shell_take(s, &timer);
}

/* Does what is asked for. The disk works while we write. Hundreds of failovers at once are the work
 * of many slices: clients are answered in between, not after them. */
static void carry_out(struct shell *s) {
    s->log->threshold = engine_log_level(s->engine);
    struct performer performer = {
        .links = &s->links,
        .clients = &s->clients,
        .dns = s->dns,
        .log = s->log,
        .store = s->store,
        .errands = s->errands,
        .runner = s->runner,
        .spawner = s->spawner,
        .rewriter = s->rewriter,
    };
    for (;;) {
        int64_t until_us = clock_mono_us() + SLICE_US;
        perform_hurried(&performer, &s->clock.now, &s->effects);
        bool is_done = perform(&performer, &s->clock.now, &s->effects, until_us);
        bool is_flushed = streams_flush(&s->streams, performer.stop ? TSTAMP_NEVER : until_us);
        if (is_done && is_flushed)
            break;
        pace_moment("answered");
        loop_poll_hurried(s->loop);
        loop_dispatch_hurried(s->loop);
    }
    s->are_links_begun = redis_links_begin(&s->links, clock_mono_us() + SLICE_US);
    (void)streams_flush(&s->streams, TSTAMP_NEVER);
    pace_moment("flushed");
    logsink_flush(s->log);
    effects_clear(&s->effects);
    if (performer.stop) {
        s->stopping = true;
        s->status = performer.status;
    }
}

/* Thousands of links may be ready at once: clients are answered in between, not after them. */
static void dispatch(struct shell *s) {
    for (;;) {
        bool is_read = loop_dispatch(s->loop, clock_mono_us() + SLICE_US);
        bool is_told = redis_links_report(&s->links, clock_mono_us() + SLICE_US);
        if (is_read && is_told)
            return;
        carry_out(s);
        if (s->stopping)
            return;
        loop_poll_hurried(s->loop);
    }
}

/* Before the deadline nothing can be found silent, and one round will do. */
static void gather(struct shell *s) {
    if (store_deadline(s->store) <= s->clock.now.mono_ms)
        tell_outcome(s);
    int rounds = 0;
    do {
        dispatch(s);
        dns_report(s->dns);
    } while (++rounds < GATHER_ROUNDS_MAX && is_due(s) && loop_poll(s->loop) > 0);
    s->are_handshakes_done = handshakes_step(&s->handshakes, clock_mono_us() + SLICE_US);
}

static void refresh_tls(struct shell *s) {
    struct buf why = BUF_INIT;
    enum tls_change change = tls_refresh(s->tls, s->clock.now.mono_ms, &why);
    if (change == TLS_CHANGED)
        logsink_printf(s->log, s->clock.now.wall_ms, LOG_NOTICE,
            "TLS: its files have changed and were read again");
    else if (change == TLS_REFUSED)
        logsink_printf(s->log, s->clock.now.wall_ms, LOG_WARNING,
            "TLS: its files have changed and cannot be used, those of before hold: %s",
            buf_text(&why));
    buf_fini(&why);
}

/* Carries out what is asked for, then hands in what came of it. */
static void settle_once(struct shell *s) {
    carry_out(s);
    if (s->stopping)
        return;
    (void)redis_links_report(&s->links, clock_mono_us() + SLICE_US);
    clients_report(&s->clients);
    dns_report(s->dns);
    if (is_due(s))
        judge(s);
}

static void settle(struct shell *s) {
    int64_t until_us = clock_mono_us() + SETTLE_MAX_US;
    int rounds = 0;
    do
        settle_once(s);
    while (!s->stopping && s->effects.count > 0 && ++rounds < SETTLE_ROUNDS_MAX &&
        clock_mono_us() < until_us);
}

void shell_when_settled(struct shell *s, void (*callback)(void *context), void *context) {
    s->settled = callback;
    s->settled_context = context;
}

static void call_back_settled(struct shell *s) {
    void (*callback)(void *context) = s->settled;
    if (callback == NULL || s->stopping || s->effects.count > 0)
        return;
    s->settled = NULL;
    callback(s->settled_context);
    judge(s);
    settle(s);
}

static void tell_stall(struct shell *s) {
    int64_t stall_ms = clock_tell_stall(&s->clock);
    if (stall_ms > 0)
        logsink_printf(s->log, s->clock.now.wall_ms, LOG_WARNING,
            "this process did not run for %lld ms, or was busy for so long; silence was not counted "
            "meanwhile",
            (long long)stall_ms);
}

static void hand_over_recording(struct shell *s) {
    struct buf why = BUF_INIT;
    if (recorder_hand_over(s->recorder, &why))
        logsink_printf(s->log, s->clock.now.wall_ms, LOG_WARNING, "the recording has ended: %s",
            buf_text(&why));
    buf_fini(&why);
}

/* Hundreds of links are answered one after the other by ends that run beside us: whoever looks
 * after each answer looks a thousand times a second, and finds one or two. As long as no client has
 * asked lately, they are let gather. */
static void let_gather(struct shell *s, int64_t until_ms) {
    uint64_t hurried = loop_hurried_count(s->loop);
    bool is_quiet = hurried == s->hurried_count;
    s->hurried_count = hurried;
    if (is_quiet && s->links.count >= CROWD_LINKS && until_ms > s->clock.now.mono_ms + 1)
        (void)nanosleep(&(struct timespec){ .tv_nsec = GATHER_PAUSE_US * 1000 }, NULL);
}

/* What timers and the scheduler take at all times is no lateness. */
static void note_late(struct shell *s, int64_t due_us) {
    int64_t late_us = s->woke_us - due_us;
    if (late_us > LATE_MIN_US)
        s->loop_usage.late_us += late_us;
}

static void sleep_until_due(struct shell *s) {
    int64_t slept_us = clock_mono_us();
    bool is_busy = s->effects.count > 0 || !s->are_links_begun || !s->are_handshakes_done ||
        !list_is_empty(&s->links.lost);
    int64_t until_ms =
        is_busy ? 0 : tstamp_min(engine_deadline(s->engine), store_deadline(s->store));
    until_ms = tstamp_min(until_ms, handshakes_deadline(&s->handshakes));
    until_ms = tstamp_min(until_ms, tls_deadline(s->tls));
    until_ms = tstamp_min(until_ms, dns_deadline(s->dns, slept_us / 1000));
    s->loop_usage.busy_us += slept_us - s->woke_us;
    s->loop_usage.longest_us = MAX_OF(s->loop_usage.longest_us, slept_us - s->woke_us);
    clock_sleep(&s->clock, slept_us / 1000, until_ms);
    let_gather(s, until_ms);
    loop_wait(s->loop, until_ms);
    pace_moment("woke");
    s->woke_us = clock_mono_us();
    s->loop_usage.wakes++;
    if (until_ms != TSTAMP_NEVER)
        note_late(s, MAX_OF(until_ms * 1000, slept_us));
    clock_wake(&s->clock, s->woke_us / 1000, clock_wall_ms());
    tell_stall(s);
}

int shell_run(struct shell *s) {
    s->woke_us = clock_mono_us();
    settle(s); /* what engine_new asked for */
    while (!s->stopping) {
        sleep_until_due(s);
        gather(s);
        if (s->stopping)
            break;
        tell_usage(s);
        refresh_tls(s);
        judge(s);
        settle(s);
        call_back_settled(s);
        hand_over_recording(s);
    }
    return s->status;
}
