/* The story of a run: one line for each input and effect, with the time. */
#pragma once

#include "common/tstamp.h"

struct buf;
struct effects;
struct input;

/* "<mono ms> < input" and "<mono ms> > effect" for each effect from `first` on; each line ends in a
 * newline. */
void trace_input(struct buf *out, struct now now, const struct input *in);
void trace_effects(struct buf *out, struct now now, const struct effects *effects, size_t first);
