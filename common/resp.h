/* RESP as a server speaks it: the reader of requests (multibulk and inline), the writer of RESP2
 * and RESP3 replies, and values as read from a server. The connections to servers are parsed by the
 * shell. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

/* ---- requests ---- */

#define RESP_ARGS_MAX   1024        /* arguments of one request from a client */
#define RESP_BULK_MAX   (64 * 1024) /* bytes of one argument */
#define RESP_INLINE_MAX (64 * 1024) /* bytes of an inline request */

struct resp_request {
    struct slice *args; /* borrowed from the reader and its input until the next call */
    size_t count;       /* 0: an empty line, nothing to do */
};

struct resp_reader {
    struct slice *args; /* owned array */
    struct buf scratch; /* unquoted inline arguments */
    size_t arg_capacity;
    char error[128]; /* reason after RESP_READ_BAD, without "-ERR Protocol error: " */
};

enum resp_read {
    RESP_READ_REQUEST, /* *ret is a request; *ret_used bytes belong to it */
    RESP_READ_MORE,    /* not complete yet */
    RESP_READ_BAD,     /* the connection has to be closed after telling reader->error */
    RESP_READ_HTTP,    /* first word POST or Host: - closed without a reply */
};

void resp_reader_fini(struct resp_reader *r); /* a zeroed struct is a valid start */

/* Reads one request at the start of `input`. Errors are the originals' texts: "invalid multibulk
 * length", "expected '$', got 'x'", "invalid bulk length", "too big mbulk count string", "too big
 * bulk count string", "too big inline request", "unbalanced quotes in request". The outcome does
 * not depend on how the input came in pieces, and *ret, *ret_used are set for a request only. */
enum resp_read resp_read_request(
    struct resp_reader *r, struct slice input, struct resp_request *ret, size_t *ret_used);

/* ---- replies ---- */

struct resp_writer {
    struct buf *out; /* borrowed */
    int version;     /* 2 or 3 */
};

void resp_status(struct resp_writer *w, const char *text);
/* With its prefix word ("ERR ..."); CR and LF become spaces. */
void resp_error(struct resp_writer *w, struct slice text);
void resp_errorf(struct resp_writer *w, const char *format, ...) PRINTF_LIKE(2, 3);
void resp_integer(struct resp_writer *w, int64_t value);
void resp_bulk(struct resp_writer *w, struct slice bytes);
void resp_bulk_text(struct resp_writer *w, const char *text);
void resp_bulk_i64(struct resp_writer *w, int64_t value);
void resp_bulk_u64(struct resp_writer *w, uint64_t value);
void resp_null(struct resp_writer *w);       /* $-1 or _ */
void resp_null_array(struct resp_writer *w); /* *-1 or _ */
void resp_array(struct resp_writer *w, size_t count);
void resp_map(struct resp_writer *w, size_t pair_count); /* flat array of 2n in RESP2 */
void resp_push(struct resp_writer *w, size_t count);     /* array in RESP2 */
void resp_set(struct resp_writer *w, size_t count);      /* array in RESP2 */

/* A request as a client sends it, multibulk. */
void resp_request(struct buf *out, const struct slice *args, size_t count);

/* ---- values read from servers ---- */

enum resp_type {
    RESP_NULL,
    RESP_STATUS,
    RESP_ERROR,
    RESP_INTEGER,
    RESP_BULK,
    RESP_ARRAY,
};

struct resp_value {
    enum resp_type type;
    struct slice text;                 /* status, error (without '-'), bulk */
    int64_t integer;                   /* integer */
    const struct resp_value *elements; /* array */
    size_t count;                      /* elements */
};

/* As a trace shows it: +OK, -ERR x, :1, "bulk", (null), [a, b]; bulks beyond 80 bytes are cut. */
void resp_value_print(const struct resp_value *v, struct buf *out);
