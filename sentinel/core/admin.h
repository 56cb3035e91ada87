/* What an operator asks for, as named operations. Each returns the seq that its +OK rests on in
 * *ret_seq. */
#pragma once

#include "common/slice.h"
#include "config/option.h"

struct core;
struct group;
struct endpoint;

enum {
    ADMIN_E_DUPLICATE = 1,       /* monitor: the name is in use */
    ADMIN_E_IN_PROGRESS = 2,     /* failover: one is running */
    ADMIN_E_NO_GOOD_REPLICA = 3, /* failover: nothing to promote */
    ADMIN_E_TOO_MANY = 4,        /* monitor: GROUPS_MAX */
    ADMIN_E_NO_GOOD_MASTER = 5,  /* failover: the master does not know how to hand over */
};

/* One option of SENTINEL SET; `word` as the operator typed it, for the event. */
struct admin_change {
    const struct option *option; /* NULL only if it is refused */
    bool is_refused;             /* whatever its value: known to the caller not to be possible */
    struct slice word;
    struct slice value;
    struct slice second; /* rename-command: the new name */
};

/* Watches one more master; persisted. name, quorum: as the caller has checked them. 0, or
 * ADMIN_E_DUPLICATE, ADMIN_E_TOO_MANY. */
int admin_monitor(struct core *c, struct slice name, const struct endpoint *master, int64_t quorum,
    uint64_t *ret_seq);
/* Watches it no longer: it is freed. Its section of the file stays hidden, its vote is kept. */
void admin_remove(struct core *c, struct group *g, uint64_t *ret_seq);
/* All or nothing: returns the index of the first change that is refused, or whose value is none for
 * its option, and applies nothing, or `count` when all were applied. */
size_t admin_set(struct core *c, struct group *g, const struct admin_change *changes, size_t count,
    uint64_t *ret_seq);
size_t admin_reset(struct core *c, struct slice pattern); /* groups reset */
/* Begins an attempt. 0, or ADMIN_E_IN_PROGRESS, ADMIN_E_NO_GOOD_REPLICA, ADMIN_E_NO_GOOD_MASTER. */
enum admin_failover { ADMIN_FORCED, ADMIN_COORDINATED };
int admin_failover(struct core *c, struct group *g, enum admin_failover how);
uint64_t admin_flush(struct core *c); /* seq of a write that brings everything to disk */
