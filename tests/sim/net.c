#include "tests/sim/net.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "tests/sim/schedule.h"
#include "tests/sim/story.h"

#include <string.h>

enum chunk_kind { CHUNK_CONNECT, CHUNK_ACCEPT, CHUNK_BYTES, CHUNK_END };

struct chunk {
    struct list_node siblings;
    enum chunk_kind kind;
    const char *why; /* END: static */
    size_t size;
    char bytes[];
};

void net_init(struct net *n, struct schedule *schedule, struct rng *rng, struct story *story) {
    *n = (struct net){ .schedule = schedule, .rng = rng, .story = story };
    list_init(&n->conns);
}

static void conn_free(struct conn *c) {
    for (int end = 0; end < 2; end++) {
        list_for_each(chunk, &c->chunks[end], struct chunk, siblings) {
            list_remove(&chunk->siblings);
            mem_free(chunk);
        }
    }
    list_remove(&c->siblings);
    c->net->conn_count--;
    mem_free(c);
}

void net_fini(struct net *n) {
    list_for_each(c, &n->conns, struct conn, siblings)
        conn_free(c);
}

void net_add(struct net *n, struct party *p) {
    ensure(n->party_count < NET_PARTIES);
    n->parties[n->party_count++] = p;
}

/* What the way takes longer than others. */
static int64_t detour_us(const struct net *n, int from, int to) {
    bool is_slow = (from == n->slow_hosts[0] && to == n->slow_hosts[1]) ||
        (from == n->slow_hosts[1] && to == n->slow_hosts[0]);
    return is_slow ? n->slow_us : 0;
}

int64_t net_delay(struct net *n, int from, int to) {
    const struct weather *w = &n->weather;
    int64_t delay = rng_between(n->rng, w->delay_low_us, w->delay_high_us);
    if (from == to)
        return delay / 10;
    if (w->spike_per_mille > 0 && rng_chance(n->rng, w->spike_per_mille))
        delay += w->spike_us;
    return delay + detour_us(n, from, to);
}

int64_t net_longest_round_us(const struct net *n, int from, int to) {
    return 2 * (n->weather.delay_high_us + detour_us(n, from, to));
}

bool net_reaches(const struct net *n, int from, int to) {
    return from == to || !n->blocked[from][to];
}

/* ---- pieces on their way ---- */

static void arrive(void *context, uint64_t from);

/* Gives the first piece from `from` that has none its instant of arrival. */
static void dispatch(struct conn *c, int from, int64_t extra_us) {
    struct net *n = c->net;
    int64_t at_us = n->schedule->now_us + net_delay(n, c->hosts[from], c->hosts[!from]) + extra_us;
    at_us = MAX_OF(at_us, c->stalled_until_us);
    at_us = MAX_OF(at_us, c->arrival_us[from]);
    c->arrival_us[from] = at_us;
    c->travelling[from]++;
    schedule_at(n->schedule, at_us, arrive, c, (uint64_t)from);
}

static void push(
    struct conn *c, enum conn_end from, enum chunk_kind kind, const char *why, struct slice bytes) {
    struct chunk *chunk = mem_alloc(sizeof(*chunk) + bytes.size);
    chunk->kind = kind;
    chunk->why = why;
    chunk->size = bytes.size;
    if (bytes.size > 0)
        memcpy(chunk->bytes, bytes.data, bytes.size);
    list_append(&c->chunks[from], &chunk->siblings);
    if (c->held[from] == 0 && net_reaches(c->net, c->hosts[from], c->hosts[!from]))
        dispatch(c, (int)from, 0);
    else
        c->held[from]++;
}

/* Frees it once nobody can hear of it any more. */
static void settle(struct conn *c) {
    bool is_silent = list_is_empty(&c->chunks[0]) && list_is_empty(&c->chunks[1]);
    if (c->ends[0] == NULL && c->ends[1] == NULL && is_silent && c->busy == 0)
        conn_free(c);
}

static void arrive_connect(struct conn *c) {
    struct party *p = c->target;
    if (p == NULL || !p->listening) {
        push(c, END_SERVER, CHUNK_END, "Connection refused", SLICE_EMPTY);
        return;
    }
    c->ends[END_SERVER] = p;
    push(c, END_SERVER, CHUNK_ACCEPT, NULL, SLICE_EMPTY);
    p->ops->accepted(p->owner, c);
}

static void arrive_bytes(struct conn *c, enum conn_end at, struct slice bytes) {
    struct party *p = c->ends[at];
    if (p != NULL)
        p->ops->received(p->owner, c, at, bytes);
    else if (c->abandoned[at] && c->ends[!at] != NULL)
        push(c, at, CHUNK_END, "Connection reset by peer", SLICE_EMPTY);
}

static void arrive_end(struct conn *c, enum conn_end at, const char *why) {
    struct party *p = c->ends[at];
    if (p == NULL)
        return;
    c->ends[at] = NULL;
    p->ops->closed(p->owner, c, at, why);
}

static void arrive(void *context, uint64_t from) {
    struct conn *c = context;
    enum conn_end at = from == END_CLIENT ? END_SERVER : END_CLIENT;
    struct chunk *chunk = list_first(&c->chunks[from], struct chunk, siblings);
    list_remove(&chunk->siblings);
    c->travelling[from]--;
    c->busy++;
    switch (chunk->kind) {
    case CHUNK_CONNECT:
        arrive_connect(c);
        break;
    case CHUNK_ACCEPT:
        if (c->ends[at] != NULL)
            c->ends[at]->ops->connected(c->ends[at]->owner, c);
        break;
    case CHUNK_BYTES:
        arrive_bytes(c, at, (struct slice){ .data = chunk->bytes, .size = chunk->size });
        break;
    case CHUNK_END:
        arrive_end(c, at, chunk->why);
        break;
    }
    mem_free(chunk);
    c->busy--;
    settle(c);
}

/* ---- for processes ---- */

static struct party *party_at(const struct net *n, const struct endpoint *address) {
    for (size_t i = 0; i < n->party_count; i++)
        if (endpoint_equal(&n->parties[i]->address, address))
            return n->parties[i];
    return NULL;
}

struct conn *net_connect(
    struct net *n, struct party *from, const struct endpoint *to, void *state) {
    struct conn *c = mem_new(struct conn);
    c->net = n;
    c->number = ++n->next_number;
    c->target = party_at(n, to);
    c->ends[END_CLIENT] = from;
    c->state[END_CLIENT] = state;
    c->hosts[END_CLIENT] = from->host;
    c->hosts[END_SERVER] = c->target != NULL ? c->target->host : NET_HOSTS - 1; /* nobody's */
    list_init(&c->chunks[0]);
    list_init(&c->chunks[1]);
    list_append(&n->conns, &c->siblings);
    n->conn_count++;
    push(c, END_CLIENT, CHUNK_CONNECT, NULL, SLICE_EMPTY);
    return c;
}

void net_send(struct conn *c, enum conn_end from, struct slice bytes) {
    if (c->ends[from] == NULL || bytes.size == 0)
        return;
    uint32_t chance = c->net->weather.split_per_mille;
    if (bytes.size > 1 && chance > 0 && rng_chance(c->net->rng, chance)) {
        size_t cut = (size_t)rng_between(c->net->rng, 1, (int64_t)bytes.size - 1);
        push(c, from, CHUNK_BYTES, NULL, slice_sub(bytes, 0, cut));
        bytes = slice_sub(bytes, cut, bytes.size);
    }
    push(c, from, CHUNK_BYTES, NULL, bytes);
}

void net_close(struct conn *c, enum conn_end end) {
    if (c->ends[end] == NULL)
        return;
    c->ends[end] = NULL;
    push(c, end, CHUNK_END, "Server closed the connection", SLICE_EMPTY);
}

void net_leave(struct net *n, struct party *p, enum net_leave how) {
    list_for_each(c, &n->conns, struct conn, siblings) {
        for (int end = 0; end < 2; end++) {
            if (c->ends[end] != p)
                continue;
            if (how == NET_LEAVE_PROCESS) {
                c->ends[end] = NULL;
                push(c, (enum conn_end)end, CHUNK_END, "Connection reset by peer", SLICE_EMPTY);
            } else {
                c->ends[end] = NULL;
                c->abandoned[end] = true;
            }
        }
        settle(c);
    }
}

/* ---- faults ---- */

/* What was held up from `from` sets out again. */
static void release(struct conn *c, int from) {
    struct net *n = c->net;
    if (c->held[from] == 0 || !net_reaches(n, c->hosts[from], c->hosts[!from]))
        return;
    int64_t wait_us = rng_between(n->rng, 0, n->weather.retry_us);
    if (rng_chance(n->rng, 700))
        wait_us /= 20;
    for (; c->held[from] > 0; c->held[from]--)
        dispatch(c, from, wait_us);
}

void net_block(struct net *n, int from, int to, bool is_blocked) {
    if (n->blocked[from][to] == is_blocked)
        return;
    n->blocked[from][to] = is_blocked;
    if (is_blocked)
        return;
    list_for_each(c, &n->conns, struct conn, siblings)
        for (int end = 0; end < 2; end++)
            if (c->hosts[end] == from && c->hosts[!end] == to)
                release(c, end);
}

void net_unblock_all(struct net *n) {
    for (int from = 0; from < NET_HOSTS; from++)
        for (int to = 0; to < NET_HOSTS; to++)
            net_block(n, from, to, false);
}

struct conn *net_nth(struct net *n, size_t number) {
    list_for_each(c, &n->conns, struct conn, siblings)
        if (c->ends[0] != NULL && c->ends[1] != NULL && number-- == 0)
            return c;
    return NULL;
}

void net_reset(struct conn *c, const char *why) {
    story_line(c->net->story, "net", "connection %llu: %s", (unsigned long long)c->number, why);
    for (int end = 0; end < 2; end++)
        push(c, (enum conn_end)end, CHUNK_END, "Connection reset by peer", SLICE_EMPTY);
}

void net_stall(struct conn *c, int64_t until_us) {
    story_line(c->net->story, "net", "connection %llu: stalls", (unsigned long long)c->number);
    c->stalled_until_us = MAX_OF(c->stalled_until_us, until_us);
}
