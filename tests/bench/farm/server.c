#include "tests/bench/farm/conn.h"

#include "common/rng.h"

#include <arpa/inet.h>
#include <time.h>

/* How long a replica takes to be in sync, and how long it waits for a silent master. */
#define SYNC_MS         100
#define REPL_TIMEOUT_MS 60000
/* The master's pings to its replicas, as bytes of the stream. */
#define STREAM_PING_MS    10000
#define STREAM_PING_BYTES 14
#define STREAM_START      1000000

int64_t farm_now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * (int64_t)1000 + t.tv_nsec / 1000000;
}

struct server *farm_find(struct farm *f, uint32_t ip, uint16_t port) {
    size_t index = (size_t)(ip & 0xffff) - 1; /* 0 wraps beyond the last */
    bool is_ours = port == f->port && ip >> 16 == (127U << 8 | f->net) && index < f->server_count;
    return is_ours ? &f->servers[index] : NULL;
}

void server_init(struct server *s, struct farm *f, size_t index) {
    *s = (struct server){ .farm = f,
        .group = (uint32_t)(index / f->group_size),
        .member = (uint32_t)(index % f->group_size),
        .ip = 127U << 24 | f->net << 16 | (uint32_t)(index + 1) };
    list_init(&s->conns);
    list_init(&s->subscribers);
    if (s->member > 0) {
        s->master_ip = s->ip - s->member;
        s->master_port = f->port;
    }
    struct rng rng;
    rng_init(&rng, (uint64_t)f->port << 32 | s->ip);
    for (size_t i = 0; i < RUN_ID_SIZE; i++)
        s->run_id[i] = "0123456789abcdef"[rng_between(&rng, 0, 15)];
}

void server_promote(struct server *s) {
    if (server_is_master(s))
        return;
    s->master_ip = 0;
    s->role_ms = farm_now_ms();
}

bool server_follow(struct server *s, uint32_t ip, uint16_t port) {
    if (s->master_ip == ip && s->master_port == port)
        return false;
    s->master_ip = ip;
    s->master_port = port;
    s->role_ms = farm_now_ms();
    return true;
}

void server_set_health(struct server *s, enum health health) {
    if (s->health == health)
        return;
    enum health before = s->health;
    s->health = health;
    s->health_ms = farm_now_ms();
    list_for_each(c, &s->conns, struct conn, of_server) {
        if (health == HEALTH_GONE)
            conn_reset(c);
        else if (before == HEALTH_HUNG)
            conn_resume(c);
    }
}

int64_t server_link_lost_ms(const struct server *s, int64_t now_ms) {
    const struct server *m = farm_find(s->farm, s->master_ip, s->master_port);
    if (m == NULL || m->health == HEALTH_GONE)
        return m == NULL ? s->role_ms : m->health_ms;
    if (m->health == HEALTH_HUNG)
        return now_ms - m->health_ms < REPL_TIMEOUT_MS ? 0 : m->health_ms + REPL_TIMEOUT_MS;
    int64_t begun_ms = MAX_OF(s->role_ms, MAX_OF(m->health_ms, s->health_ms));
    return now_ms - begun_ms < SYNC_MS ? begun_ms : 0;
}

int64_t server_heard_ms(const struct server *s, int64_t now_ms) {
    const struct server *m = farm_find(s->farm, s->master_ip, s->master_port);
    int64_t until_ms = m == NULL || m->health == HEALTH_WELL ? now_ms : m->health_ms;
    return until_ms - (until_ms - s->farm->started_ms) % STREAM_PING_MS;
}

bool server_is_replica_of(const struct server *s, const struct server *m, int64_t now_ms) {
    if (s->master_ip != m->ip || s->master_port != s->farm->port)
        return false;
    if (s->health == HEALTH_HUNG)
        return now_ms - s->health_ms < REPL_TIMEOUT_MS;
    return s->health == HEALTH_WELL && server_link_lost_ms(s, now_ms) == 0;
}

uint64_t server_offset(const struct server *s, int64_t now_ms) {
    int64_t until_ms = now_ms;
    if (!server_is_master(s)) {
        int64_t lost_ms = server_link_lost_ms(s, now_ms);
        until_ms = lost_ms > 0 ? lost_ms : server_heard_ms(s, now_ms);
    }
    int64_t pings = MAX_OF((int64_t)0, until_ms - s->farm->started_ms) / STREAM_PING_MS;
    return STREAM_START + (uint64_t)pings * STREAM_PING_BYTES;
}

const char *ip_text(uint32_t ip, char *text, size_t size) {
    struct in_addr address = { .s_addr = htonl(ip) };
    return inet_ntop(AF_INET, &address, text, (socklen_t)size);
}
