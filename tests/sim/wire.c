/* A vedette's ends of its connections: links as the engine asked for them, and its clients. */
#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/input.h"
#include "tests/sim/world.h"

#include <string.h>

static struct wire *wire_new(struct vedette *v) {
    struct wire *x = mem_new(struct wire);
    x->vedette = v;
    list_append(&v->wires, &x->siblings);
    return x;
}

void wire_free(struct wire *x) {
    struct vedette *v = x->vedette;
    list_remove(&x->siblings);
    if (x->client.value == 0 && v->links[x->link.value] == x)
        v->links[x->link.value] = NULL;
    buf_fini(&x->waiting);
    buf_fini(&x->in);
    reply_reader_fini(&x->reader);
    mem_free(x->sent);
    buf_fini(&x->asked);
    resp_reader_fini(&x->asked_reader);
    mem_free(x->overheard);
    mem_free(x);
}

void wire_settle(struct wire *x) {
    if (x->is_gone && x->conn == NULL && x->letters == 0)
        wire_free(x);
}

static void lose_sent(struct wire *x) {
    for (size_t i = 0; i < x->sent_count; i++)
        laws_send_lost(&x->vedette->world->laws, x->vedette, x->sent[i].tag);
    x->sent_count = 0;
}

static void hang_up(struct wire *x, enum conn_end end) {
    lose_sent(x);
    if (x->conn != NULL)
        net_close(x->conn, end);
    x->conn = NULL;
    x->is_gone = true;
    wire_settle(x);
}

/* ---- links: what the engine asks for ---- */

struct wire *wire_of_link(const struct vedette *v, struct link_id link, uint64_t incarnation) {
    struct wire *x = link.value < v->link_capacity ? v->links[link.value] : NULL;
    return x != NULL && !x->is_gone && x->incarnation == incarnation ? x : NULL;
}

bool wire_is_open(const struct vedette *v, struct link_id link) {
    return link.value < v->link_capacity && v->links[link.value] != NULL &&
        !v->links[link.value]->is_gone;
}

static void note_link(struct vedette *v, struct wire *x) {
    size_t known = v->link_capacity;
    mem_grow(&v->links, &v->link_capacity, (size_t)x->link.value + 1, sizeof(*v->links));
    for (; known < v->link_capacity; known++)
        v->links[known] = NULL;
    v->links[x->link.value] = x;
}

void wire_open(struct vedette *v, const struct effect *e) {
    struct wire *x = wire_new(v);
    x->link = e->link;
    note_link(v, x);
    x->incarnation = e->incarnation;
    x->purpose = e->purpose;
    x->address = e->address;
    x->conn = net_connect(&v->world->net, &v->party, &e->address, x);
}

void wire_close(struct vedette *v, const struct effect *e) {
    struct wire *x = wire_of_link(v, e->link, e->incarnation);
    if (x != NULL)
        hang_up(x, END_CLIENT);
}

/* The worst moment to lose a connection: nobody knows whether the order was carried out. */
static bool is_to_be_cut(const struct vedette *v, const struct effect *e) {
    struct world *w = v->world;
    bool is_question = e->requests[0].word_count == 6;
    if (is_question && w->questions_to_cut > 0) {
        w->questions_to_cut--;
        return true;
    }
    return (e->request_count > 1 || is_question) && w->faults_are_on && w->draw.cut_orders > 0 &&
        rng_chance(&w->rng, w->draw.cut_orders);
}

/* A process that was stopped between two effects does not send before it goes on. */
static void hold_up(struct wire *x) {
    int64_t until_us = x->vedette->stalled_until_us;
    if (until_us > x->vedette->world->schedule.now_us)
        x->conn->stalled_until_us = MAX_OF(x->conn->stalled_until_us, until_us);
}

void wire_send(struct vedette *v, const struct effect *e) {
    struct wire *x = wire_of_link(v, e->link, e->incarnation);
    if (x == NULL)
        return;
    mem_grow(&x->sent, &x->sent_capacity, x->sent_count + 1, sizeof(*x->sent));
    x->sent[x->sent_count++] = (struct sent){ .tag = e->tag, .left = e->request_count };
    struct buf *out = x->is_up ? &v->out : &x->waiting;
    if (x->is_up)
        buf_clear(out);
    for (size_t i = 0; i < e->request_count; i++)
        resp_request(out, e->requests[i].words, e->requests[i].word_count);
    if (!x->is_up)
        return;
    if (x->conn == NULL)
        return;
    hold_up(x);
    bool is_cut = is_to_be_cut(v, e), before = is_cut && rng_chance(&v->world->rng, 500);
    if (before)
        net_reset(x->conn, "reset before an order");
    net_send(x->conn, END_CLIENT, buf_slice(out));
    if (is_cut && !before)
        net_reset(x->conn, "reset behind an order");
}

/* ---- links: what comes back ---- */

static void take_reply(struct wire *x, const struct resp_value *value) {
    struct sent *first = x->sent;
    if (x->sent_count == 0) {
        laws_break(&x->vedette->world->laws, LAW_SEND_ENDS_ONCE,
            "%s: link %u.%llu got a reply that nobody waits for", x->vedette->name, x->link.value,
            (unsigned long long)x->incarnation);
        return;
    }
    if (--first->left > 0)
        return;
    uint64_t tag = first->tag;
    memmove(x->sent, x->sent + 1, --x->sent_count * sizeof(*x->sent));
    vedette_step(x->vedette,
        &(struct input){
            .kind = INPUT_REPLY,
            .link = x->link,
            .incarnation = x->incarnation,
            .tag = tag,
            .value = *value,
        });
}

static bool is_message(const struct wire *x, const struct resp_value *v) {
    return x->purpose == LINK_PUBSUB && v->type == RESP_ARRAY && v->count == 3 &&
        v->elements[0].type == RESP_BULK && slice_is(v->elements[0].text, "message");
}

static void take_message(struct wire *x, const struct resp_value *v) {
    vedette_step(x->vedette,
        &(struct input){
            .kind = INPUT_MESSAGE,
            .link = x->link,
            .incarnation = x->incarnation,
            .channel = v->elements[1].text,
            .payload = v->elements[2].text,
        });
}

static void take_values(struct wire *x, struct slice bytes) {
    buf_add_slice(&x->in, bytes);
    struct resp_value value;
    size_t used;
    while (!x->is_gone &&
        reply_read(&x->reader, buf_slice(&x->in), &value, &used) == REPLY_READ_VALUE) {
        if (is_message(x, &value))
            take_message(x, &value);
        else
            take_reply(x, &value);
        buf_consume(&x->in, used);
    }
}

static void tell_up(struct wire *x) {
    x->is_up = true;
    if (x->conn != NULL)
        net_send(x->conn, END_CLIENT, buf_slice(&x->waiting));
    buf_clear(&x->waiting);
    vedette_step(x->vedette,
        &(struct input){
            .kind = INPUT_LINK_UP,
            .link = x->link,
            .incarnation = x->incarnation,
            .local = x->vedette->party.address,
        });
}

static void tell_lost(struct wire *x, const char *why) {
    x->is_gone = true;
    lose_sent(x);
    vedette_step(x->vedette,
        &(struct input){
            .kind = INPUT_LINK_LOST,
            .link = x->link,
            .incarnation = x->incarnation,
            .why = slice_of(why),
            .refused = strcmp(why, "Connection refused") == 0,
        });
}

/* ---- clients ---- */

static struct wire *wire_of_client(const struct vedette *v, struct client_id client) {
    list_for_each(x, &v->wires, struct wire, siblings)
        if (!x->is_gone && x->client.value == client.value && client.value != 0)
            return x;
    return NULL;
}

static bool is_hello(const struct resp_request *r) {
    return r->count == 3 && slice_is_nocase(r->args[0], "PUBLISH");
}

static int asked_group(const struct resp_request *r) {
    int64_t port;
    bool is_question = r->count == 6 && slice_is_nocase(r->args[1], "is-master-down-by-addr") &&
        slice_to_i64(r->args[3], &port);
    return is_question ? (int)port - SERVER_PORT : -1;
}

/* Somebody on the line counts the requests, so as to know what each reply is about. */
static void overhear_request(struct wire *x, struct slice bytes) {
    if (x->is_private)
        return;
    buf_add_slice(&x->asked, bytes);
    struct resp_request r;
    size_t used;
    while (
        resp_read_request(&x->asked_reader, buf_slice(&x->asked), &r, &used) == RESP_READ_REQUEST) {
        struct overheard o = { .group = asked_group(&r) };
        if (r.count > 0 && slice_is_nocase(r.args[0], "SUBSCRIBE"))
            x->is_private = true; /* messages come, too */
        mem_grow(
            &x->overheard, &x->overheard_capacity, x->overheard_count + 1, sizeof(*x->overheard));
        x->overheard[x->overheard_count++] = o;
        if (is_hello(&r))
            laws_hello(&x->vedette->world->laws, x->vedette, r.args[2], x->overheard_count > 1);
        buf_consume(&x->asked, used);
    }
}

static void overhear_replies(struct wire *x, struct slice bytes) {
    if (x->is_private)
        return;
    struct reply_reader reader = { .blocks = NULL };
    struct resp_value value;
    size_t used;
    while (reply_read(&reader, bytes, &value, &used) == REPLY_READ_VALUE) {
        bytes = slice_sub(bytes, used, bytes.size);
        if (x->overheard_count == 0) {
            laws_break(&x->vedette->world->laws, LAW_REPLY_ONCE,
                "%s: client %llu got a reply to no request", x->vedette->name,
                (unsigned long long)x->client.value);
            break;
        }
        if (x->overheard[0].group >= 0)
            laws_answer_told(&x->vedette->world->laws, x->vedette, x->overheard[0].group, &value);
        memmove(x->overheard, x->overheard + 1, --x->overheard_count * sizeof(*x->overheard));
    }
    reply_reader_fini(&reader);
}

/* Puts the asker's id where an answer names somebody. */
static void forge(const struct wire *x, struct slice bytes) {
    static const char head[] = "$40\r\n";
    const struct party *asker = x->conn->ends[END_CLIENT];
    if (asker == NULL || asker->ops != &vedette_ops)
        return;
    const struct vedette *v = asker->owner;
    char *at = memmem(bytes.data, bytes.size, head, sizeof(head) - 1);
    if (at != NULL)
        memcpy(at + sizeof(head) - 1, v->id, ID_LENGTH);
}

void wire_reply(struct vedette *v, const struct effect *e) {
    struct wire *x = wire_of_client(v, e->client);
    if (x == NULL)
        laws_client_gone(&v->world->laws, v, e);
    if (x == NULL || x->conn == NULL)
        return;
    overhear_replies(x, e->bytes);
    if (v->world->votes_are_forged)
        forge(x, e->bytes);
    hold_up(x);
    net_send(x->conn, END_SERVER, e->bytes);
}

void wire_hang_up(struct vedette *v, const struct effect *e) {
    struct wire *x = wire_of_client(v, e->client);
    if (x == NULL)
        laws_client_gone(&v->world->laws, v, e);
    if (x == NULL || x->conn == NULL)
        return;
    net_close(x->conn, END_SERVER);
    x->conn = NULL;
    vedette_letter(v, LETTER_ENDED, x, SLICE_EMPTY)->why = "we hung up";
}

static void tell_opened(struct wire *x) {
    vedette_step(x->vedette,
        &(struct input){
            .kind = INPUT_CLIENT_OPENED,
            .client = x->client,
            .remote = x->vedette->party.address, /* whoever it is: the engine only shows it */
            .local = x->vedette->party.address,
            .descriptor = 10,
        });
}

static void tell_client_bytes(struct wire *x, struct slice bytes) {
    if (x->spoken_as != NULL &&
        !forger_dares(&x->vedette->world->forger, x->vedette, x->spoken_as, &x->spoken_at))
        x->is_given_up = true;
    if (x->is_given_up)
        return;
    overhear_request(x, bytes);
    vedette_step(x->vedette,
        &(struct input){ .kind = INPUT_CLIENT_BYTES, .client = x->client, .bytes = bytes });
}

static void tell_client_closed(struct wire *x) {
    x->is_gone = true;
    vedette_step(x->vedette, &(struct input){ .kind = INPUT_CLIENT_CLOSED, .client = x->client });
}

/* ---- handing in ---- */

void wire_deliver(struct vedette *v, const struct letter *letter) {
    struct wire *x = letter->wire;
    bool is_link = x->client.value == 0;
    if (x->is_gone && !(is_link && v->world->draw.stale_inputs && letter->kind != LETTER_BYTES))
        return;
    struct slice bytes = { .data = letter->bytes, .size = letter->size };
    if (letter->kind == LETTER_OPENED)
        tell_opened(x);
    else if (letter->kind == LETTER_UP)
        tell_up(x);
    else if (letter->kind == LETTER_BYTES && is_link)
        take_values(x, bytes);
    else if (letter->kind == LETTER_BYTES)
        tell_client_bytes(x, bytes);
    else if (is_link)
        tell_lost(x, letter->why);
    else
        tell_client_closed(x);
}

/* ---- what the network tells ---- */

static void on_accepted(void *owner, struct conn *c) {
    struct vedette *v = owner;
    struct wire *x = wire_new(v);
    x->conn = c;
    x->client = (struct client_id){ ++v->next_client };
    x->spoken_as = visitor_speaks_as(&v->world->visitor, c, &x->spoken_at);
    c->state[END_SERVER] = x;
    vedette_letter(v, LETTER_OPENED, x, SLICE_EMPTY);
}

static void on_connected(void *owner, struct conn *c) {
    vedette_letter(owner, LETTER_UP, c->state[END_CLIENT], SLICE_EMPTY);
}

static void on_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    vedette_letter(owner, LETTER_BYTES, c->state[end], bytes);
}

static void on_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    struct wire *x = c->state[end];
    x->conn = NULL;
    vedette_letter(owner, LETTER_ENDED, x, SLICE_EMPTY)->why = why;
}

const struct party_ops vedette_ops = {
    .accepted = on_accepted,
    .connected = on_connected,
    .received = on_received,
    .closed = on_closed,
};
