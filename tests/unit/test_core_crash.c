#include "sentinel/core/crash.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/input.h"

#include <stdio.h>

#define REFUSED "+sdown " MASTER " #connections refused for "

static struct fixture_options options(int64_t crash_after_ms) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 5000;
    o.crash_after_ms = crash_after_ms;
    return o;
}

static void a_refusing_master_is_down_after_crash_after_and_not_before(void **state) {
    static const int64_t limits_ms[] = { 1, 20, 50, 200, 333, 1000, 4000 };
    for (size_t i = 0; i < ARRAY_SIZE(limits_ms); i++) {
        struct fixture f;
        struct fixture_options o = options(limits_ms[i]);
        fixture_start(&f, &o);
        fixture_advance(&f, 1017); /* the last attempt to connect is long ago */
        fixture_crash(&f, &f.master);
        fixture_advance(&f, limits_ms[i] - 1);
        assert_events(&f, "");
        fixture_advance(&f, 1);
        char expected[128];
        snprintf(expected, sizeof(expected), REFUSED "%lld ms\n", (long long)limits_ms[i]);
        assert_string_equal(fixture_events(&f), expected);
        assert_true(f.group->master->sdown);
        fixture_stop(&f);
    }
}

static void it_is_off_unless_asked_for(void **state) {
    struct fixture f;
    struct fixture_options o = options(0);
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 5000);
    assert_events(&f, "");
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    fixture_stop(&f);
}

/* Nor does it make the limit of silence any longer. */
static void silence_counts_as_ever(void **state) {
    static const enum far_mood moods[] = { FAR_HANGS, FAR_VANISHED };
    for (size_t i = 0; i < ARRAY_SIZE(moods); i++) {
        struct fixture f;
        struct fixture_options o = options(200);
        fixture_start(&f, &o);
        if (moods[i] == FAR_VANISHED)
            fixture_cut(&f, &f.master);
        f.master.mood = moods[i];
        fixture_advance(&f, 4700);
        assert_no_event(&f, "+sdown");
        fixture_await(&f, "+sdown", 700);
        assert_has_event(&f, "+sdown " MASTER);
        fixture_stop(&f);
    }
}

static void a_master_that_restarts_in_time_is_not_down(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start(&f, &o);
    for (int round = 0; round < 3; round++) {
        fixture_crash(&f, &f.master);
        fixture_advance(&f, 199);
        fixture_revive(&f.master);
        fixture_advance(&f, 1000);
    }
    assert_no_event(&f, "+sdown");
    fixture_stop(&f);
}

/* Whoever drops packets between two refusals is there. */
static void an_attempt_that_ends_in_another_way_begins_the_count_anew(void **state) {
    struct fixture f;
    struct fixture_options o = options(800);
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 700);
    f.master.mood = FAR_VANISHED;
    fixture_advance(&f, 3000); /* an attempt is given up after half of down-after */
    f.master.mood = FAR_REFUSES;
    fixture_advance(&f, 700);
    assert_no_event(&f, "+sdown");
    fixture_stop(&f);
}

/* It may have come back and died again meanwhile. */
static void a_refusal_that_was_long_on_its_way_begins_the_count_anew(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 199);
    f.master.mood = FAR_VANISHED;
    fixture_advance(&f, 2000); /* the attempt of the last instant is under way */
    f.master.mood = FAR_REFUSES;
    fixture_advance(&f, 199);
    assert_no_event(&f, "+sdown");
    fixture_advance(&f, 10);
    assert_has_event(&f, REFUSED "200 ms");
    fixture_stop(&f);
}

/* Whoever answers on a connection that stands is alive, although nobody else gets in. */
static void refusals_of_the_other_connection_do_not_count(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start(&f, &o);
    struct link *l = &f.group->master->pubsub;
    for (int i = 0; i < 10; i++) {
        fixture_begin(&f);
        l->tried_heard_ms = f.now.heard_ms;
        crash_note_attempt(f.core, l, true);
        fixture_end(&f);
        fixture_advance(&f, 100);
    }
    assert_no_event(&f, "+sdown");
    fixture_stop(&f);
}

static void a_connection_alone_does_not_end_it_and_an_answer_does(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    o.id = ID_E; /* last in rank: no attempt begins while we look */
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+sdown", 300);
    f.master.mood = FAR_HANGS;
    fixture_advance(&f, 1000);
    assert_true(f.group->master->sdown);
    f.master.mood = FAR_ANSWERS;
    fixture_cut(&f, &f.master);
    fixture_advance(&f, 1300);
    assert_has_event(&f, "-sdown " MASTER);
    assert_false(f.group->master->sdown);
    fixture_stop(&f);
}

static void an_answer_before_the_promotion_ends_the_attempt(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start_unloved(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+try-failover", 500);
    fixture_revive(&f.master);
    fixture_advance(&f, 1500);
    assert_has_event(&f, "-sdown " MASTER);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_stop(&f);
}

static void replicas_are_judged_by_silence_alone(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start(&f, &o);
    fixture_crash(&f, &f.replicas[0]);
    fixture_advance(&f, 4900);
    assert_no_event(&f, "+sdown");
    fixture_await(&f, "+sdown", 1200);
    assert_has_event(&f, "+sdown " REPLICA);
    fixture_stop(&f);
}

/* A refusal that lay unread while we stood still says nothing of now. */
static void our_own_stall_is_no_crash(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    fixture_start(&f, &o);
    fixture_advance(&f, 1017);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 140);
    f.master.mood = FAR_VANISHED;
    fixture_advance(&f, 40); /* an attempt is under way */
    const struct link *l = &f.group->master->command;
    assert_int_equal(l->state, LINK_OPENING);
    fixture_stall(&f, 1500);
    fixture_revive(&f.master);
    f.links[l->id.value].state = HERE_CLOSED;
    fixture_step(&f,
        &(struct input){ .kind = INPUT_LINK_LOST,
            .link = l->id,
            .incarnation = l->incarnation,
            .refused = true });
    fixture_advance(&f, 1000);
    assert_no_event(&f, "+sdown");
    fixture_stop(&f);
}

/* The master refuses for 120 ms, then we stand still. */
static void stall_between_two_refusals(struct fixture *f, int64_t stall_ms) {
    struct fixture_options o = options(200);
    fixture_start(f, &o);
    fixture_advance(f, 1017);
    fixture_crash(f, &f->master);
    fixture_advance(f, 120);
    fixture_stall(f, stall_ms);
}

/* It may have come back and died again meanwhile, however little of that we count as ours. */
static void a_stall_between_two_refusals_begins_the_count_anew(void **state) {
    struct fixture f;
    stall_between_two_refusals(&f, 1500);
    fixture_advance(&f, 199);
    assert_no_event(&f, "+sdown");
    fixture_advance(&f, 51);
    assert_has_event(&f, REFUSED "200 ms");
    fixture_stop(&f);
}

static void a_short_delay_of_ours_does_not(void **state) {
    struct fixture f;
    stall_between_two_refusals(&f, 40);
    fixture_advance(&f, 40);
    assert_has_event(&f, REFUSED "200 ms");
    fixture_stop(&f);
}

static void set_crash_after(struct fixture *f, int64_t crash_after_ms) {
    struct group_settings changed;
    group_settings_copy(&changed, &f->group->settings);
    changed.crash_after_ms = crash_after_ms;
    fixture_begin(f);
    core_apply_settings(f->core, f->group, &changed);
    fixture_end(f);
    group_settings_fini(&changed);
}

static void turned_off_at_a_reload_it_counts_no_more(void **state) {
    struct fixture f;
    struct fixture_options o = options(200);
    o.id = ID_E;
    fixture_start(&f, &o);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+sdown", 300);
    set_crash_after(&f, 0);
    assert_has_event(&f, "-sdown " MASTER);
    fixture_stop(&f);
}

/* It lived between two attempts that were far apart, as they may have been before the change. */
static void refusals_before_a_change_of_crash_after_do_not_count(void **state) {
    static const int64_t before_ms[] = { 0, 4000 };
    for (size_t i = 0; i < ARRAY_SIZE(before_ms); i++) {
        struct fixture f;
        struct fixture_options o = options(before_ms[i]);
        fixture_start(&f, &o);
        fixture_advance(&f, 1017);
        fixture_crash(&f, &f.master);
        fixture_advance(&f, 100);
        fixture_revive(&f.master);
        fixture_advance(&f, 700); /* nobody saw it */
        f.master.mood = FAR_REFUSES;
        set_crash_after(&f, 50);
        fixture_advance(&f, 49);
        assert_no_event(&f, "+sdown");
        fixture_advance(&f, 2);
        assert_has_event(&f, REFUSED "50 ms");
        fixture_stop(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusing_master_is_down_after_crash_after_and_not_before),
        cmocka_unit_test(it_is_off_unless_asked_for),
        cmocka_unit_test(silence_counts_as_ever),
        cmocka_unit_test(a_master_that_restarts_in_time_is_not_down),
        cmocka_unit_test(an_attempt_that_ends_in_another_way_begins_the_count_anew),
        cmocka_unit_test(a_refusal_that_was_long_on_its_way_begins_the_count_anew),
        cmocka_unit_test(refusals_of_the_other_connection_do_not_count),
        cmocka_unit_test(a_connection_alone_does_not_end_it_and_an_answer_does),
        cmocka_unit_test(an_answer_before_the_promotion_ends_the_attempt),
        cmocka_unit_test(replicas_are_judged_by_silence_alone),
        cmocka_unit_test(our_own_stall_is_no_crash),
        cmocka_unit_test(a_stall_between_two_refusals_begins_the_count_anew),
        cmocka_unit_test(a_short_delay_of_ours_does_not),
        cmocka_unit_test(turned_off_at_a_reload_it_counts_no_more),
        cmocka_unit_test(refusals_before_a_change_of_crash_after_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
