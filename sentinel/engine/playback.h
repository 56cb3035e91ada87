/* Makes an engine of a recording and hands it what was recorded, in two passes over the records:
 * the first gathers what of the clients' requests was withheld at first. Tells the story, and
 * whether it is the recorded one. */
#pragma once

#include "common/buf.h"

struct playback;
struct record;

struct playback *playback_new(void);
void playback_free(struct playback *p); /* NULL is nothing */

/* First pass: every record once. */
void playback_scan(struct playback *p, const struct record *r);

enum playback_result {
    PLAYBACK_GOES_ON,
    PLAYBACK_ENDED,   /* by the record of the end; all was as recorded */
    PLAYBACK_DIFFERS, /* playback_why says where; nothing further may be taken */
};

/* Second pass: every record once, in order. Appends to `story` the lines of its input and of what
 * comes of it, as trace.h has them. */
enum playback_result playback_take(struct playback *p, const struct record *r, struct buf *story);
/* Why it differs, or what the recording's end says. Borrowed. */
const char *playback_why(const struct playback *p);
uint64_t playback_inputs(const struct playback *p); /* how many were handed in */
