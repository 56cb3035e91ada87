#include "sentinel/core/health.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/election.h"
#include "sentinel/core/input.h"

#include <string.h>

/* Until the master has an unanswered PING; returns its age on the heard clock. */
static int64_t until_asked(struct fixture *f) {
    while (f->group->master->live.unanswered_ms == 0)
        fixture_advance(f, 1);
    return f->now.heard_ms - f->group->master->live.unanswered_ms;
}

/* ---- honest silence ---- */

static void a_hung_master_is_down_right_after_down_after_and_the_deadline_names_the_instant(
    void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    int64_t age_ms = until_asked(&f);
    fixture_advance(&f, 1000 - age_ms);
    assert_events(&f, "");
    assert_int_equal(fixture_deadline(&f), 1);
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    assert_true(f.group->master->sdown);
    assert_int_equal(f.group->master->sdown_since_ms, f.now.mono_ms);
    fixture_stop(&f);
}

/* With nothing else to wake up for. */
static void the_deadline_of_a_silence_is_known_when_it_begins(void **state) {
    static const int64_t limits_ms[] = { 1, 200, 1000, 1500, 30000 };
    for (size_t i = 0; i < ARRAY_SIZE(limits_ms); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.replicas = o.peers = 0;
        o.down_after_ms = limits_ms[i];
        fixture_start(&f, &o);
        fixture_hang(&f.master);
        (void)until_asked(&f);
        int64_t since_ms = f.group->master->live.unanswered_ms;
        fixture_await(&f, "+sdown", 32000);
        assert_int_equal(f.now.heard_ms - since_ms, limits_ms[i] + 1);
        fixture_stop(&f);
    }
}

static void a_killed_master_is_down_right_after_down_after(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 17); /* nothing is asked at this moment */
    assert_int_equal(f.group->master->live.unanswered_ms, 0);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 1000);
    assert_events(&f, "");
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    fixture_stop(&f);
}

static void an_unanswered_probe_ages_across_reconnections(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    int64_t age_ms = until_asked(&f);
    fixture_advance(&f, 400);
    fixture_cut(&f, &f.master); /* it is accepted anew, and asked anew */
    fixture_advance(&f, 400);
    assert_int_equal(f.group->master->command.state, LINK_OPEN);
    assert_int_equal(link_pending(&f.group->master->command, PENDING_PING), 1);
    fixture_cut(&f, &f.master);
    fixture_advance(&f, 200 - age_ms);
    assert_events(&f, "");
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    fixture_stop(&f);
}

static void one_that_never_answered_is_down_one_down_after_after_it_was_made(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.replicas = o.peers = 0;
    fixture_start_alone(&f, &o);
    f.master.mood = FAR_VANISHED;
    fixture_advance(&f, 1000);
    assert_no_event(&f, "+sdown");
    fixture_advance(&f, 1);
    assert_has_event(&f, "+sdown " MASTER);
    fixture_stop(&f);
}

static void a_stall_shorter_than_down_after_is_nothing(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    for (int i = 0; i < 5; i++) {
        fixture_hang(&f.master);
        (void)until_asked(&f);
        fixture_advance(&f, 1000);
        fixture_revive(&f.master);
        fixture_settle(&f);
        fixture_advance(&f, 10);
    }
    assert_events(&f, "");
    fixture_stop(&f);
}

static void our_own_stall_finds_nobody_dead(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 25);
    for (int i = 0; i < 10; i++) {
        fixture_stall(&f, 1900); /* below the trigger of tilt */
        fixture_timer(&f);
        fixture_advance(&f, 5);
    }
    assert_events(&f, "");
    fixture_stop(&f);
}

static void silence_is_measured_on_the_heard_clock(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    int64_t age_ms = until_asked(&f);
    fixture_advance(&f, 500);
    fixture_stall(&f, 1500); /* 50 of them heard */
    fixture_timer(&f);
    fixture_advance(&f, 450 - age_ms);
    assert_events(&f, "");
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    fixture_stop(&f);
}

/* Inputs of one wake-up are handed in one after the other, and each is a step. */
static void an_answer_that_lies_unread_is_no_silence(void **state) {
    for (int answers = 0; answers <= 1; answers++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        fixture_hang(&f.master);
        fixture_advance(&f, 990 - until_asked(&f));
        fixture_stall(&f, 500);
        fixture_step(&f, &(struct input){ .kind = INPUT_RELOAD_FAILED }); /* of whatever kind */
        assert_events(&f, "");
        if (answers)
            fixture_revive(&f.master);
        fixture_settle(&f);
        fixture_timer(&f);
        assert_events(&f, answers ? "" : "+sdown " MASTER "\n");
        fixture_stop(&f);
    }
}

static void an_answer_ends_it(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    fixture_advance(&f, 1100);
    assert_events(&f, "+sdown " MASTER "\n");
    fixture_revive(&f.master);
    fixture_settle(&f);
    assert_events(&f, "-sdown " MASTER "\n");
    assert_false(f.group->master->sdown);
    assert_true(f.group->master->sdown_since_ms != 0); /* kept */
    fixture_advance(&f, 5000);
    assert_events(&f, "");
    fixture_stop(&f);
}

static void replicas_and_peers_are_judged_like_masters_but_never_objectively(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.replicas[0]);
    fixture_advance(&f, 3000);
    assert_events(&f, "+sdown " REPLICA "\n");
    fixture_hang(&f.peers[0]);
    fixture_crash(&f, &f.peers[1]);
    fixture_advance(&f, 3000);
    assert_events(&f, "+sdown " PEER_C "\n+sdown " PEER_B "\n");
    assert_int_equal(group_usable(f.core, f.group), 1);
    fixture_revive(&f.replicas[0]);
    fixture_revive(&f.peers[0]);
    fixture_revive(&f.peers[1]);
    fixture_advance(&f, 1000);
    assert_int_equal(group_usable(f.core, f.group), 3);
    assert_has_event(&f, "-sdown " REPLICA);
    assert_has_event(&f, "-sdown " PEER_B);
    assert_has_event(&f, "-sdown " PEER_C);
    fixture_stop(&f);
}

static void a_peer_is_judged_once_per_link_and_told_to_every_group(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_crash(&f, &f.peers[0]);
    fixture_advance(&f, 1100);
    assert_events(&f,
        "+sdown " PEER_B "\n"
        "+sdown sentinel " ID_B " 10.0.1.1 26379 @ other 10.0.2.1 6379\n");
    fixture_stop(&f);
}

/* ---- what a PING is answered with ---- */

static void an_answer_is_acceptable_or_the_silence_goes_on(void **state) {
    static const struct {
        const char *pong;
        bool acceptable;
    } cases[] = {
        { "+PONG\r\n", true },
        { "+PONGX\r\n", true }, /* by prefix */
        { "-LOADING Redis is loading the dataset in memory\r\n", true },
        { "-MASTERDOWN Link with MASTER is down\r\n", true },
        { "-NOAUTH Authentication required.\r\n", false },
        { "-MISCONF cannot write\r\n", false },
        { "-BUSY a script runs\r\n", false },
        { "-ERR unknown command 'PING'\r\n", false },
        { "-NOPERM no right\r\n", false },
        { "$4\r\nPONG\r\n", false },
        { ":1\r\n", false },
        { "$-1\r\n", false },
        { "*1\r\n+PONG\r\n", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        f.master.pong = cases[i].pong;
        fixture_advance(&f, 2000);
        assert_string_equal(fixture_events(&f), cases[i].acceptable ? "" : "+sdown " MASTER "\n");
        assert_true(f.now.heard_ms - f.group->master->live.pong_ms <= 50); /* asked all along */
        fixture_stop(&f);
    }
}

static void a_busy_script_is_killed_once_in_a_down_period(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.master.pong = "-BUSY Redis is busy running a script\r\n";
    fixture_advance(&f, 900);
    assert_int_equal(fixture_sent(&f, &f.master, "SCRIPT KILL"), 0);
    fixture_advance(&f, 3000);
    assert_int_equal(fixture_sent(&f, &f.master, "SCRIPT KILL"), 1);
    f.master.pong = NULL;
    fixture_await(&f, "-sdown", 100);
    f.master.pong = "-BUSY Redis is busy running a script\r\n";
    fixture_advance(&f, 3000);
    assert_int_equal(fixture_sent(&f, &f.master, "SCRIPT KILL"), 2);
    fixture_stop(&f);
}

/* ---- other reasons to be down ---- */

static void a_master_that_says_slave_is_down_after_down_after_and_two_info_periods(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.master.role = ROLE_REPLICA;
    f.master.master = f.replicas[0].address;
    fixture_await(&f, "-role-change", 10000);
    assert_events(&f, "-role-change " MASTER " new reported role is slave\n");
    fixture_advance(&f, 21000);
    assert_events(&f, "");
    fixture_advance(&f, 1);
    assert_events(&f, "+sdown " MASTER "\n");
    f.master.role = ROLE_MASTER;
    fixture_await(&f, "-sdown", 10000);
    assert_events(&f, "+role-change " MASTER " new reported role is master\n-sdown " MASTER "\n");
    fixture_stop(&f);
}

static void a_replica_that_says_master_is_not_down(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.master.mood = FAR_ANSWERS;
    f.replicas[0].role = ROLE_MASTER;
    f.replicas[0].exec = "-ERR no\r\n";
    fixture_advance(&f, 60000);
    assert_no_event(&f, "+sdown");
    fixture_stop(&f);
}

static void a_restarted_master_that_loads_for_too_long_is_down_if_so_configured(void **state) {
    static const struct {
        int64_t reboot_down_after_ms;
        const char *pong;
        bool down;
    } cases[] = {
        { 5000, "-LOADING the dataset\r\n", true },
        { 5000, "+PONG\r\n", false },
        { 0, "-LOADING the dataset\r\n", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.reboot_down_after_ms = cases[i].reboot_down_after_ms;
        fixture_start(&f, &o);
        f.master.run_id[0] = 'f';
        f.master.pong = cases[i].pong;
        fixture_cut(&f, &f.master);
        fixture_await(&f, "+reboot", 1000);
        assert_events(&f, "+reboot " MASTER "\n");
        fixture_advance(&f, 5000);
        assert_events(&f, "");
        fixture_advance(&f, 1);
        assert_string_equal(fixture_events(&f), cases[i].down ? "+sdown " MASTER "\n" : "");
        fixture_stop(&f);
    }
}

/* ---- peers that write down a vote ---- */

#define VOTE_REQUEST "SENTINEL is-master-down-by-addr 10.0.0.1 6379 1"

/* The first peer does not answer our request. */
static void ask_a_slow_voter(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 200;
    o.peers = 4;
    o.quorum = 2;
    fixture_start(f, &o);
    fixture_peers_agree(f);
    f->peers[0].holds = VOTE_REQUEST;
    fixture_fall(f);
}

/* Its answers to our PINGs wait behind that to our request. */
static void a_peer_whose_disk_is_slow_is_not_down_while_it_votes(void **state) {
    struct fixture f;
    ask_a_slow_voter(&f);
    fixture_advance(&f, 1900);
    assert_int_equal(fixture_sent(&f, &f.peers[0], VOTE_REQUEST), 1);
    assert_no_event(&f, "+sdown sentinel");
    f.peers[0].holds = NULL;
    fixture_advance(&f, 1000);
    assert_no_event(&f, "+sdown sentinel");
    fixture_stop(&f);
}

static void nor_is_it_waited_for_for_ever(void **state) {
    struct fixture f;
    ask_a_slow_voter(&f);
    fixture_advance(&f, 2600);
    assert_has_event(&f, "+sdown sentinel " ID_B " 10.0.1.1 26379 @ mymaster 10.0.0.2 6379");
    fixture_stop(&f);
}

/* ---- objectively down ---- */

static void the_quorum_agrees_or_it_does_not(void **state) {
    static const struct {
        int64_t quorum;
        int agreeing;
        const char *events;
    } cases[] = {
        { 1, 0, "+sdown " MASTER "\n+odown " MASTER " #quorum 1/1\n" },
        { 2, 0, "+sdown " MASTER "\n" },
        { 2, 1, "+sdown " MASTER "\n+odown " MASTER " #quorum 2/2\n" },
        { 3, 1, "+sdown " MASTER "\n" },
        { 3, 2, "+sdown " MASTER "\n+odown " MASTER " #quorum 3/3\n" },
        { 4, 2, "+sdown " MASTER "\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.quorum = cases[i].quorum;
        o.id = ID_E; /* last in rank: no attempt begins while we look */
        fixture_start(&f, &o);
        for (int p = 0; p < cases[i].agreeing; p++)
            f.peers[p].says_down = true;
        fixture_crash(&f, &f.master);
        fixture_advance(&f, 1010);
        assert_string_equal(fixture_events(&f), cases[i].events);
        fixture_stop(&f);
    }
}

static void it_ends_when_the_master_answers(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.id = ID_E;
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    fixture_hang(&f.master);
    fixture_await(&f, "+odown", 1100);
    fixture_forget(&f);
    fixture_revive(&f.master);
    fixture_settle(&f);
    assert_events(&f, "-sdown " MASTER "\n-odown " MASTER "\n");
    assert_false(f.group->odown);
    fixture_stop(&f);
}

static void an_answer_counts_for_five_seconds(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 3;
    o.quorum = 2;
    fixture_start(&f, &o);
    for (int i = 0; i < 3; i++)
        f.peers[i].votes = false;
    f.peers[0].says_down = true;
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+odown", 1100);
    f.peers[0].holds = "SENTINEL";
    fixture_settle(&f);
    int64_t answered_ms = fixture_peer(&f, 0)->answered_ms;
    fixture_advance(&f, answered_ms + 5000 - f.now.mono_ms);
    assert_no_event(&f, "-odown");
    assert_true(f.group->odown);
    fixture_advance(&f, 1);
    assert_has_event(&f, "-odown " MASTER);
    fixture_stop(&f);
}

static void c13_an_answer_asked_for_before_the_fall_does_not_count(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 1;
    o.id = ID_E;
    fixture_start(&f, &o);
    f.peers[0].says_down = true;
    f.peers[0].holds = "SENTINEL";
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1100); /* asked, not answered */
    fixture_revive(&f.master);
    fixture_await(&f, "-sdown", 100);
    fixture_hang(&f.master);
    fixture_forget(&f);
    fixture_await(&f, "+sdown", 1100);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 1); /* the old one is in flight */
    fixture_reply(&f, &fixture_peer(&f, 0)->process->link, "*3\r\n:1\r\n$1\r\n*\r\n:0\r\n");
    assert_false(fixture_peer(&f, 0)->master_down);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 2); /* now it is asked anew */
    f.peers[0].holds = NULL;
    fixture_settle(&f);
    assert_has_event(&f, "+odown " MASTER " #quorum 2/2");
    fixture_stop(&f);
}

static void c13_a_fall_forgets_what_peers_answered_before(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 1;
    o.id = ID_E;
    o.down_after_ms = 200; /* the old answer would still be valid */
    fixture_start(&f, &o);
    f.peers[0].says_down = true;
    f.peers[0].votes = false;
    fixture_hang(&f.master);
    fixture_await(&f, "+odown", 300);
    fixture_revive(&f.master);
    fixture_await(&f, "-odown", 100);
    f.peers[0].holds = "SENTINEL";
    fixture_hang(&f.master);
    fixture_forget(&f);
    fixture_await(&f, "+sdown", 300);
    fixture_advance(&f, 1000);
    assert_no_event(&f, "+odown");
    f.peers[0].holds = NULL;
    fixture_settle(&f);
    assert_has_event(&f, "+odown " MASTER " #quorum 2/2");
    fixture_stop(&f);
}

/* ---- questions ---- */

static void the_question_is_asked_at_the_fall_and_names_the_master(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 7;
    fixture_start(&f, &o);
    fixture_hang(&f.master);
    fixture_advance(&f, 900);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 0);
    fixture_await(&f, "+sdown", 200);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture_sent(&f, &f.peers[i], "SENTINEL"), 1);
        const struct sent *s = fixture_last_sent(&f, &f.peers[i], "SENTINEL");
        assert_string_equal(s->text, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 7 *");
        assert_int_equal(s->at_ms, f.now.mono_ms);
    }
    fixture_stop(&f);
}

static void a_peer_that_disagrees_is_asked_again_at_growing_intervals(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 1;
    fixture_start(&f, &o);
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1100);
    fixture_advance(&f, 6000);
    int64_t last_ms = 0, pause_ms = 0;
    int asked = 0;
    for (size_t i = 0; i < f.sent_count; i++) {
        if (strncmp(f.sent[i].text, "SENTINEL", 8) != 0)
            continue;
        asked++;
        if (last_ms != 0) {
            assert_true(f.sent[i].at_ms - last_ms >= pause_ms);
            assert_true(f.sent[i].at_ms - last_ms <= 1000);
            pause_ms = f.sent[i].at_ms - last_ms;
        }
        last_ms = f.sent[i].at_ms;
    }
    assert_int_equal(pause_ms, 1000);
    assert_in_range(asked, 10, 14);
    fixture_stop(&f);
}

static void a_peer_that_agrees_is_asked_once_a_second(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 1;
    o.quorum = 3; /* never odown */
    fixture_start(&f, &o);
    fixture_peers_agree(&f);
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1100);
    fixture_advance(&f, 5000);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 6);
    fixture_stop(&f);
}

static void one_question_at_a_time_and_a_lost_one_is_asked_again(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 1;
    o.quorum = 3;
    fixture_start(&f, &o);
    f.peers[0].holds = "SENTINEL";
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1100);
    fixture_advance(&f, 500);
    assert_int_equal(fixture_sent(&f, NULL, "SENTINEL"), 1);
    f.peers[0].holds = NULL;
    f.peers[0].says_down = true;
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 600);
    assert_true(fixture_sent(&f, NULL, "SENTINEL") >= 2);
    assert_true(fixture_peer(&f, 0)->master_down);
    fixture_stop(&f);
}

static void replicas_are_asked_for_info_at_the_fall(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    fixture_await(&f, "+sdown", 1100);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fixture_last_sent(&f, &f.replicas[i], "INFO")->at_ms, f.now.mono_ms);
    fixture_stop(&f);
}

static void an_odd_answer_is_none(void **state) {
    static const char *const answers[] = {
        "-ERR unknown command\r\n",
        "$-1\r\n",
        "*0\r\n",
        "*2\r\n:1\r\n$1\r\n*\r\n",
        "*3\r\n$1\r\n1\r\n$1\r\n*\r\n:0\r\n",
        "*3\r\n:1\r\n:1\r\n:0\r\n",
        "*3\r\n:1\r\n$1\r\n*\r\n$1\r\n0\r\n",
        "*4\r\n:1\r\n$1\r\n*\r\n:0\r\n:0\r\n",
        "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n",
        "*3\r\n:2\r\n$1\r\n*\r\n:0\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.peers = 1;
        fixture_start(&f, &o);
        f.peers[0].holds = "SENTINEL";
        fixture_hang(&f.master);
        fixture_await(&f, "+sdown", 1100);
        fixture_reply(&f, &fixture_peer(&f, 0)->process->link, answers[i]);
        assert_false(fixture_peer(&f, 0)->master_down);
        assert_string_equal(fixture_peer(&f, 0)->voted_for, "");
        fixture_advance(&f, 20);
        assert_true(fixture_sent(&f, NULL, "SENTINEL") >= 2); /* and is asked again */
        fixture_stop(&f);
    }
}

/* ---- tilt ---- */

static void in_tilt_nobody_goes_down_or_comes_back(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.replicas[0]);
    fixture_await(&f, "+sdown", 2100);
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    assert_has_event(&f, "+tilt #tilt mode entered");
    fixture_forget(&f);
    fixture_revive(&f.replicas[0]);
    fixture_crash(&f, &f.master);
    fixture_crash(&f, &f.peers[0]);
    fixture_advance(&f, 29900);
    assert_events(&f, "");
    assert_false(election_master_is_down(f.core, f.group));
    fixture_await(&f, "-tilt", 200);
    assert_events(
        &f, "-tilt #tilt mode exited\n+sdown " PEER_B "\n+sdown " MASTER "\n-sdown " REPLICA "\n");
    fixture_stop(&f);
}

static void the_answer_about_the_master_is_no_in_tilt(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    assert_false(election_master_is_down(f.core, f.group));
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 1100);
    assert_true(election_master_is_down(f.core, f.group));
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    assert_false(election_master_is_down(f.core, f.group));
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_hung_master_is_down_right_after_down_after_and_the_deadline_names_the_instant),
        cmocka_unit_test(the_deadline_of_a_silence_is_known_when_it_begins),
        cmocka_unit_test(a_killed_master_is_down_right_after_down_after),
        cmocka_unit_test(an_unanswered_probe_ages_across_reconnections),
        cmocka_unit_test(one_that_never_answered_is_down_one_down_after_after_it_was_made),
        cmocka_unit_test(a_stall_shorter_than_down_after_is_nothing),
        cmocka_unit_test(our_own_stall_finds_nobody_dead),
        cmocka_unit_test(silence_is_measured_on_the_heard_clock),
        cmocka_unit_test(an_answer_that_lies_unread_is_no_silence),
        cmocka_unit_test(an_answer_ends_it),
        cmocka_unit_test(replicas_and_peers_are_judged_like_masters_but_never_objectively),
        cmocka_unit_test(a_peer_is_judged_once_per_link_and_told_to_every_group),
        cmocka_unit_test(an_answer_is_acceptable_or_the_silence_goes_on),
        cmocka_unit_test(a_busy_script_is_killed_once_in_a_down_period),
        cmocka_unit_test(a_master_that_says_slave_is_down_after_down_after_and_two_info_periods),
        cmocka_unit_test(a_replica_that_says_master_is_not_down),
        cmocka_unit_test(a_restarted_master_that_loads_for_too_long_is_down_if_so_configured),
        cmocka_unit_test(a_peer_whose_disk_is_slow_is_not_down_while_it_votes),
        cmocka_unit_test(nor_is_it_waited_for_for_ever),
        cmocka_unit_test(the_quorum_agrees_or_it_does_not),
        cmocka_unit_test(it_ends_when_the_master_answers),
        cmocka_unit_test(an_answer_counts_for_five_seconds),
        cmocka_unit_test(c13_an_answer_asked_for_before_the_fall_does_not_count),
        cmocka_unit_test(c13_a_fall_forgets_what_peers_answered_before),
        cmocka_unit_test(the_question_is_asked_at_the_fall_and_names_the_master),
        cmocka_unit_test(a_peer_that_disagrees_is_asked_again_at_growing_intervals),
        cmocka_unit_test(a_peer_that_agrees_is_asked_once_a_second),
        cmocka_unit_test(one_question_at_a_time_and_a_lost_one_is_asked_again),
        cmocka_unit_test(replicas_are_asked_for_info_at_the_fall),
        cmocka_unit_test(an_odd_answer_is_none),
        cmocka_unit_test(in_tilt_nobody_goes_down_or_comes_back),
        cmocka_unit_test(the_answer_about_the_master_is_no_in_tilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
