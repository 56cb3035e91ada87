#include "common/log.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <stdio.h>
#include <time.h>

static void levels_have_names(void **state) {
    static const char *const names[] = { "debug", "verbose", "notice", "warning", "nothing" };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        enum log_level level = LOG_LEVEL_COUNT;
        assert_true(log_level_parse(slice_of(names[i]), &level));
        assert_int_equal(level, i);
        assert_string_equal(log_level_name(level), names[i]);
    }
    enum log_level level = LOG_LEVEL_COUNT;
    assert_true(log_level_parse(slice_of("Warning"), &level));
    assert_int_equal(level, LOG_WARNING);
    assert_false(log_level_parse(slice_of("warn"), &level));
    assert_false(log_level_parse(slice_of(""), &level));
    assert_int_equal(level, LOG_WARNING);
}

static void lines_look_like_the_originals(void **state) {
    static const struct {
        int64_t wall_ms, utc_offset_s;
        enum log_level level;
        struct slice text;
        const char *line;
    } cases[] = {
        { 0, 0, LOG_DEBUG, SLICE_LITERAL("x"), "7:X 01 Jan 1970 00:00:00.000 . x\n" },
        { -1, 0, LOG_VERBOSE, SLICE_LITERAL("x"), "7:X 31 Dec 1969 23:59:59.999 - x\n" },
        { 951782400007, 0, LOG_NOTICE, SLICE_LITERAL("x"), "7:X 29 Feb 2000 00:00:00.007 * x\n" },
        { 1709251199999, 0, LOG_WARNING, SLICE_LITERAL("+sdown master m 10.0.0.1 6379"),
            "7:X 29 Feb 2024 23:59:59.999 # +sdown master m 10.0.0.1 6379\n" },
        { 1709251199999, 3600, LOG_NOTICE, SLICE_LITERAL(""), "7:X 01 Mar 2024 00:59:59.999 * \n" },
        { 1735689600000, -12600, LOG_NOTICE, SLICE_LITERAL("a\nb\r\t\0\x7f\xc3\xa4"),
            "7:X 31 Dec 2024 20:30:00.000 * a b    \xc3\xa4\n" },
        { 4107542400000, 0, LOG_NOTICE, SLICE_LITERAL("x"), "7:X 01 Mar 2100 00:00:00.000 * x\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        log_format(&out, 7, cases[i].wall_ms, cases[i].utc_offset_s, cases[i].level, cases[i].text);
        assert_string_equal(buf_text(&out), cases[i].line);
        buf_fini(&out);
    }
}

static void dates_agree_with_the_calendar_of_the_c_library(void **state) {
    for (int64_t day = -200000; day < 200000; day += 1) {
        time_t seconds = (time_t)(day * 86400 + 3723);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char expected[64];
        assert_true(strftime(expected, sizeof(expected), "1:X %d %b ", &tm) > 0);
        struct buf out = BUF_INIT, line = BUF_INIT;
        buf_printf(&line, "%s%04d 01:02:03.004 * \n", expected, tm.tm_year + 1900);
        log_format(&out, 1, seconds * 1000 + 4, 0, LOG_NOTICE, SLICE_EMPTY);
        assert_string_equal(buf_text(&out), buf_text(&line));
        buf_fini(&out);
        buf_fini(&line);
    }
}

static void a_broken_clock_does_no_harm(void **state) {
    static const int64_t extremes[] = { INT64_MIN, INT64_MAX, -1000, 253402300800000 };
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
        log_format(&out, INT64_MAX, extremes[i], 86400, LOG_NOTICE, SLICE_EMPTY);
        log_format(&out, INT64_MIN, extremes[i], -86400, LOG_NOTICE, SLICE_EMPTY);
    }
    buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(lines_look_like_the_originals),
        cmocka_unit_test(dates_agree_with_the_calendar_of_the_c_library),
        cmocka_unit_test(a_broken_clock_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
