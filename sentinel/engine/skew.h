/* Clients of whom a replay holds more bytes than the recorded engine did, or fewer: what they sent
 * was masked, and is not carried out yet. Meanwhile what the engine tells of its buffers is not the
 * same, to whomever it tells it. Recording and playback keep the same account of it. */
#pragma once

#include "common/map.h"
#include "sentinel/core/ids.h"

struct engine;

struct skew {
    struct map clients; /* bytes of the id -> struct client_id, owned */
};

/* A zeroed skew is a valid start. */
void skew_fini(struct skew *s);
/* What this client sends has another size than it had, or will have when it is replayed. */
void skew_note(struct skew *s, struct client_id client);
/* Before a step: whether there is such a client whose requests are not all carried out. */
bool skew_is_on(struct skew *s, const struct engine *e);
