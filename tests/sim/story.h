/* The story of a run: a line for everything that happens, with virtual time and who it happened to,
 * and a hash of all lines. Costs nothing while it is off. */
#pragma once

#include "common/base.h"
#include "common/buf.h"

#include <stdio.h>

struct effect;
struct input;
struct schedule;

struct story {
    const struct schedule *schedule; /* borrowed */
    FILE *out;                       /* borrowed; NULL: lines are only hashed */
    bool is_on;
    uint64_t hash;
    struct buf line;
};

void story_init(struct story *t, const struct schedule *schedule);
void story_fini(struct story *t);
/* Starts telling. out may be NULL. */
void story_start(struct story *t, FILE *out);

void story_line(struct story *t, const char *who, const char *format, ...) PRINTF_LIKE(3, 4);
void story_input(struct story *t, const char *who, const struct input *in);
void story_effect(struct story *t, const char *who, const struct effect *e);
