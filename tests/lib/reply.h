/* Reads RESP2 replies as a client does, out of bytes that the caller keeps. For tests: it trusts
 * the sender to mean well, but not to be right. */
#pragma once

#include "common/resp.h"

#define REPLY_DEPTH_MAX 7

struct reply_reader {
    struct resp_value **blocks; /* owned: elements of the arrays of the last value */
    size_t count, capacity;
};

enum reply_read {
    REPLY_READ_VALUE, /* *ret is a value; *ret_used bytes belong to it */
    REPLY_READ_MORE,  /* not complete yet */
    REPLY_READ_BAD,   /* no RESP2 */
};

void reply_reader_fini(struct reply_reader *r); /* a zeroed struct is a valid start */
/* Reads one value at the start of `input`; it borrows from the input and from the reader, until the
 * next call. */
enum reply_read reply_read(
    struct reply_reader *r, struct slice input, struct resp_value *ret, size_t *ret_used);
