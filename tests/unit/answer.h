/* Replies compared in the readable form of tests/lib/readable.h. */
#pragma once

#include "tests/unit/unit.h"

#include "tests/lib/desk.h"
#include "tests/lib/readable.h"

#include <stdlib.h>

/* The state of a test: a desk with the connected clients 1 and 2. */
static inline int set_up_desk(void **state) {
    struct desk *d = malloc(sizeof(*d));
    desk_init(d);
    desk_open(d, 1);
    desk_open(d, 2);
    *state = d;
    return 0;
}

static inline int tear_down_desk(void **state) {
    desk_fini(*state);
    free(*state);
    return 0;
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_desk, tear_down_desk)

/* What `bytes` say, e.g. `+"OK"` or `*["name" ...]`. */
#define assert_replies(bytes, expected) \
    do { \
        struct buf printed_ = BUF_INIT; \
        reply_print((bytes), &printed_); \
        assert_slice(buf_slice(&printed_), (expected)); \
        buf_fini(&printed_); \
    } while (0)

/* What a client gets for an inline request. */
#define assert_answer(desk, client, line, expected) \
    assert_replies(desk_ask((desk), (client), (line)), (expected))
