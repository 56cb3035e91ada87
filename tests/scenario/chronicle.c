#include "tests/scenario/chronicle.h"

#include "common/mem.h"
#include "sentinel/core/effect.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const topic_names[TOPIC_COUNT] = {
    [TOPIC_EVENTS] = "events",
    [TOPIC_ORDERS] = "orders",
    [TOPIC_QUESTIONS] = "questions",
    [TOPIC_HELLOS] = "hellos",
    [TOPIC_INFO] = "info",
    [TOPIC_PINGS] = "pings",
    [TOPIC_PROOFS] = "proofs",
    [TOPIC_HANDSHAKES] = "handshakes",
    [TOPIC_LINKS] = "links",
    [TOPIC_DISK] = "disk",
    [TOPIC_MOVES] = "moves",
    [TOPIC_LOG] = "log",
};

void chronicle_init(struct chronicle *c, struct world *w) {
    *c = (struct chronicle){ .world = w };
}

void chronicle_fini(struct chronicle *c) {
    for (size_t i = 0; i < c->count; i++)
        mem_free(c->lines[i].text);
    for (size_t i = 0; i < c->alias_count; i++)
        mem_free(c->aliases[i].text);
    mem_free(c->lines);
    mem_free(c->aliases);
}

/* ---- names ---- */

static int longest_first(const void *a, const void *b) {
    const struct alias *x = a, *y = b;
    size_t x_size = strlen(x->text), y_size = strlen(y->text);
    return x_size != y_size ? (x_size < y_size ? 1 : -1) : strcmp(x->text, y->text);
}

static void add_alias(struct chronicle *c, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void add_alias(struct chronicle *c, const char *name, const char *format, ...) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    mem_grow(&c->aliases, &c->alias_capacity, c->alias_count + 1, sizeof(*c->aliases));
    struct alias *a = &c->aliases[c->alias_count++];
    *a = (struct alias){ .text = slice_dup(buf_slice(&text)) };
    slice_copy(slice_of(name), a->name, sizeof(a->name));
    qsort(c->aliases, c->alias_count, sizeof(*a), longest_first);
}

void chronicle_add_sentinel(
    struct chronicle *c, const char *name, const char *id, const char *host, unsigned port) {
    add_alias(c, name, "%s %s %u", id, host, port); /* in events */
    add_alias(c, name, "%s,%u,%s", host, port, id); /* in hellos */
    add_alias(c, name, "%s:%u", host, port);
    add_alias(c, name, "%s", id);
}

void chronicle_add_server(struct chronicle *c, const char *name, const char *host, unsigned port) {
    add_alias(c, name, "%s:%u %s %u", host, port, host, port); /* in events */
    add_alias(c, name, "%s,%u", host, port);                   /* in hellos */
    add_alias(c, name, "\"%s\", \"%u\"", host, port);          /* in answers */
    add_alias(c, name, "%s %u", host, port);
    add_alias(c, name, "%s:%u", host, port);
}

void chronicle_make_readable(const struct chronicle *c, struct slice text, struct buf *out) {
    while (text.size > 0) {
        size_t i = 0;
        while (i < c->alias_count && !slice_starts_with(text, c->aliases[i].text))
            i++;
        if (i < c->alias_count)
            buf_add_text(out, c->aliases[i].name);
        else
            buf_add_char(out, text.data[0]);
        text = slice_sub(text, i < c->alias_count ? strlen(c->aliases[i].text) : 1, text.size);
    }
}

/* ---- lines ---- */

static void add_line(
    struct chronicle *c, const struct vedette *v, enum topic topic, const struct buf *text) {
    struct buf readable CLEANUP(buf_fini) = BUF_INIT;
    chronicle_make_readable(c, buf_slice(text), &readable);
    mem_grow(&c->lines, &c->capacity, c->count + 1, sizeof(*c->lines));
    c->lines[c->count++] = (struct chronicle_line){
        .at_us = c->world->schedule.now_us,
        .vedette = v->number,
        .topic = topic,
        .text = slice_dup(buf_slice(&readable)),
    };
}

static bool begins_with(const struct request *r, const char *first, const char *second) {
    return slice_is_nocase(r->words[0], first) &&
        (second == NULL || (r->word_count > 1 && slice_is_nocase(r->words[1], second)));
}

static enum topic topic_of(const struct effect *e) {
    static const struct {
        const char *first, *second;
        enum topic topic;
    } rows[] = {
        { "PING", NULL, TOPIC_PINGS },
        { "INFO", NULL, TOPIC_INFO },
        { "PUBLISH", NULL, TOPIC_HELLOS },
        { "AUTH", NULL, TOPIC_HANDSHAKES },
        { "CLIENT", "SETNAME", TOPIC_HANDSHAKES },
        { "SUBSCRIBE", NULL, TOPIC_HANDSHAKES },
        { "SENTINEL", "is-master-down-by-addr", TOPIC_QUESTIONS },
        { "SENTINEL", "VEDETTE-PROVE", TOPIC_PROOFS },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (begins_with(&e->requests[0], rows[i].first, rows[i].second))
            return rows[i].topic;
    return TOPIC_ORDERS;
}

/* What nobody could foresee is not written out. */
static void add_word(const struct request *r, size_t number, struct buf *out) {
    struct slice word = r->words[number];
    bool is_last = number + 1 == r->word_count;
    if (r->secret_from > 0 && number >= (size_t)r->secret_from) {
        buf_add_text(out, "***");
    } else if (begins_with(r, "SENTINEL", "VEDETTE-PROVE") && number == 4) {
        buf_add_text(out, "NUMBER");
    } else if (is_last && r->sealed > 0) {
        buf_add_slice(out, slice_sub(word, 0, word.size - r->sealed));
        buf_add_text(out, "SEAL");
    } else {
        buf_add_slice(out, word);
    }
}

static void tell_send(struct chronicle *c, const struct vedette *v, const struct effect *e) {
    const struct wire *x = wire_of_link(v, e->link, e->incarnation);
    if (x == NULL)
        return;
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&text, "to ");
    endpoint_print(&x->address, &text);
    for (size_t i = 0; i < e->request_count; i++) {
        const struct request *r = &e->requests[i];
        buf_add_text(&text, i == 0 ? ": " : "; ");
        for (size_t w = 0; w < r->word_count; w++) {
            if (w > 0)
                buf_add_char(&text, ' ');
            add_word(r, w, &text);
        }
    }
    add_line(c, v, topic_of(e), &text);
}

static void tell_link(struct chronicle *c, const struct vedette *v, const struct effect *e) {
    bool opens = e->kind == EFFECT_OPEN;
    const struct wire *x = opens ? NULL : wire_of_link(v, e->link, e->incarnation);
    if (!opens && x == NULL)
        return;
    enum link_purpose purpose = opens ? e->purpose : x->purpose;
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(
        &text, "%s %s ", opens ? "opens" : "closes", purpose == LINK_PUBSUB ? "pubsub" : "command");
    endpoint_print(opens ? &e->address : &x->address, &text);
    add_line(c, v, TOPIC_LINKS, &text);
}

/* The log repeats each event: those are told already. */
static void tell_log(struct chronicle *c, const struct vedette *v, const struct effect *e) {
    bool is_event = slice_starts_with(e->text, "+") || slice_starts_with(e->text, "-");
    bool is_move = slice_starts_with(e->text, "failover of ");
    if (is_event || (e->level < LOG_NOTICE && !is_move))
        return;
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    buf_add_slice(&text, e->text);
    add_line(c, v, is_move ? TOPIC_MOVES : TOPIC_LOG, &text);
}

void chronicle_effect(struct chronicle *c, const struct vedette *v, const struct effect *e) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    if (e->kind == EFFECT_SEND) {
        tell_send(c, v, e);
    } else if (e->kind == EFFECT_OPEN || e->kind == EFFECT_CLOSE) {
        tell_link(c, v, e);
    } else if (e->kind == EFFECT_LOG) {
        tell_log(c, v, e);
    } else if (e->kind == EFFECT_EVENT && e->level >= LOG_NOTICE) {
        buf_printf(
            &text, "%s " SLICE_FMT SLICE_FMT, e->event, SLICE_ARG(e->text), SLICE_ARG(e->note));
        add_line(c, v, TOPIC_EVENTS, &text);
    } else if (e->kind == EFFECT_PERSIST) {
        buf_add_text(&text, "persist");
        for (size_t i = 0; i < e->delta_count; i++) {
            buf_add_text(&text, i == 0 ? " " : "; ");
            delta_print(&e->deltas[i], &text);
        }
        add_line(c, v, TOPIC_DISK, &text);
    }
}
