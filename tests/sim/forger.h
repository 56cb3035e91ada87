/* Somebody without the secret, who hears what vedettes say to each other, and says it again,
 * altered or not; in the worlds where who proves nothing counts for nothing. What he makes up can
 * be told from all else, so that a law can look for it. */
#pragma once

#include "common/rng.h"
#include "tests/sim/schedule.h"

struct effect;
struct world;

#define WORLD_SECRET   "a secret of all vedettes"
#define FORGED_EPOCH   UINT64_C(600000) /* and more; no true one comes near */
#define FORGED_PORT    6666             /* of a host that there is not */
#define FORGED_ID_CHAR 'f'
#define FORGER_LINES   64

struct forger {
    struct world *world; /* borrowed */
    struct rng rng;      /* its own: others are not disturbed */
    struct alarm alarm;
    char *lines[FORGER_LINES]; /* owned: signed hellos that he heard; NULL = none yet */
    size_t heard;
};

void forger_init(struct forger *f, struct world *w);
void forger_fini(struct forger *f);
/* A vedette sends something. */
void forger_overhear(struct forger *f, const struct effect *e);
