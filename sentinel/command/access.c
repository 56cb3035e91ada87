#include "sentinel/command/access.h"

#include "common/buf.h"
#include "config/diag.h"
#include "sentinel/command/audit.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/configure.h"
#include "sentinel/core/core.h"

#include <string.h>

/* ---- users of the settings ---- */

static struct acl_style style_of(const struct settings *settings) {
    return (struct acl_style){
        .sanitize = settings->compat == COMPAT_REDIS ? ACL_SANITIZE : ACL_SANITIZE_UNSAID,
        .all_channels = settings->all_channels,
    };
}

/* Says why a user of the settings cannot be made. */
static void PRINTF_LIKE(3, 4)
    find_fault(struct diag *diag, const struct user_rules *r, const char *format, ...) {
    struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (diag != NULL)
        diag_add(diag, r->line, r->column, "Error in user declaration '%.*s': %s",
            (int)MIN_OF(user_name(r).size, (size_t)80), user_name(r).data, buf_text(&text));
    buf_fini(&text);
}

static void make_user(struct acl *a, const struct user_rules *from, struct diag *diag) {
    struct slice name = user_name(from);
    if (!acl_user_name_is_valid(name)) {
        find_fault(diag, from, "Spaces not allowed in ACL usernames");
        return;
    }
    struct acl_user *u = acl_find(a, name);
    if (u == NULL) {
        u = acl_user_new(name, &a->style);
        acl_add(a, u);
    } else {
        acl_user_reset(u);
    }
    struct slice *rules = NULL;
    size_t count = 0;
    struct slice open = SLICE_EMPTY;
    if (!acl_split_rules(secret_reveal(&from->rules), &rules, &count, &open)) {
        find_fault(diag, from, "Unmatched parenthesis in acl selector starting at '" SLICE_FMT "'.",
            SLICE_ARG(open));
        return;
    }
    struct acl_change change = acl_change_user(u, rules, count);
    if (change.error == ACL_E_UNKNOWN) /* the others may hold a password */
        find_fault(
            diag, from, "%s: " SLICE_FMT, acl_error_text(change.error), SLICE_ARG(change.rule));
    else if (change.error != ACL_OK)
        find_fault(diag, from, "%s", acl_error_text(change.error));
    acl_rules_free(rules, count);
}

/* All users that the settings name. What cannot be made was found by access_check, or is left out.
 */
static void make_all(struct acl *a, const struct settings *settings, struct diag *diag) {
    struct acl_style style = style_of(settings);
    acl_init(a, &style);
    /* An ACL file has the default user, too. */
    if (settings->acl_file == NULL && secret_is_set(&settings->client_password))
        acl_set_standard_password(a, secret_reveal(&settings->client_password));
    for (size_t i = 0; i < settings->users.count; i++)
        make_user(a, &settings->users.items[i], diag);
    if (settings->acl_file == NULL)
        return;
    struct buf why = BUF_INIT;
    if (!acl_read(a, settings->acl_file, secret_reveal(&settings->users.file_text), &why) &&
        diag != NULL)
        diag_add(diag, 0, 0, "%s", buf_text(&why));
    buf_fini(&why);
}

void access_check(const struct settings *settings, struct diag *diag) {
    struct acl acl;
    make_all(&acl, settings, diag);
    acl_fini(&acl);
}

void access_init(struct access *a, const struct settings *settings) {
    *a = (struct access){ .file_text = { .value = NULL } };
    make_all(&a->acl, settings, NULL);
    secret_set(&a->file_text, secret_reveal(&settings->users.file_text));
}

void access_fini(struct access *a) {
    acl_fini(&a->acl);
    acl_log_fini(&a->log);
    secret_fini(&a->file_text);
}

static bool users_differ(const struct acl_user *a, const struct acl_user *b) {
    struct buf left = BUF_INIT, right = BUF_INIT;
    acl_user_print(a, &left);
    acl_user_print(b, &right);
    bool differ = !slice_equal(buf_slice(&left), buf_slice(&right));
    buf_fini(&left);
    buf_fini(&right);
    return differ;
}

/* User by user, so that clients notice only what changes for them. */
static void become(struct server *s, struct acl *wanted) {
    struct acl *now = &s->access.acl;
    now->style = wanted->style;
    map_for_each(u, &now->users, struct acl_user) {
        if (acl_find(wanted, acl_user_name(u)) == NULL)
            access_remove_user(s, u, NULL);
    }
    map_for_each(u, &wanted->users, struct acl_user) {
        struct acl_user *known = acl_find(now, acl_user_name(u));
        if (known != NULL && !users_differ(known, u))
            continue;
        struct acl_user *copy = acl_user_new(acl_user_name(u), &wanted->style);
        acl_user_copy(copy, u);
        access_change_user(s, copy);
    }
}

void access_reload(struct server *s) {
    const struct settings *settings = &s->core->settings;
    struct acl wanted;
    bool file_changed = !secret_equal(&s->access.file_text, &settings->users.file_text);
    s->access.acl.style = style_of(settings);
    make_all(&wanted, settings, NULL);
    /* What ACL SETUSER did since the ACL file was read stands until the file says something else.
     */
    if (settings->acl_file == NULL || file_changed)
        become(s, &wanted);
    acl_fini(&wanted);
    secret_set(&s->access.file_text, secret_reveal(&settings->users.file_text));
}

/* ---- one client ---- */

/* The default user comes in without a password. */
static bool is_open(const struct acl *a) {
    return a->standard->no_password && a->standard->enabled;
}

static bool is_of_this_host(const struct endpoint *e) {
    return endpoint_is_path(e) || strncmp(e->host, "127.", 4) == 0 || strcmp(e->host, "::1") == 0;
}

bool access_admits(
    const struct access *a, const struct settings *settings, const struct endpoint *from) {
    return !settings->protected_mode || !a->acl.standard->no_password || is_of_this_host(from);
}

void access_enter(struct session *s) {
    const struct acl *a = &s->server->access.acl;
    s->user = a->standard;
    s->is_logged_in = is_open(a);
}

bool access_is_barred(const struct session *s) {
    return !s->is_logged_in && !is_open(&s->server->access.acl);
}

static void note(
    struct call *call, enum acl_reason reason, struct slice object, struct slice user) {
    struct buf client = BUF_INIT;
    client_print(call->session, call->core->now.mono_ms, &client);
    const struct acl_refusal refusal = {
        .reason = reason,
        .object = object,
        .user = user,
        .client = slice_trim(buf_slice(&client)),
    };
    call->server->access.refused[reason]++;
    acl_log_add(&call->server->access.log, &refusal, &call->core->now,
        (size_t)call->core->settings.acl_log_max);
    buf_fini(&client);
}

/* Whether no login from there is looked at any more, for the time being. */
static bool is_held_off(struct call *call) {
    int64_t max = call->core->settings.limits.max[LIMIT_FAILED_LOGINS];
    if (max == 0 || origin_failures(call->session->origin, call->core->now.mono_ms) < (uint64_t)max)
        return false;
    call->core->limit_hits[LIMIT_FAILED_LOGINS]++;
    resp_error(&call->reply,
        SLICE_LITERAL("ERR Too many failed logins from this address: try again in a minute"));
    return true;
}

static void refuse_login(struct call *call, struct slice user, const struct acl_user *known) {
    int64_t now_ms = call->core->now.mono_ms;
    int64_t max = call->core->settings.limits.max[LIMIT_FAILED_LOGINS];
    note(call, ACL_REASON_AUTH, call->args[0], user);
    origin_fail(call->session->origin, now_ms);
    bool is_last = max > 0 && origin_failures(call->session->origin, now_ms) == (uint64_t)max;
    if (is_last)
        audit_held_off(call);
    else
        audit_login(call, known);
    resp_error(&call->reply,
        SLICE_LITERAL("WRONGPASS invalid username-password pair or user is disabled."));
}

bool access_log_in(struct call *call, struct slice user, struct slice password) {
    if (is_held_off(call))
        return false;
    struct acl_user *u = acl_find(&call->server->access.acl, user);
    if (u == NULL || !acl_user_accepts(u, password)) {
        refuse_login(call, user, u);
        return false;
    }
    call->session->user = u;
    call->session->is_logged_in = true;
    return true;
}

void access_print_refusal(const struct acl_user *u, const struct command *c,
    enum acl_verdict verdict, struct slice channel, struct buf *out) {
    buf_printf(out, "User " SLICE_FMT " has no permissions to ", SLICE_ARG(acl_user_name(u)));
    if (verdict == ACL_DENIED_CHANNEL)
        buf_printf(out, "access the '" SLICE_FMT "' channel", SLICE_ARG(channel));
    else
        buf_printf(out, "run the '" SLICE_FMT "' command", SLICE_ARG(c->name));
}

static void refuse(struct call *call, enum acl_verdict verdict, size_t at) {
    const struct acl_user *u = call->session->user;
    if (verdict == ACL_DENIED_CHANNEL) {
        note(call, ACL_REASON_CHANNEL, call->args[at], acl_user_name(u));
        resp_error(&call->reply, SLICE_LITERAL("NOPERM No permissions to access a channel"));
        return;
    }
    struct buf text = BUF_INIT;
    note(call, ACL_REASON_COMMAND, call->command->name, acl_user_name(u));
    buf_add_text(&text, "NOPERM ");
    access_print_refusal(u, call->command, verdict, SLICE_EMPTY, &text);
    resp_error(&call->reply, buf_slice(&text));
    buf_fini(&text);
}

bool access_permits(struct call *call) {
    size_t at = 0;
    enum acl_verdict verdict =
        acl_user_check(call->session->user, call->command, call->args, call->count, &at);
    if (verdict == ACL_ALLOWED)
        return true;
    refuse(call, verdict, at);
    return false;
}

/* ---- users ---- */

/* Whether `new` lacks a pattern of channels that `old` has. Without that nobody is to be hung up.
 */
static bool narrows_channels(const struct acl_user *old, const struct acl_user *new) {
    for (size_t i = 0; i <= old->selector_count; i++) {
        const struct acl_selector *s = i == 0 ? &old->root : &old->selectors[i - 1];
        if (s->channels.all && !acl_user_allows_channel(new, SLICE_LITERAL("*"), true))
            return true;
        for (size_t k = 0; k < s->channels.count; k++) {
            struct slice text = { s->channels.items[k].text, s->channels.items[k].size };
            if (!acl_user_allows_channel(new, text, true))
                return true;
        }
    }
    return false;
}

static bool may_listen(const struct session *s, const struct acl_user *u) {
    for (int kind = PUBSUB_CHANNEL; kind <= PUBSUB_PATTERN; kind++) {
        size_t position = 0;
        struct slice name;
        while (pubsub_next(s, (enum pubsub_kind)kind, &position, &name)) {
            if (!acl_user_allows_channel(u, name, kind == PUBSUB_PATTERN))
                return false;
        }
    }
    return true;
}

static void hang_up_listeners(struct server *s, const struct acl_user *u) {
    map_for_each(session, &s->sessions, struct session) {
        if (session->user == u && !may_listen(session, u))
            session_abandon(session);
    }
}

void access_change_user(struct server *s, struct acl_user *changed) {
    struct acl_user *u = acl_find(&s->access.acl, acl_user_name(changed));
    if (u == NULL) {
        acl_add(&s->access.acl, changed);
        return;
    }
    bool narrows = narrows_channels(u, changed);
    acl_user_copy(u, changed);
    acl_user_free(changed);
    if (narrows)
        hang_up_listeners(s, u);
}

uint64_t access_keep(struct server *s, struct slice name) {
    if (s->core->settings.acl_file != NULL)
        return 0;
    struct users wanted = { .items = NULL };
    const struct acl_user *u = acl_find(&s->access.acl, name);
    if (u != NULL) {
        struct buf rules = BUF_INIT;
        acl_user_print(u, &rules);
        users_set(&wanted, name, buf_slice(&rules));
        buf_fini(&rules);
    }
    uint64_t seq = configure_set_user(s->core, name, &wanted);
    users_fini(&wanted);
    return seq;
}

/* Whoever was somebody else before is nobody now. */
static bool demote(struct session *session, struct acl_user *standard, const struct session *self) {
    session->user = standard;
    session->is_logged_in = false;
    if (session == self)
        return true;
    session_abandon(session);
    return false;
}

bool access_remove_user(struct server *s, struct acl_user *u, const struct session *self) {
    bool is_self = false;
    map_for_each(session, &s->sessions, struct session) {
        if (session->user == u)
            is_self |= demote(session, s->access.acl.standard, self);
    }
    acl_remove(&s->access.acl, u);
    acl_user_free(u);
    return is_self;
}

static bool replace_all(struct server *s, const struct acl *acl, const struct session *self) {
    struct acl old = s->access.acl;
    bool is_self = false;
    s->access.acl = *acl;
    map_for_each(session, &s->sessions, struct session) {
        if (session->user == old.standard)
            session->user = acl->standard;
        else
            is_self |= demote(session, acl->standard, self);
    }
    acl_fini(&old);
    return is_self;
}

bool access_load(struct server *s, struct slice text, const struct session *self, bool *ret_is_self,
    struct buf *why) {
    struct acl acl;
    acl_init(&acl, &s->access.acl.style);
    if (!acl_read(&acl, s->core->settings.acl_file, text, why)) {
        acl_fini(&acl);
        return false;
    }
    *ret_is_self = replace_all(s, &acl, self);
    access_saved(s, text);
    return true;
}

void access_saved(struct server *s, struct slice text) {
    secret_set(&s->access.file_text, text);
}
