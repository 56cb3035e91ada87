#include "config/value.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#define HOUR ((int64_t)60 * 60 * 1000)

static void durations_are_read_with_their_unit(void **state) {
    static const struct {
        const char *text;
        int64_t ms;         /* -1: refused */
        const char *reason; /* why */
    } cases[] = {
        { "200ms", 200, "" },
        { "5s", 5000, "" },
        { "1m", 60000, "" },
        { "2h", 2 * HOUR, "" },
        { "0s", 0, "" },
        { "007s", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "24h", 24 * HOUR, "" },
        { "5", -1, "needs a unit (ms, s, m or h), as in 5s" },
        { "30000", -1, "needs a unit (ms, s, m or h), as in 30000s" },
        { "0", -1, "needs a unit (ms, s, m or h), as in 0s" },
        { "", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "s", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "5 s", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "-5s", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "1.5s", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "5S", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "5y", -1, "must be a whole number with its unit (ms, s, m or h), as in 5s" },
        { "25h", -1, "must be from 0s to 24h" },
        { "9999999999999999999h", -1, "must be from 0s to 24h" },
        { "9223372036854775807s", -1, "must be from 0s to 24h" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf why = BUF_INIT;
        int64_t ms = -1;
        bool read = value_read_duration(slice_of(cases[i].text), 0, 24 * HOUR, &ms, &why);
        assert_int_equal(read, cases[i].ms >= 0);
        assert_int_equal(ms, cases[i].ms);
        assert_string_equal(buf_text(&why), cases[i].reason);
        buf_fini(&why);
    }
}

static void durations_are_written_with_their_largest_unit(void **state) {
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "0s" },
        { 1, "1ms" },
        { 999, "999ms" },
        { 1000, "1s" },
        { 1500, "1500ms" },
        { 60000, "1m" },
        { 90000, "90s" },
        { 180000, "3m" },
        { HOUR, "1h" },
        { 24 * HOUR, "24h" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        value_write_duration(cases[i].ms, &out);
        assert_string_equal(buf_text(&out), cases[i].text);
        int64_t again = -1;
        assert_true(value_read_duration(buf_slice(&out), 0, 24 * HOUR, &again, &out));
        assert_int_equal(again, cases[i].ms);
        buf_fini(&out);
    }
}

static void sizes_are_read_with_their_unit(void **state) {
    static const char hint[] =
        "must be a whole number with its unit (B, KiB, MiB or GiB), as in 64KiB";
    static const struct {
        const char *text;
        int64_t bytes;      /* -1: refused */
        const char *reason; /* why */
    } cases[] = {
        { "1B", 1, "" },
        { "16KiB", 16384, "" },
        { "1MiB", 1048576, "" },
        { "2GiB", 2147483648, "" },
        { "0B", -1, "must be from 1B to 2GiB" },
        { "3GiB", -1, "must be from 1B to 2GiB" },
        { "9223372036854775807KiB", -1, "must be from 1B to 2GiB" },
        { "1048576", -1, "needs a unit (B, KiB, MiB or GiB), as in 1048576B" },
        { "16KB", -1, hint },
        { "16kib", -1, hint },
        { "16mb", -1, hint },
        { "016KiB", -1, hint },
        { "1.5MiB", -1, hint },
        { "1 MiB", -1, hint },
        { "-1B", -1, hint },
        { "MiB", -1, hint },
        { "", -1, hint },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf why = BUF_INIT;
        int64_t bytes = -1;
        bool read = value_read_size(slice_of(cases[i].text), 1, 2147483648, &bytes, &why);
        assert_int_equal(read, cases[i].bytes >= 0);
        assert_int_equal(bytes, cases[i].bytes);
        assert_string_equal(buf_text(&why), cases[i].reason);
        buf_fini(&why);
    }
}

static void sizes_are_written_with_their_largest_unit(void **state) {
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0B" },
        { 1000, "1000B" },
        { 1024, "1KiB" },
        { 1536, "1536B" },
        { 1048576, "1MiB" },
        { 1049600, "1025KiB" },
        { 5368709120, "5GiB" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        value_write_size(cases[i].bytes, &out);
        assert_string_equal(buf_text(&out), cases[i].text);
        buf_fini(&out);
    }
}

static void counts_stay_within_their_bounds(void **state) {
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } cases[] = {
        { "1", 1 },
        { "1000", 1000 },
        { "0", -1 },
        { "1001", -1 },
        { "-1", -1 },
        { "+1", -1 },
        { "", -1 },
        { "two", -1 },
        { "1.5", -1 },
        { " 1", -1 },
        { "99999999999999999999", -1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf why = BUF_INIT;
        int64_t value = -1;
        bool read = value_read_count(slice_of(cases[i].text), 1, 1000, &value, &why);
        assert_int_equal(read, cases[i].value >= 0);
        assert_int_equal(value, cases[i].value);
        assert_string_equal(buf_text(&why), read ? "" : "must be a whole number from 1 to 1000");
        buf_fini(&why);
    }
}

static void addresses_are_ip_and_port(void **state) {
    static const struct {
        const char *text;
        const char *result; /* as printed, or why not */
    } cases[] = {
        { "10.0.0.1:6379", "10.0.0.1:6379" },
        { "[2001:DB8::1]:6379", "[2001:db8::1]:6379" },
        { "10.0.0.1:0", "must have a port from 1 to 65535" },
        { "10.0.0.1:65536", "must be an IP address and a port" },
        { "10.0.0.1", "has no port" },
        { "::1", "must have its IPv6 address in brackets and a port" },
        { "[::1]", "must be an IP address and a port" },
        { "10.0.0.1:redis", "must be an IP address and a port" },
        { "redis.example:6379", "must be an IP address, not a name" },
        { "localhost:6379", "must be an IP address, not a name" },
        { "10.0.0:6379", "must be an IP address and a port" },
        { "", "must be an IP address and a port" },
        { ":6379", "must be an IP address and a port" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        struct endpoint e;
        if (value_read_endpoint(slice_of(cases[i].text), &e, &out)) {
            assert_int_equal(buf_size(&out), 0);
            endpoint_print(&e, &out);
            assert_string_equal(buf_text(&out), cases[i].result);
        } else {
            assert_true(slice_starts_with(buf_slice(&out), cases[i].result));
            assert_true(slice_contains(
                buf_slice(&out), SLICE_LITERAL(": 10.0.0.1:6379 or [2001:db8::1]:6379")));
        }
        buf_fini(&out);
    }
}

static void levels_and_words_have_names(void **state) {
    struct buf why = BUF_INIT;
    enum log_level level = LOG_NOTICE;
    assert_true(value_read_log_level(SLICE_LITERAL("debug"), &level, &why));
    assert_int_equal(level, LOG_DEBUG);
    assert_false(value_read_log_level(SLICE_LITERAL("loud"), &level, &why));
    assert_string_equal(buf_text(&why), "must be one of debug, verbose, notice, warning, nothing");
    buf_clear(&why);

    int64_t number = 7;
    assert_true(value_read_word(SLICE_LITERAL("Valkey"), "redis|valkey", &number, &why));
    assert_int_equal(number, 1);
    assert_true(slice_is(value_word("redis|valkey", 0), "redis"));
    assert_true(slice_is(value_word("redis|valkey", 1), "valkey"));
    assert_false(value_read_word(SLICE_LITERAL("xml"), "a|b|c", &number, &why));
    assert_string_equal(buf_text(&why), "must be a, b or c");
    assert_int_equal(number, 1);
    buf_fini(&why);
}

static void renames_are_two_words(void **state) {
    static const char long_word[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    static const struct {
        const char *command, *name;
        bool valid;
    } cases[] = {
        { "config", "XCONFIG", true },
        { "CONFIG", "x-\xc3\xa4", true },
        { "CONFIG", "", false },
        { "", "X", false },
        { "CONFIG", "a b", false },
        { "CONFIG", "a,b", false },
        { "CON FIG", "b", false },
        { "CONFIG", "a\tb", false },
        { "CONFIG", long_word, false },
        { "CONFIG", long_word + 1, true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf why = BUF_INIT;
        struct rename r;
        struct slice command = slice_of(cases[i].command), name = slice_of(cases[i].name);
        assert_int_equal(value_read_rename(command, name, &r, &why), cases[i].valid);
        assert_int_equal(buf_size(&why) == 0, cases[i].valid);
        if (cases[i].valid) {
            assert_string_equal(r.command, "CONFIG");
            assert_string_equal(r.name, cases[i].name);
        }
        buf_fini(&why);
    }
}

static void texts_have_no_control_characters(void **state) {
    struct buf why = BUF_INIT;
    assert_true(value_check_text(SLICE_LITERAL("h\xc3\xa4 \"'\\"), &why));
    static const char *const bad[] = { "", "\n", "a\tb", "a\x1f", "\x7f" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(value_check_text(slice_of(bad[i]), &why));
    assert_false(value_check_text(SLICE_LITERAL("a\0b"), &why));

    struct buf text = BUF_INIT;
    for (int i = 0; i < VALUE_TEXT_MAX; i++)
        buf_add_char(&text, 'x');
    assert_true(value_check_text(buf_slice(&text), &why));
    buf_add_char(&text, 'x');
    assert_false(value_check_text(buf_slice(&text), &why));
    buf_fini(&text);
    buf_fini(&why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_with_their_unit),
        cmocka_unit_test(durations_are_written_with_their_largest_unit),
        cmocka_unit_test(sizes_are_read_with_their_unit),
        cmocka_unit_test(sizes_are_written_with_their_largest_unit),
        cmocka_unit_test(counts_stay_within_their_bounds),
        cmocka_unit_test(addresses_are_ip_and_port),
        cmocka_unit_test(levels_and_words_have_names),
        cmocka_unit_test(renames_are_two_words),
        cmocka_unit_test(texts_have_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
