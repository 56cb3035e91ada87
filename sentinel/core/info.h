/* INFO of a data server: the lines that matter, read without allocation. Source: spec 9. */
#pragma once

#include "common/endpoint.h"
#include "common/slice.h"
#include "config/state.h"

enum info_role { INFO_ROLE_NONE, INFO_ROLE_MASTER, INFO_ROLE_REPLICA };

#define INFO_REPLICAS_MAX 256 /* further ones are ignored */

struct info {
    struct slice run_id; /* 40 characters, or empty */
    enum info_role role;
    bool has_link_down;
    int64_t link_down_ms;     /* master_link_down_since_seconds x 1000 */
    struct slice master_host; /* empty = not said */
    bool has_master_port, has_link_status, has_priority, has_offset, has_announced;
    int64_t master_port;
    bool master_link_up;
    int64_t priority;
    uint64_t offset;
    bool announced;
    struct slice failover; /* master_failover_state; empty = not said */
    struct endpoint replicas[INFO_REPLICAS_MAX];
    size_t replica_count;
};

/* Reads what is there of any text; what is not is set to none. Texts are borrowed from it. Source:
 * spec 9.2. */
void info_parse(struct slice text, struct info *ret);
