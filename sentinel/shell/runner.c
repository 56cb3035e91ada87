#include "sentinel/shell/runner.h"

#include "common/ensure.h"
#include "common/list.h"
#include "common/mem.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTED 2 /* what the child of the originals exits with; source: spec 13.2 */

/* What the threads and the loop share. It lives until the last of them has left: a thread may hang
 * for longer than the runner lives. */
struct office {
    int fd; /* an eventfd: there are reports */
    pthread_mutex_t mutex;
    struct list reports;   /* struct report, owned; oldest first */
    struct list processes; /* struct process, each of its thread */
    size_t users;          /* threads, and the runner */
};

struct process {
    struct list_node siblings;
    struct office *office; /* borrowed */
    uint64_t script;
    pid_t pid; /* 0 before it is started and after it was waited for */
    size_t word_count;
    struct slice words[]; /* the bytes stand behind them */
};

struct report {
    struct list_node siblings;
    enum input_kind kind;
    uint64_t script;
    pid_t pid;
    int exit_status, signal_number;
    int error; /* errno; 0 = none */
};

struct runner {
    struct inlet inlet;
    struct office *office;
    struct watch *watch; /* owned */
};

/* ---- the office ---- */

static void lock(struct office *o) {
    ensure(pthread_mutex_lock(&o->mutex) == 0);
}

static void unlock(struct office *o) {
    ensure(pthread_mutex_unlock(&o->mutex) == 0);
}

static void office_free(struct office *o) {
    list_for_each(r, &o->reports, struct report, siblings)
        mem_free(r);
    close(o->fd);
    pthread_mutex_destroy(&o->mutex);
    mem_free(o);
}

static void leave(struct office *o) {
    lock(o);
    bool is_last = --o->users == 0;
    unlock(o);
    if (is_last)
        office_free(o);
}

static void report(struct office *o, const struct report *what) {
    struct report *r = mem_dup(what, sizeof(*what));
    lock(o);
    list_append(&o->reports, &r->siblings);
    unlock(o);
    ensure(eventfd_write(o->fd, 1) == 0);
}

/* ---- a thread ---- */

/* Nothing of ours but the standard streams. Positive errno on failure. */
static int spawn(const struct process *p, pid_t *ret_pid) {
    char **argv = mem_alloc((p->word_count + 1) * sizeof(argv[0]));
    for (size_t i = 0; i < p->word_count; i++)
        argv[i] = (char *)(uintptr_t)p->words[i].data;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&actions);
    int r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (r == 0)
        r = posix_spawn(ret_pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    mem_free(argv);
    return r;
}

static bool is_shortage(int error) {
    return error == EAGAIN || error == ENOMEM;
}

/* Until it is waited for its id is nobody else's, so that it may be killed. */
static void wait_for_end(struct process *p, siginfo_t *ret_info) {
    while (waitid(P_PID, (id_t)p->pid, ret_info, WEXITED | WNOWAIT) < 0)
        ensure(errno == EINTR);
    lock(p->office);
    ensure(waitid(P_PID, (id_t)p->pid, ret_info, WEXITED | WNOHANG) == 0);
    p->pid = 0;
    unlock(p->office);
}

static void attend(struct process *p, pid_t pid) {
    lock(p->office);
    p->pid = pid;
    unlock(p->office);
    report(p->office,
        &(struct report){ .kind = INPUT_SCRIPT_STARTED, .script = p->script, .pid = pid });
    siginfo_t info = { .si_status = 0 };
    wait_for_end(p, &info);
    bool by_itself = info.si_code == CLD_EXITED;
    report(p->office,
        &(struct report){
            .kind = INPUT_SCRIPT_ENDED,
            .script = p->script,
            .exit_status = by_itself ? info.si_status : 0,
            .signal_number = by_itself ? 0 : info.si_status,
        });
}

static void report_not_run(const struct process *p, int error) {
    report(p->office,
        &(struct report){
            .kind = is_shortage(error) ? INPUT_SCRIPT_REFUSED : INPUT_SCRIPT_ENDED,
            .script = p->script,
            .exit_status = EXIT_NOT_EXECUTED,
            .error = error,
        });
}

static void process_free(struct process *p) {
    struct office *o = p->office;
    lock(o);
    list_remove(&p->siblings);
    unlock(o);
    mem_free(p);
    leave(o);
}

static void *run(void *context) {
    struct process *p = context;
    pid_t pid;
    int r = spawn(p, &pid);
    if (r == 0)
        attend(p, pid);
    else
        report_not_run(p, r);
    process_free(p);
    return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct process *p) {
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, &attributes, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r;
}

/* ---- the loop's side ---- */

static void tell(const struct runner *r, const struct report *what) {
    inlet_take(&r->inlet,
        &(struct input){
            .kind = what->kind,
            .script = what->script,
            .pid = what->pid,
            .exit_status = what->exit_status,
            .signal_number = what->signal_number,
            .why = what->error == 0 ? SLICE_EMPTY : slice_of(strerror(what->error)),
        });
}

static struct report *next_report(struct office *o) {
    lock(o);
    struct report *r = list_first(&o->reports, struct report, siblings);
    if (r != NULL)
        list_remove(&r->siblings);
    unlock(o);
    return r;
}

static void on_reports(void *context, unsigned ready) {
    (void)ready;
    struct runner *r = context;
    eventfd_t count;
    struct report *next;
    if (eventfd_read(r->office->fd, &count) < 0)
        return;
    while ((next = next_report(r->office)) != NULL) {
        tell(r, next);
        mem_free(next);
    }
}

struct runner *runner_new(struct loop *loop, struct inlet inlet) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    signal(SIGCHLD, SIG_DFL); /* if it were ignored there would be nothing to wait for */
    struct office *o = mem_new(struct office);
    o->fd = fd;
    o->users = 1;
    list_init(&o->reports);
    list_init(&o->processes);
    pthread_mutex_init(&o->mutex, NULL);
    struct runner *r = mem_new(struct runner);
    r->inlet = inlet;
    r->office = o;
    r->watch = watch_new(loop, fd, WATCH_READ, on_reports, r);
    return r;
}

void runner_free(struct runner *r) {
    if (r == NULL)
        return;
    watch_free(r->watch);
    leave(r->office);
    mem_free(r);
}

void runner_run(struct runner *r, uint64_t script, const struct slice *words, size_t count) {
    struct office *o = r->office;
    struct process *p = mem_alloc(sizeof(*p) + slice_packed_size(words, count));
    p->office = o;
    p->script = script;
    p->word_count = count;
    slice_pack(words, count, p->words);
    lock(o);
    o->users++;
    list_append(&o->processes, &p->siblings);
    unlock(o);
    int error = start_thread(p);
    if (error == 0)
        return;
    report_not_run(p, error);
    process_free(p);
}

void runner_kill(struct runner *r, uint64_t script) {
    struct office *o = r->office;
    lock(o);
    list_for_each(p, &o->processes, struct process, siblings)
        if (p->script == script && p->pid != 0)
            kill(p->pid, SIGKILL);
    unlock(o);
}
