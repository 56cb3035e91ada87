/* The laws of what goes out on links: questions, hellos and orders. */
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/input.h"
#include "tests/sim/laws.h"
#include "tests/sim/world.h"

/* Whether the request begins with these two words. */
static bool says(const struct request *r, const char *first, const char *second) {
    return r->word_count >= 2 && slice_is_nocase(r->words[0], first) &&
        slice_is_nocase(r->words[1], second);
}

static void check_epoch_told(struct laws *l, struct vedette *v, const char *where, uint64_t epoch) {
    struct told *told = &l->told[v->number];
    told->epoch = MAX_OF(told->epoch, epoch);
    if (epoch > v->disk.claimed.current_epoch)
        laws_break(l, LAW_EPOCH_DURABLE, "%s tells epoch %llu in a %s, on disk is %llu", v->name,
            (unsigned long long)epoch, where, (unsigned long long)v->disk.claimed.current_epoch);
}

/* SENTINEL is-master-down-by-addr <ip> <port> <epoch> <id or *> */
static void check_question(struct laws *l, struct vedette *v, const struct request *r) {
    uint64_t epoch = 0;
    if (r->word_count != 6 || !slice_to_u64(r->words[4], &epoch))
        return;
    int64_t port = 0;
    (void)slice_to_i64(r->words[3], &port);
    int group = (int)port - SERVER_PORT;
    const struct group_state *g = laws_claimed(v, group);
    bool has_voted =
        g != NULL && g->record.vote_epoch == epoch && slice_is(r->words[5], g->record.vote_for);
    if (!slice_is(r->words[5], "*")) {
        if (!has_voted)
            laws_break(l, LAW_OWN_VOTE_FIRST,
                "%s asks for votes of epoch %llu before its own one is on disk", v->name,
                (unsigned long long)epoch);
        laws_vote_told(l, v, group, epoch, r->words[5]);
    }
    check_epoch_told(l, v, "question", epoch);
}

static void check_hello(struct laws *l, struct vedette *v, const struct request *r) {
    struct hello h;
    if (r->word_count != 3 || !hello_parse(r->words[2], &h))
        return;
    check_epoch_told(l, v, "hello", h.current_epoch);
    int group = world_group_named(h.group);
    struct watched_group *watched = &l->watch[v->number].groups[group];
    if (h.config_epoch < watched->hello_config_epoch)
        laws_break(l, LAW_HELLO_RISES, "%s tells config epoch %llu after %llu", v->name,
            (unsigned long long)h.config_epoch, (unsigned long long)watched->hello_config_epoch);
    watched->hello_config_epoch = h.config_epoch;
    /* Where force has made a second configuration of the epoch it may tell that of the other; and
     * what a group that was made anew hears is not of its own making. */
    struct told_group *told = &l->told[v->number].groups[group];
    if (h.config_epoch == 0 || h.config_epoch > told->elected_epoch ||
        h.config_epoch < told->elected_first ||
        laws_reign(l, group, h.config_epoch)->makers != 1U << v->number)
        return;
    told->config_epoch = MAX_OF(told->config_epoch, h.config_epoch);
    const struct group_state *g = laws_claimed(v, group);
    if (g == NULL || g->record.config_epoch < h.config_epoch)
        laws_break(l, LAW_CONFIG_DURABLE,
            "%s tells the configuration %llu that it made, which is not on disk", v->name,
            (unsigned long long)h.config_epoch);
}

/* ---- promotions ---- */

static void check_right(
    struct laws *l, const struct vedette *v, int group, const struct attempt *a) {
    const struct group_state *g = laws_claimed(v, group);
    bool has_voted = g != NULL && g->record.vote_epoch == a->epoch &&
        slice_is(slice_of(g->record.vote_for), v->id);
    if (a->state != FAILOVER_WAIT_PROMOTION || !a->elected)
        laws_break(l, LAW_PROMOTION_RIGHT, "%s promotes without being elected", v->name);
    if (!has_voted)
        laws_break(l, LAW_PROMOTION_RIGHT,
            "%s promotes under epoch %llu, its own vote is not on disk", v->name,
            (unsigned long long)a->epoch);
}

static void check_one(struct laws *l, const struct vedette *v, const struct promotion *p) {
    for (size_t i = 0; i < l->promotion_count; i++) {
        const struct promotion *before = &l->promotions[i];
        if (before->epoch != p->epoch || before->server->group != p->server->group)
            continue;
        bool is_ours = before->vedette == p->vedette && before->life == p->life &&
            before->attempt == p->attempt;
        if (is_ours && before->server != p->server && !before->was_refused)
            laws_break(l, LAW_PROMOTION_ONE, "%s promotes %s after %s, which has not refused",
                v->name, p->server->name, before->server->name);
        if (!is_ours && !before->is_forced && !p->is_forced)
            laws_break(l, LAW_ONE_LEADER, "%s promotes under epoch %llu, as %s did", v->name,
                (unsigned long long)p->epoch, l->world->vedettes[before->vedette].name);
    }
}

static void note_promotion(struct laws *l, struct vedette *v, const struct effect *e,
    const struct server *server, size_t decisive) {
    const struct attempt *a = &vedette_group(v, server->group)->attempt;
    marks_hit(&l->world->marks, MARK_PROMOTION);
    check_right(l, v, server->group, a);
    if (l->told[v->number].heard_priority_0[server - l->world->farm.servers])
        laws_break(l, LAW_PROMOTION_PRIORITY, "%s promotes %s, whose priority is 0", v->name,
            server->name);
    struct promotion p = {
        .vedette = v->number,
        .life = v->life,
        .attempt = a->serial,
        .epoch = a->epoch,
        .tag = e->tag,
        .is_forced = a->forced || laws_is_lone(l, vedette_group(v, server->group)) ||
            (laws_reign(l, server->group, a->epoch)->loners & 1U << v->number) != 0,
        .server = server,
        .decisive = decisive,
    };
    check_one(l, v, &p);
    laws_gate(l, v, server->group);
    mem_grow(&l->promotions, &l->promotion_capacity, l->promotion_count + 1, sizeof(p));
    l->promotions[l->promotion_count++] = p;
    l->told[v->number].promotions_under_way++;
}

/* SLAVEOF NO ONE, the request `at` of a transaction. */
static void check_promotion(struct laws *l, struct vedette *v, const struct effect *e, size_t at) {
    const struct wire *x = wire_of_link(v, e->link, e->incarnation);
    note_promotion(l, v, e, farm_at(&l->world->farm, &x->address), at - 1);
}

/* FAILOVER TO: whoever hands over promotes, and the same laws hold. */
static void check_handover(struct laws *l, struct vedette *v, const struct effect *e, size_t at) {
    const struct request *r = &e->requests[at];
    struct endpoint to;
    int64_t port = 0;
    bool is_read = r->word_count == 6 && slice_to_i64(r->words[3], &port) &&
        endpoint_make(r->words[2], port, &to);
    const struct server *server = is_read ? farm_at(&l->world->farm, &to) : NULL;
    marks_hit(&l->world->marks, MARK_HANDOVER);
    if (server == NULL || !vedette_group(v, server->group)->attempt.coordinated)
        laws_break(l, LAW_PROMOTION_RIGHT, "%s has a master hand over to nobody", v->name);
    else
        note_promotion(l, v, e, server, at - 1);
}

/* SLAVEOF <host> <port>, to a replica or a stray master. */
static void check_follow(
    struct laws *l, struct vedette *v, const struct effect *e, const struct request *r) {
    const struct wire *x = wire_of_link(v, e->link, e->incarnation);
    laws_follow(l, v, farm_at(&l->world->farm, &x->address), r);
}

/* One that has not ended yet, and does now. */
static struct promotion *end_promotion(struct laws *l, const struct vedette *v, uint64_t tag) {
    if (l->told[v->number].promotions_under_way == 0)
        return NULL;
    for (size_t i = l->promotion_count; i > 0; i--) {
        struct promotion *p = &l->promotions[i - 1];
        if (p->vedette == v->number && p->life == v->life && p->tag == tag) {
            l->told[v->number].promotions_under_way--;
            return p;
        }
    }
    return NULL;
}

/* A master does not tell its priority; a vedette that knew it as a replica may forget it. */
static void note_priority(struct laws *l, const struct vedette *v, const struct input *in) {
    const struct wire *x = wire_of_link(v, in->link, in->incarnation);
    const struct server *server = x == NULL ? NULL : farm_at(&l->world->farm, &x->address);
    if (server == NULL || !slice_starts_with(in->value.text, "# Server"))
        return;
    l->told[v->number].heard_priority_0[server - l->world->farm.servers] =
        slice_contains(in->value.text, SLICE_LITERAL("slave_priority:0\r"));
}

void laws_before_input(struct laws *l, struct vedette *v, const struct input *in) {
    watch_input(&l->watch[v->number], v, in);
    if (in->kind != INPUT_REPLY)
        return;
    if (in->value.type == RESP_BULK)
        note_priority(l, v, in);
    struct promotion *p = end_promotion(l, v, in->tag);
    if (p == NULL)
        return;
    bool is_list = in->value.type == RESP_ARRAY && in->value.count > p->decisive;
    p->was_refused = !is_list || in->value.elements[p->decisive].type == RESP_ERROR;
    if (!p->was_refused)
        return;
    marks_hit(&l->world->marks, MARK_PROMOTION_REFUSED);
    laws_refused(l, v, p);
}

void laws_send_lost(struct laws *l, struct vedette *v, uint64_t tag) {
    if (end_promotion(l, v, tag) != NULL)
        marks_hit(&l->world->marks, MARK_PROMOTION_UNKNOWN);
}

static void check_tilt(struct laws *l, const struct vedette *v, const struct request *r) {
    if (!vedette_is_in_tilt(v))
        return;
    bool acts = says(r, "SENTINEL", "is-master-down-by-addr") || slice_is(r->words[0], "SLAVEOF") ||
        slice_is(r->words[0], "FAILOVER");
    if (acts)
        laws_break(l, LAW_STILL_IN_TILT, "%s sends " SLICE_FMT " in tilt", v->name,
            SLICE_ARG(r->words[0]));
}

void laws_send(struct laws *l, struct vedette *v, const struct effect *e) {
    for (size_t i = 0; i < e->request_count; i++) {
        const struct request *r = &e->requests[i];
        check_tilt(l, v, r);
        if (r->word_count == 1)
            continue;
        if (says(r, "SENTINEL", "is-master-down-by-addr"))
            check_question(l, v, r);
        else if (says(r, "PUBLISH", "__sentinel__:hello"))
            check_hello(l, v, r);
        else if (says(r, "SLAVEOF", "NO"))
            check_promotion(l, v, e, i);
        else if (r->word_count == 3 && slice_is_nocase(r->words[0], "SLAVEOF"))
            check_follow(l, v, e, r);
        else if (says(r, "FAILOVER", "TO"))
            check_handover(l, v, e, i);
        else if (says(r, "CLIENT", "UNPAUSE") && e->request_count > 1)
            marks_hit(&l->world->marks, MARK_HANDED_OVER);
    }
}
