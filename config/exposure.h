/* Files that hold passwords and that others than their owner and group may read or change. */
#pragma once

#include "common/base.h"

struct diag;

/* Warns of the file at `path`, if it is such a one, at a place of `file`, as diag_add_in. */
void exposure_check(struct diag *diag, const char *file, int line, int column, const char *path);
/* The same of a private key. */
void exposure_check_key(struct diag *diag, const char *path);
