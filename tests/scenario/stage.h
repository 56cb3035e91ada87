/* Where the scenarios play: the simulated world with fixed delays and no faults, and the events of
 * every vedette as text, to be compared line by line. */
#pragma once

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "tests/sim/world.h"

struct stage {
    struct world *world; /* servers s1, s2, s3: 10.0.0.1 to 3; s1 is the master, s2 the choice */
    struct buf events[SIM_VEDETTES_MAX]; /* raw, since the curtain rose */
    struct buf heard;                 /* by the visitor */
    FILE *story;                      /* owned; NULL: nobody wants it */
};

/* cmocka's setup and teardown. On the way in all are discovered, agree, and have been at rest for a
 * while; nothing of that is kept as an event. */
int stage_open(void **state);
int stage_close(void **state);

struct vedette *stage_vedette(struct stage *s, int number); /* from 1, as they are named */
struct server *stage_server(struct stage *s, int number);

/* Runs for so long. A law that is broken meanwhile fails the test. */
void stage_run(struct stage *s, int64_t ms);
/* Whether vedette `number` told this line. */
bool stage_has_told(struct stage *s, int number, const char *line);
/* Runs until the instant when it tells this line, and returns how many milliseconds that took. */
#define stage_until(s, number, line, limit_ms) \
    stage_until_((s), (number), (line), (limit_ms), __FILE__, __LINE__)
int64_t stage_until_(struct stage *s, int number, const char *line, int64_t limit_ms,
    const char *file, int source_line);

/* Kills the master at a moment when nobody awaits an answer of it, so that all notice at once. */
void stage_kill_master(struct stage *s);
/* Starts a server that serves at once. */
void stage_start_server(struct stage *s, int number);
/* Resets the command link of a vedette to a server. What it has sent already arrives before that;
 * no answer does. */
void stage_cut_link(struct stage *s, int number, int server);
/* A visitor says something to a vedette; returns the answer, borrowed until the next one. */
const char *stage_ask(struct stage *s, int number, const char *words);

/* All events of a vedette, a line each. Ids and addresses are v1 and s1, who they belong to. Shows
 * both texts if they differ. */
#define expect_events(s, number, expected) \
    expect_events_((s), (number), (expected), __FILE__, __LINE__)
void expect_events_(
    struct stage *s, int number, const char *expected, const char *file, int source_line);
/* Forgets what was told so far. */
void stage_forget(struct stage *s);
