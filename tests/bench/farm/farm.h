/* The farm: thousands of data servers in one process. What they are, their state, their connections
 * and the counters. All instants are on CLOCK_MONOTONIC, in ms. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/list.h"
#include "common/resp.h"
#include "common/slice.h"

#include <ev.h>

#define RUN_ID_SIZE   40
#define LISTENERS     8  /* each has a backlog of its own */
#define COMMANDS_MAX  32 /* rows of the table in command.c */
#define SERVERS_MAX   65534
#define SCRATCH_BYTES (64 * 1024)

struct farm;

enum health {
    HEALTH_WELL,
    HEALTH_HUNG, /* reads, and keeps what it read for later, as a stopped process does */
    HEALTH_GONE, /* resets all connections */
};

/* One data server. */
struct server {
    struct farm *farm;
    uint32_t group, member;
    uint32_t ip; /* host order, 127.K.x.y */
    char run_id[RUN_ID_SIZE + 1];

    uint32_t master_ip; /* whom it replicates; 0: it is a master */
    uint16_t master_port;
    int64_t role_ms; /* when it was promoted or pointed to its master; 0: since the start */

    enum health health;
    int64_t health_ms; /* since when; 0: since the start */
    int slow_ms;       /* how long it takes for an answer */

    struct list conns;       /* struct conn.of_server */
    struct list subscribers; /* struct conn.of_subscribers */
    uint64_t conn_count, accepted, served, bytes_in, bytes_out;
};

struct counters {
    uint64_t accepted, reads, writes, bytes_in, bytes_out, messages, refused;
    uint64_t commands[COMMANDS_MAX];
};

struct farm {
    struct ev_loop *loop;
    uint16_t port;
    uint32_t net; /* K of 127.K.x.y */
    uint32_t group_count, group_size;
    struct server *servers; /* those of a group beside each other, the first master first */
    size_t server_count;
    int64_t started_ms;
    uint64_t conn_count;
    struct counters counters;
    struct list waiting;  /* struct conn.of_waiting: work for the end of this wake-up */
    struct list controls; /* struct conn.of_server */
    struct resp_reader reader, exec_reader;
    struct buf reply; /* of the connection in hand */
    struct info_text *info;
    char input[SCRATCH_BYTES];
    ev_io listeners[LISTENERS];
};

int64_t farm_now_ms(void);

/* Who has that address, or NULL. */
struct server *farm_find(struct farm *f, uint32_t ip, uint16_t port);

static inline bool server_is_master(const struct server *s) {
    return s->master_ip == 0;
}

void server_init(struct server *s, struct farm *f, size_t index);
void server_promote(struct server *s);
/* False if it follows that one already. */
bool server_follow(struct server *s, uint32_t ip, uint16_t port);
void server_set_health(struct server *s, enum health health);

/* A replica's connection to its master: 0 while it is up, else since when it is not. */
int64_t server_link_lost_ms(const struct server *s, int64_t now_ms);
/* When it last heard of its master, while connected. */
int64_t server_heard_ms(const struct server *s, int64_t now_ms);
/* Whether `s` is in the list of replicas of the master `m`. */
bool server_is_replica_of(const struct server *s, const struct server *m, int64_t now_ms);
uint64_t server_offset(const struct server *s, int64_t now_ms);
/* The text of an address. */
const char *ip_text(uint32_t ip, char *text, size_t size);

/* INFO as a real server says it: the lines of a recorded one, with those replaced that the others
 * depend on or that always change. */
struct info_text *info_load(const char *path); /* NULL: cannot be read */
void info_free(struct info_text *t);
void info_add(const struct info_text *t, const struct server *s, struct buf *out);
