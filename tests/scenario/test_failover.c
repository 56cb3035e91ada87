/* From a lost master, or an order, to the end of the failover. */
#include "tests/scenario/stage.h"

#define SWITCH "+switch-master mymaster s1 s2"

/* v1 stands first, since its id is the smallest; v2 and v3 are asked at the same instant. */
static void a_killed_master_is_replaced(void **state) {
    struct stage *s = *state;
    stage_kill_master(s);
    stage_run(s, 5000);
    expect_events(s, 1,
        "+sdown master mymaster s1\n"
        "+odown master mymaster s1 #quorum 2/2\n"
        "+new-epoch 1\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v1 1\n"
        "+elected-leader master mymaster s1\n"
        "+failover-state-select-slave master mymaster s1\n"
        "+selected-slave slave s2 @ mymaster s1\n"
        "+failover-state-send-slaveof-noone slave s2 @ mymaster s1\n"
        "+failover-state-wait-promotion slave s2 @ mymaster s1\n"
        "+promoted-slave slave s2 @ mymaster s1\n"
        "+failover-state-reconf-slaves master mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave-reconf-sent slave s3 @ mymaster s1\n"
        "+slave-reconf-inprog slave s3 @ mymaster s1\n"
        "+slave-reconf-done slave s3 @ mymaster s1\n"
        "+failover-end master mymaster s1\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+sdown slave s1 @ mymaster s2\n");
    for (int observer = 2; observer <= 3; observer++)
        expect_events(s, observer,
            "+sdown master mymaster s1\n"
            "+odown master mymaster s1 #quorum 2/2\n"
            "+new-epoch 1\n"
            "+vote-for-leader v1 1\n"
            "+config-update-from sentinel v1 @ mymaster s1\n"
            "+switch-master mymaster s1 s2\n"
            "+slave slave s3 @ mymaster s2\n"
            "+slave slave s1 @ mymaster s2\n"
            "+sdown slave s1 @ mymaster s2\n");
}

static void a_killed_master_is_replaced_right_after_its_time(void **state) {
    struct stage *s = *state;
    stage_kill_master(s);
    int64_t ms = stage_until(s, 1, SWITCH, 2000);
    assert_in_range(ms, 1000, 1050); /* down-after is a second */
    stage_until(s, 2, SWITCH, 10);
    stage_until(s, 3, SWITCH, 10);
}

/* Nobody is down, and the master that is replaced has to be told. */
static void a_forced_failover_turns_the_master_into_a_replica(void **state) {
    struct stage *s = *state;
    assert_string_equal(stage_ask(s, 2, "SENTINEL FAILOVER mymaster"), "+OK");
    stage_run(s, 20000);
    expect_events(s, 2,
        "+new-epoch 1\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v2 1\n"
        "+elected-leader master mymaster s1\n"
        "+failover-state-select-slave master mymaster s1\n"
        "+selected-slave slave s2 @ mymaster s1\n"
        "+failover-state-send-slaveof-noone slave s2 @ mymaster s1\n"
        "+failover-state-wait-promotion slave s2 @ mymaster s1\n"
        "+promoted-slave slave s2 @ mymaster s1\n"
        "+failover-state-reconf-slaves master mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave-reconf-sent slave s3 @ mymaster s1\n"
        "+slave-reconf-inprog slave s3 @ mymaster s1\n"
        "+slave-reconf-done slave s3 @ mymaster s1\n"
        "+failover-end master mymaster s1\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+convert-to-slave slave s1 @ mymaster s2\n");
    expect_events(s, 1,
        "+new-epoch 1\n"
        "+vote-for-leader v2 1\n"
        "+config-update-from sentinel v2 @ mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+convert-to-slave slave s1 @ mymaster s2\n");
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    assert_true(world_agrees(s->world, &why));
}

/* The link is reset behind the promotion order: s2 obeys, and nobody tells us. It is not told
 * again, nor is another one (C11): its INFO says what came of it. */
static void a_promotion_whose_answer_is_lost_stays_with_its_replica(void **state) {
    struct stage *s = *state;
    stage_kill_master(s);
    stage_until(s, 1, "+failover-state-wait-promotion slave s2 @ mymaster s1", 1100);
    assert_false(server_is_master(stage_server(s, 2))); /* the order is on its way */
    stage_cut_link(s, 1, 2);
    stage_until(s, 1, SWITCH, 50);
    stage_run(s, 5000);
    assert_int_equal(s->world->laws.promotion_count, 1);
    expect_events(s, 1,
        "+sdown master mymaster s1\n"
        "+odown master mymaster s1 #quorum 2/2\n"
        "+new-epoch 1\n"
        "+try-failover master mymaster s1\n"
        "+vote-for-leader v1 1\n"
        "+elected-leader master mymaster s1\n"
        "+failover-state-select-slave master mymaster s1\n"
        "+selected-slave slave s2 @ mymaster s1\n"
        "+failover-state-send-slaveof-noone slave s2 @ mymaster s1\n"
        "+failover-state-wait-promotion slave s2 @ mymaster s1\n"
        "+promoted-slave slave s2 @ mymaster s1\n"
        "+failover-state-reconf-slaves master mymaster s1\n"
        "+switch-master mymaster s1 s2\n"
        "+slave-reconf-sent slave s3 @ mymaster s1\n"
        "+slave-reconf-inprog slave s3 @ mymaster s1\n"
        "+slave-reconf-done slave s3 @ mymaster s1\n"
        "+failover-end master mymaster s1\n"
        "+slave slave s3 @ mymaster s2\n"
        "+slave slave s1 @ mymaster s2\n"
        "+sdown slave s1 @ mymaster s2\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_master_is_replaced, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(
            a_killed_master_is_replaced_right_after_its_time, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(
            a_forced_failover_turns_the_master_into_a_replica, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(
            a_promotion_whose_answer_is_lost_stays_with_its_replica, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
