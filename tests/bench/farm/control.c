/* The commands of the farm itself. */
#include "tests/bench/farm/command.h"

#include <string.h>

struct order {
    struct farm *farm;
    struct slice *args;
    size_t count;
    struct resp_writer out;
};

/* Whether `which` (masters, replicas, all or the number of a member) means this one. */
static bool is_meant(const struct server *s, struct slice which) {
    uint64_t member;
    if (slice_to_u64(which, &member))
        return s->member == member;
    if (slice_is_nocase(which, "masters"))
        return server_is_master(s);
    return slice_is_nocase(which, "all") ||
        (slice_is_nocase(which, "replicas") && !server_is_master(s));
}

/* Does it to those that args[at] means, of the groups args[at + 1] to args[at + 2]; replies how
 * many they were. */
static void to_each(
    struct order *o, size_t at, void (*act)(struct server *s, int64_t value), int64_t value) {
    struct farm *f = o->farm;
    uint64_t first, last;
    if (!slice_to_u64(o->args[at + 1], &first) || !slice_to_u64(o->args[at + 2], &last)) {
        resp_error(&o->out, SLICE_LITERAL("ERR not the numbers of groups"));
        return;
    }
    int64_t count = 0;
    for (size_t i = 0; i < f->server_count; i++) {
        struct server *s = &f->servers[i];
        if (s->group < first || s->group > last || !is_meant(s, o->args[at]))
            continue;
        act(s, value);
        count++;
    }
    resp_integer(&o->out, count);
}

static void set_health(struct server *s, int64_t health) {
    server_set_health(s, (enum health)health);
}

static void set_slow(struct server *s, int64_t ms) {
    s->slow_ms = (int)ms;
}

static void revive_one(struct server *s, int64_t value) {
    (void)value;
    s->slow_ms = 0;
    server_set_health(s, HEALTH_WELL);
}

static void hang(struct order *o) {
    to_each(o, 1, set_health, HEALTH_HUNG);
}

static void refuse(struct order *o) {
    to_each(o, 1, set_health, HEALTH_GONE);
}

static void revive(struct order *o) {
    to_each(o, 1, revive_one, 0);
}

static void slow(struct order *o) {
    int64_t ms;
    if (!slice_to_i64(o->args[1], &ms) || ms < 0 || ms > 3600000)
        resp_error(&o->out, SLICE_LITERAL("ERR not a number of milliseconds"));
    else
        to_each(o, 2, set_slow, ms);
}

static void stats(struct order *o) {
    struct farm *f = o->farm;
    const struct counters *n = &f->counters;
    struct buf text = BUF_INIT;
    buf_printf(&text, "{\"now_ms\": %lld, \"connections\": %llu, \"accepted\": %llu, ",
        (long long)farm_now_ms(), (unsigned long long)f->conn_count,
        (unsigned long long)n->accepted);
    buf_printf(&text, "\"refused\": %llu, \"reads\": %llu, \"writes\": %llu, ",
        (unsigned long long)n->refused, (unsigned long long)n->reads,
        (unsigned long long)n->writes);
    buf_printf(&text,
        "\"bytes_in\": %llu, \"bytes_out\": %llu, \"messages\": %llu, \"commands\": {",
        (unsigned long long)n->bytes_in, (unsigned long long)n->bytes_out,
        (unsigned long long)n->messages);
    const char *name;
    for (size_t i = 0; (name = command_name(i)) != NULL; i++)
        buf_printf(
            &text, "%s\"%s\": %llu", i == 0 ? "" : ", ", name, (unsigned long long)n->commands[i]);
    buf_add_text(&text, "}}");
    resp_bulk(&o->out, buf_slice(&text));
    buf_fini(&text);
}

/* For each group an array of its servers: [role, since, member that it follows or -1]. */
static void groups(struct order *o) {
    struct farm *f = o->farm;
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < f->server_count; i++) {
        const struct server *s = &f->servers[i];
        const struct server *m = farm_find(f, s->master_ip, s->master_port);
        bool is_ours = m != NULL && m->group == s->group;
        buf_printf(&text, "%s[\"%s\", %lld, %lld]%s",
            s->member == 0 ? (i == 0 ? "[[" : ", [") : ", ",
            server_is_master(s) ? "master" : "slave", (long long)s->role_ms,
            is_ours ? (long long)m->member : -1LL, s->member + 1 == f->group_size ? "]" : "");
    }
    buf_add_text(&text, "]");
    resp_bulk(&o->out, buf_slice(&text));
    buf_fini(&text);
}

static void ping(struct order *o) {
    resp_status(&o->out, "PONG");
}

static void stop(struct order *o) {
    resp_status(&o->out, "OK");
    ev_break(o->farm->loop, EVBREAK_ALL);
}

static const struct {
    const char *name;
    size_t words;
    void (*run)(struct order *o);
} ORDERS[] = {
    { "PING", 1, ping },
    { "HANG", 4, hang },
    { "REFUSE", 4, refuse },
    { "SLOW", 5, slow },
    { "REVIVE", 4, revive },
    { "STATS", 1, stats },
    { "GROUPS", 1, groups },
    { "STOP", 1, stop },
};

void control_run(struct conn *c, const struct resp_request *q) {
    struct order o = { .farm = c->farm,
        .args = q->args,
        .count = q->count,
        .out = { .out = &c->farm->reply, .version = 2 } };
    for (size_t i = 0; i < ARRAY_SIZE(ORDERS); i++) {
        if (slice_is_nocase(q->args[0], ORDERS[i].name) && q->count == ORDERS[i].words) {
            ORDERS[i].run(&o);
            return;
        }
    }
    resp_error(&o.out, SLICE_LITERAL("ERR no such order; see tests/bench/farm/main.c"));
}
