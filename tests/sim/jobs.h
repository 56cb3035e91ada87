/* Seeds in processes of their own, some at the same time: one that dies takes no other with it. */
#pragma once

#include "tests/sim/run.h"

#define JOBS_MAX 64

/* What came of a seed; `result` is NULL if its process died, with `status` as waitpid tells it.
 * Once it returns false no later seed is begun or told of. */
typedef bool (*jobs_told_fn)(
    void *context, uint64_t seed, const struct run_result *result, int status);

/* Runs `count` seeds from `from` on, each with `options`, `jobs` at the same time. 0, or a negative
 * errno if there were no processes to be had. */
int jobs_run(const struct run_options *options, uint64_t from, uint64_t count, size_t jobs,
    jobs_told_fn told, void *context);
