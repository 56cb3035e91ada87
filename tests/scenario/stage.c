#include "tests/scenario/stage.h"

#include "sentinel/core/core.h"

#include <string.h>

#define SEED         7 /* any other will do */
#define DISCOVERY_US (20 * US_PER_S)
#define REST_US      (5 * US_PER_S)
#define DICE         1 /* of the first vedette; the others follow */

/* ---- who is on it ---- */

struct server *stage_server(struct stage *s, const char *name) {
    for (int i = 0; i < s->world->farm.count; i++)
        if (strcmp(s->world->farm.servers[i].name, name) == 0)
            return &s->world->farm.servers[i];
    return NULL;
}

struct vedette *stage_vedette(struct stage *s, const char *name) {
    for (int i = 0; i < s->world->vedette_count; i++)
        if (strcmp(s->world->vedettes[i].name, name) == 0)
            return &s->world->vedettes[i];
    return NULL;
}

struct puppet *stage_puppet(struct stage *s, const char *name) {
    for (int i = 0; i < s->puppet_count; i++)
        if (strcmp(s->puppets[i].name, name) == 0)
            return &s->puppets[i];
    return NULL;
}

const struct party *stage_party(struct stage *s, const char *name) {
    const struct server *server = stage_server(s, name);
    const struct vedette *v = stage_vedette(s, name);
    const struct puppet *p = stage_puppet(s, name);
    return server != NULL ? &server->party : v != NULL ? &v->party : p != NULL ? &p->party : NULL;
}

/* ---- opening ---- */

static void name_all(struct stage *s) {
    const struct world *w = s->world;
    for (int i = 0; i < w->vedette_count; i++) {
        const struct vedette *v = &w->vedettes[i];
        const struct endpoint *e = &v->party.address;
        chronicle_add_sentinel(&s->chronicle, v->name, v->id, e->host, e->port);
    }
    for (int i = 0; i < w->farm.count; i++) {
        const struct server *server = &w->farm.servers[i];
        const struct endpoint *e = &server->party.address;
        chronicle_add_server(&s->chronicle, server->name, e->host, e->port);
    }
}

/* What it says at level debug is told, too. */
static void load_dice(struct vedette *v) {
    struct core *c = vedette_core(v);
    c->settings.log_level = LOG_DEBUG;
    rng_init(&c->rng, DICE + (uint64_t)v->number);
}

/* Among equals the first one is chosen. */
static void order_run_ids(struct world *w) {
    for (int i = 0; i < w->farm.count; i++)
        memset(w->farm.servers[i].run_id, 'a' + w->farm.servers[i].row, ID_LENGTH);
}

static bool is_settled(const struct world *w, struct buf *why) {
    buf_clear(why);
    return world_is_discovered(w) && world_agrees(w, why);
}

static void on_effect(void *context, const struct vedette *v, const struct effect *e) {
    struct stage *s = context;
    chronicle_effect(&s->chronicle, v, e);
}

bool stage_open(struct stage *s, const struct draw *draw, FILE *story, struct buf *ret_why) {
    struct world *w = world_new(SEED, draw);
    *s = (struct stage){ .world = w };
    chronicle_init(&s->chronicle, w);
    w->net.weather = draw->weather;
    w->listener = on_effect;
    w->listener_context = s;
    w->visitor.heard = &s->heard;
    if (story != NULL)
        story_start(&w->story, story);
    world_start(w);
    order_run_ids(w);
    name_all(s);
    for (int i = 0; i < w->vedette_count; i++)
        load_dice(&w->vedettes[i]);
    while (!is_settled(w, ret_why) && w->schedule.now_us < DISCOVERY_US && !w->laws.is_broken)
        world_run(w, w->schedule.now_us + US_PER_MS);
    if (!is_settled(w, ret_why) || !stage_run(s, REST_US))
        return false;
    stage_forget(s);
    stage_deed(s);
    return true;
}

void stage_close(struct stage *s) {
    for (int i = 0; i < s->puppet_count; i++)
        puppet_fini(&s->puppets[i]);
    world_free(s->world);
    chronicle_fini(&s->chronicle);
    buf_fini(&s->heard);
}

/* ---- time ---- */

bool stage_run(struct stage *s, int64_t us) {
    return world_run(s->world, s->world->schedule.now_us + us);
}

void stage_deed(struct stage *s) {
    s->deed_us = s->world->schedule.now_us;
}

static void note_doubts(struct stage *s, const struct vedette *v) {
    if (vedette_core(v) != NULL)
        s->doubts[v->number] = vedette_core(v)->doubts;
}

void stage_forget(struct stage *s) {
    s->curtain = s->chronicle.count;
    for (size_t i = 0; i < SIM_VEDETTES_MAX; i++)
        for (size_t topic = 0; topic < TOPIC_COUNT; topic++)
            s->shown[i][topic] = s->curtain;
    for (int i = 0; i < s->world->vedette_count; i++)
        note_doubts(s, &s->world->vedettes[i]);
}

void stage_start_vedette(struct stage *s, struct vedette *v) {
    vedette_start(v);
    load_dice(v);
    note_doubts(s, v);
}

static bool awaits(const struct node *n, const struct server *server) {
    return n->live.unanswered_ms != 0 && endpoint_equal(&n->address.given, &server->party.address);
}

static bool is_awaited(const struct world *w, const struct server *server) {
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], server->group);
        if (g == NULL)
            continue;
        if (awaits(g->master, server))
            return true;
        list_for_each(n, &g->replicas, struct node, siblings)
            if (awaits(n, server))
                return true;
    }
    return false;
}

bool stage_await_quiet(struct stage *s, const struct server *server) {
    int64_t limit_us = s->world->schedule.now_us + US_PER_S;
    while (is_awaited(s->world, server) && s->world->schedule.now_us < limit_us)
        if (!stage_run(s, INSTANT_US))
            return false;
    return true;
}

/* ---- what was told ---- */

void stage_show(
    struct stage *s, const struct vedette *v, unsigned topics, bool timed, struct buf *out) {
    size_t *shown = s->shown[v->number];
    for (size_t i = s->curtain; i < s->chronicle.count; i++) {
        const struct chronicle_line *line = &s->chronicle.lines[i];
        if (line->vedette != v->number || (topics & TOPIC_BIT(line->topic)) == 0 ||
            i < shown[line->topic])
            continue;
        if (timed)
            buf_printf(out, "%+6lld ", (long long)((line->at_us - s->deed_us) / US_PER_MS));
        buf_add_text(out, line->text);
        buf_add_char(out, '\n');
    }
    for (size_t topic = 0; topic < TOPIC_COUNT; topic++)
        if ((topics & TOPIC_BIT(topic)) != 0)
            shown[topic] = s->chronicle.count;
}
