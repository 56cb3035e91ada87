/* The parts of the fixture, among themselves. */
#pragma once

#include "tests/unit/core_fixture.h"

#define FIXTURE_START_MS 1000000

/* What a step asked for, as the far ends, the store and the lists of lines take it. */
void fixture_take_effects(struct fixture *f);
/* A connection is gone, or did not come about. */
void fixture_lose(struct fixture *f, uint32_t link, const char *why);
/* The answer (RESP) to one SEND. */
void fixture_answer(
    struct fixture *f, struct link_id link, uint64_t incarnation, uint64_t tag, const char *resp);
