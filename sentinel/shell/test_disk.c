#include "sentinel/shell/test_disk.h"

#ifdef VEDETTE_TEST_HOOKS

#include "common/base.h"
#include "common/slice.h"
#include "sentinel/shell/disk_shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct faults {
    uint64_t fsync_delay_ms;
    int fsync_errno, write_errno; /* 0 = none */
    bool readonly;
    char count[256]; /* path; "" = none */
};

static int errno_of(struct slice name) {
    static const struct {
        const char *name;
        int number;
    } table[] = { { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT } };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (slice_is(name, table[i].name))
            return table[i].number;
    return EIO;
}

static void read_fault(struct slice line, struct faults *ret) {
    struct slice name = slice_cut(&line, ' ');
    if (slice_is(name, "fsync-delay"))
        (void)slice_to_u64(line, &ret->fsync_delay_ms);
    else if (slice_is(name, "fsync-count"))
        slice_copy(line, ret->count, sizeof(ret->count));
    else if (slice_is(name, "fsync-fail"))
        ret->fsync_errno = EIO;
    else if (slice_is(name, "write-fail"))
        ret->write_errno = errno_of(line);
    else if (slice_is(name, "readonly"))
        ret->readonly = true;
}

static struct faults read_faults(void) {
    struct faults faults = { .readonly = false };
    char text[512];
    FILE *file = fopen(getenv("VEDETTE_TEST_DISK"), "re");
    if (file == NULL)
        return faults;
    while (fgets(text, sizeof(text), file) != NULL)
        read_fault(slice_trim(slice_of(text)), &faults);
    fclose(file);
    return faults;
}

/* Ends early when the fault is taken away. */
static void delay_fsync(void) {
    const uint64_t step_ms = 10;
    const struct timespec step = { .tv_nsec = (long)step_ms * 1000000 };
    for (uint64_t ms = 0; ms < read_faults().fsync_delay_ms; ms += step_ms)
        (void)nanosleep(&step, NULL);
}

static void count_fsync(const char *path) {
    FILE *file = fopen(path, "ae");
    if (file == NULL)
        return;
    fputc('.', file);
    fclose(file);
}

static int before(enum disk_op op) {
    if (op == DISK_SYNC)
        delay_fsync();
    struct faults faults = read_faults();
    if (op == DISK_SYNC && faults.count[0] != '\0')
        count_fsync(faults.count);
    if (faults.readonly)
        return EROFS;
    return op == DISK_SYNC ? faults.fsync_errno : op == DISK_WRITE ? faults.write_errno : 0;
}

void test_disk_install(void) {
    if (getenv("VEDETTE_TEST_DISK") != NULL)
        disk_shim_install(before);
}

#endif
