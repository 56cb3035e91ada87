/* The second speed of detection, option crash_after. A host that refuses a connection says that
 * nothing listens there; silence says nothing. A master that refuses every attempt for crash_after
 * is held down at once, and until it answers. Whatever else comes of an attempt begins the count
 * anew: a connection, packets that are dropped, a host that cannot be reached. Only the command
 * link counts: as long as that one stands, somebody lives at its end, or falls silent. */
#pragma once

#include "common/base.h"

#define CRASH_ATTEMPT_MIN_MS 20 /* between two attempts to connect */

struct core;
struct link;
struct node;

/* An attempt to connect this link has ended: refused, or in any other way. */
void crash_note_attempt(const struct core *c, const struct link *l, bool refused);

/* crash_after has changed: what was refused, was refused at the pace of the old one, and the server
 * may have lived between two attempts. */
void crash_begin_anew(struct node *n);

/* Whether refusals make the node down; keeps node->crashed. */
bool crash_judge(struct node *n);

/* When the link's next attempt is due (heard), if for silence alone it were `next_ms`: a master
 * that may have crashed is tried more often, and at the very instant at which one more refusal
 * makes it down. */
int64_t crash_next_attempt(const struct link *l, int64_t next_ms);
