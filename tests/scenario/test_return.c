/* A master that was replaced comes back. */
#include "tests/scenario/stage.h"

#define HELLO_MS      2000 /* between two hellos of a vedette */
#define CORRECTION_MS 8000 /* how long a stray master is left alone without a majority */

static void replace_master(struct stage *s) {
    stage_kill_master(s);
    stage_run(s, 5000);
    stage_forget(s);
}

/* How long s1, once started, stays a master. */
static int64_t time_until_demoted(struct stage *s, int64_t limit_ms) {
    stage_start_server(s, 1);
    assert_true(server_is_master(stage_server(s, 1)));
    int64_t ms = 0;
    while (server_is_master(stage_server(s, 1)) && ms++ < limit_ms)
        stage_run(s, 1);
    assert_true(stage_server(s, 1)->upstream == stage_server(s, 2));
    stage_run(s, 5000);
    return ms;
}

/* Whoever hears of the majority gives the order, and maybe not alone; the others find a replica. */
static void an_old_master_is_demoted_once_a_majority_has_announced_the_new_one(void **state) {
    struct stage *s = *state;
    replace_master(s);
    int64_t ms = time_until_demoted(s, CORRECTION_MS);
    assert_in_range(ms, 1, HELLO_MS + 500);
    int orders = 0;
    for (int i = 1; i <= s->world->vedette_count; i++) {
        if (!stage_has_told(s, i, "+convert-to-slave slave s1 @ mymaster s2")) {
            expect_events(s, i, "-sdown slave s1 @ mymaster s2\n");
            continue;
        }
        orders++;
        expect_events(s, i,
            "-sdown slave s1 @ mymaster s2\n"
            "+convert-to-slave slave s1 @ mymaster s2\n");
    }
    assert_true(orders > 0);
}

/* One that is alone cannot know that nobody has made a later configuration. */
static void without_a_majority_an_old_master_is_left_alone_for_a_while(void **state) {
    struct stage *s = *state;
    replace_master(s);
    vedette_crash(stage_vedette(s, 2), NET_LEAVE_PROCESS);
    vedette_crash(stage_vedette(s, 3), NET_LEAVE_PROCESS);
    stage_run(s, 3000);
    stage_forget(s);
    int64_t ms = time_until_demoted(s, 2 * CORRECTION_MS);
    assert_in_range(ms, CORRECTION_MS, CORRECTION_MS + 1500);
    expect_events(s, 1,
        "-sdown slave s1 @ mymaster s2\n"
        "+convert-to-slave slave s1 @ mymaster s2\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_old_master_is_demoted_once_a_majority_has_announced_the_new_one, stage_open,
            stage_close),
        cmocka_unit_test_setup_teardown(
            without_a_majority_an_old_master_is_left_alone_for_a_while, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
