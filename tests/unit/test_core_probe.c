#include "sentinel/core/probe.h"

#include "tests/unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

static struct far *far_master(struct fixture *f) {
    return &f->master;
}

static struct far *far_replica(struct fixture *f) {
    return &f->replicas[0];
}

static struct far *far_peer(struct fixture *f) {
    return &f->peers[0];
}

/* ---- PING ---- */

static void masters_are_probed_finely_within_the_budget_of_the_process(void **state) {
    static const struct {
        int groups;
        int64_t down_after_ms, interval_ms;
    } cases[] = {
        { 1, 1, 25 },
        { 1, 200, 25 },
        { 1, 500, 25 },
        { 1, 1000, 50 },
        { 1, 5000, 250 },
        { 1, 20000, 1000 },
        { 1, 30000, 1000 },
        { 1, 3600000, 1000 },
        { 250, 200, 25 },
        { 300, 200, 30 },
        { 1000, 200, 100 },
        { 1000, 1000, 100 },
        { 1000, 30000, 1000 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        for (int g = 1; g < cases[i].groups; g++) {
            struct endpoint master = { .port = (uint16_t)(10000 + g), .host = "10.9.0.1" };
            char name[16];
            (void)snprintf(name, sizeof(name), "g%d", g);
            (void)core_add_group(f.core, name, &master, GROUP_FROM_FILE);
        }
        f.group->settings.down_after_ms = cases[i].down_after_ms;
        assert_int_equal(probe_master_interval(f.core, f.group), cases[i].interval_ms);
        effects_clear(&f.out);
        fixture_stop(&f);
    }
}

static void each_is_probed_at_its_pace(void **state) {
    static const struct {
        struct far *(*far)(struct fixture *f);
        int64_t down_after_ms;
        size_t pings; /* in ten seconds */
    } cases[] = {
        { far_master, 1000, 200 },
        { far_master, 30000, 10 },
        { far_master, 200, 400 },
        { far_replica, 1000, 10 },
        { far_replica, 30000, 10 },
        { far_replica, 200, 50 },
        { far_peer, 30000, 10 },
        { far_peer, 200, 50 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.down_after_ms = cases[i].down_after_ms;
        fixture_start(&f, &o);
        fixture_advance(&f, 10000);
        assert_int_equal(fixture_sent(&f, cases[i].far(&f), "PING"), cases[i].pings);
        fixture_stop(&f);
    }
}

static void one_ping_at_a_time_is_in_flight(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hang(&f.master);
    fixture_hang(&f.peers[0]);
    fixture_advance(&f, 900);
    assert_int_equal(fixture_sent(&f, &f.master, "PING"), 1);
    assert_true(fixture_sent(&f, &f.peers[0], "PING") <= 1);
    fixture_stop(&f);
}

static void a_new_connection_is_probed_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 1700);
    fixture_forget(&f);
    fixture_cut(&f, &f.replicas[0]);
    fixture_timer(&f);
    assert_true(fixture_sent(&f, &f.replicas[0], "PING") >= 1);
    fixture_stop(&f);
}

/* In a slow wake-up a PING, its loss and the next connection have one time. The server would be
 * asked a period later, when the silence has passed down-after. */
static void a_new_connection_is_probed_in_the_instant_of_the_last_ping(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 500);
    struct far *far = far_replica(&f);
    far->holds = "PING";
    fixture_forget(&f);
    while (fixture_sent(&f, far, "PING") == 0)
        fixture_advance(&f, 1);
    far->holds = NULL;
    fixture_cut(&f, far);
    fixture_timer(&f);
    assert_int_equal(fixture_sent(&f, far, "PING"), 2);
    assert_int_equal(fixture_replica(&f, 0)->live.unanswered_ms, 0);
    fixture_stop(&f);
}

/* ---- in a crowd ---- */

#define CROWD 70

static void fixture_start_crowded(struct fixture *f) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 30000;
    fixture_start(f, &o);
    fixture_begin(f);
    for (int g = 1; g < CROWD; g++) { /* they count, and are nowhere */
        struct endpoint master = { .port = (uint16_t)(10000 + g), .host = "10.9.0.1" };
        char name[16];
        (void)snprintf(name, sizeof(name), "g%d", g);
        (void)core_add_group(f->core, name, &master, GROUP_FROM_FILE);
    }
    fixture_end(f);
    fixture_timer(f);
}

/* When requests that begin so went to a server; returns how many. */
static size_t times_of(const struct fixture *f, const struct far *to, const char *prefix,
    int64_t *times, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        const struct sent *s = &f->sent[i];
        if (s->to == to && strncmp(s->text, prefix, strlen(prefix)) == 0 && count < capacity)
            times[count++] = s->at_ms;
    }
    return count;
}

static void in_a_crowd_the_servers_of_a_group_are_asked_together(void **state) {
    static const struct {
        const char *request;
        int64_t period_ms;
        size_t times; /* in twenty seconds */
    } cases[] = { { "PING", 1000, 20 }, { "PUBLISH", 2000, 10 } };
    struct fixture f;
    fixture_start_crowded(&f);
    fixture_advance(&f, 5000);
    fixture_forget(&f);
    fixture_advance(&f, 20000);
    int64_t at = f.now.wall_ms - f.now.mono_ms - probe_phase(SLICE_LITERAL("mymaster"));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct far *to[] = { &f.master, &f.replicas[0], &f.replicas[1] };
        for (size_t k = 0; k < ARRAY_SIZE(to); k++) {
            int64_t times[64];
            size_t count = times_of(&f, to[k], cases[i].request, times, ARRAY_SIZE(times));
            assert_int_equal(count, cases[i].times);
            for (size_t n = 0; n < count; n++)
                assert_int_equal((at + times[n]) % cases[i].period_ms, 0);
        }
    }
    fixture_stop(&f);
}

/* The wall clock decides nothing: wherever it jumps, PINGs and hellos keep about their periods. */
static void in_a_crowd_the_wall_clock_may_jump(void **state) {
    static const int64_t jumps_ms[] = { 1, -1, 500, -500, 999, 86400000, INT64_MAX / 2, INT64_MIN };
    struct fixture f;
    fixture_start_crowded(&f);
    fixture_advance(&f, 5000);
    for (size_t i = 0; i < ARRAY_SIZE(jumps_ms); i++) {
        int64_t wall_ms = f.now.wall_ms;
        f.now.wall_ms += jumps_ms[i];
        fixture_forget(&f);
        fixture_advance(&f, 12000);
        int64_t times[64];
        size_t count = times_of(&f, &f.replicas[0], "PING", times, ARRAY_SIZE(times));
        assert_in_range(count, 11, 14);
        for (size_t n = 1; n < count; n++)
            assert_true(times[n] - times[n - 1] <= 1250);
        count = times_of(&f, &f.replicas[0], "PUBLISH", times, ARRAY_SIZE(times));
        assert_in_range(count, 5, 8);
        for (size_t n = 1; n < count; n++)
            assert_true(times[n] - times[n - 1] <= 2250);
        f.now.wall_ms = wall_ms;
    }
    fixture_stop(&f);
}

/* ---- connections ---- */

/* How many times a connection was tried within `ms`. */
static uint64_t tries(struct fixture *f, const struct link *l, int64_t ms) {
    uint64_t seen = 0, last = l->incarnation;
    for (int64_t i = 0; i < ms; i++) {
        fixture_advance(f, 1);
        seen += l->incarnation != last;
        last = l->incarnation;
    }
    return seen;
}

static void a_refused_connection_is_tried_again_after_a_quarter_of_down_after(void **state) {
    static const struct {
        int64_t down_after_ms;
        uint64_t tries; /* in four seconds */
    } cases[] = { { 10, 200 }, { 200, 80 }, { 1000, 16 }, { 4000, 4 }, { 60000, 4 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.down_after_ms = cases[i].down_after_ms;
        o.quorum = 5; /* no failover */
        fixture_start(&f, &o);
        fixture_advance(&f, 2000);
        fixture_crash(&f, &f.master);
        fixture_crash(&f, &f.peers[0]);
        fixture_advance(&f, 1);
        assert_int_equal(tries(&f, &f.group->master->command, 4000), cases[i].tries);
        assert_int_equal(tries(&f, &f.group->master->pubsub, 4000), cases[i].tries);
        assert_int_equal(tries(&f, &fixture_peer(&f, 0)->process->link, 4000), cases[i].tries);
        fixture_stop(&f);
    }
}

static void a_connection_lost_long_after_it_was_tried_is_tried_again_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5000);
    fixture_cut(&f, &f.master);
    assert_int_equal(f.group->master->command.state, LINK_OPEN);
    fixture_stop(&f);
}

static void an_attempt_to_connect_that_hangs_is_begun_anew(void **state) {
    static const struct {
        int64_t down_after_ms, limit_ms;
    } cases[] = { { 200, 500 }, { 1000, 500 }, { 3000, 1500 }, { 10000, 5000 }, { 60000, 5000 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.down_after_ms = cases[i].down_after_ms;
        o.replicas = o.peers = 0;
        o.quorum = 5;
        fixture_start_alone(&f, &o);
        f.master.mood = FAR_VANISHED;
        fixture_settle(&f);
        const struct link *l = &f.group->master->command;
        uint64_t first = l->incarnation;
        fixture_advance(&f, cases[i].limit_ms - 1);
        assert_int_equal(l->incarnation, first);
        fixture_advance(&f, 1);
        assert_true(l->incarnation > first);
        assert_int_equal(l->state, LINK_OPENING);
        fixture_stop(&f);
    }
}

static void a_command_connection_that_is_stuck_is_replaced(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct link *l = &f.group->master->command;
    uint64_t first = l->incarnation;
    int64_t opened_ms = l->opened_heard_ms;
    f.group->settings.quorum = 5;
    fixture_hang(&f.master);
    fixture_advance(&f, opened_ms + 15000 - f.now.heard_ms);
    assert_int_equal(l->incarnation, first);
    fixture_advance(&f, 1);
    assert_true(l->incarnation > first);
    fixture_stop(&f);
}

static void an_old_connection_is_stuck_after_half_of_down_after(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.quorum = 5;
    fixture_start(&f, &o);
    const struct link *l = &f.group->master->command;
    fixture_advance(&f, 20000);
    uint64_t first = l->incarnation;
    fixture_hang(&f.master);
    while (f.group->master->live.unanswered_ms == 0)
        fixture_advance(&f, 1);
    int64_t since_ms = f.group->master->live.unanswered_ms;
    fixture_advance(&f, since_ms + 500 - f.now.heard_ms);
    assert_int_equal(l->incarnation, first);
    fixture_advance(&f, 1);
    assert_true(l->incarnation > first);
    fixture_stop(&f);
}

static void a_pubsub_connection_that_hears_nothing_is_replaced(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct link *heard = &f.group->master->pubsub;
    const struct link *silent = &fixture_replica(&f, 0)->pubsub;
    uint64_t first_heard = heard->incarnation, first_silent = silent->incarnation;
    int64_t opened_ms = silent->opened_heard_ms;
    for (int i = 0; i < 7; i++) {
        fixture_advance(&f, 2000);
        fixture_message(&f, "any message");
    }
    fixture_advance(&f, opened_ms + 15000 - f.now.heard_ms);
    assert_int_equal(silent->incarnation, first_silent);
    fixture_advance(&f, 1);
    assert_true(silent->incarnation > first_silent);
    assert_int_equal(heard->incarnation, first_heard);
    fixture_advance(&f, 6000);
    assert_true(heard->incarnation > first_heard);
    fixture_stop(&f);
}

static void in_tilt_no_connection_is_given_up_as_stuck(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_stall(&f, 3000);
    fixture_timer(&f);
    uint64_t first = f.group->master->command.incarnation;
    fixture_hang(&f.master);
    fixture_advance(&f, 25000);
    assert_true(f.core->tilt);
    assert_int_equal(f.group->master->command.incarnation, first);
    fixture_stop(&f);
}

/* ---- INFO ---- */

static void info_is_asked_when_connected_and_every_ten_seconds(void **state) {
    struct fixture f;
    fixture_start_alone(&f, &FIXTURE_STANDARD);
    fixture_settle(&f);
    struct far *servers[] = { &f.master, &f.replicas[0], &f.replicas[1] };
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
        assert_int_equal(fixture_sent(&f, servers[i], "INFO"), 1);
    fixture_advance(&f, 9999);
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
        assert_int_equal(fixture_sent(&f, servers[i], "INFO"), 1);
    fixture_advance(&f, 1);
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
        assert_int_equal(fixture_sent(&f, servers[i], "INFO"), 2);
    fixture_stop(&f);
}

static void replicas_are_asked_every_second_while_something_happens(void **state) {
    static const char *const occasions[] = { "master down", "link to the master down",
        "says master", "link never up" };
    for (size_t i = 0; i < ARRAY_SIZE(occasions); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.quorum = 5;
        fixture_start(&f, &o);
        if (i == 0)
            fixture_crash(&f, &f.master);
        if (i == 1)
            f.replicas[0].link_down_s = 5;
        if (i == 2)
            f.replicas[0].role = ROLE_MASTER;
        if (i == 3)
            f.replicas[0].link_down_s = -1;
        fixture_advance(&f, 11000); /* INFO has shown it */
        fixture_forget(&f);
        fixture_advance(&f, 5000);
        if (fixture_sent(&f, &f.replicas[0], "INFO") < 5)
            fail_msg("INFO came rarely: %s", occasions[i]);
        assert_true(fixture_sent(&f, &f.replicas[0], "INFO") <= 10);
        if (i != 0)
            assert_true(fixture_sent(&f, &f.replicas[1], "INFO") <= 1);
        fixture_stop(&f);
    }
}

static void a_refused_info_is_not_asked_at_the_pace_of_the_network(void **state) {
    static const char *const refusals[] = { "-NOPERM no\r\n", "-NOAUTH\r\n", ":1\r\n", "$-1\r\n" };
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct fixture f;
        fixture_start_alone(&f, &FIXTURE_STANDARD);
        f.master.info = f.replicas[0].info = refusals[i];
        fixture_settle(&f);
        fixture_advance(&f, 10000);
        assert_in_range(fixture_sent(&f, &f.master, "INFO"), 10, 11);
        assert_in_range(fixture_sent(&f, &f.replicas[0], "INFO"), 10, 11);
        assert_int_equal(f.group->master->info_ms, 0);
        fixture_stop(&f);
    }
}

static void an_expected_info_is_asked_at_once_and_then_at_growing_intervals(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER; /* so that something remains to be awaited */
    fixture_await(&f, "-role-change", 11000);
    fixture_forget(&f);
    probe_expect_info(fixture_replica(&f, 0));
    group_touch(f.core, f.group);
    fixture_timer(&f);
    fixture_advance(&f, 5000);
    static const int64_t pauses_ms[] = { 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };
    int64_t last_ms = 0;
    size_t asked = 0;
    for (size_t i = 0; i < f.sent_count && asked <= ARRAY_SIZE(pauses_ms); i++) {
        const struct sent *s = &f.sent[i];
        if (s->to != &f.replicas[0] || strcmp(s->text, "INFO") != 0)
            continue;
        if (asked > 0)
            assert_int_equal(s->at_ms - last_ms, pauses_ms[asked - 1]);
        last_ms = s->at_ms;
        asked++;
    }
    assert_int_equal(asked, ARRAY_SIZE(pauses_ms) + 1);
    fixture_stop(&f);
}

/* ---- bounds ---- */

static void a_hundred_pending_requests_stop_probes_but_not_orders(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.quorum = 5;
    fixture_start(&f, &o);
    struct link *l = &fixture_replica(&f, 0)->command;
    f.replicas[0].holds = "";
    static const struct slice word = { "FILL", 4 };
    fixture_begin(&f);
    assert_int_equal(f.core->settings.limits.max[LIMIT_PENDING_COMMANDS], 100);
    while (l->count < 99)
        (void)link_send(f.core, l, PENDING_SCRIPT_KILL,
            &(struct request){ .words = &word, .word_count = 1 }, 1);
    assert_false(link_is_full(f.core, l, 1));
    while (l->count < 100)
        (void)link_send(f.core, l, PENDING_SCRIPT_KILL,
            &(struct request){ .words = &word, .word_count = 1 }, 1);
    fixture_end(&f);
    fixture_timer(&f);
    fixture_forget(&f);
    fixture_replica(&f, 0)->info_wanted = true;
    fixture_advance(&f, 5000);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "PING"), 0);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "INFO"), 0);
    assert_int_equal(fixture_sent(&f, &f.replicas[0], "PUBLISH"), 0);
    assert_int_equal(f.core->limit_hits[LIMIT_PENDING_COMMANDS], 1); /* it came to that once */
    f.replicas[0].holds = NULL;
    fixture_settle(&f);
    fixture_advance(&f, 3000);
    assert_true(fixture_sent(&f, &f.replicas[0], "PING") > 0);
    fixture_stop(&f);
}

static void in_peace_we_sleep_until_the_next_probe(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.down_after_ms = 30000;
    o.peers = o.replicas = 0;
    fixture_start(&f, &o);
    fixture_advance(&f, 3000);
    int64_t slept_ms = fixture_deadline(&f);
    assert_in_range(slept_ms, 1, 1000);
    fixture_advance(&f, slept_ms - 1);
    fixture_forget(&f);
    fixture_advance(&f, 1);
    assert_true(f.sent_count > 0); /* something was due indeed */
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masters_are_probed_finely_within_the_budget_of_the_process),
        cmocka_unit_test(each_is_probed_at_its_pace),
        cmocka_unit_test(one_ping_at_a_time_is_in_flight),
        cmocka_unit_test(a_new_connection_is_probed_at_once),
        cmocka_unit_test(a_new_connection_is_probed_in_the_instant_of_the_last_ping),
        cmocka_unit_test(in_a_crowd_the_servers_of_a_group_are_asked_together),
        cmocka_unit_test(in_a_crowd_the_wall_clock_may_jump),
        cmocka_unit_test(a_refused_connection_is_tried_again_after_a_quarter_of_down_after),
        cmocka_unit_test(a_connection_lost_long_after_it_was_tried_is_tried_again_at_once),
        cmocka_unit_test(an_attempt_to_connect_that_hangs_is_begun_anew),
        cmocka_unit_test(a_command_connection_that_is_stuck_is_replaced),
        cmocka_unit_test(an_old_connection_is_stuck_after_half_of_down_after),
        cmocka_unit_test(a_pubsub_connection_that_hears_nothing_is_replaced),
        cmocka_unit_test(in_tilt_no_connection_is_given_up_as_stuck),
        cmocka_unit_test(info_is_asked_when_connected_and_every_ten_seconds),
        cmocka_unit_test(replicas_are_asked_every_second_while_something_happens),
        cmocka_unit_test(a_refused_info_is_not_asked_at_the_pace_of_the_network),
        cmocka_unit_test(an_expected_info_is_asked_at_once_and_then_at_growing_intervals),
        cmocka_unit_test(a_hundred_pending_requests_stop_probes_but_not_orders),
        cmocka_unit_test(in_peace_we_sleep_until_the_next_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
