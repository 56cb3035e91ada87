#include "sentinel/core/heard.h"

#include "common/mem.h"
#include "config/state.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/hello.h"

#define DROPPED_TOLD_MS (60 * 1000)

struct heard {
    struct list_node of_name; /* in name->heard */
    uint64_t group_serial;
    int64_t heard_ms; /* mono */
    char *line;       /* owned: a hello; NULL: a replica */
    char id[ID_SIZE]; /* its sender */
    struct endpoint replica;
};

static void heard_free(struct core *c, struct heard *h) {
    list_remove(&h->of_name);
    c->resolve.heard_count--;
    mem_free(h->line);
    mem_free(h);
}

static void tell_dropped(struct core *c, const struct group *g, const char *what, const char *why) {
    if (tstamp_is_recent(c->now.mono_ms, c->resolve.dropped_told_ms, DROPPED_TOLD_MS))
        return;
    c->resolve.dropped_told_ms = c->now.mono_ms;
    core_log(c, LOG_WARNING, "%s: %s ignored: %s", g->name, what, why);
}

/* ---- holding ---- */

static struct heard *hold(
    struct core *c, struct host_name *name, const struct group *g, const char *what) {
    if (c->resolve.heard_count >= HEARD_MAX) {
        tell_dropped(c, g, what, "too much waits for host names to be resolved");
        return NULL;
    }
    struct heard *h = mem_new(struct heard);
    h->group_serial = g->serial;
    h->heard_ms = c->now.mono_ms;
    resolve_hold(c, name);
    list_append(&name->heard, &h->of_name);
    c->resolve.heard_count++;
    return h;
}

void heard_hello(struct core *c, struct host_name *name, const struct group *g, struct slice id,
    struct slice line, int64_t heard_ms) {
    list_for_each(older, &name->heard, struct heard, of_name)
        if (older->line != NULL && older->group_serial == g->serial && slice_is(id, older->id))
            heard_free(c, older);
    struct heard *h = hold(c, name, g, "hello");
    if (h == NULL)
        return;
    h->heard_ms = heard_ms;
    h->line = slice_dup(line);
    slice_copy(id, h->id, sizeof(h->id));
}

void heard_replica(
    struct core *c, struct host_name *name, const struct group *g, const struct endpoint *replica) {
    list_for_each(older, &name->heard, struct heard, of_name)
        if (older->line == NULL && older->group_serial == g->serial &&
            endpoint_equal(&older->replica, replica))
            return;
    struct heard *h = hold(c, name, g, "replica");
    if (h != NULL)
        h->replica = *replica;
}

/* ---- going on ---- */

/* Something that its sender has said since stands. */
static bool is_outdated(const struct heard *h, const struct group *g) {
    const struct peer *p = peer_find(g, h->id);
    return p != NULL && p->hello_ms > h->heard_ms;
}

static void go_on(struct core *c, const struct host_name *name, const struct heard *h) {
    struct group *g = group_by_serial(c, h->group_serial);
    if (g == NULL)
        return;
    if (h->line != NULL) {
        if (!is_outdated(h, g))
            hello_go_on(c, slice_of(h->line), h->heard_ms);
    } else if (name->ip[0] != '\0') {
        (void)group_add_replica(c, g, &h->replica);
    } else {
        tell_dropped(c, g, "replica", "its host name does not resolve");
    }
}

void heard_deliver(struct core *c, struct host_name *name) {
    struct list round;
    list_init(&round);
    list_for_each(waiting, &name->heard, struct heard, of_name) {
        list_remove(&waiting->of_name);
        list_append(&round, &waiting->of_name);
    }
    while (!list_is_empty(&round)) {
        struct heard *h = list_first(&round, struct heard, of_name);
        list_remove(&h->of_name);
        go_on(c, name, h);
        heard_free(c, h);
    }
    resolve_unhold(c, name);
}

void heard_drop(struct core *c, struct host_name *name) {
    list_for_each(h, &name->heard, struct heard, of_name)
        heard_free(c, h);
    resolve_unhold(c, name);
}

void heard_forget(struct core *c, const struct group *g) {
    if (c->resolve.heard_count == 0)
        return;
    map_for_each(name, &c->resolve.names, struct host_name) {
        list_for_each(h, &name->heard, struct heard, of_name)
            if (h->group_serial == g->serial)
                heard_free(c, h);
        resolve_unhold(c, name);
    }
}
