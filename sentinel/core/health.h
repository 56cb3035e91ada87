/* Judging silence: subjectively down, objectively down. Source: spec 4, and law C13 of
 * ARCHITECTURE.md. */
#pragma once

#include "common/base.h"

struct core;
struct group;
struct node;
struct process;

/* Each judges and returns when to look again, mono ms. Not to be called in tilt. */
int64_t health_judge_node(struct core *c, struct node *n);
int64_t health_judge_process(
    struct core *c, struct process *p); /* every peer that the process is */
int64_t health_judge_quorum(struct core *c, struct group *g);
/* Asks the peers about a master that is down here, and for their votes while an attempt wants them.
 */
int64_t health_ask_peers(struct core *c, struct group *g);

/* The smallest down-after of the groups that share the link. */
int64_t health_process_down_after(struct process *p);
