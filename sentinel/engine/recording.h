/* Writes down what an engine takes in: each input before its step, without secrets, and behind it a
 * proof of what came of it. Knows no file: the bytes are for its owner to keep. */
#pragma once

#include "common/tstamp.h"
#include "sentinel/engine/mask.h"

struct buf;
struct effects;
struct engine;
struct engine_options;
struct input;
struct recording;

/* key: drawn for this recording alone. out: borrowed; what is recorded is appended to it. */
struct recording *recording_new(const char key[static MASK_KEY_SIZE], struct buf *out);
void recording_free(struct recording *r); /* NULL is nothing */

/* Before engine_new. version: of this program. */
void recording_start(
    struct recording *r, const struct engine_options *options, struct now now, const char *version);
/* Before the step. */
void recording_input(
    struct recording *r, const struct engine *e, struct now now, const struct input *in);
/* After engine_new, and after each step: its effects, from `first` on, and what `e` found of seals.
 */
void recording_effects(
    struct recording *r, const struct engine *e, const struct effects *effects, size_t first);
/* The last record. why: as it will be told, "stop". */
void recording_end(struct recording *r, struct slice why);
