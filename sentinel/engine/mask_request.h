/* Which words of a client's request are secrets, and the request without them. What nobody can
 * understand may hold any: of that nothing is kept but its form. */
#pragma once

#include "common/resp.h"

struct engine;
struct mask;

/* Appends the request with stand-ins; `raw` are its bytes. Returns whether replies to this client
 * may show secrets from now on. */
bool mask_request(struct mask *m, const struct engine *e, const struct resp_request *request,
    struct slice raw, struct buf *out);
/* Appends as many bytes as `raw` has, of which the reader of requests says the same, and at no
 * other byte: RESP_READ_BAD or RESP_READ_HTTP. */
void mask_refused(enum resp_read verdict, struct slice raw, struct buf *out);
