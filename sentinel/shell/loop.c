#include "sentinel/shell/loop.h"

#include "common/ensure.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "sentinel/shell/clock.h"

#include <ev.h>

struct watch {
    struct loop *loop; /* borrowed */
    ev_io io;
    ev_io hurried; /* the same, in loop->hurry, once it is hurried */
    watch_fn callback;
    void *context;
    bool is_hurried;
    unsigned ready;         /* what was found and not yet told */
    struct list_node queue; /* in loop->hurried or loop->ready */
};

struct signal_watch {
    struct loop *loop;
    ev_signal signal;
    loop_signal_fn callback;
    void *context;
    bool ready;
};

struct loop {
    struct ev_loop *ev;    /* owned; not libev's default loop, which waits for every child of the
                              process, those of the runner too */
    struct ev_loop *hurry; /* owned: the hurried ones once more. Asking it costs nothing for the
                              thousands of links that are ready and have to wait */
    ev_timer timer;
    int64_t armed_ms; /* what the timer is set to; TSTAMP_NEVER when it is not running */
    struct list hurried, ready;
    size_t ready_count; /* of both, and signals */
    uint64_t hurried_count;
    struct signal_watch signals[LOOP_SIGNALS_MAX];
    size_t signal_count;
};

/* Judging here would find false deaths: after a stall libev runs timers before descriptors that
 * were ready long ago. */
static void on_timer(struct ev_loop *ev, ev_timer *timer, int events) {
    (void)ev;
    (void)events;
    struct loop *l = timer->data;
    l->armed_ms = TSTAMP_NEVER;
}

static void on_io(struct ev_loop *ev, ev_io *io, int events) {
    (void)ev;
    struct watch *w = io->data;
    w->ready |= (events & EV_READ ? (unsigned)WATCH_READ : 0U) |
        (events & EV_WRITE ? (unsigned)WATCH_WRITE : 0U);
    if (w->ready == 0 || list_is_linked(&w->queue))
        return;
    list_append(w->is_hurried ? &w->loop->hurried : &w->loop->ready, &w->queue);
    w->loop->ready_count++;
}

static void on_signal(struct ev_loop *ev, ev_signal *signal, int events) {
    (void)ev;
    (void)events;
    struct signal_watch *w = signal->data;
    if (!w->ready)
        w->loop->ready_count++;
    w->ready = true;
}

static void free_loops(struct ev_loop *ev, struct ev_loop *hurry) {
    if (ev != NULL)
        ev_loop_destroy(ev);
    if (hurry != NULL)
        ev_loop_destroy(hurry);
}

struct loop *loop_new(void) {
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO), *hurry = ev_loop_new(EVFLAG_AUTO);
    if (ev == NULL || hurry == NULL) {
        free_loops(ev, hurry);
        return NULL;
    }
    struct loop *l = mem_new(struct loop);
    l->ev = ev;
    l->hurry = hurry;
    l->armed_ms = TSTAMP_NEVER;
    list_init(&l->hurried);
    list_init(&l->ready);
    ev_init(&l->timer, on_timer);
    l->timer.data = l;
    return l;
}

void loop_free(struct loop *l) {
    if (l == NULL)
        return;
    ev_timer_stop(l->ev, &l->timer);
    for (size_t i = 0; i < l->signal_count; i++)
        ev_signal_stop(l->ev, &l->signals[i].signal);
    free_loops(l->ev, l->hurry);
    mem_free(l);
}

const char *loop_backend(const struct loop *l) {
    switch (ev_backend(l->ev)) {
    case EVBACKEND_EPOLL:
        return "epoll";
    case EVBACKEND_POLL:
        return "poll";
    case EVBACKEND_SELECT:
        return "select";
    default:
        return "libev";
    }
}

struct watch *watch_new(struct loop *l, int fd, unsigned wanted, watch_fn callback, void *context) {
    struct watch *w = mem_new(struct watch);
    w->loop = l;
    w->callback = callback;
    w->context = context;
    ev_io_init(&w->io, on_io, fd, 0);
    ev_io_init(&w->hurried, on_io, fd, 0);
    w->io.data = w->hurried.data = w;
    watch_want(w, wanted);
    return w;
}

void watch_free(struct watch *w) {
    if (w == NULL)
        return;
    ev_io_stop(w->loop->ev, &w->io);
    ev_io_stop(w->loop->hurry, &w->hurried);
    if (list_is_linked(&w->queue)) {
        list_remove(&w->queue);
        w->loop->ready_count--;
    }
    mem_free(w);
}

static void set_events(struct ev_loop *ev, ev_io *io, int events) {
    if (events == (io->events & (EV_READ | EV_WRITE)))
        return;
    ev_io_stop(ev, io);
    ev_io_modify(io, events);
    if (events != 0)
        ev_io_start(ev, io);
}

void watch_want(struct watch *w, unsigned wanted) {
    int events = (wanted & WATCH_READ ? EV_READ : 0) | (wanted & WATCH_WRITE ? EV_WRITE : 0);
    set_events(w->loop->ev, &w->io, events);
    if (w->is_hurried)
        set_events(w->loop->hurry, &w->hurried, events);
}

void watch_hurry(struct watch *w) {
    w->is_hurried = true;
    set_events(w->loop->hurry, &w->hurried, w->io.events & (EV_READ | EV_WRITE));
}

void loop_signal(struct loop *l, int signal_number, loop_signal_fn callback, void *context) {
    ensure(l->signal_count < LOOP_SIGNALS_MAX);
    struct signal_watch *w = &l->signals[l->signal_count++];
    *w = (struct signal_watch){ .loop = l, .callback = callback, .context = context };
    ev_signal_init(&w->signal, on_signal, signal_number);
    w->signal.data = w;
    ev_signal_start(l->ev, &w->signal);
}

static void arm(struct loop *l, int64_t until_ms) {
    if (until_ms == l->armed_ms)
        return;
    ev_timer_stop(l->ev, &l->timer);
    l->armed_ms = until_ms;
    if (until_ms == TSTAMP_NEVER)
        return;
    ev_now_update(l->ev);
    double left_us = (double)until_ms * 1e3 - (double)clock_mono_us();
    ev_timer_set(&l->timer, MAX_OF(left_us, 0) / 1e6, 0.);
    ev_timer_start(l->ev, &l->timer);
}

size_t loop_wait(struct loop *l, int64_t until_ms) {
    if (until_ms <= clock_mono_us() / 1000)
        return loop_poll(l); /* an expired timer would still make libev sleep for a millisecond */
    arm(l, until_ms);
    ev_run(l->ev, EVRUN_ONCE);
    return l->ready_count;
}

size_t loop_poll(struct loop *l) {
    ev_run(l->ev, EVRUN_NOWAIT);
    return l->ready_count;
}

void loop_poll_hurried(struct loop *l) {
    ev_run(l->hurry, EVRUN_NOWAIT);
}

static void dispatch_signals(struct loop *l) {
    for (size_t i = 0; i < l->signal_count; i++) {
        struct signal_watch *w = &l->signals[i];
        if (!w->ready)
            continue;
        w->ready = false;
        l->ready_count--;
        w->callback(w->context, w->signal.signum);
    }
}

static void tell(struct loop *l, struct watch *w) {
    unsigned ready = w->ready;
    w->ready = 0;
    list_remove(&w->queue);
    l->ready_count--;
    w->callback(w->context, ready);
}

void loop_dispatch_hurried(struct loop *l) {
    struct watch *w;
    while ((w = list_first(&l->hurried, struct watch, queue)) != NULL) {
        l->hurried_count++;
        tell(l, w);
    }
}

bool loop_dispatch(struct loop *l, int64_t until_us) {
    struct watch *w;
    loop_dispatch_hurried(l);
    while ((w = list_first(&l->ready, struct watch, queue)) != NULL) {
        tell(l, w);
        if (clock_is_at(until_us))
            break;
    }
    dispatch_signals(l);
    return l->ready_count == 0;
}

uint64_t loop_hurried_count(const struct loop *l) {
    return l->hurried_count;
}
