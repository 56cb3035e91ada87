#include "tests/unit/store_fixture.h"

#include "sentinel/shell/store.h"
#include "tests/unit/faulty_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void remove_folder(const char *folder) {
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own */
}

/* Where a sync costs nothing: there are thousands of them. */
static const char *fast_disk(void) {
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    snprintf(f->folder, sizeof(f->folder), "%s/vedette-test-XXXXXX", fast_disk());
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->state, sizeof(f->state), "%.40s/state", f->folder);
    store_place_in(&f->place, f->state);
    f->why = BUF_INIT;
    disk_heal();
    *state = f;
    return 0;
}

int tear_down(void **state) {
    struct fixture *f = *state;
    disk_heal();
    store_place_fini(&f->place);
    buf_fini(&f->why);
    remove_folder(f->folder);
    return 0;
}

struct store *open_store(struct fixture *f) {
    buf_clear(&f->why);
    struct store *s = store_open(&f->place, &f->why);
    if (s == NULL)
        fail_msg("%s", buf_text(&f->why));
    return s;
}

void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

struct endpoint at(const char *text) {
    struct endpoint e;
    assert_true(endpoint_parse(slice_of(text), &e));
    return e;
}

struct delta group_delta(const char *name, uint64_t epoch) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of(name),
        .record = {
            .origin = GROUP_FROM_RUNTIME,
            .master = at("10.0.0.1:6379"),
            .seed = at("[2001:db8::1]:6380"),
            .config_epoch = epoch,
            .vote_epoch = epoch + 1,
            .vote_for = "an id 'with' \"quotes\"",
            .section = "digest",
        },
    };
    return d;
}

size_t step_deltas(struct delta deltas[static STEP_COUNT], char name[static 32], uint64_t step) {
    snprintf(name, 32, "group-%d", (int)(step % 3));
    deltas[0] = (struct delta){ .kind = DELTA_EPOCH, .epoch = step };
    deltas[1] = group_delta(name, step);
    deltas[2] = (struct delta){
        .kind = DELTA_REPLICA, .group = slice_of(name), .address = at("10.0.0.2:6379")
    };
    return STEP_COUNT;
}
