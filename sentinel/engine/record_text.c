#include "sentinel/engine/record_text.h"

#include "common/buf.h"

/* Runs of lines that are as before, each followed by one that is not: how much it begins with is as
 * before, and the rest. The last run has no such line behind it. Ends of lines belong to them. */

static struct slice take_line(struct slice *rest) {
    struct slice whole = *rest;
    (void)slice_cut(rest, '\n');
    if (rest->data == NULL)
        *rest = SLICE_EMPTY;
    return slice_sub(whole, 0, whole.size - rest->size);
}

static size_t common_size(struct slice a, struct slice b) {
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

void pack_changed_text(struct buf *out, struct slice last, struct slice text) {
    uint64_t run = 0;
    while (text.size > 0) {
        struct slice before = take_line(&last), line = take_line(&text);
        if (slice_equal(before, line)) {
            run++;
            continue;
        }
        size_t common = common_size(before, line);
        pack_u64(out, run);
        pack_u64(out, 1);
        pack_u64(out, common);
        pack_bytes(out, slice_sub(line, common, SIZE_MAX));
        run = 0;
    }
    pack_u64(out, run);
    pack_u64(out, 0);
}

void unpack_changed_text(struct unpack *u, struct slice last, struct buf *ret) {
    for (;;) {
        for (uint64_t run = unpack_u64(u); run > 0 && last.size > 0; run--)
            buf_add_slice(ret, take_line(&last));
        if (!unpack_bool(u))
            return;
        struct slice before = take_line(&last);
        size_t common = (size_t)unpack_upto(u, before.size);
        buf_add_slice(ret, slice_sub(before, 0, common));
        buf_add_slice(ret, unpack_bytes(u));
    }
}
