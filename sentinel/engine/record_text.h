/* A text that is much like the one before it, line by line: a server tells the same of itself again
 * and again, with other numbers. */
#pragma once

#include "common/pack.h"

struct buf;

void pack_changed_text(struct buf *out, struct slice last, struct slice text);
/* Appends the text to `ret`. */
void unpack_changed_text(struct unpack *u, struct slice last, struct buf *ret);
