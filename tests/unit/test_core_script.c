#include "sentinel/core/script.h"

#include "tests/unit/core_fixture.h"

#include "common/mem.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"

#include <stdio.h>

#define RETRY_MS   30000
#define RUNTIME_MS 60000

/* ---- the queue, by hand ---- */

/* Nothing is watched: only scripts happen. */
static void start(struct fixture *f) {
    fixture_start_alone(f, &FIXTURE_STANDARD);
    fixture_begin(f);
    core_remove_group(f->core, f->group, CORE_REMOVE_FORGET);
    fixture_end(f);
    fixture_forget(f);
}

/* Queues the job "/s <name>". */
static void queue(struct fixture *f, const char *name) {
    const struct slice words[] = { SLICE_LITERAL("/s"), slice_of(name) };
    fixture_begin(f);
    script_enqueue(f->core, words, ARRAY_SIZE(words));
    fixture_end(f);
}

static void queue_many(struct fixture *f, int first, int last) {
    for (int i = first; i <= last; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        queue(f, name);
    }
}

static void started(struct fixture *f, uint64_t script, int64_t pid) {
    fixture_step(f, &(struct input){ .kind = INPUT_SCRIPT_STARTED, .script = script, .pid = pid });
}

static void ended(struct fixture *f, uint64_t script, int exit_status, int signal_number) {
    fixture_step(f,
        &(struct input){
            .kind = INPUT_SCRIPT_ENDED,
            .script = script,
            .exit_status = exit_status,
            .signal_number = signal_number,
        });
}

static void refused(struct fixture *f, uint64_t script) {
    fixture_step(f,
        &(struct input){ .kind = INPUT_SCRIPT_REFUSED,
            .script = script,
            .why = SLICE_LITERAL("Resource temporarily unavailable") });
}

/* What was asked for since the last look is exactly these lines. */
static void assert_scripts(struct fixture *f, const char *expected) {
    assert_string_equal(buf_text(&f->scripts), expected);
    buf_clear(&f->scripts);
}

static const struct script *job(const struct fixture *f, uint64_t id) {
    list_for_each(s, &f->core->scripts.jobs, struct script, queued)
        if (s->id == id)
            return s;
    return NULL;
}

/* Time goes by without any other thing to do. */
static void pass(struct fixture *f, int64_t ms) {
    f->now.mono_ms += ms;
    f->now.heard_ms += ms;
    fixture_step(f, &(struct input){ .kind = INPUT_TIMER });
}

static void a_job_is_started_at_once(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "a b");
    assert_scripts(&f, "run #1 /s a b\n");
    assert_int_equal(f.core->scripts.running, 1);
    assert_int_equal(job(&f, 1)->run_count, 1);
    assert_int_equal(job(&f, 1)->pid, 0);
    started(&f, 1, 77);
    assert_int_equal(job(&f, 1)->pid, 77);
    assert_logged(&f, "+script-child 77");
    assert_events(&f, "");
    fixture_stop(&f);
}

static void a_job_that_ends_well_is_done(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    started(&f, 1, 77);
    ended(&f, 1, 0, 0);
    assert_logged(&f, "-script-child 77 0 0");
    assert_events(&f, "");
    assert_int_equal(f.core->scripts.count, 0);
    assert_int_equal(f.core->scripts.running, 0);
    assert_int_equal(script_deadline(f.core), TSTAMP_NEVER);
    fixture_stop(&f);
}

static void sixteen_run_at_a_time_oldest_first(void **state) {
    struct fixture f;
    start(&f);
    queue_many(&f, 1, 18);
    assert_int_equal(f.core->scripts.running, 16);
    buf_clear(&f.scripts);
    ended(&f, 5, 0, 0);
    assert_scripts(&f, "run #17 /s 17\n");
    ended(&f, 17, 0, 0);
    assert_scripts(&f, "run #18 /s 18\n");
    ended(&f, 1, 0, 0);
    assert_scripts(&f, "");
    assert_int_equal(f.core->scripts.count, 15);
    fixture_stop(&f);
}

static void beyond_256_the_oldest_that_does_not_run_is_dropped(void **state) {
    struct fixture f;
    start(&f);
    queue_many(&f, 1, 256);
    assert_non_null(job(&f, 17));
    queue(&f, "257");
    assert_int_equal(f.core->scripts.count, 256);
    assert_null(job(&f, 17));
    assert_non_null(job(&f, 16));
    assert_non_null(job(&f, 18));
    assert_non_null(job(&f, 257));
    assert_events(&f, "");
    fixture_stop(&f);
}

static void exit_1_and_signals_are_tried_again_later(void **state) {
    static const struct {
        int exit_status, signal_number;
    } ways[] = { { 1, 0 }, { 0, 9 }, { 0, 15 }, { 0, 11 } };
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct fixture f;
        start(&f);
        queue(&f, "x");
        started(&f, 1, 77);
        buf_clear(&f.scripts);
        ended(&f, 1, ways[i].exit_status, ways[i].signal_number);
        assert_events(&f, "");
        assert_int_equal(f.core->scripts.running, 0);
        assert_int_equal(job(&f, 1)->pid, 0);
        assert_int_equal(script_deadline(f.core), f.now.mono_ms + RETRY_MS);
        pass(&f, RETRY_MS - 1);
        assert_scripts(&f, "");
        pass(&f, 1);
        assert_scripts(&f, "run #1 /s x\n");
        assert_int_equal(job(&f, 1)->run_count, 2);
        fixture_stop(&f);
    }
}

static void two_and_more_is_final(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    started(&f, 1, 77);
    ended(&f, 1, 3, 0);
    assert_events(&f, "-script-error /s 0 3\n");
    assert_int_equal(f.core->scripts.count, 0);
    fixture_stop(&f);
}

static void what_cannot_be_executed_is_said_in_the_log(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    fixture_step(&f,
        &(struct input){ .kind = INPUT_SCRIPT_ENDED,
            .script = 1,
            .exit_status = 2,
            .why = SLICE_LITERAL("Permission denied") });
    assert_events(&f, "-script-error /s 0 2 (it cannot be run: Permission denied)\n");
    fixture_stop(&f);
}

static void the_delay_doubles_and_the_tenth_run_is_the_last(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    int64_t delay_ms = RETRY_MS;
    for (int run = 1; run < SCRIPT_RUNS_MAX; run++) {
        started(&f, 1, 77);
        ended(&f, 1, 1, 0);
        assert_int_equal(script_deadline(f.core), f.now.mono_ms + delay_ms);
        assert_events(&f, "");
        pass(&f, delay_ms);
        assert_int_equal(job(&f, 1)->run_count, run + 1);
        delay_ms *= 2;
    }
    started(&f, 1, 77);
    ended(&f, 1, 0, 9);
    assert_events(&f, "-script-error /s 9 0\n");
    assert_int_equal(f.core->scripts.count, 0);
    fixture_stop(&f);
}

static void one_that_waits_for_its_retry_holds_up_nobody(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    started(&f, 1, 77);
    ended(&f, 1, 1, 0);
    buf_clear(&f.scripts);
    queue(&f, "y");
    assert_scripts(&f, "run #2 /s y\n");
    fixture_stop(&f);
}

static void one_that_runs_for_too_long_is_killed_once(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    started(&f, 1, 77);
    buf_clear(&f.scripts);
    pass(&f, RUNTIME_MS);
    assert_scripts(&f, "");
    pass(&f, 1);
    assert_scripts(&f, "kill #1\n");
    assert_events(&f, "-script-timeout /s 77\n");
    pass(&f, 1000);
    assert_scripts(&f, "");
    assert_events(&f, "");
    ended(&f, 1, 0, 9);
    assert_events(&f, "");
    assert_int_equal(script_deadline(f.core), f.now.mono_ms + RETRY_MS);
    fixture_stop(&f);
}

/* There is nothing to kill yet, and it is killed when there is. */
static void one_that_hangs_before_it_is_a_process_is_killed_later(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    buf_clear(&f.scripts);
    pass(&f, 2 * RUNTIME_MS);
    assert_scripts(&f, "");
    started(&f, 1, 77);
    assert_scripts(&f, "kill #1\n");
    assert_events(&f, "-script-timeout /s 77\n");
    fixture_stop(&f);
}

static void without_a_process_the_run_counts_and_is_tried_again(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    buf_clear(&f.scripts);
    refused(&f, 1);
    assert_events(
        &f, "-script-error /s 99 0 (no process can be had: Resource temporarily unavailable)\n");
    assert_int_equal(f.core->scripts.running, 0);
    pass(&f, SCRIPT_PROCESS_RETRY_MS - 1);
    assert_scripts(&f, "");
    pass(&f, 1);
    assert_scripts(&f, "run #1 /s x\n");
    assert_int_equal(job(&f, 1)->run_count, 2);
    fixture_stop(&f);
}

static void runs_without_a_process_do_not_make_it_run_for_ever(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    for (int i = 0; i < SCRIPT_RUNS_MAX + 5; i++) {
        refused(&f, 1);
        pass(&f, SCRIPT_PROCESS_RETRY_MS);
    }
    buf_clear(&f.events);
    started(&f, 1, 77);
    ended(&f, 1, 1, 0);
    assert_events(&f, "-script-error /s 0 1\n");
    assert_int_equal(f.core->scripts.count, 0);
    fixture_stop(&f);
}

/* SENTINEL DEBUG changes them while jobs run and wait. */
static void changed_periods_count_for_what_runs_and_what_fails_next(void **state) {
    struct fixture f;
    start(&f);
    queue(&f, "x");
    started(&f, 1, 77);
    buf_clear(&f.scripts);
    pass(&f, 500);
    f.core->periods.script_runtime = 200;
    f.core->periods.script_retry = INT64_MAX / 2;
    pass(&f, 1);
    assert_scripts(&f, "kill #1\n");
    ended(&f, 1, 0, 9);
    assert_int_equal(script_deadline(f.core), INT64_MAX / 2 + f.now.mono_ms);
    fixture_stop(&f);
}

static void stale_news_are_ignored(void **state) {
    struct fixture f;
    start(&f);
    started(&f, 1, 77);
    ended(&f, 7, 3, 0);
    refused(&f, 7);
    queue(&f, "x");
    ended(&f, 1, 1, 0);
    ended(&f, 1, 1, 0); /* it waits for its next run */
    assert_int_equal(f.core->scripts.count, 1);
    assert_int_equal(f.core->scripts.running, 0);
    assert_events(&f, "");
    fixture_stop(&f);
}

/* ---- what asks for scripts ---- */

static void start_with_scripts(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    f->group->settings.notification_script = mem_strdup("/notify");
    f->group->settings.reconfig_script = mem_strdup("/reconfig");
    fixture_forget(f);
}

static bool has_script(const struct fixture *f, const char *line) {
    return slice_contains(buf_slice(&f->scripts), slice_of(line));
}

/* The master dies, and the peers agree and vote for us. */
static void fall(struct fixture *f) {
    fixture_peers_agree(f);
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].votes = true;
    fixture_fall(f);
}

#define assert_has_script(f, line) \
    do { \
        if (!has_script((f), "script " line "\n")) \
            fail_msg("no \"%s\" in:\n%s", (line), buf_text(&(f)->scripts)); \
    } while (0)

static void warnings_with_an_instance_are_notified(void **state) {
    struct fixture f;
    start_with_scripts(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    event_of_node(f.core, EVENT_SDOWN, f.group->master, NULL);
    event_of_peer(f.core, EVENT_SDOWN, fixture_peer(&f, 0), NULL);
    event_plain(f.core, EVENT_NEW_EPOCH, f.group, 0, "7");
    event_of_node(f.core, EVENT_REBOOT, f.group->master, NULL); /* notice */
    event_plain(f.core, EVENT_TILT, NULL, 0, "#tilt mode entered");
    event_plain(f.core, EVENT_SCRIPT_ERROR, NULL, 0, "/notify 0 2");
    fixture_end(&f);
    assert_scripts(&f,
        "script /notify +sdown master mymaster 10.0.0.1 6379\n"
        "script /notify +sdown "
        "sentinel " ID_B " 10.0.1.1 26379 @ mymaster 10.0.0.1 6379\n"
        "script /notify +new-epoch 7\n");
    fixture_drop(&f);
}

static void a_group_without_scripts_asks_for_none(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fall(&f);
    fixture_await(&f, "+switch-master", 10000);
    assert_scripts(&f, "");
    fixture_stop(&f);
}

/* What a script is told must not be undone by a crash. */
static void a_notification_waits_for_what_its_event_rests_on(void **state) {
    struct fixture f;
    start_with_scripts(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    uint64_t seq = core_persist(f.core, &(struct delta){ .kind = DELTA_EPOCH, .epoch = 9 });
    event_plain(f.core, EVENT_NEW_EPOCH, f.group, seq, "9");
    assert_int_equal(f.out.count, 2);
    assert_int_equal(f.out.items[0].kind, EFFECT_SCRIPT);
    assert_int_equal(f.out.items[0].after, seq);
    fixture_end(&f);
    fixture_drop(&f);
}

static size_t count_reconfigurations(const struct fixture *f) {
    size_t count = 0;
    struct slice rest = buf_slice(&f->scripts);
    while (rest.size > 0)
        count += slice_starts_with(slice_cut(&rest, '\n'), "script /reconfig ");
    return count;
}

static void the_leader_reconfigures_clients_once_when_the_promotion_is_confirmed(void **state) {
    struct fixture f;
    start_with_scripts(&f, &FIXTURE_STANDARD);
    fall(&f);
    fixture_await(&f, "+promoted-slave", 10000);
    assert_has_script(&f, "/reconfig mymaster leader start 10.0.0.1 6379 10.0.0.2 6379");
    fixture_await(&f, "+failover-end", 10000);
    fixture_advance(&f, 60000);
    assert_int_equal(count_reconfigurations(&f), 1);
    fixture_stop(&f);
}

/* A peer tells a configuration that is newer than ours. */
static void hear_of_master(struct fixture *f, const char *host) {
    fixture_hello(f,
        &(struct hello_line){ .host = "10.0.1.1",
            .port = 26379,
            .id = ID_B,
            .current_epoch = 3,
            .master_host = host,
            .master_port = 6379,
            .config_epoch = 3 });
}

static void an_observer_reconfigures_clients_when_it_adopts_an_address(void **state) {
    struct fixture f;
    start_with_scripts(&f, &FIXTURE_STANDARD);
    hear_of_master(&f, "10.0.0.2");
    assert_has_script(&f, "/reconfig mymaster observer start 10.0.0.1 6379 10.0.0.2 6379");
    fixture_advance(&f, 60000);
    assert_int_equal(count_reconfigurations(&f), 1);
    fixture_stop(&f);
}

static void an_epoch_without_a_new_address_reconfigures_nothing(void **state) {
    struct fixture f;
    start_with_scripts(&f, &FIXTURE_STANDARD);
    hear_of_master(&f, "10.0.0.1");
    assert_int_equal(f.group->config_epoch, 3);
    assert_int_equal(count_reconfigurations(&f), 0);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_started_at_once),
        cmocka_unit_test(a_job_that_ends_well_is_done),
        cmocka_unit_test(sixteen_run_at_a_time_oldest_first),
        cmocka_unit_test(beyond_256_the_oldest_that_does_not_run_is_dropped),
        cmocka_unit_test(exit_1_and_signals_are_tried_again_later),
        cmocka_unit_test(two_and_more_is_final),
        cmocka_unit_test(what_cannot_be_executed_is_said_in_the_log),
        cmocka_unit_test(the_delay_doubles_and_the_tenth_run_is_the_last),
        cmocka_unit_test(one_that_waits_for_its_retry_holds_up_nobody),
        cmocka_unit_test(one_that_runs_for_too_long_is_killed_once),
        cmocka_unit_test(one_that_hangs_before_it_is_a_process_is_killed_later),
        cmocka_unit_test(without_a_process_the_run_counts_and_is_tried_again),
        cmocka_unit_test(runs_without_a_process_do_not_make_it_run_for_ever),
        cmocka_unit_test(changed_periods_count_for_what_runs_and_what_fails_next),
        cmocka_unit_test(stale_news_are_ignored),
        cmocka_unit_test(warnings_with_an_instance_are_notified),
        cmocka_unit_test(a_group_without_scripts_asks_for_none),
        cmocka_unit_test(a_notification_waits_for_what_its_event_rests_on),
        cmocka_unit_test(the_leader_reconfigures_clients_once_when_the_promotion_is_confirmed),
        cmocka_unit_test(an_observer_reconfigures_clients_when_it_adopts_an_address),
        cmocka_unit_test(an_epoch_without_a_new_address_reconfigures_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
