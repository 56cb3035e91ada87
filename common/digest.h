/* SHA-256 and HMAC with it. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

#define DIGEST_HEX_SIZE 65 /* with the NUL */

/* As lower-case hex. */
void digest_hex(struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]);
/* Whether the text is what digest_hex makes. */
bool digest_is_hex(struct slice text);
/* With a key: nobody without it can tell what it was made of. */
#define DIGEST_SIZE 32
void digest_keyed(struct slice key, struct slice bytes, unsigned char ret[static DIGEST_SIZE]);
void digest_keyed_hex(struct slice key, struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]);
/* Whether `given`, which digest_is_hex, is `own`; takes as long wherever they differ. */
bool digest_hex_equal(const char own[static DIGEST_HEX_SIZE], struct slice given);
