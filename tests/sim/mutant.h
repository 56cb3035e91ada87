/* Ways in which a run goes wrong on purpose, to see that the laws notice: a proof that cannot fail
 * proves nothing. Either the world does, or the vedettes have a bug (sentinel/core/planted.h). */
#pragma once

#include "common/base.h"
#include "sentinel/core/planted.h"

enum flaw {
    FLAW_NONE,
    FLAW_LYING_DISK,
    FLAW_HASTY_DISK,
    FLAW_FORGETFUL_DISK,
    FLAW_FORGED_VOTE,
    FLAW_ABSENT,
    FLAW_FORGETFUL_SERVER,
    FLAW_EARLY_TIMER,
};

struct mutant {
    const char *name;
    enum flaw flaw;
    enum planted planted;
    bool is_quick;    /* found by one of the first seeds, thus fit for a test that is run often */
    const char *what; /* goes wrong */
    const char
        *rule; /* which it breaks: a law of ARCHITECTURE 6, a rule of its section 3, the spec */
};

extern const struct mutant mutant_table[];
extern const size_t mutant_count;

const struct mutant *mutant_find(const char *name); /* NULL if there is none */
