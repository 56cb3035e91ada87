/* A recording in memory, written and read again. */
#pragma once

#include "tests/unit/unit.h"

#include "sentinel/engine/engine.h"
#include "sentinel/engine/record.h"
#include "tests/lib/scene.h"

/* What is recorded, and the bytes that came of it. */
struct tape {
    struct scene scene;
    struct process_facts facts;
    struct engine_options options;
    struct record_context writing;
    struct record_reader reader;
    struct buf bytes;
};

extern const struct now tape_first_now;

/* The state of a test: a tape with the start of the scene. */
int tape_open(void **state);
int tape_close(void **state);
#define TAPE_TEST(test) cmocka_unit_test_setup_teardown(test, tape_open, tape_close)

void tape_write_start(struct tape *t);
/* Reads the next record, and takes it from the bytes only when `ret` has been looked at: at the
 * next call. */
enum record_read tape_read(struct tape *t, size_t *at, struct record *ret);
void tape_read_start(struct tape *t, size_t *at);

void assert_plans_equal(const struct plan *got, const struct plan *expected);
