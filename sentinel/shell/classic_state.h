/* The state lines of a classic configuration file, taken over at a start. */
#pragma once

struct state;
struct store;

/* Adds to the store's next commit what `file` knows better: its id, if it names one, and what
 * merge_classic_state finds. */
void classic_state_take(struct store *store, const struct state *file);
