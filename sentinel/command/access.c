#include "sentinel/command/access.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

static struct acl_style style_of(const struct settings *settings) {
    return (struct acl_style){
        .sanitize = settings->compat == COMPAT_REDIS ? ACL_SANITIZE : ACL_SANITIZE_UNSAID,
    };
}

static void take_password(struct access *a, const struct settings *settings) {
    if (secret_equal(&a->file_password, &settings->client_password))
        return;
    struct slice password = secret_reveal(&settings->client_password);
    secret_set(&a->file_password, password);
    acl_set_standard_password(&a->acl, password);
}

void access_init(struct access *a, const struct settings *settings) {
    struct acl_style style = style_of(settings);
    *a = (struct access){ .file_password = { .value = NULL } };
    acl_init(&a->acl, &style);
    take_password(a, settings);
}

void access_fini(struct access *a) {
    acl_fini(&a->acl);
    acl_log_fini(&a->log);
    secret_fini(&a->file_password);
}

void access_reload(struct server *s) {
    s->access.acl.style = style_of(&s->core->settings);
    take_password(&s->access, &s->core->settings);
}

/* ---- one client ---- */

/* The default user comes in without a password. */
static bool is_open(const struct acl *a) {
    return a->standard->no_password && a->standard->enabled;
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
    acl_log_add(&call->server->access.log, &refusal, &call->core->now, ACL_LOG_STANDARD);
    buf_fini(&client);
}

bool access_log_in(struct call *call, struct slice user, struct slice password) {
    struct acl_user *u = acl_find(&call->server->access.acl, user);
    if (u == NULL || !acl_user_accepts(u, password)) {
        note(call, ACL_REASON_AUTH, call->args[0], user);
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

bool access_replace(struct server *s, struct acl *acl, const struct session *self) {
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
