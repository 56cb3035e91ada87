/* The laws of what the engine asks for and how its model looks between steps. */
#pragma once

#include "tests/fuzz/outside.h"

struct outside_epochs {
    uint64_t serial; /* of the group */
    uint64_t config_epoch, vote_epoch;
    char vote_for[CANDIDATE_MAX];
};

/* Before the effect is noted. */
void outside_check_effect(const struct outside *o, const struct effect *e);
/* After a step, when all effects were noted. */
void outside_check_core(struct outside *o);

struct outside_link *outside_link(const struct outside *o, struct link_id id, uint64_t incarnation);
struct outside_client *outside_client(struct outside *o, struct client_id id);
