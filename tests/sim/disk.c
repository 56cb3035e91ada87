#include "tests/sim/disk.h"

#include "common/ensure.h"
#include "tests/sim/schedule.h"

void disk_init(struct disk *d, struct schedule *schedule, struct rng *rng, const char *id,
    disk_answer_fn answer, void *context) {
    *d = (struct disk){
        .schedule = schedule,
        .rng = rng,
        .answer = answer,
        .context = context,
    };
    state_init(&d->synced);
    state_init(&d->claimed);
    state_init(&d->written);
    state_init(&d->committing);
    slice_copy(slice_of(id), d->synced.id, sizeof(d->synced.id));
    state_copy(&d->claimed, &d->synced);
    state_copy(&d->written, &d->synced);
}

void disk_fini(struct disk *d) {
    state_fini(&d->synced);
    state_fini(&d->claimed);
    state_fini(&d->written);
    state_fini(&d->committing);
}

static void commit_end(void *context, uint64_t commit);

/* Whoever waits for it is told that it has failed, until it answers. */
static void be_overdue(void *context, uint64_t commit) {
    struct disk *d = context;
    if (commit != d->commit || d->committing_seq == 0)
        return;
    d->is_overdue = true;
    d->answer(d->context, d->written_seq, false);
}

static void commit_start(struct disk *d) {
    state_copy(&d->committing, &d->written);
    d->committing_seq = d->written_seq;
    d->is_overdue = false;
    int64_t time_us = rng_between(d->rng, d->mood.low_us, d->mood.high_us);
    schedule_at(d->schedule, d->schedule->now_us + time_us, commit_end, d, ++d->commit);
    if (time_us > DISK_PATIENCE_US)
        schedule_at(d->schedule, d->schedule->now_us + DISK_PATIENCE_US, be_overdue, d, d->commit);
    if (d->mood.hastes)
        d->answer(d->context, d->committing_seq, true);
}

static void commit_end(void *context, uint64_t commit) {
    struct disk *d = context;
    if (commit != d->commit || d->committing_seq == 0)
        return;
    uint64_t seq = d->committing_seq;
    d->committing_seq = 0;
    bool is_durable = !rng_chance(d->rng, d->mood.failure_per_mille);
    if (is_durable)
        state_copy(&d->claimed, &d->committing);
    /* Nobody knows what a failed commit left behind. */
    bool was_taken = is_durable || rng_chance(d->rng, 500);
    if (was_taken && !d->mood.lies)
        state_copy(&d->synced, &d->committing);
    if (!is_durable && d->mood.forgets)
        state_copy(&d->written, &d->claimed);
    d->answer(d->context, seq, is_durable);
    if (d->written_seq > seq)
        commit_start(d);
}

void disk_write(struct disk *d, uint64_t seq, const struct delta *deltas, size_t count) {
    ensure(seq > d->written_seq);
    for (size_t i = 0; i < count; i++)
        state_apply(&d->written, &deltas[i]);
    d->written_seq = seq;
    if (d->committing_seq == 0)
        commit_start(d);
    else if (d->is_overdue)
        d->answer(d->context, seq, false);
}

void disk_hurry(struct disk *d) {
    if (d->committing_seq > 0)
        schedule_at(d->schedule, d->schedule->now_us, commit_end, d, d->commit);
}

bool disk_crash(struct disk *d) {
    bool had_time = d->committing_seq > 0 && rng_chance(d->rng, 500);
    if (had_time && !d->mood.lies)
        state_copy(&d->synced, &d->committing);
    bool forgot = !state_equal(&d->written, &d->synced);
    state_copy(&d->claimed, &d->synced);
    state_copy(&d->written, &d->synced);
    d->written_seq = d->committing_seq = 0;
    d->commit++;
    return forgot;
}
