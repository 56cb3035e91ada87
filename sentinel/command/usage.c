/* What the shell tells of the process once a second: kept for INFO, and said in the log where
 * something is scarce, each at most once a minute. */
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#define TOLD_PAUSE_MS        (60 * 1000)
#define OVERLOADED_PER_MILLE 800
#define RELIEVED_PER_MILLE   500
#define MEMORY_SHORT_PERCENT 90
#define MEMORY_EASED_PERCENT 80

/* Whether so much is worth a line now: it grew, and the last line is old enough. */
static bool may_tell(
    const struct server *s, struct told *told, uint64_t count, uint64_t *ret_more) {
    if (count == told->count || tstamp_is_recent(s->core->now.mono_ms, told->at_ms, TOLD_PAUSE_MS))
        return false;
    *ret_more = count - told->count;
    told->count = count;
    told->at_ms = s->core->now.mono_ms;
    return true;
}

static void measure_loop(struct server *s, const struct loop_usage *now) {
    const struct loop_usage *before = &s->usage.loop;
    uint64_t wakes = now->wakes - before->wakes;
    int64_t passed_ms = tstamp_age(s->core->now.mono_ms, s->stats.usage_ms);
    if (passed_ms == 0 || wakes == 0)
        return;
    s->stats.wakes_per_second = wakes * 1000 / (uint64_t)passed_ms;
    s->stats.us_per_wake = (uint64_t)(now->busy_us - before->busy_us) / wakes;
    s->stats.usage_ms = s->core->now.mono_ms;
}

static void note_load(struct server *s, const struct usage *now) {
    const struct usage *before = &s->usage;
    if (s->stats.usage_ms == 0) /* the first one: since when? */
        return;
    int64_t cpu_us =
        now->loop_sys_us + now->loop_user_us - before->loop_sys_us - before->loop_user_us;
    s->spans[s->next_span] = (struct load){
        .passed_us = tstamp_age(s->core->now.mono_ms, s->stats.usage_ms) * 1000,
        .busy_us = now->loop.busy_us - before->loop.busy_us,
        .late_us = now->loop.late_us - before->loop.late_us,
        .cpu_us = cpu_us,
        .longest_us = now->loop.longest_us,
    };
    s->next_span = (s->next_span + 1) % LOAD_SPANS;
}

struct load server_load(const struct server *s) {
    struct load sum = { .passed_us = 0 };
    for (size_t i = 0; i < LOAD_SPANS; i++) {
        const struct load *span = &s->spans[i];
        sum.passed_us += span->passed_us;
        sum.busy_us += span->busy_us;
        sum.late_us += span->late_us;
        sum.cpu_us += span->cpu_us;
        sum.longest_us = MAX_OF(sum.longest_us, span->longest_us);
    }
    return sum;
}

int64_t load_per_mille(const struct load *l, int64_t part_us) {
    return l->passed_us > 0 && part_us > 0 ? MIN_OF(part_us / MAX_OF(l->passed_us / 1000, 1), 1000)
                                           : 0;
}

static void log_load(struct server *s) {
    const struct load sum = server_load(s);
    int64_t share = load_per_mille(&sum, sum.busy_us + sum.late_us);
    bool is_known = s->spans[s->next_span].passed_us > 0; /* the ring is full */
    if (!is_known || tstamp_is_recent(s->core->now.mono_ms, s->told.load_ms, TOLD_PAUSE_MS))
        return;
    if (share > OVERLOADED_PER_MILLE) {
        core_log(s->core, LOG_WARNING,
            "the processor does not suffice: in the last %lld s busy for %lld %% with %lld %% of a "
            "processor, late for %lld %%, %lld ms in one turn at most; %zu groups, %zu clients",
            (long long)(sum.passed_us / 1000000), (long long)load_per_mille(&sum, sum.busy_us) / 10,
            (long long)load_per_mille(&sum, sum.cpu_us) / 10,
            (long long)load_per_mille(&sum, sum.late_us) / 10, (long long)(sum.longest_us / 1000),
            map_count(&s->core->groups), server_count_clients(s));
        s->told.load_ms = s->core->now.mono_ms;
        s->is_overloaded = true;
    } else if (s->is_overloaded && share < RELIEVED_PER_MILLE) {
        core_log(s->core, LOG_WARNING, "the processor suffices again");
        s->is_overloaded = false;
    }
}

static void log_evicted(struct server *s) {
    uint64_t more;
    if (may_tell(s, &s->told.evicted, s->usage.clients.evicted, &more))
        core_log(s->core, LOG_WARNING,
            "descriptors are scarce: %llu clients closed, those idle longest, to make room for links",
            (unsigned long long)more);
}

static void log_starved(struct server *s) {
    uint64_t more;
    if (may_tell(s, &s->told.starved, s->usage.descriptors.starved, &more))
        core_log(s->core, LOG_WARNING,
            "no descriptor was left for %llu connections to servers and peers: this process may have "
            "%llu open files, needed are %zu, or the system has no more (fs.file-max). Those that stand "
            "go on",
            (unsigned long long)more, (unsigned long long)s->usage.descriptors.max,
            room_needed_descriptors(s->core));
}

/* Beyond what is allowed the system ends the process. */
static void log_memory(struct server *s) {
    const struct memory_usage *m = &s->usage.memory;
    const uint64_t mib = 1024 * 1024;
    uint64_t percent = m->allowed >= 100 ? m->used / (m->allowed / 100) : 0;
    if (!s->is_short_of_memory && percent >= MEMORY_SHORT_PERCENT) {
        core_log(s->core, LOG_WARNING,
            "memory is short: %llu MiB of the %llu MiB that are allowed are in use (systemd: MemoryMax, "
            "containers: their limit); %zu groups, %zu clients",
            (unsigned long long)(m->used / mib), (unsigned long long)(m->allowed / mib),
            map_count(&s->core->groups), server_count_clients(s));
        s->is_short_of_memory = true;
    } else if (s->is_short_of_memory && percent < MEMORY_EASED_PERCENT) {
        core_log(s->core, LOG_WARNING, "memory suffices again");
        s->is_short_of_memory = false;
    }
}

void server_take_usage(struct server *s, const struct usage *usage) {
    note_load(s, usage);
    measure_loop(s, &usage->loop);
    s->usage = *usage;
    log_evicted(s);
    log_starved(s);
    log_load(s);
    log_memory(s);
}
