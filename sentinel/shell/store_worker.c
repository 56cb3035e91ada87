#include "sentinel/shell/store_worker.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/shell/pace.h"
#include "sentinel/shell/store_batch.h"
#include "sentinel/shell/store_disk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS 100 /* without a batch: time to tidy up */

struct store_worker {
    struct store_disk *disk; /* owned; the thread's alone while it runs */
    pthread_t thread;
    int fd; /* an eventfd: something came of a batch */

    pthread_mutex_t mutex;     /* guards what follows */
    pthread_cond_t wanted;     /* there is a batch, or the end */
    struct store_batch *batch; /* owned: handed over and not begun; NULL = none */
    struct store_outcome outcome;
    struct buf why;
    bool ending;
};

/* ---- the thread; with the mutex unless said otherwise ---- */

static void lock(struct store_worker *w) {
    ensure(pthread_mutex_lock(&w->mutex) == 0);
}

static void unlock(struct store_worker *w) {
    ensure(pthread_mutex_unlock(&w->mutex) == 0);
}

static bool is_wanted(const struct store_worker *w) {
    return w->batch != NULL || w->ending;
}

/* false when nobody wanted it for a while. */
static bool wait_while_quiet(struct store_worker *w) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)QUIET_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int r = 0;
    while (!is_wanted(w) && r == 0)
        r = pthread_cond_timedwait(&w->wanted, &w->mutex, &until);
    return is_wanted(w);
}

static void wait_until_wanted(struct store_worker *w) {
    while (!is_wanted(w)) {
        if (!store_disk_wants_rest(w->disk)) {
            ensure(pthread_cond_wait(&w->wanted, &w->mutex) == 0);
        } else if (!wait_while_quiet(w)) {
            unlock(w);
            store_disk_rest(w->disk);
            lock(w);
        }
    }
}

/* NULL at the end, when all is done. */
static struct store_batch *take_batch(struct store_worker *w) {
    wait_until_wanted(w);
    struct store_batch *b = w->batch;
    w->batch = NULL;
    return b;
}

static void tell(struct store_worker *w, uint64_t seq, bool durable, const struct buf *why) {
    struct store_outcome *o = &w->outcome;
    if (durable) {
        o->durable = true;
        o->durable_seq = seq;
        o->failed = false; /* it wrote everything */
    } else {
        o->failed = true;
        o->failed_seq = seq;
        buf_clear(&w->why);
        buf_add_slice(&w->why, buf_slice(why));
    }
    ensure(eventfd_write(w->fd, 1) == 0);
}

static void *run(void *context) {
    struct store_worker *w = context;
    struct buf why = BUF_INIT;
    struct store_batch *b;
    lock(w);
    while ((b = take_batch(w)) != NULL) {
        unlock(w);
        buf_clear(&why);
        pace_moment("commit");
        bool durable = store_disk_commit(w->disk, b, &why);
        pace_moment("committed");
        uint64_t seq = b->seq;
        store_batch_free(b);
        lock(w);
        tell(w, seq, durable, &why);
    }
    unlock(w);
    buf_fini(&why);
    return NULL;
}

/* ---- its life ---- */

/* Signals are the loop's. */
static int start_thread(struct store_worker *w) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void free_parts(struct store_worker *w) {
    store_disk_close(w->disk);
    if (w->fd >= 0)
        close(w->fd);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->wanted);
    buf_fini(&w->why);
    mem_free(w);
}

struct store_worker *store_worker_start(struct store_disk *disk, struct buf *why) {
    struct store_worker *w = mem_new(struct store_worker);
    w->disk = disk;
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wanted, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&w->mutex, NULL);
    int r = w->fd < 0 ? errno : start_thread(w);
    if (r == 0)
        return w;
    buf_printf(why, "the system refuses a thread that writes it: %s", strerror(r));
    free_parts(w);
    return NULL;
}

void store_worker_stop(struct store_worker *w) {
    if (w == NULL)
        return;
    lock(w);
    w->ending = true;
    pthread_cond_signal(&w->wanted);
    unlock(w);
    ensure(pthread_join(w->thread, NULL) == 0);
    free_parts(w);
}

/* ---- the loop's side ---- */

void store_worker_hand_over(struct store_worker *w, struct store_batch *b) {
    lock(w);
    if (w->batch == NULL)
        w->batch = b;
    else
        store_batch_join(w->batch, b);
    pthread_cond_signal(&w->wanted);
    unlock(w);
}

int store_worker_fd(const struct store_worker *w) {
    return w->fd;
}

struct store_outcome store_worker_collect(struct store_worker *w, struct buf *why) {
    eventfd_t count;
    if (eventfd_read(w->fd, &count) < 0)
        return (struct store_outcome){ .durable = false };
    lock(w);
    struct store_outcome outcome = w->outcome;
    w->outcome = (struct store_outcome){ .durable = false };
    if (outcome.failed) {
        buf_clear(why);
        buf_add_slice(why, buf_slice(&w->why));
    }
    unlock(w);
    return outcome;
}
