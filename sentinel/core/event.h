/* Events: the one table of names and levels, and the one way to emit them. Payloads are rendered at
 * once, since the group changes in the same step. */
#pragma once

#include "common/base.h"
#include "common/log.h"

struct buf;
struct core;
struct address;
struct group;
struct node;
struct peer;

enum event {
    EVENT_MONITOR,
    EVENT_UNMONITOR,
    EVENT_RESET_MASTER,
    EVENT_SET,
    EVENT_OVERRIDE_DROPPED,
    EVENT_REPLICA,
    EVENT_SENTINEL,
    EVENT_SENTINEL_ADDRESS_SWITCH,
    EVENT_SENTINEL_ADDRESS_UPDATE,
    EVENT_SENTINEL_INVALID_ADDR,
    EVENT_REBOOT,
    EVENT_ROLE_CHANGE,
    EVENT_ROLE_CHANGE_WRONG,
    EVENT_SDOWN,
    EVENT_SDOWN_OVER,
    EVENT_ODOWN,
    EVENT_ODOWN_OVER,
    EVENT_NEW_EPOCH,
    EVENT_VOTE_FOR_LEADER,
    EVENT_TRY_FAILOVER,
    EVENT_ABORT_NOT_ELECTED,
    EVENT_ELECTED_LEADER,
    EVENT_STATE_SELECT,
    EVENT_ABORT_NO_GOOD_REPLICA,
    EVENT_SELECTED_REPLICA,
    EVENT_STATE_SEND_PROMOTION,
    EVENT_ABORT_REPLICA_TIMEOUT,
    EVENT_ABORT_MASTER_TIMEOUT,
    EVENT_STATE_WAIT_PROMOTION,
    EVENT_PROMOTED_REPLICA,
    EVENT_STATE_RECONF,
    EVENT_RECONF_SENT,
    EVENT_RECONF_IN_PROGRESS,
    EVENT_RECONF_DONE,
    EVENT_RECONF_SENT_TIMEOUT,
    EVENT_RECONF_SENT_AGAIN,
    EVENT_END_FOR_TIMEOUT,
    EVENT_FAILOVER_END,
    EVENT_CONFIG_UPDATE_FROM,
    EVENT_SWITCH_MASTER,
    EVENT_CONVERT_TO_REPLICA,
    EVENT_FIX_REPLICA_CONFIG,
    EVENT_TILT,
    EVENT_TILT_OVER,
    EVENT_SCRIPT_ERROR,
    EVENT_SCRIPT_TIMEOUT,
    EVENT_SCRIPT_CHILD,
    EVENT_SCRIPT_CHILD_OVER,
    EVENT_COMMAND_RECONNECTION,
    EVENT_PUBSUB_RECONNECTION,
    EVENT_COUNT,
};

struct event_row {
    const char *name; /* as on the wire: "+sdown" */
    enum log_level level;
    /* What is published, for the reference: "<master>" and its like stand for details
     * (reference.c). */
    const char *payload;
    const char *doc; /* when it happens, for the reference */
};

extern const struct event_row event_table[EVENT_COUNT];

/* Payload: the details of the subject, then `format` if not NULL (it brings its own leading blank).
 */
void event_of_node(struct core *c, enum event ev, const struct node *n, const char *format, ...)
    PRINTF_LIKE(4, 5);
void event_of_group(struct core *c, enum event ev, const struct group *g, const char *format, ...)
    PRINTF_LIKE(4, 5);
void event_of_peer(struct core *c, enum event ev, const struct peer *p, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Payload: `format` alone. g may be NULL. after: the PERSIST that the event rests on, 0 = none; it
 * is published then. */
void event_plain(struct core *c, enum event ev, const struct group *g, uint64_t after,
    const char *format, ...) PRINTF_LIKE(5, 6);

/* The line in the log of the event that was emitted last says more, by `format` (it brings its own
 * leading blank); what is published does not. */
void event_note(struct core *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* +switch-master; `after`: the number of the PERSIST that it waits for, 0 = none. */
void event_switch(struct core *c, const struct group *g, uint64_t after, const struct address *from,
    const struct address *to);

/* "<type> <name> <ip> <port>[ @ <group> <ip> <port>]". Source: spec 12.1. */
void details_of_node(const struct core *c, const struct node *n, struct buf *out);
void details_of_peer(const struct core *c, const struct peer *p, struct buf *out);

/* A log line that is no event. */
void core_log(struct core *c, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);
