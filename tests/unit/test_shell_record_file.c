#include "sentinel/shell/record_file.h"

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "common/rng.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A file of three blocks, and what they hold. */
struct shelf {
    char path[64];
    struct buf file;
    struct buf held;
    size_t ends[3]; /* of the blocks in `file` */
};

static void write_file(const struct shelf *s, struct slice bytes) {
    FILE *file = fopen(s->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    struct shelf *s = mem_new(struct shelf);
    (void)snprintf(s->path, sizeof(s->path), "/tmp/test_record_file.%d", (int)getpid());
    struct record_packer *p = record_packer_new();
    record_pack_mark(&s->file);
    for (size_t i = 0; i < ARRAY_SIZE(s->ends); i++) {
        char text[1000];
        memset(text, 'a' + (int)i, sizeof(text));
        struct slice bytes = { .data = text, .size = sizeof(text) };
        buf_add_slice(&s->held, bytes);
        record_pack(p, bytes, &s->file);
        s->ends[i] = buf_size(&s->file);
    }
    record_packer_free(p);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    struct shelf *s = *state;
    (void)unlink(s->path);
    buf_fini(&s->file);
    buf_fini(&s->held);
    mem_free(s);
    return 0;
}

/* Reads all blocks that are in order; returns how it ended, and where. */
static enum record_file_read read_all(const struct shelf *s, struct buf *held, uint64_t *ret_at) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    struct record_file *f = record_file_open(s->path, &why);
    assert_non_null(f);
    enum record_file_read result;
    do
        result = record_file_next(f, held);
    while (result == RECORD_FILE_BLOCK);
    *ret_at = record_file_at(f);
    record_file_close(f);
    return result;
}

static void blocks_come_back(void **state) {
    const struct shelf *s = *state;
    struct buf held CLEANUP(buf_fini) = BUF_INIT;
    uint64_t at = 0;
    write_file(s, buf_slice(&s->file));
    assert_int_equal(read_all(s, &held, &at), RECORD_FILE_END);
    assert_slice_equal(buf_slice(&held), buf_slice(&s->held));
    assert_int_equal(at, s->ends[2]);
    assert_true(s->ends[2] < 200); /* compressed */
}

static void many_bytes_become_several_blocks(void **state) {
    const struct shelf *s = *state;
    struct buf file CLEANUP(buf_fini) = BUF_INIT, held CLEANUP(buf_fini) = BUF_INIT;
    size_t size = (size_t)RECORD_BLOCK_MAX * 5 / 2;
    char *bytes = mem_alloc(size);
    struct rng rng;
    uint64_t at = 0;
    rng_init(&rng, 1);
    for (size_t i = 0; i < size; i++) /* cannot be compressed */
        bytes[i] = (char)rng_between(&rng, -128, 127);
    struct record_packer *p = record_packer_new();
    record_pack_mark(&file);
    record_pack(p, (struct slice){ .data = bytes, .size = size }, &file);
    record_packer_free(p);
    write_file(s, buf_slice(&file));
    assert_int_equal(read_all(s, &held, &at), RECORD_FILE_END);
    assert_int_equal(buf_size(&held), size);
    assert_memory_equal(buf_text(&held), bytes, size);
    mem_free(bytes);
}

static void a_torn_file_is_read_up_to_its_last_whole_block(void **state) {
    const struct shelf *s = *state;
    for (size_t size = s->ends[0]; size <= s->ends[2]; size++) {
        struct buf held CLEANUP(buf_fini) = BUF_INIT;
        uint64_t at = 0;
        size_t whole = size == s->ends[2] ? 3 : size >= s->ends[1] ? 2 : 1;
        write_file(s, slice_sub(buf_slice(&s->file), 0, size));
        enum record_file_read result = read_all(s, &held, &at);
        assert_int_equal(result, size == s->ends[whole - 1] ? RECORD_FILE_END : RECORD_FILE_TORN);
        assert_slice_equal(buf_slice(&held), slice_sub(buf_slice(&s->held), 0, whole * 1000));
        assert_int_equal(at, s->ends[whole - 1]);
    }
}

static void a_changed_bit_is_found(void **state) {
    const struct shelf *s = *state;
    for (size_t i = s->ends[0]; i < s->ends[1]; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct buf held CLEANUP(buf_fini) = BUF_INIT;
            uint64_t at = 0;
            s->file.data[i] = (char)(s->file.data[i] ^ (1 << bit));
            write_file(s, buf_slice(&s->file));
            enum record_file_read result = read_all(s, &held, &at);
            s->file.data[i] = (char)(s->file.data[i] ^ (1 << bit));
            assert_true(result == RECORD_FILE_BAD || result == RECORD_FILE_TORN);
            assert_slice_equal(buf_slice(&held), slice_sub(buf_slice(&s->held), 0, 1000));
            assert_int_equal(at, s->ends[0]);
        }
    }
}

static void expect_refused(const struct shelf *s, const char *part) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    assert_null(record_file_open(s->path, &why));
    assert_non_null(strstr(buf_text(&why), part));
}

static void what_is_no_recording_is_refused(void **state) {
    const struct shelf *s = *state;
    expect_refused(s, "cannot be read: No such file or directory");
    write_file(s, SLICE_LITERAL("vedette recordinG\n"));
    expect_refused(s, "is no recording");
    write_file(s, SLICE_EMPTY);
    expect_refused(s, "is no recording");
}

int main(void) {
#define with_file(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        with_file(blocks_come_back),
        with_file(many_bytes_become_several_blocks),
        with_file(a_torn_file_is_read_up_to_its_last_whole_block),
        with_file(a_changed_bit_is_found),
        with_file(what_is_no_recording_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
