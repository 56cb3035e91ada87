#include "tests/unit/faulty_disk.h"

#include <signal.h>
#include <sqlite3.h>

/* Operations that change a file are counted from 1; those of [first, last] meet the fault. */
static struct {
    int count, first, last;
    enum disk_fault fault;
} disk;

void disk_break(enum disk_fault fault, int first, int last) {
    disk.count = 0;
    disk.fault = fault;
    disk.first = first;
    disk.last = last;
}

void disk_heal(void) {
    disk_break(DISK_FAILS, 0, 0);
}

int disk_count(void) {
    return disk.count;
}

static bool disk_refuses(void) {
    disk.count++;
    bool hit = disk.count >= disk.first && disk.count <= disk.last;
    if (hit && disk.fault == DISK_KILLS)
        raise(SIGKILL);
    return hit;
}

struct disk_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs disk_vfs;

#define REAL(f) (((struct disk_file *)(void *)(f))->real)

static int disk_close(sqlite3_file *f) {
    return REAL(f)->pMethods->xClose(REAL(f));
}
static int disk_read(sqlite3_file *f, void *bytes, int size, sqlite3_int64 at) {
    return REAL(f)->pMethods->xRead(REAL(f), bytes, size, at);
}
static int disk_write(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 at) {
    return disk_refuses() ? SQLITE_FULL : REAL(f)->pMethods->xWrite(REAL(f), bytes, size, at);
}
static int disk_truncate(sqlite3_file *f, sqlite3_int64 size) {
    return disk_refuses() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int disk_sync(sqlite3_file *f, int flags) {
    return disk_refuses() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int disk_size(sqlite3_file *f, sqlite3_int64 *ret) {
    return REAL(f)->pMethods->xFileSize(REAL(f), ret);
}
static int disk_lock(sqlite3_file *f, int lock) {
    return REAL(f)->pMethods->xLock(REAL(f), lock);
}
static int disk_unlock(sqlite3_file *f, int lock) {
    return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}
static int disk_check_lock(sqlite3_file *f, int *ret) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int disk_control(sqlite3_file *f, int op, void *argument) {
    return REAL(f)->pMethods->xFileControl(REAL(f), op, argument);
}
static int disk_sector(sqlite3_file *f) {
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int disk_traits(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

/* Version 1 has no shared memory: the store must do without. */
static const sqlite3_io_methods disk_methods = {
    .iVersion = 1,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
};

static int disk_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags) {
    (void)vfs;
    struct disk_file *file = (struct disk_file *)(void *)f;
    file->real = (sqlite3_file *)(void *)(file + 1);
    int r = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);
    file->base.pMethods = r == SQLITE_OK ? &disk_methods : NULL;
    return r;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    return disk_refuses() ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

void disk_install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    disk_vfs = *real_vfs;
    disk_vfs.zName = "faulty";
    disk_vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
    disk_vfs.xOpen = disk_open;
    disk_vfs.xDelete = disk_delete;
    sqlite3_vfs_register(&disk_vfs, 1);
}

const char *disk_real_name(void) {
    return real_vfs->zName;
}
