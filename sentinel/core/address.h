/* Where a server or a peer is: its host as given, which is durable, the IP that this means now, and
 * the port. What a name means is told by resolve.h. Source: spec 15. */
#pragma once

#include "common/endpoint.h"

struct core;

#define ADDRESS_IP_MAX 46 /* bytes of an IP literal with the NUL */

struct address {
    struct endpoint given;   /* a name or an IP literal, and the port */
    char ip[ADDRESS_IP_MAX]; /* where connections go; "" = the name is not resolved */
};

/* An IP literal is its own IP; a name has none yet. */
struct address address_of(const struct endpoint *given);

bool address_is_named(const struct address *a); /* the host given is a name */
bool address_is_resolved(const struct address *a);
/* The ports, and the IPs or the hosts given without case. Two names that are not resolved are not
 * equal for having no IP, other than with the originals. Source: spec 15.3. */
bool address_equal(const struct address *a, const struct address *b);

/* Whether `host` is its IP, or its host as given without case; the port is another matter. Source:
 * spec 15.4. */
bool address_is_at(const struct address *a, struct slice host);

/* The IP and the port; the address must be resolved. */
struct endpoint address_target(const struct address *a);
/* Whether peers can be told of it: hellos and questions never carry a name that was not asked for.
 */
bool address_is_tellable(const struct core *c, const struct address *a);
/* The host that is printed and sent: as given with announce-hostnames, else the IP. A name that is
 * not resolved is told by its name in any case, never as an empty text. Borrowed. Source: spec
 * 15.1. */
const char *address_announced(const struct core *c, const struct address *a);
