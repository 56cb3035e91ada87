#include "sentinel/shell/errand.h"

#include "tests/unit/unit.h"

#include "common/tstamp.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define INPUTS_MAX  64

struct heard {
    enum input_kind kind;
    uint64_t client, tag;
    char bytes[64], why[64];
    size_t size;
};

struct bench {
    struct loop *loop;
    struct errands *errands;
    struct heard heard[INPUTS_MAX];
    size_t count;
    char folder[32], path[64];
};

static void take(void *context, const struct input *in) {
    struct bench *b = context;
    assert_true(b->count < INPUTS_MAX);
    struct heard *h = &b->heard[b->count++];
    *h = (struct heard){
        .kind = in->kind,
        .client = in->client.value,
        .tag = in->tag,
        .size = in->bytes.size,
    };
    slice_copy(in->bytes, h->bytes, sizeof(h->bytes));
    slice_copy(in->why, h->why, sizeof(h->why));
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    b->errands = errands_new(b->loop, (struct inlet){ .take = take, .context = b });
    assert_non_null(b->errands);
    snprintf(b->folder, sizeof(b->folder), "/tmp/errand-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof(b->path), "%s/file", b->folder);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    errands_free(b->errands);
    loop_free(b->loop);
    unlink(b->path);
    assert_int_equal(rmdir(b->folder), 0); /* nothing was left beside the file */
    free(b);
    return 0;
}

static void wait_for(struct bench *b, size_t count) {
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (b->count < count) {
        assert_true(clock_mono_us() / 1000 < until_ms);
        loop_wait(b->loop, until_ms);
        (void)loop_dispatch(b->loop, TSTAMP_NEVER);
    }
}

static void a_file_is_replaced_and_read(void **state) {
    struct bench *b = *state;
    struct slice path = slice_of(b->path);
    errands_write(b->errands, (struct client_id){ 1 }, path, SLICE_LITERAL("old"));
    wait_for(b, 1);
    assert_int_equal(chmod(b->path, 0640), 0);
    errands_write(b->errands, (struct client_id){ 2 }, path, SLICE_LITERAL("new"));
    wait_for(b, 2);
    errands_read(b->errands, (struct client_id){ 3 }, path);
    wait_for(b, 3);
    static const struct heard expected[] = {
        { .kind = INPUT_FILE_WRITTEN, .client = 1, .bytes = "old" },
        { .kind = INPUT_FILE_WRITTEN, .client = 2, .bytes = "new" },
        { .kind = INPUT_FILE_READ, .client = 3, .bytes = "new" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_int_equal(b->heard[i].kind, expected[i].kind);
        assert_int_equal(b->heard[i].client, expected[i].client);
        assert_string_equal(b->heard[i].bytes, expected[i].bytes);
        assert_string_equal(b->heard[i].why, "");
    }
    struct stat st;
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void what_fails_is_told_why(void **state) {
    struct bench *b = *state;
    errands_read(b->errands, (struct client_id){ 1 }, slice_of(b->path));
    wait_for(b, 1);
    assert_int_equal(b->heard[0].kind, INPUT_FILE_READ);
    assert_string_equal(b->heard[0].why, "No such file or directory");
    errands_write(
        b->errands, (struct client_id){ 2 }, slice_of(b->folder), SLICE_LITERAL("nowhere"));
    wait_for(b, 2);
    assert_int_equal(b->heard[1].kind, INPUT_FILE_WRITTEN);
    assert_string_equal(b->heard[1].why, "Is a directory");
}

static void only_so_many_are_under_way(void **state) {
    struct bench *b = *state;
    for (size_t i = 0; i <= ERRANDS_MAX; i++)
        errands_read(b->errands, (struct client_id){ i + 1 }, slice_of(b->path));
    wait_for(b, ERRANDS_MAX + 1);
    size_t busy = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->heard[i].why, "Device or resource busy") == 0) {
            busy++;
            assert_int_equal(b->heard[i].client, ERRANDS_MAX + 1);
        }
    }
    assert_int_equal(busy, 1);
    errands_read(b->errands, (struct client_id){ 99 }, slice_of(b->path));
    wait_for(b, ERRANDS_MAX + 2);
    assert_string_equal(b->heard[b->count - 1].why, "No such file or directory");
}

static void random_bytes_are_never_the_same(void **state) {
    struct bench *b = *state;
    errands_draw(b->errands, (struct client_id){ 1 }, 64, 32);
    errands_draw(b->errands, (struct client_id){ 2 }, 1024, 512);
    errands_draw(b->errands, (struct client_id){ 3 }, 64, 32);
    assert_int_equal(b->count, 0); /* not before the loop gathers */
    wait_for(b, 3);
    assert_int_equal(b->heard[0].kind, INPUT_DRAWN);
    assert_int_equal(b->heard[0].tag, 64);
    assert_int_equal(b->heard[0].size, 32);
    assert_int_equal(b->heard[1].size, 512);
    assert_memory_not_equal(b->heard[0].bytes, b->heard[2].bytes, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_replaced_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_is_told_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_so_many_are_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_bytes_are_never_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
