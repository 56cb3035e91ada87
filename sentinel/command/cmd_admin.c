/* What operators ask for. The core does it; here the words are checked, and the core's outcomes get
 * their texts. */
#include "sentinel/command/cmd_admin.h"

#include "common/mem.h"
#include "config/value.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
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

static bool names_script(const struct option *o) {
    return o != NULL && o->scope == OPTION_GROUP &&
        (o->offset == offsetof(struct group_settings, notification_script) ||
            o->offset == offsetof(struct group_settings, reconfig_script));
}

/* The change that begins at *index, which moves on. One that nobody can understand has no option.
 */
static struct admin_change read_change(const struct call *call, size_t *index) {
    struct slice word = call->args[*index];
    const struct option *o = find_option(word);
    size_t values = o != NULL && o->type == OPTION_TYPE_RENAMES ? 2 : 1;
    if (o == NULL || call->count - *index <= values) {
        *index = call->count;
        return (struct admin_change){ .is_refused = true, .word = word };
    }
    struct admin_change change = {
        .option = o,
        .is_refused = names_script(o) && call->core->settings.deny_scripts_reconfig,
        .word = word,
        .value = call->args[*index + 1],
        .second = values == 2 ? call->args[*index + 2] : SLICE_EMPTY,
    };
    *index += 1 + values;
    return change;
}

/* Reads the options behind the group's name, up to the first that nobody can understand. Returns
 * how many. */
static size_t read_changes(const struct call *call, struct admin_change *changes) {
    size_t count = 0;
    for (size_t i = FIRST_ARGUMENT + 1; i < call->count;)
        changes[count++] = read_change(call, &i);
    return count;
}

static void refuse_change(struct call *call, const struct admin_change *change) {
    if (change->option == NULL) {
        resp_errorf(&call->reply,
            "ERR Unknown option or number of arguments for SENTINEL SET '" SLICE_FMT "'",
            SLICE_ARG(change->word));
    } else if (names_script(change->option) && call->core->settings.deny_scripts_reconfig) {
        resp_error(&call->reply,
            SLICE_LITERAL("ERR Reconfiguration of scripts path is denied for security reasons. "
                          "Check the deny-scripts-reconfig configuration directive in your "
                          "Sentinel configuration"));
    } else if (names_script(change->option)) {
        bool notifies = slice_is(slice_of(change->option->set_name), "notification-script");
        resp_errorf(&call->reply, "ERR %s script seems non existing or non executable%s",
            notifies ? "Notification" : "Client reconfiguration",
            call->core->settings.script_dirs != NULL ? ", or script_dirs does not allow it" : "");
    } else {
        bool second =
            change->option->type == OPTION_TYPE_RENAMES && value_is_command(change->value);
        resp_errorf(&call->reply,
            "ERR Invalid argument '" SLICE_FMT "' for SENTINEL SET '" SLICE_FMT "'",
            SLICE_ARG(second ? change->second : change->value), SLICE_ARG(change->word));
    }
}

static void apply_changes(
    struct call *call, struct group *g, const struct admin_change *changes, size_t count) {
    uint64_t seq;
    size_t applied = admin_set(call->core, g, changes, count, &seq);
    if (applied < count)
        refuse_change(call, &changes[applied]);
    else
        reply_ok_after(call, seq);
}

/* Whether the file that a change names has to be looked at. */
static bool is_to_be_checked(const struct admin_change *change) {
    return names_script(change->option) && !change->is_refused && change->value.size > 0;
}

/* Asks for a look at the files that are to be scripts. false if there are none. */
static bool check_scripts(struct call *call, const struct admin_change *changes, size_t count) {
    struct slice *paths = mem_alloc(count * sizeof(paths[0]));
    size_t path_count = 0;
    for (size_t i = 0; i < count; i++)
        if (is_to_be_checked(&changes[i]))
            paths[path_count++] = changes[i].value;
    if (path_count > 0) {
        effects_add_words(call->core->out, EFFECT_CHECK_SCRIPTS, paths, path_count)->client =
            call->session->id;
        call_await_again(call);
    }
    mem_free(paths);
    return path_count > 0;
}

void run_sentinel_set(struct call *call) {
    if (!call_check_characters(call, FIRST_ARGUMENT, "SENTINEL SET"))
        return;
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    struct admin_change *changes = mem_alloc(call->count * sizeof(changes[0]));
    size_t count = read_changes(call, changes);
    if (!check_scripts(call, changes, count))
        apply_changes(call, g, changes, count);
    mem_free(changes);
}

/* The same request with its scripts looked at; the group may be gone meanwhile. */
static void go_on_with_set(struct call *call, const void *context) {
    size_t unfit = *(const size_t *)context;
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    struct admin_change *changes = mem_alloc(call->count * sizeof(changes[0]));
    size_t count = read_changes(call, changes), checked = 0;
    for (size_t i = 0; i < count; i++)
        if (is_to_be_checked(&changes[i]))
            changes[i].is_refused = checked++ == unfit;
    apply_changes(call, g, changes, count);
    mem_free(changes);
}

void answer_sentinel_set(struct server *server, struct client_id client, size_t unfit) {
    server_answer(server, client, go_on_with_set, &unfit);
}

/* ---- the rest ---- */

void run_sentinel_reset(struct call *call) {
    resp_integer(&call->reply, (int64_t)admin_reset(call->core, call->args[2]));
}

static void refuse_failover_option(struct call *call) {
    if (core_compat(call->core) == COMPAT_VALKEY)
        resp_error(&call->reply, SLICE_LITERAL("ERR Unknown failover option specified"));
    else
        call_refuse_count(call, call->command);
}

void run_sentinel_failover(struct call *call) {
    bool has_option = call->count > 3;
    if (call->count > 4) {
        call_refuse_count(call, call->command);
        return;
    }
    struct group *g = call_group(call);
    if (g == NULL)
        return;
    if (has_option && !slice_is_nocase(call->args[3], "coordinated")) {
        refuse_failover_option(call);
        return;
    }
    switch (admin_failover(call->core, g, has_option ? ADMIN_COORDINATED : ADMIN_FORCED)) {
    case 0:
        reply_ok(call);
        break;
    case ADMIN_E_NO_GOOD_MASTER:
        resp_error(
            &call->reply, SLICE_LITERAL("NOGOODPRIMARY Primary does not support FAILOVER command"));
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
