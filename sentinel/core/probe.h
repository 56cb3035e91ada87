/* When to connect, to ask and to announce. Each function acts on what is due and returns when to
 * look again, mono ms. */
#pragma once

#include "common/slice.h"

struct core;
struct group;
struct node;
struct peer;
struct process;

/* Connections, PING, INFO and hello of a data server. */
int64_t probe_node(struct core *c, struct node *n);
/* Connection and PING of a peer process. */
int64_t probe_process(struct core *c, struct process *p);
/* Our hello to a peer about its group. */
int64_t probe_peer(struct core *c, struct peer *p);

/* Links that were opened together would be asked together for ever, and each period would have a
 * moment in which all others wait: with many groups the first period is shorter by this much, ms,
 * which is anything up to a period; with few it is 0. */
int64_t probe_spread(struct core *c, int64_t period_ms);
/* Where in each period the servers of a group are asked when there are many groups: all of them
 * together, and those of other groups at other moments. ms; the same for a name in every process. */
int64_t probe_phase(struct slice group_name);
/* Hello to everyone of the group at once: the configuration changed. */
void probe_announce(struct group *g);
/* From now on the answer of this INFO is awaited: asked at once, then at growing intervals. */
void probe_expect_info(struct node *n);
/* PINGs to masters a second, over all groups; beyond it the intervals stretch. */
#define PROBE_BUDGET_PER_S 10000
/* What the budget allows to each master, ms; below a group's own interval it changes nothing. */
int64_t probe_stretched_interval(const struct core *c);
/* Milliseconds between two PINGs to a master, as the budget of the process allows. */
int64_t probe_master_interval(const struct core *c, const struct group *g);
