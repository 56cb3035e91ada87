/* A stock Sentinel, Redis 7.0, as a peer of vedettes: a model of its rules and of its timing, made
 * from what it is seen to do (spec 1 to 9, 12 and 14; the paragraphs are cited where they are
 * carried out). It decides in ticks, keeps its state in a file that it writes while everything
 * waits, and can crash, stall and start again.
 *
 * Left out: host names, TLS, scripts, renamed commands, subscribers. */
#pragma once

#include "common/buf.h"
#include "common/list.h"
#include "common/rng.h"
#include "config/state.h"
#include "tests/sim/net.h"

struct stock;
struct stock_group;
struct stock_instance;

#define STOCK_GROUPS 8

/* Durations in ms. Each but the last can be changed on a real one (SENTINEL DEBUG; spec 3.1). */
struct stock_periods {
    int64_t info, ping, ask, publish, tilt_trigger, tilt, reconf_timeout, link_age, election;
    int64_t fast_info;
};

extern const struct stock_periods stock_usual_periods;

struct stock_group_settings {
    const char *name; /* borrowed, as the password */
    struct endpoint master;
    int64_t quorum, down_after_ms, failover_timeout_ms, parallel_syncs, reboot_down_after_ms;
    const char *password; /* of its servers; NULL = none */
};

struct stock_settings {
    char name[4]; /* for the story: "k1" */
    char id[ID_SIZE];
    struct stock_group_settings groups[STOCK_GROUPS];
    size_t group_count;
    struct stock_periods periods;
    int64_t write_low_us, write_high_us; /* what it takes to write its file */
    uint64_t seed;
};

/* Who wants to know what it does. Each function may be NULL. */
struct stock_observer {
    void *context;
    void (*event)(void *context, const struct stock *s, const struct stock_group *g,
        const char *event, const char *payload);
    /* It took a newer config epoch from a hello that names the master that it has. */
    void (*epoch_taken)(void *context, const struct stock *s, const struct stock_group *g);
    /* An answer that names whom it voted for leaves it. */
    void (*vote_told)(
        void *context, const struct stock *s, const struct stock_group *g, uint64_t epoch);
};

struct stock {
    struct stock_settings settings;
    struct stock_observer observer;
    struct net *net;    /* borrowed */
    struct party party; /* its place and address are set before stock_init */
    struct rng rng;
    struct buf file; /* what a restart finds, in the words of a sentinel.conf */

    bool is_alive;
    uint64_t life;    /* how often it was started */
    int64_t clock_ms; /* what its clock shows beyond virtual time */
    uint64_t current_epoch;
    struct list groups; /* struct stock_group, owned */
    struct list wires;  /* struct stock_wire, owned */
    struct list inbox;  /* struct stock_letter, owned: what arrived while it was away */
    int64_t stalled_until_us, writing_until_us;
    bool is_tick_due; /* it came while we were away */
    int64_t ticked_ms;
    bool tilt;
    int64_t tilt_since_ms;
    uint64_t leads, writes; /* how often it was elected; how often it wrote its file */
};

/* Stopped. `party.host` and `party.address` have been set. */
void stock_init(struct stock *s, const struct stock_settings *settings, struct net *net);
void stock_fini(struct stock *s);

void stock_start(struct stock *s);
void stock_crash(struct stock *s, enum net_leave how);
void stock_stall(struct stock *s, int64_t until_us);
void stock_continue(struct stock *s);

/* ---- what it shows ---- */

struct stock_group *stock_group(const struct stock *s, struct slice name); /* NULL: unknown, dead */
/* What clients are told. */
const struct endpoint *stock_group_master(const struct stock_group *g);
uint64_t stock_group_epoch(const struct stock_group *g); /* of its configuration */
/* Appends why the group is not as it should be in the end: all up, everybody known. */
void stock_group_complain(const struct stock *s, const struct stock_group *g, size_t replicas,
    size_t peers, struct buf *ret_why);
/* Whether it knows so many, and has it in its file. */
bool stock_group_knows(const struct stock_group *g, size_t replicas, size_t peers);
