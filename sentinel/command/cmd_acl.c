/* ACL: users and their rights, and what was refused for want of them. */
#include "common/mem.h"
#include "sentinel/command/access.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

static struct acl *acl_of(const struct call *call) {
    return &call->server->access.acl;
}

bool call_has_too_many(struct call *call) {
    if (call->count <= 3)
        return false;
    resp_errorf(&call->reply,
        "ERR unknown subcommand or wrong number of arguments for '" SLICE_FMT "'. Try ACL HELP.",
        SLICE_ARG(slice_sub(call->args[1], 0, 128)));
    return true;
}

/* ---- users ---- */

void run_acl_whoami(struct call *call) {
    resp_bulk(&call->reply, acl_user_name(call->session->user));
}

static void write_users(struct call *call, bool with_rules) {
    struct acl_user **users = acl_sorted(acl_of(call));
    size_t count = map_count(&acl_of(call)->users);
    struct buf line = BUF_INIT;
    resp_array(&call->reply, count);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&line);
        if (with_rules)
            acl_print_user(users[i], &line);
        else
            buf_add_slice(&line, acl_user_name(users[i]));
        resp_bulk(&call->reply, buf_slice(&line));
    }
    buf_fini(&line);
    mem_free(users);
}

void run_acl_users(struct call *call) {
    write_users(call, false);
}

void run_acl_list(struct call *call) {
    write_users(call, true);
}

/* ---- GETUSER ---- */

typedef void printer(const struct acl_selector *s, struct buf *out);

static void write_printed(
    struct call *call, const char *key, printer *print, const struct acl_selector *s) {
    struct buf text = BUF_INIT;
    print(s, &text);
    resp_bulk_text(&call->reply, key);
    resp_bulk(&call->reply, buf_slice(&text));
    buf_fini(&text);
}

/* Valkey 9 has rights to databases; here there are none to have rights to. */
static bool tells_databases(const struct call *call) {
    return core_compat(call->core) == COMPAT_VALKEY;
}

static void write_rights(struct call *call, const struct acl_selector *s) {
    write_printed(call, "commands", acl_selector_print_commands, s);
    write_printed(call, "keys", acl_selector_print_keys, s);
    write_printed(call, "channels", acl_selector_print_channels, s);
    if (tells_databases(call)) {
        resp_bulk_text(&call->reply, "databases");
        resp_bulk_text(&call->reply, "alldbs");
    }
}

static void write_flags(struct call *call, const struct acl_user *u) {
    const char *flags[ACL_FLAGS_MAX];
    size_t count = acl_user_flags(u, flags);
    resp_set(&call->reply, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk_text(&call->reply, flags[i]);
}

void run_acl_getuser(struct call *call) {
    const struct acl_user *u = acl_find(acl_of(call), call->args[2]);
    if (u == NULL) {
        resp_null(&call->reply);
        return;
    }
    size_t rights = tells_databases(call) ? 4 : 3;
    resp_map(&call->reply, 3 + rights);
    resp_bulk_text(&call->reply, "flags");
    write_flags(call, u);
    resp_bulk_text(&call->reply, "passwords");
    resp_array(&call->reply, u->password_count);
    for (size_t i = 0; i < u->password_count; i++)
        resp_bulk_text(&call->reply, u->passwords[i].hex);
    write_rights(call, &u->root);
    resp_bulk_text(&call->reply, "selectors");
    resp_array(&call->reply, u->selector_count);
    for (size_t i = 0; i < u->selector_count; i++) {
        resp_map(&call->reply, rights);
        write_rights(call, &u->selectors[i]);
    }
}

/* ---- SETUSER, DELUSER ---- */

/* The user as it would be; NULL after refusing. */
static struct acl_user *changed_user(
    struct call *call, struct slice name, const struct slice *rules, size_t count) {
    const struct acl_user *known = acl_find(acl_of(call), name);
    if (known == NULL && map_count(&acl_of(call)->users) >= ACL_USERS_MAX) {
        resp_errorf(&call->reply, "ERR There are at most %d users", ACL_USERS_MAX);
        return NULL;
    }
    struct acl_user *u = acl_user_new(name, &acl_of(call)->style);
    if (known != NULL)
        acl_user_copy(u, known);
    struct acl_change change = acl_change_user(u, rules, count);
    if (change.error == ACL_OK)
        return u;
    resp_errorf(&call->reply, "ERR Error in ACL SETUSER modifier '" SLICE_FMT "': %s",
        SLICE_ARG(change.rule), acl_error_text(change.error));
    acl_user_free(u);
    return NULL;
}

void run_acl_setuser(struct call *call) {
    struct slice name = call->args[2];
    struct slice *rules = NULL;
    size_t count = 0, open = 0;
    if (!acl_user_name_is_valid(name)) {
        resp_error(
            &call->reply, SLICE_LITERAL("ERR Usernames can't contain spaces or null characters"));
        return;
    }
    if (!acl_join_rules(call->args + 3, call->count - 3, &rules, &count, &open)) {
        resp_errorf(&call->reply,
            "ERR Unmatched parenthesis in acl selector starting at '" SLICE_FMT "'.",
            SLICE_ARG(call->args[3 + open]));
        return;
    }
    struct acl_user *u = changed_user(call, name, rules, count);
    acl_rules_free(rules, count);
    if (u == NULL)
        return;
    access_change_user(call->server, u);
    reply_ok_after(call, access_keep(call->server, name));
}

void run_acl_deluser(struct call *call) {
    int64_t removed = 0;
    bool is_self = false;
    for (size_t i = 2; i < call->count; i++) {
        if (slice_is(call->args[i], "default")) {
            resp_error(&call->reply, SLICE_LITERAL("ERR The 'default' user cannot be removed"));
            return;
        }
    }
    for (size_t i = 2; i < call->count; i++) {
        struct acl_user *u = acl_find(acl_of(call), call->args[i]);
        if (u == NULL)
            continue;
        is_self |= access_remove_user(call->server, u, call->session);
        call->rests_on = access_keep(call->server, call->args[i]);
        removed++;
    }
    resp_integer(&call->reply, removed);
    reply_unsaved_otherwise(call);
    if (is_self)
        session_end(call->session);
}

/* ---- CAT ---- */

static void count_or_write(
    struct call *call, const struct command *c, unsigned category, size_t *count) {
    if ((command_categories(c) & category) == 0 || !command_is_told(c, core_compat(call->core)))
        return;
    if (count != NULL)
        ++*count;
    else
        resp_bulk(&call->reply, c->name);
}

static void walk_category(struct call *call, unsigned category, size_t *count) {
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        count_or_write(call, c, category, count);
        for (size_t k = 0; k < c->subcommand_count; k++)
            count_or_write(call, &c->subcommands[k], category, count);
    }
}

void run_acl_cat(struct call *call) {
    if (call_has_too_many(call))
        return;
    if (call->count == 2) {
        resp_array(&call->reply, COMMAND_CATEGORY_COUNT);
        for (size_t i = 0; i < COMMAND_CATEGORY_COUNT; i++)
            resp_bulk_text(&call->reply, command_category_names[i]);
        return;
    }
    unsigned category = command_category_of(call->args[2]);
    if (category == 0) {
        resp_errorf(&call->reply, "ERR Unknown category '" SLICE_FMT "'",
            SLICE_ARG(call_shown(call->args[2])));
        return;
    }
    size_t count = 0;
    walk_category(call, category, &count);
    resp_array(&call->reply, count);
    walk_category(call, category, NULL);
}

/* ---- DRYRUN ---- */

void run_acl_dryrun(struct call *call) {
    const struct slice *args = call->args + 3;
    size_t count = call->count - 3, at = 0;
    const struct acl_user *u = acl_find(acl_of(call), call->args[2]);
    const struct command *c =
        command_of(&call->server->naming, args, count, core_compat(call->core));
    if (u == NULL) {
        resp_errorf(&call->reply, "ERR User '" SLICE_FMT "' not found", SLICE_ARG(call->args[2]));
        return;
    }
    if (c == NULL) {
        resp_errorf(&call->reply, "ERR Command '" SLICE_FMT "' not found", SLICE_ARG(args[0]));
        return;
    }
    if (!command_takes(c, count, core_compat(call->core))) {
        resp_errorf(&call->reply, "ERR wrong number of arguments for '" SLICE_FMT "' command",
            SLICE_ARG(c->name));
        return;
    }
    enum acl_verdict verdict = acl_user_check(u, c, args, count, &at);
    if (verdict == ACL_ALLOWED) {
        reply_ok(call);
        return;
    }
    struct buf text = BUF_INIT;
    access_print_refusal(u, c, verdict, args[at], &text);
    resp_bulk(&call->reply, buf_slice(&text));
    buf_fini(&text);
}

/* ---- LOG ---- */

/* A double as the originals write it: the shortest text that says the same. */
static void write_seconds(struct resp_writer *w, int64_t ms) {
    struct buf text = BUF_INIT;
    buf_printf(&text, "%lld.%03lld", (long long)ms / 1000, (long long)ms % 1000);
    struct slice shown = buf_slice(&text);
    while (shown.data[shown.size - 1] == '0')
        shown.size--;
    if (shown.data[shown.size - 1] == '.')
        shown.size--;
    if (w->version < 3)
        resp_bulk(w, shown);
    else
        buf_printf(w->out, "," SLICE_FMT "\r\n", SLICE_ARG(shown));
    buf_fini(&text);
}

static void write_text(struct resp_writer *w, const char *key, const char *text, size_t size) {
    resp_bulk_text(w, key);
    resp_bulk(w, (struct slice){ .data = text, .size = size });
}

static void write_integer(struct resp_writer *w, const char *key, int64_t value) {
    resp_bulk_text(w, key);
    resp_integer(w, value);
}

static void write_entry(struct call *call, const struct acl_log_entry *e) {
    struct resp_writer *w = &call->reply;
    struct slice reason = slice_of(acl_reason_name(e->reason));
    resp_map(w, 10);
    write_integer(w, "count", (int64_t)e->count);
    write_text(w, "reason", reason.data, reason.size);
    resp_bulk_text(w, "context");
    resp_bulk_text(w, "toplevel"); /* there are no transactions and scripts */
    write_text(w, "object", e->object, e->object_size);
    write_text(w, "username", e->user, e->user_size);
    resp_bulk_text(w, "age-seconds");
    write_seconds(w, tstamp_age(call->core->now.mono_ms, e->at_ms));
    write_text(w, "client-info", e->client, e->client_size);
    write_integer(w, "entry-id", (int64_t)e->id);
    write_integer(w, "timestamp-created", e->created_wall_ms);
    write_integer(w, "timestamp-last-updated", e->updated_wall_ms);
}

void run_acl_log(struct call *call) {
    struct acl_log *log = &call->server->access.log;
    int64_t wanted = 10;
    if (call_has_too_many(call))
        return;
    if (call->count == 3 && slice_is_nocase(call->args[2], "reset")) {
        acl_log_clear(log);
        reply_ok(call);
        return;
    }
    if (call->count == 3 && !slice_to_i64(call->args[2], &wanted)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR value is not an integer or out of range"));
        return;
    }
    size_t count = wanted < 0 ? 0 : MIN_OF(log->count, (size_t)wanted);
    resp_array(&call->reply, count);
    for (size_t i = 0; i < count; i++)
        write_entry(call, &log->entries[log->count - 1 - i]);
}

void run_acl_help(struct call *call) {
    reply_help(call, "acl", "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}
