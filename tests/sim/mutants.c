#include "tests/sim/mutants.h"

#include "tests/sim/jobs.h"

#include <stdio.h>
#include <string.h>

/* The least seed that noticed. */
struct hunt {
    bool is_found;
    uint64_t seed;
    char law[sizeof(((struct run_result *)0)->law)];
};

static bool take(void *context, uint64_t seed, const struct run_result *result, int status) {
    struct hunt *h = context;
    bool has_noticed = result == NULL || result->has_failed;
    if (has_noticed && (!h->is_found || seed < h->seed)) {
        h->is_found = true;
        h->seed = seed;
        if (result != NULL)
            memcpy(h->law, result->law, sizeof(h->law));
        else
            (void)snprintf(h->law, sizeof(h->law), "its process died, status %d", status);
    }
    return !h->is_found;
}

static bool hunt(const struct mutant *m, uint64_t from, uint64_t count, size_t jobs,
    struct hunt *ret, int *ret_error) {
    const struct run_options options = { .mutant = m };
    *ret = (struct hunt){ .is_found = false };
    int error = jobs_run(&options, from, count, jobs, take, ret);
    if (error < 0)
        *ret_error = error;
    return ret->is_found;
}

/* What a seed says that says so of the healthy, too, is worth nothing: the next ones are asked. */
static bool is_noticed(
    const struct mutant *m, uint64_t from, uint64_t seeds, size_t jobs, struct hunt *ret) {
    uint64_t next = from, end = from + seeds;
    struct hunt healthy;
    int error = 0;
    while (hunt(m, next, end - next, jobs, ret, &error)) {
        if (!hunt(NULL, ret->seed, 1, 1, &healthy, &error))
            return true;
        next = ret->seed + 1;
    }
    (void)snprintf(ret->law, sizeof(ret->law), "%s", error == 0 ? "SURVIVES" : strerror(-error));
    return false;
}

static bool print_row(const struct mutant *m, uint64_t from, uint64_t seeds, size_t jobs) {
    struct hunt h = { .law = "needs -Dtest_hooks=true" };
    char seed[24] = "-";
    bool noticed = planted_choose(m->planted) && is_noticed(m, from, seeds, jobs, &h);
    if (noticed)
        (void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)h.seed);
    printf("%-21s %6s  %-31s %s (%s)\n", m->name, seed, h.law, m->what, m->rule);
    fflush(stdout);
    return noticed;
}

struct hunted mutants_run(enum mutants_which which, uint64_t from, uint64_t seeds, size_t jobs) {
    struct hunted hunted = { .noticed = 0 };
    printf("%-21s %6s  %-31s %s\n", "mutant", "seed", "noticed by", "what is wrong");
    for (size_t i = 0; i < mutant_count; i++) {
        if (which == MUTANTS_QUICK && !mutant_table[i].is_quick)
            continue;
        if (print_row(&mutant_table[i], from, seeds, jobs))
            hunted.noticed++;
        else
            hunted.survived++;
    }
    return hunted;
}
