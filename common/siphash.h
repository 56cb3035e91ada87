/* SipHash-1-3: a hash whose collisions nobody finds who does not know the key. */
#pragma once

#include "common/slice.h"

struct siphash_key {
    uint64_t words[2];
};

uint64_t siphash(const struct siphash_key *key, struct slice bytes);
