/* What comes back from links, turned into facts. Nothing is judged here. */
#pragma once

#include "common/slice.h"

struct core;
struct link;
struct pending;
struct resp_value;

void observe_link_up(struct core *c, struct link *l);
/* Lost or closed by ourselves; every pending request has ended in observe_loss before. */
void observe_link_down(struct core *c, struct link *l);
/* An attempt to connect came to nothing; `refused` as in the input. */
void observe_link_failed(struct core *c, struct link *l, struct slice why, bool refused);

/* How a request has ended: with a reply, which is lent, or without one. */
void observe_reply(
    struct core *c, struct link *l, const struct pending *p, const struct resp_value *value);
void observe_loss(struct core *c, struct link *l, const struct pending *p);
