/* Replies of ours in a readable form, so that they can be compared: `%["name" "mymaster" ...]`.
 * Values that differ from run to run (ages, versions) are shown as #. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

/* All RESP2 or RESP3 replies in `bytes`, readable, separated by blanks. */
void reply_print(struct slice bytes, struct buf *out);
