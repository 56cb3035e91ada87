#include "sentinel/shell/rewriter.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "config/classic_include.h"
#include "config/classic_server.h"
#include "config/classic_write.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/merge.h"
#include "sentinel/shell/file_replace.h"
#include "sentinel/shell/store_batch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 300  /* with changes that nobody waits for */
#define RETRY_MS    1000 /* after a failure */

/* What is handed over. */
struct parcel {
    struct store_batch *batch; /* owned */
    struct settings *base;     /* owned: what the file says from now on; NULL = as before */
    uint64_t reloads;          /* so many came before */
    bool at_once;
};

struct rewriter {
    char *path, *folder; /* owned */
    pthread_t thread;
    int fd; /* an eventfd: something came of a parcel */

    /* the loop's alone */
    struct settings *process; /* owned: what the file says of the process */
    struct parcel next;

    /* the thread's alone while it runs */
    struct settings *base; /* owned: what the file says */
    struct state state;
    uint64_t seq;     /* of what it knows */
    uint64_t reloads; /* that it knows of */
    bool is_dirty;    /* not all of it is in the file */
    bool is_awaited;  /* and somebody waits */
    int64_t due_ms;   /* mono: when to write */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wanted; /* there is a parcel, or the end */
    struct parcel *parcel; /* owned: handed over and not taken; NULL = none */
    struct rewriter_outcome outcome;
    uint64_t outcome_reloads; /* that were known when it came about */
    struct buf why;
    bool ending;
};

/* ---- what the file says ---- */

static struct settings *copy_process(const struct settings *from) {
    struct settings *s = mem_new(struct settings);
    settings_init(s);
    settings_copy_process(s, from);
    return s;
}

static void add_group(struct settings *s, const struct group_settings *from) {
    struct group_settings *g = settings_add_group(s);
    group_settings_fini(g);
    group_settings_copy(g, from);
}

static struct settings *copy_settings(const struct settings *from) {
    struct settings *s = copy_process(from);
    for (size_t i = 0; i < from->group_count; i++)
        add_group(s, &from->groups[i]);
    return s;
}

static void settings_free(struct settings *s) {
    if (s == NULL)
        return;
    settings_fini(s);
    mem_free(s);
}

void rewriter_plan_free(struct plan *p) {
    if (p == NULL)
        return;
    plan_fini(p);
    mem_free(p);
}

/* ---- the thread ---- */

static void lock(struct rewriter *r) {
    ensure(pthread_mutex_lock(&r->mutex) == 0);
}

static void unlock(struct rewriter *r) {
    ensure(pthread_mutex_unlock(&r->mutex) == 0);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void parcel_free(struct parcel *p) {
    if (p == NULL)
        return;
    store_batch_free(p->batch);
    settings_free(p->base);
    mem_free(p);
}

/* Takes over what was handed over, which is freed. */
static void unpack(struct rewriter *r, struct parcel *p) {
    if (p->base != NULL) {
        settings_free(r->base);
        r->base = p->base;
        p->base = NULL;
    }
    for (size_t i = 0; i < p->batch->count; i++)
        state_apply(&r->state, &p->batch->changes[i].delta);
    bool changed = p->batch->count > 0 || p->reloads > r->reloads;
    r->seq = MAX_OF(r->seq, p->batch->seq);
    r->reloads = p->reloads;
    if (changed && !r->is_dirty) {
        r->is_dirty = true;
        r->due_ms = now_ms() + PATIENCE_MS;
    }
    if (p->at_once) {
        r->is_dirty = r->is_awaited = true;
        r->due_ms = now_ms();
    }
    parcel_free(p);
}

/* The settings in force, as a start on the old file would have them. */
static bool make_plan(struct rewriter *r, struct plan *ret, struct buf *why) {
    struct diag diag;
    diag_init(&diag, r->path);
    bool made = config_merge(r->base, &r->state, MERGE_CLASSIC, ret, &diag);
    if (!made)
        buf_printf(why, "%s: %s", r->path, diag.findings[0].text);
    diag_fini(&diag);
    return made;
}

/* A file that is gone is written anew. */
static bool read_old(struct rewriter *r, struct slice *ret_text, struct buf *why) {
    *ret_text = (struct slice){ .data = NULL };
    int e = load_file(r->path, ret_text);
    if (e == 0 || e == -ENOENT)
        return true;
    buf_printf(why, "%s: %s", r->path, strerror(-e));
    return false;
}

static bool replace(struct rewriter *r, struct slice text, struct buf *why) {
    int e = file_replace(r->path, text);
    if (e < 0)
        buf_printf(why, "%s: %s", r->path, strerror(-e));
    return e == 0;
}

/* Whether the text is a configuration; then with the digest of its replicas and peers. */
static bool can_be_read(const char *path, struct slice text,
    char ret_listing[static DIGEST_HEX_SIZE], struct buf *why) {
    struct settings settings;
    struct state state;
    struct diag diag;
    diag_init(&diag, path);
    bool valid = load_classic(text, &settings, &state, &diag);
    if (valid)
        state_listing(&state, ret_listing);
    else
        buf_printf(why, "%s: it could not be read again: %s", path, diag.findings[0].text);
    settings_fini(&settings);
    state_fini(&state);
    diag_fini(&diag);
    return valid;
}

/* What can be read must not be replaced by what cannot: that would be a mistake of ours. A line of
 * somebody else's that is wrong stays. */
static bool check(struct rewriter *r, struct slice old, struct slice new,
    char ret_listing[static DIGEST_HEX_SIZE], struct buf *why) {
    char of_old[DIGEST_HEX_SIZE];
    struct buf ignored = BUF_INIT;
    bool fit = can_be_read(r->path, new, ret_listing, why);
    if (!fit && !can_be_read(r->path, old, of_old, &ignored)) {
        buf_clear(why);
        state_listing(&r->state, ret_listing);
        fit = true;
    }
    buf_fini(&ignored);
    return fit;
}

static void compose(
    struct rewriter *r, struct slice old, const struct plan *plan, struct buf *out) {
    struct settings standards;
    struct buf included = BUF_INIT;
    settings_init(&standards);
    classic_server_standards(&standards);
    classic_included(r->path, old, &included);
    const struct classic_content content = {
        .said = old.size > 0 ? r->base : &standards,
        .settings = &plan->active,
        .plan = plan,
        .state = &r->state,
        .folder = r->folder,
        .included = buf_slice(&included),
    };
    classic_write(old, &content, out);
    settings_fini(&standards);
    buf_fini(&included);
}

static bool write_over(
    struct rewriter *r, struct slice old, struct rewriter_outcome *o, struct buf *why) {
    struct buf new = BUF_INIT;
    compose(r, old, o->plan, &new);
    o->rewritten = r->is_awaited || !slice_equal(old, buf_slice(&new));
    bool ok = check(r, old, buf_slice(&new), o->listing, why) &&
        (!o->rewritten || replace(r, buf_slice(&new), why));
    explicit_bzero(new.data, new.capacity); /* it may hold passwords */
    buf_fini(&new);
    return ok;
}

static void free_text(struct slice text) {
    if (text.data == NULL)
        return;
    explicit_bzero((void *)(uintptr_t)text.data, text.size);
    mem_free((void *)(uintptr_t)text.data);
}

static struct rewriter_outcome rewrite(struct rewriter *r, struct buf *why) {
    struct rewriter_outcome o = { .plan = mem_new(struct plan) };
    struct slice old = { .data = NULL };
    plan_init(o.plan);
    o.saved = make_plan(r, o.plan, why) && read_old(r, &old, why) && write_over(r, old, &o, why);
    o.failed = !o.saved;
    free_text(old);
    return o;
}

/* With the mutex. One that worked wrote everything. */
static void tell(struct rewriter *r, const struct rewriter_outcome *new, const struct buf *why) {
    struct rewriter_outcome *o = &r->outcome;
    if (new->saved) {
        bool rewritten = o->rewritten;
        rewriter_plan_free(o->plan);
        *o = *new;
        o->rewritten = rewritten || new->rewritten;
        o->saved_seq = r->seq;
        r->outcome_reloads = r->reloads;
    } else {
        rewriter_plan_free(new->plan);
        o->failed = true;
        o->failed_seq = r->seq;
        buf_clear(&r->why);
        buf_add_slice(&r->why, buf_slice(why));
    }
    ensure(eventfd_write(r->fd, 1) == 0);
}

/* Without the mutex; returns with it. */
static void write_now(struct rewriter *r) {
    struct buf why = BUF_INIT;
    struct rewriter_outcome outcome = rewrite(r, &why);
    r->is_dirty = outcome.failed;
    r->is_awaited = false;
    r->due_ms = now_ms() + RETRY_MS;
    lock(r);
    tell(r, &outcome, &why);
    buf_fini(&why);
}

/* With the mutex. Until there is a parcel, it is time to write, or the end. */
static void wait_for_work(struct rewriter *r) {
    struct timespec until = { .tv_sec = r->due_ms / 1000, .tv_nsec = r->due_ms % 1000 * 1000000 };
    int e = 0;
    while (r->parcel == NULL && !r->ending && e == 0) {
        if (r->is_dirty)
            e = pthread_cond_timedwait(&r->wanted, &r->mutex, &until);
        else
            e = pthread_cond_wait(&r->wanted, &r->mutex);
    }
}

static struct parcel *take_parcel(struct rewriter *r) {
    struct parcel *p = r->parcel;
    r->parcel = NULL;
    return p;
}

static void *run(void *context) {
    struct rewriter *r = context;
    lock(r);
    for (;;) {
        wait_for_work(r);
        struct parcel *p = take_parcel(r);
        bool ending = r->ending;
        unlock(r);
        if (p != NULL)
            unpack(r, p);
        if (r->is_dirty && (ending || now_ms() >= r->due_ms))
            write_now(r);
        else
            lock(r);
        if (ending)
            break;
    }
    unlock(r);
    return NULL;
}

/* ---- its life ---- */

static void free_parts(struct rewriter *r) {
    settings_free(r->base);
    settings_free(r->process);
    state_fini(&r->state);
    store_batch_free(r->next.batch);
    settings_free(r->next.base);
    rewriter_plan_free(r->outcome.plan);
    if (r->fd >= 0)
        close(r->fd);
    pthread_mutex_destroy(&r->mutex);
    pthread_cond_destroy(&r->wanted);
    buf_fini(&r->why);
    mem_free(r->path);
    mem_free(r->folder);
    mem_free(r);
}

/* Signals are the loop's. */
static int start_thread(struct rewriter *r) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

struct rewriter *rewriter_start(const struct rewriter_options *options, struct buf *why) {
    struct rewriter *r = mem_new(struct rewriter);
    r->path = mem_strdup(options->path);
    r->folder = options->folder == NULL ? NULL : mem_strdup(options->folder);
    r->base = copy_settings(options->settings);
    r->process = copy_process(options->settings);
    r->next.batch = store_batch_new();
    state_init(&r->state);
    state_copy(&r->state, options->state);
    r->is_dirty = true; /* it may lack our id */
    r->due_ms = now_ms() + PATIENCE_MS;
    r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wanted, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&r->mutex, NULL);
    int e = r->fd < 0 ? errno : start_thread(r);
    if (e == 0)
        return r;
    buf_printf(why, "the system refuses a thread that writes it: %s", strerror(e));
    free_parts(r);
    return NULL;
}

struct rewriter_outcome rewriter_stop(struct rewriter *r, struct buf *why) {
    if (r == NULL)
        return (struct rewriter_outcome){ .saved = false };
    lock(r);
    r->ending = true;
    pthread_cond_signal(&r->wanted);
    unlock(r);
    ensure(pthread_join(r->thread, NULL) == 0);
    struct rewriter_outcome outcome = rewriter_collect(r, why);
    parcel_free(take_parcel(r));
    free_parts(r);
    return outcome;
}

/* ---- the loop's side ---- */

void rewriter_add(struct rewriter *r, const struct delta *deltas, size_t count) {
    for (size_t i = 0; i < count; i++)
        store_batch_add(r->next.batch, &deltas[i]);
}

static void rebase(struct rewriter *r, struct settings *base) {
    settings_free(r->next.base);
    r->next.base = base;
}

void rewriter_rebase_on_plan(struct rewriter *r, const struct plan *written) {
    classic_take_said(r->process, &written->active);
    struct settings *base = copy_process(r->process);
    for (size_t i = 0; i < written->group_count; i++)
        add_group(base, &written->groups[i].active);
    rebase(r, base);
}

void rewriter_rebase_on_file(struct rewriter *r, const struct settings *file) {
    rebase(r, copy_settings(file));
    settings_free(r->process);
    r->process = copy_process(file);
    r->next.reloads++;
}

/* `more` is taken, but for the struct itself. */
static void join(struct parcel *p, struct parcel *more) {
    store_batch_join(p->batch, more->batch);
    if (more->base != NULL) {
        settings_free(p->base);
        p->base = more->base;
    }
    p->reloads = more->reloads;
    p->at_once = p->at_once || more->at_once;
}

void rewriter_hand_over(struct rewriter *r, uint64_t seq, bool at_once) {
    struct parcel *p = mem_new(struct parcel);
    *p = r->next;
    p->batch->seq = seq;
    p->at_once = at_once;
    r->next = (struct parcel){ .batch = store_batch_new(), .reloads = p->reloads };
    lock(r);
    if (r->parcel == NULL) {
        r->parcel = p;
    } else {
        join(r->parcel, p);
        mem_free(p);
    }
    pthread_cond_signal(&r->wanted);
    unlock(r);
}

int rewriter_fd(const struct rewriter *r) {
    return r->fd;
}

struct rewriter_outcome rewriter_collect(struct rewriter *r, struct buf *why) {
    eventfd_t count;
    if (eventfd_read(r->fd, &count) < 0)
        return (struct rewriter_outcome){ .saved = false };
    lock(r);
    struct rewriter_outcome outcome = r->outcome;
    r->outcome = (struct rewriter_outcome){ .saved = false };
    if (outcome.failed) {
        buf_clear(why);
        buf_add_slice(why, buf_slice(&r->why));
    }
    bool superseded = r->outcome_reloads != r->next.reloads;
    unlock(r);
    if (superseded) {
        rewriter_plan_free(outcome.plan);
        outcome.plan = NULL;
    }
    return outcome;
}
