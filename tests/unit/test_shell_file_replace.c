#include "sentinel/shell/file_replace.h"

#include "tests/unit/store_fixture.h"

#include "common/mem.h"
#include "config/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_in(const struct fixture *f, const char *name) {
    static char path[64];
    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    return path;
}

static void assert_text(const char *path, const char *expected) {
    struct slice text;
    assert_int_equal(load_file(path, &text), 0);
    assert_slice(text, expected);
    mem_free((void *)(uintptr_t)text.data);
}

static struct stat look(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st;
}

static size_t count_files(const struct fixture *f) {
    size_t count = 0;
    DIR *dir = opendir(f->folder);
    assert_non_null(dir);
    // cppcheck-suppress readdirCalled ; nobody else reads this stream
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void another_file_takes_the_place_with_mode_and_owner(void **state) {
    struct fixture *f = *state;
    const char *path = path_in(f, "f");
    write_file(path, "old");
    assert_int_equal(chmod(path, 0640), 0);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(chown(path, 12, 34), 0);
    struct stat before = look(path);
    assert_int_equal(file_replace(path, SLICE_LITERAL("new\n")), 0);
    struct stat after = look(path);
    assert_text(path, "new\n");
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_int_equal(after.st_mode & 07777, 0640);
    assert_int_equal(after.st_uid, root ? 12 : geteuid());
    assert_int_equal(after.st_gid, before.st_gid);
    assert_int_equal(count_files(f), 1);
}

static void one_that_is_gone_is_made_anew(void **state) {
    struct fixture *f = *state;
    const char *path = path_in(f, "f");
    mode_t mask = umask(0);
    assert_int_equal(file_replace(path, SLICE_LITERAL("new")), 0);
    umask(mask);
    assert_text(path, "new");
    assert_int_equal(look(path).st_mode & 07777, 0600);
}

static void others_lose_their_rights(void **state) {
    struct fixture *f = *state;
    const char *path = path_in(f, "f");
    write_file(path, "old");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(file_replace(path, SLICE_LITERAL("new")), 0);
    assert_int_equal(look(path).st_mode & 07777, 0660);
}

static void what_a_killed_process_left_is_no_hindrance(void **state) {
    struct fixture *f = *state;
    write_file(path_in(f, "f.vedette.new"), "half");
    write_file(path_in(f, "f"), "old");
    assert_int_equal(file_replace(path_in(f, "f"), SLICE_LITERAL("new")), 0);
    assert_text(path_in(f, "f"), "new");
    assert_int_equal(count_files(f), 1);
}

static void a_folder_or_a_pipe_is_no_file(void **state) {
    struct fixture *f = *state;
    const char *path = path_in(f, "f");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(file_replace(path, SLICE_LITERAL("new")), -EISDIR);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_replace(path, SLICE_LITERAL("new")), -EINVAL);
    assert_int_equal(file_replace(path_in(f, "no/such"), SLICE_LITERAL("new")), -ENOENT);
    assert_int_equal(count_files(f), 1);
}

static void whether_it_can_be_is_known_before(void **state) {
    struct fixture *f = *state;
    write_file(path_in(f, "f"), "old");
    assert_int_equal(file_can_be_replaced(path_in(f, "f")), 0);
    assert_int_equal(file_can_be_replaced(path_in(f, "new")), 0);
    assert_int_equal(file_can_be_replaced(path_in(f, "no/such")), -ENOENT);
    assert_true(file_can_be_replaced("/proc/self/status") < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(another_file_takes_the_place_with_mode_and_owner),
        TEST(one_that_is_gone_is_made_anew),
        TEST(others_lose_their_rights),
        TEST(what_a_killed_process_left_is_no_hindrance),
        TEST(a_folder_or_a_pipe_is_no_file),
        TEST(whether_it_can_be_is_known_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
