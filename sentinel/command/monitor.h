/* SENTINEL MONITOR with a host name: waits for what the name means, and its client for the reply.
 */
#pragma once

#include "common/slice.h"

struct server;

/* A name was answered for: those that waited for it are answered. Between core_begin and core_end.
 */
void monitors_resolved(struct server *s, struct slice host);
void monitors_fini(struct server *s);
