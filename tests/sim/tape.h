/* One life of a vedette, recorded, and replayed when it is over: a recording of whatever comes
 * about in a world has to tell the same. */
#pragma once

#include "common/buf.h"
#include "common/tstamp.h"

struct effects;
struct engine;
struct engine_options;
struct input;
struct tape;

struct tape *tape_new(uint64_t seed); /* it draws the key of the digests */
void tape_start(struct tape *t, const struct engine_options *options, struct now now);
void tape_input(struct tape *t, const struct engine *e, struct now now, const struct input *in);
void tape_effects(struct tape *t, const struct engine *e, const struct effects *effects);
/* Replays; what differs is added to `why`, unless there is something already. Frees it; NULL is
 * nothing, here and above. */
void tape_end(struct tape *t, const char *name, struct buf *why);
