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

void schedule_at(struct schedule *s, int64_t at_us, task_fn run, void *context, uint64_t argument) {
    mem_grow(&s->tasks, &s->capacity, s->count + 1, sizeof(*s->tasks));
    struct task task = {
        .at_us = MAX_OF(at_us, s->now_us),
        .order = s->next_order++,
        .run = run,
        .context = context,
        .argument = argument,
    };
    size_t at = s->count++;
    for (; at > 0 && is_before(&task, &s->tasks[(at - 1) / 2]); at = (at - 1) / 2)
        s->tasks[at] = s->tasks[(at - 1) / 2];
    s->tasks[at] = task;
}

static struct task take_first(struct schedule *s) {
    struct task first = s->tasks[0];
    struct task last = s->tasks[--s->count];
    size_t at = 0;
    for (size_t child = 1; child < s->count; child = 2 * at + 1) {
        if (child + 1 < s->count && is_before(&s->tasks[child + 1], &s->tasks[child]))
            child++;
        if (!is_before(&s->tasks[child], &last))
            break;
        s->tasks[at] = s->tasks[child];
        at = child;
    }
    s->tasks[at] = last;
    return first;
}

bool schedule_step(struct schedule *s, int64_t until_us) {
    if (s->count == 0 || s->tasks[0].at_us > until_us) {
        s->now_us = MAX_OF(s->now_us, until_us);
        return false;
    }
    struct task task = take_first(s);
    ensure(task.at_us >= s->now_us);
    s->now_us = task.at_us;
    task.run(task.context, task.argument);
    return true;
}
