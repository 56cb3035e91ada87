/* Somebody without the secret, who hears what vedettes say to each other, and says it again,
 * altered or not. What he makes up can be told from all else, so that a law can look for it:
 * nothing of it may come about. Where who proves nothing is believed he thus says only what nobody
 * may believe there either: epochs out of reach, what was signed by others or with another secret,
 * and what is in the name of a vedette, to one that hears it sign. */
#pragma once

#include "common/endpoint.h"
#include "common/rng.h"
#include "tests/sim/schedule.h"

struct effect;
struct vedette;
struct world;

#define WORLD_SECRET   "a secret of all vedettes"
#define FORGED_EPOCH   UINT64_C(600000)    /* and more; no true one comes near */
#define FORGED_FAR     (UINT64_C(1) << 40) /* out of reach; the other one is at the end of all */
#define FORGED_END     (UINT64_C(1) << 62)
#define FORGED_PORT    6666 /* of a host that there is not */
#define FORGED_ID_CHAR 'f'
#define FORGER_LINES   64

struct forger {
    struct world *world; /* borrowed */
    struct rng rng;      /* its own: others are not disturbed */
    struct alarm alarm;
    char *lines[FORGER_LINES]; /* owned: signed hellos that he heard; NULL = none yet */
    size_t heard;
    struct endpoint elsewhere; /* where there is nobody */
};

void forger_init(struct forger *f, struct world *w);
void forger_fini(struct forger *f);
/* Whether what he says to a vedette in the name of another, or in its own, must not be believed: it
 * has heard that one sign within a minute, in each group, at the address `at` that he speaks of.
 * Else he says nothing. */
bool forger_dares(struct forger *f, const struct vedette *to, const struct vedette *as,
    const struct endpoint *at);
/* A vedette sends something. */
void forger_overhear(struct forger *f, const struct effect *e);
