#include "common/rng.h"

#include "common/ensure.h"

/* Constants of PCG-XSH-RR 64/32 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient
 * Statistically Good Algorithms for Random Number Generation", 2014), default stream. */
#define PCG_MULTIPLIER 6364136223846793005u
#define PCG_INCREMENT  1442695040888963407u

void rng_init(struct rng *r, uint64_t seed) {
    r->state = seed + PCG_INCREMENT;
    rng_next(r);
}

uint32_t rng_next(struct rng *r) {
    uint64_t old = r->state;
    r->state = old * PCG_MULTIPLIER + PCG_INCREMENT;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    unsigned turn = (unsigned)(old >> 59);
    return mixed >> turn | mixed << ((32 - turn) & 31);
}

static uint64_t rng_next_u64(struct rng *r) {
    uint64_t high = rng_next(r);
    return high << 32 | rng_next(r);
}

int64_t rng_between(struct rng *r, int64_t low, int64_t high) {
    ensure(low <= high);
    uint64_t span = (uint64_t)high - (uint64_t)low;
    if (span == UINT64_MAX)
        return (int64_t)rng_next_u64(r);

    /* The lowest (2^64 mod count) draws are thrown away, so that every value is as likely as every
     * other. */
    uint64_t count = span + 1;
    uint64_t unfair = (0 - count) % count;
    uint64_t draw;
    do
        draw = rng_next_u64(r);
    while (draw < unfair);
    return (int64_t)((uint64_t)low + draw % count);
}

bool rng_chance(struct rng *r, uint32_t per_mille) {
    return rng_between(r, 0, 999) < (int64_t)per_mille;
}
