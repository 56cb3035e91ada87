#include "tests/sim/schedule.h"

#include "common/ensure.h"
#include "common/mem.h"

void schedule_init(struct schedule *s) {
    *s = (struct schedule){ .tasks = NULL };
}

void schedule_fini(struct schedule *s) {
    mem_free(s->tasks);
    schedule_init(s);
}

static bool is_before(const struct task *a, const struct task *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void put(struct schedule *s, size_t at, const struct task *task) {
    s->tasks[at] = *task;
    if (task->alarm != NULL)
        task->alarm->place = at + 1;
}

/* Puts the task where it belongs, given that there is room at `at`. */
static void sift(struct schedule *s, size_t at, const struct task *task) {
    for (; at > 0 && is_before(task, &s->tasks[(at - 1) / 2]); at = (at - 1) / 2)
        put(s, at, &s->tasks[(at - 1) / 2]);
    for (size_t child = 2 * at + 1; child < s->count; child = 2 * at + 1) {
        if (child + 1 < s->count && is_before(&s->tasks[child + 1], &s->tasks[child]))
            child++;
        if (!is_before(&s->tasks[child], task))
            break;
        put(s, at, &s->tasks[child]);
        at = child;
    }
    put(s, at, task);
}

static void plan(struct schedule *s, size_t at, struct task task) {
    task.at_us = MAX_OF(task.at_us, s->now_us);
    task.order = s->next_order++;
    sift(s, at, &task);
}

static size_t add_place(struct schedule *s) {
    mem_grow(&s->tasks, &s->capacity, s->count + 1, sizeof(*s->tasks));
    return s->count++;
}

void schedule_at(struct schedule *s, int64_t at_us, task_fn run, void *context, uint64_t argument) {
    plan(s, add_place(s),
        (struct task){ .at_us = at_us, .run = run, .context = context, .argument = argument });
}

void schedule_alarm(
    struct schedule *s, struct alarm *a, int64_t at_us, task_fn run, void *context) {
    size_t at = a->place > 0 ? a->place - 1 : add_place(s);
    plan(s, at, (struct task){ .at_us = at_us, .run = run, .context = context, .alarm = a });
}

/* Fills the gap with the last one. */
static void take_out(struct schedule *s, size_t at) {
    if (s->tasks[at].alarm != NULL)
        s->tasks[at].alarm->place = 0;
    struct task last = s->tasks[--s->count];
    if (at < s->count)
        sift(s, at, &last);
}

void schedule_cancel(struct schedule *s, struct alarm *a) {
    if (a->place > 0)
        take_out(s, a->place - 1);
}

bool schedule_step(struct schedule *s, int64_t until_us) {
    if (s->count == 0 || s->tasks[0].at_us > until_us) {
        s->now_us = MAX_OF(s->now_us, until_us);
        return false;
    }
    struct task task = s->tasks[0];
    take_out(s, 0);
    ensure(task.at_us >= s->now_us);
    s->now_us = task.at_us;
    task.run(task.context, task.argument);
    return true;
}
