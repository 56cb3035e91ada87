/* Reads what a server sends: hiredis' reader, under bounds of our own, giving values of
 * common/resp.h. RESP2 only. A reader that refused once gives nothing more. */
#pragma once

#include "common/resp.h"

#define REPLY_ELEMENTS_MAX 65536              /* of one array */
#define REPLY_TEXT_MAX     (4 * 1024 * 1024)  /* bytes of one string */
#define REPLY_BUFFERED_MAX (8 * 1024 * 1024)  /* bytes fed and not yet part of a value */
#define REPLY_LINE_MAX     (64 * 1024)        /* bytes of a status, an error or a number */
#define REPLY_DEPTH_MAX    7                  /* arrays within arrays */
#define REPLY_MEMORY_MAX   (16 * 1024 * 1024) /* of one value with all its parts */

struct reply_reader;

struct reply_reader *reply_reader_new(void);
void reply_reader_free(struct reply_reader *r);

void reply_reader_feed(struct reply_reader *r, struct slice bytes);

enum reply_read {
    REPLY_VALUE, /* *ret is lent until the next call */
    REPLY_MORE,  /* not complete yet */
    REPLY_BAD,   /* see reply_reader_error; the connection is of no more use */
};
enum reply_read reply_reader_next(struct reply_reader *r, const struct resp_value **ret);

/* Nothing is left of what was fed: the reader may be put away, or serve another connection. */
bool reply_reader_is_idle(const struct reply_reader *r);
const char *reply_reader_error(const struct reply_reader *r); /* why it refused, in words */
