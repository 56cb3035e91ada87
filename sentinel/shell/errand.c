#include "sentinel/shell/errand.h"

#include "common/ensure.h"
#include "common/list.h"
#include "common/mem.h"
#include "config/load_file.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/file_replace.h"
#include "sentinel/shell/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct errand {
    struct list_node siblings; /* in errands->done */
    struct errands *errands;
    enum input_kind kind; /* of the answer */
    struct client_id client;
    uint64_t tag;
    char *path;         /* owned */
    struct slice bytes; /* owned: to be written, or what came of it */
    int error;          /* as load_file gives it */
};

struct errands {
    pthread_mutex_t mutex; /* over `done` and `users` */
    struct list done;      /* struct errand */
    size_t users;          /* threads, and the loop */
    size_t under_way;      /* of the loop alone */
    int fd;
    struct watch *watch; /* NULL once the loop has left */
    struct inlet inlet;
};

static void errand_free(struct errand *e) {
    if (e->bytes.data != NULL)
        explicit_bzero((void *)(uintptr_t)e->bytes.data, e->bytes.size);
    mem_free((void *)(uintptr_t)e->bytes.data);
    mem_free(e->path);
    mem_free(e);
}

/* The last who leaves puts out the light. */
static void leave(struct errands *e) {
    ensure(pthread_mutex_lock(&e->mutex) == 0);
    bool is_last = --e->users == 0;
    ensure(pthread_mutex_unlock(&e->mutex) == 0);
    if (!is_last)
        return;
    list_for_each(done, &e->done, struct errand, siblings) {
        list_remove(&done->siblings);
        errand_free(done);
    }
    close(e->fd);
    pthread_mutex_destroy(&e->mutex);
    mem_free(e);
}

static void hand_back(struct errand *done) {
    struct errands *e = done->errands;
    ensure(pthread_mutex_lock(&e->mutex) == 0);
    list_append(&e->done, &done->siblings);
    ensure(pthread_mutex_unlock(&e->mutex) == 0);
    ensure(eventfd_write(e->fd, 1) == 0);
}

/* ---- in a thread ---- */

static void *run(void *context) {
    struct errand *e = context;
    struct errands *errands = e->errands;
    if (e->kind == INPUT_FILE_READ)
        e->error = load_file(e->path, &e->bytes);
    else
        e->error = file_replace(e->path, e->bytes);
    hand_back(e);
    leave(errands);
    return NULL;
}

/* Signals are for the loop. Positive errno on failure. */
static int start_thread(struct errand *e) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, &attributes, run, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r;
}

/* ---- in the loop ---- */

static struct errand *take_done(struct errands *e) {
    ensure(pthread_mutex_lock(&e->mutex) == 0);
    struct errand *first = list_first(&e->done, struct errand, siblings);
    if (first != NULL)
        list_remove(&first->siblings);
    ensure(pthread_mutex_unlock(&e->mutex) == 0);
    return first;
}

static void on_done(void *context, unsigned ready) {
    (void)ready;
    struct errands *e = context;
    struct errand *done;
    eventfd_t ignored;
    eventfd_read(e->fd, &ignored);
    while ((done = take_done(e)) != NULL) {
        e->under_way--;
        inlet_take(&e->inlet,
            &(struct input){
                .kind = done->kind,
                .client = done->client,
                .tag = done->tag,
                .bytes = done->bytes.data != NULL ? done->bytes : SLICE_EMPTY,
                .why = done->error != 0 ? slice_of(load_file_why(done->error)) : SLICE_EMPTY,
            });
        errand_free(done);
    }
}

struct errands *errands_new(struct loop *loop, struct inlet inlet) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct errands *e = mem_new(struct errands);
    ensure(pthread_mutex_init(&e->mutex, NULL) == 0);
    list_init(&e->done);
    e->users = 1;
    e->fd = fd;
    e->inlet = inlet;
    e->watch = watch_new(loop, fd, WATCH_READ, on_done, e);
    return e;
}

void errands_free(struct errands *e) {
    if (e == NULL)
        return;
    watch_free(e->watch);
    leave(e);
}

static struct errand *new_errand(struct errands *e, enum input_kind kind, struct client_id client) {
    struct errand *errand = mem_new(struct errand);
    errand->errands = e;
    errand->kind = kind;
    errand->client = client;
    e->under_way++;
    return errand;
}

static void send_off(struct errand *e) {
    struct errands *errands = e->errands;
    int r = EBUSY;
    if (errands->under_way <= ERRANDS_MAX) {
        ensure(pthread_mutex_lock(&errands->mutex) == 0);
        errands->users++;
        ensure(pthread_mutex_unlock(&errands->mutex) == 0);
        r = start_thread(e);
        if (r == 0)
            return;
        leave(errands);
    }
    e->error = -r;
    hand_back(e);
}

void errands_read(struct errands *e, struct client_id client, struct slice path) {
    struct errand *errand = new_errand(e, INPUT_FILE_READ, client);
    errand->path = slice_dup(path);
    send_off(errand);
}

void errands_write(
    struct errands *e, struct client_id client, struct slice path, struct slice bytes) {
    struct errand *errand = new_errand(e, INPUT_FILE_WRITTEN, client);
    errand->path = slice_dup(path);
    errand->bytes = (struct slice){ .data = slice_dup(bytes), .size = bytes.size };
    send_off(errand);
}

void errands_draw(struct errands *e, struct client_id client, uint64_t tag, size_t size) {
    struct errand *errand = new_errand(e, INPUT_DRAWN, client);
    char *bytes = mem_alloc(size);
    draw_bytes(bytes, size);
    errand->tag = tag;
    errand->bytes = (struct slice){ .data = bytes, .size = size };
    hand_back(errand);
}
