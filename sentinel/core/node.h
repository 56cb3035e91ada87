/* A data server as last observed: a master or a replica. */
#pragma once

#include "common/list.h"
#include "config/state.h"
#include "sentinel/core/address.h"
#include "sentinel/core/info_text.h"
#include "sentinel/core/link.h"
#include "sentinel/core/resolve.h"

struct core;
struct group;

enum node_role { ROLE_MASTER, ROLE_REPLICA };

/* The liveness clocks of a link; all on the heard clock. */
struct liveness {
    int64_t unanswered_ms; /* when the oldest unanswered PING was sent or the connection was lost; 0
                              = none pending */
    int64_t ping_ms;       /* last PING sent; 0 = never */
    int64_t ping_ahead_ms; /* so much sooner than a period after it the next one goes */
    int64_t available_ms;  /* last acceptable reply */
    int64_t pong_ms;       /* last reply of any kind */
    int64_t round_trip_ms; /* of the last PING or question; 0 = unknown or below 1 ms */
};

/* How far a replica is on its way to a new master. */
enum reconf { RECONF_NONE, RECONF_SENT, RECONF_IN_PROGRESS, RECONF_DONE };

/* What a server says of a failover of its own, that of its command FAILOVER. Source: spec 9.3. */
enum own_failover {
    OWN_FAILOVER_UNKNOWN, /* says nothing: it does not know the command */
    OWN_FAILOVER_NONE,
    OWN_FAILOVER_RUNS,
};

#define NODE_NAME_MAX ENDPOINT_TEXT_MAX

struct node {
    struct list_node siblings; /* in group->replicas; unlinked for a master */
    struct group *group;       /* owner */
    enum node_role kind;
    struct address address;
    struct name_user name_user; /* if it was given by name */
    char name[NODE_NAME_MAX];   /* replicas: "host:port" */
    struct link command, pubsub;
    struct liveness live;

    bool sdown;
    bool silent;              /* it is silence, not its role or its restart, that makes it down */
    bool crashed;             /* refused connections for crash_after, and has not answered since */
    int64_t refused_since_ms; /* heard: when the first of the refusals in a row was told; 0 = the
                                 last attempt to connect was not refused */
    int64_t refused_last_ms;  /* heard: when the last attempt of them began, */
    int64_t refused_tried_ms; /* mono: the same */
    int64_t sdown_since_ms;   /* mono; kept after leaving; 0 = never */
    int64_t alive_ms; /* mono: when the last PING was sent that it answered acceptably, or it was
                         made */
    bool script_kill_sent;
    bool rebooted;       /* a master's run id changed and it has not answered PONG since */
    int64_t rebooted_ms; /* mono */

    /* From INFO; times are mono. */
    struct info_text info_text; /* the last INFO, for INFO-CACHE */
    char run_id[ID_SIZE];       /* "" unknown */
    int64_t info_ms;            /* last INFO received; 0 = never */
    int64_t info_asked_ms;      /* last INFO sent; 0 = never */
    int64_t info_ahead_ms; /* so much sooner than a period after the last one the next one goes */
    /* When the question of that last INFO had left: how old its facts may be. */
    int64_t info_sent_ms;
    bool info_wanted;     /* ask at once, as soon as none is in flight */
    int64_t info_wait_ms; /* while something is awaited from INFO: pause before the next; grows; 0 =
                             not awaiting */
    enum node_role role_reported;
    int64_t role_since_ms;
    bool said_replica;        /* INFO did since its start, as far as we know of one */
    int64_t turned_master_ms; /* when INFO first said master after replica, and no start lay
                                 between: it was promoted; 0 = it never did */
    char master_host[ENDPOINT_HOST_MAX]; /* "" unknown */
    int64_t master_port;
    bool master_link_up;
    int64_t master_link_down_ms;
    int64_t conf_changed_ms; /* when the reported master changed */
    enum own_failover own_failover;
    int64_t own_failover_ms; /* when that changed */
    int64_t priority;
    uint64_t repl_offset;
    bool announced;

    bool was_master;     /* the master before a switch, not seen as a replica since (law C12) */
    int64_t returned_ms; /* mono: when its connection last came up */
    int64_t ordered_ms;  /* mono: last correction sent; 0 = none */
    /* Serial of the attempt whose promotion it refused; 0 = none (law C11). */
    uint64_t refused_attempt;
    int64_t hello_sent_heard_ms; /* last hello sent, or 0 to send one at once */

    enum reconf reconf;
    int64_t reconf_ms; /* mono: when `reconf` changed */
};

struct node *node_new(
    struct core *c, struct group *g, enum node_role kind, const struct endpoint *address);
void node_free(struct core *c, struct node *n); /* unlinks from its group; NULL is nothing */

/* `former` is the same server's entry of before, and about to be freed: what connects us with it
 * stays if it answers. A server that is silent is better looked for anew. */
void node_inherit(struct core *c, struct node *n, struct node *former);

/* Replicas: names it by its announced address. */
void node_print_name(const struct core *c, struct node *n);
/* A server that was known by IP has this host name. */
void node_take_name(struct core *c, struct node *n, const struct endpoint *given);

/* Keeps the text of an INFO in place of the last one, as far as limits.info_cache allows. */
void node_keep_info(struct core *c, struct node *n, struct slice text);
bool node_is_disconnected(const struct node *n); /* one of the sockets is missing */
