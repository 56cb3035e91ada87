/* Scripts that a vedette runs: processes that do nothing but end, at once or never, well or badly.
 * What each does follows from its number, not from the dice of the world: a world without scripts
 * tells the same story. */
#pragma once

#include "common/list.h"
#include "sentinel/core/effect.h"

struct input;
struct vedette;

struct child {
    struct list_node siblings; /* in vedette->children */
    uint64_t script;
    int signal_number, exit_status; /* how it ends */
    bool is_ended;                  /* and the engine is not told yet */
};

void child_run(struct vedette *v, const struct effect *e);
void child_kill(struct vedette *v, uint64_t script);
struct child *child_find(const struct vedette *v, uint64_t script); /* NULL if it does not run */
/* What is to be handed in of LETTER_SCRIPT; false: nothing. */
bool child_input(struct vedette *v, uint64_t script, struct input *ret);
void children_free(struct vedette *v);
