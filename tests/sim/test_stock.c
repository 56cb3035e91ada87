/* Tests of the model of a stock Sentinel: three of them play each scenario, and all agree in the
 * end. That real ones do the same in the same order is tests/integration/test_stock_model.py. */
#include "tests/unit/unit.h"

#include "tests/sim/stock_stage.h"

#include <string.h>

#define SEEDS 20

static const struct scenario *find(const char *name) {
    for (size_t i = 0; i < scenario_count; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    fail_msg("there is no scenario \"%s\"", name);
    return NULL;
}

static size_t count(const struct stage *t, const char *what) {
    size_t found = 0;
    for (const char *at = buf_text(&t->events); (at = strstr(at, what)) != NULL; at++)
        found++;
    return found;
}

/* All that live hold the same server for master, and it is one. */
static void expect_agreement(const struct stage *t) {
    const struct endpoint *master = NULL;
    for (size_t i = 0; i < t->scenario->stocks; i++) {
        const struct stock_group *g = stock_group(&t->stocks[i], slice_of(STAGE_GROUP));
        if (g == NULL)
            continue;
        if (master != NULL)
            assert_true(endpoint_equal(master, stock_group_master(g)));
        master = stock_group_master(g);
    }
    assert_non_null(master);
    for (int i = 0; i < t->farm.count; i++)
        if (endpoint_equal(&t->farm.servers[i].party.address, master))
            assert_true(server_is_master(&t->farm.servers[i]));
}

static void every_scenario_ends_in_agreement(void **state) {
    for (size_t i = 0; i < scenario_count; i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct stage *t = stage_new(&scenarios[i], seed, NULL);
            if (!stage_play(t))
                fail_msg("%s, seed %llu:\n%s", scenarios[i].name, (unsigned long long)seed,
                    buf_text(&t->events));
            expect_agreement(t);
            stage_free(t);
        }
    }
}

static void a_killed_master_is_replaced_by_one_leader(void **state) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct stage *t = stage_new(find("killed master"), seed, NULL);
        assert_true(stage_play(t));
        assert_int_equal(count(t, "+elected-leader"), 1);
        assert_int_equal(count(t, "+promoted-slave"), 1);
        assert_int_equal(count(t, "+switch-master"), 3);
        assert_int_equal(count(t, "+config-update-from"), 2);
        stage_free(t);
    }
}

static void a_restart_keeps_what_its_file_says(void **state) {
    struct stage *t = stage_new(find("killed master"), 1, NULL);
    assert_true(stage_play(t));
    struct stock *s = &t->stocks[0];
    uint64_t epoch = s->current_epoch;
    struct endpoint master = *stock_group_master(stock_group(s, slice_of(STAGE_GROUP)));
    stock_crash(s, NET_LEAVE_PROCESS);
    assert_null(stock_group(s, slice_of(STAGE_GROUP)));
    stock_start(s);
    const struct stock_group *g = stock_group(s, slice_of(STAGE_GROUP));
    assert_true(s->current_epoch == epoch);
    assert_true(endpoint_equal(stock_group_master(g), &master));
    assert_true(stock_group_knows(g, 2, 2));
    stage_free(t);
}

static void the_same_seed_tells_the_same(void **state) {
    struct stage *first = stage_new(find("old master returns"), 5, NULL);
    struct stage *second = stage_new(find("old master returns"), 5, NULL);
    assert_true(stage_play(first) && stage_play(second));
    assert_string_equal(buf_text(&first->events), buf_text(&second->events));
    stage_free(first);
    stage_free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_ends_in_agreement),
        cmocka_unit_test(a_killed_master_is_replaced_by_one_leader),
        cmocka_unit_test(a_restart_keeps_what_its_file_says),
        cmocka_unit_test(the_same_seed_tells_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
