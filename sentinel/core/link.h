/* A link: a connection that we want, and what became of it. Owns the queue of requests that await
 * their reply, so that every SEND ends exactly once, in a reply or in a loss. */
#pragma once

#include "common/endpoint.h"
#include "sentinel/core/address.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/ids.h"

struct core;
struct input;
struct node;
struct process;

enum link_state { LINK_CLOSED, LINK_OPENING, LINK_OPEN };

/* What a pending request was, so that its end finds its handler. */
enum pending_kind {
    PENDING_HANDSHAKE, /* AUTH, CLIENT SETNAME, SUBSCRIBE, INFO for a former owner: the reply is of
                          no interest */
    PENDING_PING,
    PENDING_INFO,
    PENDING_HELLO,
    PENDING_QUESTION,  /* is-master-down-by-addr */
    PENDING_CHALLENGE, /* VEDETTE-PROVE: its number and seal are awaited, */
    PENDING_PROOF,     /* and that it has taken ours */
    PENDING_IDENTIFY,  /* INFO server of a peer: is it a Vedette? */
    PENDING_ORDER,     /* the transaction of a role change */
    PENDING_RELEASE,   /* the transaction that ends a coordinated failover at a server */
    PENDING_SCRIPT_KILL,
};

struct pending {
    enum pending_kind kind;
    uint64_t tag;
    int64_t sent_heard_ms;
    int64_t sent_mono_ms;
    uint64_t group_serial; /* QUESTION, HELLO to a peer: the group it was about; CHALLENGE, PROOF:
                              that whose keys are in question, 0 = those of the process */
    uint64_t attempt;      /* QUESTION: serial of the attempt it asked a vote for, 0 = health only;
                              ORDER: its attempt */
    const char *const *orders; /* ORDER, RELEASE: what was sent between MULTI and EXEC, for the log;
                                  static, ends with NULL */
    size_t decisive;           /* ORDER: which of them changes the role */
};

struct link {
    struct link_id id;
    enum link_purpose purpose;
    enum link_state state;
    uint64_t incarnation;    /* of the present or the last connection; 0 = never tried */
    struct node *node;       /* the owner: a data server, */
    struct process *process; /* or a peer process */
    int64_t tried_heard_ms;  /* last attempt; 0 = never */
    int64_t tried_ms;        /* mono: the same */
    int64_t opened_heard_ms; /* when the attempt that is LINK_OPEN or OPENING began */
    int64_t active_heard_ms; /* pub/sub: last message */
    char *local_host;        /* owned: our end, once open; NULL before */
    struct pending *ring;    /* owned: oldest first from `head`; NULL while nothing is pending */
    size_t head, count, capacity;
    bool pinged;      /* a PING went out, on this connection and for this owner */
    bool was_full;    /* when link_is_full was last asked */
    bool blames_none; /* the silence that is counted is all of our own making: nothing was heard or
                         asked before attempts failed for want of a descriptor */
};

void link_init(struct core *c, struct link *l, enum link_purpose purpose);
void link_fini(struct core *c, struct link *l); /* closes; pending requests end as lost, silently */

/* The connection of `l` becomes that of `to`, a fresh link of the same purpose, and `l` is as after
 * link_fini; false and nothing done if there is none, or if it awaits the end of an order, which is
 * for the former owner to judge. INFO that is on its way is no news for the new one. */
bool link_hand_over(struct core *c, struct link *l, struct link *to);

/* Asks for a connection; the address is resolved. The handshake (AUTH, CLIENT SETNAME, SUBSCRIBE)
 * is queued behind it at once. */
void link_open(struct core *c, struct link *l);
/* Drops the connection by our own will; pending requests end as lost. */
void link_close(struct core *c, struct link *l);

const struct address *link_address(const struct link *l); /* of its owner */
struct liveness *link_live(const struct link *l);         /* likewise */
bool link_is_usable(const struct link *l); /* opening or open: a request may be queued */
size_t link_pending(
    const struct link *l, enum pending_kind kind); /* how many of a kind await a reply */

/* As many replies are awaited as limits.pending_commands allows for each of its owners: PING, INFO
 * and hellos have to wait. Counts when it comes to that. */
bool link_is_full(struct core *c, struct link *l, size_t owners);

/* What awaits a reply, oldest first; i < l->count. */
const struct pending *link_pending_at(const struct link *l, size_t i);

/* Emits one SEND and queues what it awaits. Returns its place in the queue, borrowed until the next
 * send. */
struct pending *link_send(struct core *c, struct link *l, enum pending_kind kind,
    const struct request *requests, size_t count);

/* The inputs LINK_UP, LINK_LOST, REPLY and MESSAGE; stale ones are dropped. */
void link_input(struct core *c, const struct input *in);
