#include "common/log.h"

#include "common/buf.h"
#include "common/ensure.h"

static const struct {
    const char *name;
    char mark; /* how a line of that level is marked; 0 for a mere threshold */
} log_levels[] = {
    [LOG_DEBUG] = { "debug", '.' },
    [LOG_VERBOSE] = { "verbose", '-' },
    [LOG_NOTICE] = { "notice", '*' },
    [LOG_WARNING] = { "warning", '#' },
    [LOG_NOTHING] = { "nothing", '\0' },
};
static_assert(ARRAY_SIZE(log_levels) == LOG_LEVEL_COUNT, "a row for each level");

const char *log_level_name(enum log_level level) {
    ensure(level < LOG_LEVEL_COUNT);
    return log_levels[level].name;
}

bool log_level_parse(struct slice text, enum log_level *ret) {
    for (size_t i = 0; i < ARRAY_SIZE(log_levels); i++) {
        if (slice_is_nocase(text, log_levels[i].name)) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

#define DAY_S        86400
#define DAYS_TO_2000 10957  /* from 1970-01-01 to 2000-01-01, where a cycle of leap years starts */
#define CYCLE_DAYS   146097 /* the calendar repeats every 400 years */

/* Division that rounds down, with a remainder that is never negative. */
static int64_t divide(int64_t dividend, int64_t divisor, int64_t *ret_remainder) {
    int64_t quotient = dividend / divisor, remainder = dividend % divisor;
    if (remainder < 0) {
        quotient--;
        remainder += divisor;
    }
    *ret_remainder = remainder;
    return quotient;
}

static bool is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* "dd Mon yyyy" for a day counted from 1970-01-01. */
static void print_date(int64_t days, struct buf *out) {
    static const struct {
        const char *name;
        int64_t days;
    } months[] = { { "Jan", 31 }, { "Feb", 28 }, { "Mar", 31 }, { "Apr", 30 }, { "May", 31 },
        { "Jun", 30 }, { "Jul", 31 }, { "Aug", 31 }, { "Sep", 30 }, { "Oct", 31 }, { "Nov", 30 },
        { "Dec", 31 } };

    int64_t day;
    int64_t year = 2000 + 400 * divide(days - DAYS_TO_2000, CYCLE_DAYS, &day);
    while (day >= 365 + is_leap(year)) {
        day -= 365 + is_leap(year);
        year++;
    }
    size_t month = 0;
    for (;;) {
        int64_t length = months[month].days + (month == 1 && is_leap(year));
        if (day < length)
            break;
        day -= length;
        month++;
    }
    buf_printf(out, "%02d %s %04lld", (int)day + 1, months[month].name, (long long)year);
}

void log_format(struct buf *out, int64_t pid, int64_t wall_ms, int64_t utc_offset_s,
    enum log_level level, struct slice text) {
    ensure(level < LOG_NOTHING);
    int64_t ms, second;
    int64_t local_s = divide(wall_ms, 1000, &ms) + utc_offset_s;
    int64_t days = divide(local_s, DAY_S, &second);

    buf_add_i64(out, pid);
    buf_add_text(out, ":X ");
    print_date(days, out);
    buf_printf(out, " %02d:%02d:%02d.%03d %c ", (int)(second / 3600), (int)(second / 60 % 60),
        (int)(second % 60), (int)ms, log_levels[level].mark);
    char *line = buf_reserve(out, text.size + 1);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        line[i] = c < ' ' || c == 0x7f ? ' ' : text.data[i];
    }
    line[text.size] = '\n';
    buf_commit(out, text.size + 1);
}
