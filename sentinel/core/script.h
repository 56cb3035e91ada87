/* Scripts that groups ask for: notification of events and reconfiguration of clients. Here is the
 * queue of jobs: how many run at a time, what becomes of a result, when a job is tried again. Knows
 * no process: RUN and KILL ask for them, SCRIPT_STARTED, SCRIPT_REFUSED and SCRIPT_ENDED tell what
 * became of them. Nothing waits for a script, and the queue is lost with the process.
 * Source: spec 13. */
#pragma once

#include "common/list.h"
#include "common/slice.h"

struct address;
struct core;
struct group;
struct input;

#define SCRIPT_QUEUE_MAX        256 /* jobs, running ones included */
#define SCRIPT_RUNNING_MAX      16
#define SCRIPT_RUNS_MAX         10   /* of one job */
#define SCRIPT_PROCESS_RETRY_MS 1000 /* after the system refused a process */

struct script {
    struct list_node queued; /* in scripts->jobs */
    uint64_t id;
    bool is_running;
    bool is_killed;    /* it ran for too long */
    int64_t pid;       /* 0 unless it runs and the shell has told */
    int64_t start_ms;  /* mono: since when it runs, or before when it does not start; 0 = at once */
    int run_count;     /* started so far */
    size_t word_count; /* at least 1 */
    struct slice words[]; /* the path, then the arguments; the bytes stand behind them */
};

struct scripts {
    struct list jobs; /* struct script.queued, owned; oldest first */
    size_t count, running;
    uint64_t last_id;
    bool is_changed;    /* due_ms does not hold any more */
    int64_t due_ms;     /* mono: when one is to be started or killed; */
    int64_t runtime_ms; /* with this limit on how long they run */
};

void scripts_init(struct scripts *s);
void scripts_fini(struct scripts *s);

/* ---- asking: a SCRIPT effect, which becomes a job when the PERSIST `after` is durable ---- */

/* The notification script of the group, if it has one. */
void script_notify(
    struct core *c, const struct group *g, const char *event, struct slice payload, uint64_t after);
/* The client reconfiguration script of the group, if it has one. Source: spec 13. */
enum script_role { SCRIPT_LEADER, SCRIPT_OBSERVER };
void script_reconfigure(struct core *c, const struct group *g, enum script_role role,
    const struct address *from, const struct address *to);

/* ---- the queue ---- */

/* Adds a job. Beyond SCRIPT_QUEUE_MAX the oldest that does not run is dropped. */
void script_enqueue(struct core *c, const struct slice *words, size_t count);
/* SCRIPT_STARTED, SCRIPT_REFUSED, SCRIPT_ENDED. */
void script_input(struct core *c, const struct input *in);
/* Has those killed that run for too long. At the end of a step, before its events are routed. */
void script_judge(struct core *c);
/* Starts what may start. At the very end of a step: what it published may have added jobs. */
void script_start_due(struct core *c);
int64_t script_deadline(const struct core *c); /* mono; TSTAMP_NEVER: nothing is due */
