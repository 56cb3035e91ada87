/* The file of a recording: a mark, then blocks of bytes, each compressed with what was before it as
 * its dictionary, with its sizes and a checksum. A file that was cut off can be read up to its last
 * whole block. */
#pragma once

#include "common/buf.h"

struct record_packer; /* bytes to blocks */
struct record_file;   /* a file that is read */

#define RECORD_BLOCK_MAX (1024 * 1024) /* bytes of one block before they were compressed */

struct record_packer *record_packer_new(void);
void record_packer_free(struct record_packer *p); /* NULL is nothing */
/* What a file begins with. */
void record_pack_mark(struct buf *out);
/* Appends blocks with these bytes, in order of the calls. */
void record_pack(struct record_packer *p, struct slice bytes, struct buf *out);

/* NULL: *why says what is wrong. */
struct record_file *record_file_open(const char *path, struct buf *why);
void record_file_close(struct record_file *f); /* NULL is nothing */

enum record_file_read {
    RECORD_FILE_BLOCK, /* its bytes were appended */
    RECORD_FILE_END,   /* there is no further block */
    RECORD_FILE_TORN,  /* it ends within a block */
    RECORD_FILE_BAD,   /* what follows is no block */
};

enum record_file_read record_file_next(struct record_file *f, struct buf *out);
/* Where the next block begins, or the one that could not be read: bytes from the start. */
uint64_t record_file_at(const struct record_file *f);
