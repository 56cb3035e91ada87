/* What was heard and waits for a host name to be resolved: hellos, and replicas that a master
 * names. It goes on in the order in which it came when the answer is there; if there is none it is
 * dropped, with a line in the log. */
#pragma once

#include "common/endpoint.h"
#include "common/slice.h"

struct core;
struct group;
struct host_name;

#define HEARD_MAX 4096 /* in all; what comes beyond is dropped */

/* A whole hello, that came at `heard_ms` (mono). A later one of the same sender about the same
 * group takes its place. */
void heard_hello(struct core *c, struct host_name *name, const struct group *g, struct slice id,
    struct slice line, int64_t heard_ms);
/* A replica that the master has named. */
void heard_replica(
    struct core *c, struct host_name *name, const struct group *g, const struct endpoint *replica);

/* The name was answered for: all that waits for it goes on. */
void heard_deliver(struct core *c, struct host_name *name);
/* What waits for the name, or is about the group, is of no interest any more. */
void heard_drop(struct core *c, struct host_name *name);
void heard_forget(struct core *c, const struct group *g);
