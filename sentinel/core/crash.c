#include "sentinel/core/crash.h"

#include "sentinel/core/core.h"
#include "sentinel/core/link.h"

/* 0 = refusals do not count. */
static int64_t limit_of(const struct node *n) {
    return n->kind == ROLE_MASTER ? n->group->settings.crash_after_ms : 0;
}

static int64_t pause_of(int64_t limit_ms) {
    return MAX_OF(limit_ms / 4, CRASH_ATTEMPT_MIN_MS);
}

/* Whether a refusal goes on with those before. One that took long says nothing of the time since it
 * was tried; and who stood still between two of them, as only the monotonic clock tells, has not
 * seen whether the server lived meanwhile. */
static bool goes_on(const struct core *c, const struct node *n, const struct link *l) {
    int64_t limit_ms = limit_of(n);
    return n->refused_since_ms != 0 && tstamp_age(c->now.mono_ms, l->tried_ms) <= limit_ms &&
        tstamp_age(c->now.mono_ms, n->refused_tried_ms) <= pause_of(limit_ms) + limit_ms;
}

void crash_note_attempt(const struct core *c, const struct link *l, bool refused) {
    struct node *n = l->node;
    if (n == NULL || l->purpose != LINK_COMMAND)
        return;
    if (!refused)
        n->refused_since_ms = 0;
    else if (!goes_on(c, n, l))
        n->refused_since_ms = c->now.heard_ms;
    /* Its beginning: the answer may have waited for us while we did not run. */
    n->refused_last_ms = l->tried_heard_ms;
    n->refused_tried_ms = l->tried_ms;
}

void crash_begin_anew(struct node *n) {
    n->refused_since_ms = 0;
}

bool crash_judge(struct node *n) {
    int64_t limit_ms = limit_of(n);
    if (limit_ms == 0)
        n->crashed = false;
    else if (n->refused_since_ms != 0 && n->refused_last_ms - n->refused_since_ms >= limit_ms)
        n->crashed = true;
    return n->crashed;
}

int64_t crash_next_attempt(const struct link *l, int64_t next_ms) {
    const struct node *n = l->node;
    if (n == NULL || l->purpose != LINK_COMMAND || limit_of(n) == 0 || n->crashed)
        return next_ms;
    int64_t limit_ms = limit_of(n);
    next_ms = MIN_OF(next_ms, l->tried_heard_ms + pause_of(limit_ms));
    int64_t verdict_ms = n->refused_since_ms + limit_ms;
    bool counts = n->refused_since_ms != 0 && l->tried_heard_ms < verdict_ms;
    return counts ? MIN_OF(next_ms, verdict_ms) : next_ms;
}
