#include "sentinel/command/server.h"

#include "common/mem.h"
#include "sentinel/command/command.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

struct server *server_new(
    struct core *core, const struct settings *settings, const struct process_facts *facts) {
    struct server *s = mem_new(struct server);
    *s = (struct server){
        .core = core,
        .facts = facts,
        .listen_count = settings->listen_count,
        .started_ms = core->now.mono_ms,
        .sessions = MAP_INIT,
        .pubsub = PUBSUB_INIT,
        .otherwise = BUF_INIT,
        .spare = BUF_INIT,
    };
    for (size_t i = 0; i < settings->listen_count; i++)
        s->listen[i] = settings->listen[i];
    list_init(&s->unsent);
    list_init(&s->parked);
    return s;
}

void server_free(struct server *s) {
    if (s == NULL)
        return;
    map_for_each(session, &s->sessions, struct session)
        session_free(session);
    map_fini(&s->sessions);
    pubsub_fini(&s->pubsub);
    resp_reader_fini(&s->reader);
    buf_fini(&s->otherwise);
    buf_fini(&s->spare);
    mem_free(s);
}

static struct session *find_session(const struct server *s, struct client_id id) {
    return map_get(
        &s->sessions, (struct slice){ .data = (const char *)&id.value, .size = sizeof(id.value) });
}

size_t server_count_subscribers(const struct server *s) {
    size_t count = 0;
    map_for_each(session, &s->sessions, struct session)
        count += session_has_subscriptions(session);
    return count;
}

/* ---- connections ---- */

static void refuse(struct server *s, struct client_id id) {
    s->stats.rejected++;
    struct effect *e = effects_add(s->core->out, EFFECT_REPLY);
    e->client = id;
    e->bytes = SLICE_LITERAL("-ERR max number of clients reached\r\n");
    effects_add(s->core->out, EFFECT_HANGUP)->client = id;
}

static void open_session(struct server *s, const struct input *in) {
    s->stats.connections++;
    int64_t limit = s->facts->max_clients;
    if (limit > 0 && map_count(&s->sessions) >= (uint64_t)limit) {
        refuse(s, in->client);
        return;
    }
    struct session *session = session_new(s, in);
    map_put(&s->sessions, session_key(session), session);
}

static void close_session(struct server *s, struct session *session) {
    map_remove(&s->sessions, session_key(session));
    session_free(session);
}

/* ---- requests ---- */

static void count_command(struct server *s) {
    s->stats.commands++;
    int64_t second = s->core->now.mono_ms / 1000;
    if (second != s->stats.second) {
        s->stats.last_second = second == s->stats.second + 1 ? s->stats.in_second : 0;
        s->stats.in_second = 0;
        s->stats.second = second;
    }
    s->stats.in_second++;
}

static void run(struct server *s, struct session *session, const struct resp_request *request) {
    if (request->count == 0)
        return;
    count_command(s);
    command_run(s, session, request->args, request->count);
}

static void refuse_bytes(struct server *s, struct session *session, const char *reason) {
    char address[ENDPOINT_TEXT_MAX];
    core_log(s->core, LOG_VERBOSE, "client %s hung up: Protocol error: %s",
        endpoint_text(&session->remote, address), reason);
    struct resp_writer w = session_writer(session);
    size_t mark = buf_size(w.out);
    resp_errorf(&w, "ERR Protocol error: %s", reason);
    session_settle(session, mark, 0, SLICE_EMPTY);
    session_end(session);
}

static void refuse_http(struct server *s, struct session *session) {
    char address[ENDPOINT_TEXT_MAX];
    core_log(s->core, LOG_WARNING,
        "client %s hung up: it speaks HTTP; a page in a browser may try to misuse it",
        endpoint_text(&session->remote, address));
    session_abandon(session);
}

/* Runs the complete requests at the start of `bytes`, until too much waits. Returns the bytes used.
 */
static size_t run_all(struct server *s, struct session *session, struct slice bytes) {
    size_t at = 0;
    while (session->state == SESSION_OPEN && !session_is_full(session)) {
        struct resp_request request;
        size_t used = 0;
        switch (resp_read_request(&s->reader, slice_sub(bytes, at, SIZE_MAX), &request, &used)) {
        case RESP_READ_REQUEST:
            run(s, session, &request);
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
        if (session_overflows(session))
            session_abandon(session);
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
}

static void take_bytes(struct server *s, struct session *session, struct slice bytes) {
    s->stats.reads++;
    s->stats.input_bytes += bytes.size;
    if (session->state != SESSION_OPEN)
        return;
    session->active_ms = s->core->now.mono_ms;

    if (buf_size(&session->query) > 0) {
        buf_add_slice(&session->query, bytes);
        run_query(s, session);
    } else {
        /* As a rule a read holds whole requests: nothing is copied. */
        size_t used = run_all(s, session, bytes);
        if (session->state == SESSION_OPEN)
            buf_add_slice(&session->query, slice_sub(bytes, used, SIZE_MAX));
    }
    if (buf_size(&session->query) > SESSION_QUERY_MAX)
        refuse_bytes(s, session, "too big request");
}

void server_input(struct server *s, const struct input *in) {
    if (in->kind == INPUT_CLIENT_OPENED) {
        open_session(s, in);
        return;
    }
    struct session *session = find_session(s, in->client);
    if (session == NULL)
        return; /* refused, or gone */
    if (in->kind == INPUT_CLIENT_BYTES)
        take_bytes(s, session, in->bytes);
    else
        close_session(s, session);
}

/* ---- answers ---- */

void server_release(struct server *s) {
    list_for_each(session, &s->parked, struct session, parked) {
        session_release(session);
        if (session->state == SESSION_OPEN && buf_size(&session->query) > 0)
            run_query(s, session);
    }
}

void server_publish(struct server *s, struct slice channel, struct slice payload, uint64_t after) {
    pubsub_publish(&s->pubsub, channel, payload, after);
    list_for_each(session, &s->unsent, struct session, unsent) {
        if (session_overflows(session))
            session_abandon(session);
    }
}

void server_flush(struct server *s) {
    list_for_each(session, &s->unsent, struct session, unsent)
        session_flush(session);
}
