/* A failover that a stock Sentinel leads, and what a new master does to what it knows (spec 8). */
#include "common/ensure.h"
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

static void move_to(struct stock *s, struct stock_group *g, enum stock_state state) {
    g->state = state;
    g->changed_ms = stock_ms(s);
}

static bool is_late(const struct stock *s, const struct stock_group *g) {
    return stock_ms(s) - g->changed_ms > g->settings->failover_timeout_ms;
}

/* Spec 8.11. */
static void give_up(struct stock *s, struct stock_group *g, const char *event) {
    ensure(g->state <= STOCK_WAIT_PROMOTION);
    stock_tell_of(s, event, g->master);
    g->in_failover = g->is_forced = false;
    move_to(s, g, STOCK_IDLE);
    if (g->promoted != NULL)
        g->promoted->promoted = false;
    g->promoted = NULL;
}

/* ---- choosing (spec 8.3) ---- */

static bool is_eligible(
    const struct stock *s, const struct stock_group *g, const struct stock_instance *i) {
    const struct stock_periods *p = &s->settings.periods;
    const struct stock_instance *master = g->master;
    int64_t now_ms = stock_ms(s);
    int64_t info_limit_ms = master->sdown ? 5 * p->ping : 3 * p->info;
    int64_t link_limit_ms = 10 * g->settings->down_after_ms;
    if (master->sdown)
        link_limit_ms += now_ms - master->sdown_since_ms;
    return !i->sdown && !i->odown && !i->link->disconnected &&
        now_ms - i->link->available_ms <= 5 * p->ping && i->priority != 0 &&
        now_ms - i->info_ms <= info_limit_ms && i->link_down_ms <= link_limit_ms;
}

static bool is_better(const struct stock_instance *a, const struct stock_instance *b) {
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->offset != b->offset)
        return a->offset > b->offset;
    if (a->run_id[0] == '\0' || b->run_id[0] == '\0')
        return a->run_id[0] != '\0' && b->run_id[0] == '\0';
    return slice_compare_nocase(slice_of(a->run_id), slice_of(b->run_id)) < 0;
}

struct stock_instance *stock_select(const struct stock *s, const struct stock_group *g) {
    struct stock_instance *best = NULL;
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        if (is_eligible(s, g, i) && (best == NULL || is_better(i, best)))
            best = i;
    return best;
}

/* ---- orders (spec 8.4) ---- */

bool stock_order_follow(struct stock *s, struct stock_instance *i, const struct endpoint *master) {
    bool is_sent = stock_ask(s, i, REPLY_IGNORED, "MULTI");
    if (master == NULL)
        is_sent = is_sent && stock_ask(s, i, REPLY_IGNORED, "SLAVEOF NO ONE");
    else
        is_sent =
            is_sent && stock_ask(s, i, REPLY_IGNORED, "SLAVEOF %s %u", master->host, master->port);
    return is_sent && stock_ask(s, i, REPLY_IGNORED, "CONFIG REWRITE") &&
        stock_ask(s, i, REPLY_IGNORED, "CLIENT KILL TYPE normal") &&
        stock_ask(s, i, REPLY_IGNORED, "CLIENT KILL TYPE pubsub") &&
        stock_ask(s, i, REPLY_IGNORED, "EXEC");
}

/* ---- up to the promotion ---- */

static void wait_for_votes(struct stock *s, struct stock_group *g) {
    int64_t limit_ms = MIN_OF(s->settings.periods.election, g->settings->failover_timeout_ms);
    bool is_elected = stock_is_elected(s, g);
    if (!is_elected && !g->is_forced) {
        if (stock_ms(s) - g->started_ms > limit_ms)
            give_up(s, g, "-failover-abort-not-elected");
        return;
    }
    s->leads++;
    stock_tell_of(s, "+elected-leader", g->master);
    move_to(s, g, STOCK_SELECT_REPLICA);
    stock_tell_of(s, "+failover-state-select-slave", g->master);
}

static void select_replica(struct stock *s, struct stock_group *g) {
    struct stock_instance *i = stock_select(s, g);
    if (i == NULL) {
        give_up(s, g, "-failover-abort-no-good-slave");
        return;
    }
    stock_tell_of(s, "+selected-slave", i);
    i->promoted = true;
    g->promoted = i;
    move_to(s, g, STOCK_SEND_PROMOTION);
    stock_tell_of(s, "+failover-state-send-slaveof-noone", i);
}

static void send_promotion(struct stock *s, struct stock_group *g) {
    if (g->promoted->link->disconnected) {
        if (is_late(s, g))
            give_up(s, g, "-failover-abort-slave-timeout");
        return;
    }
    if (!stock_order_follow(s, g->promoted, NULL))
        return;
    stock_tell_of(s, "+failover-state-wait-promotion", g->promoted);
    move_to(s, g, STOCK_WAIT_PROMOTION);
}

static void wait_for_promotion(struct stock *s, struct stock_group *g) {
    if (is_late(s, g))
        give_up(s, g, "-failover-abort-slave-timeout");
}

/* Spec 8.5. */
void stock_promotion_seen(struct stock *s, struct stock_instance *i) {
    struct stock_group *g = i->group;
    g->config_epoch = g->failover_epoch;
    move_to(s, g, STOCK_RECONF_REPLICAS);
    stock_write_file(s);
    stock_tell_of(s, "+promoted-slave", i);
    stock_tell_of(s, "+failover-state-reconf-slaves", g->master);
    stock_hello_at_once(s, g);
}

/* ---- the other replicas (spec 8.6 and 8.7) ---- */

static void detect_end(struct stock *s, struct stock_group *g) {
    bool is_complete = true, is_timeout = is_late(s, g);
    if (g->promoted == NULL || g->promoted->sdown)
        return;
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        if (!i->promoted && i->reconf != RECONF_DONE && !i->sdown)
            is_complete = false;
    if (is_timeout) {
        is_complete = true;
        stock_tell_of(s, "+failover-end-for-timeout", g->master);
    }
    if (!is_complete)
        return;
    stock_tell_of(s, "+failover-end", g->master);
    move_to(s, g, STOCK_UPDATE_CONFIG);
    if (!is_timeout)
        return;
    list_for_each(i, &g->replicas, struct stock_instance, siblings) {
        if (i->promoted || i->reconf == RECONF_DONE || i->reconf == RECONF_SENT ||
            i->link->disconnected || !stock_order_follow(s, i, &g->promoted->address))
            continue;
        stock_tell_of(s, "+slave-reconf-sent-be", i);
        i->reconf = RECONF_SENT;
    }
}

static void reconfigure(struct stock *s, struct stock_group *g) {
    int64_t under_way = 0;
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        under_way += i->reconf == RECONF_SENT || i->reconf == RECONF_INPROG;
    list_for_each(i, &g->replicas, struct stock_instance, siblings) {
        if (under_way >= g->settings->parallel_syncs)
            break;
        if (i->promoted || i->reconf == RECONF_DONE)
            continue;
        if (i->reconf == RECONF_SENT &&
            stock_ms(s) - i->reconf_sent_ms > s->settings.periods.reconf_timeout) {
            stock_tell_of(s, "-slave-reconf-sent-timeout", i);
            i->reconf = RECONF_DONE;
        }
        if (i->reconf != RECONF_NONE || i->link->disconnected ||
            !stock_order_follow(s, i, &g->promoted->address))
            continue;
        i->reconf = RECONF_SENT;
        i->reconf_sent_ms = stock_ms(s);
        stock_tell_of(s, "+slave-reconf-sent", i);
        under_way++;
    }
    detect_end(s, g);
}

void stock_reconf_progress(struct stock *s, struct stock_instance *i) {
    struct stock_group *g = i->group;
    if (i->reconf == RECONF_SENT && g->promoted != NULL &&
        endpoint_equal(&i->reported_master, &g->promoted->address)) {
        i->reconf = RECONF_INPROG;
        stock_tell_of(s, "+slave-reconf-inprog", i);
    }
    if (i->reconf == RECONF_INPROG && i->link_is_up) {
        i->reconf = RECONF_DONE;
        stock_tell_of(s, "+slave-reconf-done", i);
    }
}

/* ---- one step ---- */

void stock_failover_step(struct stock *s, struct stock_group *g) {
    if (!g->in_failover)
        return;
    switch (g->state) {
    case STOCK_WAIT_START:
        wait_for_votes(s, g);
        break;
    case STOCK_SELECT_REPLICA:
        select_replica(s, g);
        break;
    case STOCK_SEND_PROMOTION:
        send_promotion(s, g);
        break;
    case STOCK_WAIT_PROMOTION:
        wait_for_promotion(s, g);
        break;
    case STOCK_RECONF_REPLICAS:
        reconfigure(s, g);
        break;
    case STOCK_IDLE:
    case STOCK_UPDATE_CONFIG:
        break;
    }
}

/* ---- the new master ---- */

/* Spec 8.8. */
void stock_switch(struct stock *s, struct stock_group *g) {
    const struct endpoint old = g->master->address;
    const struct endpoint new = g->promoted == NULL ? old : g->promoted->address;
    stock_tell(s, g, "+switch-master", NULL, "%s %s %u %s %u", g->settings->name, old.host,
        old.port, new.host, new.port);
    stock_group_move(s, g, &new);
}

/* Spec 8.10. */
void stock_group_reset(struct stock *s, struct stock_group *g, bool keep_peers) {
    struct stock_instance *m = g->master;
    int64_t now_ms = stock_ms(s);
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        stock_instance_free(s, i);
    if (!keep_peers)
        list_for_each(i, &g->peers, struct stock_instance, siblings)
            stock_instance_free(s, i);
    stock_link_close(m->link, m->link->commands);
    stock_link_close(m->link, m->link->pubsub);
    m->sdown = m->odown = m->script_kill_sent = m->rebooted = false;
    g->leader[0] = '\0';
    g->in_failover = g->is_forced = false;
    g->state = STOCK_IDLE;
    g->changed_ms = g->started_ms = 0;
    g->promoted = NULL;
    m->run_id[0] = '\0';
    m->reported_master = (struct endpoint){ .port = 0 };
    m->link->ping_waits_ms = m->link->available_ms = m->link->pong_ms = now_ms;
    m->link->pinged_ms = 0;
    m->role = STOCK_ROLE_MASTER;
    m->role_since_ms = now_ms;
}

static void add_again(struct stock *s, struct stock_group *g, const struct endpoint *address) {
    struct stock_instance *i = stock_add_replica(s, g, address);
    if (i != NULL)
        stock_tell_of(s, "+slave", i);
}

void stock_group_move(struct stock *s, struct stock_group *g, const struct endpoint *to) {
    struct stock_instance *m = g->master;
    const struct endpoint old = m->address, new = *to;
    size_t count = 0;
    struct endpoint *others = mem_alloc((list_count(&g->replicas) + 1) * sizeof(*others));
    list_for_each(i, &g->replicas, struct stock_instance, siblings)
        if (!endpoint_equal(&i->address, &new))
            others[count++] = i->address;
    if (!endpoint_equal(&old, &new))
        others[count++] = old;
    stock_group_reset(s, g, true);
    m->address = new;
    m->sdown_since_ms = m->odown_since_ms = 0;
    for (size_t i = 0; i < count; i++)
        add_again(s, g, &others[i]);
    mem_free(others);
    stock_write_file(s);
}
