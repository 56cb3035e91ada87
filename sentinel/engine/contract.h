/* What the outside owes an engine: that inputs answer what was asked for, and in order. The shell
 * keeps to it; a file that is replayed may not, be it damaged, or of another version. */
#pragma once

#include "common/map.h"

struct effect;
struct input;

struct contract {
    struct map links; /* bytes of the incarnation -> struct owed_link, owned: asked for, not over */
    struct map clients; /* bytes of the id -> struct owed_client, owned: connected */
};

/* A zeroed contract is a valid start. */
void contract_fini(struct contract *c);
/* What the engine asks for. */
void contract_effect(struct contract *c, const struct effect *e);
/* The tag of the oldest SEND of a connection that awaits a reply; 0 if none does. */
uint64_t contract_oldest(const struct contract *c, uint64_t incarnation);
/* Whether the engine may be handed this now; NULL, or what is wrong with it. */
const char *contract_input(struct contract *c, const struct input *in);
