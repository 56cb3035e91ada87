#include "sentinel/engine/mask_client.h"

#include "common/mem.h"
#include "sentinel/engine/mask.h"
#include "sentinel/engine/mask_request.h"

struct mask_client *mask_client_new(uint64_t id) {
    struct mask_client *c = mem_new(struct mask_client);
    c->id = id;
    return c;
}

void mask_client_free(struct mask_client *c) {
    if (c == NULL)
        return;
    buf_fini(&c->withheld);
    mem_free(c);
}

/* Masks the complete requests at the start of `bytes`. Returns the bytes used; *ret_first_size is
 * the size of the first request as it became. */
static size_t mask_all(struct mask_client *c, struct mask *m, const struct engine *e,
    struct resp_reader *reader, struct slice bytes, struct masked_bytes *ret,
    size_t *ret_first_size) {
    size_t at = 0;
    while (!c->is_refused && at < bytes.size) {
        struct slice rest = slice_sub(bytes, at, SIZE_MAX);
        struct resp_request request;
        size_t used = rest.size;
        enum resp_read verdict = resp_read_request(reader, rest, &request, &used);
        if (verdict == RESP_READ_MORE)
            break;
        if (verdict == RESP_READ_REQUEST) {
            ret->taints |= mask_request(m, e, &request, slice_sub(rest, 0, used), ret->bytes);
        } else {
            mask_refused(verdict, rest, ret->bytes);
            c->is_refused = ret->taints = true;
        }
        if (at == 0)
            *ret_first_size = buf_size(ret->bytes);
        at += used;
    }
    return at;
}

/* What was withheld is told in a record of its own, before the bytes that completed it: at least
 * one byte is left for these. */
static void cut_late(struct masked_bytes *ret, size_t withheld_before, size_t first_size) {
    size_t size = MIN_OF(withheld_before, first_size - 1);
    buf_add_slice(ret->late, slice_sub(buf_slice(ret->bytes), 0, size));
    buf_consume(ret->bytes, size);
}

void mask_client_take(struct mask_client *c, struct mask *m, const struct engine *e,
    struct resp_reader *reader, struct slice bytes, struct masked_bytes *ret) {
    buf_clear(ret->late);
    buf_clear(ret->bytes);
    ret->received = ret->withheld = 0;
    ret->taints = false;
    if (c->is_refused) {
        mask_blot_garbage(bytes, ret->bytes);
        return;
    }
    size_t withheld_before = buf_size(&c->withheld), first_size = 0;
    if (withheld_before > 0)
        buf_add_slice(&c->withheld, bytes);
    struct slice all = withheld_before > 0 ? buf_slice(&c->withheld) : bytes;
    size_t used = mask_all(c, m, e, reader, all, ret, &first_size);
    ret->withheld = used > 0 ? all.size - used : bytes.size;
    if (used > 0 && withheld_before > 0)
        cut_late(ret, withheld_before, first_size);
    if (buf_size(ret->bytes) + ret->withheld != bytes.size)
        ret->received = bytes.size;
    if (withheld_before == 0) {
        buf_add_slice(&c->withheld, slice_sub(bytes, used, SIZE_MAX));
    } else {
        buf_consume(&c->withheld, used);
        if (buf_size(&c->withheld) == 0)
            buf_fini(&c->withheld);
    }
}
