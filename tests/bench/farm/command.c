#include "tests/bench/farm/command.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MULTI_MAX 64 /* requests in one transaction */

static const struct slice HELLO_CHANNEL = { .data = "__sentinel__:hello", .size = 18 };

struct call {
    struct conn *conn;
    struct server *server;
    struct slice *args;
    size_t count;
    struct resp_writer out;
};

static void ok(struct call *c) {
    resp_status(&c->out, "OK");
}

static void ping(struct call *c) {
    if (!list_is_linked(&c->conn->of_subscribers)) {
        resp_status(&c->out, "PONG");
        return;
    }
    resp_array(&c->out, 2);
    resp_bulk_text(&c->out, "pong");
    resp_bulk_text(&c->out, "");
}

static void info(struct call *c) {
    static struct buf text;
    buf_clear(&text);
    info_add(c->server->farm->info, c->server, &text);
    resp_bulk(&c->out, buf_slice(&text));
}

static size_t send_to_subscribers(const struct server *s, struct slice message) {
    size_t count = 0;
    list_for_each(to, &s->subscribers, struct conn, of_subscribers) {
        conn_add_message(to, message);
        count++;
    }
    return count;
}

/* A master's stream passes it on to its replicas. */
static void publish(struct call *c) {
    struct server *s = c->server;
    size_t count = 0;
    if (slice_equal(c->args[1], HELLO_CHANNEL)) {
        static struct buf message;
        buf_clear(&message);
        resp_request(
            &message, (struct slice[]){ SLICE_LITERAL("message"), HELLO_CHANNEL, c->args[2] }, 3);
        count = send_to_subscribers(s, buf_slice(&message));
        struct server *group = s - s->member;
        int64_t now_ms = farm_now_ms();
        for (uint32_t i = 0; server_is_master(s) && i < s->farm->group_size; i++) {
            if (group[i].health == HEALTH_WELL && server_is_replica_of(&group[i], s, now_ms))
                (void)send_to_subscribers(&group[i], buf_slice(&message));
        }
    }
    resp_integer(&c->out, (int64_t)count);
}

static void say_subscription(struct call *c, const char *what, struct slice channel, int64_t n) {
    resp_array(&c->out, 3);
    resp_bulk_text(&c->out, what);
    resp_bulk(&c->out, channel);
    resp_integer(&c->out, n);
}

/* Messages come on the one channel only, whatever else is subscribed to. */
static void subscribe(struct call *c) {
    for (size_t i = 1; i < c->count; i++) {
        if (slice_equal(c->args[i], HELLO_CHANNEL) && !list_is_linked(&c->conn->of_subscribers))
            list_append(&c->server->subscribers, &c->conn->of_subscribers);
        say_subscription(c, "subscribe", c->args[i], (int64_t)i);
    }
}

static void unsubscribe(struct call *c) {
    list_remove(&c->conn->of_subscribers);
    say_subscription(c, "unsubscribe", HELLO_CHANNEL, 0);
}

static void slaveof(struct call *c) {
    if (slice_is_nocase(c->args[1], "no") && slice_is_nocase(c->args[2], "one")) {
        server_promote(c->server);
        ok(c);
        return;
    }
    char host[64];
    struct in_addr address;
    uint64_t port;
    if (inet_pton(AF_INET, slice_copy(c->args[1], host, sizeof(host)), &address) != 1 ||
        !slice_to_u64(c->args[2], &port) || port == 0 || port > UINT16_MAX) {
        resp_error(&c->out, SLICE_LITERAL("ERR Invalid master host or port"));
    } else if (server_follow(c->server, ntohl(address.s_addr), (uint16_t)port)) {
        ok(c);
    } else {
        resp_status(&c->out, "OK Already connected to specified master");
    }
}

static void role(struct call *c) {
    const struct server *s = c->server;
    int64_t now_ms = farm_now_ms();
    char ip[16];
    if (server_is_master(s)) {
        resp_array(&c->out, 3);
        resp_bulk_text(&c->out, "master");
        resp_integer(&c->out, (int64_t)server_offset(s, now_ms));
        resp_array(&c->out, 0);
        return;
    }
    resp_array(&c->out, 5);
    resp_bulk_text(&c->out, "slave");
    resp_bulk_text(&c->out, ip_text(s->master_ip, ip, sizeof(ip)));
    resp_integer(&c->out, s->master_port);
    resp_bulk_text(&c->out, server_link_lost_ms(s, now_ms) > 0 ? "connecting" : "connected");
    resp_integer(&c->out, (int64_t)server_offset(s, now_ms));
}

static void config(struct call *c) {
    if (slice_is_nocase(c->args[1], "get"))
        resp_array(&c->out, 0);
    else
        ok(c);
}

/* CLIENT KILL TYPE normal|pubsub, of all but the caller. */
static void client(struct call *c) {
    if (!slice_is_nocase(c->args[1], "kill") || c->count < 4) {
        ok(c);
        return;
    }
    bool is_pubsub = slice_is_nocase(c->args[3], "pubsub");
    int64_t count = 0;
    list_for_each(other, &c->server->conns, struct conn, of_server) {
        if (other == c->conn || list_is_linked(&other->of_subscribers) != is_pubsub)
            continue;
        conn_close(other);
        count++;
    }
    resp_integer(&c->out, count);
}

static void multi(struct call *c) {
    c->conn->in_multi = true;
    ok(c);
}

static void end_multi(struct conn *c) {
    c->in_multi = false;
    c->multi_count = 0;
    buf_fini(&c->multi);
}

static void discard(struct call *c) {
    end_multi(c->conn);
    ok(c);
}

static void exec(struct call *c) {
    struct conn *conn = c->conn;
    if (!conn->in_multi) {
        resp_error(&c->out, SLICE_LITERAL("ERR EXEC without MULTI"));
        return;
    }
    struct buf queued = conn->multi;
    resp_array(&c->out, conn->multi_count);
    conn->multi = BUF_INIT;
    end_multi(conn);
    struct slice rest = buf_slice(&queued);
    struct resp_request q;
    size_t used;
    struct resp_reader *reader = &c->server->farm->exec_reader;
    while (rest.size > 0 && resp_read_request(reader, rest, &q, &used) == RESP_READ_REQUEST) {
        command_run(conn, &q, slice_sub(rest, 0, used));
        rest = slice_sub(rest, used, rest.size);
    }
    buf_fini(&queued);
}

static void script(struct call *c) {
    resp_error(&c->out, SLICE_LITERAL("NOTBUSY No scripts in execution right now."));
}

static void set(struct call *c) {
    if (server_is_master(c->server))
        ok(c);
    else
        resp_error(&c->out, SLICE_LITERAL("READONLY You can't write against a read only replica."));
}

static void get(struct call *c) {
    resp_null(&c->out);
}

static void hello(struct call *c) {
    resp_array(&c->out, 6);
    resp_bulk_text(&c->out, "server");
    resp_bulk_text(&c->out, "redis");
    resp_bulk_text(&c->out, "version");
    resp_bulk_text(&c->out, "7.0.15");
    resp_bulk_text(&c->out, "proto");
    resp_integer(&c->out, 2);
}

static void quit(struct call *c) {
    c->conn->is_ending = true;
    ok(c);
}

struct command {
    const char *name;
    size_t words; /* at least, with the name */
    void (*run)(struct call *c);
};

/* The frequent ones first. */
static const struct command COMMANDS[] = {
    { "PING", 1, ping },
    { "PUBLISH", 3, publish },
    { "INFO", 1, info },
    { "SUBSCRIBE", 2, subscribe },
    { "CLIENT", 2, client },
    { "MULTI", 1, multi },
    { "EXEC", 1, exec },
    { "SLAVEOF", 3, slaveof },
    { "REPLICAOF", 3, slaveof },
    { "CONFIG", 2, config },
    { "SET", 3, set },
    { "GET", 2, get },
    { "ROLE", 1, role },
    { "AUTH", 2, ok },
    { "SELECT", 2, ok },
    { "HELLO", 1, hello },
    { "SCRIPT", 2, script },
    { "UNSUBSCRIBE", 1, unsubscribe },
    { "DISCARD", 1, discard },
    { "QUIT", 1, quit },
};

static_assert(ARRAY_SIZE(COMMANDS) <= COMMANDS_MAX, "as many counters");

const char *command_name(size_t row) {
    return row < ARRAY_SIZE(COMMANDS) ? COMMANDS[row].name : NULL;
}

static const struct command *find(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
        if (slice_is_nocase(name, COMMANDS[i].name))
            return &COMMANDS[i];
    }
    return NULL;
}

void command_run(struct conn *conn, const struct resp_request *q, struct slice raw) {
    struct call c = { .conn = conn,
        .server = conn->server,
        .args = q->args,
        .count = q->count,
        .out = { .out = &conn->farm->reply, .version = 2 } };
    const struct command *command = find(q->args[0]);
    if (command == NULL) {
        resp_errorf(&c.out, "ERR unknown command '" SLICE_FMT "'", SLICE_ARG(q->args[0]));
        return;
    }
    if (q->count < command->words) {
        resp_errorf(&c.out, "ERR wrong number of arguments for '%s' command", command->name);
        return;
    }
    bool is_queued = conn->in_multi && command->run != exec && command->run != discard;
    if (is_queued && conn->multi_count < MULTI_MAX) {
        conn->multi_count++;
        buf_add_slice(&conn->multi, raw);
        resp_status(&c.out, "QUEUED");
        return;
    }
    conn->server->served++;
    conn->farm->counters.commands[command - COMMANDS]++;
    command->run(&c);
}
