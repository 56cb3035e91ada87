/* What a client sends, without its secrets. A request that is not complete is withheld, since a
 * secret may be cut anywhere; how many bytes came is told at once. */
#pragma once

#include "common/buf.h"
#include "common/resp.h"

struct engine;
struct mask;

struct mask_client {
    uint64_t id;
    struct buf withheld; /* as received: the begin of a request that is not complete */
    bool is_refused;     /* nothing that it sends counts any more */
};

/* What came of some bytes of a client. */
struct masked_bytes {
    /* Borrowed: of what was withheld before, if that is complete now; else empty. */
    struct buf *late;
    struct buf *bytes; /* borrowed: what follows, as far as requests are complete */
    size_t received;   /* as in an input: 0 = as many as `bytes` and `withheld` */
    size_t withheld;   /* bytes at the end that are withheld now */
    bool taints;
};

struct mask_client *mask_client_new(uint64_t id);
void mask_client_free(struct mask_client *c); /* NULL is nothing */
/* `ret->late` and `ret->bytes` are emptied first. */
void mask_client_take(struct mask_client *c, struct mask *m, const struct engine *e,
    struct resp_reader *reader, struct slice bytes, struct masked_bytes *ret);
