#include "common/resp.h"

#include "common/mem.h"
#include "common/quoted.h"

#include <stdio.h>
#include <string.h>

/* What is left of the input while a request is read. */
struct cursor {
    const char *at, *end;
};

static size_t left(const struct cursor *c) {
    return (size_t)(c->end - c->at);
}

void resp_reader_fini(struct resp_reader *r) {
    mem_free(r->args);
    buf_fini(&r->scratch);
    *r = (struct resp_reader){ .args = NULL };
}

static enum resp_read bad(struct resp_reader *r, const char *reason) {
    slice_copy(slice_of(reason), r->error, sizeof(r->error));
    return RESP_READ_BAD;
}

/* The protocol of the web: somebody makes a browser talk to us. */
static bool is_http(struct slice first_word) {
    return slice_is_nocase(first_word, "post") || slice_is_nocase(first_word, "host:");
}

static enum resp_read finish(
    struct resp_reader *r, size_t count, size_t used, struct resp_request *ret, size_t *ret_used) {
    if (count > 0 && is_http(r->args[0]))
        return RESP_READ_HTTP;
    *ret = (struct resp_request){ .args = r->args, .count = count };
    *ret_used = used;
    return RESP_READ_REQUEST;
}

/* ---- multibulk ---- */

/* How long the line of a number may be before its end: as generous as the originals, who look for
 * it in vain for as long as they do for the end of an inline request. */
#define NUMBER_LINE_MAX RESP_INLINE_MAX

#define SHORT_NUMBER_MAX 9 /* digits */

/* The usual number, which is short and within its bounds; false leaves the rest to those who look
 * closer. */
static bool read_short_number(struct cursor *c, int64_t low, int64_t high, int64_t *ret) {
    const char *at = c->at + 1;
    size_t most = MIN_OF((size_t)(c->end - at), (size_t)SHORT_NUMBER_MAX + 2), digits = 0;
    int64_t value = 0;
    while (digits < most && at[digits] >= '0' && at[digits] <= '9')
        value = value * 10 + (at[digits++] - '0');
    bool is_plain = digits > 0 && (digits == 1 || at[0] != '0') && digits <= SHORT_NUMBER_MAX;
    if (!is_plain || digits + 2 > most || at[digits] != '\r' || value < low || value > high)
        return false;
    c->at = at + digits + 2;
    *ret = value;
    return true;
}

/* Reads the number between the cursor, at its type byte, and the next CR; moves the cursor behind
 * the line. Whatever follows the CR passes for the LF, as in the originals. */
static enum resp_read read_number(struct resp_reader *r, struct cursor *c, int64_t low,
    int64_t high, const char *too_long, const char *invalid, int64_t *ret) {
    if (read_short_number(c, low, high, ret))
        return RESP_READ_REQUEST;
    const char *digits = c->at + 1;
    size_t size = MIN_OF((size_t)(c->end - digits), (size_t)NUMBER_LINE_MAX);
    const char *cr = size > 0 ? memchr(digits, '\r', size) : NULL;
    if (cr == NULL)
        return size == NUMBER_LINE_MAX ? bad(r, too_long) : RESP_READ_MORE;
    if (c->end - cr < 2)
        return RESP_READ_MORE;

    int64_t value;
    struct slice number = { .data = digits, .size = (size_t)(cr - digits) };
    if (!slice_to_i64(number, &value) || value < low || value > high)
        return bad(r, invalid);
    c->at = cr + 2;
    *ret = value;
    return RESP_READ_REQUEST;
}

static enum resp_read bad_type(struct resp_reader *r, char got) {
    if (got >= ' ' && got < 0x7f)
        snprintf(r->error, sizeof(r->error), "expected '$', got '%c'", got);
    else
        snprintf(r->error, sizeof(r->error), "expected '$', got '\\x%02x'", (unsigned char)got);
    return RESP_READ_BAD;
}

static enum resp_read read_bulk(struct resp_reader *r, struct cursor *c, struct slice *ret) {
    if (left(c) == 0)
        return RESP_READ_MORE;
    if (*c->at != '$')
        return bad_type(r, *c->at);

    int64_t size;
    enum resp_read result = read_number(
        r, c, 0, RESP_BULK_MAX, "too big bulk count string", "invalid bulk length", &size);
    if (result != RESP_READ_REQUEST)
        return result;
    if (left(c) < (size_t)size + 2)
        return RESP_READ_MORE;
    *ret = (struct slice){ .data = c->at, .size = (size_t)size };
    c->at += size + 2;
    return RESP_READ_REQUEST;
}

static enum resp_read read_multibulk(
    struct resp_reader *r, struct slice input, struct resp_request *ret, size_t *ret_used) {
    struct cursor c = { .at = input.data, .end = input.data + input.size };
    int64_t count;
    enum resp_read result = read_number(r, &c, INT64_MIN, RESP_ARGS_MAX,
        "too big mbulk count string", "invalid multibulk length", &count);
    if (result != RESP_READ_REQUEST)
        return result;

    /* No arguments, or fewer than none, are a request for nothing. */
    size_t wanted = count > 0 ? (size_t)count : 0;
    mem_grow(&r->args, &r->arg_capacity, wanted, sizeof(r->args[0]));
    for (size_t i = 0; i < wanted; i++) {
        result = read_bulk(r, &c, &r->args[i]);
        if (result != RESP_READ_REQUEST)
            return result;
    }
    return finish(r, wanted, (size_t)(c.at - input.data), ret, ret_used);
}

/* ---- inline ---- */

static bool ends_word(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the word at the cursor: a view of the line if it has no quotes, else unquoted into the
 * scratch buffer, which has room for the whole line and so does not move. */
static bool take_word(struct cursor *c, struct buf *scratch, struct slice *ret) {
    const char *start = c->at;
    while (left(c) > 0 && !ends_word(*c->at) && *c->at != '"' && *c->at != '\'')
        c->at++;
    *ret = (struct slice){ .data = start, .size = (size_t)(c->at - start) };
    if (left(c) == 0 || ends_word(*c->at))
        return true;

    /* Up to the quotes a word is as it stands; behind them it has to end. */
    size_t before = buf_size(scratch);
    buf_add_slice(scratch, *ret);
    size_t quoted = quoted_read((struct slice){ .data = c->at, .size = left(c) }, scratch);
    if (quoted == 0)
        return false;
    c->at += quoted;
    *ret = slice_sub(buf_slice(scratch), before, buf_size(scratch) - before);
    return true;
}

static enum resp_read read_inline(
    struct resp_reader *r, struct slice input, struct resp_request *ret, size_t *ret_used) {
    size_t searched = MIN_OF(input.size, (size_t)RESP_INLINE_MAX + 1);
    const char *lf = memchr(input.data, '\n', searched);
    if (lf == NULL)
        return searched > RESP_INLINE_MAX ? bad(r, "too big inline request") : RESP_READ_MORE;
    size_t size = (size_t)(lf - input.data);
    struct cursor c = { .at = input.data, .end = lf };
    if (size > 0 && lf[-1] == '\r')
        c.end--;

    buf_clear(&r->scratch);
    buf_reserve(&r->scratch, size);
    size_t count = 0;
    for (;;) {
        while (left(&c) > 0 && quoted_is_blank(*c.at))
            c.at++;
        if (left(&c) == 0)
            break;
        if (count == RESP_ARGS_MAX)
            return bad(r, "too big inline request");
        mem_grow(&r->args, &r->arg_capacity, count + 1, sizeof(r->args[0]));
        if (!take_word(&c, &r->scratch, &r->args[count]))
            return bad(r, "unbalanced quotes in request");
        count++;
    }
    return finish(r, count, size + 1, ret, ret_used);
}

enum resp_read resp_read_request(
    struct resp_reader *r, struct slice input, struct resp_request *ret, size_t *ret_used) {
    if (input.size == 0)
        return RESP_READ_MORE;
    return input.data[0] == '*' ? read_multibulk(r, input, ret, ret_used)
                                : read_inline(r, input, ret, ret_used);
}
