/* The state lines of a classic configuration file, taken over at a start. */
#pragma once

struct state;
struct store;

/* Adds to the store's next commit what `file` knows better: its id, if it names one; higher epochs
 * and the votes that go with them; groups that the store does not know yet, with their replicas and
 * peers. */
void classic_state_take(struct store *store, const struct state *file);
