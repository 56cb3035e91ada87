/* One case, played on the stage: what each step does, and what has to come of it. */
#pragma once

#include "tests/scenario/playbook.h"
#include "tests/scenario/stage.h"

struct play {
    struct playbook *book; /* borrowed */
    struct draw draw;      /* until the curtain rises */
    bool is_open;
    struct stage stage;
    FILE *story;    /* borrowed; NULL: nobody wants it */
    bool is_bless;  /* what differs is written into the book */
    size_t blessed; /* how many blocks were */
};

/* Plays all of it. Ends the process with a message where it is wrong, or comes out differently. */
void play_run(struct play *p, struct playbook *book);

/* One kind of step. */
struct step_row {
    const char *name;
    const char *usage; /* what follows the name */
    void (*run)(struct play *p, struct words *w);
    bool has_block;
    bool is_before; /* belongs before the curtain rises */
};

extern const struct step_row world_steps[];  /* step_world.c */
extern const struct step_row deed_steps[];   /* step_deed.c */
extern const struct step_row puppet_steps[]; /* step_puppet.c */
extern const struct step_row check_steps[];  /* step_check.c; each ends with a row without a name */

/* ---- for the steps ---- */

/* What is named next; a failure if there is no such thing. */
struct server *play_take_server(struct play *p, struct words *w);
struct vedette *play_take_vedette(struct play *p, struct words *w);
struct puppet *play_take_puppet(struct play *p, struct words *w);
const struct party *play_take_party(struct play *p, struct words *w);

/* Appends the text of a request: s1 stands for its address, v1 and p1 for their ids. */
void play_expand(struct play *p, const char *text, struct buf *out);

/* Runs the world; ends the process if a law of the simulator is broken meanwhile. */
void play_for(struct play *p, const struct step *at, int64_t us);
/* The step did not come out as it should. */
NORETURN void play_fail(const struct play *p, const struct step *at, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Compares with the block of the step; shows both from the first line that differs, or takes `got`
 * as the block if the play is to bless. */
void play_compare(struct play *p, struct step *at, const char *who, struct slice got);
