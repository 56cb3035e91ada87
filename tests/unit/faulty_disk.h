/* A disk for SQLite that fails, or takes the process with it, at chosen operations. */
#pragma once

#include "common/base.h"

enum disk_fault {
    DISK_FAILS, /* as if full, or broken */
    DISK_KILLS, /* SIGKILL instead of the operation */
};

/* Puts it before the real disk, for all databases opened from now on. */
void disk_install(void);
/* Operations that change a file are counted from 1; those of [first, last] meet the fault. */
void disk_break(enum disk_fault fault, int first, int last);
void disk_heal(void);
const char *disk_real_name(void); /* of the disk behind it, for sqlite3_open_v2 */
int disk_count(void);             /* since the last disk_break */
