/* Recordings of what stock sentinels answer (tests/data/stock), and replies of ours, both turned
 * into one readable form so that they can be compared: `%["name" "mymaster" ...]`. Values that
 * differ from run to run (ages, versions) are shown as #. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

#define RECORDED_WORDS_MAX 16

struct recording {
    struct buf text;   /* the whole file */
    struct slice rest; /* lines not read yet */
    struct slice words[RECORDED_WORDS_MAX];
    size_t word_count;
    struct buf reply; /* readable */
};

/* `name` is a path below tests/data. Fails the test if there is none. */
void recording_open(struct recording *r, const char *name);
void recording_close(struct recording *r);
bool recording_next(struct recording *r); /* false at the end */

/* All RESP2 or RESP3 replies in `bytes`, readable, separated by blanks. */
void reply_print(struct slice bytes, struct buf *out);
