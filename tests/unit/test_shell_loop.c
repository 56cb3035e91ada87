#include "sentinel/shell/loop.h"

#include "tests/unit/unit.h"

#include "common/tstamp.h"
#include "sentinel/shell/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENDS_MAX 4

/* One end of a stream, watched; `far` is the other one. */
struct end {
    struct bench *bench;
    struct watch *watch;
    int near, far;
    char name;
    bool leaves; /* what has come: it is told again, as who reads a piece at a time is */
};

struct bench {
    struct loop *loop;
    struct end ends[ENDS_MAX];
    char told[64]; /* the names, in order */
};

static void on_ready(void *context, unsigned ready) {
    struct end *e = context;
    char byte;
    size_t count = strlen(e->bench->told);
    assert_true(count + 1 < sizeof(e->bench->told));
    e->bench->told[count] = (ready & WATCH_READ) != 0 ? e->name : '-';
    if (!e->leaves)
        assert_int_equal(read(e->near, &byte, 1), 1);
}

static void open_end(struct bench *b, int number, bool is_hurried) {
    struct end *e = &b->ends[number];
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *e = (struct end){ .bench = b, .near = fds[0], .far = fds[1], .name = (char)('a' + number) };
    e->watch = watch_new(b->loop, e->near, WATCH_READ, on_ready, e);
    if (is_hurried)
        watch_hurry(e->watch);
}

static void close_end(struct end *e) {
    if (e->watch == NULL)
        return;
    watch_free(e->watch);
    close(e->near);
    close(e->far);
    e->watch = NULL;
}

static void speak(struct bench *b, int number) {
    assert_int_equal(write(b->ends[number].far, "x", 1), 1);
}

/* a and b wait their turn, c and d are hurried. */
static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    assert_non_null(b->loop);
    for (int i = 0; i < ENDS_MAX; i++)
        open_end(b, i, i >= 2);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < ENDS_MAX; i++)
        close_end(&b->ends[i]);
    loop_free(b->loop);
    free(b);
    return 0;
}

#define assert_told(b, names) \
    do { \
        assert_string_equal((b)->told, (names)); \
        memset((b)->told, 0, sizeof((b)->told)); \
    } while (0)

static void the_hurried_are_told_first(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < ENDS_MAX; i++)
        speak(b, i);
    assert_int_equal(loop_poll(b->loop), 4);
    assert_true(loop_dispatch(b->loop, TSTAMP_NEVER));
    assert_int_equal(b->told[2] + b->told[3], 'a' + 'b');
    assert_int_equal(b->told[0] + b->told[1], 'c' + 'd');
    assert_int_equal(loop_hurried_count(b->loop), 2);
}

static void beyond_its_time_a_dispatch_tells_all_hurried_and_one_other(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 3; i++)
        speak(b, i);
    assert_int_equal(loop_poll(b->loop), 3);
    assert_false(loop_dispatch(b->loop, 0));
    assert_int_equal(strlen(b->told), 2);
    assert_int_equal(b->told[0], 'c');
    assert_true(loop_dispatch(b->loop, 0));
    assert_int_equal(strlen(b->told), 3);
}

static void the_hurried_can_be_asked_alone(void **state) {
    struct bench *b = *state;
    speak(b, 0);
    speak(b, 3);
    loop_poll_hurried(b->loop);
    assert_true(loop_dispatch(b->loop, TSTAMP_NEVER));
    assert_told(b, "d");
    assert_int_equal(loop_poll(b->loop), 1);
    assert_true(loop_dispatch(b->loop, TSTAMP_NEVER));
    assert_told(b, "a");
}

/* Whichever way it was found first. */
static void who_was_told_is_not_told_again_of_the_same(void **state) {
    struct bench *b = *state;
    speak(b, 2);
    assert_int_equal(loop_poll(b->loop), 1);
    loop_poll_hurried(b->loop);
    loop_dispatch_hurried(b->loop);
    assert_told(b, "c");
    loop_poll_hurried(b->loop);
    loop_dispatch_hurried(b->loop);
    assert_int_equal(loop_poll(b->loop), 0);
    assert_told(b, "");
}

static void what_is_left_is_told_again(void **state) {
    struct bench *b = *state;
    b->ends[2].leaves = true;
    speak(b, 2);
    for (int i = 0; i < 3; i++) {
        loop_poll_hurried(b->loop);
        loop_dispatch_hurried(b->loop);
    }
    assert_told(b, "ccc");
    assert_int_equal(loop_poll(b->loop), 1);
    b->ends[2].leaves = false;
    assert_true(loop_dispatch(b->loop, TSTAMP_NEVER));
    assert_told(b, "c");
}

static void who_wants_nothing_is_not_told_until_it_does(void **state) {
    struct bench *b = *state;
    loop_poll_hurried(b->loop);
    watch_want(b->ends[2].watch, 0);
    speak(b, 2);
    loop_poll_hurried(b->loop);
    assert_int_equal(loop_poll(b->loop), 0);
    int64_t until_ms = clock_mono_us() / 1000 + 20;
    assert_int_equal(loop_wait(b->loop, until_ms), 0); /* and it sleeps for that long */
    assert_true(clock_mono_us() / 1000 >= until_ms - 1);
    watch_want(b->ends[2].watch, WATCH_READ);
    loop_poll_hurried(b->loop);
    loop_dispatch_hurried(b->loop);
    assert_told(b, "c");
}

static void a_number_that_is_used_again_is_not_hurried_for_that(void **state) {
    struct bench *b = *state;
    loop_poll_hurried(b->loop);
    int number = b->ends[2].near;
    speak(b, 2);
    close_end(&b->ends[2]);
    open_end(b, 2, false);
    if (b->ends[2].near != number) { /* the lowest free one is the system's choice */
        assert_int_equal(dup2(b->ends[2].near, number), number);
        watch_free(b->ends[2].watch);
        close(b->ends[2].near);
        b->ends[2].near = number;
        b->ends[2].watch = watch_new(b->loop, number, WATCH_READ, on_ready, &b->ends[2]);
    }
    speak(b, 2);
    loop_poll_hurried(b->loop);
    loop_dispatch_hurried(b->loop);
    assert_told(b, "");
    assert_int_equal(loop_poll(b->loop), 1);
    assert_true(loop_dispatch(b->loop, TSTAMP_NEVER));
    assert_told(b, "c");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_hurried_are_told_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            beyond_its_time_a_dispatch_tells_all_hurried_and_one_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_hurried_can_be_asked_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_was_told_is_not_told_again_of_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_is_told_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_wants_nothing_is_not_told_until_it_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_number_that_is_used_again_is_not_hurried_for_that, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
