/* Which replica is promoted. Source: spec 8.3, laws C10 and C11 of ARCHITECTURE.md. */
#pragma once

#include "common/base.h"

struct core;
struct group;
struct node;

/* Why a replica may not be promoted, or NULL if it may. Static text. `ret_number` and `ret_limit`:
 * what was measured and what is allowed, in ms, when the reason is one of age; else 0. */
const char *selection_refusal(const struct core *c, const struct group *g, const struct node *n,
    int64_t *ret_number, int64_t *ret_limit);

/* The best replica that may be promoted; NULL if there is none. */
struct node *selection_best(const struct core *c, const struct group *g);

/* Whether INFO asked since the failover began has come from every replica that can be asked (law
 * C10). */
bool selection_is_informed(const struct core *c, const struct group *g);

/* Logs each replica that is not `chosen` with the reason. */
void selection_explain(struct core *c, const struct group *g, const struct node *chosen);
