#include "sentinel/shell/disk_shim.h"

#include <errno.h>
#include <sqlite3.h>

struct disk_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
    int last_errno;     /* that we made up; 0 = none */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim_vfs;
static disk_shim_fn before_op;

#define SHIM(f) ((struct disk_file *)(void *)(f))
#define REAL(f) (SHIM(f)->real)

static const int failures[] = {
    [DISK_OPEN] = SQLITE_CANTOPEN,
    [DISK_WRITE] = SQLITE_IOERR_WRITE,
    [DISK_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
    [DISK_SYNC] = SQLITE_IOERR_FSYNC,
    [DISK_DELETE] = SQLITE_IOERR_DELETE,
};

/* As SQLite's own does it: SQLITE_OK to go on. */
static int refusal(enum disk_op op) {
    int error = before_op(op);
    if (error == 0)
        return SQLITE_OK;
    errno = error;
    return op == DISK_WRITE && error == ENOSPC ? SQLITE_FULL : failures[op];
}

static int file_refusal(sqlite3_file *f, enum disk_op op) {
    int r = refusal(op);
    if (r != SQLITE_OK)
        SHIM(f)->last_errno = errno;
    return r;
}

static int shim_close(sqlite3_file *f) {
    return REAL(f)->pMethods->xClose(REAL(f));
}
static int shim_read(sqlite3_file *f, void *bytes, int size, sqlite3_int64 at) {
    return REAL(f)->pMethods->xRead(REAL(f), bytes, size, at);
}
static int shim_write(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 at) {
    int r = file_refusal(f, DISK_WRITE);
    return r != SQLITE_OK ? r : REAL(f)->pMethods->xWrite(REAL(f), bytes, size, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int r = file_refusal(f, DISK_TRUNCATE);
    return r != SQLITE_OK ? r : REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int shim_sync(sqlite3_file *f, int flags) {
    int r = file_refusal(f, DISK_SYNC);
    return r != SQLITE_OK ? r : REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *ret) {
    return REAL(f)->pMethods->xFileSize(REAL(f), ret);
}
static int shim_lock(sqlite3_file *f, int lock) {
    return REAL(f)->pMethods->xLock(REAL(f), lock);
}
static int shim_unlock(sqlite3_file *f, int lock) {
    return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}
static int shim_check_lock(sqlite3_file *f, int *ret) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int shim_control(sqlite3_file *f, int op, void *argument) {
    if (op == SQLITE_FCNTL_LAST_ERRNO && SHIM(f)->last_errno != 0) {
        *(int *)argument = SHIM(f)->last_errno;
        return SQLITE_OK;
    }
    return REAL(f)->pMethods->xFileControl(REAL(f), op, argument);
}
static int shim_sector(sqlite3_file *f) {
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int shim_traits(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 1,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
};

static int shim_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags) {
    (void)vfs;
    struct disk_file *file = SHIM(f);
    file->last_errno = 0;
    file->base.pMethods = NULL;
    file->real = (sqlite3_file *)(void *)(file + 1);
    int r = refusal(DISK_OPEN);
    if (r != SQLITE_OK && errno == EROFS) {
        flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
        flags |= SQLITE_OPEN_READONLY;
    } else if (r != SQLITE_OK) {
        return r;
    }
    r = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);
    if (r == SQLITE_OK)
        file->base.pMethods = &shim_methods;
    return r;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    int r = refusal(DISK_DELETE);
    return r != SQLITE_OK ? r : real_vfs->xDelete(real_vfs, name, sync);
}

void disk_shim_install(disk_shim_fn before) {
    before_op = before;
    real_vfs = sqlite3_vfs_find(NULL);
    shim_vfs = *real_vfs;
    shim_vfs.zName = "shim";
    shim_vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
    shim_vfs.xOpen = shim_open;
    shim_vfs.xDelete = shim_delete;
    sqlite3_vfs_register(&shim_vfs, 1);
}

const char *disk_shim_real_name(void) {
    return real_vfs->zName;
}
