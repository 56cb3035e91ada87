/* Words in quotes, as in inline requests and classic configuration files: "..." knows \n \r \t \b
 * \a \xHH and a backslash for the next character, '...' only \'. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;

/* What may follow a closing quote: space, \t, \n, \v, \f, \r. */
static inline bool quoted_is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads the quoted part that `text` begins with, quotes included, and adds what it stands for to
 * `out`. Returns how many bytes it takes; 0 if it is left open or something follows right after it.
 */
size_t quoted_read(struct slice text, struct buf *out);
