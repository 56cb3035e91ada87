/* The parts of a stock Sentinel, for its own files: instances, links and what they do. Instances of
 * all three kinds are one struct, as the spec tells of them (spec 1.4). Instants are in ms on its
 * own clock; 0 = never. */
#pragma once

#include "common/resp.h"
#include "tests/lib/reply.h"
#include "tests/sim/schedule.h"
#include "tests/sim/stock.h"
#include "tests/sim/story.h"

#define HELLO_CHANNEL "__sentinel__:hello"
#define DESYNC_MAX_MS 999 /* added to the start of an attempt and of a vote (spec 3.4) */

enum stock_kind { STOCK_MASTER, STOCK_REPLICA, STOCK_SENTINEL };

enum stock_role { STOCK_ROLE_NONE, STOCK_ROLE_MASTER, STOCK_ROLE_REPLICA };

/* How far a replica has come in following a new master. */
enum stock_reconf { RECONF_NONE, RECONF_SENT, RECONF_INPROG, RECONF_DONE };

/* Spec 8.2. */
enum stock_state {
    STOCK_IDLE,
    STOCK_WAIT_START,
    STOCK_SELECT_REPLICA,
    STOCK_SEND_PROMOTION,
    STOCK_WAIT_PROMOTION,
    STOCK_RECONF_REPLICAS,
    STOCK_UPDATE_CONFIG,
};

/* Its connections to one server or one sentinel; a sentinel's is shared by all groups (spec 2). */
struct stock_link {
    int owners;
    bool disconnected;
    int64_t pending;                            /* commands that await their reply */
    struct stock_wire *commands, *pubsub;       /* NULL: closed */
    int64_t commands_since_ms, pubsub_since_ms; /* when they were opened */
    int64_t pubsub_heard_ms;
    int64_t ping_waits_ms; /* since when a PING is unanswered; 0 = none is */
    int64_t pinged_ms, available_ms, pong_ms, tried_ms;
};

struct stock_instance {
    struct list_node siblings; /* in its group; the master in none */
    enum stock_kind kind;
    struct stock_group *group;
    struct endpoint address;
    char run_id[ID_SIZE]; /* of a sentinel: its id; "": unknown */
    struct stock_link *link;
    bool sdown, odown, master_down, promoted, script_kill_sent, rebooted;
    int64_t sdown_since_ms, odown_since_ms, rebooted_ms; /* the first two outlive their flag */
    int64_t published_ms, answered_ms, info_ms;
    /* A peer's vote, as it said. */
    char leader[CANDIDATE_MAX];
    uint64_t leader_epoch;
    /* What INFO says. */
    enum stock_role role;
    int64_t role_since_ms, conf_changed_ms;
    int64_t priority, link_down_ms;
    uint64_t offset;
    struct endpoint reported_master;
    bool link_is_up;
    enum stock_reconf reconf;
    int64_t reconf_sent_ms;
};

struct stock_group {
    struct list_node siblings;
    const struct stock_group_settings *settings; /* borrowed */
    struct stock_instance *master;               /* owned, as those in the lists */
    struct list replicas, peers;
    uint64_t config_epoch;
    char leader[CANDIDATE_MAX]; /* whom it voted for; "" nobody, or forgotten */
    uint64_t leader_epoch;
    uint64_t failover_epoch;
    enum stock_state state;
    bool in_failover, is_forced;
    int64_t started_ms, changed_ms;
    struct stock_instance *promoted; /* NULL: none is selected */
};

enum stock_reply { REPLY_IGNORED, REPLY_PING, REPLY_INFO, REPLY_PUBLISH, REPLY_QUESTION };

struct stock_pending {
    enum stock_reply kind;
    struct stock_instance *asker; /* NULL: it is no more */
};

/* Its end of a connection: one of a link, or a client. */
struct stock_wire {
    struct list_node siblings;
    struct stock *stock;
    struct conn *conn;       /* NULL once it is closed */
    struct stock_link *link; /* NULL: a client, or let go */
    bool is_client, is_pubsub, is_up;
    bool in_error; /* said what ends it */
    int holds;     /* letters and calls that mean it */
    struct buf out, in;
    struct reply_reader replies;
    struct resp_reader requests;
    struct stock_pending *pending; /* owned: oldest first */
    size_t pending_count, pending_capacity;
};

/* ---- stock.c ---- */

int64_t stock_ms(const struct stock *s);
bool stock_is_away(const struct stock *s);
/* An event of the group; with the details of `about` in front, if there is one (spec 12.1), or with
 * nothing but them. */
void stock_tell(struct stock *s, struct stock_group *g, const char *event,
    const struct stock_instance *about, const char *format, ...) PRINTF_LIKE(5, 6);
void stock_tell_of(struct stock *s, const char *event, const struct stock_instance *about);

/* ---- stock_wire.c ---- */

extern const struct party_ops stock_ops;
struct stock_wire *stock_wire_open(
    struct stock *s, const struct endpoint *to, struct stock_link *link, bool is_pubsub);
void stock_wire_close(struct stock_wire *x);
void stock_wire_send(struct stock_wire *x, struct slice bytes);
void stock_wires_forget(struct stock *s, const struct stock_instance *i); /* as an asker */
void stock_catch_up(struct stock *s); /* what arrived while it was away */
void stock_wires_free(struct stock *s);

/* ---- stock_link.c ---- */

struct stock_link *stock_link_new(const struct stock *s);
void stock_link_release(struct stock_link *link);
void stock_link_close(
    struct stock_link *link, struct stock_wire *x);                  /* one of its wires, or NULL */
void stock_link_lost(struct stock_link *link, struct stock_wire *x); /* the far end has gone */
void stock_link_connect(struct stock *s, struct stock_instance *i);
void stock_link_share(struct stock *s, struct stock_instance *peer);
/* False if it cannot be sent. The words are separated by blanks. */
bool stock_ask(struct stock *s, struct stock_instance *i, enum stock_reply kind, const char *format,
    ...) PRINTF_LIKE(4, 5);
void stock_send_ping(struct stock *s, struct stock_instance *i);
void stock_probe(struct stock *s, struct stock_instance *i);
void stock_take_pong(struct stock *s, struct stock_instance *i, const struct resp_value *reply);

/* ---- stock_instance.c ---- */

struct stock_instance *stock_instance_new(
    struct stock *s, struct stock_group *g, enum stock_kind kind, const struct endpoint *address);
void stock_instance_free(struct stock *s, struct stock_instance *i);
struct stock_instance *stock_find(const struct list *l, const struct endpoint *address);
struct stock_instance *stock_find_id(const struct list *l, struct slice id);
void stock_print_details(const struct stock_instance *i, struct buf *out);
/* NULL if it is known already. */
struct stock_instance *stock_add_replica(
    struct stock *s, struct stock_group *g, const struct endpoint *address);
struct stock_instance *stock_add_peer(
    struct stock *s, struct stock_group *g, const struct endpoint *address, struct slice id);
struct stock_group *stock_group_new(struct stock *s, const struct stock_group_settings *settings);
void stock_group_free(struct stock *s, struct stock_group *g);

/* ---- stock_health.c ---- */

void stock_judge_sdown(struct stock *s, struct stock_instance *i);
void stock_judge_odown(struct stock *s, struct stock_group *g);
void stock_question_peers(struct stock *s, struct stock_group *g, bool is_forced);
void stock_take_answer(
    struct stock *s, struct stock_instance *peer, const struct resp_value *reply);

/* ---- stock_hello.c ---- */

void stock_send_hello(struct stock *s, struct stock_instance *i);
void stock_hello_at_once(struct stock *s, struct stock_group *g);
void stock_take_hello(struct stock *s, struct slice text);

/* ---- stock_info.c ---- */

void stock_take_info(struct stock *s, struct stock_instance *i, const struct resp_value *reply);

/* ---- stock_election.c ---- */

bool stock_start_if_needed(struct stock *s, struct stock_group *g);
void stock_start_failover(struct stock *s, struct stock_group *g);
void stock_vote(struct stock *s, struct stock_group *g, uint64_t epoch, struct slice candidate);
bool stock_is_elected(struct stock *s, struct stock_group *g);

/* ---- stock_failover.c ---- */

void stock_failover_step(struct stock *s, struct stock_group *g);
struct stock_instance *stock_select(const struct stock *s, const struct stock_group *g);
bool stock_order_follow(
    struct stock *s, struct stock_instance *i, const struct endpoint *master); /* NULL: NO ONE */
void stock_promotion_seen(struct stock *s, struct stock_instance *i);
void stock_reconf_progress(struct stock *s, struct stock_instance *i);
void stock_switch(struct stock *s, struct stock_group *g); /* the end of its own failover */
void stock_group_reset(struct stock *s, struct stock_group *g, bool keep_peers);
void stock_group_move(struct stock *s, struct stock_group *g, const struct endpoint *to);

/* ---- stock_command.c ---- */

void stock_answer(struct stock *s, const struct resp_request *r, struct buf *out);

/* ---- stock_file.c ---- */

void stock_write_file(struct stock *s); /* stock.c */
void stock_print_file(const struct stock *s, struct buf *ret);
void stock_read_file(struct stock *s);
