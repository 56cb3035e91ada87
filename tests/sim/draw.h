/* What one seed decides before anything happens: settings, how network and disks behave, and which
 * faults there are. Each value is mostly an ordinary one, and sometimes an extreme one. */
#pragma once

#include "common/base.h"
#include "common/rng.h"
#include "config/limit.h"
#include "tests/sim/disk.h"
#include "tests/sim/names.h"
#include "tests/sim/net.h"
#include "tests/sim/server.h"
#include "tests/sim/size.h"

/* What befalls vedettes befalls stock Sentinels, too. */
enum fault {
    FAULT_SERVER_KILL,
    FAULT_SERVER_HANG,
    FAULT_SERVER_TROUBLE, /* loading, busy, transactions refused */
    FAULT_SERVER_RESTART, /* and back at once */
    FAULT_SERVER_FORBID,  /* commands, to the vedettes */
    FAULT_SERVER_CHAIN,   /* somebody makes it a replica of another replica */
    FAULT_VEDETTE_CRASH,
    FAULT_VEDETTE_STALL,
    FAULT_VEDETTE_CLOCK, /* of the wall, jumps */
    FAULT_VEDETTE_STOP,  /* asked to, cleanly */
    FAULT_POWER_LOSS,    /* a whole host */
    FAULT_HOST_PAUSE,    /* a whole one stands still, as virtual machines do */
    FAULT_SPLIT,         /* the hosts fall into two parts */
    FAULT_PARTITION,
    FAULT_CONN_RESET,
    FAULT_CONN_STALL,
    FAULT_DISK,     /* slow, or failing, for a while */
    FAULT_VISITOR,  /* SENTINEL FAILOVER and other commands */
    FAULT_STRANGER, /* somebody unknown asks for votes */
    FAULT_OPERATOR, /* commands that change something: RESET, SET, REMOVE, MONITOR */
    FAULT_RELOAD,   /* a file is edited and read again */
    FAULT_COUNT,
};

/* A group: its settings, and its servers. */
struct group_draw {
    int64_t quorum, down_after_ms, failover_timeout_ms, parallel_syncs, reboot_down_after_ms;
    int64_t crash_after_ms;
    int replicas;
    int64_t priorities[SIM_GROUP_SERVERS_MAX];
    bool is_hidden[SIM_GROUP_SERVERS_MAX]; /* replica-announced no */
};

#define UNLIMITED -1

/* Whether vedettes share a secret, and what who has none is believed. */
enum trust { TRUST_ALL, TRUST_PERMISSIVE, TRUST_STRICT };

struct draw {
    int vedettes, groups;
    int stocks; /* stock Sentinels besides the vedettes */
    struct group_draw group[SIM_GROUPS_MAX];
    bool has_password, has_scripts;
    int64_t limits[LIMIT_COUNT]; /* of the vedettes; UNLIMITED: as they are by default */
    enum naming naming;

    /* The world as it stands. */
    bool colocated; /* servers and vedette of one number share a host */
    enum restart_role restart_role;
    enum keeping keeping;
    int64_t backlog_size;
    uint32_t lag_per_mille;  /* chance that a replica gets nothing for a tick */
    uint32_t wipe_per_mille; /* of the servers that die come back with an empty folder */
    int64_t sync_low_us, sync_high_us, repl_timeout_us;
    int64_t loop_us; /* until a vedette notices what has arrived, at most */
    struct weather weather;
    int64_t slow_us;   /* between two of the hosts, besides */
    int64_t drift_max; /* of monotonic clocks: parts per million */
    struct disk_mood disk;
    bool stale_inputs; /* vedettes are told of connections that they have closed, too */

    int clients;
    int64_t write_gap_us; /* between two writes of a client, at most */
    enum trust trust;
    bool has_forger;     /* somebody without the secret is there */
    uint32_t lost_names; /* per mille of the questions for a host name are answered by none */
    uint32_t moves;      /* per mille: a vedette that died comes back at another port */

    /* What befalls it. */
    int64_t time_us;       /* all of it, at least */
    int64_t fault_time_us; /* of each round, before it is healed */
    int64_t quiet_us;      /* without faults, in the end */
    int64_t fault_gap_us;  /* between two faults, at most */
    uint32_t weights[FAULT_COUNT];
    int64_t outage_max_us;     /* how long a fault lasts, at most */
    uint32_t ambushes;         /* per mille of the faults wait for a failover */
    uint32_t cut_orders;       /* per mille: the connection is reset around an order */
    uint32_t stall_in_effects; /* per mille: one is stopped there for a while */
    uint32_t crash_in_effects; /* per mille: a vedette dies behind an effect that matters */
};

/* The most servers that a group has. */
int draw_rows(const struct draw *d);
/* Draws all of it. */
void draw_from(struct draw *d, struct rng *rng);
/* The same with three stock Sentinels in the place of all vedettes. */
void draw_stocks_alone(struct draw *d);
/* One group of three, three vedettes, no faults, ordinary settings, a network of one millisecond:
 * for scenarios. */
void draw_plain(struct draw *d);

extern const char *const fault_names[FAULT_COUNT];
/* A line for the story. */
void draw_print(const struct draw *d, struct buf *out);
