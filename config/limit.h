/* The limits of the process: how much clients may ask for, and how much of the network may be
 * known. Default, bounds and the behaviour at each limit are in its row of option_table.c. */
#pragma once

#include "common/base.h"

enum limit {
    LIMIT_CLIENTS,
    LIMIT_QUERY_BUFFER,  /* bytes */
    LIMIT_OUTPUT_BUFFER, /* bytes */
    LIMIT_CLIENT_MEMORY, /* bytes, of all clients together */
    LIMIT_PARKED_REPLIES,
    LIMIT_PARKED_TIME, /* ms */
    LIMIT_SUBSCRIPTIONS,
    LIMIT_PENDING_COMMANDS,
    LIMIT_PEERS,
    LIMIT_REPLICAS,
    LIMIT_INFO_CACHE,          /* bytes, of all servers together */
    LIMIT_CLIENTS_PER_ADDRESS, /* 0 = none */
    LIMIT_FAILED_LOGINS,       /* of an address, in a minute; 0 = none */
    LIMIT_HANDSHAKES,
    LIMIT_COUNT,
};

struct limits {
    int64_t max[LIMIT_COUNT];
};

/* The last word of the option's key: "clients", "query_buffer". */
const char *limit_name(enum limit limit);
