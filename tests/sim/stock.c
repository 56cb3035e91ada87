/* The life of a stock Sentinel: its ticks, its tilt, its events. */
#include "tests/sim/stock.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

#define EPOCH_MS INT64_C(1700000000000) /* a time of day: no instant is 0 */

/* How often it ticks a second, at least, and what may be added (spec 3.1). */
#define HZ       10
#define HZ_EXTRA 9

const struct stock_periods stock_usual_periods = {
    .info = 10000,
    .ping = 1000,
    .ask = 1000,
    .publish = 2000,
    .tilt_trigger = 2000,
    .tilt = 30000,
    .reconf_timeout = 10000,
    .link_age = 15000,
    .election = 10000,
    .fast_info = 1000,
};

int64_t stock_ms(const struct stock *s) {
    return s->clock_ms + s->net->schedule->now_us / US_PER_MS;
}

bool stock_is_away(const struct stock *s) {
    return s->net->schedule->now_us < MAX_OF(s->stalled_until_us, s->writing_until_us);
}

static void tell(
    struct stock *s, const struct stock_group *g, const char *event, const char *payload) {
    story_line(s->net->story, s->settings.name, "tells %s %s", event, payload);
    if (s->observer.event != NULL)
        s->observer.event(s->observer.context, s, g, event, payload);
}

void stock_tell(struct stock *s, struct stock_group *g, const char *event,
    const struct stock_instance *about, const char *format, ...) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    if (about != NULL) {
        stock_print_details(about, &text);
        buf_add_char(&text, ' ');
    }
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    tell(s, g, event, buf_text(&text));
}

void stock_tell_of(struct stock *s, const char *event, const struct stock_instance *about) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    stock_print_details(about, &text);
    tell(s, about->group, event, buf_text(&text));
}

/* ---- the tick (spec 3.2) ---- */

static void watch_clock(struct stock *s) {
    int64_t now_ms = stock_ms(s), delta_ms = now_ms - s->ticked_ms;
    if (delta_ms < 0 || delta_ms > s->settings.periods.tilt_trigger) {
        s->tilt = true;
        s->tilt_since_ms = now_ms;
        stock_tell(s, NULL, "+tilt", NULL, "#tilt mode entered");
    }
    s->ticked_ms = now_ms;
}

static bool is_to_act(struct stock *s) {
    if (!s->tilt)
        return true;
    if (stock_ms(s) - s->tilt_since_ms < s->settings.periods.tilt)
        return false;
    s->tilt = false;
    stock_tell(s, NULL, "-tilt", NULL, "#tilt mode exited");
    return true;
}

static void handle_master(struct stock *s, struct stock_group *g) {
    stock_link_connect(s, g->master);
    stock_probe(s, g->master);
    if (!is_to_act(s))
        return;
    stock_judge_sdown(s, g->master);
    stock_judge_odown(s, g);
    if (stock_start_if_needed(s, g))
        stock_question_peers(s, g, true);
    stock_failover_step(s, g);
    stock_question_peers(s, g, false);
}

static void handle_others(struct stock *s, struct list *instances) {
    list_for_each(i, instances, struct stock_instance, siblings) {
        stock_link_connect(s, i);
        stock_probe(s, i);
        if (is_to_act(s))
            stock_judge_sdown(s, i);
    }
}

/* Of several groups at the end of a failover only one is switched in a tick. */
static void handle_groups(struct stock *s) {
    struct stock_group *to_switch = NULL;
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        handle_master(s, g);
        handle_others(s, &g->replicas);
        handle_others(s, &g->peers);
        if (g->state == STOCK_UPDATE_CONFIG)
            to_switch = g;
    }
    if (to_switch != NULL)
        stock_switch(s, to_switch);
}

static void tick(void *context, uint64_t life);

static void plan_tick(struct stock *s, int64_t delay_us) {
    int64_t from_us = MAX_OF(s->net->schedule->now_us, s->writing_until_us);
    schedule_at(s->net->schedule, from_us + delay_us, tick, s, s->life);
}

static void run_tick(struct stock *s) {
    s->is_tick_due = false;
    watch_clock(s);
    handle_groups(s);
    plan_tick(s, 1000 / (HZ + rng_between(&s->rng, 0, HZ_EXTRA)) * US_PER_MS);
}

static void tick(void *context, uint64_t life) {
    struct stock *s = context;
    if (!s->is_alive || life != s->life)
        return;
    s->is_tick_due = true;
    if (!stock_is_away(s))
        run_tick(s);
}

/* Its loop takes what has arrived before what is due. */
static void resume(void *context, uint64_t life) {
    struct stock *s = context;
    if (!s->is_alive || life != s->life || stock_is_away(s))
        return;
    stock_catch_up(s);
    if (s->is_tick_due && !stock_is_away(s))
        run_tick(s);
}

/* ---- life ---- */

void stock_init(struct stock *s, const struct stock_settings *settings, struct net *net) {
    struct party party = s->party;
    ensure(settings->group_count <= STOCK_GROUPS);
    *s = (struct stock){ .settings = *settings, .net = net, .party = party, .clock_ms = EPOCH_MS };
    s->party.ops = &stock_ops;
    s->party.owner = s;
    s->party.name = s->settings.name;
    rng_init(&s->rng, settings->seed);
    list_init(&s->groups);
    list_init(&s->wires);
    list_init(&s->inbox);
    net_add(net, &s->party);
}

/* Everything of the process that does not outlive it. */
static void forget_process(struct stock *s) {
    s->is_alive = false;
    list_for_each(x, &s->wires, struct stock_wire, siblings)
        x->conn = NULL;
    list_for_each(g, &s->groups, struct stock_group, siblings)
        stock_group_free(s, g);
    stock_wires_free(s);
}

void stock_fini(struct stock *s) {
    if (s->net == NULL) /* never begun */
        return;
    forget_process(s);
    buf_fini(&s->file);
}

void stock_start(struct stock *s) {
    ensure(!s->is_alive);
    story_line(s->net->story, s->settings.name, "starts");
    s->is_alive = true;
    s->life++;
    s->current_epoch = 0;
    s->stalled_until_us = s->writing_until_us = 0;
    s->is_tick_due = s->tilt = false;
    s->ticked_ms = stock_ms(s);
    s->party.listening = true;
    for (size_t i = 0; i < s->settings.group_count; i++)
        stock_group_new(s, &s->settings.groups[i]);
    if (buf_size(&s->file) > 0)
        stock_read_file(s);
    else
        stock_write_file(s);
    list_for_each(g, &s->groups, struct stock_group, siblings)
        stock_tell(s, g, "+monitor", g->master, "quorum %lld", (long long)g->settings->quorum);
    plan_tick(s, US_PER_MS);
}

void stock_crash(struct stock *s, enum net_leave how) {
    if (!s->is_alive)
        return;
    story_line(s->net->story, s->settings.name, "crashes");
    s->party.listening = false;
    net_leave(s->net, &s->party, how);
    forget_process(s);
}

void stock_stall(struct stock *s, int64_t until_us) {
    if (!s->is_alive)
        return;
    story_line(s->net->story, s->settings.name, "stalls");
    s->stalled_until_us = MAX_OF(s->stalled_until_us, until_us);
    schedule_at(s->net->schedule, s->stalled_until_us, resume, s, s->life);
}

void stock_continue(struct stock *s) {
    s->stalled_until_us = 0;
    resume(s, s->life);
}

/* Written, fsynced and renamed while everything waits (spec 14.7): it is on disk before anything
 * else happens, and nothing else happens until then. */
void stock_write_file(struct stock *s) {
    s->writes++;
    stock_print_file(s, &s->file);
    int64_t from_us = MAX_OF(s->net->schedule->now_us, s->writing_until_us);
    s->writing_until_us =
        from_us + rng_between(&s->rng, s->settings.write_low_us, s->settings.write_high_us);
    schedule_at(s->net->schedule, s->writing_until_us, resume, s, s->life);
}

/* ---- what it shows ---- */

struct stock_group *stock_group(const struct stock *s, struct slice name) {
    list_for_each(g, &s->groups, struct stock_group, siblings)
        if (slice_is(name, g->settings->name))
            return g;
    return NULL;
}

/* Spec 5.2: while it leads and the promotion is confirmed, that is the promoted replica's. */
const struct endpoint *stock_group_master(const struct stock_group *g) {
    bool is_promoted = g->in_failover && g->promoted != NULL && g->state >= STOCK_RECONF_REPLICAS;
    return is_promoted ? &g->promoted->address : &g->master->address;
}

uint64_t stock_group_epoch(const struct stock_group *g) {
    return g->config_epoch;
}

bool stock_group_knows(const struct stock_group *g, size_t replicas, size_t peers) {
    return list_count(&g->replicas) >= replicas && list_count(&g->peers) >= peers;
}

static void complain_of(const struct stock *s, const struct stock_instance *i, struct buf *why) {
    if (!i->sdown && !i->odown)
        return;
    buf_printf(why, "%s holds down: ", s->settings.name);
    stock_print_details(i, why);
    buf_add_text(why, "; ");
}

void stock_group_complain(const struct stock *s, const struct stock_group *g, size_t replicas,
    size_t peers, struct buf *ret_why) {
    if (s->tilt)
        buf_printf(ret_why, "%s is in tilt; ", s->settings.name);
    if (g->in_failover)
        buf_printf(ret_why, "%s is in a failover, state %d; ", s->settings.name, (int)g->state);
    if (list_count(&g->replicas) != replicas || list_count(&g->peers) != peers)
        buf_printf(ret_why, "%s knows %zu replicas and %zu peers; ", s->settings.name,
            list_count(&g->replicas), list_count(&g->peers));
    complain_of(s, g->master, ret_why);
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        complain_of(s, i, ret_why);
    list_for_each(i, &g->peers, struct stock_instance, siblings)
        complain_of(s, i, ret_why);
}
