/* Ids cross the border of the engine, pointers never do. Each is a struct of its own, so that they
 * cannot be mixed up. */
#pragma once

#include "common/base.h"

/* A connection that the core wants, to a data server or a peer. A slot may be used again, with
 * another incarnation. */
struct link_id {
    uint32_t value; /* 0 = none */
};

/* An accepted connection; also what CLIENT ID answers. Numbered by the shell from 1, never reused.
 */
struct client_id {
    uint64_t value;
};
