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

static bool is_noticed(const struct mutant *m, uint64_t from, uint64_t seeds, size_t jobs) {
    struct hunt h = { .is_found = false };
    const struct run_options options = { .mutant = m };
    int error = jobs_run(&options, from, seeds, jobs, take, &h);
    printf("%-21s ", m->name);
    if (!planted_choose(m->planted))
        printf("%6s  %-31s", "-", "needs -Dtest_hooks=true");
    else if (h.is_found)
        printf("%6llu  %-31s", (unsigned long long)h.seed, h.law);
    else
        printf("%6s  %-31s", "-", error == 0 ? "SURVIVES" : strerror(-error));
    printf(" %s (%s)\n", m->what, m->rule);
    fflush(stdout);
    return h.is_found;
}

struct hunted mutants_run(enum mutants_which which, uint64_t from, uint64_t seeds, size_t jobs) {
    struct hunted hunted = { .noticed = 0 };
    printf("%-21s %6s  %-31s %s\n", "mutant", "seed", "noticed by", "what is wrong");
    for (size_t i = 0; i < mutant_count; i++) {
        if (which == MUTANTS_QUICK && !mutant_table[i].is_quick)
            continue;
        if (is_noticed(&mutant_table[i], from, seeds, jobs))
            hunted.noticed++;
        else
            hunted.survived++;
    }
    return hunted;
}
