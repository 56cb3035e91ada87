#include "sentinel/shell/sandbox.h"

#include "common/buf.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the sanitizers of a test build do at its end takes more than the daemon does. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#define ARGS_MAX 2

struct rule {
    int call;
    unsigned arg_count;
    struct scmp_arg_cmp args[ARGS_MAX]; /* all of them have to hold */
};

#define CALL(name) \
    { .call = SCMP_SYS(name) }
/* With one argument that has that value, as far as the mask goes. */
#define CALL_IF(name, index, mask, value) \
    { \
        .call = SCMP_SYS(name), .arg_count = 1, .args = { \
            { .arg = (index), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value) } \
        } \
    }
#define WHOLE 0xffffffffU

#define TYPE_MASK ((scmp_datum_t) ~(unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC) & WHOLE)
#define SOCKET(family, type) \
    { \
        .call = SCMP_SYS(socket), .arg_count = 2, .args = { \
            { .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = WHOLE, .datum_b = (family) }, \
            { .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = TYPE_MASK, .datum_b = (type) }, \
        } \
    }

#ifdef __s390x__
#define CLONE_FLAGS_AT 1
#else
#define CLONE_FLAGS_AT 0
#endif

/* Not here: clone3, whose flags no filter can see. Where it fails with ENOSYS the C library takes
 * clone. */
static const struct rule allowed[] = {
    /* descriptors */
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(pread64),
    CALL(pwrite64),
    CALL(preadv),
    CALL(pwritev),
    CALL(close),
    CALL(close_range),
    CALL(lseek),
    CALL(fcntl),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(pipe2),
    CALL(eventfd2),
    CALL_IF(ioctl, 1, WHOLE, FIONREAD),
    CALL_IF(ioctl, 1, WHOLE, FIONBIO),
    CALL_IF(ioctl, 1, WHOLE, TCGETS),
    /* files */
    CALL(open),
    CALL(openat),
    CALL(stat),
    CALL(fstat),
    CALL(lstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(statfs),
    CALL(fstatfs),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(getdents64),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getcwd),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlink),
    CALL(unlinkat),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(truncate),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fadvise64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(sync_file_range),
    CALL(flock),
    CALL(chmod),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(fchown),
    CALL(umask),
    /* readiness and time */
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_pwait2),
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(inotify_init1),
    CALL(inotify_add_watch),
    CALL(inotify_rm_watch),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(time),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    /* the network */
    SOCKET(AF_INET, SOCK_STREAM),
    SOCKET(AF_INET, SOCK_DGRAM),
    SOCKET(AF_INET6, SOCK_STREAM),
    SOCKET(AF_INET6, SOCK_DGRAM),
    SOCKET(AF_UNIX, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_DGRAM),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(accept4),
    CALL(connect),
    CALL(shutdown),
    CALL(getsockname),
    CALL(getpeername),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(sendto),
    CALL(recvfrom),
    CALL(sendmsg),
    CALL(recvmsg),
    /* memory, none of which can be executed */
    CALL_IF(mmap, 2, PROT_EXEC, 0),
    CALL_IF(mprotect, 2, PROT_EXEC, 0),
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(brk),
    /* threads, and no other process */
    CALL_IF(clone, CLONE_FLAGS_AT, CLONE_THREAD, CLONE_THREAD),
    CALL(futex),
    CALL(futex_waitv),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(exit),
    CALL(exit_group),
    CALL_IF(prctl, 0, WHOLE, PR_SET_NAME),
    /* signals */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(restart_syscall),
    /* who and where we are */
    CALL(getpid),
    CALL(gettid),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(uname),
    CALL(sysinfo),
    CALL(getrandom),
    CALL(getrusage),
    CALL(getrlimit),
    CALL_IF(prlimit64, 0, WHOLE, 0),
#ifdef IS_SANITIZED
    CALL(clone),
    CALL(wait4),
    CALL(ptrace),
    CALL(prctl),
    CALL(mincore),
    CALL(tgkill),
    CALL(process_vm_readv),
    CALL(getdents),
    CALL(pipe),
#endif
};

static const struct rule deadly[] = {
    /* other programs and processes */
    CALL(execve),
    CALL(execveat),
    CALL(process_vm_writev),
    CALL(pidfd_getfd),
    CALL(kcmp),
#ifndef IS_SANITIZED
    CALL(ptrace),
    CALL(process_vm_readv),
#endif
    /* who we are */
    CALL(setuid),
    CALL(setgid),
    CALL(setreuid),
    CALL(setregid),
    CALL(setresuid),
    CALL(setresgid),
    CALL(setfsuid),
    CALL(setfsgid),
    CALL(setgroups),
    CALL(capset),
    CALL(personality),
    /* where we are */
    CALL(unshare),
    CALL(setns),
    CALL(chroot),
    CALL(pivot_root),
    CALL(mount),
    CALL(umount2),
    CALL(open_tree),
    CALL(move_mount),
    CALL(fsopen),
    CALL(fsconfig),
    CALL(fsmount),
    CALL(fspick),
    CALL(mount_setattr),
    CALL(open_by_handle_at),
    /* the kernel and the host */
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(kexec_file_load),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(add_key),
    CALL(request_key),
    CALL(keyctl),
    CALL(iopl),
    CALL(ioperm),
    CALL(modify_ldt),
    CALL(reboot),
    CALL(swapon),
    CALL(swapoff),
    CALL(acct),
    CALL(quotactl),
    CALL(syslog),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(adjtimex),
    CALL(clock_adjtime),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(vhangup),
};

/* A call that this machine does not have needs no rule. */
static int add(scmp_filter_ctx filter, uint32_t action, const struct rule *rules, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct rule *r = &rules[i];
        int error = seccomp_rule_add_array(filter, action, r->call, r->arg_count, r->args);
        if (error < 0 && error != -EDOM)
            return error;
    }
    return 0;
}

/* abort() is to end us, and nobody else. */
static int add_own_signals(scmp_filter_ctx filter) {
    return add(
        filter, SCMP_ACT_ALLOW, &(struct rule)CALL_IF(tgkill, 0, WHOLE, (scmp_datum_t)getpid()), 1);
}

static int fill(scmp_filter_ctx filter, enum seccomp mode) {
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r == 0)
        r = add(filter, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed));
    if (r == 0)
        r = add_own_signals(filter);
    if (r == 0 && mode == SECCOMP_YES)
        r = add(filter, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_SIZE(deadly));
    return r == 0 ? seccomp_load(filter) : r;
}

/* ENOSYS, not EPERM: what a newer C library tries first it then does the older way. */
bool sandbox_enter(enum seccomp mode, struct buf *why) {
    if (mode == SECCOMP_NO)
        return true;
    if (sizeof(void *) < 8) {
        buf_add_text(why, "it is made for 64 bits");
        return false;
    }
    scmp_filter_ctx filter =
        seccomp_init(mode == SECCOMP_LOG ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(ENOSYS));
    int r = filter == NULL ? -ENOMEM : fill(filter, mode);
    seccomp_release(filter);
    if (r < 0)
        buf_add_text(why, strerror(-r));
    return r == 0;
}
