/* SENTINEL MONITOR: its checks in the order of the originals, and the wait for a host name among
 * them. */
#include "sentinel/command/monitor.h"

#include "common/mem.h"
#include "config/option.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/admin.h"
#include "sentinel/core/core.h"

#define BAD_HOST "ERR Invalid IP address or hostname specified"

/* What is to be watched. */
struct wish {
    struct slice name, host;
    int64_t port, quorum;
};

/* One that waits for its host. */
struct monitor {
    struct list_node place; /* in server->monitors */
    struct client_id client;
    char *name, *host; /* owned */
    int64_t port, quorum;
};

/* What is checked before the host is looked at; NULL if all is well. */
static const char *read_numbers(const struct call *call, struct wish *ret) {
    const struct option *quorum = option_by_set_name(SLICE_LITERAL("quorum"));
    if (!slice_to_i64(call->args[5], &ret->quorum) || ret->quorum > quorum->max)
        return "ERR Invalid quorum";
    if (!slice_to_i64(call->args[4], &ret->port))
        return "ERR Invalid port";
    return ret->quorum < 1 ? "ERR Quorum must be 1 or greater." : NULL;
}

/* What is left when the host is an IP or has resolved. */
static void begin(struct call *call, const struct wish *w) {
    struct endpoint master;
    uint64_t seq;
    if (!endpoint_make(w->host, w->port, &master)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR Invalid port number."));
        return;
    }
    if (!group_name_is_valid(w->name)) {
        resp_error(&call->reply,
            SLICE_LITERAL(
                "ERR Invalid master name: 1 to 255 bytes without commas and blanks are allowed"));
        return;
    }
    switch (admin_monitor(call->core, w->name, &master, w->quorum, &seq)) {
    case 0:
        reply_ok_after(call, seq);
        break;
    case ADMIN_E_DUPLICATE:
        resp_error(&call->reply, SLICE_LITERAL("ERR Duplicate master name."));
        break;
    default: /* ADMIN_E_TOO_MANY */
        resp_errorf(&call->reply, "ERR Too many masters: %d are watched already", GROUPS_MAX);
        break;
    }
}

static void await(struct call *call, const struct wish *w) {
    struct monitor *m = mem_new(struct monitor);
    m->client = call->session->id;
    m->name = slice_dup(w->name);
    m->host = slice_dup(w->host);
    m->port = w->port;
    m->quorum = w->quorum;
    list_append(&call->server->monitors, &m->place);
    call_await(call);
}

void run_sentinel_monitor(struct call *call) {
    struct wish w = { .name = call->args[2], .host = call->args[3] };
    if (!call_check_characters(call, 2, "SENTINEL MONITOR"))
        return;
    const char *refusal = read_numbers(call, &w);
    if (refusal != NULL) {
        resp_error(&call->reply, slice_of(refusal));
        return;
    }
    switch (resolve_look(call->core, w.host)) {
    case MEANING_KNOWN:
        begin(call, &w);
        break;
    case MEANING_AWAITED:
        await(call, &w);
        break;
    case MEANING_NONE:
        resp_error(&call->reply, SLICE_LITERAL(BAD_HOST));
        break;
    }
}

/* ---- later ---- */

static void answer(struct call *call, const void *context) {
    const struct monitor *m = context;
    const struct wish w = {
        .name = slice_of(m->name),
        .host = slice_of(m->host),
        .port = m->port,
        .quorum = m->quorum,
    };
    if (resolve_look(call->core, w.host) == MEANING_KNOWN)
        begin(call, &w);
    else
        resp_error(&call->reply, SLICE_LITERAL(BAD_HOST));
}

static void monitor_free(struct monitor *m) {
    list_remove(&m->place);
    mem_free(m->name);
    mem_free(m->host);
    mem_free(m);
}

void monitors_resolved(struct server *s, struct slice host) {
    list_for_each(m, &s->monitors, struct monitor, place)
        if (slice_equal_nocase(slice_of(m->host), host)) {
            server_answer(s, m->client, answer, m);
            monitor_free(m);
        }
}

void monitors_fini(struct server *s) {
    list_for_each(m, &s->monitors, struct monitor, place)
        monitor_free(m);
}
