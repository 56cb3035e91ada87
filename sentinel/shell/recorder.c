#include "sentinel/shell/recorder.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/engine/recording.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_S     1                  /* in which blocks are gathered */
#define EAGER_SIZE   (512 * 1024)       /* bytes that are not gathered any longer */
#define BACKLOG_MAX  (32 * 1024 * 1024) /* bytes that the disk may be behind */
#define RESERVE      (4 * 1024 * 1024)  /* bytes of the file for what is under way, and the end */
#define DEATH_MAX_MS 3000               /* that a dying process waits for the disk */

struct recorder {
    struct recording *recording; /* owned; NULL once the recording has ended */
    struct buf fresh;            /* what it appends to; the loop's, and the thread's at death */
    int64_t size_max;
    int fd;
    pthread_t thread;
    sem_t wake;        /* something was handed over, much was, or it ends */
    atomic_int ending; /* the thread is to write what there is, and end */

    pthread_mutex_t mutex; /* guards what follows */
    struct buf handed;
    int error;        /* errno of a write; 0 = none */
    size_t under_way; /* bytes that the thread has taken and not yet written */
    int64_t room;     /* bytes that the file has left for these and for what was handed over: what
                         does not pack at all must not reach the bound before the end is in it */

    struct record_packer *packer; /* this and what follows: the thread's alone while it runs */
    struct buf blocks;
    int64_t written;
};

static void lock(struct recorder *r) {
    ensure(pthread_mutex_lock(&r->mutex) == 0);
}

static void unlock(struct recorder *r) {
    ensure(pthread_mutex_unlock(&r->mutex) == 0);
}

/* ---- writing ---- */

static int write_all(int fd, struct slice bytes) {
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.data, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        bytes = slice_sub(bytes, (size_t)n, SIZE_MAX);
    }
    return 0;
}

/* Returns 0 or errno. */
static int write_blocks(struct recorder *r, struct slice bytes) {
    buf_clear(&r->blocks);
    record_pack(r->packer, bytes, &r->blocks);
    int64_t size = (int64_t)buf_size(&r->blocks);
    if (r->written + size > r->size_max)
        return EFBIG;
    r->written += size;
    return write_all(r->fd, buf_slice(&r->blocks));
}

static int64_t room_left(const struct recorder *r) {
    return r->size_max - RESERVE - r->written;
}

/* ---- a death by a mistake of ours: what led to it is what matters most ---- */

/* There is one recorder in a process; these are for signal handlers. */
static struct recorder *the_recorder;
static pid_t the_process;
static atomic_int is_dying, is_saved;
static const int deadly[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };
static struct sigaction actions_before[ARRAY_SIZE(deadly)];

/* In the thread. The loop stands still in the handler, so that what it has not handed over may be
 * taken. */
static void save_the_rest(struct recorder *r) {
    if (pthread_mutex_trylock(&r->mutex) == 0) {
        buf_add_slice(&r->handed, buf_slice(&r->fresh));
        if (r->error == 0)
            (void)write_blocks(r, buf_slice(&r->handed));
        unlock(r);
    }
    atomic_store(&is_saved, 1);
}

static void wait_until_saved(void) {
    const struct timespec pause = { .tv_nsec = 1000000 };
    for (int ms = 0; ms < DEATH_MAX_MS && !atomic_load(&is_saved); ms++)
        nanosleep(&pause, NULL);
}

static void on_deadly(int signal_number) {
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
        sigaction(deadly[i], &actions_before[i], NULL);
    bool is_ours = the_recorder != NULL && getpid() == the_process &&
        pthread_equal(pthread_self(), the_recorder->thread) == 0;
    if (is_ours) {
        atomic_store(&is_dying, 1);
        sem_post(&the_recorder->wake);
        sem_post(&the_recorder->wake);
        wait_until_saved();
    }
    raise(signal_number);
}

static void watch_death(struct recorder *r) {
    struct sigaction action = { .sa_handler = on_deadly };
    sigemptyset(&action.sa_mask);
    the_recorder = r;
    the_process = getpid();
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
        sigaction(deadly[i], &action, &actions_before[i]);
}

static void unwatch_death(void) {
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
        sigaction(deadly[i], &actions_before[i], NULL);
    the_recorder = NULL;
}

/* ---- the thread ---- */

/* Sleeps until something is handed over, then a little longer, so that blocks are worth it. */
static void wait_for_bytes(struct recorder *r) {
    struct timespec until;
    while (sem_wait(&r->wake) < 0 && errno == EINTR)
        ;
    if (atomic_load(&r->ending) || atomic_load(&is_dying))
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PERIOD_S;
    while (sem_clockwait(&r->wake, CLOCK_MONOTONIC, &until) < 0 && errno == EINTR)
        ;
}

static void write_handed(struct recorder *r) {
    lock(r);
    struct buf bytes = r->handed;
    int error = r->error;
    r->handed = BUF_INIT;
    r->under_way = buf_size(&bytes);
    unlock(r);
    if (error == 0 && buf_size(&bytes) > 0)
        error = write_blocks(r, buf_slice(&bytes));
    buf_fini(&bytes);
    lock(r);
    r->error = error;
    r->under_way = 0;
    r->room = room_left(r);
    unlock(r);
}

static void *run(void *context) {
    struct recorder *r = context;
    bool ends = false;
    while (!ends) {
        wait_for_bytes(r);
        if (atomic_load(&is_dying)) {
            save_the_rest(r);
            return NULL;
        }
        ends = atomic_load(&r->ending);
        write_handed(r);
    }
    return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct recorder *r) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* ---- its life ---- */

static void name_kept(struct buf *out, const char *path, int number) {
    buf_clear(out);
    buf_printf(out, number > 0 ? "%s.%d" : "%s", path, number);
}

static bool is_file(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* What is not there, or cannot be renamed, is no reason not to go on: opening the file tells. */
static void keep_earlier(const char *path) {
    if (!is_file(path))
        return;
    struct buf from CLEANUP(buf_fini) = BUF_INIT, to CLEANUP(buf_fini) = BUF_INIT;
    for (int number = RECORDER_KEPT; number > 0; number--) {
        name_kept(&from, path, number - 1);
        name_kept(&to, path, number);
        (void)rename(buf_text(&from), buf_text(&to));
    }
}

static void free_parts(struct recorder *r) {
    if (r->fd >= 0)
        close(r->fd);
    recording_free(r->recording);
    record_packer_free(r->packer);
    buf_fini(&r->fresh);
    buf_fini(&r->handed);
    buf_fini(&r->blocks);
    sem_destroy(&r->wake);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}

/* Of those that were never opened. */
static struct recorder *refuse(
    struct recorder *r, const char *path, const char *what, int error, struct buf *why) {
    buf_printf(why, "the recording %s %s: %s", path, what, strerror(error));
    free_parts(r);
    return NULL;
}

struct recorder *recorder_start(const char *path, int64_t size, struct buf *why) {
    struct recorder *r = mem_new(struct recorder);
    char key[MASK_KEY_SIZE];
    r->size_max = size;
    r->packer = record_packer_new();
    sem_init(&r->wake, 0, 0);
    pthread_mutex_init(&r->mutex, NULL);
    keep_earlier(path);
    r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r->fd < 0)
        return refuse(r, path, "cannot be written", errno, why);
    record_pack_mark(&r->blocks);
    r->written = (int64_t)buf_size(&r->blocks);
    r->room = room_left(r);
    int error = write_all(r->fd, buf_slice(&r->blocks));
    if (error != 0)
        return refuse(r, path, "cannot be written", error, why);
    error = start_thread(r);
    if (error != 0)
        return refuse(r, path, "gets no thread that writes it", error, why);
    draw_bytes(key, sizeof(key));
    r->recording = recording_new(key, &r->fresh);
    explicit_bzero(key, sizeof(key));
    watch_death(r);
    return r;
}

static void end_recording(struct recorder *r, const char *why) {
    recording_end(r->recording, slice_of(why));
    recording_free(r->recording);
    r->recording = NULL;
}

void recorder_stop(struct recorder *r, const char *why) {
    if (r == NULL)
        return;
    unwatch_death();
    if (r->recording != NULL)
        end_recording(r, why);
    lock(r);
    buf_add_slice(&r->handed, buf_slice(&r->fresh));
    unlock(r);
    atomic_store(&r->ending, 1);
    sem_post(&r->wake);
    sem_post(&r->wake);
    ensure(pthread_join(r->thread, NULL) == 0);
    free_parts(r);
}

/* ---- the loop's side ---- */

static bool records(const struct recorder *r) {
    return r != NULL && r->recording != NULL;
}

void recorder_begin(struct recorder *r, const struct engine_options *options, struct now now) {
    if (records(r))
        recording_start(r->recording, options, now, VEDETTE_VERSION);
}

void recorder_input(
    struct recorder *r, const struct engine *e, struct now now, const struct input *in) {
    if (records(r))
        recording_input(r->recording, e, now, in);
}

void recorder_effects(
    struct recorder *r, const struct engine *e, const struct effects *effects, size_t first) {
    if (records(r))
        recording_effects(r->recording, e, effects, first);
}

/* Why it cannot go on; false if it can. With the mutex. */
static bool find_end(const struct recorder *r, struct buf *why) {
    if (r->error != 0)
        buf_printf(why, "it cannot be written: %s", strerror(r->error));
    else if ((int64_t)(r->under_way + buf_size(&r->handed)) > r->room)
        buf_printf(why, "it is full, at %lld bytes", (long long)r->size_max);
    else if (buf_size(&r->handed) > BACKLOG_MAX)
        buf_add_text(why, "the disk is too slow for it");
    return buf_size(why) > 0;
}

bool recorder_hand_over(struct recorder *r, struct buf *why) {
    if (!records(r) || buf_size(&r->fresh) == 0)
        return false;
    lock(r);
    bool ends = find_end(r, why);
    if (ends)
        end_recording(r, buf_text(why));
    size_t before = buf_size(&r->handed);
    buf_add_slice(&r->handed, buf_slice(&r->fresh));
    size_t after = buf_size(&r->handed);
    unlock(r);
    buf_clear(&r->fresh);
    bool is_much = before < EAGER_SIZE && after >= EAGER_SIZE;
    if (before == 0 || is_much)
        sem_post(&r->wake);
    return ends;
}
