/* Bringing servers to the configuration: the other replicas of a failover that we lead, and strays
 * at all times. Source: spec 8.6, 8.7, 8.9, law C12 of ARCHITECTURE.md. */
#pragma once

#include "common/base.h"

struct core;
struct group;

/* The state RECONF_REPLICAS. Returns when to look again, mono ms. */
int64_t converge_judge_failover(struct core *c, struct group *g);

/* Outside of a failover: demotes a returned master, corrects a replica of a wrong master. */
int64_t converge_judge_strays(struct core *c, struct group *g);
