/* SHA-256 as lower-case hex. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

#define DIGEST_HEX_SIZE 65 /* with the NUL */

void digest_hex(struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]);
