/* What a stock Sentinel knows: groups, masters, replicas and other sentinels (spec 1). */
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

#define PRIORITY_USUAL 100

struct stock_instance *stock_instance_new(
    struct stock *s, struct stock_group *g, enum stock_kind kind, const struct endpoint *address) {
    struct stock_instance *i = mem_new(struct stock_instance);
    int64_t now_ms = stock_ms(s);
    i->kind = kind;
    i->group = g;
    i->address = *address;
    i->link = stock_link_new(s);
    i->published_ms = i->answered_ms = now_ms;
    i->role = kind == STOCK_REPLICA ? STOCK_ROLE_REPLICA : STOCK_ROLE_MASTER;
    i->role_since_ms = i->conf_changed_ms = now_ms;
    i->priority = PRIORITY_USUAL;
    return i;
}

void stock_instance_free(struct stock *s, struct stock_instance *i) {
    if (i == NULL)
        return;
    list_remove(&i->siblings);
    stock_wires_forget(s, i);
    stock_link_release(i->link);
    if (i->group->promoted == i)
        i->group->promoted = NULL;
    mem_free(i);
}

struct stock_instance *stock_find(const struct list *l, const struct endpoint *address) {
    list_for_each(i, l, struct stock_instance, siblings)
        if (endpoint_equal(&i->address, address))
            return i;
    return NULL;
}

struct stock_instance *stock_find_id(const struct list *l, struct slice id) {
    list_for_each(i, l, struct stock_instance, siblings)
        if (slice_is(id, i->run_id))
            return i;
    return NULL;
}

static void print_name(const struct stock_instance *i, struct buf *out) {
    if (i->kind == STOCK_MASTER)
        buf_add_text(out, i->group->settings->name);
    else if (i->kind == STOCK_SENTINEL)
        buf_add_text(out, i->run_id);
    else
        endpoint_print(&i->address, out);
}

void stock_print_details(const struct stock_instance *i, struct buf *out) {
    static const char *const kinds[] = {
        [STOCK_MASTER] = "master",
        [STOCK_REPLICA] = "slave",
        [STOCK_SENTINEL] = "sentinel",
    };
    const struct endpoint *master = &i->group->master->address;
    buf_printf(out, "%s ", kinds[i->kind]);
    print_name(i, out);
    buf_printf(out, " %s %u", i->address.host, i->address.port);
    if (i->kind != STOCK_MASTER)
        buf_printf(out, " @ %s %s %u", i->group->settings->name, master->host, master->port);
}

/* The order of its tables is left to chance (spec 1.1). */
static void add_somewhere(struct stock *s, struct list *l, struct stock_instance *i) {
    if (rng_chance(&s->rng, 500))
        list_append(l, &i->siblings);
    else
        list_prepend(l, &i->siblings);
}

struct stock_instance *stock_add_replica(
    struct stock *s, struct stock_group *g, const struct endpoint *address) {
    if (stock_find(&g->replicas, address) != NULL)
        return NULL;
    struct stock_instance *i = stock_instance_new(s, g, STOCK_REPLICA, address);
    add_somewhere(s, &g->replicas, i);
    return i;
}

struct stock_instance *stock_add_peer(
    struct stock *s, struct stock_group *g, const struct endpoint *address, struct slice id) {
    struct stock_instance *i = stock_instance_new(s, g, STOCK_SENTINEL, address);
    slice_copy(id, i->run_id, sizeof(i->run_id));
    add_somewhere(s, &g->peers, i);
    return i;
}

struct stock_group *stock_group_new(struct stock *s, const struct stock_group_settings *settings) {
    struct stock_group *g = mem_new(struct stock_group);
    g->settings = settings;
    list_init(&g->replicas);
    list_init(&g->peers);
    g->master = stock_instance_new(s, g, STOCK_MASTER, &settings->master);
    list_append(&s->groups, &g->siblings);
    return g;
}

void stock_group_free(struct stock *s, struct stock_group *g) {
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        stock_instance_free(s, i);
    list_for_each(i, &g->peers, struct stock_instance, siblings)
        stock_instance_free(s, i);
    stock_instance_free(s, g->master);
    list_remove(&g->siblings);
    mem_free(g);
}
