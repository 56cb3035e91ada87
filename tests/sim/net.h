/* Hosts and the streams between them. The bytes of one connection and direction keep their order;
 * everything else may overtake. Knows partitions, delays, stalls, resets and refusals; knows
 * nothing of what is said. */
#pragma once

#include "common/base.h"
#include "common/endpoint.h"
#include "common/list.h"
#include "common/rng.h"
#include "common/slice.h"

struct schedule;
struct story;
struct conn;

#define NET_HOSTS   24
#define NET_PARTIES 64

enum conn_end { END_CLIENT, END_SERVER };

/* What a process does about its connections. Whatever it is told of, it may send and close at once.
 */
struct party_ops {
    void (*accepted)(void *owner, struct conn *c);  /* its end is END_SERVER */
    void (*connected)(void *owner, struct conn *c); /* its end is END_CLIENT */
    void (*received)(void *owner, struct conn *c, enum conn_end end, struct slice bytes);
    /* Closed, reset or refused by the far end or the network; its end is gone after the call. */
    void (*closed)(void *owner, struct conn *c, enum conn_end end, const char *why);
};

/* A process as the network sees it. */
struct party {
    const struct party_ops *ops;
    void *owner;             /* handed to the ops; borrowed */
    const char *name;        /* for the story; borrowed */
    int host;                /* < NET_HOSTS */
    struct endpoint address; /* where it listens; without a port it does not */
    bool listening;
};

/* How the network behaves at present. */
struct weather {
    int64_t delay_low_us, delay_high_us; /* between hosts; within one host a tenth of it */
    uint32_t spike_per_mille;            /* chance of a piece to be late by another spike_us */
    int64_t spike_us;
    int64_t retry_us;         /* until bytes set out again after a partition, at most */
    uint32_t split_per_mille; /* chance of bytes to arrive in two pieces */
};

struct net {
    struct schedule *schedule; /* borrowed, as the next two */
    struct rng *rng;
    struct story *story;
    struct weather weather;
    int slow_hosts[2];                  /* with a long way between them, */
    int64_t slow_us;                    /* longer by so much in each direction */
    struct party *parties[NET_PARTIES]; /* borrowed */
    size_t party_count;
    bool blocked[NET_HOSTS][NET_HOSTS]; /* from, to */
    struct list conns;                  /* struct conn, owned */
    size_t conn_count;
    uint64_t next_number;
};

struct conn {
    struct list_node siblings;
    struct net *net;
    uint64_t number;       /* for the story */
    struct party *target;  /* whose address was called, listening or not; NULL: nobody's */
    struct party *ends[2]; /* NULL: not there yet, or gone */
    bool abandoned[2];     /* gone without a word: later bytes to it are answered with a reset */
    void *state[2];        /* each end's own; borrowed */
    int hosts[2];
    struct list chunks[2]; /* on their way from that end, in order; owned */
    size_t travelling[2];  /* how many of them have an instant of arrival; */
    size_t held[2];        /* the others, after those, are held up by a partition */
    int busy;              /* pieces being handed over */
    int64_t arrival_us[2]; /* of the last one that has */
    int64_t stalled_until_us;
};

void net_init(struct net *n, struct schedule *schedule, struct rng *rng, struct story *story);
void net_fini(struct net *n);
void net_add(struct net *n, struct party *p);

/* ---- for processes ---- */

/* `from` becomes the client end. Ends in connected or closed, unless closed before. */
struct conn *net_connect(struct net *n, struct party *from, const struct endpoint *to, void *state);
void net_send(struct conn *c, enum conn_end from, struct slice bytes);
/* Closes our end; the other one is told. The conn is not to be used by us any more. */
void net_close(struct conn *c, enum conn_end end);

/* How a process leaves: its system closes what it had open, or nobody is told since the host is
 * gone too. */
enum net_leave { NET_LEAVE_PROCESS, NET_LEAVE_HOST };
void net_leave(struct net *n, struct party *p, enum net_leave how);

/* ---- faults ---- */

void net_block(struct net *n, int from, int to, bool is_blocked);
void net_unblock_all(struct net *n);
bool net_reaches(const struct net *n, int from, int to);
/* The n-th of the open connections; NULL if there are fewer. */
struct conn *net_nth(struct net *n, size_t number);
void net_reset(struct conn *c, const char *why); /* both ends lose it */
void net_stall(struct conn *c, int64_t until_us);
/* A delay between two hosts, as the weather gives it. */
int64_t net_delay(struct net *n, int from, int to);
/* There and back, at most, in the present weather; but for pieces that are late. */
int64_t net_longest_round_us(const struct net *n, int from, int to);
