/* Values as few bytes, for files: numbers of seven bits a byte, the low ones first; runs of bytes
 * behind their size. What is read may be anything. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;

void pack_u64(struct buf *out, uint64_t value);
void pack_i64(struct buf *out, int64_t value); /* short for small ones of either sign */
void pack_bytes(struct buf *out, struct slice bytes);
void pack_text(struct buf *out, const char *text); /* NULL packs as "" */

/* What is left to be read. Once something was not there all that follows is 0 and empty, and
 * `failed` says so. */
struct unpack {
    struct slice rest;
    bool failed;
};

uint64_t unpack_u64(struct unpack *u);
/* At most `max`; more fails. */
uint64_t unpack_upto(struct unpack *u, uint64_t max);
int64_t unpack_i64(struct unpack *u);
int unpack_int(struct unpack *u); /* one that pack_i64 wrote; beyond an int fails */
bool unpack_bool(struct unpack *u);
struct slice unpack_bytes(struct unpack *u); /* borrowed from what is read */
struct slice unpack_run(struct unpack *u, size_t size);
/* Into `dst` with a NUL behind; fails if it does not fit, or has a NUL. */
void unpack_text(struct unpack *u, char *dst, size_t capacity);
/* How many things follow, each of `least` bytes or more: more than fit there fails. */
size_t unpack_count(struct unpack *u, size_t least);
