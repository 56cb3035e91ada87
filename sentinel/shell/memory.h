/* How much memory the process may take, and how much it is likely to want. */
#pragma once

#include "common/base.h"

/* Bytes, as measured: of a process without groups, with its libraries; and of a group with two
 * replicas and two peers, with some air for its failover. */
#define MEMORY_OF_PROCESS ((uint64_t)12 * 1024 * 1024)
#define MEMORY_OF_GROUP   ((uint64_t)32 * 1024)

/* What so many groups are likely to take, in bytes. */
uint64_t memory_needed(size_t groups);
/* What the process takes now, in bytes; 0 if the system does not say. */
uint64_t memory_used(void);
/* The least of what the machine has and what the control groups of the process allow, in bytes.
 * cgroups: what lists them, "/proc/self/cgroup"; mounted: where they are, "/sys/fs/cgroup", in the
 * unified hierarchy (memory.max) or that of memory (memory.limit_in_bytes). What cannot be read
 * limits nothing. */
uint64_t memory_allowed(const char *cgroups, const char *mounted);
#define MEMORY_CGROUPS "/proc/self/cgroup"
#define MEMORY_MOUNTED "/sys/fs/cgroup"
