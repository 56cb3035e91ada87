/* The laws of who is chosen (C10; spec 8.3). */
#include "sentinel/core/core.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

#include <string.h>

/* Source: ARCHITECTURE 6, C10; spec 8.3. */
#define INFORMED_WAIT_MS 300
#define NO_GOOD_WAIT_MS  1000
#define PONG_AGE_MAX_MS  5000
#define INFO_AGE_DOWN_MS 5000
#define INFO_AGE_MAX_MS  30000
#define LINK_DOWN_FACTOR 10
#define PING_MS          1000

/* What a choice is made from. */
struct choice {
    const struct vedette *v;
    const struct group *g;
    const struct watched_attempt *attempt;
    const struct watched_server *servers, *master;
    int64_t fresh_since_ms;
};

static const struct server *server_of(const struct vedette *v, const struct node *n) {
    return farm_at(&v->world->farm, &n->address.given);
}

static const struct watched_server *seen(const struct choice *c, const struct node *n) {
    const struct server *s = server_of(c->v, n);
    return s == NULL ? NULL : &c->servers[s - c->v->world->farm.servers];
}

/* false: the world does not tell enough of it to judge. */
static bool read_choice(struct laws *l, const struct vedette *v, int group, struct choice *ret) {
    const struct watch *k = &l->watch[v->number];
    *ret = (struct choice){
        .v = v,
        .g = vedette_group(v, group),
        .attempt = &k->groups[group].attempt,
        .servers = k->servers,
        .fresh_since_ms = INT64_MAX,
    };
    ret->master = seen(ret, ret->g->master);
    if (ret->master == NULL || ret->master->is_double)
        return false;
    if (ret->attempt->is_forced || ret->attempt->is_coordinated)
        ret->fresh_since_ms = ret->attempt->begun_ms;
    else if (ret->master->is_down)
        ret->fresh_since_ms = ret->master->down_ms;
    list_for_each(n, &ret->g->replicas, struct node, siblings) {
        const struct watched_server *s = seen(ret, n);
        if (s == NULL || s->is_double)
            return false;
    }
    return true;
}

static bool is_fresh(const struct choice *c, const struct watched_server *s) {
    return s->info_ms != 0 && s->info_sent_ms >= c->fresh_since_ms;
}

static bool has_turned(const struct choice *c, const struct watched_server *s) {
    return s->says_master && s->turned_ms != 0 && c->master->is_down &&
        s->turned_ms >= c->master->down_ms;
}

static int64_t link_limit_ms(const struct choice *c) {
    int64_t limit_ms = LINK_DOWN_FACTOR * c->g->settings.down_after_ms;
    if (!c->master->is_down)
        return limit_ms;
    int64_t since_ms = MIN_OF(
        c->master->down_ms, c->master->good_sent_ms + PING_MS + c->g->settings.down_after_ms);
    if (!c->master->says_master)
        since_ms = MIN_OF(since_ms, c->master->role_ms);
    return limit_ms + c->v->now.mono_ms - since_ms;
}

static bool is_eligible(const struct choice *c, const struct watched_server *s) {
    int64_t info_limit_ms = c->master->is_down ? INFO_AGE_DOWN_MS : INFO_AGE_MAX_MS;
    bool has_refused = s->has_refused && s->refused_epoch == c->attempt->epoch;
    return s != c->master && !s->is_down && s->is_open && s->has_messages && s->priority != 0 &&
        !has_refused && c->v->now.heard_ms - s->good_heard_ms <= PONG_AGE_MAX_MS &&
        s->info_ms != 0 && c->v->now.mono_ms - s->info_ms <= info_limit_ms &&
        s->link_down_ms <= link_limit_ms(c);
}

/* An unknown run id comes last. */
static bool is_before(
    const struct choice *c, const struct watched_server *a, const struct watched_server *b) {
    if (is_fresh(c, a) != is_fresh(c, b))
        return is_fresh(c, a);
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->offset != b->offset)
        return a->offset > b->offset;
    if ((a->run_id[0] == '\0') != (b->run_id[0] == '\0'))
        return a->run_id[0] != '\0';
    return strcasecmp(a->run_id, b->run_id) < 0;
}

/* The one that is to be chosen; NULL = nobody. */
static const struct server *right_choice(const struct choice *c) {
    const struct node *best = NULL, *turned = NULL;
    int turned_count = 0;
    list_for_each(n, &c->g->replicas, struct node, siblings) {
        const struct watched_server *s = seen(c, n);
        turned_count += has_turned(c, s);
        if (!is_eligible(c, s))
            continue;
        if (has_turned(c, s))
            turned = n;
        if (best == NULL || is_before(c, s, seen(c, best)))
            best = n;
    }
    if (turned_count == 1 && turned != NULL) {
        marks_hit(&c->v->world->marks, MARK_TURNED_CHOSEN);
        best = turned;
    }
    return best == NULL ? NULL : server_of(c->v, best);
}

/* The first replica that may still answer before anybody is chosen. */
static const struct node *still_asked(const struct choice *c) {
    if (c->v->now.mono_ms - c->attempt->elected_ms >= INFORMED_WAIT_MS)
        return NULL;
    list_for_each(n, &c->g->replicas, struct node, siblings) {
        const struct watched_server *s = seen(c, n);
        if (!s->is_down && s->is_open && !is_fresh(c, s))
            return n;
    }
    return NULL;
}

static void check_selected(struct laws *l, const struct choice *c, const struct effect *e) {
    const struct server *chosen;
    const struct watched_server *s = watch_subject(&l->watch[c->v->number], e, &chosen);
    const struct server *right = right_choice(c);
    const struct node *asked = still_asked(c);
    if (s == NULL)
        return;
    if (chosen != right)
        laws_break(l, LAW_CHOICE, "%s selects %s, the right one is %s", c->v->name, chosen->name,
            right == NULL ? "nobody" : right->name);
    if (asked != NULL)
        laws_break(l, LAW_INFORMED, "%s selects %s before %s has answered", c->v->name,
            chosen->name, server_of(c->v, asked)->name);
}

static void check_nobody(struct laws *l, const struct choice *c) {
    const struct server *right = right_choice(c);
    bool by_command = c->attempt->is_forced || !c->master->is_down;
    int64_t since_ms = by_command ? c->attempt->begun_ms : c->master->down_ms;
    if (right != NULL)
        laws_break(
            l, LAW_CHOICE, "%s finds nobody to promote, %s is good", c->v->name, right->name);
    if (c->v->now.mono_ms - since_ms < NO_GOOD_WAIT_MS)
        laws_break(l, LAW_INFORMED, "%s finds nobody to promote after %lld ms", c->v->name,
            (long long)(c->v->now.mono_ms - since_ms));
}

void laws_select_event(struct laws *l, const struct vedette *v, const struct effect *e) {
    bool is_choice = strcmp(e->event, "+selected-slave") == 0;
    int group = world_group_named(e->group);
    struct choice c;
    if (!is_choice && strcmp(e->event, "-failover-abort-no-good-slave") != 0)
        return;
    if (group < 0 || vedette_group(v, group) == NULL || !read_choice(l, v, group, &c))
        return;
    if (is_choice)
        check_selected(l, &c, e);
    else
        check_nobody(l, &c);
}
