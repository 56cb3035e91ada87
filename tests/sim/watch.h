/* What each vedette was told, by whom and when, in its present life: gathered from its inputs and
 * effects, not from what its core makes of them. Laws are judged by it. */
#pragma once

#include "config/state.h"
#include "tests/sim/size.h"

struct effect;
struct input;
struct peer;
struct resp_value;
struct server;
struct slice;
struct vedette;
struct world;

#define WATCH_PEERS_MAX (SIM_VEDETTES_MAX + 9) /* others than vedettes among them */

/* What a SEND asked. */
enum asked_kind { ASKED_OTHER, ASKED_PING, ASKED_INFO, ASKED_QUESTION };

struct asked {
    enum asked_kind kind;
    uint64_t tag;
    int64_t sent_ms; /* mono */
    int64_t group;   /* QUESTION: its group, */
    uint64_t serial; /* as it was then; 0 = gone already, */
    uint64_t epoch;  /* and the epoch for which it asks a vote; 0 = none */
};

/* A connection, by the id of its link. */
struct watched_link {
    uint64_t incarnation; /* 0 = closed */
    int server, peer;     /* whose it is; -1 = not of this kind */
    bool is_command, is_up;
    struct asked *asked; /* owned: what awaits a reply, oldest first */
    size_t count, capacity;
};

/* When somebody was last heard, on the heard clock. */
struct watched_silence {
    int64_t since_ms; /* it owes us an answer, or a connection; 0 = it does not */
    int64_t fresh_ms; /* everything before may have been forgotten with good reason */
};

struct watched_server {
    bool is_open;          /* the command link is up */
    bool has_messages;     /* that of pub/sub is not closed */
    bool is_double;        /* it has several entries, by name and by IP */
    int64_t up_ms;         /* mono: when the former came up */
    int64_t good_heard_ms; /* heard: last acceptable answer to a PING */
    int64_t good_sent_ms;  /* mono: when that PING was sent */
    struct watched_silence silence;
    bool is_down, fell_silent; /* by its events; and what the reason was */
    int64_t down_ms;           /* mono: its last fall; 0 = never */
    bool has_answered;         /* since it fell silent */
    int64_t refused_dead_us;   /* how long it had been dead when a connection was refused: the most
                                  since its last acceptable answer */

    /* INFO, as text. Instants are mono; 0 = never. */
    int64_t info_ms, info_sent_ms;
    bool says_master;
    int64_t role_ms;   /* since when it says so */
    bool said_replica; /* since its start */
    int64_t turned_ms; /* when it became one, without a start */
    int64_t priority, link_down_ms, own_failover_ms;
    uint64_t offset;
    char run_id[ID_SIZE];
    int64_t rebooted_ms; /* its run id changed, and it has not answered PONG since */
    struct endpoint follows;
    int64_t follows_ms;
    bool link_is_up;

    bool is_led; /* +slave-reconf-sent, and not done */
    bool has_refused;
    uint64_t refused_epoch; /* of the attempt whose promotion it certainly refused */
};

/* A hello that came behind a request that may hold it up: when it is heard is not known. */
struct held_hello {
    uint64_t config_epoch;
    int64_t came_ms; /* mono; 0 = none */
};

#define WATCH_HELD_MAX 8 /* of one peer on several connections */

/* What a peer told about a group. Instants are mono; 0 = never. */
struct watched_answer {
    bool says_down;
    int64_t down_asked_ms, told_ms;
    char candidate[CANDIDATE_MAX]; /* "" no vote known */
    uint64_t epoch;
    uint64_t answered_epoch; /* the last for which it was asked, and named a vote */
    uint64_t hello_config_epoch;
    int64_t hello_ms;
    struct held_hello held[WATCH_HELD_MAX]; /* the last ones */
    size_t held_count;                      /* so many so far */
    uint64_t group_seen, counter_seen; /* of its signed hellos, by the group with this serial */
};

/* An attempt of a vedette. */
struct watched_attempt {
    bool is_on;
    uint64_t serial, epoch;
    bool is_forced, is_coordinated;
    int64_t begun_ms, elected_ms, ended_ms;
    bool is_of_before; /* it had ended when the present odown began */
    bool order_out;    /* a promotion was sent and not certainly refused */
    bool was_dead;     /* when it was given up: nobody could win its epoch, */
    bool by_absence;   /* if those that were down all the time are not counted */
    bool knew_all;   /* likewise: its vedette knew all who vote, and needed as many votes as all */
    unsigned absent; /* mask of peers that were down when it began */
};

struct watched_group {
    struct watched_attempt attempt; /* the last one; begun_ms 0 = none that counts any more */
    struct watched_answer answers[WATCH_PEERS_MAX];
    int master;                      /* the server that is its configured master; -1 = not known */
    bool is_overtaken;               /* it took a configuration from a peer in this step */
    int64_t odown_ms, other_vote_ms; /* mono; 0 = none that counts */
    int64_t cut_short_ms;            /* mono: that vote, which counts no more */
    int retries;
    uint64_t hello_config_epoch; /* the highest that it told */
};

struct watch {
    const struct world *world;
    struct watched_link *links; /* owned, by id */
    size_t link_capacity;
    struct watched_server servers[SIM_SERVERS_MAX];
    struct watched_silence peer_silence[WATCH_PEERS_MAX];
    char peer_ids[WATCH_PEERS_MAX][ID_SIZE];
    int peer_count;
    struct watched_group groups[SIM_GROUPS_MAX];
    struct asked answered; /* by the present input, if it is a reply */
};

void watch_fini(struct watch *k);
void watch_start(struct watch *k, const struct vedette *v); /* a new life */
void watch_input(struct watch *k, const struct vedette *v, const struct input *in);
/* Behind the laws that look at the effect. */
void watch_effect(struct watch *k, const struct vedette *v, const struct effect *e);
/* A hello came to v, by whatever way. */
void watch_hello(struct watch *k, const struct vedette *v, struct slice text, bool waits);

bool watch_is_silent(const struct watched_silence *s, int64_t heard_ms, int64_t limit_ms);

/* The number of the peer with this id, from 0; -1 if there are too many. */
int watch_peer(struct watch *k, const char *id);
/* What it told about the group of this peer; never NULL. */
struct watched_answer *watch_answer(struct watch *k, const struct peer *p);
/* The server that the event is about, by the address in its text; NULL if it is about none. */
struct watched_server *watch_subject(
    struct watch *k, const struct effect *e, const struct server **ret);
