/* A disk for SQLite that fails, waits, or takes the process with it, at chosen operations. Used
 * from any thread. */
#pragma once

#include "common/base.h"

enum disk_fault {
    DISK_FAILS,    /* as if full when it is to write, else as if broken */
    DISK_READONLY, /* as if mounted so, whatever the operation */
    DISK_KILLS,    /* SIGKILL instead of the operation */
    DISK_WAITS,    /* until disk_heal or another disk_break; then it goes on */
};

/* Puts it before the real disk, for all databases opened from now on. */
void disk_install(void);
/* Operations that change a file are counted from 1; those of [first, last] meet the fault. */
void disk_break(enum disk_fault fault, int first, int last);
void disk_heal(void);
void disk_await_waiting(void);    /* until an operation waits */
const char *disk_real_name(void); /* of the disk behind it, for sqlite3_open_v2 */
int disk_count(void);             /* since the last disk_break */
int disk_count_syncs(void);       /* of them, fsyncs */
