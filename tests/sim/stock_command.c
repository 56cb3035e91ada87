/* What a stock Sentinel answers to its clients, vedettes among them (spec 6, 10, 11). */
#include "common/glob.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

struct command {
    const char *name, *subcommand; /* subcommand NULL: there is none */
    size_t count;                  /* words; at least so many where there is no subcommand */
    void (*run)(struct stock *s, const struct resp_request *r, struct resp_writer *w);
};

static void run_ping(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    (void)s;
    (void)r;
    resp_status(w, "PONG");
}

static void run_client(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    (void)s;
    (void)r;
    resp_status(w, "OK");
}

static void run_publish(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    if (!slice_is(r->args[1], HELLO_CHANNEL)) {
        resp_errorf(w, "ERR Only HELLO messages are accepted by Sentinel instances.");
        return;
    }
    stock_take_hello(s, r->args[2]);
    resp_integer(w, 1);
}

static void run_auth(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    (void)s;
    (void)r;
    resp_errorf(w,
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?");
}

static void run_info(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    size_t count = 0;
    buf_add_text(&text, "# Server\r\nredis_version:7.0.15\r\nredis_mode:sentinel\r\n");
    buf_printf(&text, "\r\n# Sentinel\r\nsentinel_masters:%zu\r\nsentinel_tilt:%d\r\n",
        list_count(&s->groups), s->tilt);
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        const struct stock_instance *m = g->master;
        buf_printf(&text, "master%zu:name=%s,status=%s,address=%s:%u,slaves=%zu,sentinels=%zu\r\n",
            count++, g->settings->name, m->odown ? "odown" : (m->sdown ? "sdown" : "ok"),
            m->address.host, m->address.port, list_count(&g->replicas), list_count(&g->peers) + 1);
    }
    resp_bulk(w, buf_slice(&text));
}

/* ---- SENTINEL ---- */

static struct stock_group *group_at(const struct stock *s, struct slice host, int64_t port) {
    list_for_each(g, &s->groups, struct stock_group, siblings)
        if (slice_is_nocase(host, g->master->address.host) && port == g->master->address.port)
            return g;
    return NULL;
}

/* Spec 6.1. */
static void run_question(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    int64_t port, epoch;
    if (!slice_to_i64(r->args[3], &port) || !slice_to_i64(r->args[4], &epoch)) {
        resp_errorf(w, "ERR value is not an integer or out of range");
        return;
    }
    struct stock_group *g = group_at(s, r->args[2], port);
    bool is_asked = g != NULL && !slice_is(r->args[5], "*");
    if (is_asked)
        stock_vote(s, g, (uint64_t)epoch, r->args[5]);
    bool has_leader = is_asked && g->leader[0] != '\0';
    resp_array(w, 3);
    resp_integer(w, g != NULL && !s->tilt && g->master->sdown);
    resp_bulk_text(w, has_leader ? g->leader : "*");
    resp_integer(w, is_asked ? (int64_t)g->leader_epoch : 0);
    if (has_leader && s->observer.vote_told != NULL)
        s->observer.vote_told(s->observer.context, s, g, g->leader_epoch);
}

static void run_address(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    const struct stock_group *g = stock_group(s, r->args[2]);
    if (g == NULL) {
        resp_null_array(w);
        return;
    }
    resp_array(w, 2);
    resp_bulk_text(w, stock_group_master(g)->host);
    resp_bulk_u64(w, stock_group_master(g)->port);
}

/* Spec 8.12. */
static void run_failover(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    struct stock_group *g = stock_group(s, r->args[2]);
    if (g == NULL) {
        resp_errorf(w, "ERR No such master with that name");
    } else if (g->in_failover) {
        resp_errorf(w, "INPROG Failover already in progress");
    } else if (stock_select(s, g) == NULL) {
        resp_errorf(w, "NOGOODSLAVE No suitable replica to promote");
    } else {
        stock_start_failover(s, g);
        g->is_forced = true;
        resp_status(w, "OK");
    }
}

static void run_reset(struct stock *s, const struct resp_request *r, struct resp_writer *w) {
    int64_t count = 0;
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        if (!glob_match(r->args[2], slice_of(g->settings->name), false))
            continue;
        stock_group_reset(s, g, false);
        stock_tell_of(s, "+reset-master", g->master);
        count++;
    }
    resp_integer(w, count);
}

static const struct command commands[] = {
    { "PING", NULL, 1, run_ping },
    { "CLIENT", NULL, 2, run_client },
    { "PUBLISH", NULL, 3, run_publish },
    { "AUTH", NULL, 2, run_auth },
    { "INFO", NULL, 1, run_info },
    { "SENTINEL", "is-master-down-by-addr", 6, run_question },
    { "SENTINEL", "get-master-addr-by-name", 3, run_address },
    { "SENTINEL", "failover", 3, run_failover },
    { "SENTINEL", "reset", 3, run_reset },
};

void stock_answer(struct stock *s, const struct resp_request *r, struct buf *out) {
    struct resp_writer w = { .out = out, .version = 2 };
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *c = &commands[i];
        bool is_it = slice_is_nocase(r->args[0], c->name) && r->count >= c->count &&
            (c->subcommand == NULL ||
                (slice_is_nocase(r->args[1], c->subcommand) && r->count == c->count));
        if (!is_it)
            continue;
        c->run(s, r, &w);
        return;
    }
    resp_errorf(&w, "ERR unknown command, or not one of a model");
}
