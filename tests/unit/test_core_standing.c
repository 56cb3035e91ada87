/* When an attempt begins, and under which epoch: laws C4 and C2. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

/* ---- law C4: standing ---- */

static void c4_we_stand_in_order_of_rank_among_those_that_are_up(void **state) {
    static const struct {
        const char *id;
        int dead; /* peers, from the first on */
        int64_t latency_ms, wait_ms;
    } cases[] = {
        { OUR_ID, 0, 0, 0 },
        { ID_E, 0, 0, 30 }, /* after b and c */
        { ID_E, 1, 0, 15 },
        { ID_E, 2, 0, 0 },
        { "bzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 0, 0, 15 },
        { ID_E, 0, 7, 30 },
        { ID_E, 0, 20, 80 },
        { OUR_ID, 0, 20, 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.id = cases[i].id;
        o.quorum = 1;
        fixture_start(&f, &o);
        fixture_peers_agree(&f);
        for (int p = 0; p < 2; p++)
            f.peers[p].latency_ms = cases[i].latency_ms;
        for (int p = 0; p < cases[i].dead; p++)
            fixture_crash(&f, &f.peers[p]);
        fixture_advance(&f, 3000);
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+odown", 1200);
        assert_int_equal(fixture_await(&f, "+try-failover", 1000), cases[i].wait_ms);
        fixture_stop(&f);
    }
}

/* It stands soon, and a busy moment must not make it two candidates. */
static void c4_we_wait_longer_for_a_vedette_that_finds_the_master_down_itself(void **state) {
    static const struct {
        bool vedettes[2], agree[2];
        int64_t wait_ms;
    } cases[] = {
        { { true, true }, { true, true }, 200 },
        { { true, false }, { true, true }, 115 },
        { { true, true }, { true, false }, 115 },
        { { true, true }, { false, false }, 30 },
        { { false, false }, { true, true }, 30 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.id = ID_E;
        o.quorum = 1;
        fixture_start_alone(&f, &o);
        for (int p = 0; p < 2; p++) {
            f.peers[p].is_vedette = cases[i].vedettes[p];
            f.peers[p].says_down = cases[i].agree[p];
        }
        fixture_settle(&f);
        fixture_advance(&f, 3000);
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+odown", 1200);
        assert_int_equal(fixture_await(&f, "+try-failover", 1000), cases[i].wait_ms);
        fixture_stop(&f);
    }
}

/* One peer, of a smaller id, that finds the master down when we do. */
static void start_behind_a_vedette(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.id = ID_C;
    o.peers = 1;
    o.quorum = 1;
    o.second_group = "other";
    fixture_start_alone(f, &o);
    f->peers[0].is_vedette = true;
    fixture_peers_agree(f);
    fixture_settle(f);
}

/* Of the disk of the one before us we know nothing: ours is a guess. */
static void c4_we_wait_longer_where_the_disk_is_slow(void **state) {
    static const struct {
        int64_t write_ms, wait_ms;
    } cases[] = { { 0, 100 }, { 30, 130 }, { 300, 400 }, { 5000, 600 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start_behind_a_vedette(&f);
        f.store = STORE_HANGS;
        fixture_request(&f, core_group(f.core, SLICE_LITERAL("other")), 1, ID_D);
        fixture_advance(&f, cases[i].write_ms);
        f.store = STORE_WORKS;
        fixture_durable(&f, f.persist_seq);
        fixture_advance(&f, 1000);
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+odown", 1200);
        assert_int_equal(fixture_await(&f, "+try-failover", 1000), cases[i].wait_ms);
        fixture_stop(&f);
    }
}

/* Another group's fall shows that it leads; not for ever, since it may die on the way. */
static void c4_we_wait_while_its_requests_for_other_groups_come_in(void **state) {
    static const struct {
        int requests; /* 50 ms apart */
        int64_t wait_ms;
    } cases[] = { { 0, 100 }, { 1, 150 }, { 3, 250 }, { 20, 500 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start_behind_a_vedette(&f);
        fixture_advance(&f, 3000);
        fixture_crash(&f, &f.master);
        fixture_await(&f, "+odown", 1200);
        struct group *other = core_group(f.core, SLICE_LITERAL("other"));
        int64_t waited_ms = 0;
        while (!slice_contains(slice_of(fixture_events(&f)), SLICE_LITERAL("+try-failover"))) {
            fixture_advance(&f, 1);
            int r = (int)(++waited_ms / 50);
            if (waited_ms % 50 == 0 && r <= cases[i].requests)
                fixture_request(&f, other, (uint64_t)r, ID_B);
        }
        assert_int_equal(waited_ms, cases[i].wait_ms);
        fixture_stop(&f);
    }
}

static void c4_a_vote_granted_meanwhile_cancels(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.id = ID_E;
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    fixture_fall(&f);
    fixture_advance(&f, 10);
    fixture_request(&f, f.group, 1, ID_B);
    fixture_advance(&f, 39000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c4_a_peers_question_only_hastens_our_own(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.id = ID_E;
    fixture_start(&f, &o);
    fixture_begin(&f);
    election_hint(f.core, f.group); /* the master is up here */
    fixture_end(&f);
    fixture_timer(&f);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 0);

    fixture_crash(&f, &f.master);
    fixture_await(&f, "+sdown", 1200);
    fixture_advance(&f, 3000); /* they disagree; the pauses have grown */
    fixture_forget(&f);
    fixture_peers_agree(&f);
    fixture_begin(&f);
    election_hint(f.core, f.group);
    fixture_end(&f);
    fixture_timer(&f);
    assert_has_event(&f, "+odown " MASTER " #quorum 2/2");
    fixture_stop(&f);
}

/* ---- law C2: one epoch for many ---- */

static void c2_attempts_of_one_wake_up_share_an_epoch(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    o.quorum = 1;
    fixture_start(&f, &o);
    fixture_advance(&f, 17);
    fixture_crash(&f, &f.master);
    fixture_crash(&f, &f.second_master);
    fixture_advance(&f, 1001);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    assert_int_equal(f.group->vote_epoch, 1);
    assert_int_equal(other->vote_epoch, 1);
    assert_int_equal(f.core->current_epoch, 1);
    fixture_stop(&f);
}

static void c2_attempts_of_the_same_second_do_and_later_ones_do_not(void **state) {
    static const struct {
        int64_t apart_ms;
        uint64_t epoch;
    } cases[] = { { 10, 1 }, { 999, 1 }, { 1000, 2 }, { 5000, 2 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.second_group = "other";
        o.quorum = 1;
        fixture_start(&f, &o);
        fixture_advance(&f, 17);
        fixture_crash(&f, &f.master);
        fixture_advance(&f, cases[i].apart_ms);
        fixture_crash(&f, &f.second_master);
        fixture_advance(&f, 1001);
        assert_int_equal(f.group->vote_epoch, 1);
        assert_int_equal(core_group(f.core, SLICE_LITERAL("other"))->vote_epoch, cases[i].epoch);
        fixture_stop(&f);
    }
}

static void c2_not_if_somebody_has_a_later_one(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    fixture_begin(&f);
    election_begin(f.core, f.group, ELECTION_ODOWN);
    core_raise_epoch(f.core, other, 7);
    election_begin(f.core, other, ELECTION_ODOWN);
    assert_int_equal(f.group->attempt.epoch, 1);
    assert_int_equal(other->attempt.epoch, 8);
    core_end(f.core);
    fixture_stop(&f);
}

static void c2_a_group_that_voted_in_the_shared_epoch_makes_a_new_one(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    fixture_begin(&f);
    election_begin(f.core, f.group, ELECTION_ODOWN);
    (void)election_request(f.core, other, 1, SLICE_LITERAL(ID_B));
    election_begin(f.core, other, ELECTION_FORCED);
    assert_int_equal(f.group->attempt.epoch, 1);
    assert_int_equal(other->attempt.epoch, 2);
    core_end(f.core);
    fixture_stop(&f);
}

static void a_new_epoch_is_above_what_peers_are_known_to_have_spent(void **state) {
    static const struct {
        uint64_t spent, epoch;
    } cases[] = { { 0, 1 }, { 7, 8 }, { UINT64_C(1) << 60, 1 } /* not believed */ };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start_unloved(&f, &FIXTURE_STANDARD);
        fixture_peer(&f, 0)->voted_epoch = cases[i].spent;
        fixture_fall(&f);
        fixture_await(&f, "+try-failover", 100);
        assert_int_equal(f.group->attempt.epoch, cases[i].epoch);
        fixture_stop(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c4_we_stand_in_order_of_rank_among_those_that_are_up),
        cmocka_unit_test(c4_we_wait_longer_for_a_vedette_that_finds_the_master_down_itself),
        cmocka_unit_test(c4_we_wait_longer_where_the_disk_is_slow),
        cmocka_unit_test(c4_we_wait_while_its_requests_for_other_groups_come_in),
        cmocka_unit_test(c4_a_vote_granted_meanwhile_cancels),
        cmocka_unit_test(c4_a_peers_question_only_hastens_our_own),
        cmocka_unit_test(c2_attempts_of_one_wake_up_share_an_epoch),
        cmocka_unit_test(c2_attempts_of_the_same_second_do_and_later_ones_do_not),
        cmocka_unit_test(c2_not_if_somebody_has_a_later_one),
        cmocka_unit_test(c2_a_group_that_voted_in_the_shared_epoch_makes_a_new_one),
        cmocka_unit_test(a_new_epoch_is_above_what_peers_are_known_to_have_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
