#include "tests/sim/mutants.h"

#include "common/mem.h"
#include "tests/sim/jobs.h"

#include <stdio.h>
#include <string.h>

/* What a seed says of vedettes without a bug. */
enum healthy { HEALTHY_UNKNOWN, HEALTHY_PASSES, HEALTHY_FAILS };

struct hunter {
    uint64_t from, seeds;
    size_t jobs;
    enum healthy *healthy; /* owned: by seed, from `from` on */
    int error;
};

/* The least seed that failed. */
struct find {
    bool is_found;
    uint64_t seed;
    char law[sizeof(((struct run_result *)0)->law)];
};

static bool take(void *context, uint64_t seed, const struct run_result *result, int status) {
    struct find *f = context;
    bool has_failed = result == NULL || result->has_failed;
    if (has_failed && (!f->is_found || seed < f->seed)) {
        f->is_found = true;
        f->seed = seed;
        if (result != NULL)
            memcpy(f->law, result->law, sizeof(f->law));
        else
            (void)snprintf(f->law, sizeof(f->law), "its process died, status %d", status);
    }
    return !f->is_found;
}

static bool find(
    struct hunter *h, const struct mutant *m, uint64_t from, uint64_t end, struct find *ret) {
    const struct run_options options = { .mutant = m };
    *ret = (struct find){ .is_found = false };
    int error = jobs_run(&options, from, end - from, h->jobs, take, ret);
    if (error < 0)
        h->error = error;
    return ret->is_found;
}

static bool healthy_fails(struct hunter *h, uint64_t seed) {
    enum healthy *known = &h->healthy[seed - h->from];
    struct find f;
    if (*known == HEALTHY_UNKNOWN)
        *known = find(h, NULL, seed, seed + 1, &f) ? HEALTHY_FAILS : HEALTHY_PASSES;
    return *known == HEALTHY_FAILS;
}

/* A seed that fails without the bug, too, says nothing: the next ones are asked. */
static bool is_noticed(struct hunter *h, const struct mutant *m, struct find *ret) {
    uint64_t next = h->from, end = h->from + h->seeds;
    while (find(h, m, next, end, ret)) {
        if (!healthy_fails(h, ret->seed))
            return true;
        next = ret->seed + 1;
    }
    (void)snprintf(
        ret->law, sizeof(ret->law), "%s", h->error == 0 ? "SURVIVES" : strerror(-h->error));
    return false;
}

static bool print_row(struct hunter *h, const struct mutant *m) {
    struct find f = { .law = "needs -Dtest_hooks=true" };
    char seed[24] = "-";
    bool noticed = planted_choose(m->planted) && is_noticed(h, m, &f);
    if (noticed)
        (void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)f.seed);
    printf("%-21s %6s  %-31s %s (%s)\n", m->name, seed, f.law, m->what, m->rule);
    fflush(stdout);
    return noticed;
}

struct hunted mutants_run(enum mutants_which which, uint64_t from, uint64_t seeds, size_t jobs) {
    struct hunted hunted = { .noticed = 0 };
    struct hunter h = { .from = from, .seeds = seeds, .jobs = jobs };
    h.healthy = mem_alloc(seeds * sizeof(*h.healthy));
    for (uint64_t i = 0; i < seeds; i++)
        h.healthy[i] = HEALTHY_UNKNOWN;
    printf("%-21s %6s  %-31s %s\n", "mutant", "seed", "noticed by", "what is wrong");
    for (size_t i = 0; i < mutant_count; i++) {
        if (which == MUTANTS_QUICK && !mutant_table[i].is_quick)
            continue;
        if (print_row(&h, &mutant_table[i]))
            hunted.noticed++;
        else
            hunted.survived++;
    }
    mem_free(h.healthy);
    return hunted;
}
