/* When the next attempt follows one that came to nothing: laws C5 and C6. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

static void c5_a_dead_attempt_is_retried_fast_five_times_at_most(void **state) {
    static const struct {
        int64_t least_ms, most_ms;
    } pauses[] = { { 50, 250 }, { 100, 500 }, { 200, 1000 }, { 400, 2000 }, { 800, 2000 } };
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    f.peers[0].is_vain = f.peers[1].is_vain = true;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        fixture_forget(&f);
        int64_t pause_ms = fixture_await(&f, "+try-failover", 2100);
        assert_in_range(pause_ms, pauses[i].least_ms, pauses[i].most_ms);
        fixture_await(&f, "-failover-abort-not-elected", 100);
    }
    assert_int_equal(f.core->current_epoch, 6);
    fixture_forget(&f);
    fixture_advance(&f, 35000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c5_the_retry_wins_when_the_votes_are_there(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    f.peers[0].is_vain = f.peers[1].is_vain = true;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    f.peers[0].is_vain = false;
    f.peers[0].votes = true;
    fixture_await(&f, "+elected-leader", 300);
    fixture_stop(&f);
}

static void c5_an_attempt_that_somebody_may_still_win_is_not_dead(void **state) {
    static const struct {
        int peers, vain, silent; /* the others vote for us */
        bool dead;
    } cases[] = {
        { 2, 2, 0, true },  /* one each */
        { 2, 1, 1, false }, /* the silent one decides */
        { 4, 2, 1, false }, /* 2 for us, 1, 1; 3 needed */
        { 4, 3, 0, true },  /* 2, 1, 1, 1 */
        { 4, 3, 1, false }, /* 1, 1, 1, 1 and one unknown: nobody can reach 3 */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.peers = cases[i].peers;
        fixture_start(&f, &o);
        fixture_peers_agree(&f);
        for (int p = 0; p < cases[i].vain; p++)
            f.peers[p].is_vain = true;
        fixture_crash(&f, &f.master);
        fixture_advance(&f, 990);
        for (int p = 0; p < cases[i].silent; p++)
            f.peers[cases[i].peers - 1 - p].holds =
                "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1";
        bool hopeless = i == 4; /* even with the unknown one */
        fixture_await(&f, "+try-failover", 100);
        fixture_advance(&f, 40);
        if (cases[i].dead || hopeless)
            assert_has_event(&f, "-failover-abort-not-elected " MASTER);
        else
            assert_no_event(&f, "-failover-abort-not-elected");
        fixture_stop(&f);
    }
}

static void c5_without_a_reachable_majority_a_dead_attempt_is_not_retried_fast(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    f.peers[0].is_vain = f.peers[1].is_vain = true;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    f.group->retry_at_ms += 2000; /* time to find them dead */
    fixture_crash(&f, &f.peers[0]);
    fixture_crash(&f, &f.peers[1]);
    fixture_forget(&f);
    fixture_advance(&f, 10000);
    assert_int_equal(group_usable(f.core, f.group), 1);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c5_a_later_epoch_elsewhere_is_no_proof_of_death(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 4;
    fixture_start_unloved(&f, &o);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 5; /* three others may still make a leader of our epoch */
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    fixture_forget(&f);
    fixture_advance(&f, 5000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c5_a_vote_spent_on_a_later_epoch_may_have_gone_to_a_rival_before(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_B), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 1;
    slice_copy(slice_of(ID_D), f.peers[1].vote_for, CANDIDATE_MAX);
    f.peers[1].vote_epoch = 2; /* and 1 for B, perhaps, which leads then */
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    fixture_forget(&f);
    fixture_advance(&f, 5000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

/* Three peers, of which the last is not known; the others each vote for themselves. */
static void begin_with_an_unknown_voter(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 3;
    fixture_start_unloved(f, &o);
    fixture_begin(f);
    peer_free(f->core, fixture_peer(f, 2));
    fixture_end(f);
    f->peers[0].is_vain = f->peers[1].is_vain = true;
    fixture_fall(f);
    fixture_await(f, "-failover-abort-not-elected", 100);
    fixture_forget(f);
}

static void meet_it(struct fixture *f) {
    const struct far *p = &f->peers[2];
    fixture_hello(f,
        &(struct hello_line){ p->address.host, p->address.port, p->id, f->core->current_epoch,
            "10.0.0.1", 6379, 0, NULL });
    assert_non_null(fixture_peer(f, 2));
}

/* It was not counted, and may have made a rival the leader. */
static void c5_a_voter_that_turns_up_takes_back_the_fast_retry(void **state) {
    struct fixture f;
    begin_with_an_unknown_voter(&f);
    meet_it(&f);
    fixture_advance(&f, 5000);
    assert_no_event(&f, "+try-failover");
    fixture_stop(&f);
}

static void c5_a_voter_that_turns_up_in_a_fast_retry_elects_nobody(void **state) {
    struct fixture f;
    begin_with_an_unknown_voter(&f);
    f.peers[0].is_vain = false;
    f.peers[0].votes = f.peers[2].votes = true;
    f.peers[0].holds = "SENTINEL is-master-down-by-addr";
    fixture_await(&f, "+try-failover", 300);
    meet_it(&f);
    f.peers[0].holds = NULL;
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 5000);
    assert_string_equal(fixture_peer(&f, 0)->voted_for, OUR_ID);
    assert_string_equal(fixture_peer(&f, 2)->voted_for, OUR_ID); /* three of four, with ours */
    assert_no_event(&f, "+elected-leader");
    fixture_stop(&f);
}

static void c6_voters_down_before_count_as_lost_only_if_all_rivals_are_vedettes(void **state) {
    static const struct {
        bool is_vedette, was_down, dead;
    } cases[] = {
        { true, true, true },
        { false, true, false },
        { true, false, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_peers_agree(&f);
        f.peers[0].is_vain = true; /* one vote each, and the dead one would decide */
        f.peers[0].is_vedette = cases[i].is_vedette;
        fixture_cut(&f, &f.peers[0]); /* it introduces itself anew */
        fixture_advance(&f, 1000);
        fixture_crash(&f, &f.master);
        if (cases[i].was_down)
            fixture_crash(&f, &f.peers[1]);
        else
            fixture_hang(&f.peers[1]); /* found down later */
        if (cases[i].was_down)
            fixture_await(&f, "+sdown", 1200);
        fixture_await(&f, "+try-failover", 1200);
        fixture_advance(&f, 3000);
        assert_true(fixture_peer(&f, 1)->sdown);
        if (cases[i].dead)
            assert_has_event(&f, "-failover-abort-not-elected " MASTER);
        else
            assert_no_event(&f, "-failover-abort-not-elected");
        fixture_stop(&f);
    }
}

/* Two of five are gone for us, and may have made the rival a leader. */
static void c6_an_absent_voter_that_returns_elects_nobody_beside_the_rival(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 4;
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    f.peers[0].is_vain = f.peers[0].is_vedette = true;
    fixture_cut(&f, &f.peers[0]); /* it introduces itself anew */
    fixture_advance(&f, 1000);
    fixture_crash(&f, &f.peers[2]);
    fixture_crash(&f, &f.peers[3]);
    fixture_advance(&f, 1200);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-not-elected", 5000);
    fixture_revive(&f.peers[2]);
    fixture_await(&f, "-sdown", 2000);
    fixture_advance(&f, 5000);
    assert_no_event(&f, "+elected-leader");
    fixture_stop(&f);
}

/* It was given up for as long as the failover-timeout of now says, as with all that waits. */
static void c6_an_absent_voter_counts_sooner_with_a_shorter_timeout(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 4;
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    f.peers[0].is_vain = f.peers[0].is_vedette = true;
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 1000);
    fixture_crash(&f, &f.peers[2]);
    fixture_crash(&f, &f.peers[3]);
    fixture_advance(&f, 1200);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-failover-abort-not-elected", 5000);
    fixture_revive(&f.peers[2]);
    fixture_await(&f, "-sdown", 2000);
    f.group->settings.failover_timeout_ms = 2000;
    fixture_advance(&f, 9000);
    assert_has_event(&f, "+elected-leader " MASTER);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c5_a_dead_attempt_is_retried_fast_five_times_at_most),
        cmocka_unit_test(c5_the_retry_wins_when_the_votes_are_there),
        cmocka_unit_test(c5_an_attempt_that_somebody_may_still_win_is_not_dead),
        cmocka_unit_test(c5_without_a_reachable_majority_a_dead_attempt_is_not_retried_fast),
        cmocka_unit_test(c5_a_later_epoch_elsewhere_is_no_proof_of_death),
        cmocka_unit_test(c5_a_vote_spent_on_a_later_epoch_may_have_gone_to_a_rival_before),
        cmocka_unit_test(c5_a_voter_that_turns_up_takes_back_the_fast_retry),
        cmocka_unit_test(c5_a_voter_that_turns_up_in_a_fast_retry_elects_nobody),
        cmocka_unit_test(c6_voters_down_before_count_as_lost_only_if_all_rivals_are_vedettes),
        cmocka_unit_test(c6_an_absent_voter_that_returns_elects_nobody_beside_the_rival),
        cmocka_unit_test(c6_an_absent_voter_counts_sooner_with_a_shorter_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
