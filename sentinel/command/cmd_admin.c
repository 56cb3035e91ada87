/* What operators ask for. The core does it; here the words are checked, and the core's outcomes get
 * their texts. */
#include "common/mem.h"
#include "config/value.h"
#include "sentinel/command/call.h"
#include "sentinel/core/admin.h"
#include "sentinel/core/core.h"

#define FIRST_ARGUMENT 2 /* behind SENTINEL and the subcommand */

/* ---- arguments ---- */

/* ---- REMOVE ---- */

void run_sentinel_remove(struct call *call) {
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    uint64_t seq;
    admin_remove(call->core, g, &seq);
    reply_ok_after(call, seq);
}

/* ---- SET ---- */

static const struct option *find_option(struct slice word) {
    const struct option *o = option_by_set_name(word);
    return o != NULL && o->scope == OPTION_GROUP ? o : NULL;
}

static bool names_script(struct slice option) {
    return slice_is_nocase(option, "notification-script") ||
        slice_is_nocase(option, "client-reconfig-script");
}

/* Reads the options behind the group's name. Returns how many, or 0 after refusing. */
static size_t read_changes(struct call *call, struct admin_change *changes) {
    size_t count = 0;
    for (size_t i = FIRST_ARGUMENT + 1; i < call->count;) {
        struct slice word = call->args[i];
        if (names_script(word) && i + 1 < call->count) {
            resp_error(&call->reply,
                SLICE_LITERAL("ERR Reconfiguration of scripts path is denied for security reasons. "
                              "Check the deny-scripts-reconfig configuration directive in your "
                              "Sentinel configuration"));
            return 0;
        }
        const struct option *o = find_option(word);
        size_t values = o != NULL && o->type == OPTION_TYPE_RENAMES ? 2 : 1;
        if (o == NULL || call->count - i <= values) {
            resp_errorf(&call->reply,
                "ERR Unknown option or number of arguments for SENTINEL SET '" SLICE_FMT "'",
                SLICE_ARG(word));
            return 0;
        }
        changes[count++] = (struct admin_change){
            .option = o,
            .word = word,
            .value = call->args[i + 1],
            .second = values == 2 ? call->args[i + 2] : SLICE_EMPTY,
        };
        i += 1 + values;
    }
    return count;
}

static void refuse_value(struct call *call, const struct admin_change *change) {
    bool second = change->option->type == OPTION_TYPE_RENAMES && value_is_command(change->value);
    struct slice value = second ? change->second : change->value;
    resp_errorf(&call->reply,
        "ERR Invalid argument '" SLICE_FMT "' for SENTINEL SET '" SLICE_FMT "'", SLICE_ARG(value),
        SLICE_ARG(change->word));
}

static void apply_changes(
    struct call *call, struct group *g, const struct admin_change *changes, size_t count) {
    uint64_t seq;
    size_t applied = admin_set(call->core, g, changes, count, &seq);
    if (applied < count)
        refuse_value(call, &changes[applied]);
    else
        reply_ok_after(call, seq);
}

void run_sentinel_set(struct call *call) {
    if (!call_check_characters(call, FIRST_ARGUMENT, "SENTINEL SET"))
        return;
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    struct admin_change *changes = mem_alloc(call->count * sizeof(changes[0]));
    size_t count = read_changes(call, changes);
    if (count > 0)
        apply_changes(call, g, changes, count);
    mem_free(changes);
}

/* ---- the rest ---- */

void run_sentinel_reset(struct call *call) {
    resp_integer(&call->reply, (int64_t)admin_reset(call->core, call->args[2]));
}

void run_sentinel_failover(struct call *call) {
    if (call->count > 3) {
        call_refuse_count(call, call->command);
        return;
    }
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    switch (admin_failover(call->core, g)) {
    case 0:
        reply_ok(call);
        break;
    case ADMIN_E_IN_PROGRESS:
        resp_error(&call->reply, SLICE_LITERAL("INPROG Failover already in progress"));
        break;
    default: /* ADMIN_E_NO_GOOD_REPLICA */
        resp_error(&call->reply, SLICE_LITERAL("NOGOODSLAVE No suitable replica to promote"));
        break;
    }
}

void run_sentinel_flushconfig(struct call *call) {
    reply_ok_after(call, admin_flush(call->core));
}
