/* Data servers as a sentinel sees them: a master and its replicas, with run ids, roles, offsets,
 * links of replication, pub/sub and the commands that a sentinel sends. Replication is asynchronous
 * and carries points of histories (data.h), not the data. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/list.h"
#include "config/state.h"
#include "tests/sim/data.h"
#include "tests/sim/net.h"
#include "tests/sim/size.h"

#define SERVER_PORT 6379 /* of the first group; those of the others follow */

struct farm;

enum repl_state { REPL_MASTER, REPL_CONNECT, REPL_SYNC, REPL_UP };

/* What a server comes back as when it is started again. */
enum restart_role {
    RESTART_SAVED,    /* has a configuration file, which CONFIG REWRITE keeps true */
    RESTART_ORIGINAL, /* has none, and is started with the arguments of its first start */
    RESTART_MASTER,   /* has none, and is started without arguments */
    RESTART_ROLE_COUNT,
};

/* How a server takes a transaction, for a while. */
enum refusal {
    REFUSE_NOTHING,
    REFUSE_QUEUEING,  /* SLAVEOF is refused before EXEC, which then fails as a whole */
    REFUSE_EXECUTING, /* SLAVEOF fails inside of EXEC */
    REFUSE_REWRITE,   /* only CONFIG REWRITE fails: there is no file */
    REFUSE_KILLING,   /* SCRIPT KILL is refused: the script has written already */
};

/* What of its data a server finds again when its process died. */
enum keeping {
    KEEP_ALL,  /* each write; and without power all but those of the last second */
    KEEP_SOME, /* what it had saved, now and then */
    KEEP_NOTHING,
    KEEPING_COUNT,
};

/* Commands that it may refuse to everybody; bits. */
enum forbidden {
    FORBID_PING = 1,
    FORBID_INFO = 2,
    FORBID_PUBLISH = 4,
    FORBID_SUBSCRIBE = 8,
    FORBID_CLIENT = 16,
    FORBID_CONFIG = 32,
    FORBID_BITS = 6, /* how many */
    FORBID_ALL = 63,
};

/* Why a server answers commands with an error at present. */
enum trouble { TROUBLE_NONE, TROUBLE_LOADING, TROUBLE_BUSY };

struct server {
    struct farm *farm;
    struct party party;
    int group, row; /* from 0; row 0 is the first master. A row is a host */
    char name[4];   /* "s1" in the first group, "t1" in the next */
    bool alive;
    bool hung;          /* stopped by a signal: takes bytes, answers nothing */
    int64_t started_us; /* last time */
    int64_t dead_us;    /* since when it is dead, but for lives that nobody has to have seen; */
    int64_t glimpse_us; /* these are no longer than this */
    uint64_t incarnation;
    char run_id[ID_SIZE];
    int64_t priority;
    struct endpoint original_master, saved_master; /* port 0: a master */

    struct endpoint master;  /* port 0: it is a master */
    struct server *upstream; /* who is there; NULL if nobody */
    enum repl_state repl;
    uint64_t upstream_incarnation;
    int64_t repl_retry_us, repl_until_us, repl_heard_us;
    int64_t repl_down_us; /* since when the link is down; 0 = it never was up */
    struct point data;
    struct point saved;     /* what it would find again */
    int64_t save_us;        /* when it saves next */
    uint64_t backlog_start; /* the first offset that it could send again */
    bool has_lost_place;    /* it does not know its offset, as one that was started */
    bool is_full_sync;      /* the one under way; else it goes on where it was */
    int64_t load_us;        /* from when on it has thrown away what it had */
    struct point snapshot;  /* what it gets */
    struct point made_at;   /* what it held when it became a master last, */
    int64_t made_us;        /* and when that was */
    bool holds_writes;      /* some wait until it has handed over, or given up */

    struct server *hands_to;             /* FAILOVER: to whom it hands over; NULL = nobody */
    const struct server *handed_to;      /* the last one, as long as it follows it; NULL = nobody */
    int64_t hand_from_us, hand_until_us; /* when it can be done, and when it is given up */

    enum refusal refusal;
    bool is_hidden;     /* replica-announced no */
    unsigned forbidden; /* bits of enum forbidden */
    enum trouble trouble;
    int64_t trouble_until_us;
    struct list sessions; /* struct session, owned */
    int64_t parcel_us;    /* when the last publication from upstream arrives */
};

/* A server lost something that it had. */
struct mishap {
    const struct server *server;
    int64_t at_us, started_us; /* of the mishap, and of the process */
    bool is_sync;              /* it was a replica, and got other data */
};

/* What all of them share. */
struct farm {
    struct net *net;                        /* borrowed */
    struct server servers[SIM_SERVERS_MAX]; /* one group after the other */
    int count;
    int group_count;
    int first[SIM_GROUPS_MAX + 1]; /* of each group; that of the next ends it */
    enum restart_role restart_role;
    enum keeping keeping;
    struct histories histories;
    uint64_t backlog_size;  /* bytes */
    uint32_t lag_per_mille; /* chance that a replica gets nothing for a tick */
    struct marks *marks;    /* borrowed */
    bool tells_names;       /* servers announce themselves by name */
    bool forgets;         /* what they had, when they are promoted; only for the test of the laws */
    const char *password; /* NULL: none is asked for */
    int64_t sync_low_us, sync_high_us; /* how long a replica takes to get in step */
    int64_t repl_timeout_us;           /* a silent link of replication is cut after it */
    int64_t reconnect_us;              /* pause between its tries */
    struct buf out, text;              /* what is being answered, and told in it */
    struct list parcels;    /* struct parcel, owned: publications on their way to replicas */
    struct mishap *mishaps; /* owned, in order */
    size_t mishap_count, mishap_capacity;
    const struct server *followed_itself; /* was told to follow itself; NULL = none */
};

/* Before anything else: how many there are in a group, after those of the groups before. */
void farm_add_group(struct farm *f, int servers);
/* All are up and in step: the first one of each group is its master. */
void farm_init(struct farm *f, struct net *net);
void farm_fini(struct farm *f);
/* NULL if none. */
struct server *farm_at(const struct farm *f, const struct endpoint *address);
struct server *farm_server(const struct farm *f, int group, int row);

void server_start(struct server *s);
void server_wipe(struct server *s); /* dead: its data folder is emptied */
void server_kill(struct server *s, enum net_leave how);
void server_hang(struct server *s);
void server_continue(struct server *s);
bool server_is_master(const struct server *s);
void server_follow(struct server *s, const struct endpoint *master); /* port 0: NO ONE */
/* server_info.c */
void server_info(const struct server *s, struct buf *out);

/* server_command.c: what its connections do. */
extern const struct party_ops server_ops;
void server_end_sessions(struct server *s);
void server_catch_up(struct server *s); /* answers what arrived while it hung */
void farm_end_parcels(struct farm *f);
