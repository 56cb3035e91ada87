#include "sentinel/shell/store_disk.h"

#include "tests/unit/store_fixture.h"

#include "sentinel/shell/store_batch.h"
#include "tests/unit/faulty_disk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* ---- places that vanish ---- */

static void PRINTF_LIKE(1, 2) shell(const char *format, ...) {
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own */
}

static void remove_all(struct fixture *f) {
    remove_folder(f->state);
}

static void empty_folder(struct fixture *f) {
    shell("rm -rf '%s'/*", f->state);
}

static void remove_database(struct fixture *f) {
    unlink(f->place.database);
}

static void remove_log(struct fixture *f) {
    shell("rm '%s-wal'", f->place.database);
}

static void remove_marker(struct fixture *f) {
    unlink(f->place.marker);
}

static void replace_by_copy(struct fixture *f) {
    shell("cp -a '%s' '%s.copy' && mv '%s' '%s.old' && mv '%s.copy' '%s'", f->state, f->state,
        f->state, f->state, f->state, f->state);
}

static const struct {
    const char *what;
    void (*act)(struct fixture *f);
    const char *path, *why; /* the end of the path, and the text of the errno */
} losses[] = {
    { "the folder", remove_all, "/state/vedette.db", "No such file or directory" },
    { "what is in the folder", empty_folder, "/state/vedette.db", "No such file or directory" },
    { "the database", remove_database, "/state/vedette.db", "No such file or directory" },
    { "the log of changes", remove_log, "/state/vedette.db-wal", "No such file or directory" },
    { "the marker", remove_marker, "/state/vedette.state", "No such file or directory" },
    { "the very files", replace_by_copy, "/state/vedette.db", "it was replaced by another file" },
};

static void check_held(struct fixture *f) {
    int fd;
    assert_int_equal(store_place_hold(&f->place, &fd), -EWOULDBLOCK);
}

/* What a start finds. */
static void check_found(struct fixture *f, const char *id, uint64_t epoch) {
    struct store_disk *d = open_disk(f);
    assert_string_equal(store_disk_state(d)->id, id);
    assert_int_equal(store_disk_state(d)->current_epoch, epoch);
    assert_int_equal(map_count(&store_disk_state(d)->groups), 1);
    store_disk_close(d);
}

/* A group and an epoch of 1. */
static struct store_disk *open_filled(struct fixture *f, char id[static ID_SIZE]) {
    struct store_disk *d = open_disk(f);
    memcpy(id, store_disk_state(d)->id, ID_SIZE);
    struct store_batch *b = store_batch_new();
    struct delta group = group_delta("one", 1);
    store_batch_add(b, &group);
    store_batch_add(b, &(struct delta){ .kind = DELTA_EPOCH, .epoch = 1 });
    assert_true(store_disk_commit(d, b, &f->why));
    store_batch_free(b);
    return d;
}

static void expect_failure(
    struct fixture *f, struct store_disk *d, uint64_t epoch, const char *path, const char *why) {
    if (commit_epoch(f, d, epoch) || strstr(buf_text(&f->why), path) == NULL ||
        strstr(buf_text(&f->why), why) == NULL)
        fail_msg("\"%s\", expected a failure with \"%s\" and \"%s\"", buf_text(&f->why), path, why);
}

static void what_is_lost_is_noticed_and_made_anew(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
        char id[ID_SIZE];
        struct store_disk *d = open_filled(f, id);
        losses[i].act(f);
        expect_failure(f, d, 2, losses[i].path, losses[i].why);
        if (!commit_epoch(f, d, 3))
            fail_msg("%s: %s", losses[i].what, buf_text(&f->why));
        check_held(f);
        assert_true(commit_epoch(f, d, 4));
        store_disk_close(d);
        check_found(f, id, 4);
        remove_folder(f->state);
    }
}

/* The second try meets every fault in turn; in the end all is there. */
static void faults_while_it_is_made_anew_only_delay_it(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(losses); i += 2) {
        bool beyond = false;
        for (int fault = 1; !beyond; fault++) {
            assert_true(fault < 1000);
            char id[ID_SIZE];
            struct store_disk *d = open_filled(f, id);
            losses[i].act(f);
            assert_false(commit_epoch(f, d, 2));
            disk_break(DISK_FAILS, fault, fault);
            bool done = commit_epoch(f, d, 3);
            beyond = disk_count() < fault;
            disk_heal();
            assert_int_equal(done, beyond);
            if (!commit_epoch(f, d, 4))
                fail_msg("%s, fault %d: %s", losses[i].what, fault, buf_text(&f->why));
            check_held(f);
            store_disk_close(d);
            check_found(f, id, 4);
            shell("rm -rf '%s'*", f->state);
        }
    }
}

/* Loses the folder, and is killed while it makes it anew. Whether it got to its end. */
static bool remake_until_killed(struct fixture *f, int fault) {
    pid_t child = fork();
    if (child == 0) {
        char id[ID_SIZE];
        struct store_disk *d = open_filled(f, id);
        remove_all(f);
        bool ok = !commit_epoch(f, d, 2);
        disk_break(DISK_KILLS, fault, fault);
        _exit(ok && commit_epoch(f, d, 3) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return !WIFSIGNALED(status);
}

static void a_kill_while_it_is_made_anew_leaves_all_or_a_first_start(void **state) {
    struct fixture *f = *state;
    bool finished = false;
    for (int fault = 1; !finished; fault++) {
        assert_true(fault < 1000);
        finished = remake_until_killed(f, fault);
        bool marked = exists(f->place.marker);
        struct store_disk *d = open_disk(f);
        assert_int_equal(store_disk_is_fresh(d), !marked);
        assert_true(marked || !finished);
        if (marked)
            assert_int_equal(store_disk_state(d)->current_epoch, 3);
        store_disk_close(d);
        remove_folder(f->state);
    }
}

/* ---- places that are somebody else's, or no good ---- */

static int other_hold = -1;

static void put_another_state(struct fixture *f) {
    struct store_place other;
    char folder[128];
    snprintf(folder, sizeof(folder), "%s.other", f->state);
    store_place_in(&other, folder);
    struct store_disk *d = store_disk_open(&other, &f->why);
    assert_non_null(d);
    store_disk_close(d);
    store_place_fini(&other);
    shell("rm -rf '%s' && mv '%s' '%s'", f->state, folder, f->state);
}

static void let_another_process_hold_it(struct fixture *f) {
    put_another_state(f);
    assert_int_equal(store_place_hold(&f->place, &other_hold), 0);
}

static void put_a_file(struct fixture *f) {
    remove_all(f);
    write_file(f->state, "a file");
}

static void put_other_files(struct fixture *f) {
    char other[128];
    empty_folder(f);
    snprintf(other, sizeof(other), "%s/dump.rdb", f->state);
    write_file(other, "data");
}

static void put_noise(struct fixture *f) {
    empty_folder(f);
    write_file(f->place.database, "this is no database, and it is long enough to be seen as one");
}

static void remove_parent(struct fixture *f) {
    remove_folder(f->folder);
}

static void nothing_is_written_into_a_place_that_is_no_good(void **state) {
    static const struct {
        const char *what;
        void (*act)(struct fixture *f);
        const char *path, *why;
    } cases[] = {
        { "another's", put_another_state, "vedette.db", "the state of another vedette" },
        { "held", let_another_process_hold_it, "vedette.state", "another process is using it" },
        { "a file", put_a_file, "state", "Not a directory" },
        { "other files", put_other_files, "state", "holds other files" },
        { "noise", put_noise, "vedette.db", "not a database" },
        { "no parent", remove_parent, "state", "No such file or directory" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char id[ID_SIZE];
        struct store_disk *d = open_filled(f, id);
        cases[i].act(f);
        assert_false(commit_epoch(f, d, 2));
        for (uint64_t epoch = 3; epoch < 6; epoch++)
            expect_failure(f, d, epoch, cases[i].path, cases[i].why);
        if (other_hold >= 0)
            close(other_hold);
        other_hold = -1;
        shell("rm -rf '%s' && mkdir -p '%s'", f->state, f->folder);
        if (!commit_epoch(f, d, 6))
            fail_msg("%s: %s", cases[i].what, buf_text(&f->why));
        store_disk_close(d);
        check_found(f, id, 6);
        remove_folder(f->state);
    }
}

static void what_another_vedette_put_there_is_left_alone(void **state) {
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct store_disk *d = open_filled(f, id);
    put_another_state(f);
    assert_false(commit_epoch(f, d, 2));
    assert_false(commit_epoch(f, d, 3));
    store_disk_close(d);
    d = open_disk(f);
    assert_string_not_equal(store_disk_state(d)->id, id);
    assert_int_equal(store_disk_state(d)->current_epoch, 0);
    store_disk_close(d);
}

static void a_disk_that_turns_read_only_is_written_again_later(void **state) {
    struct fixture *f = *state;
    char id[ID_SIZE];
    struct store_disk *d = open_filled(f, id);
    disk_break(DISK_READONLY, 1, 1);
    expect_failure(f, d, 2, "vedette.db", strerror(EROFS));
    expect_failure(f, d, 3, "vedette.db", "");
    disk_heal();
    assert_true(commit_epoch(f, d, 4));
    store_disk_close(d);
    check_found(f, id, 4);
}

static void what_may_not_be_written_is_named_so(void **state) {
    struct fixture *f = *state;
    char id[ID_SIZE];
    if (geteuid() == 0)
        skip(); /* the superuser may */
    struct store_disk *d = open_filled(f, id);
    disk_break(DISK_FAILS, 1, 1);
    assert_false(commit_epoch(f, d, 2));
    disk_heal();
    assert_int_equal(chmod(f->place.database, 0400), 0);
    expect_failure(f, d, 3, "vedette.db", strerror(EACCES));
    assert_int_equal(chmod(f->place.database, 0600), 0);
    remove_log(f);
    assert_int_equal(chmod(f->state, 0500), 0);
    expect_failure(f, d, 4, "state: ", strerror(EACCES));
    assert_int_equal(chmod(f->state, 0700), 0);
    assert_true(commit_epoch(f, d, 5));
    store_disk_close(d);
    check_found(f, id, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_tidied_log_is_used_again),
        TEST(a_failure_while_tidying_up_is_of_no_commit),
        TEST(what_is_lost_is_noticed_and_made_anew),
        TEST(faults_while_it_is_made_anew_only_delay_it),
        TEST(a_kill_while_it_is_made_anew_leaves_all_or_a_first_start),
        TEST(nothing_is_written_into_a_place_that_is_no_good),
        TEST(what_another_vedette_put_there_is_left_alone),
        TEST(a_disk_that_turns_read_only_is_written_again_later),
        TEST(what_may_not_be_written_is_named_so),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
