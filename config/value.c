#include "config/value.h"

#include "common/buf.h"
#include "common/ensure.h"

#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Values that are a whole number and a unit: which units there are, and how people are told. */
struct quantity {
    const struct unit *units;
    size_t count;
    size_t of_zero;            /* index of the unit that a zero is written with */
    size_t of_example;         /* and of that which an example shows */
    const char *names, *whole; /* in a finding */
};

static const struct unit duration_units[] = {
    { "ms", 1 },
    { "s", 1000 },
    { "m", 60 * 1000 },
    { "h", 60 * 60 * 1000 },
};

static const struct quantity durations = {
    .units = duration_units,
    .count = ARRAY_SIZE(duration_units),
    .of_zero = 1,
    .of_example = 1,
    .names = "ms, s, m or h",
    .whole = "5s",
};

static const struct unit size_units[] = {
    { "B", 1 },
    { "KiB", 1024 },
    { "MiB", 1024 * 1024 },
    { "GiB", 1024 * 1024 * 1024 },
};

static const struct quantity sizes = {
    .units = size_units,
    .count = ARRAY_SIZE(size_units),
    .of_zero = 0,
    .of_example = 0,
    .names = "B, KiB, MiB or GiB",
    .whole = "64KiB",
};

static bool is_control(char c) {
    unsigned char byte = (unsigned char)c;
    return byte < ' ' || byte == 0x7f;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool value_has_control(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (is_control(text.data[i]))
            return true;
    }
    return false;
}

bool value_check_text(struct slice text, struct buf *why) {
    if (text.size == 0) {
        buf_add_text(why, "must not be empty");
        return false;
    }
    if (text.size > VALUE_TEXT_MAX) {
        buf_printf(why, "must not be longer than %d bytes", VALUE_TEXT_MAX);
        return false;
    }
    if (value_has_control(text)) {
        buf_add_text(why, "must not contain control characters");
        return false;
    }
    return true;
}

bool value_read_count(struct slice text, int64_t min, int64_t max, int64_t *ret, struct buf *why) {
    int64_t value;
    if (!slice_to_i64(text, &value) || value < min || value > max) {
        buf_printf(why, "must be a whole number from %lld to %lld", (long long)min, (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

/* ---- a number and its unit ---- */

static void write_quantity(const struct quantity *q, int64_t value, struct buf *out) {
    size_t unit = 0;
    for (size_t i = 0; i < q->count; i++) {
        if (value != 0 && value % q->units[i].factor == 0)
            unit = i;
    }
    if (value == 0)
        unit = q->of_zero;
    buf_add_i64(out, value / q->units[unit].factor);
    buf_add_text(out, q->units[unit].name);
}

static bool read_quantity(const struct quantity *q, struct slice text, int64_t min, int64_t max,
    int64_t *ret, struct buf *why) {
    size_t digits = 0;
    while (digits < text.size && is_digit(text.data[digits]))
        digits++;
    struct slice number = slice_sub(text, 0, digits);
    struct slice unit = slice_sub(text, digits, text.size);

    if (digits > 0 && unit.size == 0) {
        buf_printf(why, "needs a unit (%s), as in %.*s%s", q->names,
            (int)MIN_OF(digits, (size_t)20), number.data, q->units[q->of_example].name);
        return false;
    }
    int64_t factor = 0;
    for (size_t i = 0; i < q->count; i++) {
        if (slice_is(unit, q->units[i].name))
            factor = q->units[i].factor;
    }
    bool zero_leads = digits > 1 && number.data[0] == '0';
    if (digits == 0 || zero_leads || factor == 0) {
        buf_printf(why, "must be a whole number with its unit (%s), as in %s", q->names, q->whole);
        return false;
    }
    int64_t value;
    if (!slice_to_i64(number, &value) || __builtin_mul_overflow(value, factor, &value) ||
        value < min || value > max) {
        buf_add_text(why, "must be from ");
        write_quantity(q, min, why);
        buf_add_text(why, " to ");
        write_quantity(q, max, why);
        return false;
    }
    *ret = value;
    return true;
}

bool value_read_duration(
    struct slice text, int64_t min, int64_t max, int64_t *ret_ms, struct buf *why) {
    return read_quantity(&durations, text, min, max, ret_ms, why);
}

void value_write_duration(int64_t ms, struct buf *out) {
    write_quantity(&durations, ms, out);
}

bool value_read_size(struct slice text, int64_t min, int64_t max, int64_t *ret, struct buf *why) {
    return read_quantity(&sizes, text, min, max, ret, why);
}

void value_write_size(int64_t bytes, struct buf *out) {
    write_quantity(&sizes, bytes, out);
}

/* ---- others ---- */

/* `names`: a host name will do, too. */
static bool read_endpoint(struct slice text, bool names, struct endpoint *ret, struct buf *why) {
    struct endpoint e;
    bool parsed = endpoint_parse(text, &e);
    bool has_host = parsed && (endpoint_is_ip(&e) || (names && host_is_name(slice_of(e.host))));
    if (has_host && e.port > 0) {
        *ret = e;
        return true;
    }
    if (parsed && !has_host)
        buf_add_text(why, "must be an IP address, not a name: ");
    else if (parsed)
        buf_add_text(why, "must have a port from 1 to 65535: ");
    else if (host_is_ip(text) && memchr(text.data, ':', text.size) == NULL)
        buf_add_text(why, "has no port: ");
    else if (host_is_ip(text))
        buf_add_text(why, "must have its IPv6 address in brackets and a port: ");
    else
        buf_printf(why, "must be an IP address%s and a port: ", names ? " or a host name" : "");
    buf_add_text(why, "10.0.0.1:6379 or [2001:db8::1]:6379");
    return false;
}

bool value_read_endpoint(struct slice text, struct endpoint *ret, struct buf *why) {
    return read_endpoint(text, false, ret, why);
}

bool value_read_address(struct slice text, struct endpoint *ret, struct buf *why) {
    return read_endpoint(text, true, ret, why);
}

static bool is_server(struct slice text) {
    struct endpoint e;
    if (host_is_ip(text))
        return true;
    return endpoint_parse(text, &e) && endpoint_is_ip(&e) && e.port > 0;
}

bool value_read_mode(struct slice text, int64_t *ret, struct buf *why) {
    int64_t mode = 0;
    bool valid = text.size > 0 && text.size <= 4;
    for (size_t i = 0; i < text.size && valid; i++) {
        valid = text.data[i] >= '0' && text.data[i] <= '7';
        mode = mode * 8 + (text.data[i] - '0');
    }
    if (!valid || mode > 0777) {
        buf_add_text(why, "must be an octal number from 0 to 777");
        return false;
    }
    *ret = mode;
    return true;
}

bool value_check_ip(struct slice text, struct buf *why) {
    struct endpoint e;
    if (host_is_ip(text) && endpoint_make(text, 0, &e))
        return true;
    buf_add_text(why, "must be an IP address");
    return false;
}

bool value_check_servers(struct slice text, struct buf *why) {
    struct slice rest = text;
    do
        if (!is_server(slice_cut(&rest, ','))) {
            buf_add_text(why,
                "must be IP addresses separated by commas, with a port where it is not 53: 10.0.0.53 or "
                "10.0.0.53:5353,[fd00::53]:5353");
            return false;
        }
    while (rest.data != NULL);
    return true;
}

bool value_check_paths(struct slice text, struct buf *why) {
    struct slice rest = text;
    if (!value_check_text(text, why))
        return false;
    do
        if (!slice_starts_with(slice_cut(&rest, ':'), "/")) {
            buf_add_text(why, "must be absolute paths without colons: [/etc/vedette/scripts]");
            return false;
        }
    while (rest.data != NULL);
    return true;
}

bool value_read_part_of_endpoint(struct slice text, struct endpoint *ret) {
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    struct slice host = slice_sub(text, 0, colon > 0 ? colon - 1 : 0);
    if (slice_starts_with(host, "[") && host.data[host.size - 1] == ']')
        host = slice_sub(host, 1, host.size - 2);

    struct endpoint e = { .host = "" };
    uint64_t port = 0;
    if (text.size > 0 && (colon == 0 || !slice_to_u64(slice_sub(text, colon, text.size), &port)))
        return false;
    bool has_comma = host.size > 0 && memchr(host.data, ',', host.size) != NULL;
    if (port > UINT16_MAX || has_comma)
        return false;
    if (host.size == 0)
        e.port = (uint16_t)port;
    else if (!endpoint_make(host, (int64_t)port, &e))
        return false;
    *ret = e;
    return true;
}

bool value_read_log_level(struct slice text, enum log_level *ret, struct buf *why) {
    if (log_level_parse(text, ret))
        return true;
    buf_add_text(why, "must be one of");
    for (int level = 0; level < LOG_LEVEL_COUNT; level++)
        buf_printf(why, "%s %s", level > 0 ? "," : "", log_level_name((enum log_level)level));
    return false;
}

bool value_read_bool(struct slice text, bool *ret, struct buf *why) {
    bool yes = slice_is_nocase(text, "yes") || slice_is_nocase(text, "true");
    bool no = slice_is_nocase(text, "no") || slice_is_nocase(text, "false");
    if (yes || no)
        *ret = yes;
    else
        buf_add_text(why, "must be yes or no");
    return yes || no;
}

bool value_is_command(struct slice word) {
    if (word.size == 0 || word.size >= COMMAND_NAME_MAX || value_has_control(word))
        return false;
    return memchr(word.data, ' ', word.size) == NULL && memchr(word.data, ',', word.size) == NULL;
}

bool value_read_rename(
    struct slice command, struct slice name, struct rename *ret, struct buf *why) {
    if (!value_is_command(command) || !value_is_command(name)) {
        buf_printf(why,
            "must be a command and its name, each of 1 to %d bytes without blanks and commas",
            COMMAND_NAME_MAX - 1);
        return false;
    }
    struct rename r = { .command = "" };
    slice_copy(name, r.name, sizeof(r.name));
    slice_copy(command, r.command, sizeof(r.command));
    for (char *c = r.command; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    *ret = r;
    return true;
}

static bool find_word(struct slice text, const char *words, int64_t *ret) {
    struct slice rest = slice_of(words);
    for (int64_t number = 0; rest.size > 0; number++)
        if (slice_equal_nocase(slice_cut(&rest, '|'), text)) {
            *ret = number;
            return true;
        }
    return false;
}

static void list_words(const char *words, struct buf *why) {
    struct slice rest = slice_of(words);
    while (rest.size > 0) {
        struct slice word = slice_cut(&rest, '|');
        buf_add_slice(why, word);
        if (rest.size > 0)
            buf_add_text(why, memchr(rest.data, '|', rest.size) != NULL ? ", " : " or ");
    }
}

bool value_read_word(struct slice text, const char *words, int64_t *ret, struct buf *why) {
    if (find_word(text, words, ret))
        return true;
    buf_add_text(why, "must be ");
    list_words(words, why);
    return false;
}

bool value_read_words(struct slice text, const char *words, int64_t *ret, struct buf *why) {
    int64_t bits = 0, number = 0;
    bool valid = text.size > 0;
    for (struct slice rest = text; rest.size > 0 && valid;) {
        valid = find_word(slice_cut(&rest, ' '), words, &number);
        bits |= (int64_t)1 << number;
    }
    if (valid) {
        *ret = bits;
        return true;
    }
    buf_add_text(why, "must be one or more, separated by blanks, of ");
    list_words(words, why);
    return false;
}

struct slice value_word(const char *words, int64_t number) {
    struct slice rest = slice_of(words), word = slice_cut(&rest, '|');
    while (number-- > 0)
        word = slice_cut(&rest, '|');
    return word;
}

void value_write_words(const char *words, int64_t bits, struct buf *out) {
    struct slice rest = slice_of(words);
    bool any = false;
    for (int64_t number = 0; rest.size > 0; number++) {
        struct slice word = slice_cut(&rest, '|');
        if ((bits >> number & 1) == 0)
            continue;
        buf_printf(out, "%s" SLICE_FMT, any ? " " : "", SLICE_ARG(word));
        any = true;
    }
}
