#include "sentinel/shell/store.h"

#include "tests/unit/store_fixture.h"

#include "common/mem.h"
#include "sentinel/shell/draw.h"
#include "tests/unit/faulty_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_refusal(struct fixture *f, const char *part) {
    buf_clear(&f->why);
    struct store *s = store_open(&f->place, &f->why);
    if (s != NULL || strstr(buf_text(&f->why), part) == NULL)
        fail_msg(
            "%s, expected a refusal with \"%s\"", s != NULL ? "opened" : buf_text(&f->why), part);
}

static void run_sql(struct fixture *f, const char *sql) {
    sqlite3 *db;
    assert_int_equal(
        sqlite3_open_v2(f->place.database, &db, SQLITE_OPEN_READWRITE, disk_real_name()),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* ---- changes ---- */

static const char ID_A[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char ID_B[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/* One of each kind and then some; the order matters. */
static size_t sample_deltas(struct delta *ret) {
    size_t n = 0;
    ret[n++] = (struct delta){ .kind = DELTA_EPOCH, .epoch = UINT64_MAX - 1 };
    for (int i = 0; i < 3; i++)
        ret[n++] = (struct delta){ .kind = DELTA_OVERRIDE,
            .option = slice_of(i == 0 ? "log.level" : "peers.user"),
            .value = slice_of(i == 2 ? "" : "debug"),
            .file_value = slice_of("notice") };
    ret[n++] = (struct delta){ .kind = DELTA_OVERRIDE_GONE, .option = slice_of("log.level") };
    ret[n++] = group_delta("one", 7);
    ret[n++] = group_delta("two", UINT64_MAX - 1);
    ret[n++] = group_delta("three", 0);
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("one"), .address = at("10.0.0.2:6379")
    };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("one"), .address = at("[::2]:6379")
    };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("one"), .address = at("Host.Example:6379")
    };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("one"), .address = at("host.example:6379")
    };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA_GONE, .group = slice_of("one"), .address = at("10.0.0.2:6379")
    };
    ret[n++] = (struct delta){ .kind = DELTA_PEER,
        .group = slice_of("one"),
        .id = slice_of(ID_A),
        .address = at("10.0.0.3:26379") };
    ret[n++] = (struct delta){ .kind = DELTA_PEER,
        .group = slice_of("one"),
        .id = slice_of(ID_B),
        .address = at("10.0.0.4:26379") };
    ret[n++] = (struct delta){ .kind = DELTA_PEER,
        .group = slice_of("one"),
        .id = slice_of(ID_A),
        .address = at("10.0.0.5:26379") };
    ret[n++] =
        (struct delta){ .kind = DELTA_PEER_GONE, .group = slice_of("one"), .id = slice_of(ID_B) };
    ret[n++] = (struct delta){ .kind = DELTA_OVERRIDE,
        .group = slice_of("one"),
        .option = slice_of("quorum"),
        .value = slice_of("2"),
        .file_value = slice_of("3") };
    ret[n++] = (struct delta){ .kind = DELTA_OVERRIDE,
        .group = slice_of("one"),
        .option = slice_of("auth.user"),
        .value = slice_of("sentinel"),
        .file_value = SLICE_EMPTY };
    ret[n++] = (struct delta){ .kind = DELTA_OVERRIDE,
        .group = slice_of("one"),
        .option = slice_of("quorum"),
        .value = slice_of("5"),
        .file_value = slice_of("3") };
    ret[n++] = (struct delta){
        .kind = DELTA_OVERRIDE_GONE, .group = slice_of("one"), .option = slice_of("auth.user")
    };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("two"), .address = at("10.0.0.9:6379")
    };
    ret[n++] = (struct delta){ .kind = DELTA_GROUP_EMPTY, .group = slice_of("two") };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("three"), .address = at("10.0.0.9:6379")
    };
    ret[n++] = (struct delta){ .kind = DELTA_GROUP_FORGET, .group = slice_of("three") };
    ret[n++] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of("unknown"), .address = at("10.0.0.9:6379")
    };
    ret[n++] = group_delta("one", 8); /* the lists below it stay */
    return n;
}

#define SAMPLE_MAX 32

static void check_as_sampled(const struct state *s, const struct delta *deltas, size_t count) {
    struct state expected;
    state_init(&expected);
    memcpy(expected.id, s->id, sizeof(expected.id));
    for (size_t i = 0; i < count; i++)
        state_apply(&expected, &deltas[i]);
    assert_true(state_equal(s, &expected));
    state_fini(&expected);
}

/* ---- opening ---- */

static void a_first_start_makes_folder_marker_database_and_id(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    assert_true(store_is_fresh(s));
    assert_int_equal(strlen(store_state(s)->id), ID_LENGTH);
    assert_int_equal(store_state(s)->current_epoch, 0);
    char id[ID_SIZE];
    memcpy(id, store_state(s)->id, sizeof(id));
    struct stat st;
    assert_int_equal(stat(f->state, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(f->place.database, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(exists(f->place.marker));
    store_close(s);

    assert_int_equal(chmod(f->place.database, 0664), 0); /* as a copy may be */
    s = open_store(f);
    assert_int_equal(stat(f->place.database, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_false(store_is_fresh(s));
    assert_string_equal(store_state(s)->id, id);
    store_close(s);
}

static void ids_differ(void **state) {
    char a[ID_SIZE], b[ID_SIZE];
    draw_id(a);
    draw_id(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef"), ID_LENGTH);
}

static void an_empty_folder_is_a_first_start(void **state) {
    struct fixture *f = *state;
    mkdir(f->state, 0755);
    char lost[128];
    snprintf(lost, sizeof(lost), "%s/lost+found", f->state); /* as on a fresh volume */
    mkdir(lost, 0700);
    store_close(open_store(f));
}

static void a_folder_with_other_files_is_refused(void **state) {
    struct fixture *f = *state;
    mkdir(f->state, 0755);
    char other[128];
    snprintf(other, sizeof(other), "%s/dump.rdb", f->state);
    write_file(other, "data");
    expect_refusal(f, "holds other files");
    assert_false(exists(f->place.database));
}

static void a_folder_that_cannot_be_made_is_refused(void **state) {
    struct fixture *f = *state;
    write_file(f->state, "a file");
    expect_refusal(f, "Not a directory");
}

static void a_marker_without_database_is_refused(void **state) {
    struct fixture *f = *state;
    store_close(open_store(f));
    unlink(f->place.database);
    expect_refusal(f, "could give votes twice");
    assert_false(exists(f->place.database));
}

static void an_unreadable_database_is_refused(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        const char *why;
    } cases[] = {
        { "", "it is empty" },
        { "this is no database, and it is long enough to be seen as one that is not",
            "not a database" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        store_close(open_store(f));
        write_file(f->place.database, cases[i].bytes);
        expect_refusal(f, cases[i].why);
        remove_folder(f->state);
    }
}

static void a_damaged_database_is_refused(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof(name), "group-%d", i);
        struct delta d = group_delta(name, 1);
        store_add(s, &d, 1);
    }
    assert_true(store_commit(s));
    store_close(s);
    int fd = open(f->place.database, O_WRONLY);
    char noise[4096];
    memset(noise, 0x5a, sizeof(noise));
    assert_int_equal(pwrite(fd, noise, sizeof(noise), 4096 * 8), sizeof(noise));
    close(fd);
    expect_refusal(f, "");
}

static void a_foreign_or_newer_database_is_refused(void **state) {
    struct fixture *f = *state;
    store_close(open_store(f));
    run_sql(f, "PRAGMA user_version = 5");
    expect_refusal(f, "a newer Vedette wrote it (schema 5; this one knows 4)");
    run_sql(f, "PRAGMA user_version = 0");
    expect_refusal(f, "its schema is unknown");
    run_sql(f, "PRAGMA user_version = 4; PRAGMA application_id = 1");
    expect_refusal(f, "not a database of Vedette's");
}

static void a_database_of_the_first_schema_is_brought_up_to_date(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    struct delta d = group_delta("one", 7);
    store_add(s, &d, 1);
    assert_true(store_commit(s));
    store_close(s);
    run_sql(f,
        "DROP TABLE process_overrides; ALTER TABLE meta DROP COLUMN listing;"
        " ALTER TABLE meta DROP COLUMN hello_counter; DROP TABLE heard;"
        " PRAGMA user_version = 1");
    for (int start = 0; start < 2; start++) {
        s = open_store(f);
        assert_non_null(state_group(store_state(s), SLICE_LITERAL("one")));
        assert_int_equal(store_state(s)->overrides.count, start);
        assert_string_equal(store_state(s)->listing, start == 0 ? "" : "digest");
        assert_int_equal(store_state(s)->hello_counter, start == 0 ? 0 : 77);
        d = (struct delta){ .kind = DELTA_COUNTER, .counter = 77 };
        store_add(s, &d, 1);
        d = (struct delta){ .kind = DELTA_LISTING, .value = SLICE_LITERAL("digest") };
        store_add(s, &d, 1);
        d = (struct delta){ .kind = DELTA_OVERRIDE,
            .option = SLICE_LITERAL("log.level"),
            .value = SLICE_LITERAL("debug"),
            .file_value = SLICE_LITERAL("notice") };
        store_add(s, &d, 1);
        assert_true(store_commit(s));
        store_close(s);
    }
}

static void values_that_we_cannot_have_written_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const damages[] = {
        "UPDATE meta SET id = 'short'",
        "DELETE FROM meta",
        "UPDATE groups SET master_port = 65536",
        "UPDATE groups SET origin = 9",
        "UPDATE groups SET master_host = hex(zeroblob(200))",
        "UPDATE groups SET name = hex(zeroblob(200)) WHERE name = 'one'",
        "UPDATE replicas SET port = -1",
        "UPDATE peers SET id = id || 'x'",
        "DROP TABLE peers",
    };
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        struct store *s = open_store(f);
        struct delta deltas[SAMPLE_MAX];
        store_add(s, deltas, sample_deltas(deltas));
        assert_true(store_commit(s));
        store_close(s);
        run_sql(f, damages[i]);
        expect_refusal(f, f->place.database);
        remove_folder(f->state);
    }
}

/* fork, since a process does not lock itself out. */
static void a_second_process_is_refused(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    pid_t child = fork();
    if (child == 0) {
        struct buf why = BUF_INIT;
        bool refused = store_open(&f->place, &why) == NULL &&
            strstr(buf_text(&why), "another process is using it") != NULL;
        _exit(refused ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct delta d = group_delta("still ours", 1);
    store_add(s, &d, 1);
    assert_true(store_commit(s));
    store_close(s);
    store_close(open_store(f));
}

static void beside_a_classic_file_the_folder_may_hold_anything(void **state) {
    struct fixture *f = *state;
    char file[128], expected[160];
    snprintf(file, sizeof(file), "%s/sentinel.conf", f->folder);
    write_file(file, "port 26379\n");
    store_place_fini(&f->place);
    store_place_beside(&f->place, file, f->state);
    snprintf(expected, sizeof(expected), "%s.vedette.db", file);
    assert_string_equal(f->place.database, expected);
    store_close(open_store(f));
    assert_true(exists(expected));
    assert_false(exists(f->state));
}

static void where_a_classic_file_cannot_be_accompanied_the_state_folder_serves(void **state) {
    struct fixture *f = *state;
    store_place_fini(&f->place);
    store_place_beside(&f->place, "/proc/self/sentinel.conf", f->state);
    if (strncmp(f->place.database, f->state, strlen(f->state)) != 0)
        skip(); /* the superuser may write anywhere, or so access(2) says */
    store_close(open_store(f));
    struct store_place other;
    store_place_beside(&other, "/proc/self/other.conf", f->state);
    assert_string_not_equal(other.database, f->place.database);
    store_place_fini(&other);
}

static void a_state_is_found_by_one_who_may_write_where_another_might_not(void **state) {
    struct fixture *f = *state;
    char folder[128], file[160];
    snprintf(folder, sizeof(folder), "%s/etc", f->folder);
    snprintf(file, sizeof(file), "%s/sentinel.conf", folder);
    store_place_fini(&f->place);
    store_place_beside(&f->place, file, f->state); /* no such folder: nobody may write to it */
    assert_memory_equal(f->place.database, f->state, strlen(f->state));
    store_close(open_store(f));
    assert_int_equal(mkdir(folder, 0700), 0);
    struct store_place again;
    store_place_beside(&again, file, f->state);
    assert_string_equal(again.database, f->place.database);
    store_place_fini(&again);
}

/* ---- writing ---- */

static void what_was_committed_is_read_back(void **state) {
    struct fixture *f = *state;
    struct delta deltas[SAMPLE_MAX];
    size_t count = sample_deltas(deltas);
    for (size_t cut = 0; cut <= count; cut++) { /* as two commits, split everywhere */
        struct store *s = open_store(f);
        store_add(s, deltas, cut);
        assert_true(store_commit(s));
        store_add(s, deltas + cut, count - cut);
        assert_true(store_commit(s));
        check_as_sampled(store_state(s), deltas, count);
        store_close(s);
        s = open_store(f);
        check_as_sampled(store_state(s), deltas, count);
        store_close(s);
        remove_folder(f->state);
    }
}

static void lists_keep_their_order(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = { "m", "z", "a", "k" };
    struct store *s = open_store(f);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct delta d = group_delta(names[i], 1);
        store_add(s, &d, 1);
    }
    struct delta gone = { .kind = DELTA_GROUP_FORGET, .group = slice_of("k") };
    store_add(s, &gone, 1);
    struct delta last = group_delta("b", 1), again = group_delta("m", 2);
    store_add(s, &last, 1);
    store_add(s, &again, 1);
    assert_true(store_commit(s));
    store_close(s);
    s = open_store(f);
    struct buf order = BUF_INIT;
    map_for_each(g, &store_state(s)->groups, struct group_state) {
        buf_add_text(&order, g->name);
    }
    assert_string_equal(buf_text(&order), "mzab");
    buf_fini(&order);
    store_close(s);
}

static void what_was_not_committed_is_lost(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    struct delta d = group_delta("one", 1);
    store_add(s, &d, 1);
    store_close(s);
    s = open_store(f);
    assert_int_equal(map_count(&store_state(s)->groups), 0);
    store_close(s);
}

static void another_id_is_kept(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    struct delta d = { .kind = DELTA_EPOCH, .epoch = 9 };
    store_add(s, &d, 1);
    store_adopt_id(s, ID_A);
    assert_true(store_commit(s));
    store_close(s);
    s = open_store(f);
    assert_string_equal(store_state(s)->id, ID_A);
    assert_int_equal(store_state(s)->current_epoch, 9);
    store_close(s);
}

/* ---- a failing disk ---- */

static void add_step(struct store *s, uint64_t step) {
    struct delta deltas[STEP_COUNT];
    char name[32];
    store_add(s, deltas, step_deltas(deltas, name, step));
}

static void after_a_failed_commit_everything_is_written(void **state) {
    struct fixture *f = *state;
    bool beyond = false;
    for (int fault = 1; !beyond; fault++) {
        assert_true(fault < 1000);
        struct store *s = open_store(f);
        disk_break(DISK_FAILS, fault, fault);
        bool failed = false;
        for (uint64_t step = 1; step <= STEPS; step++) {
            add_step(s, step);
            if (!store_commit(s)) {
                failed = true;
                assert_true(strlen(store_error(s)) > 0);
            }
        }
        beyond = disk_count() < fault;
        if (!beyond)
            assert_true(failed);
        assert_true(store_commit(s)); /* with nothing to add: tries again what failed */
        struct state before;
        state_init(&before);
        state_copy(&before, store_state(s));
        assert_int_equal(before.current_epoch, STEPS);
        store_close(s);
        disk_heal();
        s = open_store(f);
        assert_true(state_equal(store_state(s), &before));
        state_fini(&before);
        store_close(s);
        remove_folder(f->state);
    }
}

static void while_the_disk_fails_nothing_is_durable_and_nothing_forgotten(void **state) {
    struct fixture *f = *state;
    struct store *s = open_store(f);
    disk_break(DISK_FAILS, 1, INT32_MAX);
    for (uint64_t step = 1; step <= STEPS; step++) {
        add_step(s, step);
        assert_false(store_commit(s));
        assert_int_equal(store_state(s)->current_epoch, step);
    }
    assert_false(store_commit(s));
    disk_heal();
    assert_true(store_commit(s));
    store_close(s);
    s = open_store(f);
    assert_int_equal(store_state(s)->current_epoch, STEPS);
    assert_int_equal(map_count(&store_state(s)->groups), 3);
    store_close(s);
}

/* ---- SIGKILL ---- */

/* Runs the store in a process that dies before its Nth change of a file. Returns the last step that
 * it said was durable; *ret_died: it did not reach the end. */
static uint64_t run_until_killed(struct fixture *f, int fault, bool *ret_died) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct buf why = BUF_INIT;
        disk_break(DISK_KILLS, fault, fault);
        struct store *s = store_open(&f->place, &why);
        if (s == NULL)
            _exit(1);
        for (uint64_t step = store_state(s)->current_epoch + 1; step <= STEPS; step++) {
            add_step(s, step);
            if (!store_commit(s) || write(ends[1], &step, sizeof(step)) != sizeof(step))
                _exit(1);
        }
        store_close(s);
        _exit(0);
    }
    close(ends[1]);
    uint64_t last = 0, step;
    while (read(ends[0], &step, sizeof(step)) == sizeof(step))
        last = step;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    *ret_died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    assert_true(*ret_died || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return last;
}

static void check_steps(const struct state *s) {
    for (uint64_t step = 1; step <= s->current_epoch; step++) {
        char name[32];
        snprintf(name, sizeof(name), "group-%d", (int)(step % 3));
        const struct group_state *g = state_group(s, slice_of(name));
        assert_non_null(g);
        assert_true(g->record.config_epoch >= step);
        assert_true(g->record.config_epoch <= s->current_epoch);
        assert_int_equal(g->replica_count, 1);
    }
}

static void a_kill_at_any_instant_loses_nothing_that_was_durable(void **state) {
    struct fixture *f = *state;
    bool died = true;
    for (int fault = 1; died; fault++) {
        assert_true(fault < 1000);
        uint64_t durable = run_until_killed(f, fault, &died);
        struct store *s = open_store(f);
        uint64_t kept = store_state(s)->current_epoch;
        assert_true(kept == durable || kept == durable + 1);
        check_steps(store_state(s));
        store_close(s);
        remove_folder(f->state);
    }
}

/* The same again and again on one state, as when a service manager restarts us. */
static void kills_in_a_row_lose_nothing(void **state) {
    struct fixture *f = *state;
    bool died = true;
    uint64_t durable = 0;
    char id[ID_SIZE] = "";
    for (int round = 0; died; round++) {
        assert_true(round < 1000);
        uint64_t last = run_until_killed(f, 3 + round % 37, &died);
        durable = MAX_OF(durable, last);
        if (!exists(f->place.marker))
            continue;
        struct store *s = open_store(f);
        if (id[0] == '\0')
            memcpy(id, store_state(s)->id, sizeof(id));
        assert_string_equal(store_state(s)->id, id);
        assert_true(store_state(s)->current_epoch >= durable);
        durable = store_state(s)->current_epoch;
        check_steps(store_state(s));
        store_close(s);
    }
    assert_int_equal(durable, STEPS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_first_start_makes_folder_marker_database_and_id),
        cmocka_unit_test(ids_differ),
        TEST(an_empty_folder_is_a_first_start),
        TEST(a_folder_with_other_files_is_refused),
        TEST(a_folder_that_cannot_be_made_is_refused),
        TEST(a_marker_without_database_is_refused),
        TEST(an_unreadable_database_is_refused),
        TEST(a_damaged_database_is_refused),
        TEST(a_database_of_the_first_schema_is_brought_up_to_date),
        TEST(a_foreign_or_newer_database_is_refused),
        TEST(values_that_we_cannot_have_written_are_refused),
        TEST(a_second_process_is_refused),
        TEST(beside_a_classic_file_the_folder_may_hold_anything),
        TEST(where_a_classic_file_cannot_be_accompanied_the_state_folder_serves),
        TEST(a_state_is_found_by_one_who_may_write_where_another_might_not),
        TEST(what_was_committed_is_read_back),
        TEST(lists_keep_their_order),
        TEST(what_was_not_committed_is_lost),
        TEST(another_id_is_kept),
        TEST(after_a_failed_commit_everything_is_written),
        TEST(while_the_disk_fails_nothing_is_durable_and_nothing_forgotten),
        TEST(a_kill_at_any_instant_loses_nothing_that_was_durable),
        TEST(kills_in_a_row_lose_nothing),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
