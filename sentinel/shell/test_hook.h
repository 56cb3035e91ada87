/* Lets a test end the process at the worst moments, or make the disk fail, by environment
 * variables:
 *
 *   VEDETTE_TEST_CRASH=before-commit:N or after-commit:N   SIGKILL there
 *   VEDETTE_TEST_FAIL=commit:N-M                           these commits fail, as on a full disk
 *   VEDETTE_TEST_DNS=127.0.0.1:5353                        name servers, for a classic file, which
 *                                                          has no word for them
 *   VEDETTE_TEST_FORBIDDEN=socket,execve                   system calls to try behind the filter:
 *                                                          what comes of each is a line on stderr
 *
 * Commits count from 1; 0 is the making of the database at a first start. A disk
 * whose faults come and go while the process runs: test_disk.h. Only built with
 * -Dtest_hooks=true. */
#pragma once

#include "common/base.h"

#ifdef VEDETTE_TEST_HOOKS
void test_hook_before_commit(uint64_t number);
void test_hook_after_commit(uint64_t number);
bool test_hook_fails_commit(uint64_t number);
const char *test_hook_name_servers(void); /* NULL: none */
void test_hook_try_forbidden(void);
#else
static inline void test_hook_before_commit(uint64_t number) {
    (void)number;
}
static inline void test_hook_after_commit(uint64_t number) {
    (void)number;
}
static inline bool test_hook_fails_commit(uint64_t number) {
    (void)number;
    return false;
}
static inline const char *test_hook_name_servers(void) {
    return NULL;
}
static inline void test_hook_try_forbidden(void) {
}
#endif
