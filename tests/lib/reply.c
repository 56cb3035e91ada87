#include "tests/lib/reply.h"

#include "common/mem.h"

#define ELEMENTS_MAX 65536

static void forget(struct reply_reader *r) {
    for (size_t i = 0; i < r->count; i++)
        mem_free(r->blocks[i]);
    r->count = 0;
}

void reply_reader_fini(struct reply_reader *r) {
    forget(r);
    mem_free(r->blocks);
    *r = (struct reply_reader){ .blocks = NULL };
}

/* Takes a line off *rest, without its CR LF. false if it is not complete. */
static bool take_line(struct slice *rest, struct slice *ret_line) {
    for (size_t i = 0; i + 1 < rest->size; i++) {
        if (rest->data[i] != '\r' || rest->data[i + 1] != '\n')
            continue;
        *ret_line = slice_sub(*rest, 0, i);
        *rest = slice_sub(*rest, i + 2, rest->size);
        return true;
    }
    return false;
}

static enum reply_read read_bulk(struct slice *rest, int64_t size, struct resp_value *ret) {
    if (size == -1) {
        *ret = (struct resp_value){ .type = RESP_NULL };
        return REPLY_READ_VALUE;
    }
    if (size < 0)
        return REPLY_READ_BAD;
    if (rest->size < (size_t)size + 2)
        return REPLY_READ_MORE;
    *ret = (struct resp_value){ .type = RESP_BULK, .text = slice_sub(*rest, 0, (size_t)size) };
    *rest = slice_sub(*rest, (size_t)size + 2, rest->size);
    return REPLY_READ_VALUE;
}

static enum reply_read read_value(
    struct reply_reader *r, struct slice *rest, int depth, struct resp_value *ret);

static enum reply_read read_array(
    struct reply_reader *r, struct slice *rest, int64_t count, int depth, struct resp_value *ret) {
    if (count == -1) {
        *ret = (struct resp_value){ .type = RESP_NULL };
        return REPLY_READ_VALUE;
    }
    if (count < 0 || count > ELEMENTS_MAX || depth == REPLY_DEPTH_MAX)
        return REPLY_READ_BAD;
    struct resp_value *elements = mem_alloc(((size_t)count + 1) * sizeof(*elements));
    mem_grow(&r->blocks, &r->capacity, r->count + 1, sizeof(struct resp_value *));
    r->blocks[r->count++] = elements;
    for (int64_t i = 0; i < count; i++) {
        enum reply_read got = read_value(r, rest, depth + 1, &elements[i]);
        if (got != REPLY_READ_VALUE)
            return got;
    }
    *ret = (struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = (size_t)count };
    return REPLY_READ_VALUE;
}

static enum reply_read read_value(
    struct reply_reader *r, struct slice *rest, int depth, struct resp_value *ret) {
    struct slice line;
    if (!take_line(rest, &line))
        return REPLY_READ_MORE;
    if (line.size == 0)
        return REPLY_READ_BAD;
    char mark = line.data[0];
    struct slice text = slice_sub(line, 1, line.size);
    if (mark == '+' || mark == '-') {
        *ret = (struct resp_value){ .type = mark == '+' ? RESP_STATUS : RESP_ERROR, .text = text };
        return REPLY_READ_VALUE;
    }
    int64_t number;
    if (!slice_to_i64(text, &number))
        return REPLY_READ_BAD;
    if (mark == ':') {
        *ret = (struct resp_value){ .type = RESP_INTEGER, .integer = number };
        return REPLY_READ_VALUE;
    }
    if (mark == '$')
        return read_bulk(rest, number, ret);
    if (mark == '*')
        return read_array(r, rest, number, depth, ret);
    return REPLY_READ_BAD;
}

enum reply_read reply_read(
    struct reply_reader *r, struct slice input, struct resp_value *ret, size_t *ret_used) {
    forget(r);
    struct slice rest = input;
    struct resp_value value;
    enum reply_read got = read_value(r, &rest, 0, &value);
    if (got == REPLY_READ_VALUE) {
        *ret = value;
        *ret_used = input.size - rest.size;
    }
    return got;
}
