/* One seed from its first instant to its verdict: discovery, faults while the laws are watched,
 * healing, and agreement within the time that the settings promise. */
#pragma once

#include "tests/sim/marks.h"
#include "tests/sim/mutant.h"

#include <stdio.h>

struct run_options {
    uint64_t seed;
    int64_t time_s;              /* 0: as the seed draws it */
    bool is_stock;               /* stock Sentinels alone, in the place of vedettes */
    const struct mutant *mutant; /* NULL: nothing goes wrong by itself */
    bool is_traced;              /* otherwise there is no hash either */
    FILE *story;                 /* borrowed; may be NULL */
    bool is_taped; /* each life of a vedette is recorded, and has to replay the same */
};

struct run_result {
    bool has_failed;
    char law[64];
    char text[768];
    int64_t virtual_us;
    uint64_t hash; /* of the story */
    struct marks marks;
};

void run_seed(const struct run_options *options, struct run_result *ret);
