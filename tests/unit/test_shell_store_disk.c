#include "sentinel/shell/store_disk.h"

#include "tests/unit/store_fixture.h"

#include "sentinel/shell/store_batch.h"
#include "tests/unit/faulty_disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store_disk *open_disk(struct fixture *f) {
    buf_clear(&f->why);
    struct store_disk *d = store_disk_open(&f->place, &f->why);
    if (d == NULL)
        fail_msg("%s", buf_text(&f->why));
    return d;
}

static bool commit_epoch(struct fixture *f, struct store_disk *d, uint64_t epoch) {
    struct store_batch *b = store_batch_new();
    store_batch_add(b, &(struct delta){ .kind = DELTA_EPOCH, .epoch = epoch });
    buf_clear(&f->why);
    bool ok = store_disk_commit(d, b, &f->why);
    store_batch_free(b);
    return ok;
}

static void a_tidied_log_is_used_again(void **state) {
    struct fixture *f = *state;
    struct store_disk *d = open_disk(f);
    uint64_t epoch = 0;
    while (!store_disk_wants_rest(d)) {
        assert_true(++epoch < 10000);
        assert_true(commit_epoch(f, d, epoch));
    }
    store_disk_rest(d);
    assert_false(store_disk_wants_rest(d));
    char log[160];
    snprintf(log, sizeof(log), "%s-wal", f->place.database);
    struct stat before, after;
    assert_int_equal(stat(log, &before), 0);
    for (int i = 0; i < 100; i++)
        assert_true(commit_epoch(f, d, ++epoch));
    assert_int_equal(stat(log, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    store_disk_close(d);
    d = open_disk(f);
    assert_int_equal(store_disk_state(d)->current_epoch, epoch);
    store_disk_close(d);
}

static void a_failure_while_tidying_up_is_of_no_commit(void **state) {
    struct fixture *f = *state;
    struct store_disk *d = open_disk(f);
    uint64_t epoch = 0;
    while (!store_disk_wants_rest(d))
        assert_true(commit_epoch(f, d, ++epoch));
    disk_break(DISK_FAILS, 1, 1);
    store_disk_rest(d);
    assert_int_equal(disk_count() > 0, true);
    assert_false(store_disk_wants_rest(d));
    assert_true(commit_epoch(f, d, ++epoch));
    store_disk_close(d);
    d = open_disk(f);
    assert_int_equal(store_disk_state(d)->current_epoch, epoch);
    store_disk_close(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_tidied_log_is_used_again),
        TEST(a_failure_while_tidying_up_is_of_no_commit),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
