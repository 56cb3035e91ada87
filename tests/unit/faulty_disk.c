#include "tests/unit/faulty_disk.h"

#include "sentinel/shell/disk_shim.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static struct {
    pthread_mutex_t mutex;  /* guards all */
    pthread_cond_t changed; /* another fault, or one that waits */
    enum disk_fault fault;
    int count, sync_count, first, last;
    uint64_t faults; /* counts disk_break */
    int waiting;
} disk = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void wait_for_another_fault(void) {
    uint64_t fault = disk.faults;
    disk.waiting++;
    pthread_cond_broadcast(&disk.changed);
    while (disk.faults == fault)
        pthread_cond_wait(&disk.changed, &disk.mutex);
    disk.waiting--;
}

static int before(enum disk_op op) {
    pthread_mutex_lock(&disk.mutex);
    bool readonly = disk.fault == DISK_READONLY;
    disk.count += op != DISK_OPEN;
    disk.sync_count += op == DISK_SYNC;
    bool hit = op != DISK_OPEN && disk.count >= disk.first && disk.count <= disk.last;
    if (hit && disk.fault == DISK_KILLS)
        raise(SIGKILL);
    bool fails = hit && disk.fault == DISK_FAILS;
    if (hit && disk.fault == DISK_WAITS)
        wait_for_another_fault();
    pthread_mutex_unlock(&disk.mutex);
    if (readonly)
        return EROFS;
    if (!fails)
        return 0;
    return op == DISK_WRITE ? ENOSPC : EIO;
}

void disk_install(void) {
    disk_shim_install(before);
}

void disk_break(enum disk_fault fault, int first, int last) {
    pthread_mutex_lock(&disk.mutex);
    disk.fault = fault;
    disk.first = first;
    disk.last = last;
    disk.count = disk.sync_count = 0;
    disk.faults++;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.mutex);
}

void disk_heal(void) {
    disk_break(DISK_FAILS, 0, 0);
}

void disk_await_waiting(void) {
    pthread_mutex_lock(&disk.mutex);
    while (disk.waiting == 0)
        pthread_cond_wait(&disk.changed, &disk.mutex);
    pthread_mutex_unlock(&disk.mutex);
}

const char *disk_real_name(void) {
    return disk_shim_real_name();
}

int disk_count(void) {
    pthread_mutex_lock(&disk.mutex);
    int count = disk.count;
    pthread_mutex_unlock(&disk.mutex);
    return count;
}

int disk_count_syncs(void) {
    pthread_mutex_lock(&disk.mutex);
    int count = disk.sync_count;
    pthread_mutex_unlock(&disk.mutex);
    return count;
}
