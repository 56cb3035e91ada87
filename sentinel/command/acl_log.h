/* What was refused for want of rights, as ACL LOG tells it: newest first, equal refusals of one
 * minute as one. */
#pragma once

#include "common/slice.h"

#define ACL_LOG_TEXT_MAX 1024 /* bytes of an object or a name; what is longer is cut */

struct now;

enum acl_reason { ACL_REASON_COMMAND, ACL_REASON_CHANNEL, ACL_REASON_AUTH };
#define ACL_REASON_COUNT 3

struct acl_log_entry {
    uint64_t id;
    uint64_t count; /* of equal refusals */
    enum acl_reason reason;
    char *object, *user, *client; /* owned */
    size_t object_size, user_size, client_size;
    int64_t at_ms; /* mono: the last of them */
    int64_t created_wall_ms, updated_wall_ms;
};

struct acl_log {
    struct acl_log_entry *entries; /* owned; newest last */
    size_t count, capacity;
    uint64_t next_id;
};

void acl_log_fini(struct acl_log *l);
void acl_log_clear(struct acl_log *l);
const char *acl_reason_name(enum acl_reason reason);

/* Notes a refusal; texts are copied. Keeps `max` entries. client: as CLIENT LIST shows it. */
struct acl_refusal {
    enum acl_reason reason;
    struct slice object; /* the command, the channel, or the command that logs in */
    struct slice user, client;
};
void acl_log_add(
    struct acl_log *l, const struct acl_refusal *refusal, const struct now *now, size_t max);
