#include "sentinel/command/session.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/command/pubsub.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "sentinel/core/input.h"

#include <string.h>

/* A run of bytes in `waiting_bytes`: the reply, then what is sent if the write failed. */
struct waiting {
    uint64_t seq; /* 0 = waits only for those before it */
    size_t size;
    size_t otherwise_size; /* 0 = the reply is sent in any case, once seq is durable */
};

struct session *session_new(struct server *server, const struct input *opened) {
    struct session *s = mem_new(struct session);
    *s = (struct session){
        .server = server,
        .id = opened->client,
        .remote = opened->remote,
        .local = opened->local,
        .descriptor = opened->descriptor,
        .version = 2,
        .opened_ms = server->core->now.mono_ms,
        .active_ms = server->core->now.mono_ms,
    };
    list_init(&s->channels);
    list_init(&s->patterns);
    return s;
}

void session_free(struct session *s) {
    if (s == NULL)
        return;
    pubsub_leave(&s->server->pubsub, s);
    list_remove(&s->unsent);
    list_remove(&s->parked);
    mem_free(s->name);
    mem_free(s->library_name);
    mem_free(s->library_version);
    mem_free(s->waiting);
    buf_fini(&s->query);
    buf_fini(&s->out);
    buf_fini(&s->waiting_bytes);
    mem_free(s);
}

struct slice session_key(const struct session *s) {
    return (struct slice){ .data = (const char *)&s->id.value, .size = sizeof(s->id.value) };
}

bool session_is_full(const struct session *s) {
    return s->waiting_count >= SESSION_WAITING_MAX ||
        buf_size(&s->waiting_bytes) >= SESSION_WAITING_BYTES_MAX;
}

bool session_overflows(const struct session *s) {
    return buf_size(&s->out) + buf_size(&s->waiting_bytes) > SESSION_BACKLOG_MAX;
}

bool session_has_subscriptions(const struct session *s) {
    return s->channel_count + s->pattern_count > 0;
}

/* ---- what leaves with this step ---- */

static void mark_unsent(struct session *s) {
    if (!list_is_linked(&s->unsent))
        list_append(&s->server->unsent, &s->unsent);
}

struct resp_writer session_writer(struct session *s) {
    /* One buffer is passed on from session to session: the queries of a step all use warm memory,
     * and an idle client holds none. */
    if (s->out.data == NULL) {
        s->out = s->server->spare;
        s->server->spare = BUF_INIT;
    }
    return (struct resp_writer){ .out = &s->out, .version = s->version };
}

static void return_spare(struct session *s) {
    if (s->server->spare.data == NULL && s->out.capacity <= SESSION_WAITING_BYTES_MAX) {
        buf_clear(&s->out);
        s->server->spare = s->out;
        s->out = BUF_INIT;
    } else {
        buf_fini(&s->out);
    }
}

void session_flush(struct session *s) {
    struct server *server = s->server;
    list_remove(&s->unsent);
    if (buf_size(&s->out) > 0) {
        struct slice bytes = effects_copy(server->core->out, buf_slice(&s->out));
        struct effect *e = effects_add(server->core->out, EFFECT_REPLY);
        e->client = s->id;
        e->bytes = bytes;
        e->after = s->out_after;
        server->stats.writes++;
        server->stats.output_bytes += bytes.size;
    }
    s->out_after = 0;
    return_spare(s);

    if (s->state == SESSION_ENDING && s->waiting_count == 0) {
        s->state = SESSION_ENDED;
        effects_add(server->core->out, EFFECT_HANGUP)->client = s->id;
    }
}

/* ---- what waits ---- */

static struct waiting *last_waiting(struct session *s) {
    return s->waiting_count == 0 ? NULL : &s->waiting[s->waiting_head + s->waiting_count - 1];
}

static void add_waiting(struct session *s, struct waiting w) {
    struct waiting *last = last_waiting(s);
    bool joins = last != NULL && w.otherwise_size == 0 && last->otherwise_size == 0 &&
        (w.seq == 0 || w.seq == last->seq);
    if (joins) {
        last->size += w.size;
        return;
    }
    /* The front half is free: worth a move. */
    if (s->waiting_head > 0 && s->waiting_head >= s->waiting_capacity / 2) {
        ensure(s->waiting != NULL);
        memmove(s->waiting, s->waiting + s->waiting_head, s->waiting_count * sizeof(s->waiting[0]));
        s->waiting_head = 0;
    }
    size_t end = s->waiting_head + s->waiting_count;
    mem_grow(&s->waiting, &s->waiting_capacity, end + 1, sizeof(s->waiting[0]));
    s->waiting[end] = w;
    s->waiting_count++;
    if (!list_is_linked(&s->parked))
        list_append(&s->server->parked, &s->parked);
}

static void drop_waiting(struct session *s) {
    list_remove(&s->parked);
    mem_free(s->waiting);
    s->waiting = NULL;
    s->waiting_head = s->waiting_count = s->waiting_capacity = 0;
    buf_fini(&s->waiting_bytes);
}

static bool has_failed(const struct core *c, uint64_t seq) {
    return !core_is_durable(c, seq) && seq <= c->failed_seq;
}

void session_settle(struct session *s, size_t mark, uint64_t seq, struct slice otherwise) {
    mark_unsent(s);
    bool may_leave = seq == 0 || core_is_durable(s->server->core, seq);
    if (may_leave && s->waiting_count == 0) {
        s->out_after = MAX_OF(s->out_after, seq);
        return;
    }
    struct slice reply = slice_sub(buf_slice(&s->out), mark, SIZE_MAX);
    buf_add_slice(&s->waiting_bytes, reply);
    buf_add_slice(&s->waiting_bytes, otherwise);
    add_waiting(
        s, (struct waiting){ .seq = seq, .size = reply.size, .otherwise_size = otherwise.size });
    buf_truncate(&s->out, mark);
    session_release(s);
}

void session_release(struct session *s) {
    const struct core *core = s->server->core;
    while (s->waiting_count > 0) {
        const struct waiting *w = &s->waiting[s->waiting_head];
        bool durable = w->seq == 0 || core_is_durable(core, w->seq);
        bool failed = !durable && w->otherwise_size > 0 && has_failed(core, w->seq);
        if (!durable && !failed)
            return;

        struct slice both = slice_sub(buf_slice(&s->waiting_bytes), 0, w->size + w->otherwise_size);
        buf_add_slice(session_writer(s).out,
            failed ? slice_sub(both, w->size, w->otherwise_size) : slice_sub(both, 0, w->size));
        if (durable)
            s->out_after = MAX_OF(s->out_after, w->seq);
        mark_unsent(s);
        buf_consume(&s->waiting_bytes, both.size);
        s->waiting_head++;
        s->waiting_count--;
    }
    drop_waiting(s);
}

/* ---- the end ---- */

void session_end(struct session *s) {
    if (s->state != SESSION_OPEN)
        return;
    s->state = SESSION_ENDING;
    pubsub_leave(&s->server->pubsub, s);
    buf_fini(&s->query);
    mark_unsent(s);
}

void session_abandon(struct session *s) {
    session_end(s);
    drop_waiting(s);
    buf_fini(&s->out);
}
