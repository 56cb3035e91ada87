/* What a server or peer replied, as bytes of a recording. */
#pragma once

#include "common/pack.h"
#include "common/resp.h"

struct buf;

/* What the arrays of unpacked values consist of. A zeroed one is a valid start. */
struct value_arrays {
    void **all;
    size_t count, capacity;
};

void value_arrays_clear(struct value_arrays *a);
void value_arrays_fini(struct value_arrays *a);

void pack_value(const struct resp_value *v, struct buf *out);
/* *ret borrows its texts from what is read, and its elements from `a` until that is cleared. */
void unpack_value(struct unpack *u, struct value_arrays *a, struct resp_value *ret);
