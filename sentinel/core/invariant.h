/* Laws that every group obeys after it was judged. */
#pragma once

struct core;
struct group;

/* The law that is broken, as a sentence, or NULL. */
const char *invariant_broken(const struct core *c, const struct group *g);
