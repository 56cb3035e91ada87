/* A stock Sentinel's links: opening, sharing, and what is asked over them regularly (spec 2 and
 * 3.3). */
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

#define PENDING_MAX 100 /* per owner (spec 2.7) */
#define WORDS_MAX   8

struct stock_link *stock_link_new(const struct stock *s) {
    struct stock_link *link = mem_new(struct stock_link);
    int64_t now_ms = stock_ms(s);
    link->owners = 1;
    link->disconnected = true;
    link->ping_waits_ms = link->available_ms = link->pong_ms = now_ms;
    return link;
}

void stock_link_lost(struct stock_link *link, struct stock_wire *x) {
    if (link->commands == x)
        link->commands = NULL;
    if (link->pubsub == x)
        link->pubsub = NULL;
    link->disconnected = true;
}

void stock_link_close(struct stock_link *link, struct stock_wire *x) {
    if (x == NULL)
        return;
    stock_link_lost(link, x);
    stock_wire_close(x);
}

void stock_link_release(struct stock_link *link) {
    if (--link->owners > 0)
        return;
    stock_link_close(link, link->commands);
    stock_link_close(link, link->pubsub);
    mem_free(link);
}

/* ---- asking ---- */

static void push_pending(
    struct stock_wire *x, enum stock_reply kind, struct stock_instance *asker) {
    mem_grow(&x->pending, &x->pending_capacity, x->pending_count + 1, sizeof(*x->pending));
    x->pending[x->pending_count++] = (struct stock_pending){ .kind = kind, .asker = asker };
}

static void write_request(struct stock_wire *x, const char *words) {
    struct slice rest = slice_of(words), args[WORDS_MAX];
    size_t count = 0;
    while (rest.size > 0 && count < WORDS_MAX)
        args[count++] = slice_cut(&rest, ' ');
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    resp_request(&out, args, count);
    stock_wire_send(x, buf_slice(&out));
}

bool stock_ask(
    struct stock *s, struct stock_instance *i, enum stock_reply kind, const char *format, ...) {
    struct stock_wire *x = i->link->commands;
    (void)s;
    if (x == NULL)
        return false;
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&words, format, args);
    va_end(args);
    push_pending(x, kind, i);
    i->link->pending++;
    write_request(x, buf_text(&words));
    return true;
}

/* ---- opening ---- */

static const char *password_of(const struct stock_instance *i) {
    return i->kind == STOCK_SENTINEL ? NULL : i->group->settings->password;
}

static void connect_commands(struct stock *s, struct stock_instance *i) {
    struct stock_link *link = i->link;
    link->commands = stock_wire_open(s, &i->address, link, false);
    link->commands_since_ms = stock_ms(s);
    link->pending = 0;
    if (password_of(i) != NULL) {
        struct slice args[] = { SLICE_LITERAL("AUTH"), slice_of(password_of(i)) };
        struct buf out CLEANUP(buf_fini) = BUF_INIT;
        resp_request(&out, args, ARRAY_SIZE(args));
        push_pending(link->commands, REPLY_IGNORED, i);
        link->pending++;
        stock_wire_send(link->commands, buf_slice(&out));
    }
    stock_ask(s, i, REPLY_IGNORED, "CLIENT SETNAME sentinel-%.8s-cmd", s->settings.id);
    stock_send_ping(s, i);
}

static void connect_pubsub(struct stock *s, struct stock_instance *i) {
    struct stock_link *link = i->link;
    char name[sizeof("sentinel-12345678-pubsub")];
    (void)snprintf(name, sizeof(name), "sentinel-%.8s-pubsub", s->settings.id);
    struct slice login[] = { SLICE_LITERAL("AUTH"), slice_of(password_of(i)) };
    struct slice naming[] = { SLICE_LITERAL("CLIENT"), SLICE_LITERAL("SETNAME"), slice_of(name) };
    struct slice subscribing[] = { SLICE_LITERAL("SUBSCRIBE"), SLICE_LITERAL(HELLO_CHANNEL) };
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    if (password_of(i) != NULL)
        resp_request(&out, login, ARRAY_SIZE(login));
    resp_request(&out, naming, ARRAY_SIZE(naming));
    resp_request(&out, subscribing, ARRAY_SIZE(subscribing));
    link->pubsub = stock_wire_open(s, &i->address, link, true);
    link->pubsub_since_ms = link->pubsub_heard_ms = stock_ms(s);
    stock_wire_send(link->pubsub, buf_slice(&out));
}

void stock_link_connect(struct stock *s, struct stock_instance *i) {
    struct stock_link *link = i->link;
    int64_t now_ms = stock_ms(s);
    if (!link->disconnected || i->address.port == 0 ||
        now_ms - link->tried_ms < s->settings.periods.ping)
        return;
    link->tried_ms = now_ms;
    if (link->commands == NULL)
        connect_commands(s, i);
    if (i->kind != STOCK_SENTINEL && link->pubsub == NULL)
        connect_pubsub(s, i);
    link->disconnected = false;
}

/* One connection to a process, however many groups it watches too (spec 2.5). */
void stock_link_share(struct stock *s, struct stock_instance *peer) {
    if (peer->link->owners > 1)
        return;
    list_for_each(g, &s->groups, struct stock_group, siblings) {
        struct stock_instance *other = stock_find_id(&g->peers, slice_of(peer->run_id));
        if (g == peer->group || other == NULL)
            continue;
        stock_link_release(peer->link);
        peer->link = other->link;
        peer->link->owners++;
        return;
    }
}

/* ---- what is asked regularly ---- */

void stock_send_ping(struct stock *s, struct stock_instance *i) {
    struct stock_link *link = i->link;
    if (!stock_ask(s, i, REPLY_PING, "PING"))
        return;
    link->pinged_ms = stock_ms(s);
    if (link->ping_waits_ms == 0)
        link->ping_waits_ms = link->pinged_ms;
}

static int64_t info_period(const struct stock *s, const struct stock_instance *i) {
    const struct stock_group *g = i->group;
    bool is_urgent =
        i->kind == STOCK_REPLICA && (g->master->odown || g->in_failover || i->link_down_ms != 0);
    return is_urgent ? s->settings.periods.fast_info : s->settings.periods.info;
}

void stock_probe(struct stock *s, struct stock_instance *i) {
    const struct stock_periods *p = &s->settings.periods;
    struct stock_link *link = i->link;
    int64_t now_ms = stock_ms(s);
    int64_t ping_ms = MIN_OF(i->group->settings->down_after_ms, p->ping);
    if (link->disconnected || link->pending >= (int64_t)PENDING_MAX * link->owners)
        return;
    if (i->kind != STOCK_SENTINEL && (i->info_ms == 0 || now_ms - i->info_ms > info_period(s, i)))
        stock_ask(s, i, REPLY_INFO, "INFO");
    if (now_ms - link->pong_ms > ping_ms && now_ms - link->pinged_ms > ping_ms / 2)
        stock_send_ping(s, i);
    if (now_ms - i->published_ms > p->publish)
        stock_send_hello(s, i);
}

/* Spec 4.1. */
void stock_take_pong(struct stock *s, struct stock_instance *i, const struct resp_value *reply) {
    struct stock_link *link = i->link;
    int64_t now_ms = stock_ms(s);
    bool is_text = reply->type == RESP_STATUS || reply->type == RESP_ERROR;
    bool is_pong = is_text && slice_starts_with(reply->text, "PONG");
    if (is_pong || (is_text && slice_starts_with(reply->text, "LOADING")) ||
        (is_text && slice_starts_with(reply->text, "MASTERDOWN"))) {
        link->available_ms = now_ms;
        link->ping_waits_ms = 0;
        i->rebooted = i->rebooted && !is_pong;
    } else if (is_text && slice_starts_with(reply->text, "BUSY") && i->sdown &&
        !i->script_kill_sent) {
        if (stock_ask(s, i, REPLY_IGNORED, "SCRIPT KILL"))
            i->script_kill_sent = true;
    }
    link->pong_ms = now_ms;
}
