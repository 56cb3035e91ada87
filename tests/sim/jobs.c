#include "tests/sim/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    pid_t pid; /* 0: free */
    int pipe;  /* its result comes here */
    uint64_t seed;
};

static int start(struct job *j, const struct run_options *options, uint64_t seed) {
    int ends[2];
    if (pipe(ends) != 0)
        return -errno;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct run_options run = *options;
        struct run_result result;
        close(ends[0]);
        run.seed = seed;
        run_seed(&run, &result);
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
    }
    int error = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    else
        *j = (struct job){ .pid = pid, .pipe = ends[0], .seed = seed };
    return error;
}

/* Whether the next may begin. */
static bool end(struct job *j, int status, jobs_told_fn told, void *context) {
    struct run_result result;
    bool is_whole = read(j->pipe, &result, sizeof(result)) == sizeof(result);
    close(j->pipe);
    j->pid = 0;
    return told(context, j->seed, is_whole && status == 0 ? &result : NULL, status);
}

/* Those after `seed` are nobody's business any more. */
static void end_later(struct job *jobs, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].pid == 0 || jobs[i].seed < seed)
            continue;
        kill(jobs[i].pid, SIGKILL);
        waitpid(jobs[i].pid, NULL, 0);
        close(jobs[i].pipe);
        jobs[i].pid = 0;
    }
}

int jobs_run(const struct run_options *options, uint64_t from, uint64_t count, size_t jobs,
    jobs_told_fn told, void *context) {
    struct job all[JOBS_MAX] = { { .pid = 0 } };
    uint64_t next = from, limit = from + count;
    int error = 0;
    for (;;) {
        size_t busy = 0;
        for (size_t i = 0; i < jobs; i++) {
            if (all[i].pid == 0 && next < limit && error == 0)
                error = start(&all[i], options, next++);
            busy += all[i].pid != 0;
        }
        if (busy == 0)
            return error;
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        for (size_t i = 0; i < jobs && pid > 0; i++) {
            if (all[i].pid != pid || end(&all[i], status, told, context))
                continue;
            limit = next;
            end_later(all, jobs, all[i].seed);
        }
    }
}
