/* Small seedable generator (PCG32), owned by its user. Never for secrets or identity. */
#pragma once

#include "common/base.h"

struct rng {
    uint64_t state;
};

void rng_init(struct rng *r, uint64_t seed);
uint32_t rng_next(struct rng *r);
/* Uniform in [low, high]; low <= high. */
int64_t rng_between(struct rng *r, int64_t low, int64_t high);
bool rng_chance(struct rng *r, uint32_t per_mille);
