#include "sentinel/shell/store.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "sentinel/shell/store_batch.h"
#include "sentinel/shell/store_disk.h"
#include "sentinel/shell/store_place.h"

#include <poll.h>
#include <string.h>

#define PATIENCE_MS 3000 /* with a disk that does not answer */

struct store {
    struct store_worker *worker; /* owned */
    char *path;                  /* owned: of the database */
    struct state copy;           /* with all that was added */
    struct store_batch *added;   /* owned: not handed over yet */
    uint64_t handed_seq;         /* the last one handed over */
    uint64_t answered_seq;       /* the last one of which the outcome is known */
    uint64_t overdue_seq;        /* up to here it was told that the disk does not answer */
    int64_t waiting_since_ms; /* mono: handed_seq > answered_seq: for an answer, be it to which */
    struct buf error;         /* of the last failure */
    bool fresh;
};

struct store *store_open(const struct store_place *place, struct buf *why) {
    struct store_disk *disk = store_disk_open(place, why);
    if (disk == NULL)
        return NULL;
    struct store *s = mem_new(struct store);
    s->fresh = store_disk_is_fresh(disk);
    s->path = mem_strdup(place->database);
    s->error = BUF_INIT;
    s->added = store_batch_new();
    state_init(&s->copy);
    state_copy(&s->copy, store_disk_state(disk));
    s->worker = store_worker_start(disk, why);
    if (s->worker != NULL)
        return s;
    store_close(s);
    return NULL;
}

void store_close(struct store *s) {
    if (s == NULL)
        return;
    store_worker_stop(s->worker);
    store_batch_free(s->added);
    state_fini(&s->copy);
    buf_fini(&s->error);
    mem_free(s->path);
    mem_free(s);
}

const struct state *store_state(const struct store *s) {
    return &s->copy;
}

bool store_is_fresh(const struct store *s) {
    return s->fresh;
}

/* ---- handing over ---- */

void store_add(struct store *s, const struct delta *deltas, size_t count) {
    for (size_t i = 0; i < count; i++) {
        state_apply(&s->copy, &deltas[i]);
        store_batch_add(s->added, &deltas[i]);
    }
}

void store_adopt_id(struct store *s, const char id[static ID_SIZE]) {
    memcpy(s->copy.id, id, ID_SIZE);
    memcpy(s->added->id, id, ID_SIZE);
}

static bool is_waiting(const struct store *s) {
    return s->handed_seq > s->answered_seq;
}

void store_hand_over(struct store *s, uint64_t seq, int64_t now_ms) {
    if (!is_waiting(s))
        s->waiting_since_ms = now_ms;
    s->handed_seq = seq;
    s->added->seq = seq;
    store_worker_hand_over(s->worker, s->added);
    s->added = store_batch_new();
}

/* ---- what came of it ---- */

int store_fd(const struct store *s) {
    return store_worker_fd(s->worker);
}

int64_t store_deadline(const struct store *s) {
    if (!is_waiting(s) || s->overdue_seq == s->handed_seq)
        return TSTAMP_NEVER;
    return tstamp_add(s->waiting_since_ms, PATIENCE_MS);
}

static struct store_outcome overdue(struct store *s) {
    s->overdue_seq = s->handed_seq;
    buf_clear(&s->error);
    buf_printf(&s->error, "%s: no answer from the disk for %d s", s->path, PATIENCE_MS / 1000);
    return (struct store_outcome){ .failed = true, .failed_seq = s->handed_seq };
}

struct store_outcome store_collect(struct store *s, int64_t now_ms) {
    struct store_outcome outcome = store_worker_collect(s->worker, &s->error);
    if (outcome.durable || outcome.failed) {
        s->answered_seq = outcome.failed ? outcome.failed_seq : outcome.durable_seq;
        s->waiting_since_ms = now_ms;
    } else if (now_ms >= store_deadline(s)) {
        outcome = overdue(s);
    }
    return outcome;
}

const char *store_error(const struct store *s) {
    return buf_text(&s->error);
}

bool store_commit(struct store *s) {
    store_hand_over(s, 0, 0);
    struct store_outcome outcome;
    do {
        struct pollfd end = { .fd = store_fd(s), .events = POLLIN };
        (void)poll(&end, 1, -1);
        outcome = store_collect(s, 0);
    } while (!outcome.durable && !outcome.failed);
    return !outcome.failed;
}
