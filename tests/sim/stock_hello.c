/* The hellos of a stock Sentinel, sent and heard (spec 5). */
#include "tests/sim/stock_parts.h"

#include <stdio.h>

#define FIELDS    8
#define LINE_SIZE 1024

void stock_send_hello(struct stock *s, struct stock_instance *i) {
    const struct stock_group *g = i->group;
    const struct endpoint *master = stock_group_master(g);
    stock_ask(s, i, REPLY_PUBLISH, "PUBLISH " HELLO_CHANNEL " %s,%u,%s,%llu,%s,%s,%u,%llu",
        s->party.address.host, s->party.address.port, s->settings.id,
        (unsigned long long)s->current_epoch, g->settings->name, master->host, master->port,
        (unsigned long long)g->config_epoch);
}

static void hurry(struct stock *s, struct stock_instance *i) {
    int64_t back_ms = s->settings.periods.publish + 1;
    if (i->published_ms >= back_ms)
        i->published_ms -= back_ms;
}

void stock_hello_at_once(struct stock *s, struct stock_group *g) {
    hurry(s, g->master);
    list_for_each(i, &g->peers, struct stock_instance, siblings)
        hurry(s, i);
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        hurry(s, i);
}

struct hello {
    struct endpoint from, master;
    struct slice id;
    uint64_t current_epoch, config_epoch;
    struct stock_group *group;
};

static bool read_hello(const struct stock *s, struct slice text, struct hello *ret) {
    struct slice fields[FIELDS], rest = text;
    size_t count = 0;
    while (count < FIELDS && rest.data != NULL)
        fields[count++] = slice_cut(&rest, ',');
    if (count != FIELDS || rest.data != NULL)
        return false;
    ret->id = fields[2];
    ret->current_epoch = slice_to_u64_lenient(fields[3]);
    ret->group = stock_group(s, fields[4]);
    ret->config_epoch = slice_to_u64_lenient(fields[7]);
    return ret->group != NULL && ret->id.size <= ID_LENGTH &&
        endpoint_make(fields[0], slice_to_i64_lenient(fields[1]), &ret->from) &&
        endpoint_make(fields[5], slice_to_i64_lenient(fields[6]), &ret->master);
}

/* ---- who sent it (spec 5.4, steps 3 and 4) ---- */

/* In all groups. */
static void remove_id(struct stock *s, struct slice id) {
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        struct stock_instance *p = stock_find_id(&g->peers, id);
        if (p != NULL)
            stock_instance_free(s, p);
    }
}

static void move_elsewhere(struct stock *s, const struct stock_instance *moved) {
    int64_t count = 0;
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        struct stock_instance *p = stock_find_id(&g->peers, slice_of(moved->run_id));
        if (g == moved->group || p == NULL || endpoint_equal(&p->address, &moved->address))
            continue;
        p->address = moved->address;
        stock_link_close(p->link, p->link->commands);
        count++;
    }
    if (count > 0)
        stock_tell(s, moved->group, "+sentinel-address-update", moved,
            "%lld additional matching instances", (long long)count);
}

static struct stock_instance *find_sender(struct stock *s, const struct hello *h) {
    struct stock_group *g = h->group;
    struct stock_instance *p = stock_find_id(&g->peers, h->id);
    bool has_moved = p != NULL && !endpoint_equal(&p->address, &h->from);
    if (p != NULL && !has_moved)
        return p;
    if (has_moved) {
        stock_tell(s, g, "+sentinel-address-switch", g->master, "ip %s port %u for %s",
            h->from.host, h->from.port, p->run_id);
        stock_instance_free(s, p);
    } else if ((p = stock_find(&g->peers, &h->from)) != NULL) {
        char id[ID_SIZE];
        slice_copy(slice_of(p->run_id), id, sizeof(id));
        stock_tell_of(s, "+sentinel-invalid-addr", p);
        remove_id(s, slice_of(id));
    }
    p = stock_add_peer(s, g, &h->from, h->id);
    if (!has_moved)
        stock_tell_of(s, "+sentinel", p);
    stock_link_share(s, p);
    if (has_moved)
        move_elsewhere(s, p);
    stock_write_file(s);
    return p;
}

/* ---- what it says ---- */

void stock_take_hello(struct stock *s, struct slice text) {
    struct hello h;
    char line[LINE_SIZE]; /* what is heard may go while it is dealt with */
    slice_copy(text, line, sizeof(line));
    if (!read_hello(s, slice_of(line), &h))
        return;
    struct stock_group *g = h.group;
    struct stock_instance *sender = find_sender(s, &h);
    if (h.current_epoch > s->current_epoch) {
        s->current_epoch = h.current_epoch;
        stock_write_file(s);
        stock_tell(s, g, "+new-epoch", NULL, "%llu", (unsigned long long)s->current_epoch);
    }
    if (h.config_epoch <= g->config_epoch)
        return;
    g->config_epoch = h.config_epoch;
    if (endpoint_equal(&g->master->address, &h.master)) {
        if (s->observer.epoch_taken != NULL)
            s->observer.epoch_taken(s->observer.context, s, g);
        return;
    }
    const struct endpoint old = g->master->address;
    stock_tell_of(s, "+config-update-from", sender);
    stock_tell(s, g, "+switch-master", NULL, "%s %s %u %s %u", g->settings->name, old.host,
        old.port, h.master.host, h.master.port);
    stock_group_move(s, g, &h.master);
}
