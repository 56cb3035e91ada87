/* The laws of who is held for down: honest silence, and the votes about it (C13). */
#include "sentinel/core/core.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

#include <string.h>

/* Source: spec 4.2, 4.4, ARCHITECTURE 5. */
#define INFO_PERIOD_MS  10000
#define ANSWER_VALID_MS 5000
#define PING_PERIOD_MS  1000

/* ---- +sdown ---- */

/* A server is down for its silence; a master also for refused connections, which the note of its
 * event tells, for its role, or since it was restarted. */
static bool has_reason(const struct vedette *v, const struct watched_server *s,
    const struct group_settings *settings, bool is_master) {
    int64_t now_ms = v->now.mono_ms, reboot_ms = settings->reboot_down_after_ms;
    if (watch_is_silent(&s->silence, v->now.heard_ms, settings->down_after_ms))
        return true;
    if (!is_master)
        return false;
    return (!s->says_master &&
               now_ms - s->role_ms > settings->down_after_ms + 2 * INFO_PERIOD_MS) ||
        (reboot_ms > 0 && s->rebooted_ms != 0 && now_ms - s->rebooted_ms > reboot_ms);
}

/* Whether an answer has arrived and is still to be handed in, that would end a silence which was
 * not too long before this wake-up. */
static bool is_unread(const struct vedette *v, const struct link *link,
    const struct watched_silence *s, int64_t limit_ms) {
    if (watch_is_silent(s, v->read_heard_ms, limit_ms))
        return false;
    list_for_each(letter, &v->inbox, struct letter, siblings) {
        const struct wire *x = letter->wire;
        const struct slice bytes = { .data = letter->bytes, .size = letter->size };
        if (letter->kind == LETTER_BYTES && !x->is_gone && x->client.value == 0 &&
            x->link.value == link->id.value && slice_contains(bytes, SLICE_LITERAL("+PONG")))
            return true;
    }
    return false;
}

static void check_peer_down(
    struct laws *l, const struct vedette *v, const struct group *g, struct slice text) {
    char id[ID_SIZE];
    (void)slice_cut(&text, ' ');
    int peer = watch_peer(&l->watch[v->number], slice_copy(slice_cut(&text, ' '), id, sizeof(id)));
    if (peer < 0)
        return;
    const struct watched_silence *s = &l->watch[v->number].peer_silence[peer];
    if (s->fresh_ms != 0 && !watch_is_silent(s, v->now.heard_ms, g->settings.down_after_ms))
        laws_break(l, LAW_DOWN_TRUE, "%s holds %.8s for down, which was silent for %lld ms",
            v->name, id, (long long)(s->since_ms == 0 ? 0 : v->now.heard_ms - s->since_ms));
    const struct peer *p = peer_find(g, id);
    if (p != NULL && is_unread(v, &p->process->link, s, g->settings.down_after_ms))
        laws_break(
            l, LAW_DOWN_READ, "%s holds %.8s for down and has not read its answer", v->name, id);
}

static const struct node *node_of(const struct group *g, const struct server *server) {
    if (farm_at(server->farm, &g->master->address.given) == server)
        return g->master;
    list_for_each(n, &g->replicas, struct node, siblings)
        if (farm_at(server->farm, &n->address.given) == server)
            return n;
    return NULL;
}

static void check_down(
    struct laws *l, const struct vedette *v, const struct group *g, const struct effect *e) {
    const struct server *server;
    const struct watched_server *s = watch_subject(&l->watch[v->number], e, &server);
    if (slice_starts_with(e->text, "sentinel "))
        check_peer_down(l, v, g, e->text);
    if (s == NULL || s->is_double || e->note.size > 0)
        return;
    if (!has_reason(v, s, &g->settings, slice_starts_with(e->text, "master ")))
        laws_break(l, LAW_DOWN_TRUE, "%s holds %s for down, which was silent for %lld ms", v->name,
            server->name,
            (long long)(s->silence.since_ms == 0 ? 0 : v->now.heard_ms - s->silence.since_ms));
    const struct node *n = node_of(g, server);
    if (watch_is_silent(&s->silence, v->now.heard_ms, g->settings.down_after_ms) && n != NULL &&
        is_unread(v, &n->command, &s->silence, g->settings.down_after_ms))
        laws_break(l, LAW_DOWN_READ, "%s holds %s for down and has not read its answer", v->name,
            server->name);
}

/* ---- silence is seen ---- */

static void check_seen(
    struct laws *l, const struct vedette *v, const struct group *g, const struct node *n) {
    const struct server *server = farm_at(&l->world->farm, &n->address.given);
    if (server == NULL || n->sdown)
        return;
    const struct watched_server *s = &l->watch[v->number].servers[server - l->world->farm.servers];
    int64_t since_ms = MAX_OF(s->silence.since_ms, s->silence.fresh_ms);
    int64_t silent_ms = v->now.heard_ms - since_ms;
    if (s->silence.since_ms != 0 && !s->is_double &&
        silent_ms > g->settings.down_after_ms + 2 * PING_PERIOD_MS)
        laws_break(l, LAW_DOWN_SEEN, "%s does not hold %s for down, which is silent for %lld ms",
            v->name, server->name, (long long)silent_ms);
}

void laws_health_look(struct laws *l, const struct vedette *v, const struct group *g) {
    if (vedette_is_in_tilt(v) || vedette_core(v)->tilt || g->frozen)
        return;
    check_seen(l, v, g, g->master);
    list_for_each(n, &g->replicas, struct node, siblings)
        check_seen(l, v, g, n);
}

/* ---- C13: a quorum ---- */

static const struct watched_server *master_of(
    struct laws *l, const struct vedette *v, const struct group *g) {
    const struct server *s = farm_at(&l->world->farm, &g->master->address.given);
    return s == NULL ? NULL : &l->watch[v->number].servers[s - l->world->farm.servers];
}

bool laws_answer_counts(
    struct laws *l, const struct vedette *v, int group, const struct watched_answer *a) {
    const struct watched_server *m = master_of(l, v, vedette_group(v, group));
    return m != NULL && m->is_down && a->says_down && a->down_asked_ms >= m->down_ms &&
        v->now.mono_ms - a->told_ms <= ANSWER_VALID_MS;
}

void laws_check_quorum(struct laws *l, const struct vedette *v, int group, const char *does) {
    const struct group *g = vedette_group(v, group);
    const struct watched_server *m = master_of(l, v, g);
    if (m == NULL || m->is_double)
        return;
    int64_t votes = m->is_down;
    list_for_each(p, &g->peers, struct peer, of_group)
        votes += laws_answer_counts(l, v, group, watch_answer(&l->watch[v->number], p));
    if (!m->is_down || votes < g->settings.quorum)
        laws_break(l, LAW_QUORUM, "%s %s with %lld that say that the master is down, of %lld",
            v->name, does, (long long)votes, (long long)g->settings.quorum);
}

/* Not so if a failover came to its end in the same step: the event is about the old one. */
static bool is_about_master(
    struct laws *l, const struct vedette *v, const struct group *g, const struct effect *e) {
    const struct server *subject = NULL;
    watch_subject(&l->watch[v->number], e, &subject);
    return group_current_master(g) == g->master &&
        subject == farm_at(&l->world->farm, &g->master->address.given);
}

void laws_health_event(struct laws *l, const struct vedette *v, const struct effect *e) {
    int group = world_group_named(e->group);
    const struct group *g = group < 0 ? NULL : vedette_group(v, group);
    if (g == NULL)
        return;
    if (strcmp(e->event, "+sdown") == 0)
        check_down(l, v, g, e);
    else if (strcmp(e->event, "+odown") == 0 && is_about_master(l, v, g, e))
        laws_check_quorum(l, v, group, "finds +odown");
}
