/* Looks at signed hellos without the core's own eyes, which may be made blind (planted.h). */
#pragma once

#include "common/slice.h"

struct hello;

/* Whether the seal of a signed line was made with one of the keys (config/keys.h). */
bool hello_is_sealed(struct slice keys, const struct hello *h);
