/* Virtual time, in microseconds, and what is to happen in it. What is due at the same instant
 * happens in the order in which it was put here. */
#pragma once

#include "common/base.h"

#define US_PER_MS INT64_C(1000)
#define US_PER_S  INT64_C(1000000)

/* `argument` tells a stale task from a live one, where its owner needs that. */
typedef void (*task_fn)(void *context, uint64_t argument);

/* A task that is put off or called earlier again and again: it stands in the schedule once at most.
 * All zero is none. */
struct alarm {
    size_t place; /* in the heap, from 1; 0 = not planned */
};

struct task {
    int64_t at_us;
    uint64_t order;
    task_fn run;
    void *context; /* borrowed; outlives the task */
    uint64_t argument;
    struct alarm *alarm; /* borrowed; NULL = none */
};

struct schedule {
    int64_t now_us;
    struct task *tasks; /* owned: a binary heap */
    size_t count, capacity;
    uint64_t next_order;
};

void schedule_init(struct schedule *s);
void schedule_fini(struct schedule *s); /* drops what did not happen */
/* An instant that has passed is now. */
void schedule_at(struct schedule *s, int64_t at_us, task_fn run, void *context, uint64_t argument);
/* Instead of what the alarm was planned for, if anything. */
void schedule_alarm(struct schedule *s, struct alarm *a, int64_t at_us, task_fn run, void *context);
void schedule_cancel(struct schedule *s, struct alarm *a);
/* Moves to the next task due by `until_us` and runs it; false if there is none, and it is then
 * `until_us`. */
bool schedule_step(struct schedule *s, int64_t until_us);
