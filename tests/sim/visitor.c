#include "tests/sim/visitor.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/resp.h"
#include "tests/lib/reply.h"
#include "tests/sim/marks.h"
#include "tests/sim/story.h"
#include "tests/sim/vedette.h"

#define WORDS_MAX 16

struct errand {
    struct list_node siblings;
    struct visitor *visitor;
    enum mark done;           /* hit when it was carried out; MARK_COUNT = none */
    const struct vedette *as; /* in whose name; NULL = nobody's */
    struct endpoint as_at;    /* where that one was then */
    struct buf out, in;
};

/* Which mark says that a subcommand was carried out. */
static const struct {
    const char *name;
    size_t words; /* of the whole request; 0 = any */
    enum mark mark;
} deed_table[] = {
    { "FAILOVER", 3, MARK_FORCED },
    { "FAILOVER", 4, MARK_COORDINATED },
    { "RESET", 0, MARK_RESET },
    { "SET", 0, MARK_SET },
    { "REMOVE", 0, MARK_REMOVED },
    { "MONITOR", 0, MARK_MONITORED },
    { "CONFIG", 0, MARK_CONFIG_SET },
};

static enum mark mark_of(const struct slice *args, size_t count) {
    for (size_t i = 0; i < ARRAY_SIZE(deed_table); i++) {
        bool fits = deed_table[i].words == 0 || deed_table[i].words == count;
        if (count > 2 && fits && slice_is_nocase(args[1], deed_table[i].name))
            return deed_table[i].mark;
    }
    return MARK_COUNT;
}

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

static void say(
    struct visitor *o, const struct party *to, const struct vedette *as, const char *words) {
    story_line(o->net->story, "visitor", "to %s: %s", to->name, words);
    struct errand *e = mem_new(struct errand);
    e->visitor = o;
    e->as = as;
    if (as != NULL)
        e->as_at = as->party.address;
    struct slice rest = slice_of(words), args[WORDS_MAX];
    size_t count = 0;
    while (rest.size > 0 && count < WORDS_MAX)
        args[count++] = slice_cut(&rest, ' ');
    e->done = mark_of(args, count);
    resp_request(&e->out, args, count);
    list_append(&o->errands, &e->siblings);
    net_connect(o->net, &o->party, &to->address, e);
}

void visitor_say_to(struct visitor *o, const struct party *to, const char *words) {
    say(o, to, NULL, words);
}

void visitor_say(struct visitor *o, const struct vedette *to, const char *words) {
    say(o, &to->party, NULL, words);
}

void visitor_say_as(
    struct visitor *o, const struct vedette *to, const struct vedette *as, const char *words) {
    say(o, &to->party, as, words);
}

const struct vedette *visitor_speaks_as(
    const struct visitor *o, const struct conn *c, struct endpoint *ret_at) {
    if (c->ends[END_CLIENT] != &o->party)
        return NULL;
    const struct errand *e = c->state[END_CLIENT];
    *ret_at = e->as_at;
    return e->as;
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
        if (e->done != MARK_COUNT && value.type != RESP_ERROR)
            marks_hit(o->marks, e->done);
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
