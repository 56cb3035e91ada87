#include "sentinel/core/room.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/core.h"

#define FOR_PEERS 8
#define OF_GROUP  6 /* with two replicas, or before it is learned */

static void start(struct fixture *f, uint64_t links) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    o.links = links;
    fixture_start(f, &o);
}

static struct group *other(const struct fixture *f) {
    return core_group(f->core, SLICE_LITERAL("other"));
}

static void assert_is_watched(const struct fixture *f, bool expected) {
    const struct group *g = other(f);
    assert_int_equal(g->waits_for_room, !expected);
    assert_int_equal(g->master->command.state, expected ? LINK_OPEN : LINK_CLOSED);
    assert_int_equal(g->master->pubsub.state, expected ? LINK_OPEN : LINK_CLOSED);
    assert_int_equal(f->core->room.waiting_count, !expected);
}

static void set_room(struct fixture *f, uint64_t links) {
    fixture_begin(f);
    room_set(f->core, &(struct descriptor_usage){ .max = links + 40, .links = links });
    fixture_end(f);
    fixture_settle(f);
}

static void all_groups_that_fit_are_watched(void **state) {
    (void)state;
    static const struct {
        uint64_t links;
        bool watched;
    } cases[] = {
        { 0, true },
        { FOR_PEERS + 2 * OF_GROUP, true },
        { FOR_PEERS + 2 * OF_GROUP - 1, false },
        { FOR_PEERS + OF_GROUP, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start(&f, cases[i].links);
        assert_int_equal(f.group->master->command.state, LINK_OPEN);
        assert_is_watched(&f, cases[i].watched);
        fixture_stop(&f);
    }
}

static void who_waits_is_not_judged_and_the_log_says_so(void **state) {
    (void)state;
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    o.links = FOR_PEERS + OF_GROUP;
    fixture_start_alone(&f, &o);
    assert_logged(&f,
        "1 of 2 groups are not watched for want of descriptors, other among them: the limit of open "
        "files is 54, needed are 60");
    assert_int_equal(room_needed_descriptors(f.core), 60);
    fixture_settle(&f);
    fixture_forget(&f);
    fixture_advance(&f, 90000);
    assert_no_event(&f, "+sdown");
    assert_string_equal(fixture_logs(&f), "");
    assert_is_watched(&f, false);
    fixture_stop(&f);
}

static void a_group_that_goes_makes_room(void **state) {
    (void)state;
    struct fixture f;
    start(&f, FOR_PEERS + OF_GROUP);
    fixture_advance(&f, 90000);
    fixture_forget(&f);
    fixture_begin(&f);
    core_remove_group(f.core, f.group, CORE_REMOVE_FORGET);
    fixture_end(&f);
    fixture_settle(&f);
    assert_is_watched(&f, true);
    assert_no_event(&f, "+sdown"); /* its silence begins now */
    assert_logged(&f, "descriptors suffice again: all 1 groups are watched");
    fixture_stop(&f);
}

static void a_higher_limit_makes_room(void **state) {
    (void)state;
    struct fixture f;
    start(&f, FOR_PEERS + OF_GROUP);
    set_room(&f, FOR_PEERS + 2 * OF_GROUP - 1);
    assert_is_watched(&f, false);
    set_room(&f, FOR_PEERS + 2 * OF_GROUP);
    assert_is_watched(&f, true);
    set_room(&f, 1); /* who has room keeps it */
    assert_is_watched(&f, true);
    fixture_stop(&f);
}

static void what_a_group_does_not_need_is_room_when_it_is_learned(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 0);
    assert_int_equal(room_used(f.core), FOR_PEERS + 2 * OF_GROUP);
    fixture_advance(&f, 20000);
    assert_int_equal(room_used(f.core), FOR_PEERS + 2 * OF_GROUP);
    fixture_advance(&f, 11000);
    assert_int_equal(room_used(f.core), FOR_PEERS + OF_GROUP + 2); /* the other has no replicas */
    fixture_stop(&f);
}

/* Every attempt to reach the master fails; whether it is found down. */
static bool falls(bool starved) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    fixture_start_alone(&f, &o);
    for (int i = 0; i < 20; i++) {
        const struct link *l = &f.group->master->command;
        if (l->state != LINK_CLOSED) {
            f.links[l->id.value].state = HERE_CLOSED;
            fixture_step(&f,
                &(struct input){
                    .kind = INPUT_LINK_LOST,
                    .link = l->id,
                    .incarnation = l->incarnation,
                    .why = SLICE_LITERAL("Too many open files"),
                    .starved = starved,
                });
        }
        f.now.mono_ms += 250;
        f.now.heard_ms += 250;
        fixture_step(&f, &(struct input){ .kind = INPUT_TIMER });
    }
    bool down = f.group->master->sdown;
    fixture_stop(&f);
    return down;
}

static void our_own_want_is_nobodys_silence(void **state) {
    (void)state;
    assert_true(falls(false));
    assert_false(falls(true));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_groups_that_fit_are_watched),
        cmocka_unit_test(who_waits_is_not_judged_and_the_log_says_so),
        cmocka_unit_test(a_group_that_goes_makes_room),
        cmocka_unit_test(a_higher_limit_makes_room),
        cmocka_unit_test(what_a_group_does_not_need_is_room_when_it_is_learned),
        cmocka_unit_test(our_own_want_is_nobodys_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
