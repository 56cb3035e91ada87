#include "sentinel/core/election.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"
#include "sentinel/core/input.h"

#include <stdio.h>
#include <string.h>

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

/* ---- law C1: counting ---- */

static void c1_the_majority_and_the_quorum_are_needed(void **state) {
    static const struct {
        int peers;
        int64_t quorum;
        int voting;
        bool elected;
    } cases[] = {
        { 0, 1, 0, true },
        { 1, 1, 0, false },
        { 1, 1, 1, true },
        { 2, 2, 0, false },
        { 2, 2, 1, true },
        { 2, 1, 0, false },
        { 3, 2, 1, false },
        { 3, 2, 2, true },
        { 4, 2, 2, true },
        { 4, 4, 2, false }, /* the majority is there, the quorum is not */
        { 4, 4, 3, true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.peers = cases[i].peers;
        o.quorum = cases[i].quorum;
        fixture_start_unloved(&f, &o);
        for (int p = 0; p < cases[i].voting; p++)
            f.peers[p].votes = true;
        fixture_fall(&f);
        fixture_advance(&f, 100);
        assert_has_event(&f, "+try-failover " MASTER);
        if (cases[i].elected)
            assert_has_event(&f, "+elected-leader " MASTER);
        else
            assert_no_event(&f, "+elected-leader");
        fixture_stop(&f);
    }
}

static void c1_only_votes_of_our_epoch_count(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 7;
    fixture_start_unloved(&f, &o);
    for (int i = 0; i < 2; i++) { /* they voted for us once */
        slice_copy(slice_of(OUR_ID), f.peers[i].vote_for, CANDIDATE_MAX);
        f.peers[i].vote_epoch = 7;
    }
    fixture_fall(&f);
    fixture_advance(&f, 5000);
    assert_string_equal(fixture_peer(&f, 0)->voted_for, OUR_ID);
    assert_int_equal(fixture_peer(&f, 0)->voted_epoch, 7);
    assert_has_event(&f, "+new-epoch 8");
    assert_no_event(&f, "+elected-leader");
    fixture_stop(&f);
}

static void c1_a_peer_that_voted_beyond_our_epoch_ends_the_attempt(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 5;
    fixture_fall(&f);
    fixture_await(&f, "-failover-abort-not-elected", 100);
    assert_int_equal(f.group->attempt.state, FAILOVER_NONE);
    fixture_stop(&f);
}

static void a_vote_under_an_impossible_epoch_is_not_believed(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = UINT64_C(1) << 60;
    f.peers[1].votes = true;
    fixture_fall(&f);
    fixture_await(&f, "+elected-leader", 200);
    assert_int_equal(fixture_peer(&f, 0)->voted_epoch, 0);
    assert_no_event(&f, "-failover-abort");
    fixture_stop(&f);
}

static void c1_a_newer_configuration_ends_the_attempt(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    fixture_fall(&f);
    fixture_forget(&f);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 2, "10.0.0.1", 6379, 2, NULL });
    assert_events(&f, "+new-epoch 2\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

static void a_vote_is_asked_for_only_when_our_own_is_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.store = STORE_HANGS;
    fixture_fall(&f);
    fixture_await(&f, "+try-failover", 100);
    fixture_advance(&f, 500);
    for (size_t i = 0; i < f.sent_count; i++)
        if (strncmp(f.sent[i].text, "SENTINEL", 8) == 0)
            assert_string_equal(
                f.sent[i].text, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *");
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    f.store = STORE_WORKS;
    fixture_settle(&f);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    assert_has_event(&f, "+elected-leader " MASTER);
    fixture_stop(&f);
}

static void our_own_vote_counts_only_when_it_is_on_disk(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    o.quorum = 1;
    fixture_start(&f, &o);
    f.store = STORE_HANGS;
    fixture_fall(&f);
    fixture_advance(&f, 500);
    assert_has_event(&f, "+try-failover " MASTER);
    assert_no_event(&f, "+elected-leader");
    assert_no_event(&f, "-failover-abort-not-elected");
    f.store = STORE_FAILS;
    fixture_advance(&f, 3000);
    assert_no_event(&f, "+elected-leader");
    f.store = STORE_WORKS;
    fixture_await(&f, "+elected-leader", 1100);
    fixture_stop(&f);
}

static void the_vote_is_asked_for_beside_a_question_in_flight(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.quorum = 1;
    fixture_start(&f, &o);
    f.peers[0].holds = f.peers[1].holds = "SENTINEL";
    fixture_fall(&f);
    fixture_settle(&f);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "SENTINEL"), 2);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    fixture_advance(&f, 1000);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "SENTINEL"), 2); /* and only once */
    fixture_stop(&f);
}

static void too_few_votes_in_time_end_the_attempt_and_stocks_wait_follows(void **state) {
    static const struct {
        int64_t failover_timeout_ms, limit_ms;
    } cases[] = { { 20000, 10000 }, { 3000, 3000 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.failover_timeout_ms = cases[i].failover_timeout_ms;
        fixture_start_unloved(&f, &o);
        fixture_fall(&f);
        fixture_settle(&f);
        int64_t begun_ms = f.group->attempt.begun_ms;
        fixture_advance(&f, begun_ms + cases[i].limit_ms - f.now.mono_ms);
        assert_no_event(&f, "-failover-abort-not-elected");
        fixture_advance(&f, 1);
        assert_has_event(&f, "-failover-abort-not-elected " MASTER);
        fixture_forget(&f);
        int64_t allowed_ms = begun_ms + 2 * cases[i].failover_timeout_ms;
        fixture_advance(&f, allowed_ms - 1 - f.now.mono_ms);
        assert_no_event(&f, "+try-failover");
        fixture_await(&f, "+try-failover", 1001); /* its random part is below a second */
        fixture_stop(&f);
    }
}

static void the_attempt_ends_when_the_master_answers(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    fixture_start_unloved(&f, &o);
    fixture_hang(&f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_forget(&f);
    fixture_revive(&f.master);
    fixture_settle(&f);
    assert_events(
        &f, "-sdown " MASTER "\n-odown " MASTER "\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

/* Each attempt asks anew, without waiting for what the last one asked. */
static void a_peer_that_hangs_is_not_asked_for_ever(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.failover_timeout_ms = 100;
    fixture_start_unloved(&f, &o);
    f.core->settings.limits.max[LIMIT_PENDING_COMMANDS] = 10;
    fixture_fall(&f);
    fixture_hang(&f.peers[0]);
    size_t most = 0, attempts = 0;
    for (int step = 0; step < 150; step++) { /* for as long as a link has to live at least */
        fixture_advance(&f, 90);
        most = MAX_OF(most, peer_find(f.group, f.peers[0].id)->process->link.count);
        attempts = f.core->next_attempt;
    }
    assert_in_range(attempts, 20, 1000);
    assert_in_range(most, 5, 11);
    fixture_stop(&f);
}

/* It has restarted, and loads for too long: we stand. */
static void stand_against_a_loading_master(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.reboot_down_after_ms = 5000;
    fixture_start_unloved(f, &o);
    f->master.run_id[0] = 'f';
    f->master.pong = "-LOADING the dataset\r\n";
    fixture_cut(f, &f->master);
    fixture_await(f, "+try-failover", 7000);
    fixture_forget(f);
}

static void it_ends_too_when_a_restarted_master_has_loaded(void **state) {
    struct fixture f;
    stand_against_a_loading_master(&f);
    f.master.pong = "+PONG\r\n";
    fixture_await(&f, "-failover-abort-not-elected", 1100);
    assert_events(
        &f, "-sdown " MASTER "\n-odown " MASTER "\n-failover-abort-not-elected " MASTER "\n");
    fixture_stop(&f);
}

static void it_ends_too_when_a_loading_master_restarts_once_more(void **state) {
    struct fixture f;
    stand_against_a_loading_master(&f);
    f.master.run_id[0] = 'e'; /* its period begins anew: it is not down any more */
    fixture_cut(&f, &f.master);
    fixture_await(&f, "-sdown", 1100);
    assert_has_event(&f, "-failover-abort-not-elected " MASTER);
    fixture_stop(&f);
}

/* An answer in tilt, which nobody may judge, does not stand in the way of later attempts. */
static void a_master_that_answered_only_in_tilt_is_replaced(void **state) {
    struct fixture f;
    fixture_start_unloved(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    fixture_await(&f, "+try-failover", 1200);
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    fixture_revive(&f.master);
    fixture_advance(&f, 10000);
    fixture_crash(&f, &f.master);
    fixture_await(&f, "-tilt", 30000);
    fixture_forget(&f);
    f.peers[0].votes = f.peers[1].votes = true;
    fixture_await(&f, "+promoted-slave", 42000);
    fixture_stop(&f);
}

/* ---- laws C5 and C6: dead attempts ---- */

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

/* ---- forced ---- */

static void begin_forced(struct fixture *f) {
    fixture_begin(f);
    election_begin(f->core, f->group, ELECTION_FORCED);
    fixture_end(f);
    fixture_timer(f);
}

static void forced_a_majority_makes_the_epoch_its_own_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    begin_forced(&f);
    assert_string_equal(fixture_last_sent(&f, &f.peers[1], "SENTINEL")->text,
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 " OUR_ID);
    assert_true(f.group->attempt.elected || f.group->config_epoch == 1);
    fixture_stop(&f);
}

static void forced_without_a_majority_goes_on_after_half_a_second(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.peers[0].votes = f.peers[1].votes = false;
    begin_forced(&f);
    fixture_advance(&f, 499);
    assert_false(f.group->attempt.elected);
    fixture_advance(&f, 1);
    assert_int_equal(f.group->config_epoch, 1);
    fixture_stop(&f);
}

static void forced_a_vote_for_another_at_its_epoch_means_a_new_epoch(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    slice_copy(slice_of(ID_C), f.peers[0].vote_for, CANDIDATE_MAX);
    f.peers[0].vote_epoch = 1;
    f.peers[1].holds = "SENTINEL";
    begin_forced(&f);
    fixture_advance(&f, 20);
    f.peers[1].holds = NULL;
    fixture_advance(&f, 20);
    assert_int_equal(f.group->config_epoch, 2);
    fixture_stop(&f);
}

static void forced_waits_for_its_own_vote_to_be_on_disk(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    begin_forced(&f);
    fixture_advance(&f, 2000);
    assert_int_equal(f.group->attempt.state, FAILOVER_WAIT_START);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 0);
    f.store = STORE_WORKS;
    fixture_advance(&f, 10);
    assert_int_equal(f.group->config_epoch, 1);
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
        cmocka_unit_test(c1_the_majority_and_the_quorum_are_needed),
        cmocka_unit_test(c1_only_votes_of_our_epoch_count),
        cmocka_unit_test(c1_a_peer_that_voted_beyond_our_epoch_ends_the_attempt),
        cmocka_unit_test(a_vote_under_an_impossible_epoch_is_not_believed),
        cmocka_unit_test(c1_a_newer_configuration_ends_the_attempt),
        cmocka_unit_test(a_vote_is_asked_for_only_when_our_own_is_on_disk),
        cmocka_unit_test(our_own_vote_counts_only_when_it_is_on_disk),
        cmocka_unit_test(the_vote_is_asked_for_beside_a_question_in_flight),
        cmocka_unit_test(too_few_votes_in_time_end_the_attempt_and_stocks_wait_follows),
        cmocka_unit_test(a_peer_that_hangs_is_not_asked_for_ever),
        cmocka_unit_test(the_attempt_ends_when_the_master_answers),
        cmocka_unit_test(it_ends_too_when_a_restarted_master_has_loaded),
        cmocka_unit_test(it_ends_too_when_a_loading_master_restarts_once_more),
        cmocka_unit_test(a_master_that_answered_only_in_tilt_is_replaced),
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
        cmocka_unit_test(forced_a_majority_makes_the_epoch_its_own_at_once),
        cmocka_unit_test(forced_without_a_majority_goes_on_after_half_a_second),
        cmocka_unit_test(forced_a_vote_for_another_at_its_epoch_means_a_new_epoch),
        cmocka_unit_test(forced_waits_for_its_own_vote_to_be_on_disk),
        cmocka_unit_test(a_new_epoch_is_above_what_peers_are_known_to_have_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
