/* Small things that a client waits for: a file read or replaced, random bytes. What touches a disk
 * is done by a thread of its own, since that can take as long as the disk does; the answers are
 * handed in while the loop gathers. */
#pragma once

#include "common/slice.h"
#include "sentinel/core/ids.h"
#include "sentinel/shell/inlet.h"

struct errands;
struct loop;

#define ERRANDS_MAX 16 /* under way; a further one fails */

/* NULL if the system refuses a descriptor. */
struct errands *errands_new(struct loop *loop, struct inlet inlet);
/* Those under way are done without us. */
void errands_free(struct errands *e);

/* Ends in FILE_READ. */
void errands_read(struct errands *e, struct client_id client, struct slice path);
/* Replaces the file as a whole; ends in FILE_WRITTEN. */
void errands_write(
    struct errands *e, struct client_id client, struct slice path, struct slice bytes);
/* Ends in DRAWN with `size` bytes from the system's source of randomness, and the same tag. */
void errands_draw(struct errands *e, struct client_id client, uint64_t tag, size_t size);
