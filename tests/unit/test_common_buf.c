#include "common/buf.h"

#include "tests/unit/unit.h"

#include "common/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void an_untouched_buffer_is_an_empty_text(void **state) {
    struct buf b = BUF_INIT;
    assert_int_equal(buf_size(&b), 0);
    assert_string_equal(buf_text(&b), "");
    assert_slice(buf_slice(&b), "");
    buf_clear(&b);
    buf_consume(&b, 0);
    buf_truncate(&b, 0);
    assert_null(b.data);
    buf_fini(&b);
}

static void adding_appends_and_the_text_ends_in_nul(void **state) {
    struct buf b = BUF_INIT;
    buf_add(&b, "ab", 2);
    buf_add(&b, NULL, 0);
    buf_add_slice(&b, SLICE_LITERAL("cd"));
    buf_add_text(&b, "ef");
    buf_add_char(&b, 'g');
    assert_string_equal(buf_text(&b), "abcdefg");
    buf_consume(&b, 2);
    assert_string_equal(buf_text(&b), "cdefg");
    buf_truncate(&b, 3);
    assert_string_equal(buf_text(&b), "cde");
    buf_truncate(&b, 100);
    assert_string_equal(buf_text(&b), "cde");
    buf_consume(&b, 3);
    assert_string_equal(buf_text(&b), "");
    buf_fini(&b);
}

static void numbers_print_in_decimal(void **state) {
    static const int64_t numbers[] = { 0, 1, 9, 10, 99, 100, 6379, -1, -10, 1234567890123456789,
        INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        struct buf b = BUF_INIT;
        char expected[64];
        buf_add_i64(&b, numbers[i]);
        buf_add_char(&b, ' ');
        buf_add_u64(&b, (uint64_t)numbers[i]);
        snprintf(
            expected, sizeof(expected), "%" PRIi64 " %" PRIu64, numbers[i], (uint64_t)numbers[i]);
        assert_string_equal(buf_text(&b), expected);
        buf_fini(&b);
    }
}

static void formatted_text_of_any_length_fits(void **state) {
    char filler[300];
    memset(filler, 'x', sizeof(filler));
    for (int size = 0; size < (int)sizeof(filler); size++) {
        struct buf b = BUF_INIT;
        buf_add_text(&b, "head ");
        buf_consume(&b, 2);
        buf_printf(&b, "%.*s|%d", size, filler, size);
        char expected[400];
        snprintf(expected, sizeof(expected), "ad %.*s|%d", size, filler, size);
        assert_string_equal(buf_text(&b), expected);
        buf_fini(&b);
    }
}

static void bytes_that_do_not_print_are_escaped(void **state) {
    struct buf b = BUF_INIT;
    buf_add_escaped(&b, (struct slice){ .data = "a\n\r\t\a\b\"\\\0\x1f\x7f\xff'z", .size = 14 });
    assert_string_equal(buf_text(&b), "a\\n\\r\\t\\a\\b\\\"\\\\\\x00\\x1f\\x7f\\xff'z");
    buf_fini(&b);
}

static void reserved_room_counts_once_committed(void **state) {
    struct buf b = BUF_INIT;
    memcpy(buf_reserve(&b, 1000), "abc", 3);
    assert_int_equal(buf_size(&b), 0);
    buf_commit(&b, 3);
    assert_string_equal(buf_text(&b), "abc");
    buf_fini(&b);
}

static void a_warm_buffer_does_not_allocate(void **state) {
    struct buf b = BUF_INIT;
    char bytes[100] = { 0 };
    buf_reserve(&b, 10 * sizeof(bytes));
    const char *data = b.data;
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < 10; i++)
            buf_add(&b, bytes, sizeof(bytes));
        buf_consume(&b, buf_size(&b));
    }
    assert_ptr_equal(b.data, data);
    buf_fini(&b);
}

/* A queue that never runs empty moves along its memory: it has to come back to the front. */
static void a_long_lived_queue_stays_small(void **state) {
    struct buf b = BUF_INIT;
    char bytes[100] = { 0 };
    for (int round = 0; round < 100000; round++) {
        buf_add(&b, bytes, sizeof(bytes));
        if (round > 0)
            buf_consume(&b, sizeof(bytes));
    }
    assert_true(b.capacity <= 1024);
    buf_fini(&b);
}

static void random_changes_agree_with_a_plain_array(void **state) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct buf b = BUF_INIT;
        static char model[1 << 16];
        size_t size = 0;
        for (int step = 0; step < 500; step++) {
            size_t amount = (size_t)rng_between(&rng, 0, 200);
            switch (rng_between(&rng, 0, 3)) {
            case 0:
            case 1:
                if (size + amount > sizeof(model))
                    break;
                for (size_t i = 0; i < amount; i++)
                    model[size + i] = (char)rng_between(&rng, 'a', 'z');
                buf_add(&b, model + size, amount);
                size += amount;
                break;
            case 2:
                amount = MIN_OF(amount, size);
                memmove(model, model + amount, size - amount);
                size -= amount;
                buf_consume(&b, amount);
                break;
            case 3:
                if (rng_chance(&rng, 100)) {
                    size = MIN_OF(amount, size);
                    buf_truncate(&b, amount);
                }
                break;
            }
            assert_slice_equal(buf_slice(&b), ((struct slice){ .data = model, .size = size }));
            assert_int_equal(strlen(buf_text(&b)), size);
        }
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_buffer_is_an_empty_text),
        cmocka_unit_test(adding_appends_and_the_text_ends_in_nul),
        cmocka_unit_test(numbers_print_in_decimal),
        cmocka_unit_test(formatted_text_of_any_length_fits),
        cmocka_unit_test(bytes_that_do_not_print_are_escaped),
        cmocka_unit_test(reserved_room_counts_once_committed),
        cmocka_unit_test(a_warm_buffer_does_not_allocate),
        cmocka_unit_test(a_long_lived_queue_stays_small),
        cmocka_unit_test(random_changes_agree_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
