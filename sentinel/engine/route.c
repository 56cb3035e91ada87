#include "sentinel/engine/route.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "sentinel/core/script.h"

#include <stdio.h>
#include <string.h>

/* An event on its way to the subscribers, or a job on its way to the queue of scripts. */
struct message {
    struct list_node queued;
    uint64_t after;      /* PERSIST that it rests on; 0 = none */
    const char *channel; /* static; NULL: a job */
    size_t word_count;
    struct slice words[]; /* of an event: its payload; the bytes stand behind them */
};

void route_init(struct route *r) {
    *r = (struct route){ .log_level = LOG_NOTICE };
    list_init(&r->queue);
}

static void message_free(struct message *m) {
    list_remove(&m->queued);
    mem_free(m);
}

void route_fini(struct route *r) {
    list_for_each(m, &r->queue, struct message, queued)
        message_free(m);
}

/* ---- the queue ---- */

static void drop_oldest(struct route *r) {
    struct message *oldest = list_first(&r->queue, struct message, queued);
    ensure(oldest != NULL);
    message_free(oldest);
    r->queued--;
    r->dropped++;
}

static struct message *message_new(const struct slice *words, size_t count) {
    struct message *m = mem_alloc(sizeof(*m) + slice_packed_size(words, count));
    slice_pack(words, count, m->words);
    m->word_count = count;
    return m;
}

static void enqueue(struct route *r, const struct effect *e) {
    bool is_event = e->kind == EFFECT_EVENT;
    struct message *m = is_event ? message_new(&e->text, 1) : message_new(e->words, e->word_count);
    m->channel = is_event ? e->event : NULL;
    m->after = e->after;
    list_append(&r->queue, &m->queued);
    r->queued++;
}

static void deliver(const struct message *m, struct core *c, struct server *server) {
    if (m->channel != NULL)
        server_publish(server, slice_of(m->channel), m->words[0], m->after);
    else
        script_enqueue(c, m->words, m->word_count);
}

void route_publish(struct route *r, struct core *c, struct server *server) {
    list_for_each(m, &r->queue, struct message, queued) {
        if (m->after != 0 && !core_is_durable(c, m->after)) {
            if (!core_store_failed(c) || m->after > c->failed_seq)
                return; /* waits, and all behind it */
            /* The disk failed it: it is never told, and holds up nobody. */
            message_free(m);
            r->queued--;
            continue;
        }
        deliver(m, c, server);
        message_free(m);
        r->queued--;
    }
    r->dropped = 0;
}

/* ---- the log ---- */

static bool is_logged(const struct route *r, enum log_level level) {
    return level >= r->log_level;
}

static struct effect log_of_event(struct effects *out, const struct effect *event) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&line, event->event);
    buf_add_char(&line, ' ');
    buf_add_slice(&line, event->text);
    buf_add_slice(&line, event->note);
    return (struct effect){
        .kind = EFFECT_LOG,
        .level = event->level,
        .text = effects_copy(out, buf_slice(&line)),
    };
}

/* Drops the lines below the level; returns how many events are to be logged. */
static size_t drop_quiet_lines(const struct route *r, struct effects *out, size_t first) {
    size_t kept = first, logged_events = 0;
    for (size_t i = first; i < out->count; i++) {
        const struct effect *e = &out->items[i];
        if (e->kind == EFFECT_LOG && !is_logged(r, e->level))
            continue;
        logged_events += e->kind == EFFECT_EVENT && is_logged(r, e->level);
        if (kept != i)
            out->items[kept] = *e;
        kept++;
    }
    out->count = kept;
    return logged_events;
}

/* Opens the list from its end, so that each event gets its line right behind it and the log keeps
 * its order. */
static void insert_event_lines(
    const struct route *r, struct effects *out, size_t first, size_t line_count) {
    size_t from = out->count;
    for (size_t i = 0; i < line_count; i++)
        effects_add(out, EFFECT_LOG);
    size_t to = out->count;
    while (from > first && from != to) {
        const struct effect e = out->items[--from];
        if (e.kind == EFFECT_EVENT && is_logged(r, e.level))
            out->items[--to] = log_of_event(out, &e);
        out->items[--to] = e;
    }
}

static void report_drops(const struct route *r, struct effects *out, size_t dropped_before) {
    if (dropped_before > 0 || r->dropped == 0 || !is_logged(r, LOG_WARNING))
        return;
    char text[128];
    int size = snprintf(text, sizeof(text),
        "%d events wait for the state to be written: the oldest are not published any more",
        ROUTE_QUEUE_MAX);
    struct slice line = effects_copy(out, (struct slice){ .data = text, .size = (size_t)size });
    struct effect *e = effects_add(out, EFFECT_LOG);
    e->level = LOG_WARNING;
    e->text = line;
}

void route_effects(struct route *r, struct effects *out, size_t first) {
    size_t dropped_before = r->dropped;
    size_t line_count = drop_quiet_lines(r, out, first);
    if (line_count > 0)
        insert_event_lines(r, out, first, line_count);
    for (size_t i = first; i < out->count; i++) {
        const struct effect *e = &out->items[i];
        bool is_published = e->kind == EFFECT_EVENT && e->level > LOG_DEBUG;
        if (is_published || e->kind == EFFECT_SCRIPT)
            enqueue(r, e);
    }
    while (r->queued > ROUTE_QUEUE_MAX)
        drop_oldest(r);
    report_drops(r, out, dropped_before);
}
