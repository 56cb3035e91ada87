#include "config/diag.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

static void assert_printed(const struct diag *d, const char *expected) {
    struct buf out = BUF_INIT;
    diag_print(d, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void findings_are_printed_in_order_of_their_place(void **state) {
    struct diag d;
    diag_init(&d, "a.yaml");
    assert_printed(&d, "");
    diag_add(&d, 12, 3, "third");
    diag_add(&d, 2, 30, "second %d", 2);
    diag_add(&d, 12, 3, "third, later");
    diag_add(&d, 2, 4, "first");
    diag_add(&d, 0, 0, "all of it");
    diag_add(&d, 5, 0, "a line");
    assert_int_equal(d.count, 6);
    assert_printed(&d,
        "a.yaml: all of it\n"
        "a.yaml:2:4: first\n"
        "a.yaml:2:30: second 2\n"
        "a.yaml:5: a line\n"
        "a.yaml:12:3: third\n"
        "a.yaml:12:3: third, later\n");
    diag_fini(&d);
}

static void a_finding_stays_one_line_whatever_it_quotes(void **state) {
    struct diag d;
    diag_init(&d, "f");
    diag_add(&d, 1, 1, "bad '%s'", "a\nb\x1b[1m\x7f");
    assert_printed(&d, "f:1:1: bad 'a b [1m '\n");
    diag_fini(&d);
}

static void the_number_of_findings_is_bounded(void **state) {
    struct diag d;
    diag_init(&d, "f");
    for (int i = 1; i <= 5000; i++)
        diag_add(&d, i, 1, "no");
    assert_int_equal(d.count, 1000);
    assert_string_equal(d.findings[999].text, "there are more findings than are shown");
    diag_fini(&d);
}

static void warnings_stand_apart_each_once(void **state) {
    struct diag d;
    struct buf out = BUF_INIT;
    diag_init(&d, "f");
    diag_warn(&d, NULL, 3, 4, "beware of %s", "x");
    diag_warn(&d, NULL, 5, 6, "beware of %s", "x");
    diag_warn(&d, "g", 1, 2, "beware of %s", "y");
    assert_int_equal(d.count, 0);
    assert_int_equal(d.warning_count, 2);
    assert_printed(&d, "");
    diag_print_warnings(&d, &out);
    assert_string_equal(buf_text(&out), "f:3:4: beware of x\ng:1:2: beware of y\n");
    for (int i = 0; i < 1000; i++)
        diag_warn(&d, NULL, 1, 1, "%d", i);
    assert_int_equal(d.warning_count, 100);
    buf_fini(&out);
    diag_fini(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_printed_in_order_of_their_place),
        cmocka_unit_test(a_finding_stays_one_line_whatever_it_quotes),
        cmocka_unit_test(the_number_of_findings_is_bounded),
        cmocka_unit_test(warnings_stand_apart_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
