/* What the tests of the store share: a folder per test, and changes to write. */
#pragma once

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/state.h"
#include "sentinel/shell/store_place.h"

struct fixture {
    char folder[32]; /* exists, empty */
    char state[96];  /* in it, absent */
    struct store_place place;
    struct buf why;
};

/* Of each test; the disk is healed. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

struct store *open_store(struct fixture *f);
void remove_folder(const char *folder);
void write_file(const char *path, const char *text);
bool exists(const char *path);

struct endpoint at(const char *text);
struct delta group_delta(const char *name, uint64_t epoch);

/* Step after step: the epoch is the number of the last one. */
#define STEPS      6
#define STEP_COUNT 3 /* deltas */
size_t step_deltas(struct delta deltas[static STEP_COUNT], char name[static 32], uint64_t step);
