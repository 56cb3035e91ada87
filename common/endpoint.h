/* A host (name, or IPv4 or IPv6 literal, without brackets) and a port, as a value. Nothing is
 * resolved here. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;

#define ENDPOINT_HOST_MAX 256 /* bytes with the NUL */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + 9)

struct endpoint {
    char host[ENDPOINT_HOST_MAX]; /* IP literals in canonical form (inet_ntop); NUL-terminated */
    uint16_t port;                /* 0 = none */
};

/* Reads "host:port", "[v6]:port", "[v6%zone]:port"; false if malformed, the host too long or not a
 * plausible name (letters, digits, '-', '_', dots; the last label not a number). */
bool endpoint_parse(struct slice text, struct endpoint *ret);
/* From parts; canonicalises IP literals; false if the host is empty, too long, has blanks or
 * control characters, or the port is out of 0..65535. */
bool endpoint_make(struct slice host, int64_t port, struct endpoint *ret);

/* The host without case, and the port. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool endpoint_is_ip(const struct endpoint *e);
/* A unix socket: its path stands for the host, and there is no port. */
bool endpoint_is_path(const struct endpoint *e);
bool endpoint_is_ipv6(const struct endpoint *e);
/* The network that one user of the address is likely to have for himself: all of an IPv4 address,
 * the first 64 bits of an IPv6 one. Returns how many bytes; 0 of what is no address. */
#define ENDPOINT_NETWORK_MAX 8
size_t endpoint_network(const struct endpoint *e, unsigned char ret[static ENDPOINT_NETWORK_MAX]);
bool host_is_ip(struct slice host);
/* Whether it can be a host name: letters, digits, '-', '_' and dots, the last label not a number.
 */
bool host_is_name(struct slice host);

/* "host:port", IPv6 in brackets: the name of a replica. */
void endpoint_print(const struct endpoint *e, struct buf *out);
/* The same; returns text. */
const char *endpoint_text(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);
