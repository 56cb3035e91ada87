/* A stock Sentinel's ends of its connections. While it is away, what arrives waits; what it sends
 * while it writes its file leaves afterwards. */
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

enum letter_kind { LETTER_UP, LETTER_BYTES, LETTER_ENDED };

struct stock_letter {
    struct list_node siblings;
    enum letter_kind kind;
    struct stock_wire *wire;
    size_t size;
    char bytes[];
};

static struct stock_wire *wire_new(struct stock *s) {
    struct stock_wire *x = mem_new(struct stock_wire);
    x->stock = s;
    list_append(&s->wires, &x->siblings);
    return x;
}

static void wire_free(struct stock_wire *x) {
    list_remove(&x->siblings);
    buf_fini(&x->out);
    buf_fini(&x->in);
    reply_reader_fini(&x->replies);
    resp_reader_fini(&x->requests);
    mem_free(x->pending);
    mem_free(x);
}

/* Frees it if nobody can mean it any more. */
static void settle(struct stock_wire *x) {
    if (x->conn == NULL && x->link == NULL && x->holds == 0)
        wire_free(x);
}

static enum conn_end our_end(const struct stock_wire *x) {
    return x->is_client ? END_SERVER : END_CLIENT;
}

static void pump(struct stock_wire *x) {
    if (x->conn == NULL || !x->is_up || stock_is_away(x->stock))
        return;
    net_send(x->conn, our_end(x), buf_slice(&x->out));
    buf_clear(&x->out);
}

struct stock_wire *stock_wire_open(
    struct stock *s, const struct endpoint *to, struct stock_link *link, bool is_pubsub) {
    struct stock_wire *x = wire_new(s);
    x->link = link;
    x->is_pubsub = is_pubsub;
    x->conn = net_connect(s->net, &s->party, to, x);
    return x;
}

void stock_wire_close(struct stock_wire *x) {
    x->link = NULL;
    if (x->conn != NULL)
        net_close(x->conn, our_end(x));
    x->conn = NULL;
    settle(x);
}

void stock_wire_send(struct stock_wire *x, struct slice bytes) {
    buf_add_slice(&x->out, bytes);
    pump(x);
}

void stock_wires_forget(struct stock *s, const struct stock_instance *i) {
    list_for_each(x, &s->wires, struct stock_wire, siblings)
        for (size_t at = 0; at < x->pending_count; at++)
            if (x->pending[at].asker == i)
                x->pending[at].asker = NULL;
}

/* ---- what comes back ---- */

static void take_reply(struct stock_wire *x, const struct resp_value *reply) {
    struct stock *s = x->stock;
    if (x->pending_count == 0)
        return;
    struct stock_pending first = x->pending[0];
    memmove(x->pending, x->pending + 1, --x->pending_count * sizeof(*x->pending));
    x->link->pending--;
    if (first.asker == NULL)
        return;
    switch (first.kind) {
    case REPLY_IGNORED:
        break;
    case REPLY_PING:
        stock_take_pong(s, first.asker, reply);
        break;
    case REPLY_INFO:
        stock_take_info(s, first.asker, reply);
        break;
    case REPLY_PUBLISH:
        if (reply->type != RESP_ERROR)
            first.asker->published_ms = stock_ms(s);
        break;
    case REPLY_QUESTION:
        stock_take_answer(s, first.asker, reply);
        break;
    }
}

/* Our own hellos are dropped (spec 5.3). An error outside of a subscription ends the connection
 * (spec 2.4). */
static void take_message(struct stock_wire *x, const struct resp_value *v) {
    struct stock *s = x->stock;
    x->link->pubsub_heard_ms = stock_ms(s);
    bool is_message = v->type == RESP_ARRAY && v->count == 3 && v->elements[0].type == RESP_BULK &&
        slice_is(v->elements[0].text, "message") && v->elements[2].type == RESP_BULK;
    if (is_message && !slice_contains(v->elements[2].text, slice_of(s->settings.id)))
        stock_take_hello(s, v->elements[2].text);
    else if (v->type == RESP_ERROR)
        x->in_error = true;
}

static void take_replies(struct stock_wire *x) {
    struct resp_value value;
    size_t used;
    while (x->link != NULL &&
        reply_read(&x->replies, buf_slice(&x->in), &value, &used) == REPLY_READ_VALUE) {
        if (x->is_pubsub)
            take_message(x, &value);
        else
            take_reply(x, &value);
        buf_consume(&x->in, used);
        if (x->in_error && x->link != NULL)
            stock_link_close(x->link, x);
    }
}

static void take_requests(struct stock_wire *x) {
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    struct resp_request r;
    size_t used;
    while (resp_read_request(&x->requests, buf_slice(&x->in), &r, &used) == RESP_READ_REQUEST) {
        if (r.count > 0)
            stock_answer(x->stock, &r, &out);
        buf_consume(&x->in, used);
    }
    stock_wire_send(x, buf_slice(&out));
}

/* ---- handing in ---- */

static void hand_in(struct stock_wire *x, enum letter_kind kind, struct slice bytes) {
    if (!x->is_client && x->link == NULL)
        return;
    if (kind == LETTER_UP) {
        x->is_up = true;
        pump(x);
    } else if (kind == LETTER_BYTES) {
        buf_add_slice(&x->in, bytes);
        if (x->is_client)
            take_requests(x);
        else
            take_replies(x);
    } else if (x->link != NULL) {
        struct stock_link *link = x->link;
        x->link = NULL;
        stock_link_lost(link, x);
    }
}

static void hear(struct stock *s, struct stock_wire *x, enum letter_kind kind, struct slice bytes) {
    x->holds++;
    if (list_is_empty(&s->inbox) && !stock_is_away(s)) {
        hand_in(x, kind, bytes);
        x->holds--;
        settle(x);
        return;
    }
    struct stock_letter *l = mem_alloc(sizeof(*l) + bytes.size);
    l->kind = kind;
    l->wire = x;
    l->size = bytes.size;
    if (bytes.size > 0)
        memcpy(l->bytes, bytes.data, bytes.size);
    list_append(&s->inbox, &l->siblings);
}

static void letter_free(struct stock_letter *l) {
    list_remove(&l->siblings);
    mem_free(l);
}

void stock_catch_up(struct stock *s) {
    list_for_each(x, &s->wires, struct stock_wire, siblings)
        pump(x);
    struct stock_letter *l;
    while (
        !stock_is_away(s) && (l = list_first(&s->inbox, struct stock_letter, siblings)) != NULL) {
        struct stock_wire *x = l->wire;
        list_remove(&l->siblings);
        hand_in(x, l->kind, (struct slice){ .data = l->bytes, .size = l->size });
        mem_free(l);
        x->holds--;
        settle(x);
    }
}

void stock_wires_free(struct stock *s) {
    list_for_each(l, &s->inbox, struct stock_letter, siblings)
        letter_free(l);
    list_for_each(x, &s->wires, struct stock_wire, siblings)
        wire_free(x);
}

/* ---- what the network tells ---- */

static void on_accepted(void *owner, struct conn *c) {
    struct stock_wire *x = wire_new(owner);
    x->is_client = x->is_up = true;
    x->conn = c;
    c->state[END_SERVER] = x;
}

static void on_connected(void *owner, struct conn *c) {
    hear(owner, c->state[END_CLIENT], LETTER_UP, SLICE_EMPTY);
}

static void on_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    hear(owner, c->state[end], LETTER_BYTES, bytes);
}

static void on_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    (void)why;
    struct stock_wire *x = c->state[end];
    x->conn = NULL;
    hear(owner, x, LETTER_ENDED, SLICE_EMPTY);
}

const struct party_ops stock_ops = {
    .accepted = on_accepted,
    .connected = on_connected,
    .received = on_received,
    .closed = on_closed,
};
