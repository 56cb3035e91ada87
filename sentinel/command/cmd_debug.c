/* SENTINEL DEBUG and SIMULATE-FAILURE: the periods of this process, and crashes at the two worst
 * moments of a failover. Source: spec 10.16, 10.17. */
#include "sentinel/command/call.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#define FIRST_ARGUMENT 2 /* behind SENTINEL and the subcommand */

/* ---- DEBUG ---- */

/* In the order in which they are printed. */
static const struct period {
    const char *name;
    size_t offset; /* in struct periods */
} period_table[] = {
    { "INFO-PERIOD", offsetof(struct periods, info) },
    { "PING-PERIOD", offsetof(struct periods, ping) },
    { "ASK-PERIOD", offsetof(struct periods, ask) },
    { "PUBLISH-PERIOD", offsetof(struct periods, publish) },
    { "DEFAULT-DOWN-AFTER", offsetof(struct periods, default_down_after) },
    { "DEFAULT-FAILOVER-TIMEOUT", offsetof(struct periods, default_failover_timeout) },
    { "TILT-TRIGGER", offsetof(struct periods, tilt_trigger) },
    { "TILT-PERIOD", offsetof(struct periods, tilt) },
    { "SLAVE-RECONF-TIMEOUT", offsetof(struct periods, reconf) },
    { "MIN-LINK-RECONNECT-PERIOD", offsetof(struct periods, min_link_age) },
    { "ELECTION-TIMEOUT", offsetof(struct periods, election) },
    { "SCRIPT-MAX-RUNTIME", offsetof(struct periods, script_runtime) },
    { "SCRIPT-RETRY-DELAY", offsetof(struct periods, script_retry) },
};

static int64_t *period_value(struct periods *periods, const struct period *p) {
    return (int64_t *)((char *)periods + p->offset);
}

static const struct period *find_period(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(period_table); i++) {
        if (slice_is_nocase(name, period_table[i].name))
            return &period_table[i];
    }
    return NULL;
}

static void print_periods(struct call *call) {
    resp_map(&call->reply, ARRAY_SIZE(period_table));
    for (size_t i = 0; i < ARRAY_SIZE(period_table); i++) {
        resp_bulk_text(&call->reply, period_table[i].name);
        resp_bulk_i64(&call->reply, *period_value(&call->core->periods, &period_table[i]));
    }
}

/* One after the other: those before a bad one hold. */
static bool set_periods(struct call *call) {
    for (size_t i = FIRST_ARGUMENT; i < call->count; i += 2) {
        const struct period *p = find_period(call->args[i]);
        int64_t value;
        if (p == NULL || i + 1 == call->count) {
            resp_errorf(&call->reply,
                "ERR Unknown option or number of arguments for SENTINEL DEBUG '" SLICE_FMT "'",
                SLICE_ARG(call->args[i]));
            return false;
        }
        if (!slice_to_i64(call->args[i + 1], &value) || value <= 0 || value > PERIOD_MAX_MS) {
            resp_errorf(&call->reply,
                "ERR Invalid argument '" SLICE_FMT "' for SENTINEL DEBUG '" SLICE_FMT "'",
                SLICE_ARG(call->args[i + 1]), SLICE_ARG(call->args[i]));
            return false;
        }
        *period_value(&call->core->periods, p) = value;
    }
    return true;
}

void run_sentinel_debug(struct call *call) {
    if (call->count == FIRST_ARGUMENT) {
        print_periods(call);
        return;
    }
    bool is_well = set_periods(call);
    core_touch_all(call->core); /* deadlines follow from periods */
    if (is_well)
        reply_ok(call);
}

/* ---- SIMULATE-FAILURE ---- */

static const struct {
    const char *name;
    enum failure failure;
} failure_table[] = {
    { "crash-after-election", FAILURE_AFTER_ELECTION },
    { "crash-after-promotion", FAILURE_AFTER_PROMOTION },
};

static enum failure find_failure(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(failure_table); i++) {
        if (slice_is_nocase(name, failure_table[i].name))
            return failure_table[i].failure;
    }
    return FAILURE_NONE;
}

void run_sentinel_simulate_failure(struct call *call) {
    struct core *c = call->core;
    c->failures = FAILURE_NONE;
    for (size_t i = FIRST_ARGUMENT; i < call->count; i++) {
        enum failure failure = find_failure(call->args[i]);
        if (failure != FAILURE_NONE) {
            c->failures |= failure;
            core_log(c, LOG_WARNING, "Failure simulation: this Sentinel will crash after %s",
                failure == FAILURE_AFTER_ELECTION ? "being successfully elected as failover leader"
                                                  : "promoting the selected replica to master");
        } else if (slice_is_nocase(call->args[i], "help")) {
            resp_array(&call->reply, ARRAY_SIZE(failure_table));
            for (size_t k = 0; k < ARRAY_SIZE(failure_table); k++)
                resp_bulk_text(&call->reply, failure_table[k].name);
            return;
        } else {
            resp_error(&call->reply, SLICE_LITERAL("ERR Unknown failure simulation specified"));
            return;
        }
    }
    reply_ok(call);
}
