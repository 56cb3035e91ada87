/* The keys of a file of secrets: the first one signs, each is believed, so that a key can be
 * changed everywhere while all runs. As a value they are one secret text, a key a line. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;
struct secret;

#define KEYS_MAX     8
#define KEY_SIZE_MIN 16 /* bytes */
#define KEY_SIZE_MAX 256

/* Reads a file's text: a key a line; blank lines, and those that begin with #, count for nothing.
 * false, with what is wrong added to `why` and nothing taken, if there is none, or one that cannot
 * be one. */
bool keys_read(struct slice text, struct secret *ret, struct buf *why);
/* Takes the next key off a text of them; each is a view. */
static inline struct slice keys_cut(struct slice *keys) {
    return slice_cut(keys, '\n');
}
