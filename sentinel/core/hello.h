/* Hellos: the gossip of Sentinels, eight fields separated by commas. Source: spec 5. A signed one
 * has three more: SIGNED_TAG, a number that each has once, and a seal over all before it (seal.h).
 * Stock ignores every line that has not eight. */
#pragma once

#include "common/endpoint.h"
#include "common/slice.h"
#include "config/state.h"

struct buf;
struct core;
struct group;

#define HELLO_CHANNEL "__sentinel__:hello"
#define SIGNED_TAG    "vedette1"

struct hello {
    struct endpoint sentinel;
    struct slice id;
    uint64_t current_epoch;
    struct slice group;
    struct endpoint master;
    bool master_is_valid; /* false: the master's address cannot be one (bad port, bad host) */
    uint64_t config_epoch;
    bool is_signed; /* then, not checked yet: */
    uint64_t counter;
    struct slice sealed, seal; /* what the seal is over; its letters */
};

/* Parses a line; false if it is to be ignored whole: neither eight fields nor those of a signed
 * one, a bad sentinel address, an id that is not one. */
bool hello_parse(struct slice line, struct hello *ret);
/* Renders ours for a group, as sent over a connection whose local address is `local_host`. */
void hello_print(struct core *c, const struct group *g, const char *local_host, struct buf *out);
/* Makes a signed one of what hello_print gave: after seal_may_count. */
void hello_sign(struct core *c, struct slice keys, struct buf *line);
/* One that came now, by a server's channel or by PUBLISH to us: peers are found and moved, epochs
 * and configurations adopted. What cannot be one is ignored. Source: spec 5.4. */
enum hello_via { HELLO_BY_CHANNEL, HELLO_BY_PUBLISH };
void hello_receive(struct core *c, struct slice line, enum hello_via via);
/* One that came at `heard_ms` (mono), and has waited for a host name since. */
void hello_go_on(struct core *c, struct slice line, int64_t heard_ms);
