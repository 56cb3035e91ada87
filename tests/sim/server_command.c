/* The connections of a data server, and the commands that a sentinel sends over them. */
#include "common/mem.h"
#include "common/resp.h"
#include "tests/sim/names.h"
#include "tests/sim/schedule.h"
#include "tests/sim/server.h"
#include "tests/sim/story.h"

#include <stdio.h>
#include <string.h>

#define HELLO_CHANNEL "__sentinel__:hello"

/* A connection, as its server sees it. */
struct session {
    struct list_node siblings;
    struct server *server;
    struct conn *conn; /* NULL: the far end has gone, while we hung */
    struct buf in;
    struct resp_reader reader;
    bool is_known; /* gave the password, or none is asked for */
    bool is_subscribed;
    bool in_multi, multi_failed;
    struct buf queued; /* requests of the transaction */
    size_t queued_count;
};

struct command {
    struct slice name;
    bool while_loading, while_busy; /* served in that trouble too */
    unsigned forbidden_by;          /* bit of enum forbidden; 0 = none */
    void (*run)(struct session *x, const struct resp_request *r, struct resp_writer *w);
};

static void session_free(struct session *x) {
    list_remove(&x->siblings);
    buf_fini(&x->in);
    buf_fini(&x->queued);
    resp_reader_fini(&x->reader);
    mem_free(x);
}

void server_end_sessions(struct server *s) {
    list_for_each(x, &s->sessions, struct session, siblings)
        session_free(x);
}

/* ---- pub/sub ---- */

static int64_t fan_out(struct server *s, struct slice text) {
    struct buf *message = &s->farm->text;
    struct resp_writer w = { .out = message, .version = 2 };
    buf_clear(message);
    resp_array(&w, 3);
    resp_bulk_text(&w, "message");
    resp_bulk_text(&w, HELLO_CHANNEL);
    resp_bulk(&w, text);
    int64_t receivers = 0;
    list_for_each(x, &s->sessions, struct session, siblings) {
        if (!x->is_subscribed || x->conn == NULL)
            continue;
        net_send(x->conn, END_SERVER, buf_slice(message));
        receivers++;
    }
    return receivers;
}

/* A publication on its way to a replica. */
struct parcel {
    struct list_node siblings; /* in the farm */
    struct server *to;
    uint64_t incarnation;
    size_t size;
    char text[];
};

static void parcel_free(struct parcel *p) {
    list_remove(&p->siblings);
    mem_free(p);
}

void farm_end_parcels(struct farm *f) {
    list_for_each(p, &f->parcels, struct parcel, siblings)
        parcel_free(p);
}

static void parcel_arrive(void *context, uint64_t argument) {
    struct parcel *p = context;
    struct server *s = p->to;
    bool is_there = s->alive && s->incarnation == p->incarnation;
    if (is_there && s->hung) { /* waits in its socket */
        struct schedule *schedule = s->farm->net->schedule;
        schedule_at(schedule, schedule->now_us + 100 * US_PER_MS, parcel_arrive, p, argument);
        return;
    }
    if (is_there)
        fan_out(s, (struct slice){ .data = p->text, .size = p->size });
    parcel_free(p);
}

static void replicate_publication(struct server *s, struct slice text) {
    struct net *n = s->farm->net;
    for (int i = 0; i < s->farm->count; i++) {
        struct server *r = &s->farm->servers[i];
        if (!r->alive || r->repl != REPL_UP || r->upstream != s)
            continue;
        if (!net_reaches(n, s->party.host, r->party.host))
            continue;
        struct parcel *p = mem_alloc(sizeof(*p) + text.size);
        *p = (struct parcel){ .to = r, .incarnation = r->incarnation, .size = text.size };
        memcpy(p->text, text.data, text.size);
        list_append(&s->farm->parcels, &p->siblings);
        int64_t at_us = n->schedule->now_us + net_delay(n, s->party.host, r->party.host);
        r->parcel_us = MAX_OF(r->parcel_us, at_us);
        schedule_at(n->schedule, r->parcel_us, parcel_arrive, p, 0);
    }
}

static void run_publish(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    struct slice text = r->count == 3 ? r->args[2] : SLICE_EMPTY;
    int64_t receivers = fan_out(x->server, text);
    replicate_publication(x->server, text);
    resp_integer(w, receivers);
}

static void run_subscribe(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    x->is_subscribed = true;
    resp_array(w, 3);
    resp_bulk_text(w, "subscribe");
    resp_bulk_text(w, HELLO_CHANNEL);
    resp_integer(w, 1);
}

/* ---- plain commands ---- */

static void run_ping(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)x;
    (void)r;
    resp_status(w, "PONG");
}

static void run_info(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    struct buf *text = &x->server->farm->text;
    buf_clear(text);
    server_info(x->server, text);
    resp_bulk(w, buf_slice(text));
}

static void run_auth(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    const char *password = x->server->farm->password;
    if (password == NULL || r->count < 2 || !slice_is(r->args[r->count - 1], password)) {
        resp_errorf(w, "WRONGPASS invalid username-password pair or user is disabled.");
        return;
    }
    x->is_known = true;
    resp_status(w, "OK");
}

/* Closes the other connections of a type. The one that asks survives. */
static int64_t kill_sessions(struct session *asking, bool subscribers) {
    int64_t killed = 0;
    list_for_each(x, &asking->server->sessions, struct session, siblings) {
        if (x == asking || x->is_subscribed != subscribers)
            continue;
        if (x->conn != NULL)
            net_close(x->conn, END_SERVER);
        session_free(x);
        killed++;
    }
    return killed;
}

static void run_client(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    if (r->count == 4 && slice_is_nocase(r->args[1], "KILL"))
        resp_integer(w, kill_sessions(x, slice_is_nocase(r->args[3], "pubsub")));
    else
        resp_status(w, "OK");
}

static void run_config(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    struct server *s = x->server;
    if (s->farm->restart_role != RESTART_SAVED || s->refusal == REFUSE_REWRITE) {
        resp_errorf(w, "ERR The server is running without a config file");
        return;
    }
    s->saved_master = s->master;
    resp_status(w, "OK");
}

static void run_role(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    const struct server *s = x->server;
    resp_array(w, 3);
    resp_bulk_text(w, server_is_master(s) ? "master" : "slave");
    resp_integer(w, (int64_t)s->data.offset);
    resp_array(w, 0);
}

#define WRITE_SIZE 40 /* bytes by which the offset grows */

/* The answer says where the write is and since when, too: clients want to know whether it was lost.
 */
static void run_set(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    struct server *s = x->server;
    if (!server_is_master(s)) {
        resp_errorf(w, "READONLY You can't write against a read only replica.");
        return;
    }
    s->data.offset += WRITE_SIZE;
    char text[96];
    (void)snprintf(text, sizeof(text), "OK %u %llu %lld", s->data.history,
        (unsigned long long)s->data.offset, (long long)s->farm->net->schedule->now_us);
    resp_status(w, text);
}

static void run_script(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    if (x->server->trouble != TROUBLE_BUSY) {
        resp_errorf(w, "NOTBUSY No scripts in execution right now.");
        return;
    }
    if (x->server->refusal == REFUSE_KILLING) {
        resp_errorf(w, "UNKILLABLE Sorry the script already executed write commands");
        return;
    }
    x->server->trouble = TROUBLE_NONE;
    resp_status(w, "OK");
}

static void run_slaveof(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    struct server *s = x->server;
    if (s->refusal == REFUSE_EXECUTING) {
        resp_errorf(w, "ERR the role is held by an operator");
        return;
    }
    if (s->hands_to != NULL) {
        resp_errorf(w, "ERR REPLICAOF not allowed while failing over.");
        return;
    }
    struct endpoint master = { .port = 0 };
    int64_t port = 0;
    bool is_none = r->count == 3 && slice_is_nocase(r->args[1], "NO");
    if (!is_none &&
        (r->count != 3 || !slice_to_i64(r->args[2], &port) ||
            !endpoint_make(r->args[1], port, &master))) {
        resp_errorf(w, "ERR Invalid master port");
        return;
    }
    story_line(s->farm->net->story, s->name, "becomes a %s%s", is_none ? "master" : "replica of ",
        is_none ? "" : master.host);
    master = names_ip(&master);
    server_follow(s, &master);
    resp_status(w, "OK");
}

#define HAND_OVER_MAX_US (300 * US_PER_MS) /* that it takes where nothing is in the way */

/* The words of FAILOVER TO <host> <port> TIMEOUT <ms>; NULL if they are none. */
static struct server *read_failover(
    const struct server *s, const struct resp_request *r, int64_t *ret_limit_ms) {
    struct endpoint to;
    int64_t port;
    bool is_read = r->count == 6 && slice_is_nocase(r->args[1], "TO") &&
        slice_to_i64(r->args[3], &port) && endpoint_make(r->args[2], port, &to) &&
        slice_to_i64(r->args[5], ret_limit_ms);
    return is_read ? farm_at(s->farm, &to) : NULL;
}

static void run_failover(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    struct server *s = x->server;
    const struct schedule *clock = s->farm->net->schedule;
    int64_t limit_ms = 0;
    if (r->count == 2) { /* ABORT */
        if (s->hands_to == NULL)
            resp_errorf(w, "ERR No failover in progress.");
        else
            resp_status(w, "OK");
        s->hands_to = NULL;
        return;
    }
    struct server *to = read_failover(s, r, &limit_ms);
    if (s->refusal == REFUSE_EXECUTING || !server_is_master(s) || s->hands_to != NULL) {
        resp_errorf(w, "ERR FAILOVER is not valid now");
    } else if (to == NULL || !to->alive || to->repl != REPL_UP || to->upstream != s) {
        resp_errorf(w, "ERR FAILOVER target HOST and PORT is not a replica.");
    } else {
        s->hands_to = to;
        s->hand_from_us = clock->now_us + rng_between(s->farm->net->rng, 0, HAND_OVER_MAX_US);
        s->hand_until_us = clock->now_us + limit_ms * US_PER_MS;
        resp_status(w, "OK");
    }
}

/* ---- transactions ---- */

static void run_request(struct session *x, const struct resp_request *r, struct resp_writer *w);

static void run_multi(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    x->in_multi = true;
    x->multi_failed = false;
    x->queued_count = 0;
    buf_clear(&x->queued);
    resp_status(w, "OK");
}

static void run_exec(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    (void)r;
    if (!x->in_multi) {
        resp_errorf(w, "ERR EXEC without MULTI");
        return;
    }
    x->in_multi = false;
    if (x->multi_failed || x->server->trouble == TROUBLE_BUSY) {
        resp_errorf(w, "EXECABORT Transaction discarded because of previous errors.");
        return;
    }
    resp_array(w, x->queued_count);
    struct resp_reader reader = { .args = NULL };
    struct resp_request queued;
    size_t used;
    while (resp_read_request(&reader, buf_slice(&x->queued), &queued, &used) == RESP_READ_REQUEST) {
        run_request(x, &queued, w);
        buf_consume(&x->queued, used);
    }
    resp_reader_fini(&reader);
}

#define NAMED(text) \
    { .data = (text), .size = sizeof(text) - 1 }

static const struct command commands[] = {
    { NAMED("PING"), false, false, FORBID_PING, run_ping },
    { NAMED("INFO"), true, false, FORBID_INFO, run_info },
    { NAMED("PUBLISH"), true, false, FORBID_PUBLISH, run_publish },
    { NAMED("SUBSCRIBE"), true, false, FORBID_SUBSCRIBE, run_subscribe },
    { NAMED("AUTH"), true, true, 0, run_auth },
    { NAMED("CLIENT"), true, false, FORBID_CLIENT, run_client },
    { NAMED("CONFIG"), true, false, FORBID_CONFIG, run_config },
    { NAMED("SCRIPT"), false, true, 0, run_script },
    { NAMED("SLAVEOF"), false, false, 0, run_slaveof },
    { NAMED("FAILOVER"), false, false, 0, run_failover },
    { NAMED("ROLE"), true, true, 0, run_role },
    { NAMED("SET"), false, false, 0, run_set },
    { NAMED("MULTI"), true, true, 0, run_multi },
    { NAMED("EXEC"), true, true, 0, run_exec },
};

static const struct command *find_command(const struct resp_request *r) {
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (slice_equal_nocase(r->args[0], commands[i].name))
            return &commands[i];
    return NULL;
}

static void run_request(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    find_command(r)->run(x, r, w);
}

/* Why a command is not even tried; NULL if it is. */
static const char *reason_to_refuse(const struct session *x, const struct command *c) {
    const struct server *s = x->server;
    if (c == NULL)
        return "ERR unknown command";
    if (!x->is_known && c->run != run_auth)
        return "NOAUTH Authentication required.";
    if (s->trouble == TROUBLE_LOADING && !c->while_loading)
        return "LOADING Redis is loading the dataset in memory";
    if (s->trouble == TROUBLE_BUSY && !c->while_busy)
        return "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
    if (s->refusal == REFUSE_QUEUEING && (c->run == run_slaveof || c->run == run_failover))
        return "NOPERM this user has no permissions to run the 'slaveof' command";
    if ((s->forbidden & c->forbidden_by) != 0)
        return "NOPERM this user has no permissions to run this command";
    return NULL;
}

static void answer(struct session *x, const struct resp_request *r, struct resp_writer *w) {
    const struct command *c = find_command(r);
    const char *refusal = reason_to_refuse(x, c);
    if (refusal != NULL) {
        x->multi_failed = true;
        resp_errorf(w, "%s", refusal);
    } else if (x->in_multi && c->run != run_exec && c->run != run_multi) {
        resp_request(&x->queued, r->args, r->count);
        x->queued_count++;
        resp_status(w, "QUEUED");
    } else {
        c->run(x, r, w);
    }
}

/* ---- connections ---- */

/* Writes wait while the master hands over. */
static bool has_to_wait(const struct session *x, const struct resp_request *r) {
    bool waits = x->server->hands_to != NULL && r->count > 0 && slice_is_nocase(r->args[0], "SET");
    x->server->holds_writes |= waits;
    return waits;
}

static void answer_all(struct session *x) {
    struct buf *out = &x->server->farm->out;
    struct resp_writer w = { .out = out, .version = 2 };
    struct resp_request r;
    buf_clear(out);
    size_t used;
    while (resp_read_request(&x->reader, buf_slice(&x->in), &r, &used) == RESP_READ_REQUEST) {
        if (has_to_wait(x, &r))
            break;
        if (r.count > 0)
            answer(x, &r, &w);
        buf_consume(&x->in, used);
    }
    if (x->conn != NULL)
        net_send(x->conn, END_SERVER, buf_slice(out));
}

/* A session may be ended by another one's command: starts over after each. */
void server_catch_up(struct server *s) {
    bool any;
    do {
        any = false;
        list_for_each(x, &s->sessions, struct session, siblings) {
            if (buf_size(&x->in) > 0 && !any) {
                size_t before = buf_size(&x->in);
                answer_all(x);
                any = buf_size(&x->in) < before;
                if (any)
                    break;
            }
        }
    } while (any);
    list_for_each(x, &s->sessions, struct session, siblings)
        if (x->conn == NULL)
            session_free(x);
}

static void on_accepted(void *owner, struct conn *c) {
    struct server *s = owner;
    struct session *x = mem_new(struct session);
    x->server = s;
    x->conn = c;
    x->is_known = s->farm->password == NULL;
    list_append(&s->sessions, &x->siblings);
    c->state[END_SERVER] = x;
}

static void on_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    struct server *s = owner;
    struct session *x = c->state[end];
    buf_add_slice(&x->in, bytes);
    if (!s->hung)
        answer_all(x);
}

static void on_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    (void)why;
    struct server *s = owner;
    struct session *x = c->state[end];
    if (s->hung)
        x->conn = NULL; /* it reads what came before, once it runs again */
    else
        session_free(x);
}

const struct party_ops server_ops = {
    .accepted = on_accepted,
    .received = on_received,
    .closed = on_closed,
};
