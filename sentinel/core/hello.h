/* Hellos: the gossip of Sentinels, eight fields separated by commas. Source: spec 5. */
#pragma once

#include "common/endpoint.h"
#include "common/slice.h"
#include "config/state.h"

struct buf;
struct core;
struct group;

#define HELLO_CHANNEL "__sentinel__:hello"

struct hello {
    struct endpoint sentinel;
    struct slice id;
    uint64_t current_epoch;
    struct slice group;
    struct endpoint master;
    bool master_is_valid; /* false: the master's address cannot be one (bad port, bad host) */
    uint64_t config_epoch;
};

/* Parses a line; false if it is to be ignored whole: not eight fields, a bad sentinel address, an
 * id that is not one. */
bool hello_parse(struct slice line, struct hello *ret);
/* Renders ours for a group, as sent over a connection whose local address is `local_host`. */
void hello_print(struct core *c, const struct group *g, const char *local_host, struct buf *out);
enum hello_via { HELLO_BY_CHANNEL, HELLO_BY_PUBLISH };
void hello_receive(struct core *c, struct slice line, enum hello_via via);
/* One that came at `heard_ms` (mono), and has waited for a host name since. */
void hello_go_on(struct core *c, struct slice line, int64_t heard_ms);
