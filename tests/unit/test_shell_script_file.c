#include "sentinel/shell/script_file.h"

#include "tests/unit/unit.h"

#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* folder/allowed/sub/script, folder/outside, folder/allowed/link -> ../outside, folder/way ->
 * allowed */
struct tree {
    char folder[64];
    char allowed[128], sub[128], script[128], outside[128], link[128], way[128];
};

static void write_script(const char *path) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("#!/bin/sh\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static int set_up(void **state) {
    struct tree *t = mem_new(struct tree);
    strcpy(t->folder, "/tmp/vedette-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    (void)snprintf(t->allowed, sizeof(t->allowed), "%s/allowed", t->folder);
    (void)snprintf(t->sub, sizeof(t->sub), "%s/allowed/sub", t->folder);
    (void)snprintf(t->script, sizeof(t->script), "%s/allowed/sub/script", t->folder);
    (void)snprintf(t->outside, sizeof(t->outside), "%s/outside", t->folder);
    (void)snprintf(t->link, sizeof(t->link), "%s/allowed/link", t->folder);
    (void)snprintf(t->way, sizeof(t->way), "%s/way", t->folder);
    assert_int_equal(mkdir(t->allowed, 0755), 0);
    assert_int_equal(mkdir(t->sub, 0755), 0);
    write_script(t->script);
    write_script(t->outside);
    assert_int_equal(symlink("../outside", t->link), 0);
    assert_int_equal(symlink("allowed", t->way), 0);
    *state = t;
    return 0;
}

static int tear_down(void **state) {
    struct tree *t = *state;
    unlink(t->way);
    unlink(t->link);
    unlink(t->outside);
    unlink(t->script);
    rmdir(t->sub);
    rmdir(t->allowed);
    rmdir(t->folder);
    mem_free(t);
    return 0;
}

static void assert_check(
    const char *path, const char *folders, enum script_fault expected, const char *expected_real) {
    char *real;
    assert_int_equal(script_file_check(path, folders, &real), expected);
    if (expected_real == NULL)
        assert_null(real);
    else
        assert_string_equal(real, expected_real);
    free(real);
}

static void without_folders_any_that_can_be_executed_will_do(void **state) {
    const struct tree *t = *state;
    assert_check(t->outside, NULL, SCRIPT_FIT, NULL);
    assert_int_equal(chmod(t->outside, 0777), 0);
    assert_check(t->outside, NULL, SCRIPT_FIT, NULL);
    assert_true(script_file_is_open(t->outside));
    assert_false(script_file_is_open(t->script));
    assert_check("/nosuch", NULL, SCRIPT_NOT_EXECUTABLE, NULL);
    assert_int_equal(chmod(t->outside, 0644), 0);
    assert_check(t->outside, NULL, SCRIPT_NOT_EXECUTABLE, NULL);
}

static void it_must_lie_in_a_folder_wherever_links_lead(void **state) {
    const struct tree *t = *state;
    char both[512], beside[256], beyond[256], through[256];
    (void)snprintf(both, sizeof(both), "/nosuch:%s", t->allowed);
    (void)snprintf(beside, sizeof(beside), "%s/allow", t->folder); /* the begin of a name */
    (void)snprintf(beyond, sizeof(beyond), "%s/../outside", t->allowed);
    (void)snprintf(through, sizeof(through), "%s/sub/script", t->way);
    assert_check(t->script, t->allowed, SCRIPT_FIT, t->script);
    assert_check(t->script, both, SCRIPT_FIT, t->script);
    assert_check(t->script, t->way, SCRIPT_FIT, t->script);
    assert_check(through, t->allowed, SCRIPT_FIT, t->script);
    assert_check(t->outside, t->allowed, SCRIPT_OUTSIDE, NULL);
    assert_check(t->link, t->allowed, SCRIPT_OUTSIDE, NULL);
    assert_check(beyond, t->allowed, SCRIPT_OUTSIDE, NULL);
    assert_check(t->script, beside, SCRIPT_OUTSIDE, NULL);
    assert_check(t->script, "/nosuch", SCRIPT_OUTSIDE, NULL);
    assert_check("/nosuch", t->allowed, SCRIPT_NOT_EXECUTABLE, NULL);
}

static void nobody_else_may_change_it_or_its_folders(void **state) {
    const struct tree *t = *state;
    assert_int_equal(chmod(t->script, 0757), 0);
    assert_check(t->script, t->allowed, SCRIPT_OPEN, NULL);
    assert_int_equal(chmod(t->script, 0775), 0);
    assert_check(t->script, t->allowed, SCRIPT_FIT, t->script);
    assert_int_equal(chmod(t->sub, 0777), 0);
    assert_check(t->script, t->allowed, SCRIPT_OPEN, NULL);
    assert_int_equal(chmod(t->sub, 01777), 0);
    assert_check(t->script, t->allowed, SCRIPT_FIT, t->script);
    assert_int_equal(chmod(t->allowed, 0777), 0);
    assert_check(t->script, t->allowed, SCRIPT_OPEN, NULL);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TREE_TEST(without_folders_any_that_can_be_executed_will_do),
        TREE_TEST(it_must_lie_in_a_folder_wherever_links_lead),
        TREE_TEST(nobody_else_may_change_it_or_its_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
