/* What others say and is not believed: counted, and told in the log at most once a minute for each
 * reason, since whoever can speak to us can do so as often as he likes. */
#pragma once

#include "common/base.h"

struct core;

enum doubt {
    DOUBT_CLAIM,    /* beyond what anybody can rightly say: epochs out of reach */
    DOUBT_UNSIGNED, /* a hello that proves nothing, where that counts for nothing */
    DOUBT_SEAL,     /* a hello, or an answer to a challenge, that was not made with our secret */
    DOUBT_REPLAY,   /* a signed hello not newer than one that came before; not told, since the same
                       hello comes in several ways, and not all are as fast */
    DOUBT_VOTE,     /* a request for a vote, or an answer to ours, of somebody who proves nothing */
    DOUBT_COUNT,
};

struct doubts {
    uint64_t count[DOUBT_COUNT];  /* since the start */
    uint64_t told[DOUBT_COUNT];   /* how many of them the log knows of */
    int64_t told_ms[DOUBT_COUNT]; /* mono: its last line; 0 = none yet */
};

void doubt_count(struct core *c, enum doubt why); /* and nothing more */
/* `format`: the line, without an end; how many there were since the last line is added. */
void doubt_note(struct core *c, enum doubt why, const char *format, ...) PRINTF_LIKE(3, 4);
