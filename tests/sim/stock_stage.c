#include "tests/sim/stock_stage.h"

#include "common/mem.h"
#include "common/resp.h"
#include "tests/sim/names.h"

#include <stdio.h>
#include <string.h>

#define SERVERS        3
#define STOCK_PORT     26379
#define OPERATOR_HOST  (NET_HOSTS - 1)
#define LOOK_US        (5 * US_PER_MS)
#define AWAIT_MAX_US   (120 * US_PER_S)
#define SETTLE_MAX_US  (20 * US_PER_S)
#define START_APART_US (200 * US_PER_MS)

static const struct party_ops operator_ops;

static void on_event(void *context, const struct stock *s, const struct stock_group *g,
    const char *event, const char *payload) {
    struct stage *t = context;
    (void)g;
    buf_printf(&t->events, "%lld %s %s %s\n",
        (long long)((t->schedule.now_us - t->begun_us) / US_PER_MS), s->settings.name, event,
        payload);
}

static void make_stock(struct stage *t, size_t number) {
    const struct scenario *c = t->scenario;
    struct stock *s = &t->stocks[number];
    int host = (int)(SERVERS + number);
    s->party.host = host;
    s->party.address = names_address(host, STOCK_PORT);
    struct stock_settings settings = {
        .group_count = 1,
        .groups[0] = {
            .name = STAGE_GROUP,
            .master = t->farm.servers[0].party.address,
            .quorum = c->quorum,
            .down_after_ms = c->down_after_ms,
            .failover_timeout_ms = c->failover_timeout_ms,
            .parallel_syncs = 1,
        },
        .periods = stock_usual_periods,
        .write_low_us = 1 * US_PER_MS,
        .write_high_us = t->is_busy ? 100 * US_PER_MS : 10 * US_PER_MS,
        .seed = rng_next(&t->rng),
    };
    (void)snprintf(settings.name, sizeof(settings.name), "k%u", (unsigned)(number + 1) % 10);
    memset(settings.id, "abcdef"[number], ID_LENGTH);
    stock_init(s, &settings, &t->net);
    s->observer = (struct stock_observer){ .context = t, .event = on_event };
}

struct stage *stage_new(const struct scenario *scenario, uint64_t seed, FILE *story) {
    struct stage *t = mem_new(struct stage);
    t->scenario = scenario;
    rng_init(&t->rng, seed);
    schedule_init(&t->schedule);
    story_init(&t->story, &t->schedule);
    net_init(&t->net, &t->schedule, &t->rng, &t->story);
    t->is_busy = rng_chance(&t->rng, 250);
    t->net.weather = (struct weather){
        .delay_low_us = 20,
        .delay_high_us = t->is_busy ? 5 * US_PER_MS : 200,
    };
    if (story != NULL)
        story_start(&t->story, story);
    farm_add_group(&t->farm, SERVERS);
    for (int i = 0; i < SERVERS; i++) {
        t->farm.servers[i].party.host = i;
        t->farm.servers[i].party.address = names_address(i, SERVER_PORT);
    }
    t->farm.sync_low_us = 1 * US_PER_MS;
    t->farm.sync_high_us = 50 * US_PER_MS;
    t->farm.repl_timeout_us = 60 * US_PER_S;
    t->farm.reconnect_us = US_PER_S;
    farm_init(&t->farm, &t->net);
    for (int i = 0; i < SERVERS; i++) {
        t->farm.servers[i].priority = scenario->priorities[i];
        t->farm.servers[i].trouble = TROUBLE_NONE;
    }
    for (size_t i = 0; i < scenario->stocks; i++)
        make_stock(t, i);
    t->operator=(struct party){
        .ops = &operator_ops, .owner = t, .name = "operator", .host = OPERATOR_HOST
    };
    return t;
}

void stage_free(struct stage *t) {
    for (size_t i = 0; i < STAGE_STOCKS; i++)
        stock_fini(&t->stocks[i]);
    farm_fini(&t->farm);
    net_fini(&t->net);
    story_fini(&t->story);
    schedule_fini(&t->schedule);
    buf_fini(&t->events);
    mem_free(t);
}

/* ---- deeds ---- */

static void run_for(struct stage *t, int64_t time_us) {
    int64_t until_us = t->schedule.now_us + time_us;
    while (schedule_step(&t->schedule, until_us))
        ;
}

static void operator_connected(void *owner, struct conn *c) {
    (void)owner;
    struct slice words[] = { SLICE_LITERAL("SENTINEL"), SLICE_LITERAL("FAILOVER"),
        SLICE_LITERAL(STAGE_GROUP) };
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    resp_request(&out, words, ARRAY_SIZE(words));
    net_send(c, END_CLIENT, buf_slice(&out));
}

static void operator_received(void *owner, struct conn *c, enum conn_end end, struct slice bytes) {
    (void)owner;
    (void)bytes;
    net_close(c, end);
}

static void operator_closed(void *owner, struct conn *c, enum conn_end end, const char *why) {
    (void)owner;
    (void)c;
    (void)end;
    (void)why;
}

static const struct party_ops operator_ops = {
    .connected = operator_connected,
    .received = operator_received,
    .closed = operator_closed,
};

static void do_to_server(struct server *s, struct slice deed) {
    if (slice_is(deed, "kill")) {
        server_kill(s, NET_LEAVE_PROCESS);
    } else if (slice_is(deed, "start")) {
        server_start(s);
        s->trouble = TROUBLE_NONE;
    } else if (slice_is(deed, "hang")) {
        server_hang(s);
    } else {
        server_continue(s);
    }
}

static void do_to_stock(struct stage *t, struct stock *s, struct slice deed) {
    if (slice_is(deed, "kill"))
        stock_crash(s, NET_LEAVE_PROCESS);
    else if (slice_is(deed, "start"))
        stock_start(s);
    else if (slice_is(deed, "hang"))
        stock_stall(s, INT64_MAX);
    else if (slice_is(deed, "wake"))
        stock_continue(s);
    else
        net_connect(&t->net, &t->operator, & s->party.address, NULL);
}

/* "s1" or "k1": its number from 0. */
static size_t number_of(struct slice name) {
    return (size_t)(name.data[1] - '1');
}

static void carry_out(struct stage *t, struct slice deed, struct slice whom) {
    struct slice who = slice_cut(&whom, ' ');
    buf_printf(&t->events, "%lld stage " SLICE_FMT " " SLICE_FMT "\n",
        (long long)((t->schedule.now_us - t->begun_us) / US_PER_MS), SLICE_ARG(deed),
        SLICE_ARG(who));
    t->mark = buf_size(&t->events);
    if (who.size == 0)
        return;
    if (who.data[0] == 'k')
        do_to_stock(t, &t->stocks[number_of(who)], deed);
    else if (whom.size > 0)
        server_follow(
            &t->farm.servers[number_of(who)], &t->farm.servers[number_of(whom)].party.address);
    else
        do_to_server(&t->farm.servers[number_of(who)], deed);
}

/* ---- awaiting ---- */

static bool has_told(const struct stage *t, const char *name, struct slice event) {
    struct slice text = slice_sub(buf_slice(&t->events), t->mark, buf_size(&t->events));
    while (text.size > 0) {
        struct slice line = slice_cut(&text, '\n');
        (void)slice_cut(&line, ' ');
        struct slice who = slice_cut(&line, ' ');
        if (slice_is(who, name) && slice_equal(slice_cut(&line, ' '), event))
            return true;
    }
    return false;
}

static bool is_told(const struct stage *t, struct slice who, struct slice event) {
    size_t told = 0, alive = 0;
    for (size_t i = 0; i < t->scenario->stocks; i++) {
        bool is_meant = who.size != 2 || slice_is(who, t->stocks[i].settings.name);
        if (!t->stocks[i].is_alive || !is_meant)
            continue;
        alive++;
        told += has_told(t, t->stocks[i].settings.name, event);
    }
    return slice_is(who, "any") ? told > 0 : told == alive;
}

static bool await(struct stage *t, struct slice who, struct slice event) {
    int64_t limit_us = t->schedule.now_us + AWAIT_MAX_US;
    while (!is_told(t, who, event)) {
        if (t->schedule.now_us > limit_us)
            return false;
        run_for(t, LOOK_US);
    }
    return true;
}

/* ---- the play ---- */

static bool all_know_all(const struct stage *t) {
    for (size_t i = 0; i < t->scenario->stocks; i++) {
        const struct stock_group *g = stock_group(&t->stocks[i], slice_of(STAGE_GROUP));
        if (!stock_group_knows(g, SERVERS - 1, t->scenario->stocks - 1))
            return false;
    }
    return true;
}

/* As the real ones of the test: started at about the same time; and the deeds begin at any time
 * after all know all. */
static bool settle(struct stage *t) {
    for (size_t i = 0; i < t->scenario->stocks; i++) {
        run_for(t, rng_between(&t->rng, 0, START_APART_US));
        stock_start(&t->stocks[i]);
    }
    while (!all_know_all(t)) {
        if (t->schedule.now_us > SETTLE_MAX_US)
            return false;
        run_for(t, LOOK_US);
    }
    run_for(t, rng_between(&t->rng, 0, stock_usual_periods.info * US_PER_MS));
    return true;
}

bool stage_play(struct stage *t) {
    if (!settle(t))
        return false;
    buf_clear(&t->events);
    t->begun_us = t->schedule.now_us;
    struct slice deeds = slice_of(t->scenario->deeds);
    while (deeds.size > 0) {
        struct slice line = slice_cut(&deeds, '\n'), first = slice_cut(&line, ' ');
        if (slice_is(first, "await")) {
            struct slice who = slice_cut(&line, ' ');
            if (!await(t, who, line))
                return false;
            continue;
        }
        run_for(t, slice_to_i64_lenient(first) * US_PER_MS);
        struct slice deed = slice_cut(&line, ' ');
        carry_out(t, deed, line);
    }
    return true;
}
