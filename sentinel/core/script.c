#include "sentinel/core/script.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"

#include <stdio.h>
#include <string.h>

#define EXIT_TRY_AGAIN    1
#define REFUSED_AS_SIGNAL 99 /* what -script-error says when there was no process */

void scripts_init(struct scripts *s) {
    *s = (struct scripts){ .due_ms = TSTAMP_NEVER };
    list_init(&s->jobs);
}

void scripts_fini(struct scripts *s) {
    list_for_each(job, &s->jobs, struct script, queued)
        mem_free(job);
    scripts_init(s);
}

/* ---- asking ---- */

static void ask(struct core *c, const struct slice *words, size_t count, uint64_t after) {
    effects_add_words(c->out, EFFECT_SCRIPT, words, count)->after = after;
}

void script_notify(struct core *c, const struct group *g, const char *event, struct slice payload,
    uint64_t after) {
    if (g->settings.notification_script == NULL)
        return;
    const struct slice words[] = {
        slice_of(g->settings.notification_script),
        slice_of(event),
        payload,
    };
    ask(c, words, ARRAY_SIZE(words), after);
}

struct port_text {
    char text[8];
};

static struct slice print_port(const struct address *a, struct port_text *ret) {
    (void)snprintf(ret->text, sizeof(ret->text), "%u", (unsigned)a->given.port);
    return slice_of(ret->text);
}

void script_reconfigure(struct core *c, const struct group *g, enum script_role role,
    const struct address *from, const struct address *to) {
    if (g->settings.reconfig_script == NULL)
        return;
    struct port_text from_port, to_port;
    const struct slice words[] = {
        slice_of(g->settings.reconfig_script),
        slice_of(g->name),
        slice_of(role == SCRIPT_LEADER ? "leader" : "observer"),
        SLICE_LITERAL("start"),
        slice_of(address_announced(c, from)),
        print_port(from, &from_port),
        slice_of(address_announced(c, to)),
        print_port(to, &to_port),
    };
    ask(c, words, ARRAY_SIZE(words), 0);
}

/* ---- the queue ---- */

static struct script *script_new(const struct slice *words, size_t count) {
    struct script *job = mem_alloc(sizeof(*job) + slice_packed_size(words, count));
    slice_pack(words, count, job->words);
    job->word_count = count;
    return job;
}

static void drop(struct scripts *s, struct script *job) {
    list_remove(&job->queued);
    mem_free(job);
    s->count--;
}

static void drop_oldest_idle(struct scripts *s) {
    list_for_each(job, &s->jobs, struct script, queued)
        if (!job->is_running) {
            drop(s, job);
            return;
        }
}

void script_enqueue(struct core *c, const struct slice *words, size_t count) {
    struct scripts *s = &c->scripts;
    struct script *job = script_new(words, count);
    job->id = ++s->last_id;
    list_append(&s->jobs, &job->queued);
    s->is_changed = true;
    if (++s->count > SCRIPT_QUEUE_MAX)
        drop_oldest_idle(s);
}

/* ---- results ---- */

/* NULL if it is no job that runs. */
static struct script *find_running(const struct scripts *s, uint64_t id) {
    list_for_each(job, &s->jobs, struct script, queued)
        if (job->id == id)
            return job->is_running ? job : NULL;
    return NULL;
}

static void stop_running(struct scripts *s, struct script *job, int64_t start_ms) {
    job->is_running = job->is_killed = false;
    job->pid = 0;
    job->start_ms = start_ms;
    s->running--;
}

static const char *path_of(const struct script *job) {
    return job->words[0].data;
}

static void on_started(struct core *c, struct script *job, int64_t pid) {
    job->pid = pid;
    event_plain(c, EVENT_SCRIPT_CHILD, NULL, 0, "%lld", (long long)pid);
}

/* Counts as a run, as with the originals. */
static void on_refused(struct core *c, struct script *job, struct slice why) {
    event_plain(c, EVENT_SCRIPT_ERROR, NULL, 0, "%s %d 0", path_of(job), REFUSED_AS_SIGNAL);
    event_note(c, " (no process can be had: " SLICE_FMT ")", SLICE_ARG(why));
    stop_running(&c->scripts, job, tstamp_add(c->now.mono_ms, SCRIPT_PROCESS_RETRY_MS));
}

/* Doubles with each run. */
static int64_t retry_delay(const struct core *c, const struct script *job) {
    int64_t delay_ms = c->periods.script_retry;
    for (int i = 1; i < job->run_count; i++)
        delay_ms = tstamp_add(delay_ms, delay_ms);
    return delay_ms;
}

static void on_ended(struct core *c, struct script *job, const struct input *in) {
    if (job->pid != 0)
        event_plain(c, EVENT_SCRIPT_CHILD_OVER, NULL, 0, "%lld %d %d", (long long)job->pid,
            in->exit_status, in->signal_number);
    bool may_work_later = in->signal_number != 0 || in->exit_status == EXIT_TRY_AGAIN;
    if (may_work_later && job->run_count < SCRIPT_RUNS_MAX) {
        stop_running(&c->scripts, job, tstamp_add(c->now.mono_ms, retry_delay(c, job)));
        return;
    }
    if (in->signal_number != 0 || in->exit_status != 0) {
        event_plain(c, EVENT_SCRIPT_ERROR, NULL, 0, "%s %d %d", path_of(job), in->signal_number,
            in->exit_status);
        if (in->why.size > 0)
            event_note(c, " (it cannot be run: " SLICE_FMT ")", SLICE_ARG(in->why));
    }
    stop_running(&c->scripts, job, 0);
    drop(&c->scripts, job);
}

void script_input(struct core *c, const struct input *in) {
    struct script *job = find_running(&c->scripts, in->script);
    if (job == NULL)
        return;
    c->scripts.is_changed = true;
    if (in->kind == INPUT_SCRIPT_STARTED)
        on_started(c, job, in->pid);
    else if (in->kind == INPUT_SCRIPT_REFUSED)
        on_refused(c, job, in->why);
    else
        on_ended(c, job, in);
}

/* ---- time ---- */

/* Whether what was found out last does not hold any more, or its time has come. */
static bool is_to_be_judged(const struct core *c) {
    const struct scripts *s = &c->scripts;
    return s->is_changed || s->runtime_ms != c->periods.script_runtime ||
        c->now.mono_ms >= s->due_ms;
}

/* When it is to be killed. One without a process yet cannot be. */
static int64_t kill_due(const struct core *c, const struct script *job) {
    if (!job->is_running || job->is_killed || job->pid == 0)
        return TSTAMP_NEVER;
    return tstamp_add(tstamp_add(job->start_ms, c->periods.script_runtime), 1);
}

void script_judge(struct core *c) {
    struct scripts *s = &c->scripts;
    if (s->running == 0 || !is_to_be_judged(c))
        return;
    list_for_each(job, &s->jobs, struct script, queued) {
        if (kill_due(c, job) > c->now.mono_ms)
            continue;
        job->is_killed = s->is_changed = true;
        effects_add(c->out, EFFECT_KILL)->script = job->id;
        event_plain(c, EVENT_SCRIPT_TIMEOUT, NULL, 0, "%s %lld", path_of(job), (long long)job->pid);
    }
}

static void start(struct core *c, struct script *job) {
    job->is_running = true;
    job->start_ms = c->now.mono_ms;
    job->run_count++;
    c->scripts.running++;
    effects_add_words(c->out, EFFECT_RUN, job->words, job->word_count)->script = job->id;
}

/* When there is something to do for it, given the others. */
static int64_t due(const struct core *c, const struct script *job) {
    if (job->is_running)
        return kill_due(c, job);
    return c->scripts.running < SCRIPT_RUNNING_MAX ? job->start_ms : TSTAMP_NEVER;
}

void script_start_due(struct core *c) {
    struct scripts *s = &c->scripts;
    if (!is_to_be_judged(c))
        return;
    list_for_each(job, &s->jobs, struct script, queued)
        if (!job->is_running && s->running < SCRIPT_RUNNING_MAX && job->start_ms <= c->now.mono_ms)
            start(c, job);
    s->due_ms = TSTAMP_NEVER;
    list_for_each(job, &s->jobs, struct script, queued)
        s->due_ms = tstamp_min(s->due_ms, due(c, job));
    s->runtime_ms = c->periods.script_runtime;
    s->is_changed = false;
}

int64_t script_deadline(const struct core *c) {
    return c->scripts.due_ms;
}
