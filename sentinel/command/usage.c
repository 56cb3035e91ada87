/* What the shell tells of the process once a second: kept for INFO, and said in the log where
 * something is scarce, each at most once a minute. */
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#define TOLD_PAUSE_MS (60 * 1000)

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

void server_take_usage(struct server *s, const struct usage *usage) {
    measure_loop(s, &usage->loop);
    s->usage = *usage;
    log_evicted(s);
    log_starved(s);
}
