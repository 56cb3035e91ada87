#include "sentinel/command/session.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/command/access.h"
#include "sentinel/command/pubsub.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "sentinel/core/input.h"
#include "sentinel/core/saving.h"

#include <string.h>

/* A run of bytes in `waiting_bytes`: the reply, then what is sent if the write failed. */
struct waiting {
    struct rest on;   /* REST_NONE: waits only for those before it */
    int64_t since_ms; /* mono */
    size_t size;
    size_t otherwise_size; /* 0 = the reply is sent in any case, once seq is durable */
};

struct session *session_new(struct server *server, const struct input *opened) {
    struct session *s = mem_new(struct session);
    *s = (struct session){
        .server = server,
        .id = opened->client,
        .origin = origins_enter(&server->origins, &opened->remote),
        .remote = opened->remote,
        .local = opened->local,
        .descriptor = opened->descriptor,
        .version = 2,
        .opened_ms = server->core->now.mono_ms,
        .active_ms = server->core->now.mono_ms,
    };
    tracking_init(&s->tracking);
    s->oldest.at_ms = TSTAMP_NEVER;
    access_enter(s);
    return s;
}

void session_free(struct session *s) {
    if (s == NULL)
        return;
    pubsub_leave(&s->server->pubsub, s);
    origins_leave(&s->server->origins, s->origin, s->server->core->now.mono_ms);
    list_remove(&s->unsent);
    list_remove(&s->parked);
    heap_remove(&s->server->waits, &s->oldest);
    heap_remove(&s->server->idle, &s->idle);
    session_dequeue(s);
    s->server->held -= s->held;
    map_fini(&s->channels);
    map_fini(&s->patterns);
    tracking_fini(&s->tracking);
    proofs_fini(&s->proofs);
    mem_free(s->name);
    mem_free(s->library_name);
    mem_free(s->library_version);
    mem_free(s->waiting);
    mem_free(s->kept_words);
    buf_fini(&s->query);
    buf_fini(&s->out);
    buf_fini(&s->waiting_bytes);
    mem_free(s);
}

struct slice session_key(const struct session *s) {
    return (struct slice){ .data = (const char *)&s->id.value, .size = sizeof(s->id.value) };
}

static size_t limit_of(const struct session *s, enum limit limit) {
    return (size_t)s->server->core->settings.limits.max[limit];
}

static void hit(struct session *s, enum limit limit) {
    s->server->core->limit_hits[limit]++;
}

bool session_is_full(const struct session *s) {
    return s->waiting_count >= limit_of(s, LIMIT_PARKED_REPLIES) ||
        buf_size(&s->waiting_bytes) >= SESSION_WAITING_BYTES_MAX;
}

bool session_is_held_up(const struct session *s) {
    return s->is_choked || s->is_awaiting || s->is_postponed || list_is_linked(&s->queued) ||
        session_is_full(s);
}

bool session_overflows(const struct session *s) {
    return buf_size(&s->out) + buf_size(&s->waiting_bytes) > limit_of(s, LIMIT_OUTPUT_BUFFER);
}

size_t session_subscription_count(const struct session *s) {
    return map_count(&s->channels) + map_count(&s->patterns);
}

bool session_has_subscriptions(const struct session *s) {
    return session_subscription_count(s) > 0;
}

bool session_is_muted(const struct session *s) {
    return s->replies == REPLIES_NONE || s->replies == REPLIES_SKIP;
}

/* ---- what it holds, and its turn ---- */

void session_weigh(struct session *s) {
    size_t held = buf_size(&s->query) + s->kept_size + buf_size(&s->waiting_bytes) +
        s->subscription_bytes + s->tracking.bytes;
    s->server->held += held - s->held;
    s->held = held;
}

void session_keep_words(struct session *s, const struct slice *words, size_t count) {
    ensure(s->kept_words == NULL);
    s->kept_size = slice_packed_size(words, count);
    s->kept_words = mem_alloc(s->kept_size);
    s->kept_count = count;
    slice_pack(words, count, s->kept_words);
    session_weigh(s);
}

struct slice *session_take_words(struct session *s, size_t *ret_count) {
    struct slice *words = s->kept_words;
    *ret_count = s->kept_count;
    s->kept_words = NULL;
    s->kept_count = s->kept_size = 0;
    session_weigh(s);
    return words;
}

void session_enqueue(struct session *s) {
    struct server *server = s->server;
    if (list_is_linked(&s->queued))
        return;
    if (server->queued_count++ == 0)
        server->turn_ms = server->core->now.mono_ms + 1;
    list_append(&server->queued, &s->queued);
}

void session_dequeue(struct session *s) {
    if (!list_is_linked(&s->queued))
        return;
    list_remove(&s->queued);
    s->server->queued_count--;
}

void session_steer(struct session *s) {
    bool pause = session_is_held_up(s);
    if (s->state != SESSION_OPEN || pause == s->is_paused)
        return;
    s->is_paused = pause;
    effects_add(s->server->core->out, pause ? EFFECT_PAUSE : EFFECT_RESUME)->client = s->id;
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
        rate_add(&server->stats.output_bytes, server->core->now.mono_ms, bytes.size);
        s->output_bytes += bytes.size;
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
        (w.on.seq == 0 || w.on.seq == last->on.seq);
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
    heap_remove(&s->server->waits, &s->oldest);
    mem_free(s->waiting);
    s->waiting = NULL;
    s->waiting_head = s->waiting_count = s->waiting_capacity = 0;
    buf_fini(&s->waiting_bytes);
    session_weigh(s);
}

/* Only the first that waits can be the next to leave. One that has nothing to say otherwise waits
 * for ever. */
static void watch_oldest(struct session *s) {
    const struct waiting *first = &s->waiting[s->waiting_head];
    heap_set(
        &s->server->waits, &s->oldest, first->otherwise_size > 0 ? first->since_ms : TSTAMP_NEVER);
}

static bool is_overdue(const struct core *c, const struct waiting *w) {
    return tstamp_age(c->now.mono_ms, w->since_ms) >= c->settings.limits.max[LIMIT_PARKED_TIME];
}

static bool is_done(const struct core *c, struct rest on) {
    return core_is_durable(c, on.seq) && (!on.in_file || saving_is_done(c, on.seq));
}

static bool has_failed(const struct core *c, struct rest on) {
    bool durable = core_is_durable(c, on.seq);
    return (!durable && on.seq <= c->failed_seq) || (on.in_file && saving_has_failed(c, on.seq));
}

void session_settle(struct session *s, size_t mark, struct rest on, struct slice otherwise) {
    mark_unsent(s);
    if (is_done(s->server->core, on) && s->waiting_count == 0) {
        s->out_after = MAX_OF(s->out_after, on.seq);
        return;
    }
    struct slice reply = slice_sub(buf_slice(&s->out), mark, SIZE_MAX);
    bool was_full = session_is_full(s);
    buf_add_slice(&s->waiting_bytes, reply);
    buf_add_slice(&s->waiting_bytes, otherwise);
    add_waiting(s,
        (struct waiting){
            .on = on,
            .since_ms = s->server->core->now.mono_ms,
            .size = reply.size,
            .otherwise_size = otherwise.size,
        });
    buf_truncate(&s->out, mark);
    session_release(s);
    if (!was_full && session_is_full(s))
        hit(s, LIMIT_PARKED_REPLIES);
}

void session_release(struct session *s) {
    const struct core *core = s->server->core;
    while (s->waiting_count > 0) {
        const struct waiting *w = &s->waiting[s->waiting_head];
        bool done = is_done(core, w->on);
        bool failed = !done && has_failed(core, w->on);
        bool overdue = !done && !failed && is_overdue(core, w);
        if (!done && (w->otherwise_size == 0 || (!failed && !overdue))) {
            watch_oldest(s);
            session_weigh(s);
            return;
        }

        struct slice both = slice_sub(buf_slice(&s->waiting_bytes), 0, w->size + w->otherwise_size);
        buf_add_slice(session_writer(s).out,
            done ? slice_sub(both, 0, w->size) : slice_sub(both, w->size, w->otherwise_size));
        if (overdue)
            hit(s, LIMIT_PARKED_TIME);
        if (done)
            s->out_after = MAX_OF(s->out_after, w->on.seq);
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
    session_dequeue(s);
    size_t count;
    mem_free(session_take_words(s, &count));
    buf_fini(&s->query);
    tracking_stop(&s->tracking);
    session_weigh(s);
    mark_unsent(s);
}

void session_abandon(struct session *s) {
    session_end(s);
    drop_waiting(s);
    buf_fini(&s->out);
    if (s->state == SESSION_ENDING)
        mark_unsent(s);
}
