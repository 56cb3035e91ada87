#include "common/pack.h"

#include "common/buf.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct unpack reading(const struct buf *b) {
    return (struct unpack){ .rest = buf_slice(b) };
}

static void numbers_come_back(void **state) {
    static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX,
        UINT64_MAX };
    struct buf b CLEANUP(buf_fini) = BUF_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        pack_u64(&b, numbers[i]);
        pack_i64(&b, (int64_t)numbers[i]);
        pack_i64(&b, -(int64_t)(numbers[i] / 2));
    }
    pack_i64(&b, INT64_MIN);
    struct unpack u = reading(&b);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        assert_true(unpack_u64(&u) == numbers[i]);
        assert_true(unpack_i64(&u) == (int64_t)numbers[i]);
        assert_true(unpack_i64(&u) == -(int64_t)(numbers[i] / 2));
    }
    assert_true(unpack_i64(&u) == INT64_MIN);
    assert_false(u.failed);
    assert_int_equal(u.rest.size, 0);
}

static void small_numbers_take_one_byte(void **state) {
    struct buf b CLEANUP(buf_fini) = BUF_INIT;
    pack_u64(&b, 127);
    pack_i64(&b, -64);
    pack_i64(&b, 63);
    assert_int_equal(buf_size(&b), 3);
}

static void bytes_and_texts_come_back(void **state) {
    struct buf b CLEANUP(buf_fini) = BUF_INIT;
    char text[4];
    pack_bytes(&b, SLICE_LITERAL("a\0b"));
    pack_text(&b, NULL);
    pack_text(&b, "xyz");
    struct unpack u = reading(&b);
    assert_true(slice_equal(unpack_bytes(&u), SLICE_LITERAL("a\0b")));
    assert_int_equal(unpack_bytes(&u).size, 0);
    unpack_text(&u, text, sizeof(text));
    assert_string_equal(text, "xyz");
    assert_false(u.failed);
}

static void what_is_not_there_fails_once_and_for_all(void **state) {
    static const struct slice bad[] = {
        { "", 0 }, { "\xff", 1 },                              /* goes on */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },    /* beyond 64 bits */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 } /* never ends */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct unpack u = { .rest = bad[i] };
        assert_true(unpack_u64(&u) == 0);
        assert_true(u.failed);
        assert_int_equal(unpack_bytes(&u).size, 0);
        assert_int_equal(unpack_i64(&u), 0);
    }
}

static void bounds_are_kept(void **state) {
    char text[3];
    struct unpack u = { .rest = SLICE_LITERAL("\x04xyz") };
    assert_int_equal(unpack_bytes(&u).size, 0); /* says four, has three */
    assert_true(u.failed);
    u = (struct unpack){ .rest = SLICE_LITERAL("\x03xyz") };
    unpack_text(&u, text, sizeof(text));
    assert_true(u.failed);
    assert_string_equal(text, "");
    u = (struct unpack){ .rest = SLICE_LITERAL("\x02x\0") };
    unpack_text(&u, text, sizeof(text));
    assert_true(u.failed);
    u = (struct unpack){ .rest = SLICE_LITERAL("\x02") };
    assert_false(unpack_bool(&u));
    assert_true(u.failed);
    u = (struct unpack){ .rest = SLICE_LITERAL("\x80\x80\x80\x80\x10") }; /* 2^31 */
    assert_int_equal(unpack_int(&u), 0);
    assert_true(u.failed);
    u = (struct unpack){ .rest = SLICE_LITERAL("\xff\xff\xff\xff\x0f") };
    assert_int_equal(unpack_int(&u), INT32_MIN);
    assert_false(u.failed);
    u = (struct unpack){ .rest = SLICE_LITERAL("\x02xxxx") };
    assert_int_equal(unpack_count(&u, 2), 2);
    u = (struct unpack){ .rest = SLICE_LITERAL("\x03xxxx") };
    assert_int_equal(unpack_count(&u, 2), 0);
    assert_true(u.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(small_numbers_take_one_byte),
        cmocka_unit_test(bytes_and_texts_come_back),
        cmocka_unit_test(what_is_not_there_fails_once_and_for_all),
        cmocka_unit_test(bounds_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
