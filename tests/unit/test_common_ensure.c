#include "common/ensure.h"

#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static jmp_buf back;

static void on_abort(int number) {
    longjmp(back, number);
}

static int evaluations;

static bool evaluated(bool value) {
    evaluations++;
    return value;
}

/* Runs ensure(value) with abort caught; returns whether the process would have ended. */
static bool ends_process(bool value) {
    void (*before)(int) = signal(SIGABRT, on_abort);
    volatile bool ended = true;
    if (setjmp(back) == 0) {
        ensure(evaluated(value));
        ended = false;
    }
    signal(SIGABRT, before);
    return ended;
}

static void a_true_condition_passes_and_is_evaluated_once(void **state) {
    evaluations = 0;
    assert_false(ends_process(true));
    assert_int_equal(evaluations, 1);
}

static void a_false_condition_aborts(void **state) {
    assert_true(ends_process(false));
}

static void it_is_one_statement(void **state) {
    if (state != NULL)
        ensure(state != NULL);
    else
        fail();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_condition_passes_and_is_evaluated_once),
        cmocka_unit_test(a_false_condition_aborts),
        cmocka_unit_test(it_is_one_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
