#include "sentinel/shell/spawner.h"

#include "common/buf.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "config/diag.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/runner.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDER_MAX         (64 * 1024) /* bytes; a path has 16 KiB at most, and a payload less */
#define WORDS_MAX         16
#define EXIT_NOT_EXECUTED 2                   /* as the runner tells it */
#define SOCKET_FD         (STDERR_FILENO + 1) /* in the process that is forked */

/* ---- what is said over the socket, one message each ---- */

enum order_kind { ORDER_RUN, ORDER_KILL, ORDER_READ };

struct order {
    uint64_t script;
    uint32_t kind;
    uint32_t word_count; /* RUN: so many follow, each with a NUL */
};

struct report {
    uint64_t script;
    int64_t pid;
    int32_t kind; /* enum input_kind */
    int32_t exit_status, signal_number;
    char why[128]; /* "" = no reason */
};

/* ---- the process that is forked ---- */

struct server {
    const struct config_source *from; /* borrowed */
    struct config_file read;          /* since the start, if it was */
    const struct settings *settings;  /* of that, or those of the start; borrowed */
    struct runner *runner;
    bool is_over;
};

static void send_report(void *context, const struct input *in) {
    struct server *s = context;
    struct report r = {
        .script = in->script,
        .pid = in->pid,
        .kind = (int32_t)in->kind,
        .exit_status = in->exit_status,
        .signal_number = in->signal_number,
    };
    slice_copy(slice_sub(in->why, 0, sizeof(r.why) - 1), r.why, sizeof(r.why));
    if (send(SOCKET_FD, &r, sizeof(r), MSG_NOSIGNAL) < 0)
        s->is_over = true;
}

static bool names(const struct settings *settings, const char *path) {
    if (!settings->deny_scripts_reconfig)
        return true;
    for (size_t i = 0; i < settings->group_count; i++) {
        const struct group_settings *g = &settings->groups[i];
        if ((g->notification_script != NULL && strcmp(g->notification_script, path) == 0) ||
            (g->reconfig_script != NULL && strcmp(g->reconfig_script, path) == 0))
            return true;
    }
    return false;
}

/* What the file says, not what the daemon says of it. */
static void read_again(struct server *s) {
    struct config_file new;
    struct diag diag;
    diag_init(&diag, s->from->path);
    if (config_file_load(s->from, &new, &diag)) {
        config_file_fini(&s->read);
        s->read = new;
        s->settings = &s->read.settings;
        runner_set_folders(s->runner, s->settings->script_dirs);
    } else {
        config_file_fini(&new);
    }
    diag_fini(&diag);
}

/* false: that is no order. */
static bool read_words(const struct order *o, struct slice rest, struct slice *words) {
    if (o->word_count == 0 || o->word_count > WORDS_MAX)
        return false;
    for (size_t i = 0; i < o->word_count; i++) {
        const char *end = rest.size > 0 ? memchr(rest.data, '\0', rest.size) : NULL;
        if (end == NULL)
            return false;
        size_t size = (size_t)(end - rest.data);
        words[i] = slice_sub(rest, 0, size);
        rest = slice_sub(rest, size + 1, SIZE_MAX);
    }
    return rest.size == 0;
}

static void carry_out(struct server *s, const struct order *o, struct slice rest) {
    struct slice words[WORDS_MAX];
    if (o->kind == ORDER_KILL) {
        runner_kill(s->runner, o->script);
    } else if (o->kind == ORDER_READ) {
        read_again(s);
    } else if (!read_words(o, rest, words) || !names(s->settings, words[0].data)) {
        send_report(s,
            &(struct input){
                .kind = INPUT_SCRIPT_ENDED,
                .script = o->script,
                .exit_status = EXIT_NOT_EXECUTED,
                .why = SLICE_LITERAL("the configuration does not name it"),
            });
    } else {
        runner_run(s->runner, o->script, words, o->word_count);
    }
}

static void on_order(void *context, unsigned ready) {
    (void)ready;
    struct server *s = context;
    static char bytes[ORDER_MAX];
    struct order o;
    ssize_t size = recv(SOCKET_FD, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < (ssize_t)sizeof(o)) {
        s->is_over = true; /* the daemon is gone */
        return;
    }
    memcpy(&o, bytes, sizeof(o));
    carry_out(s, &o, (struct slice){ .data = bytes + sizeof(o), .size = (size_t)size - sizeof(o) });
}

/* Nothing of the daemon's but its socket, its standard streams and its environment. Who is told to
 * stop is the daemon: we follow it. Nobody may write into our memory, the daemon neither. */
static bool settle(int fd) {
    if (dup2(fd, SOCKET_FD) < 0)
        return false;
    closefrom(SOCKET_FD + 1);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    (void)prctl(PR_SET_NAME, "vedette-spawner");
    return prctl(PR_SET_DUMPABLE, 0) == 0;
}

static int serve(int fd, const struct config_source *from, const struct settings *settings) {
    struct server s = { .from = from, .settings = settings };
    settings_init(&s.read.settings);
    state_init(&s.read.state);
    struct loop *loop = settle(fd) ? loop_new() : NULL;
    if (loop == NULL)
        return 1;
    s.runner = runner_new(loop, (struct inlet){ .take = send_report, .context = &s });
    if (s.runner == NULL)
        return 1;
    runner_set_folders(s.runner, settings->script_dirs);
    (void)watch_new(loop, SOCKET_FD, WATCH_READ, on_order, &s);
    while (!s.is_over) {
        (void)loop_wait(loop, TSTAMP_NEVER);
        (void)loop_dispatch(loop, INT64_MAX);
    }
    return 0;
}

/* ---- the daemon's side ---- */

/* An order on its way; of a RUN until its script has ended. */
struct job {
    struct list_node siblings;
    struct order order;
    size_t size;
    char bytes[]; /* as they are sent, the order included */
};

struct spawner {
    int fd;
    struct inlet inlet;
    struct watch *watch; /* owned; NULL before spawner_attend */
    struct list waiting; /* struct job, owned; oldest first: not sent yet */
    struct list running; /* struct job, owned: sent, and not heard of the end */
    bool is_gone;
};

int spawner_start(
    const struct config_source *from, const struct settings *settings, struct spawner **ret) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        _exit(serve(fds[1], from, settings));
    int r = pid < 0 ? -errno : 0;
    close(fds[1]);
    if (r < 0) {
        close(fds[0]);
        return r;
    }
    struct spawner *s = mem_new(struct spawner);
    s->fd = fds[0];
    list_init(&s->waiting);
    list_init(&s->running);
    *ret = s;
    return 0;
}

static void tell_lost(struct spawner *s, uint64_t script, const char *why) {
    inlet_take(&s->inlet,
        &(struct input){
            .kind = INPUT_SCRIPT_ENDED,
            .script = script,
            .exit_status = EXIT_NOT_EXECUTED,
            .why = slice_of(why),
        });
}

static void forget(struct job *j) {
    list_remove(&j->siblings);
    mem_free(j);
}

static void want(struct spawner *s) {
    bool waits = list_first(&s->waiting, struct job, siblings) != NULL;
    watch_want(
        s->watch, (s->is_gone ? 0U : (unsigned)WATCH_READ) | (waits ? (unsigned)WATCH_WRITE : 0U));
}

static void send_waiting(struct spawner *s) {
    list_for_each(j, &s->waiting, struct job, siblings) {
        ssize_t size = send(s->fd, j->bytes, j->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        bool is_run = j->order.kind == ORDER_RUN;
        if (size < 0 && is_run)
            tell_lost(s, j->order.script, strerror(errno));
        list_remove(&j->siblings);
        if (size >= 0 && is_run)
            list_append(&s->running, &j->siblings);
        else
            mem_free(j);
    }
}

static void hear(struct spawner *s, const struct report *r) {
    if (r->kind == INPUT_SCRIPT_ENDED || r->kind == INPUT_SCRIPT_REFUSED)
        list_for_each(j, &s->running, struct job, siblings)
            if (j->order.script == r->script)
                forget(j);
    inlet_take(&s->inlet,
        &(struct input){
            .kind = (enum input_kind)r->kind,
            .script = r->script,
            .pid = r->pid,
            .exit_status = r->exit_status,
            .signal_number = r->signal_number,
            .why = slice_of(r->why),
        });
}

/* What runs may go on, but nobody will say how it ends. */
static void lose(struct spawner *s) {
    s->is_gone = true;
    list_for_each(j, &s->running, struct job, siblings) {
        tell_lost(s, j->order.script, "the process that starts scripts has ended");
        forget(j);
    }
}

static void receive(struct spawner *s) {
    struct report r;
    ssize_t size;
    while ((size = recv(s->fd, &r, sizeof(r), MSG_DONTWAIT)) == (ssize_t)sizeof(r))
        hear(s, &r);
    if (size >= 0 || (errno != EAGAIN && errno != EINTR))
        lose(s);
}

static void on_ready(void *context, unsigned ready) {
    struct spawner *s = context;
    if ((ready & WATCH_READ) != 0 && !s->is_gone)
        receive(s);
    if ((ready & WATCH_WRITE) != 0)
        send_waiting(s);
    want(s);
}

void spawner_attend(struct spawner *s, struct loop *loop, struct inlet inlet) {
    s->inlet = inlet;
    s->watch = watch_new(loop, s->fd, WATCH_READ, on_ready, s);
}

void spawner_free(struct spawner *s) {
    if (s == NULL)
        return;
    watch_free(s->watch);
    list_for_each(j, &s->waiting, struct job, siblings)
        mem_free(j);
    list_for_each(j, &s->running, struct job, siblings)
        mem_free(j);
    close(s->fd);
    mem_free(s);
}

/* Sent when the socket is found ready: what comes of it must not be handed in now. */
static void give(struct spawner *s, enum order_kind kind, uint64_t script,
    const struct slice *words, size_t count) {
    const struct order o = { .script = script, .kind = kind, .word_count = (uint32_t)count };
    struct buf bytes = BUF_INIT;
    buf_add(&bytes, &o, sizeof(o));
    for (size_t i = 0; i < count; i++) {
        buf_add_slice(&bytes, words[i]);
        buf_add_char(&bytes, '\0');
    }
    struct job *j = mem_alloc(sizeof(*j) + buf_size(&bytes));
    j->order = o;
    j->size = buf_size(&bytes);
    memcpy(j->bytes, buf_text(&bytes), j->size);
    list_append(&s->waiting, &j->siblings);
    buf_fini(&bytes);
    want(s);
}

void spawner_run(struct spawner *s, uint64_t script, const struct slice *words, size_t count) {
    give(s, ORDER_RUN, script, words, count);
}

void spawner_kill(struct spawner *s, uint64_t script) {
    give(s, ORDER_KILL, script, NULL, 0);
}

void spawner_read(struct spawner *s) {
    give(s, ORDER_READ, 0, NULL, 0);
}
