/* What the vedettes of a world tell and do, as lines: events, orders, questions and so on, each
 * with its time. Ids and addresses are shown as v1 and s1, who they belong to. */
#pragma once

#include "common/base.h"
#include "common/buf.h"

struct effect;
struct vedette;
struct world;

enum topic {
    TOPIC_EVENTS,     /* of level notice and above, as published, with the note of the log */
    TOPIC_ORDERS,     /* what changes a server: transactions, SCRIPT KILL, CLIENT UNPAUSE */
    TOPIC_QUESTIONS,  /* is-master-down-by-addr */
    TOPIC_HELLOS,     /* PUBLISH */
    TOPIC_INFO,       /* INFO */
    TOPIC_PINGS,      /* PING */
    TOPIC_PROOFS,     /* VEDETTE-PROVE */
    TOPIC_HANDSHAKES, /* AUTH, CLIENT SETNAME, SUBSCRIBE */
    TOPIC_LINKS,      /* connections opened and closed */
    TOPIC_DISK,       /* what is to be made durable */
    TOPIC_MOVES,      /* from one state of an attempt to the next */
    TOPIC_LOG,        /* all other lines of the log, level notice and above */
    TOPIC_COUNT,
};

extern const char *const topic_names[TOPIC_COUNT];

#define TOPIC_BIT(topic) (1u << (topic))

struct chronicle_line {
    int64_t at_us;
    int vedette; /* from 0 */
    enum topic topic;
    char *text; /* owned */
};

/* An id or an address as it is written somewhere, and what we call it. */
struct alias {
    char *text; /* owned */
    char name[4];
};

struct chronicle {
    struct world *world;          /* borrowed */
    struct chronicle_line *lines; /* owned, in order */
    size_t count, capacity;
    struct alias *aliases; /* owned: the longest first */
    size_t alias_count, alias_capacity;
};

void chronicle_init(struct chronicle *c, struct world *w);
void chronicle_fini(struct chronicle *c);
/* A vedette, or a peer that is none: `id` and `host:port` are called `name` from now on. */
void chronicle_add_sentinel(
    struct chronicle *c, const char *name, const char *id, const char *host, unsigned port);
void chronicle_add_server(struct chronicle *c, const char *name, const char *host, unsigned port);

/* A vedette wants this done. */
void chronicle_effect(struct chronicle *c, const struct vedette *v, const struct effect *e);

/* The text with names in the place of ids and addresses. */
void chronicle_make_readable(const struct chronicle *c, struct slice text, struct buf *out);
