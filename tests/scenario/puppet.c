#include "tests/scenario/puppet.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/seal.h"
#include "tests/lib/reply.h"
#include "tests/sim/names.h"

#include <stdio.h>
#include <string.h>

#define HOST (NET_HOSTS - 2) /* of the visitor: before it come ours */

const char *const puppet_moods[PUPPET_MOOD_COUNT] = {
    [PUPPET_UP] = "up",
    [PUPPET_DOWN] = "down",
    [PUPPET_GRANTS] = "grants",
    [PUPPET_VOTES] = "votes",
    [PUPPET_SILENT] = "silent",
};

/* A connection, of whichever side. */
struct session {
    struct list_node siblings;
    struct puppet *puppet;
    struct conn *conn;
    struct buf in, out; /* out: what is said first, by a client */
    struct resp_reader reader;
    bool is_up, stays; /* of a client */
    struct reply_reader replies;
    struct resp_value value;
    size_t used; /* bytes of the value; 0 = there is none */
};

static const struct party_ops puppet_ops;

void puppet_init(struct puppet *p, struct net *net, int number) {
    *p = (struct puppet){ .net = net };
    (void)snprintf(p->name, sizeof(p->name), "p%d", number % 10);
    memset(p->id, "0efghijklm"[number % 10], ID_LENGTH);
    p->party = (struct party){
        .ops = &puppet_ops,
        .owner = p,
        .name = p->name,
        .host = HOST - number,
        .address = names_address(HOST - number, 26379),
        .listening = true,
    };
    list_init(&p->sessions);
    net_add(net, &p->party);
}

static struct session *session_new(struct puppet *p, struct conn *c) {
    struct session *x = mem_new(struct session);
    x->puppet = p;
    x->conn = c;
    list_append(&p->sessions, &x->siblings);
    return x;
}

static void session_free(struct session *x) {
    list_remove(&x->siblings);
    buf_fini(&x->in);
    buf_fini(&x->out);
    resp_reader_fini(&x->reader);
    reply_reader_fini(&x->replies);
    if (x->puppet->caller == x)
        x->puppet->caller = NULL;
    mem_free(x);
}

void puppet_fini(struct puppet *p) {
    list_for_each(x, &p->sessions, struct session, siblings)
        session_free(x);
}

void puppet_die(struct puppet *p) {
    p->party.listening = false;
    net_leave(p->net, &p->party, NET_LEAVE_PROCESS);
    puppet_fini(p);
}

void puppet_say(
    struct puppet *p, const struct endpoint *to, const struct slice *words, size_t count) {
    struct session *x = session_new(p, NULL);
    resp_request(&x->out, words, count);
    x->conn = net_connect(p->net, &p->party, to, x);
}

/* ---- what it proves ---- */

const char puppet_number[] = "00112233445566778899aabbccddeeff";

static void seal(const struct puppet *p, enum seal kind, const struct buf *text, char *ret_hex) {
    seal_make(slice_of(p->secret), kind, buf_slice(text), ret_hex);
}

void puppet_sign(struct puppet *p, uint64_t counter, struct buf *line) {
    char hex[DIGEST_HEX_SIZE];
    p->counter = counter;
    buf_printf(line, ",vedette1,%llu,", (unsigned long long)counter);
    seal(p, SEAL_HELLO, line, hex);
    buf_add_text(line, hex);
}

void puppet_seal(const struct puppet *p, const char *to, struct slice theirs, struct buf *ret_hex) {
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    char number[CHALLENGE_SIZE + 1], hex[DIGEST_HEX_SIZE];
    slice_copy(theirs, number, sizeof(number));
    challenge_print(p->id, to, puppet_number, number, &sealed);
    seal(p, SEAL_ASK, &sealed, hex);
    buf_add_text(ret_hex, hex);
}

/* VEDETTE-PROVE ID GROUP NUMBER [SEAL] */
static void answer_challenge(
    const struct puppet *p, const struct resp_request *r, struct resp_writer *w) {
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    char asker[ID_SIZE], theirs[CHALLENGE_SIZE + 1], hex[DIGEST_HEX_SIZE];
    bool is_asked = r->count == 5;
    if (p->secret[0] == '\0') {
        resp_error(w, SLICE_LITERAL("ERR Unknown sentinel subcommand 'VEDETTE-PROVE'"));
        return;
    }
    slice_copy(r->args[2], asker, sizeof(asker));
    slice_copy(r->args[4], theirs, sizeof(theirs));
    challenge_print(
        is_asked ? p->id : asker, is_asked ? asker : p->id, theirs, puppet_number, &sealed);
    seal(p, is_asked ? SEAL_ANSWER : SEAL_ASK, &sealed, hex);
    if (is_asked) {
        resp_array(w, 3);
        resp_bulk_text(w, p->id);
        resp_bulk_text(w, puppet_number);
        resp_bulk_text(w, hex);
    } else if (slice_is(r->args[5], hex)) {
        resp_status(w, "OK");
    } else {
        resp_error(w, SLICE_LITERAL("ERR Not sealed with our secret"));
    }
}

/* ---- answers ---- */

static void answer_question(
    const struct puppet *p, const struct resp_request *r, struct resp_writer *w) {
    struct slice candidate = SLICE_LITERAL("*");
    uint64_t epoch = 0;
    bool wants_vote = !slice_is(r->args[5], "*");
    if (wants_vote && (p->mood == PUPPET_GRANTS || p->mood == PUPPET_VOTES)) {
        candidate = p->mood == PUPPET_GRANTS ? r->args[5] : slice_of(p->candidate);
        if (p->epoch != 0)
            epoch = p->epoch;
        else
            (void)slice_to_u64(r->args[4], &epoch);
    }
    resp_array(w, 3);
    resp_integer(w, p->mood != PUPPET_UP);
    resp_bulk(w, candidate);
    resp_integer(w, (int64_t)epoch);
}

static void answer(const struct puppet *p, const struct resp_request *r, struct resp_writer *w) {
    if (slice_is_nocase(r->args[0], "PING"))
        resp_status(w, "PONG");
    else if (slice_is_nocase(r->args[0], "INFO"))
        resp_bulk_text(w, p->is_vedette ? "# Server\r\nvedette_version:0\r\n" : "# Server\r\n");
    else if (slice_is_nocase(r->args[0], "PUBLISH"))
        resp_integer(w, 1);
    else if (r->count >= 5 && slice_is_nocase(r->args[1], "VEDETTE-PROVE"))
        answer_challenge(p, r, w);
    else if (slice_is_nocase(r->args[0], "SENTINEL") && r->count == 6)
        answer_question(p, r, w);
    else
        resp_status(w, "OK");
}

/* ---- connections ---- */

static void on_accepted(void *owner, struct conn *c) {
    c->state[END_SERVER] = session_new(owner, c);
}

static void on_connected(void *owner, struct conn *c) {
    (void)owner;
    struct session *x = c->state[END_CLIENT];
    x->is_up = true;
    net_send(c, END_CLIENT, buf_slice(&x->out));
    buf_clear(&x->out);
}

static void hang_up(struct session *x) {
    net_close(x->conn, END_CLIENT);
    session_free(x);
}

void puppet_ask(
    struct puppet *p, const struct endpoint *to, const struct slice *words, size_t count) {
    if (p->caller != NULL && !endpoint_equal(&p->caller->conn->target->address, to))
        hang_up(p->caller);
    if (p->caller == NULL) {
        p->caller = session_new(p, NULL);
        p->caller->stays = true;
        p->caller->conn = net_connect(p->net, &p->party, to, p->caller);
    }
    struct session *x = p->caller;
    buf_consume(&x->in, x->used);
    x->used = 0;
    resp_request(&x->out, words, count);
    if (x->is_up) {
        net_send(x->conn, END_CLIENT, buf_slice(&x->out));
        buf_clear(&x->out);
    }
}

const struct resp_value *puppet_answer(struct puppet *p) {
    struct session *x = p->caller;
    if (x != NULL && x->used == 0)
        (void)reply_read(&x->replies, buf_slice(&x->in), &x->value, &x->used);
    return x != NULL && x->used > 0 ? &x->value : NULL;
}

static void on_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    struct puppet *p = owner;
    struct session *x = c->state[end];
    if (end == END_CLIENT) {
        if (x->stays)
            buf_add_slice(&x->in, bytes);
        else
            hang_up(x);
        return;
    }
    if (p->mood == PUPPET_SILENT)
        return;
    buf_add_slice(&x->in, bytes);
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    struct resp_writer w = { .out = &out, .version = 2 };
    struct resp_request r;
    size_t used;
    while (resp_read_request(&x->reader, buf_slice(&x->in), &r, &used) == RESP_READ_REQUEST) {
        if (r.count > 0)
            answer(p, &r, &w);
        buf_consume(&x->in, used);
    }
    net_send(c, END_SERVER, buf_slice(&out));
}

static void on_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    (void)owner;
    (void)why;
    session_free(c->state[end]);
}

static const struct party_ops puppet_ops = {
    .accepted = on_accepted,
    .connected = on_connected,
    .received = on_received,
    .closed = on_closed,
};
