#include "config/limit.h"

#include "common/ensure.h"

static const char *const names[] = {
    [LIMIT_CLIENTS] = "clients",
    [LIMIT_QUERY_BUFFER] = "query_buffer",
    [LIMIT_OUTPUT_BUFFER] = "output_buffer",
    [LIMIT_CLIENT_MEMORY] = "client_memory",
    [LIMIT_PARKED_REPLIES] = "parked_replies",
    [LIMIT_PARKED_TIME] = "parked_time",
    [LIMIT_SUBSCRIPTIONS] = "subscriptions",
    [LIMIT_PENDING_COMMANDS] = "pending_commands",
    [LIMIT_PEERS] = "peers",
    [LIMIT_REPLICAS] = "replicas",
    [LIMIT_INFO_CACHE] = "info_cache",
    [LIMIT_CLIENTS_PER_ADDRESS] = "clients_per_address",
    [LIMIT_FAILED_LOGINS] = "failed_logins",
    [LIMIT_HANDSHAKES] = "handshakes",
};
static_assert(ARRAY_SIZE(names) == LIMIT_COUNT, "a name for each limit");

const char *limit_name(enum limit limit) {
    ensure(limit < LIMIT_COUNT);
    return names[limit];
}
