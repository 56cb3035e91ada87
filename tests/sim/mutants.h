/* The table of mutants: each is run, seed by seed, until a law notices it. */
#pragma once

#include "common/base.h"

enum mutants_which { MUTANTS_ALL, MUTANTS_QUICK };

struct hunted {
    size_t noticed, survived;
};

/* Runs each with at most `seeds` seeds from `from` on, `jobs` at the same time, and prints what
 * noticed it. */
struct hunted mutants_run(enum mutants_which which, uint64_t from, uint64_t seeds, size_t jobs);
