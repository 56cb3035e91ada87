/* What is sent to servers and peers, word by word: the handshake, probes, hellos, questions and the
 * transaction that changes a role. Names of commands go through the group's renames, for servers
 * only. */
#pragma once

#include "common/base.h"

struct core;
struct address;
struct group;
struct group_settings;
struct link;
struct node;
struct peer;
struct process;
struct pending;
struct secret;
struct settings;

/* How connections are to be named, by which an operator knows them. */
void order_name_links(struct core *c);
/* AUTH if there is a password, CLIENT SETNAME, and on a pub/sub link SUBSCRIBE. Source: spec 2.4.
 */
void order_handshake(struct core *c, struct link *l);
void order_ping(struct core *c, struct link *l);
void order_info(struct core *c, struct node *n);
void order_identify(struct core *c, struct link *l); /* INFO server: is it a vedette? */
void order_script_kill(struct core *c, struct node *n);
/* PUBLISH of our hello for the group: signed, plain, or both. */
void order_hello(struct core *c, struct link *l, const struct group *g);
/* What to log in with. Without a password nobody is logged in. Source: spec 2.4. */
struct credentials {
    const char *user; /* NULL: a password alone */
    const struct secret *password;
};
struct credentials order_credentials_of_node(const struct group_settings *g);
struct credentials order_credentials_of_peers(const struct settings *s);

/* Asks a peer for a proof that it shares our secret; and gives ours, once that was good. Of the
 * group `g`, or of the process if it is NULL. */
void order_challenge(struct core *c, struct process *p, const struct group *g, const char *number);
void order_proof(
    struct core *c, struct process *p, const struct group *g, const char *number, const char *seal);
/* Asks a peer about the master; for a vote under the present attempt if `for_vote`. */
void order_question(struct core *c, struct peer *p, bool for_vote);
/* MULTI, SLAVEOF, CONFIG REWRITE, CLIENT KILL normal and pubsub, EXEC as one SEND. master NULL: NO
 * ONE. A server that is in a failover of its own is told to abort it first. */
struct pending *order_role(struct core *c, struct node *n, const struct address *master);
/* The same, but the master is to hand over to the replica `to` within `limit_ms`: MULTI, CLIENT
 * PAUSE of writes, FAILOVER TO, EXEC. Source: spec 8.12. */
struct pending *order_handover(
    struct core *c, struct node *master, const struct node *to, int64_t limit_ms);
/* What follows a handover, at both: MULTI, CONFIG REWRITE, CLIENT KILL normal and pubsub, CLIENT
 * UNPAUSE, EXEC. */
void order_release(struct core *c, struct node *n);
/* Writes go on at a master that refused to hand over. */
void order_unpause(struct core *c, struct node *master);
