/* The inputs of an engine, as bytes of a recording: a table says which fields each kind has. */
#pragma once

#include "common/pack.h"
#include "sentinel/core/input.h"

struct buf;
struct mask;
struct record;
struct record_context;
struct record_reader;

/* The letter by which a record says that it is an input of this kind; NUL = it cannot be recorded.
 */
char record_input_code(enum input_kind kind);
/* Whether there is such a kind. */
bool record_input_kind(char code, enum input_kind *ret);

/* Of a record that is an INPUT: `input`, is_oldest, withheld, taints. Its kind, and is_oldest, are
 * read and written with the head of the record. */
void pack_input(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out);
void unpack_input(struct unpack *u, struct record_reader *r, struct record *ret);
