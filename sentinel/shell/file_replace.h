/* A file replaced as a whole: a crash leaves the old text or the new one. */
#pragma once

#include "common/slice.h"

/* Writes beside it, makes that durable and renames it. Owner and mode stay what they were, as far
 * as we may give files away, but that others lose what rights they had: the new text may hold
 * passwords. One that is new is the owner's alone. 0 or negative errno; the old file is untouched
 * then, unless only its folder could not be made durable. -EISDIR, -EINVAL: what is there is no
 * file. */
int file_replace(const char *path, struct slice text);

/* Whether file_replace may be expected to work: both the file, if there is one, and its folder can
 * be written. 0 or negative errno. */
int file_can_be_replaced(const char *path);
