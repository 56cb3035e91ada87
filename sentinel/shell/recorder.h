/* Keeps a recording in a file. The loop only appends to memory; a thread compresses and writes,
 * about once a second, and at once if the process is about to die of a mistake of ours. The file is
 * bounded: when it is full, cannot be written, or the disk is too slow, the recording ends with a
 * record that says so, and the daemon goes on without it. */
#pragma once

#include "common/tstamp.h"

struct buf;
struct effects;
struct engine;
struct engine_options;
struct input;
struct recorder;

#define RECORDER_SIZE_STANDARD ((int64_t)1024 * 1024 * 1024)
#define RECORDER_SIZE_MIN      ((int64_t)16 * 1024 * 1024)
#define RECORDER_SIZE_MAX      ((int64_t)1024 * 1024 * 1024 * 1024)
#define RECORDER_KEPT          2 /* earlier recordings: FILE.1 is the last one, FILE.2 the one before */

/* Begins a new file of at most `size` bytes; what lies there is kept under another name. Signals
 * are blocked in its thread. NULL: *why says what is wrong. */
struct recorder *recorder_start(const char *path, int64_t size, struct buf *why);
/* Writes all that there is; why: what the end says. NULL is nothing. */
void recorder_stop(struct recorder *r, const char *why);

/* As those of recording.h; a recorder that is NULL or has ended does nothing. */
void recorder_begin(struct recorder *r, const struct engine_options *options, struct now now);
void recorder_input(
    struct recorder *r, const struct engine *e, struct now now, const struct input *in);
void recorder_effects(
    struct recorder *r, const struct engine *e, const struct effects *effects, size_t first);

/* Once a wake-up: hands over what was recorded. true if the recording has just ended; *why says why
 * it did, for the log. Never waits. */
bool recorder_hand_over(struct recorder *r, struct buf *why);
