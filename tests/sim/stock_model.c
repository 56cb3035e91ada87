/* stock-model: plays scenarios with models of stock Sentinels.
 *
 *   stock-model --list          the scenarios: name, settings, deeds
 *   stock-model NAME [SEED [N]] the events of N seeds, from SEED on
 *   stock-model --story NAME SEED
 */
#include "tests/sim/stock_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void list(void) {
    for (size_t i = 0; i < scenario_count; i++) {
        const struct scenario *c = &scenarios[i];
        printf("scenario %s\nsentinels %zu\nquorum %lld\ndown-after %lld\nfailover-timeout %lld\n"
               "priorities %lld %lld %lld\n%s\n",
            c->name, c->stocks, (long long)c->quorum, (long long)c->down_after_ms,
            (long long)c->failover_timeout_ms, (long long)c->priorities[0],
            (long long)c->priorities[1], (long long)c->priorities[2], c->deeds);
    }
}

static const struct scenario *find(const char *name) {
    for (size_t i = 0; i < scenario_count; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

static bool play(const struct scenario *c, uint64_t seed, FILE *story) {
    struct stage *t = stage_new(c, seed, story);
    bool is_played = stage_play(t);
    printf("seed %llu\n%s", (unsigned long long)seed, buf_text(&t->events));
    if (!is_played)
        fprintf(stderr, "stock-model: seed %llu: something was awaited in vain\n",
            (unsigned long long)seed);
    stage_free(t);
    return is_played;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return EXIT_SUCCESS;
    }
    bool is_told = argc > 1 && strcmp(argv[1], "--story") == 0;
    argc -= is_told;
    argv += is_told;
    const struct scenario *c = argc > 1 ? find(argv[1]) : NULL;
    if (c == NULL) {
        fprintf(stderr, "usage: stock-model --list | [--story] NAME [SEED [COUNT]]\n");
        return EXIT_FAILURE;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t end = seed + (argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    int status = EXIT_SUCCESS;
    for (; seed < end; seed++)
        if (!play(c, seed, is_told ? stdout : NULL))
            status = EXIT_FAILURE;
    return status;
}
