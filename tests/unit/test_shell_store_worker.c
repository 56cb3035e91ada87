/* The store as the loop uses it: what is handed over is written by a thread, and the outcome is
 * found later. */
#include "sentinel/shell/store_worker.h"

#include "tests/unit/store_fixture.h"

#include "common/tstamp.h"
#include "sentinel/shell/store.h"
#include "tests/unit/faulty_disk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static bool is_readable(struct store *s, int timeout_ms) {
    struct pollfd end = { .fd = store_fd(s), .events = POLLIN };
    return poll(&end, 1, timeout_ms) == 1;
}

static struct store_outcome await_outcome(struct store *s) {
    assert_true(is_readable(s, PATIENCE_MS));
    return store_collect(s, 0);
}

/* Until all up to `seq` is on disk. */
static void await_durable(struct store *s, uint64_t seq) {
    struct store_outcome o;
    do {
        o = await_outcome(s);
        assert_false(o.failed);
    } while (o.durable_seq < seq);
}

static void hand_over_step(struct store *s, uint64_t step) {
    struct delta deltas[STEP_COUNT];
    char name[32];
    store_add(s, deltas, step_deltas(deltas, name, step));
    memset(name, 'x', sizeof(name)); /* they are lent for the call */
    store_hand_over(s, step, 0);
}

/* Hands over a step and waits until the disk hangs over it. */
static void hang_in_step(struct store *s, uint64_t step) {
    disk_break(DISK_WAITS, 1, INT32_MAX);
    hand_over_step(s, step);
    disk_await_waiting();
}

static uint64_t epoch_on_disk(struct fixture *f) {
    struct store *s = open_store(f);
    uint64_t epoch = store_state(s)->current_epoch;
    store_close(s);
    return epoch;
}

static void the_outcome_is_found_by_a_descriptor(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    assert_false(is_readable(s, 0));
    hand_over_step(s, 7);
    struct store_outcome o = await_outcome(s);
    assert_true(o.durable);
    assert_false(o.failed);
    assert_int_equal(o.durable_seq, 7);
    o = store_collect(s, 0);
    assert_false(o.durable || o.failed);
    store_close(s);
    assert_int_equal(epoch_on_disk(f), 7);
}

static void nothing_waits_for_a_disk_that_hangs(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    hang_in_step(s, 1);
    hand_over_step(s, 2);
    assert_int_equal(store_state(s)->current_epoch, 2);
    struct store_outcome o = store_collect(s, 0);
    assert_false(o.durable || o.failed);
    assert_false(is_readable(s, 0));
    disk_heal();
    await_durable(s, 2);
    store_close(s);
}

static void expect_overdue(struct store *s, uint64_t seq, int64_t now_ms) {
    assert_true(store_deadline(s) <= now_ms);
    struct store_outcome o = store_collect(s, now_ms);
    assert_true(o.failed && !o.durable);
    assert_int_equal(o.failed_seq, seq);
    assert_non_null(strstr(store_error(s), "no answer from the disk for 3 s"));
    assert_int_equal(store_deadline(s), TSTAMP_NEVER);
}

static void a_disk_that_does_not_answer_has_failed_until_it_does(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    assert_int_equal(store_deadline(s), TSTAMP_NEVER);
    hang_in_step(s, 1); /* at 0 */
    store_hand_over(s, 2, 2000);
    assert_int_equal(store_deadline(s), 3000);
    struct store_outcome o = store_collect(s, 2999);
    assert_false(o.durable || o.failed);
    expect_overdue(s, 2, 3000);
    assert_false(is_readable(s, 0));
    store_hand_over(s, 3, 6000);
    expect_overdue(s, 3, 6000); /* it has had its time */
    disk_heal();
    await_durable(s, 3);
    assert_int_equal(store_deadline(s), TSTAMP_NEVER);
    store_hand_over(s, 4, 9000);
    assert_int_equal(store_deadline(s), 12000);
    await_durable(s, 4);
    store_close(s);
}

static void what_is_handed_over_during_a_commit_is_one_commit(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    hand_over_step(s, 1);
    await_durable(s, 1);
    hang_in_step(s, 2);
    for (uint64_t step = 3; step <= 1000; step++)
        hand_over_step(s, step);
    disk_heal(); /* counts from here */
    await_durable(s, 1000);
    assert_in_range(disk_count_syncs(), 1, 2);
    store_close(s);
    assert_int_equal(epoch_on_disk(f), 1000);
}

static void a_failure_is_told_with_its_reason(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    disk_break(DISK_FAILS, 1, INT32_MAX);
    hand_over_step(s, 1);
    struct store_outcome o = await_outcome(s);
    assert_true(o.failed);
    assert_false(o.durable);
    assert_int_equal(o.failed_seq, 1);
    assert_non_null(strstr(store_error(s), f->place.database));
    assert_non_null(strstr(store_error(s), strerror(ENOSPC)));
    disk_heal();
    store_hand_over(s, 2, 0); /* with nothing to add: tries again what failed */
    await_durable(s, 2);
    store_close(s);
    assert_int_equal(epoch_on_disk(f), 1);
}

static void what_was_added_when_a_commit_failed_brings_everything(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    hang_in_step(s, 1);
    hand_over_step(s, 2);
    disk_break(DISK_FAILS, 1, 1); /* the one behind the one that hung */
    struct store_outcome o = await_outcome(s);
    assert_int_equal(o.failed ? o.failed_seq : 1, 1); /* or we learn only of the next one */
    if (!o.durable)
        o = await_outcome(s);
    assert_true(o.durable && !o.failed);
    assert_int_equal(o.durable_seq, 2);
    store_close(s);
    s = open_store(f);
    assert_int_equal(store_state(s)->current_epoch, 2);
    assert_int_equal(map_count(&store_state(s)->groups), 2); /* that of step 1, too */
    store_close(s);
}

static void what_was_handed_over_is_finished_at_the_end(void **state) {
    struct fixture *f = *state;
    uint64_t step = 0;
    for (int round = 0; round < 50; round++) {
        struct store *s = open_store(f);
        assert_int_equal(store_state(s)->current_epoch, step);
        hand_over_step(s, ++step);
        hand_over_step(s, ++step);
        store_close(s);
    }
    assert_int_equal(epoch_on_disk(f), step);
}

/* A signal for the process, blocked in the loop's thread, stays pending: no other takes it. */
static void signals_are_left_to_the_loop(void **state) {
    struct fixture *f = *state;
    sigset_t one, before, pending;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    struct store *s = open_store(f);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, &before), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    hand_over_step(s, 1); /* wakes the other one */
    await_durable(s, 1);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGUSR1), 1);
    int number;
    assert_int_equal(sigwait(&one, &number), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    store_close(s);
}

static off_t size_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void a_long_log_is_tidied_up_when_it_is_quiet(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    off_t before = size_of(f->place.database);
    uint64_t step = 0;
    for (; step < 2000; step++) { /* many pages each */
        char name[32];
        snprintf(name, sizeof(name), "group-%d", (int)step);
        struct delta deltas[] = { group_delta(name, step), { .kind = DELTA_EPOCH, .epoch = step } };
        store_add(s, deltas, ARRAY_SIZE(deltas));
        store_hand_over(s, step, 0);
        await_durable(s, step);
    }
    for (int waited_ms = 0; size_of(f->place.database) == before; waited_ms += 10) {
        assert_true(waited_ms < PATIENCE_MS);
        (void)poll(NULL, 0, 10);
    }
    hand_over_step(s, step);
    await_durable(s, step);
    store_close(s);
    assert_int_equal(epoch_on_disk(f), step);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_outcome_is_found_by_a_descriptor),
        TEST(nothing_waits_for_a_disk_that_hangs),
        TEST(a_disk_that_does_not_answer_has_failed_until_it_does),
        TEST(what_is_handed_over_during_a_commit_is_one_commit),
        TEST(a_failure_is_told_with_its_reason),
        TEST(what_was_added_when_a_commit_failed_brings_everything),
        TEST(what_was_handed_over_is_finished_at_the_end),
        TEST(signals_are_left_to_the_loop),
        TEST(a_long_log_is_tidied_up_when_it_is_quiet),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
