#include "sentinel/shell/store_disk.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/store_batch.h"
#include "sentinel/shell/store_db.h"
#include "sentinel/shell/store_place.h"
#include "sentinel/shell/test_hook.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOG_PAGES_QUIET 1000  /* some 4 MB: moved when nothing else is to be done */
#define LOG_PAGES_MAX   16000 /* moved before the next commit, lest it fill the disk */

struct store_disk {
    char *path;            /* owned */
    struct store_db *db;   /* owned; NULL after a failure */
    int hold_fd;           /* keeps others away while the database is closed, too; -1 = not yet */
    struct state state;    /* with all that was handed in */
    uint64_t commit_count; /* tried, for the tests */
    bool fresh;
};

/* ---- opening ---- */

static bool open_db(struct store_disk *d, enum store_place_start start, struct buf *why) {
    char id[ID_SIZE];
    draw_id(id);
    struct buf detail = BUF_INIT;
    d->db = store_db_open(
        d->path, start == STORE_PLACE_FRESH ? STORE_DB_FRESH : STORE_DB_EXISTING, id, &detail);
    if (d->db != NULL && !store_db_load(d->db, &d->state, &detail)) {
        store_db_close(d->db);
        d->db = NULL;
    }
    if (d->db == NULL)
        buf_printf(why, "%s: %s", d->path, buf_text(&detail));
    buf_fini(&detail);
    return d->db != NULL;
}

static bool mark(const struct store_place *place, struct buf *why) {
    int r = store_place_mark(place);
    if (r < 0)
        buf_printf(why, "%s: %s", place->marker, strerror(-r));
    return r == 0;
}

static bool hold(struct store_disk *d, const struct store_place *place, struct buf *why) {
    int r = store_place_hold(place, &d->hold_fd);
    if (r < 0)
        buf_printf(why, "%s: %s", place->database,
            r == -EWOULDBLOCK ? "another process is using it" : strerror(-r));
    return r == 0;
}

/* The marker comes last: from then on the database has to be there. */
static bool start_fresh(struct store_disk *d, const struct store_place *place, struct buf *why) {
    test_hook_before_commit(0);
    if (!open_db(d, STORE_PLACE_FRESH, why))
        return false;
    test_hook_after_commit(0);
    return mark(place, why) && hold(d, place, why);
}

struct store_disk *store_disk_open(const struct store_place *place, struct buf *why) {
    enum store_place_start start;
    if (!store_place_prepare(place, &start, why))
        return NULL;
    struct store_disk *d = mem_new(struct store_disk);
    d->path = mem_strdup(place->database);
    d->fresh = start == STORE_PLACE_FRESH;
    d->hold_fd = -1;
    state_init(&d->state);
    bool ok = d->fresh ? start_fresh(d, place, why)
                       : hold(d, place, why) && open_db(d, STORE_PLACE_KNOWN, why);
    if (ok)
        return d;
    store_disk_close(d);
    return NULL;
}

void store_disk_close(struct store_disk *d) {
    if (d == NULL)
        return;
    store_db_close(d->db);
    if (d->hold_fd >= 0)
        close(d->hold_fd);
    state_fini(&d->state);
    mem_free(d->path);
    mem_free(d);
}

bool store_disk_is_fresh(const struct store_disk *d) {
    return d->fresh;
}

const struct state *store_disk_state(const struct store_disk *d) {
    return &d->state;
}

/* ---- writing ---- */

/* Always false: the caller's answer. */
static bool fail(struct store_disk *d, const char *text, struct buf *why) {
    buf_printf(why, "%s: %s", d->path, text);
    store_db_close(d->db);
    d->db = NULL;
    return false;
}

static void take_in(struct store_disk *d, const struct store_batch *b) {
    if (b->id[0] != '\0')
        memcpy(d->state.id, b->id, sizeof(d->state.id));
    for (size_t i = 0; i < b->count; i++)
        state_apply(&d->state, &b->changes[i].delta);
}

static bool write_changes(struct store_db *db, const struct store_batch *b) {
    bool ok = store_db_begin(db) && (b->id[0] == '\0' || store_db_write_id(db, b->id));
    for (size_t i = 0; ok && i < b->count; i++)
        ok = store_db_write(db, &b->changes[i].delta);
    return ok;
}

struct rewrite {
    struct store_db *db;
    bool ok;
};

static void write_one(const struct delta *d, void *context) {
    struct rewrite *r = context;
    r->ok = r->ok && store_db_write(r->db, d);
}

/* The log of changes is emptied first: a log that the disk lost in part ends, at the next start,
 * where it is torn. */
static bool write_all(struct store_db *db, const struct state *state) {
    struct rewrite r = {
        .db = db,
        .ok = store_db_checkpoint(db, STORE_DB_TRUNCATE) && store_db_begin(db) &&
            store_db_clear(db) && store_db_write_id(db, state->id),
    };
    state_deltas(state, write_one, &r);
    return r.ok;
}

static bool reopen(struct store_disk *d, struct buf *why) {
    struct buf detail = BUF_INIT;
    d->db = store_db_open(d->path, STORE_DB_EXISTING, NULL, &detail);
    bool ok = d->db != NULL || fail(d, buf_text(&detail), why);
    buf_fini(&detail);
    return ok;
}

static bool commit(struct store_disk *d, struct buf *why) {
    uint64_t number = ++d->commit_count;
    test_hook_before_commit(number);
    if (test_hook_fails_commit(number))
        return fail(d, strerror(ENOSPC), why);
    if (!store_db_commit(d->db))
        return fail(d, store_db_error(d->db), why);
    test_hook_after_commit(number);
    return true;
}

bool store_disk_commit(struct store_disk *d, const struct store_batch *b, struct buf *why) {
    take_in(d, b);
    if (d->db != NULL && store_db_log_pages(d->db) > LOG_PAGES_MAX)
        store_disk_rest(d);
    bool whole = d->db == NULL;
    if (whole && !reopen(d, why))
        return false;
    if (!whole && b->count == 0 && b->id[0] == '\0')
        return true; /* a second try after one that worked meanwhile */
    if (whole ? !write_all(d->db, &d->state) : !write_changes(d->db, b))
        return fail(d, store_db_error(d->db), why);
    return commit(d, why);
}

bool store_disk_wants_rest(const struct store_disk *d) {
    return d->db != NULL && store_db_log_pages(d->db) > LOG_PAGES_QUIET;
}

void store_disk_rest(struct store_disk *d) {
    if (store_db_checkpoint(d->db, STORE_DB_PASSIVE))
        return;
    store_db_close(d->db);
    d->db = NULL;
}
