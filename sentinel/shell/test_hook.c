#include "sentinel/shell/test_hook.h"

#ifdef VEDETTE_TEST_HOOKS

#include "common/slice.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* ---- what a filter is to refuse ---- */

static const struct {
    const char *name;
    long number, first, second, third;
} forbidden[] = {
    { "socket", SYS_socket, AF_PACKET, SOCK_RAW, 0 },
    { "socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0 },
    { "fork", SYS_clone, SIGCHLD, 0, 0 },
    { "mmap", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC },
    { "kill", SYS_kill, 1, 0, 0 },
    { "chdir", SYS_chdir, (long)(intptr_t) "/", 0, 0 },
    { "execve", SYS_execve, (long)(intptr_t) "/bin/true", 0, 0 },
    { "ptrace", SYS_ptrace, PTRACE_TRACEME, 0, 0 },
    { "unshare", SYS_unshare, 0, 0, 0 },
    { "setuid", SYS_setuid, 0, 0, 0 },
    { "mount", SYS_mount, 0, 0, 0 },
};

static void try_forbidden(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
        if (!slice_is(name, forbidden[i].name))
            continue;
        long r = syscall(forbidden[i].number, forbidden[i].first, forbidden[i].second,
            forbidden[i].third, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (r == 0 && forbidden[i].number == SYS_clone)
            _exit(0); /* the child that should not be */
        dprintf(STDERR_FILENO, "forbidden: %s: %s\n", forbidden[i].name,
            r < 0 ? strerrorname_np(errno) : "done");
        return;
    }
    dprintf(STDERR_FILENO, "forbidden: no such call is known here\n");
}

void test_hook_try_forbidden(void) {
    struct slice rest = slice_of(getenv("VEDETTE_TEST_FORBIDDEN"));
    while (rest.size > 0)
        try_forbidden(slice_cut(&rest, ','));
}

#endif
