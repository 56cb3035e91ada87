/* Clients that write: each asks a vedette for the master of its group, writes numbered values there
 * and notes which were acknowledged; on an error, or when it hears of a switch, it asks again. When
 * all is healed, what was acknowledged and is not at the final master has to be explained. */
#pragma once

#include "common/buf.h"
#include "tests/sim/data.h"
#include "tests/sim/net.h"

struct server;
struct world;

#define SIM_CLIENTS_MAX 4

/* What a client waits for. */
enum client_state {
    CLIENT_RESTS,
    CLIENT_CONNECTS, /* to a vedette */
    CLIENT_ASKS,     /* who is master */
    CLIENT_REACHES,  /* for the server's connection */
    CLIENT_LOGS_IN,
    CLIENT_LOOKS, /* whether the server is a master */
    CLIENT_WRITES,
};

struct client {
    struct world *world;
    struct party party;
    char name[4]; /* "c1" */
    int group;
    bool looks;   /* at the role of the server, first */
    bool listens; /* for +switch-master */
    enum client_state state;
    uint64_t turn; /* tells a stale task */
    struct conn *asked, *server_conn;
    struct buf asked_in, server_in;
    struct server *server; /* that it writes to; NULL = none */
    uint64_t number;       /* of its last write */
};

/* An acknowledged write. */
struct receipt {
    int group;
    const struct client *client;
    uint64_t number;
    const struct server *server;
    struct point at;
    int64_t at_us; /* when the server did it */
};

/* A configuration, as far as writes are concerned: under it this server was the master. */
struct tenure {
    int group;
    uint64_t epoch;
    const struct server *server;
    struct point at;  /* what it held when it became master */
    int64_t made_us;  /* when that was */
    int64_t begun_us; /* when a vedette held the configuration first */
};

/* A server was made a replica by a vedette that held a configuration of this epoch, or by people.
 */
struct overruling {
    const struct server *server;
    uint64_t epoch;
    bool is_by_hand;
    int64_t at_us;
};

struct clients {
    struct client items[SIM_CLIENTS_MAX];
    int count;
    struct receipt *receipts; /* owned, since the last judgement */
    size_t receipt_count, receipt_capacity;
    struct tenure *tenures; /* owned, by group and epoch */
    size_t tenure_count, tenure_capacity;
    struct overruling *overrulings; /* owned, in order */
    size_t overruling_count, overruling_capacity;
};

void clients_init(struct world *w);
void clients_fini(struct world *w);
/* A vedette holds a configuration that nobody held before. */
void clients_note_tenure(struct world *w, int group, uint64_t epoch, const struct server *server);
/* A vedette that holds this configuration has a server follow its master. */
void clients_note_overruled(struct world *w, const struct server *server, uint64_t epoch);
void clients_note_led_by_hand(
    struct world *w, const struct server *server); /* the same by people */
/* Of groups that agree: every receipt is at the master, or lost for a reason. */
void clients_judge(struct world *w);
