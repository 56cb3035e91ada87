/* The store of one vedette, as a model: deltas pile up, a commit takes its time and takes all of
 * them at once, may fail, and a crash forgets what was not synced. Also a disk that lies, to see
 * that somebody notices. */
#pragma once

#include "common/rng.h"
#include "config/state.h"

struct schedule;

/* How a disk behaves at present. */
struct disk_mood {
    int64_t low_us, high_us;    /* time of a commit */
    uint32_t failure_per_mille; /* chance that one fails */
    /* Only for the test of the laws: */
    bool lies, hastes; /* answers and never syncs, or before it does */
    bool forgets;      /* what a failed commit held is not written again */
};

/* A disk that has not answered for so long has failed, until it does; as the store has it. */
#define DISK_PATIENCE_US INT64_C(3000000)

/* What came of a commit: on disk up to seq, or not. */
typedef void (*disk_answer_fn)(void *context, uint64_t seq, bool is_durable);

struct disk {
    struct schedule *schedule; /* borrowed */
    struct rng *rng;           /* borrowed */
    disk_answer_fn answer;
    void *context; /* borrowed */
    struct disk_mood mood;
    struct state synced;     /* what a restart finds */
    struct state claimed;    /* what it said that a restart would find; the same unless it lies */
    struct state written;    /* with all that was handed in */
    struct state committing; /* what the commit under way makes durable */
    uint64_t written_seq;
    uint64_t committing_seq; /* 0 = no commit is under way */
    uint64_t commit;         /* number of the last one; the end of another one is void */
    bool is_overdue;         /* the one under way has taken DISK_PATIENCE_US */
};

void disk_init(struct disk *d, struct schedule *schedule, struct rng *rng, const char *id,
    disk_answer_fn answer, void *context);
void disk_fini(struct disk *d);
/* Hands in one PERSIST; the commit starts at once, or after the one that is under way. */
void disk_write(struct disk *d, uint64_t seq, const struct delta *deltas, size_t count);
/* The commit under way ends now. */
void disk_hurry(struct disk *d);
/* Returns whether something was forgotten. The commit under way may still have made it. */
bool disk_crash(struct disk *d);
