#include "tests/sim/visitor.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/resp.h"
#include "tests/lib/reply.h"
#include "tests/sim/marks.h"
#include "tests/sim/story.h"
#include "tests/sim/vedette.h"

#define WORDS_MAX 8

struct errand {
    struct list_node siblings;
    struct visitor *visitor;
    bool is_failover, is_coordinated;
    struct buf out, in;
};

static const struct party_ops visitor_ops;

void visitor_init(struct visitor *o, struct net *net, struct marks *marks, int host) {
    *o = (struct visitor){
        .net = net,
        .marks = marks,
        .party = { .ops = &visitor_ops, .owner = o, .name = "visitor", .host = host },
    };
    list_init(&o->errands);
}

static void errand_free(struct errand *e) {
    list_remove(&e->siblings);
    buf_fini(&e->out);
    buf_fini(&e->in);
    mem_free(e);
}

void visitor_fini(struct visitor *o) {
    list_for_each(e, &o->errands, struct errand, siblings)
        errand_free(e);
}

void visitor_say(struct visitor *o, const struct vedette *to, const char *words) {
    story_line(o->net->story, "visitor", "to %s: %s", to->name, words);
    struct errand *e = mem_new(struct errand);
    e->visitor = o;
    struct slice rest = slice_of(words), args[WORDS_MAX];
    size_t count = 0;
    while (rest.size > 0 && count < WORDS_MAX)
        args[count++] = slice_cut(&rest, ' ');
    bool asks_for_failover = count > 2 && slice_is_nocase(args[1], "FAILOVER");
    e->is_failover = asks_for_failover && count == 3;
    e->is_coordinated = asks_for_failover && count == 4;
    resp_request(&e->out, args, count);
    list_append(&o->errands, &e->siblings);
    net_connect(o->net, &o->party, &to->party.address, e);
}

static void on_connected(void *owner, struct conn *c) {
    (void)owner;
    struct errand *e = c->state[END_CLIENT];
    net_send(c, END_CLIENT, buf_slice(&e->out));
}

static void on_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    struct visitor *o = owner;
    struct errand *e = c->state[end];
    buf_add_slice(&e->in, bytes);
    struct reply_reader reader = { .blocks = NULL };
    struct resp_value value;
    size_t used;
    enum reply_read got = reply_read(&reader, buf_slice(&e->in), &value, &used);
    if (got == REPLY_READ_VALUE) {
        struct buf text CLEANUP(buf_fini) = BUF_INIT;
        resp_value_print(&value, &text);
        story_line(o->net->story, "visitor", "hears %s", buf_text(&text));
        if (o->heard != NULL)
            buf_add_slice(o->heard, buf_slice(&text));
        if (e->is_failover && value.type == RESP_STATUS)
            marks_hit(o->marks, MARK_FORCED);
        if (e->is_coordinated && value.type == RESP_STATUS)
            marks_hit(o->marks, MARK_COORDINATED);
    }
    reply_reader_fini(&reader);
    if (got == REPLY_READ_MORE)
        return;
    net_close(c, END_CLIENT);
    errand_free(e);
}

static void on_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    (void)owner;
    (void)why;
    errand_free(c->state[end]);
}

static const struct party_ops visitor_ops = {
    .connected = on_connected,
    .received = on_received,
    .closed = on_closed,
};
