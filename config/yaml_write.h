/* Settings as a YAML file that says the same. */
#pragma once

#include "common/base.h"

struct buf;
struct diag;
struct plan;

/* Writes the options that are not at their default, groups and their masters as they are in force.
 * false: a value that YAML cannot hold, named in diag. */
bool yaml_write(const struct plan *plan, struct buf *out, struct diag *diag);
