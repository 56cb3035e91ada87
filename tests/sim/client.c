#include "tests/sim/client.h"

#include "common/mem.h"
#include "common/resp.h"
#include "tests/lib/reply.h"
#include "tests/sim/world.h"

#include <stdio.h>

#define ANSWER_MAX_US US_PER_S /* a client waits for so long */
#define PAUSE_MAX_US  (500 * US_PER_MS)

static const struct party_ops client_ops;

static struct schedule *clock_of(const struct client *c) {
    return &c->world->schedule;
}

/* ---- going on ---- */

static void on_time(void *context, uint64_t turn);

static void enter(struct client *c, enum client_state state, int64_t time_us) {
    c->state = state;
    schedule_at(clock_of(c), clock_of(c)->now_us + time_us, on_time, c, ++c->turn);
}

static void hang_up(struct conn **c) {
    if (*c != NULL)
        net_close(*c, END_CLIENT);
    *c = NULL;
}

/* Begins anew, soon. */
static void start_over(struct client *c) {
    hang_up(&c->asked);
    hang_up(&c->server_conn);
    buf_clear(&c->asked_in);
    buf_clear(&c->server_in);
    c->server = NULL;
    enter(c, CLIENT_RESTS, rng_between(&c->world->rng, US_PER_MS, PAUSE_MAX_US));
}

static void say(struct conn *conn, const char *words) {
    struct slice args[4], rest = slice_of(words);
    size_t count = 0;
    while (rest.size > 0 && count < ARRAY_SIZE(args))
        args[count++] = slice_cut(&rest, ' ');
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    resp_request(&out, args, count);
    net_send(conn, END_CLIENT, buf_slice(&out));
}

static void ask(struct client *c) {
    struct world *w = c->world;
    struct vedette *v = &w->vedettes[rng_between(&w->rng, 0, w->vedette_count - 1)];
    c->asked = net_connect(&w->net, &c->party, &v->party.address, c);
    enter(c, CLIENT_CONNECTS, ANSWER_MAX_US);
}

static void write_next(struct client *c) {
    char words[64];
    (void)snprintf(words, sizeof(words), "SET %s %llu", c->name, (unsigned long long)++c->number);
    say(c->server_conn, words);
    enter(c, CLIENT_WRITES, ANSWER_MAX_US);
}

static void look_or_write(struct client *c) {
    if (!c->looks) {
        write_next(c);
        return;
    }
    say(c->server_conn, "ROLE");
    enter(c, CLIENT_LOOKS, ANSWER_MAX_US);
}

static void on_time(void *context, uint64_t turn) {
    struct client *c = context;
    if (turn != c->turn)
        return;
    if (c->state != CLIENT_RESTS)
        start_over(c); /* no answer */
    else if (c->server_conn != NULL)
        write_next(c);
    else
        ask(c);
}

/* ---- answers ---- */

static void on_master(struct client *c, const struct resp_value *value) {
    struct endpoint given;
    int64_t port = 0;
    bool is_address = value->type == RESP_ARRAY && value->count == 2 &&
        slice_to_i64(value->elements[1].text, &port) &&
        endpoint_make(value->elements[0].text, port, &given);
    const struct endpoint master = is_address ? names_ip(&given) : (struct endpoint){ .port = 0 };
    c->server = is_address ? farm_at(&c->world->farm, &master) : NULL;
    if (c->server == NULL) {
        start_over(c);
        return;
    }
    if (c->listens)
        say(c->asked, "SUBSCRIBE +switch-master");
    else
        hang_up(&c->asked);
    c->server_conn = net_connect(&c->world->net, &c->party, &master, c);
    enter(c, CLIENT_REACHES, ANSWER_MAX_US);
}

/* +OK <history> <offset> <instant>: where the server put it and when, which only a client of this
 * world is told. */
static bool read_receipt(const struct resp_value *value, struct receipt *r) {
    struct slice rest = value->text;
    int64_t history = 0, offset = 0;
    bool is_ok = value->type == RESP_STATUS && slice_is(slice_cut(&rest, ' '), "OK") &&
        slice_to_i64(slice_cut(&rest, ' '), &history) &&
        slice_to_i64(slice_cut(&rest, ' '), &offset) && slice_to_i64(rest, &r->at_us);
    r->at = (struct point){ .history = (uint32_t)history, .offset = (uint64_t)offset };
    return is_ok;
}

static void on_written(struct client *c, const struct resp_value *value) {
    struct clients *all = &c->world->clients;
    struct receipt r = {
        .group = c->group,
        .client = c,
        .number = c->number,
        .server = c->server,
    };
    if (!read_receipt(value, &r)) {
        start_over(c);
        return;
    }
    marks_hit(&c->world->marks, MARK_WRITE);
    mem_grow(&all->receipts, &all->receipt_capacity, all->receipt_count + 1, sizeof(r));
    all->receipts[all->receipt_count++] = r;
    int64_t gap_us = c->world->draw.write_gap_us;
    enter(c, CLIENT_RESTS, rng_between(&c->world->rng, gap_us / 2, gap_us));
}

static void on_server_answer(struct client *c, const struct resp_value *value) {
    bool is_master = value->type == RESP_ARRAY && value->count > 0 &&
        slice_is(value->elements[0].text, "master");
    if (c->state == CLIENT_LOGS_IN && value->type == RESP_STATUS)
        look_or_write(c);
    else if (c->state == CLIENT_LOOKS && is_master)
        write_next(c);
    else if (c->state == CLIENT_WRITES)
        on_written(c, value);
    else
        start_over(c);
}

/* While it listens, only messages come behind the answer to SUBSCRIBE. */
static void on_asked_answer(struct client *c, const struct resp_value *value) {
    if (c->state == CLIENT_ASKS) {
        on_master(c, value);
        return;
    }
    bool is_message = value->type == RESP_ARRAY && value->count == 3 &&
        slice_is(value->elements[0].text, "message");
    if (!is_message)
        return;
    struct slice rest = value->elements[2].text;
    if (slice_is(slice_cut(&rest, ' '), world_group_name(c->group))) {
        marks_hit(&c->world->marks, MARK_CLIENT_TOLD);
        start_over(c);
    }
}

/* ---- what the network tells ---- */

static void on_connected(void *owner, struct conn *conn) {
    struct client *c = owner;
    char words[300];
    if (conn == c->asked) {
        (void)snprintf(words, sizeof(words), "SENTINEL get-master-addr-by-name %s",
            world_group_name(c->group));
        say(conn, words);
        enter(c, CLIENT_ASKS, ANSWER_MAX_US);
    } else if (c->world->farm.password != NULL) {
        (void)snprintf(words, sizeof(words), "AUTH %s", c->world->farm.password);
        say(conn, words);
        enter(c, CLIENT_LOGS_IN, ANSWER_MAX_US);
    } else {
        look_or_write(c);
    }
}

static void on_received(void *owner, struct conn *conn, enum conn_end end, struct slice bytes) {
    (void)end;
    struct client *c = owner;
    struct buf *in = conn == c->asked ? &c->asked_in : &c->server_in;
    buf_add_slice(in, bytes);
    bool is_read = true;
    while (is_read && (conn == c->asked || conn == c->server_conn)) {
        struct reply_reader reader = { .blocks = NULL };
        struct resp_value value;
        size_t used = 0;
        is_read = reply_read(&reader, buf_slice(in), &value, &used) == REPLY_READ_VALUE;
        if (is_read && conn == c->asked)
            on_asked_answer(c, &value);
        else if (is_read)
            on_server_answer(c, &value);
        if (is_read)
            buf_consume(in, used <= buf_size(in) ? used : 0);
        reply_reader_fini(&reader);
    }
}

static void on_closed(void *owner, struct conn *conn, enum conn_end end, const char *why) {
    (void)end;
    (void)why;
    struct client *c = owner;
    if (conn == c->asked)
        c->asked = NULL;
    else
        c->server_conn = NULL;
    start_over(c);
}

static const struct party_ops client_ops = {
    .connected = on_connected,
    .received = on_received,
    .closed = on_closed,
};

/* ---- life ---- */

void clients_init(struct world *w) {
    struct clients *all = &w->clients;
    all->count = w->draw.clients;
    for (int group = 0; group < w->group_count; group++)
        clients_note_tenure(w, group, 0, &w->farm.servers[w->farm.first[group]]);
    for (int i = 0; i < all->count; i++) {
        struct client *c = &all->items[i];
        c->world = w;
        c->group = i % w->group_count;
        c->looks = rng_chance(&w->rng, 500);
        c->listens = rng_chance(&w->rng, 500);
        (void)snprintf(c->name, sizeof(c->name), "c%d", i % 10 + 1);
        c->party = (struct party){
            .ops = &client_ops,
            .owner = c,
            .name = c->name,
            .host = (int)rng_between(&w->rng, 0, w->host_count - 1),
        };
        net_add(&w->net, &c->party);
        enter(c, CLIENT_RESTS, rng_between(&w->rng, 0, US_PER_S));
    }
}

void clients_fini(struct world *w) {
    struct clients *all = &w->clients;
    for (int i = 0; i < all->count; i++) {
        buf_fini(&all->items[i].asked_in);
        buf_fini(&all->items[i].server_in);
    }
    mem_free(all->receipts);
    mem_free(all->tenures);
    mem_free(all->overrulings);
}
