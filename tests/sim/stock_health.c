/* Who is down, for a stock Sentinel alone and with others (spec 4 and 6). */
#include "tests/sim/stock_parts.h"

#include <string.h>

/* ---- subjectively ---- */

/* Spec 2.6. */
static void close_stuck(struct stock *s, struct stock_instance *i) {
    const struct stock_periods *p = &s->settings.periods;
    struct stock_link *link = i->link;
    int64_t now_ms = stock_ms(s), half_ms = i->group->settings->down_after_ms / 2;
    if (link->commands != NULL && now_ms - link->commands_since_ms > p->link_age &&
        link->ping_waits_ms != 0 && now_ms - link->ping_waits_ms > half_ms &&
        now_ms - link->pong_ms > half_ms)
        stock_link_close(link, link->commands);
    if (link->pubsub != NULL && now_ms - link->pubsub_since_ms > p->link_age &&
        now_ms - link->pubsub_heard_ms > 3 * p->publish)
        stock_link_close(link, link->pubsub);
}

static int64_t silence(const struct stock *s, const struct stock_link *link) {
    if (link->ping_waits_ms != 0)
        return stock_ms(s) - link->ping_waits_ms;
    return link->disconnected ? stock_ms(s) - link->available_ms : 0;
}

static bool has_other_role(const struct stock *s, const struct stock_instance *i) {
    int64_t limit_ms = i->group->settings->down_after_ms + 2 * s->settings.periods.info;
    return i->kind == STOCK_MASTER && i->role == STOCK_ROLE_REPLICA &&
        stock_ms(s) - i->role_since_ms > limit_ms;
}

/* Spec 4.2. */
void stock_judge_sdown(struct stock *s, struct stock_instance *i) {
    const struct stock_group_settings *settings = i->group->settings;
    int64_t silence_ms = silence(s, i->link);
    close_stuck(s, i);
    bool is_down = silence_ms > settings->down_after_ms || has_other_role(s, i) ||
        (i->rebooted && stock_ms(s) - i->rebooted_ms > settings->reboot_down_after_ms);
    if (is_down == i->sdown)
        return;
    stock_tell_of(s, is_down ? "+sdown" : "-sdown", i);
    i->sdown = is_down;
    if (is_down)
        i->sdown_since_ms = stock_ms(s);
    else
        i->script_kill_sent = false;
}

/* ---- objectively ---- */

/* Spec 4.4. */
void stock_judge_odown(struct stock *s, struct stock_group *g) {
    struct stock_instance *m = g->master;
    int64_t votes = m->sdown ? 1 : 0;
    list_for_each(p, &g->peers, struct stock_instance, siblings)
        votes += p->master_down;
    bool is_down = m->sdown && votes >= g->settings->quorum;
    if (is_down == m->odown)
        return;
    if (is_down)
        stock_tell(s, g, "+odown", m, "#quorum %lld/%lld", (long long)votes,
            (long long)g->settings->quorum);
    else
        stock_tell_of(s, "-odown", m);
    m->odown = is_down;
    if (is_down)
        m->odown_since_ms = stock_ms(s);
}

/* Spec 6.2. Where nothing was heard for long, what was heard is forgotten first. */
void stock_question_peers(struct stock *s, struct stock_group *g, bool is_forced) {
    int64_t now_ms = stock_ms(s), period_ms = s->settings.periods.ask;
    const struct endpoint *master = &g->master->address;
    list_for_each(p, &g->peers, struct stock_instance, siblings) {
        int64_t age_ms = now_ms - p->answered_ms;
        if (age_ms > 5 * period_ms) {
            p->master_down = false;
            p->leader[0] = '\0';
        }
        if (!g->master->sdown || p->link->disconnected || (!is_forced && age_ms < period_ms))
            continue;
        stock_ask(s, p, REPLY_QUESTION, "SENTINEL is-master-down-by-addr %s %u %llu %s",
            master->host, master->port, (unsigned long long)s->current_epoch,
            g->state == STOCK_IDLE ? "*" : s->settings.id);
    }
}

/* Spec 6.3. */
void stock_take_answer(
    struct stock *s, struct stock_instance *peer, const struct resp_value *reply) {
    if (reply->type != RESP_ARRAY || reply->count != 3 || reply->elements[0].type != RESP_INTEGER ||
        reply->elements[1].type != RESP_BULK || reply->elements[2].type != RESP_INTEGER)
        return;
    peer->answered_ms = stock_ms(s);
    peer->master_down = reply->elements[0].integer == 1;
    if (slice_is(reply->elements[1].text, "*"))
        return;
    slice_copy(reply->elements[1].text, peer->leader, sizeof(peer->leader));
    peer->leader_epoch = (uint64_t)reply->elements[2].integer;
}
