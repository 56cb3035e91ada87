/* For tests: a disk for SQLite that lies before the real one and asks before each operation that
 * changes something, so that it can be made slow or faulty. Version 1 of SQLite's interface, thus
 * without shared memory: the store must do without. */
#pragma once

#include "common/base.h"

enum disk_op { DISK_OPEN, DISK_WRITE, DISK_TRUNCATE, DISK_SYNC, DISK_DELETE };

/* 0: go on; else the errno to fail with. EROFS at DISK_OPEN: open it for reading. Called by
 * whatever thread uses the database. */
typedef int (*disk_shim_fn)(enum disk_op op);

/* For all databases opened from now on. */
void disk_shim_install(disk_shim_fn before);
const char *disk_shim_real_name(void); /* of the disk behind it, for sqlite3_open_v2 */
