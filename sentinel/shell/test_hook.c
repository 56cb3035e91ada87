#include "sentinel/shell/test_hook.h"

#ifdef VEDETTE_TEST_HOOKS

#include "common/slice.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void crash_at(const char *moment, uint64_t number) {
    const char *wish = getenv("VEDETTE_TEST_CRASH");
    char at[64];
    snprintf(at, sizeof(at), "%s:%" PRIu64, moment, number);
    if (wish != NULL && strcmp(wish, at) == 0)
        raise(SIGKILL);
}

void test_hook_before_commit(uint64_t number) {
    crash_at("before-commit", number);
}

void test_hook_after_commit(uint64_t number) {
    crash_at("after-commit", number);
}

bool test_hook_fails_commit(uint64_t number) {
    const char *wish = getenv("VEDETTE_TEST_FAIL");
    struct slice range = slice_of(wish);
    uint64_t first, last;
    if (!slice_is(slice_cut(&range, ':'), "commit") ||
        !slice_to_u64(slice_cut(&range, '-'), &first) || !slice_to_u64(range, &last))
        return false;
    return number >= first && number <= last;
}

const char *test_hook_name_servers(void) {
    return getenv("VEDETTE_TEST_DNS");
}

#endif
