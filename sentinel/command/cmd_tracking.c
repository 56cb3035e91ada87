/* CLIENT TRACKING, TRACKINGINFO, CACHING, GETREDIR: the side of caching in clients that needs no
 * keys. */
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

static void refuse(struct call *call, const char *why) {
    resp_error(&call->reply, slice_of(why));
}

/* ---- TRACKING ---- */

/* What a request asks for. Prefixes are those of the request itself. */
struct wanted {
    bool bcast, optin, optout, noloop;
    int64_t redirect;    /* 0 = none */
    size_t prefix_count; /* how often PREFIX stands there */
};

/* The word that follows `name` at `i`, if that is what stands there. */
static const struct slice *value_of(const struct call *call, size_t i, const char *name) {
    bool is_it = i + 1 < call->count && slice_is_nocase(call->args[i], name);
    return is_it ? &call->args[i + 1] : NULL;
}

static bool read_redirect(struct call *call, struct slice word, struct wanted *ret) {
    if (ret->redirect != 0) {
        refuse(call, "ERR A client can only redirect to a single other client");
        return false;
    }
    if (!slice_to_i64(word, &ret->redirect)) {
        refuse(call, "ERR value is not an integer or out of range");
        return false;
    }
    struct client_id id = { .value = (uint64_t)ret->redirect };
    if (server_session(call->server, id) == NULL) {
        refuse(call, "ERR The client ID you want redirect to does not exist");
        return false;
    }
    return true;
}

static bool *option_of(struct wanted *w, struct slice word) {
    if (slice_is_nocase(word, "bcast"))
        return &w->bcast;
    if (slice_is_nocase(word, "optin"))
        return &w->optin;
    if (slice_is_nocase(word, "optout"))
        return &w->optout;
    return slice_is_nocase(word, "noloop") ? &w->noloop : NULL;
}

/* false after refusing. */
static bool read_wanted(struct call *call, struct wanted *ret) {
    for (size_t i = 3; i < call->count; i++) {
        const struct slice *redirect = value_of(call, i, "redirect");
        bool *option = option_of(ret, call->args[i]);
        if (redirect != NULL) {
            if (!read_redirect(call, *redirect, ret))
                return false;
            i++;
        } else if (option != NULL) {
            *option = true;
        } else if (value_of(call, i, "prefix") != NULL) {
            ret->prefix_count++;
            i++;
        } else {
            refuse(call, "ERR syntax error");
            return false;
        }
    }
    return true;
}

/* Why the modes do not go together, or not with those that are on; NULL if they do. */
static const char *contradiction(const struct tracking *now, const struct wanted *w) {
    if (!w->bcast && w->prefix_count > 0)
        return "ERR PREFIX option requires BCAST mode to be enabled";
    if (now->on && now->bcast != w->bcast)
        return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    if (w->bcast && (w->optin || w->optout))
        return "ERR OPTIN and OPTOUT are not compatible with BCAST";
    if (w->optin && w->optout)
        return "ERR You can't specify both OPTIN mode and OPTOUT mode";
    if ((w->optin && now->optout) || (w->optout && now->optin))
        return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    return NULL;
}

/* The next PREFIX of the request from *at on, which it moves behind it; NULL at the end. */
static const struct slice *next_prefix(const struct call *call, size_t *at) {
    while (*at < call->count) {
        const struct slice *prefix = value_of(call, *at, "prefix");
        bool takes_two = prefix != NULL || value_of(call, *at, "redirect") != NULL;
        *at += takes_two ? 2 : 1;
        if (prefix != NULL)
            return prefix;
    }
    return NULL;
}

static void refuse_overlap(
    struct call *call, struct slice prefix, const char *which, struct slice other) {
    resp_errorf(&call->reply,
        "ERR Prefix '" SLICE_FMT "' overlaps with %s prefix '" SLICE_FMT
        "'. Prefixes for a single client must not overlap.",
        SLICE_ARG(call_shown(prefix)), which, SLICE_ARG(call_shown(other)));
}

/* false after refusing. */
static bool prefixes_are_apart(struct call *call, const struct tracking *now) {
    size_t at = 3;
    for (const struct slice *prefix; (prefix = next_prefix(call, &at)) != NULL;) {
        const struct slice *existing = tracking_overlap(now, *prefix);
        if (existing != NULL) {
            refuse_overlap(call, *prefix, "an existing", *existing);
            return false;
        }
        size_t behind = at;
        for (const struct slice *other; (other = next_prefix(call, &behind)) != NULL;) {
            if (tracking_prefixes_overlap(*prefix, *other)) {
                refuse_overlap(call, *prefix, "another provided", *other);
                return false;
            }
        }
    }
    return true;
}

static bool has_room(struct call *call, const struct tracking *now, const struct wanted *w) {
    size_t max = (size_t)call->core->settings.limits.max[LIMIT_SUBSCRIPTIONS];
    if (now->prefix_count + w->prefix_count <= max)
        return true;
    call->core->limit_hits[LIMIT_SUBSCRIPTIONS]++;
    refuse(call, "ERR max number of subscriptions reached");
    return false;
}

static void track(struct call *call, const struct wanted *w) {
    struct tracking *t = &call->session->tracking;
    t->on = true;
    t->bcast = w->bcast;
    t->optin = w->optin;
    t->optout = w->optout;
    t->noloop = w->noloop;
    t->redirect = (uint64_t)w->redirect;
    size_t at = 3;
    for (const struct slice *prefix; (prefix = next_prefix(call, &at)) != NULL;)
        tracking_add_prefix(t, *prefix);
    if (w->bcast && w->prefix_count == 0)
        tracking_add_prefix(t, SLICE_EMPTY);
}

static void start_tracking(struct call *call, const struct wanted *w) {
    struct tracking *now = &call->session->tracking;
    const char *why = contradiction(now, w);
    if (why != NULL) {
        refuse(call, why);
        return;
    }
    if (!prefixes_are_apart(call, now) || !has_room(call, now, w))
        return;
    track(call, w);
    session_weigh(call->session);
    reply_ok(call);
}

void run_client_tracking(struct call *call) {
    struct wanted wanted = { .redirect = 0 };
    if (!read_wanted(call, &wanted))
        return;
    if (slice_is_nocase(call->args[2], "on")) {
        start_tracking(call, &wanted);
    } else if (slice_is_nocase(call->args[2], "off")) {
        tracking_stop(&call->session->tracking);
        session_weigh(call->session);
        reply_ok(call);
    } else {
        refuse(call, "ERR syntax error");
    }
}

/* ---- CACHING ---- */

void run_client_caching(struct call *call) {
    struct tracking *t = &call->session->tracking;
    bool yes = slice_is_nocase(call->args[2], "yes");
    if (!t->on) {
        refuse(call,
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
            "or OPTOUT mode enabled");
    } else if (!yes && !slice_is_nocase(call->args[2], "no")) {
        refuse(call, "ERR syntax error");
    } else if (yes && !t->optin) {
        refuse(
            call, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (!yes && !t->optout) {
        refuse(
            call, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        t->caching = true;
        reply_ok(call);
    }
}

/* ---- TRACKINGINFO, GETREDIR ---- */

static int64_t redirect_of(const struct tracking *t) {
    return t->on ? (int64_t)t->redirect : -1;
}

void run_client_getredir(struct call *call) {
    resp_integer(&call->reply, redirect_of(&call->session->tracking));
}

void run_client_trackinginfo(struct call *call) {
    const struct tracking *t = &call->session->tracking;
    const struct {
        const char *name;
        bool is_set;
    } flags[] = {
        { "off", !t->on },
        { "on", t->on },
        { "bcast", t->bcast },
        { "optin", t->optin },
        { "caching-yes", t->optin && t->caching },
        { "optout", t->optout },
        { "caching-no", t->optout && t->caching },
        { "noloop", t->noloop },
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        count += flags[i].is_set;

    resp_map(&call->reply, 3);
    resp_bulk_text(&call->reply, "flags");
    resp_set(&call->reply, count);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (flags[i].is_set)
            resp_bulk_text(&call->reply, flags[i].name);
    }
    resp_bulk_text(&call->reply, "redirect");
    resp_integer(&call->reply, redirect_of(t));
    resp_bulk_text(&call->reply, "prefixes");
    resp_array(&call->reply, t->prefix_count);
    for (size_t i = 0; i < t->prefix_count; i++)
        resp_bulk(&call->reply, t->prefixes[i]);
}
