#include "sentinel/command/server.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/command/call.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/monitor.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#include <stdio.h>

#define LOGGED_MS (60 * 1000) /* between lines about what clients can cause at will */

struct server *server_new(struct core *core, const struct process_facts *facts) {
    const struct settings *settings = &core->settings;
    struct server *s = mem_new(struct server);
    *s = (struct server){
        .core = core,
        .facts = facts,
        .unix_socket = mem_strdup(settings->unix_socket),
        .started_ms = core->now.mono_ms,
        .sessions = MAP_INIT,
        .pubsub = PUBSUB_INIT,
        .otherwise = BUF_INIT,
        .spare = BUF_INIT,
    };
    access_init(&s->access, &core->settings);
    naming_init(&s->naming, &core->settings.renames);
    origins_init(&s->origins);
    list_init(&s->monitors);
    list_init(&s->unsent);
    list_init(&s->parked);
    list_init(&s->queued);
    return s;
}

void server_free(struct server *s) {
    if (s == NULL)
        return;
    map_for_each(session, &s->sessions, struct session)
        session_free(session);
    monitors_fini(s);
    map_fini(&s->sessions);
    pubsub_fini(&s->pubsub);
    access_fini(&s->access);
    origins_fini(&s->origins);
    naming_fini(&s->naming);
    heap_fini(&s->waits);
    heap_fini(&s->idle);
    resp_reader_fini(&s->reader);
    buf_fini(&s->otherwise);
    buf_fini(&s->spare);
    mem_free(s->unix_socket);
    mem_free(s);
}

struct session *server_session(const struct server *s, struct client_id id) {
    return map_get(
        &s->sessions, (struct slice){ .data = (const char *)&id.value, .size = sizeof(id.value) });
}

uint64_t server_allowed_clients(const struct server *s) {
    uint64_t limit = (uint64_t)s->core->settings.limits.max[LIMIT_CLIENTS];
    uint64_t told = s->usage.clients.allowed;
    return told > 0 ? MIN_OF(told, limit) : limit;
}

size_t server_count_subscribers(const struct server *s) {
    size_t count = 0;
    map_for_each(session, &s->sessions, struct session)
        count += session_has_subscriptions(session);
    return count;
}

size_t server_count_clients(const struct server *s) {
    size_t count = 0;
    map_for_each(session, &s->sessions, struct session)
        count += session->state != SESSION_ENDED;
    return count;
}

static bool is_logged_lately(const struct server *s, int64_t logged_ms) {
    return tstamp_is_recent(s->core->now.mono_ms, logged_ms, LOGGED_MS);
}

/* ---- connections ---- */

static void refuse(struct server *s, struct client_id id, struct slice error) {
    s->stats.rejected++;
    struct effect *e = effects_add(s->core->out, EFFECT_REPLY);
    e->client = id;
    e->bytes = error;
    effects_add(s->core->out, EFFECT_HANGUP)->client = id;
}

static bool is_one_too_many(
    struct server *s, enum limit limit, size_t count, struct client_id client, const char *error) {
    int64_t max = s->core->settings.limits.max[limit];
    bool unlimited = limit == LIMIT_CLIENTS_PER_ADDRESS && max == 0;
    if (unlimited || count < (uint64_t)max)
        return false;
    s->core->limit_hits[limit]++;
    refuse(s, client, slice_of(error));
    return true;
}

static void open_session(struct server *s, const struct input *in) {
    s->stats.connections++;
    if (is_one_too_many(s, LIMIT_CLIENTS, map_count(&s->sessions), in->client,
            "-ERR max number of clients reached\r\n") ||
        is_one_too_many(s, LIMIT_CLIENTS_PER_ADDRESS, origins_count(&s->origins, &in->remote),
            in->client, "-ERR max number of clients from this address reached\r\n"))
        return;
    if (!access_admits(&s->access, &s->core->settings, &in->remote)) {
        refuse(s, in->client,
            SLICE_LITERAL(
                "-DENIED Redis is running in protected mode because protected mode is enabled and "
                "no password is set for the default user. In this mode connections are only "
                "accepted from the loopback interface. To be reached from elsewhere, give the "
                "default user a password (clients.password, requirepass), or switch the mode off "
                "(clients.protected_mode, protected-mode), and have the configuration read "
                "again.\r\n"));
        return;
    }
    struct session *session = session_new(s, in);
    map_put(&s->sessions, session_key(session), session);
    if (s->idle_timeout_ms > 0)
        heap_set(&s->idle, &session->idle, tstamp_add(session->active_ms, s->idle_timeout_ms));
}

static void close_session(struct server *s, struct session *session) {
    map_remove(&s->sessions, session_key(session));
    session_free(session);
}

/* ---- requests ---- */

static size_t owed(const struct session *session) {
    return buf_size(&session->out) + buf_size(&session->waiting_bytes);
}

/* false if the request is to be read again later. */
static bool run(struct server *s, struct session *session, const struct resp_request *request) {
    size_t before = owed(session);
    if (request->count > 0) {
        command_run(s, session, request->args, request->count);
        if (session->is_postponed)
            return false;
        rate_add(&s->stats.commands, s->core->now.mono_ms, 1);
        session->requests++;
    }
    size_t after = owed(session);
    size_t cost = SERVER_REQUEST_COST + (after > before ? after - before : 0);
    session->spent += cost;
    s->spent += cost;
    return true;
}

/* What was spent counts for a wake-up. */
static void begin_spending(struct server *s, struct session *session) {
    uint64_t wake = s->core->now.wake;
    if (s->spent_wake != wake)
        s->spent = 0;
    if (session->spent_wake != wake)
        session->spent = 0;
    s->spent_wake = session->spent_wake = wake;
}

/* A share must not be so large that it alone is held for what a client does not read. */
static bool has_had_its_share(const struct server *s, const struct session *session) {
    size_t quarter = (size_t)s->core->settings.limits.max[LIMIT_OUTPUT_BUFFER] / 4;
    return session->spent >= MIN_OF((size_t)SERVER_SHARE, quarter) || s->spent >= SERVER_SHARES;
}

static void refuse_bytes(struct server *s, struct session *session, const char *reason) {
    char address[ENDPOINT_TEXT_MAX];
    core_log(s->core, LOG_VERBOSE, "client %s hung up: Protocol error: %s",
        endpoint_text(&session->remote, address), reason);
    if (!session_is_muted(session)) {
        struct resp_writer w = session_writer(session);
        size_t mark = buf_size(w.out);
        resp_errorf(&w, "ERR Protocol error: %s", reason);
        session_settle(session, mark, REST_NONE, SLICE_EMPTY);
    }
    session_end(session);
}

/* Anybody can cause these lines: one a minute, which counts those that went without. */
static void log_http(struct server *s, const struct session *session) {
    s->http_unlogged++;
    if (is_logged_lately(s, s->http_logged_ms))
        return;
    char address[ENDPOINT_TEXT_MAX], before[64] = "";
    if (s->http_unlogged > 1)
        (void)snprintf(before, sizeof(before), " (%llu more since the last such line)",
            (unsigned long long)(s->http_unlogged - 1));
    core_log(s->core, LOG_WARNING,
        "client %s hung up: it speaks HTTP; a page in a browser may try to misuse it%s",
        endpoint_text(&session->remote, address), before);
    s->http_unlogged = 0;
    s->http_logged_ms = s->core->now.mono_ms;
}

static void refuse_http(struct server *s, struct session *session) {
    log_http(s, session);
    session_abandon(session);
}

/* Runs the complete requests at the start of `bytes`, until too much waits or it is the turn of
 * others. Returns the bytes used. */
static size_t run_all(struct server *s, struct session *session, struct slice bytes) {
    size_t at = 0;
    begin_spending(s, session);
    while (session->state == SESSION_OPEN && !session_is_held_up(session)) {
        if (at < bytes.size && has_had_its_share(s, session)) {
            session_enqueue(session);
            break;
        }
        struct resp_request request;
        size_t used = 0;
        switch (resp_read_request(&s->reader, slice_sub(bytes, at, SIZE_MAX), &request, &used)) {
        case RESP_READ_REQUEST:
            if (run(s, session, &request))
                at += used;
            break;
        case RESP_READ_MORE:
            return at;
        case RESP_READ_BAD:
            refuse_bytes(s, session, s->reader.error);
            break;
        case RESP_READ_HTTP:
            refuse_http(s, session);
            break;
        }
    }
    return at;
}

static void run_query(struct server *s, struct session *session) {
    size_t used = run_all(s, session, buf_slice(&session->query));
    if (session->state != SESSION_OPEN)
        return; /* the query is gone */
    buf_consume(&session->query, used);
    if (buf_size(&session->query) == 0)
        buf_fini(&session->query);
    session_weigh(session);
    session_steer(session);
}

/* Where nothing is held up, the query is one request that is not complete. */
static bool is_query_too_long(const struct server *s, const struct session *session) {
    size_t limit = (size_t)s->core->settings.limits.max[LIMIT_QUERY_BUFFER];
    if (session_is_held_up(session))
        limit += SESSION_AHEAD_MAX;
    return buf_size(&session->query) > limit;
}

static void take_bytes(struct server *s, struct session *session, const struct input *in) {
    struct slice bytes = in->bytes;
    size_t received = in->received > 0 ? in->received : bytes.size;
    s->stats.reads++;
    rate_add(&s->stats.input_bytes, s->core->now.mono_ms, received);
    session->input_bytes += received;
    if (session->state != SESSION_OPEN)
        return;
    session->active_ms = s->core->now.mono_ms;

    if (buf_size(&session->query) > 0) {
        buf_add_slice(&session->query, bytes);
        run_query(s, session);
    } else {
        /* As a rule a read holds whole requests: nothing is copied. */
        size_t used = run_all(s, session, bytes);
        if (session->state != SESSION_OPEN)
            return;
        buf_add_slice(&session->query, slice_sub(bytes, used, SIZE_MAX));
        session_weigh(session);
        session_steer(session);
    }
    if (session->state == SESSION_OPEN && is_query_too_long(s, session)) {
        s->core->limit_hits[LIMIT_QUERY_BUFFER]++;
        refuse_bytes(s, session, "too big request");
    }
}

/* What was held up goes on when it is its turn. */
static void choke(struct session *session, bool is_choked) {
    session->is_choked = is_choked;
    if (is_choked)
        session_dequeue(session);
    else if (session->state == SESSION_OPEN && buf_size(&session->query) > 0)
        session_enqueue(session);
    session_steer(session);
}

void server_input(struct server *s, const struct input *in) {
    if (in->kind == INPUT_CLIENT_OPENED) {
        open_session(s, in);
        return;
    }
    struct session *session = server_session(s, in->client);
    if (session == NULL)
        return; /* refused, or gone */
    if (in->kind == INPUT_FILE_READ)
        server_answer(s, in->client, answer_acl_load, in);
    else if (in->kind == INPUT_FILE_WRITTEN)
        server_answer(s, in->client, answer_acl_save, in);
    else if (in->kind == INPUT_DRAWN)
        server_answer(s, in->client, answer_acl_genpass, in);
    else if (in->kind == INPUT_CLIENT_BYTES)
        take_bytes(s, session, in);
    else if (in->kind == INPUT_CLIENT_CLOSED)
        close_session(s, session);
    else
        choke(session, in->kind == INPUT_CLIENT_FULL);
}

/* ---- turns ---- */

static void go_on(struct server *s, struct session *session) {
    if (session->state == SESSION_OPEN && buf_size(&session->query) > 0)
        run_query(s, session);
    else
        session_steer(session);
}

static int64_t expiry(const struct server *s) {
    struct heap_item *oldest = heap_first(&s->waits);
    return oldest == NULL
        ? TSTAMP_NEVER
        : tstamp_add(oldest->at_ms, s->core->settings.limits.max[LIMIT_PARKED_TIME]);
}

static void expire(struct server *s) {
    while (expiry(s) <= s->core->now.mono_ms) {
        struct session *session = container_of(heap_first(&s->waits), struct session, oldest);
        session_release(session);
        go_on(s, session);
    }
}

/* Each of those that wait has a share, the one that waits longest first, until all together have
 * caused as much as they may. What was spent on others in this wake-up does not count: they would
 * never have their turn. */
static void take_turns(struct server *s) {
    s->spent = 0;
    s->spent_wake = s->core->now.wake;
    for (size_t left = s->queued_count; left > 0 && s->spent < SERVER_SHARES; left--) {
        struct session *session = list_first(&s->queued, struct session, queued);
        if (session == NULL)
            break; /* one of them killed the others */
        session_dequeue(session);
        session->spent = 0;
        go_on(s, session);
    }
    s->turn_ms = s->core->now.mono_ms + 1;
}

/* ---- CLIENT PAUSE ---- */

bool server_is_paused(const struct server *s) {
    return s->pause.until_ms > s->core->now.mono_ms;
}

void server_pause(struct server *s, int64_t until_ms, bool all) {
    s->pause.until_ms = MAX_OF(s->pause.until_ms, until_ms);
    s->pause.all |= all;
}

/* Those that were postponed go on when it is their turn. */
void server_unpause(struct server *s) {
    s->pause.until_ms = 0;
    s->pause.all = false;
    map_for_each(session, &s->sessions, struct session) {
        if (!session->is_postponed)
            continue;
        session->is_postponed = false;
        if (session->state == SESSION_OPEN)
            session_enqueue(session);
    }
}

static void end_pause(struct server *s) {
    if (s->pause.until_ms > 0 && !server_is_paused(s))
        server_unpause(s);
}

/* ---- idle clients ---- */

/* Subscribers listen, and one that waits for us cannot be blamed. */
static bool may_be_idle(const struct session *session) {
    return session_has_subscriptions(session) || session->is_awaiting || session->is_postponed ||
        session->waiting_count > 0;
}

static void watch_idle(struct server *s, struct session *session, int64_t since_ms) {
    heap_set(&s->idle, &session->idle,
        s->idle_timeout_ms > 0 ? tstamp_add(since_ms, s->idle_timeout_ms) : TSTAMP_NEVER);
}

static void take_idle_timeout(struct server *s) {
    if (s->idle_timeout_ms == s->core->settings.client_timeout_ms)
        return;
    s->idle_timeout_ms = s->core->settings.client_timeout_ms;
    map_for_each(session, &s->sessions, struct session)
        watch_idle(s, session, session->active_ms);
}

/* Each is looked at when it would have been idle for too long, had it been since the last look. */
static void end_idle(struct server *s) {
    int64_t now_ms = s->core->now.mono_ms;
    take_idle_timeout(s);
    while (heap_deadline(&s->idle) <= now_ms) {
        struct session *session = container_of(heap_first(&s->idle), struct session, idle);
        if (session->state != SESSION_OPEN) {
            heap_remove(&s->idle, &session->idle);
        } else if (may_be_idle(session)) {
            watch_idle(s, session, now_ms);
        } else if (now_ms - session->active_ms < s->idle_timeout_ms) {
            watch_idle(s, session, session->active_ms);
        } else {
            heap_remove(&s->idle, &session->idle);
            core_log(s->core, LOG_VERBOSE, "Closing idle client");
            session_end(session);
        }
    }
}

void server_turn(struct server *s) {
    end_pause(s);
    expire(s);
    end_idle(s);
    if (s->queued_count > 0 && s->core->now.mono_ms >= s->turn_ms)
        take_turns(s);
}

int64_t server_deadline(const struct server *s) {
    int64_t turn_ms = s->queued_count > 0 ? s->turn_ms : TSTAMP_NEVER;
    int64_t pause_ms = s->pause.until_ms > 0 ? s->pause.until_ms : TSTAMP_NEVER;
    int64_t due_ms = tstamp_min(expiry(s), heap_deadline(&s->idle));
    return tstamp_min(due_ms, tstamp_min(turn_ms, pause_ms));
}

/* ---- answers ---- */

/* Each of those that wait now, once: what they do next may end others of the list. */
void server_release(struct server *s) {
    for (size_t left = list_count(&s->parked); left > 0; left--) {
        struct session *session = list_first(&s->parked, struct session, parked);
        if (session == NULL)
            break;
        list_remove(&session->parked);
        session_release(session);
        if (session->waiting_count > 0 && !list_is_linked(&session->parked))
            list_append(&s->parked, &session->parked);
        go_on(s, session);
    }
}

void server_answer(
    struct server *s, struct client_id client, answer_function *write, const void *context) {
    struct session *session = server_session(s, client);
    if (session == NULL || !session->is_awaiting)
        return;
    session->is_awaiting = false;
    if (session->state == SESSION_OPEN)
        command_answer(s, session, write, context);
    go_on(s, session);
}

void server_publish(struct server *s, struct slice channel, struct slice payload, uint64_t after) {
    pubsub_publish(&s->pubsub, channel, payload, after);
    list_for_each(session, &s->unsent, struct session, unsent) {
        if (session_overflows(session)) {
            s->core->limit_hits[LIMIT_OUTPUT_BUFFER]++;
            session_abandon(session);
        }
    }
}

/* Those that asked not to be are shed when only they are left. */
static struct session *holds_most(const struct server *s) {
    struct session *most = NULL;
    map_for_each(session, &s->sessions, struct session) {
        if (session->held == 0)
            continue;
        bool is_better = most == NULL || session->is_protected < most->is_protected ||
            (session->is_protected == most->is_protected && session->held > most->held);
        if (is_better)
            most = session;
    }
    return most;
}

void server_shed(struct server *s) {
    while (s->held > (size_t)s->core->settings.limits.max[LIMIT_CLIENT_MEMORY]) {
        struct session *most = holds_most(s);
        ensure(most != NULL);
        char address[ENDPOINT_TEXT_MAX];
        core_log(s->core, LOG_VERBOSE,
            "client %s hung up: it holds most of %zu bytes (limits.client_memory)",
            endpoint_text(&most->remote, address), s->held);
        s->core->limit_hits[LIMIT_CLIENT_MEMORY]++;
        session_abandon(most);
        ensure(most->held == 0);
    }
}

void server_flush(struct server *s) {
    list_for_each(session, &s->unsent, struct session, unsent)
        session_flush(session);
}

void server_reload(struct server *s) {
    access_reload(s);
}

/* ---- rates ---- */

void rate_add(struct rate *r, int64_t mono_ms, uint64_t amount) {
    int64_t second = mono_ms / 1000;
    if (second != r->second) {
        r->last_second = second == r->second + 1 ? r->in_second : 0;
        r->in_second = 0;
        r->second = second;
    }
    r->in_second += amount;
    r->total += amount;
}

uint64_t rate_per_second(const struct rate *r, int64_t mono_ms) {
    int64_t second = mono_ms / 1000;
    if (second == r->second)
        return r->last_second;
    return second == r->second + 1 ? r->in_second : 0;
}
