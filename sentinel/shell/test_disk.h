/* For integration tests: a disk that is made slow or faulty while the process runs. The variable
 * VEDETTE_TEST_DISK names a file that is read at every operation of SQLite's on a file; each of its
 * lines is a fault, and without it, or with none, the disk is healthy:
 *
 *   fsync-delay MS     an fsync takes so much longer
 *   fsync-count FILE   each fsync adds a byte to the file
 *   fsync-fail         an fsync fails with EIO
 *   write-fail ERRNO   a write fails: EIO, ENOSPC, EDQUOT
 *   readonly           as a file system mounted so
 *
 * Only built with -Dtest_hooks=true. */
#pragma once

#ifdef VEDETTE_TEST_HOOKS
void test_disk_install(void); /* before the store is opened */
#else
static inline void test_disk_install(void) {
}
#endif
