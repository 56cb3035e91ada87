#include "sentinel/shell/runner.h"

#include "common/ensure.h"
#include "common/list.h"
#include "common/mem.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/script_file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
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
    struct list reports; /* struct report, owned; oldest first */
    struct list tasks;   /* struct task, each of its thread */
    size_t users;        /* threads, and the runner */
    size_t checks;       /* tasks that look at files */
    char *folders;       /* owned: as script_file_check takes them; NULL = any */
};

/* What a thread does: it attends to a process, or looks at files. */
struct task {
    struct list_node siblings;
    struct office *office; /* borrowed */
    uint64_t number;       /* of the script, or of the client that asks */
    pid_t pid;             /* 0 before it is started and after it was waited for */
    size_t word_count;
    struct slice words[]; /* the bytes stand behind them */
};

struct report {
    struct list_node siblings;
    enum input_kind kind;
    uint64_t number;
    pid_t pid;
    int exit_status, signal_number;
    int error; /* errno; 0 = none */
    enum script_fault fault;
    size_t unfit;
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
    mem_free(o->folders);
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

/* Whether a file may be run now; ret_real as script_file_check gives it. */
static enum script_fault check_file(struct office *o, const char *path, char **ret_real) {
    lock(o);
    char *folders = mem_strdup(o->folders);
    unlock(o);
    enum script_fault fault = script_file_check(path, folders, ret_real);
    mem_free(folders);
    return fault;
}

/* Nothing of ours but the standard streams. Positive errno on failure. */
static int spawn(const struct task *t, const char *path, pid_t *ret_pid) {
    char **argv = mem_alloc((t->word_count + 1) * sizeof(argv[0]));
    for (size_t i = 0; i < t->word_count; i++)
        argv[i] = (char *)(uintptr_t)t->words[i].data;
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
        r = posix_spawn(ret_pid, path, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    mem_free(argv);
    return r;
}

static bool is_shortage(int error) {
    return error == EAGAIN || error == ENOMEM;
}

/* Until it is waited for its id is nobody else's, so that it may be killed. */
static void wait_for_end(struct task *t, siginfo_t *ret_info) {
    while (waitid(P_PID, (id_t)t->pid, ret_info, WEXITED | WNOWAIT) < 0)
        ensure(errno == EINTR);
    lock(t->office);
    ensure(waitid(P_PID, (id_t)t->pid, ret_info, WEXITED | WNOHANG) == 0);
    t->pid = 0;
    unlock(t->office);
}

static void attend(struct task *t, pid_t pid) {
    lock(t->office);
    t->pid = pid;
    unlock(t->office);
    report(t->office,
        &(struct report){ .kind = INPUT_SCRIPT_STARTED, .number = t->number, .pid = pid });
    siginfo_t info = { .si_status = 0 };
    wait_for_end(t, &info);
    bool by_itself = info.si_code == CLD_EXITED;
    report(t->office,
        &(struct report){
            .kind = INPUT_SCRIPT_ENDED,
            .number = t->number,
            .exit_status = by_itself ? info.si_status : 0,
            .signal_number = by_itself ? 0 : info.si_status,
        });
}

static void report_not_run(const struct task *t, int error) {
    report(t->office,
        &(struct report){
            .kind = is_shortage(error) ? INPUT_SCRIPT_REFUSED : INPUT_SCRIPT_ENDED,
            .number = t->number,
            .exit_status = EXIT_NOT_EXECUTED,
            .error = error,
        });
}

static void report_unfit(const struct task *t, enum script_fault fault) {
    report(t->office,
        &(struct report){
            .kind = INPUT_SCRIPT_ENDED,
            .number = t->number,
            .exit_status = EXIT_NOT_EXECUTED,
            .fault = fault,
        });
}

static void task_free(struct task *t) {
    struct office *o = t->office;
    lock(o);
    list_remove(&t->siblings);
    unlock(o);
    mem_free(t);
    leave(o);
}

/* What is run is the file that was looked at, not what a link leads to by then. That it cannot be
 * executed is for the system to say. */
static void *run(void *context) {
    struct task *t = context;
    char *real;
    enum script_fault fault = check_file(t->office, t->words[0].data, &real);
    if (fault == SCRIPT_FIT || fault == SCRIPT_NOT_EXECUTABLE) {
        pid_t pid;
        int r = spawn(t, real != NULL ? real : t->words[0].data, &pid);
        if (r == 0)
            attend(t, pid);
        else
            report_not_run(t, r);
    } else {
        report_unfit(t, fault);
    }
    free(real);
    task_free(t);
    return NULL;
}

static void report_checked(const struct task *t, size_t unfit) {
    report(t->office,
        &(struct report){
            .kind = INPUT_SCRIPTS_CHECKED,
            .number = t->number,
            .unfit = unfit,
        });
}

static bool is_fit(struct office *o, const char *path) {
    char *real;
    enum script_fault fault = check_file(o, path, &real);
    free(real);
    return fault == SCRIPT_FIT;
}

static void *check(void *context) {
    struct task *t = context;
    size_t i = 0;
    while (i < t->word_count && is_fit(t->office, t->words[i].data))
        i++;
    report_checked(t, i < t->word_count ? i : SCRIPTS_FIT);
    lock(t->office);
    t->office->checks--;
    unlock(t->office);
    task_free(t);
    return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct task *t, void *(*work)(void *)) {
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, &attributes, work, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r;
}

/* ---- the loop's side ---- */

static struct slice why_of(const struct report *what) {
    if (what->fault != SCRIPT_FIT)
        return slice_of(script_file_why(what->fault));
    return what->error == 0 ? SLICE_EMPTY : slice_of(strerror(what->error));
}

static void tell(const struct runner *r, const struct report *what) {
    inlet_take(&r->inlet,
        &(struct input){
            .kind = what->kind,
            .script = what->number,
            .client = { what->number },
            .pid = what->pid,
            .exit_status = what->exit_status,
            .signal_number = what->signal_number,
            .unfit = what->unfit,
            .why = why_of(what),
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
    list_init(&o->tasks);
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

static struct task *task_new(
    struct office *o, uint64_t number, const struct slice *words, size_t count) {
    struct task *t = mem_alloc(sizeof(*t) + slice_packed_size(words, count));
    t->office = o;
    t->number = number;
    t->word_count = count;
    slice_pack(words, count, t->words);
    lock(o);
    o->users++;
    list_append(&o->tasks, &t->siblings);
    unlock(o);
    return t;
}

void runner_set_folders(struct runner *r, const char *folders) {
    struct office *o = r->office;
    lock(o);
    mem_free(o->folders);
    o->folders = mem_strdup(folders);
    unlock(o);
}

void runner_run(struct runner *r, uint64_t script, const struct slice *words, size_t count) {
    struct task *t = task_new(r->office, script, words, count);
    int error = start_thread(t, run);
    if (error == 0)
        return;
    report_not_run(t, error);
    task_free(t);
}

void runner_kill(struct runner *r, uint64_t script) {
    struct office *o = r->office;
    lock(o);
    list_for_each(t, &o->tasks, struct task, siblings)
        if (t->number == script && t->pid != 0)
            kill(t->pid, SIGKILL);
    unlock(o);
}

/* Whether one more thread may look at files. */
static bool begin_check(struct office *o) {
    lock(o);
    bool may = o->checks < RUNNER_CHECKS_MAX;
    o->checks += may;
    unlock(o);
    return may;
}

void runner_check(
    struct runner *r, struct client_id client, const struct slice *paths, size_t count) {
    struct office *o = r->office;
    struct task *t = task_new(o, client.value, paths, count);
    if (begin_check(o)) {
        if (start_thread(t, check) == 0)
            return;
        lock(o);
        o->checks--;
        unlock(o);
    }
    report_checked(t, 0);
    task_free(t);
}
