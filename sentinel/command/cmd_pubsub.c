/* SUBSCRIBE and its kin. Each name is confirmed by a message of its own. */
#include "sentinel/command/call.h"
#include "sentinel/command/pubsub.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

static void confirm(struct call *call, const char *verb, const struct slice *name) {
    call->is_push = true;
    resp_push(&call->reply, 3);
    resp_bulk_text(&call->reply, verb);
    if (name != NULL)
        resp_bulk(&call->reply, *name);
    else
        resp_null(&call->reply);
    resp_integer(&call->reply, (int64_t)session_subscription_count(call->session));
}

/* NULL if the names can be added. A name that stands in the request twice counts twice. */
static const char *refusal(const struct call *call, enum pubsub_kind kind) {
    size_t count = session_subscription_count(call->session);
    for (size_t i = 1; i < call->count; i++) {
        if (call->args[i].size > PUBSUB_NAME_MAX)
            return "ERR too long a name of a channel or pattern";
        count += !pubsub_listens(call->session, kind, call->args[i]);
    }
    if (count <= (size_t)call->core->settings.limits.max[LIMIT_SUBSCRIPTIONS] ||
        count == session_subscription_count(call->session))
        return NULL;
    call->core->limit_hits[LIMIT_SUBSCRIPTIONS]++;
    return "ERR max number of subscriptions reached";
}

static void subscribe(struct call *call, enum pubsub_kind kind, const char *verb) {
    const char *why = refusal(call, kind);
    if (why != NULL) {
        resp_error(&call->reply, slice_of(why));
        return;
    }
    for (size_t i = 1; i < call->count; i++) {
        pubsub_subscribe(&call->server->pubsub, call->session, kind, call->args[i]);
        confirm(call, verb, &call->args[i]);
    }
}

static void unsubscribe_all(struct call *call, enum pubsub_kind kind, const char *verb) {
    struct pubsub *pubsub = &call->server->pubsub;
    size_t position = 0;
    struct slice next;
    bool any = false;
    while (pubsub_next(call->session, kind, &position, &next)) {
        char text[PUBSUB_NAME_MAX + 1];
        struct slice name = { .data = slice_copy(next, text, sizeof(text)), .size = next.size };
        pubsub_unsubscribe(pubsub, call->session, kind, name);
        confirm(call, verb, &name);
        any = true;
    }
    if (!any)
        confirm(call, verb, NULL);
}

static void unsubscribe(struct call *call, enum pubsub_kind kind, const char *verb) {
    if (call->count == 1)
        unsubscribe_all(call, kind, verb);
    for (size_t i = 1; i < call->count; i++) {
        pubsub_unsubscribe(&call->server->pubsub, call->session, kind, call->args[i]);
        confirm(call, verb, &call->args[i]);
    }
}

void run_subscribe(struct call *call) {
    subscribe(call, PUBSUB_CHANNEL, "subscribe");
}

void run_psubscribe(struct call *call) {
    subscribe(call, PUBSUB_PATTERN, "psubscribe");
}

void run_unsubscribe(struct call *call) {
    unsubscribe(call, PUBSUB_CHANNEL, "unsubscribe");
}

void run_punsubscribe(struct call *call) {
    unsubscribe(call, PUBSUB_PATTERN, "punsubscribe");
}
