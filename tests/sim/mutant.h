/* Ways in which the simulated world itself goes wrong, so that somebody can see that the laws
 * notice. A proof that cannot fail proves nothing. */
#pragma once

enum mutant {
    MUTANT_NONE,
    MUTANT_LYING_DISK,  /* a commit is answered, and never made */
    MUTANT_HASTY_DISK,  /* a commit is answered before it is made */
    MUTANT_FORGED_VOTE, /* whoever asks for a vote reads that it was given to it */
    MUTANT_ABSENT,      /* one vedette is not started again in the end */
    MUTANT_COUNT,
};

extern const char *const mutant_names[MUTANT_COUNT];
