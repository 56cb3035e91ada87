#include "tests/sim/faults.h"

#include "sentinel/core/core.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#define PAUSE_MIN_US        (10 * US_PER_MS)
#define REVIVE_US           (100 * US_PER_MS)
#define BACK_MAX_US         (500 * US_PER_MS) /* of a server that is restarted */
#define ALL_STALL_PER_MILLE 150
#define LONG_OUTAGE_US      (60 * US_PER_S)   /* longer than tilt and what leads to it */
#define PAUSE_MAX_US        (6 * US_PER_S)    /* of vedettes and hosts */
#define AMBUSH_US           (100 * US_PER_MS) /* behind its event, at most */

static void after(struct world *w, int64_t delay_us, task_fn run, uint64_t argument) {
    schedule_at(&w->schedule, w->schedule.now_us + delay_us, run, w, argument);
}

/* How long this one lasts: often short. */
int64_t faults_duration(struct world *w) {
    int64_t most_us = w->draw.outage_max_us;
    if (rng_chance(&w->rng, 400))
        most_us = MAX_OF(most_us / 20, PAUSE_MIN_US);
    return rng_between(&w->rng, PAUSE_MIN_US, most_us);
}

static struct vedette *any_vedette(struct world *w) {
    return &w->vedettes[rng_between(&w->rng, 0, w->vedette_count - 1)];
}

static const struct party *any_sentinel(struct world *w) {
    int64_t number = rng_between(&w->rng, 0, world_sentinel_count(w) - 1);
    return number < w->vedette_count ? &w->vedettes[number].party
                                     : &w->stocks[number - w->vedette_count].party;
}

static int any_group(struct world *w) {
    return (int)rng_between(&w->rng, 0, w->group_count - 1);
}

/* Mostly the master: that is where it hurts. */
static struct server *any_server(struct world *w) {
    struct server *s = &w->farm.servers[rng_between(&w->rng, 0, w->farm.count - 1)];
    for (int i = w->farm.first[s->group]; i < w->farm.first[s->group + 1]; i++)
        if (server_is_master(&w->farm.servers[i]) && w->farm.servers[i].alive &&
            rng_chance(&w->rng, 600))
            return &w->farm.servers[i];
    return s;
}

/* ---- servers ---- */

static void bring_back_server(void *context, uint64_t argument) {
    struct world *w = context;
    struct server *s = &w->farm.servers[argument];
    if (!s->alive)
        server_start(s);
}

/* A healing has brought back all: who is dead after it died in an examination. */
static void end_outage(void *context, uint64_t argument) {
    const struct world *w = context;
    if (w->faults_are_on)
        bring_back_server(context, argument);
}

static void maybe_wipe(struct world *w, struct server *s) {
    if (!rng_chance(&w->rng, w->draw.wipe_per_mille))
        return;
    server_wipe(s);
    marks_hit(&w->marks, MARK_SERVER_WIPED);
}

static void kill_server_for(struct world *w, int64_t time_us) {
    struct server *s = any_server(w);
    server_kill(s, NET_LEAVE_PROCESS);
    maybe_wipe(w, s);
    marks_hit(&w->marks, MARK_SERVER_KILLED);
    after(w, time_us, end_outage, (uint64_t)(s - w->farm.servers));
}

static void kill_server(struct world *w) {
    kill_server_for(w, faults_duration(w));
}

static void restart_server(struct world *w) {
    struct server *s = any_server(w);
    server_kill(s, NET_LEAVE_PROCESS);
    maybe_wipe(w, s);
    marks_hit(&w->marks, MARK_SERVER_RESTARTED);
    after(w, rng_between(&w->rng, 1, BACK_MAX_US), end_outage, (uint64_t)(s - w->farm.servers));
}

static void end_forbidding(void *context, uint64_t argument) {
    struct world *w = context;
    w->farm.servers[argument].forbidden = 0;
}

static void forbid(struct world *w) {
    struct server *s = any_server(w);
    unsigned bit = 1U << rng_between(&w->rng, 0, FORBID_BITS - 1);
    s->forbidden |= rng_chance(&w->rng, 200) ? FORBID_ALL : bit;
    story_line(&w->story, s->name, "forbids commands %x", s->forbidden);
    marks_hit(&w->marks, MARK_FORBIDDEN);
    after(w, faults_duration(w), end_forbidding, (uint64_t)(s - w->farm.servers));
}

/* Of a replica that does not replicate from it, over whatever chain. */
static void chain(struct world *w) {
    struct server *s = any_server(w);
    int first = w->farm.first[s->group], last = w->farm.first[s->group + 1] - 1;
    struct server *to = &w->farm.servers[rng_between(&w->rng, first, last)];
    int left = w->farm.count; /* others may follow each other in a circle */
    for (const struct server *up = to; up != NULL && left-- > 0; up = up->upstream)
        if (up == s)
            return;
    if (!s->alive || server_is_master(s) || server_is_master(to))
        return;
    story_line(&w->story, s->name, "is made a replica of %s", to->name);
    marks_hit(&w->marks, MARK_CHAINED);
    server_follow(s, &to->party.address);
}

static void continue_server(void *context, uint64_t argument) {
    struct world *w = context;
    server_continue(&w->farm.servers[argument]);
}

static void hang_server(struct world *w) {
    struct server *s = any_server(w);
    server_hang(s);
    marks_hit(&w->marks, MARK_SERVER_HUNG);
    after(w, faults_duration(w), continue_server, (uint64_t)(s - w->farm.servers));
}

static void end_refusal(void *context, uint64_t argument) {
    struct world *w = context;
    w->farm.servers[argument].refusal = REFUSE_NOTHING;
}

static void trouble_server(struct world *w) {
    struct server *s = any_server(w);
    int64_t until_us = w->schedule.now_us + faults_duration(w);
    if (!s->alive)
        return;
    if (rng_chance(&w->rng, 250)) {
        s->trouble = rng_chance(&w->rng, 500) ? TROUBLE_LOADING : TROUBLE_BUSY;
        s->trouble_until_us = until_us;
        story_line(&w->story, s->name, "is %s", s->trouble == TROUBLE_BUSY ? "busy" : "loading");
        return;
    }
    for (int i = 0; i < w->farm.count; i++) { /* whichever is asked next */
        struct server *other = &w->farm.servers[i];
        other->refusal = (enum refusal)rng_between(&w->rng, REFUSE_NOTHING, REFUSE_REWRITE);
        story_line(&w->story, other->name, "refuses, kind %d", (int)other->refusal);
        schedule_at(&w->schedule, until_us, end_refusal, w, (uint64_t)i);
    }
}

void faults_change_priorities(struct world *w, int group) {
    static const int64_t priorities[] = { 100, 50, 10 };
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++) {
        struct server *s = &w->farm.servers[i];
        if (s->priority != 0)
            s->priority = priorities[rng_between(&w->rng, 0, (int64_t)ARRAY_SIZE(priorities) - 1)];
    }
}

/* ---- vedettes ---- */

/* Its file says another port from now on: whoever knows it hears a known id from a new address. */
static void maybe_move(struct world *w, struct vedette *v) {
    if (w->draw.moves == 0 || !w->faults_are_on || !rng_chance(&w->rng, w->draw.moves))
        return;
    v->party.address.port ^= 1;
    story_line(&w->story, v->name, "moves to port %u", (unsigned)v->party.address.port);
}

static void bring_back_vedette(void *context, uint64_t argument) {
    struct world *w = context;
    struct vedette *v = &w->vedettes[argument];
    if (v->engine != NULL)
        return;
    maybe_move(w, v);
    vedette_start(v);
}

static void crash_vedette(struct world *w) {
    struct vedette *v = any_vedette(w);
    vedette_crash(v, NET_LEAVE_PROCESS);
    after(w, faults_duration(w), bring_back_vedette, (uint64_t)v->number);
}

/* They may share what they run on, and a server may die of the same; it does not come back before
 * they have left tilt. */
static void stall_all(struct world *w, int64_t until_us) {
    for (int i = 0; i < w->vedette_count; i++)
        vedette_stall(&w->vedettes[i], until_us);
    marks_hit(&w->marks, MARK_ALL_STALLED);
    if (rng_chance(&w->rng, 500))
        kill_server_for(w, LONG_OUTAGE_US);
}

static void stall_vedette(struct world *w) {
    int64_t until_us = w->schedule.now_us + MIN_OF(faults_duration(w), PAUSE_MAX_US);
    if (rng_chance(&w->rng, ALL_STALL_PER_MILLE)) {
        stall_all(w, until_us);
        return;
    }
    vedette_stall(any_vedette(w), until_us);
    marks_hit(&w->marks, MARK_STALL);
}

static void set_clock(struct world *w) {
    static const int64_t jumps_s[] = { 1, 60, 3600, 10 * 365 * 86400 };
    struct vedette *v = any_vedette(w);
    int64_t jump_s = jumps_s[rng_between(&w->rng, 0, (int64_t)ARRAY_SIZE(jumps_s) - 1)];
    if (rng_chance(&w->rng, 500))
        jump_s = -jump_s;
    story_line(&w->story, v->name, "its wall clock jumps by %lld s", (long long)jump_s);
    marks_hit(&w->marks, MARK_CLOCK_JUMP);
    v->wall_base_ms += jump_s * 1000;
}

static void stop_vedette(struct world *w) {
    vedette_stop(any_vedette(w));
}

/* Those that died or stopped by themselves come back after a while, as a service manager would have
 * it. */
static void revive(void *context, uint64_t argument) {
    struct world *w = context;
    for (int i = 0; i < w->vedette_count; i++)
        if (w->vedettes[i].engine == NULL && i != w->absent &&
            rng_chance(&w->rng, w->faults_are_on ? 100 : 1000))
            bring_back_vedette(w, (uint64_t)i);
    after(w, REVIVE_US, revive, argument);
}

/* ---- hosts and network ---- */

static void set_dark(struct world *w, int host, bool is_dark) {
    for (int other = 0; other < NET_HOSTS; other++) {
        if (other == host)
            continue;
        net_block(&w->net, host, other, is_dark);
        net_block(&w->net, other, host, is_dark);
    }
}

static void power_back(void *context, uint64_t argument) {
    struct world *w = context;
    set_dark(w, (int)argument, false);
    for (int i = 0; i < w->farm.count; i++)
        if (w->farm.servers[i].party.host == (int)argument)
            end_outage(w, (uint64_t)i);
    for (int i = 0; i < w->vedette_count; i++)
        if (w->vedettes[i].party.host == (int)argument)
            bring_back_vedette(w, (uint64_t)i);
    for (int i = 0; i < w->stock_count; i++)
        if (w->stocks[i].party.host == (int)argument)
            faults_bring_back_stock(w, (uint64_t)i);
}

static void lose_power(struct world *w) {
    int host = any_server(w)->party.host;
    if (rng_chance(&w->rng, 300))
        host = any_sentinel(w)->host;
    story_line(&w->story, "host", "%d loses power", host);
    marks_hit(&w->marks, MARK_POWER_LOSS);
    for (int i = 0; i < w->farm.count; i++)
        if (w->farm.servers[i].party.host == host)
            server_kill(&w->farm.servers[i], NET_LEAVE_HOST);
    for (int i = 0; i < w->vedette_count; i++)
        if (w->vedettes[i].party.host == host)
            vedette_crash(&w->vedettes[i], NET_LEAVE_HOST);
    for (int i = 0; i < w->stock_count; i++)
        if (w->stocks[i].party.host == host)
            stock_crash(&w->stocks[i], NET_LEAVE_HOST);
    set_dark(w, host, true);
    after(w, faults_duration(w), power_back, (uint64_t)host);
}

/* A way is named by from x NET_HOSTS + to. */
static void block(struct world *w, int from, int to, int64_t time_us, task_fn unblock) {
    uint64_t way = (uint64_t)from * NET_HOSTS + (uint64_t)to;
    if (from == to)
        return;
    story_line(&w->story, "net", "host %d does not reach %d", from, to);
    net_block(&w->net, from, to, true);
    after(w, time_us, unblock, way);
}

static void unblock(void *context, uint64_t argument) {
    struct world *w = context;
    int from = (int)argument / NET_HOSTS, to = (int)argument % NET_HOSTS;
    story_line(&w->story, "net", "host %d reaches %d again", from, to);
    net_block(&w->net, from, to, false);
}

static void part(struct world *w) {
    int hosts = w->host_count;
    int one = (int)rng_between(&w->rng, 0, hosts - 1);
    int two = (int)rng_between(&w->rng, 0, hosts - 1);
    bool both_ways = rng_chance(&w->rng, 600), from_all = rng_chance(&w->rng, 400);
    int64_t time_us = faults_duration(w);
    marks_hit(&w->marks, MARK_PARTITION);
    for (int other = 0; other < hosts; other++) {
        if (!from_all && other != two)
            continue;
        block(w, one, other, time_us, unblock);
        if (both_ways)
            block(w, other, one, time_us, unblock);
    }
}

/* Each host is on one side or the other; what one says may still reach the others. */
static void split(struct world *w) {
    bool is_here[NET_HOSTS] = { false }, one_way = rng_chance(&w->rng, 200);
    int64_t time_us = faults_duration(w);
    for (int host = 0; host < w->host_count; host++)
        is_here[host] = rng_chance(&w->rng, 500);
    marks_hit(&w->marks, MARK_HALVES);
    for (int from = 0; from < w->host_count; from++)
        for (int to = 0; to < w->host_count; to++)
            if (is_here[from] != is_here[to] && !(one_way && is_here[to]))
                block(w, from, to, time_us, unblock);
}

static void resume(void *context, uint64_t host) {
    struct world *w = context;
    for (int i = 0; i < w->farm.count; i++)
        if (w->farm.servers[i].party.host == (int)host)
            server_continue(&w->farm.servers[i]);
}

/* What runs on it notices nothing but its clocks. */
static void pause_host(struct world *w) {
    int host = any_server(w)->party.host;
    int64_t time_us = MIN_OF(faults_duration(w), PAUSE_MAX_US);
    story_line(&w->story, "host", "%d stands still", host);
    marks_hit(&w->marks, MARK_HOST_PAUSED);
    for (int i = 0; i < w->farm.count; i++)
        if (w->farm.servers[i].party.host == host)
            server_hang(&w->farm.servers[i]);
    for (int i = 0; i < w->vedette_count; i++)
        if (w->vedettes[i].party.host == host)
            vedette_stall(&w->vedettes[i], w->schedule.now_us + time_us);
    for (int i = 0; i < w->stock_count; i++)
        if (w->stocks[i].party.host == host)
            stock_stall(&w->stocks[i], w->schedule.now_us + time_us);
    after(w, time_us, resume, (uint64_t)host);
}

static struct conn *any_conn(struct world *w) {
    if (w->net.conn_count == 0)
        return NULL;
    return net_nth(&w->net, (size_t)rng_between(&w->rng, 0, (int64_t)w->net.conn_count - 1));
}

static void reset_conns(struct world *w) {
    for (int64_t left = rng_between(&w->rng, 1, 6); left > 0; left--) {
        struct conn *c = any_conn(w);
        if (c != NULL)
            net_reset(c, "reset");
    }
}

static void stall_conns(struct world *w) {
    for (int64_t left = rng_between(&w->rng, 1, 6); left > 0; left--) {
        struct conn *c = any_conn(w);
        if (c != NULL)
            net_stall(c, w->schedule.now_us + faults_duration(w));
    }
}

/* ---- disks ---- */

static void mend_disk(void *context, uint64_t argument) {
    struct world *w = context;
    if (!w->faults_are_on)
        return; /* all of them are well since the healing */
    story_line(&w->story, w->vedettes[argument].name, "its disk is well again");
    w->vedettes[argument].disk.mood = w->draw.disk;
}

static void break_disk(struct world *w) {
    struct vedette *v = any_vedette(w);
    struct disk_mood *mood = &v->disk.mood;
    int64_t how = rng_between(&w->rng, 0, 4);
    if (how < 2) {
        mood->failure_per_mille = 1000;
    } else if (how < 4) {
        mood->high_us = 20 * mood->high_us + 100 * US_PER_MS;
    } else {
        mood->low_us = DISK_PATIENCE_US;
        mood->high_us = 5 * DISK_PATIENCE_US;
        marks_hit(&w->marks, MARK_DISK_HUNG);
    }
    story_line(&w->story, v->name, "its disk %s",
        how < 2       ? "fails"
            : how < 4 ? "is slow"
                      : "hangs");
    after(w, faults_duration(w), mend_disk, (uint64_t)v->number);
}

/* ---- people ---- */

static void operate(struct world *w) {
    static const char *const words[] = {
        "SENTINEL FAILOVER %s",
        "SENTINEL FAILOVER %s",
        "SENTINEL FAILOVER %s",
        "SENTINEL FAILOVER %s COORDINATED",
        "SENTINEL FAILOVER %s COORDINATED",
        "SENTINEL FLUSHCONFIG",
        "SENTINEL MASTER %s",
        "SENTINEL SENTINELS %s",
        "SENTINEL CKQUORUM %s",
        "INFO",
    };
    const char *chosen = words[rng_between(&w->rng, 0, (int64_t)ARRAY_SIZE(words) - 1)];
    struct slice rest = slice_of(chosen);
    struct slice head = slice_cut(&rest, '%');
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    buf_add_slice(&text, head);
    if (rest.size > 0) {
        buf_add_text(&text, world_group_name(any_group(w)));
        buf_add_slice(&text, slice_sub(rest, 1, rest.size));
    }
    visitor_say(&w->visitor, any_vedette(w), buf_text(&text));
}

/* A Sentinel that nobody knows asks for a vote, now and then far ahead of the others, or behind. */
static void ask_as_stranger(struct world *w) {
    struct vedette *v = any_vedette(w);
    const struct core *c = vedette_core(v);
    if (c == NULL)
        return;
    const struct group *g = vedette_group(v, any_group(w));
    if (g == NULL)
        return;
    int64_t most_ahead = rng_chance(&w->rng, 100) ? 1000 : 2;
    uint64_t epoch = c->current_epoch + (uint64_t)rng_between(&w->rng, 0, most_ahead);
    if (g->config_epoch > g->vote_epoch && rng_chance(&w->rng, 300))
        epoch = g->config_epoch; /* it has not voted in it, and must not any more */
    const struct endpoint *master = &g->master->address.given;
    char words[ENDPOINT_TEXT_MAX + 120];
    (void)snprintf(words, sizeof(words), "SENTINEL is-master-down-by-addr %s %u %llu %040d",
        master->host, master->port, (unsigned long long)epoch, 7);
    visitor_say(&w->visitor, v, words);
}

/* ---- one after the other ---- */

static void (*const actions[FAULT_COUNT])(struct world *w) = {
    [FAULT_SERVER_KILL] = kill_server,
    [FAULT_SERVER_HANG] = hang_server,
    [FAULT_SERVER_TROUBLE] = trouble_server,
    [FAULT_SERVER_RESTART] = restart_server,
    [FAULT_SERVER_FORBID] = forbid,
    [FAULT_SERVER_CHAIN] = chain,
    [FAULT_VEDETTE_CRASH] = crash_vedette,
    [FAULT_VEDETTE_STALL] = stall_vedette,
    [FAULT_VEDETTE_CLOCK] = set_clock,
    [FAULT_VEDETTE_STOP] = stop_vedette,
    [FAULT_POWER_LOSS] = lose_power,
    [FAULT_HOST_PAUSE] = pause_host,
    [FAULT_SPLIT] = split,
    [FAULT_PARTITION] = part,
    [FAULT_CONN_RESET] = reset_conns,
    [FAULT_CONN_STALL] = stall_conns,
    [FAULT_DISK] = break_disk,
    [FAULT_VISITOR] = operate,
    [FAULT_STRANGER] = ask_as_stranger,
    [FAULT_OPERATOR] = operator_command,
    [FAULT_RELOAD] = operator_edit,
};

static void befall(struct world *w) {
    int64_t sum = 0;
    for (size_t i = 0; i < FAULT_COUNT; i++)
        sum += w->draw.weights[i];
    int64_t at = rng_between(&w->rng, 0, sum - 1);
    size_t kind = 0;
    while (at >= (int64_t)w->draw.weights[kind])
        at -= w->draw.weights[kind++];
    if (!faults_befall_stock(w, (enum fault)kind))
        actions[kind](w);
}

static void spring(void *context, uint64_t round) {
    struct world *w = context;
    if (!w->faults_are_on || w->round != round)
        return;
    story_line(&w->story, "world", "an ambush");
    marks_hit(&w->marks, MARK_AMBUSH);
    befall(w);
}

void faults_hear(struct world *w, const char *event) {
    static const char *const moments[] = {
        "+odown",
        "+vote-for-leader",
        "+try-failover",
        "+elected-leader",
        "+selected-slave",
        "+promoted-slave",
        "+failover-state-reconf-slaves",
        "+switch-master",
    };
    if (!w->in_ambush || !w->faults_are_on)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
        if (strcmp(event, moments[i]) != 0 || !rng_chance(&w->rng, 300))
            continue;
        w->in_ambush = false;
        after(w, rng_between(&w->rng, 0, AMBUSH_US), spring, w->round);
        return;
    }
}

static void next_fault(void *context, uint64_t round) {
    struct world *w = context;
    if (!w->faults_are_on || w->round != round)
        return;
    if (!w->in_ambush && rng_chance(&w->rng, w->draw.ambushes))
        w->in_ambush = true;
    else
        befall(w);
    after(w, rng_between(&w->rng, PAUSE_MIN_US, w->draw.fault_gap_us), next_fault, round);
}

void faults_start(struct world *w) {
    w->faults_are_on = true;
    w->net.weather = w->draw.weather;
    for (int i = 0; i < w->vedette_count; i++)
        w->vedettes[i].disk.mood = w->draw.disk;
    faults_start_stocks(w);
    after(w, rng_between(&w->rng, 0, w->draw.fault_gap_us), next_fault, ++w->round);
    if (w->round == 1)
        after(w, REVIVE_US, revive, 0);
}

void faults_heal(struct world *w) {
    story_line(&w->story, "world", "heals");
    w->faults_are_on = w->in_ambush = false;
    w->net.weather = world_fair_weather;
    net_unblock_all(&w->net);
    for (int i = 0; i < w->farm.count; i++) {
        struct server *s = &w->farm.servers[i];
        s->trouble = TROUBLE_NONE;
        s->refusal = REFUSE_NOTHING;
        s->forbidden = 0;
        server_continue(s);
        bring_back_server(w, (uint64_t)i);
    }
    for (int i = 0; i < w->vedette_count; i++) {
        struct vedette *v = &w->vedettes[i];
        v->disk.mood.failure_per_mille = 0;
        v->disk.mood.low_us = w->draw.disk.low_us;
        disk_hurry(&v->disk);
        v->disk.mood.high_us = MIN_OF(w->draw.disk.high_us, 20 * US_PER_MS);
        vedette_continue(v);
        bring_back_vedette(w, (uint64_t)i);
    }
    faults_heal_stocks(w);
    operator_mend(w);
}
