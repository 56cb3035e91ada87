#include "sentinel/shell/store.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/shell/store_batch.h"
#include "sentinel/shell/store_disk.h"

#include <poll.h>
#include <string.h>

struct store {
    struct store_worker *worker; /* owned */
    struct state copy;           /* with all that was added */
    struct store_batch *added;   /* owned: not handed over yet */
    struct buf error;            /* of the last failure */
    bool fresh;
};

struct store *store_open(const struct store_place *place, struct buf *why) {
    struct store_disk *disk = store_disk_open(place, why);
    if (disk == NULL)
        return NULL;
    struct store *s = mem_new(struct store);
    s->fresh = store_disk_is_fresh(disk);
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

void store_hand_over(struct store *s, uint64_t seq) {
    s->added->seq = seq;
    store_worker_hand_over(s->worker, s->added);
    s->added = store_batch_new();
}

/* ---- what came of it ---- */

int store_fd(const struct store *s) {
    return store_worker_fd(s->worker);
}

struct store_outcome store_collect(struct store *s) {
    return store_worker_collect(s->worker, &s->error);
}

const char *store_error(const struct store *s) {
    return buf_text(&s->error);
}

bool store_commit(struct store *s) {
    store_hand_over(s, 0);
    struct store_outcome outcome;
    do {
        struct pollfd end = { .fd = store_fd(s), .events = POLLIN };
        (void)poll(&end, 1, -1);
        outcome = store_collect(s);
    } while (!outcome.durable && !outcome.failed);
    return !outcome.failed;
}
