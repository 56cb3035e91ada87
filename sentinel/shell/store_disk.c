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
    struct store_place place;
    struct store_db *db;        /* owned; NULL after a failure */
    struct file_id database_id; /* of the open files */
    struct file_id log_id;
    int hold_fd;           /* keeps others away while the database is closed, too; -1 = not yet */
    struct state state;    /* with all that was handed in */
    uint64_t commit_count; /* tried, for the tests */
    bool fresh;
};

/* ---- the files ---- */

static void give_up(struct store_disk *d) {
    store_db_abandon(d->db);
    d->db = NULL;
}

/* Always false: the caller's answer. */
static bool fail(struct store_disk *d, const char *text, struct buf *why) {
    buf_printf(why, "%s: %s", d->place.database, text);
    give_up(d);
    return false;
}

/* SQLite goes on writing into files that were removed or replaced, where no start will look. */
static bool check_files(struct store_disk *d, struct buf *why) {
    struct file_id marker;
    int r = file_id_of(d->hold_fd, &marker);
    if (r < 0)
        return fail(d, strerror(-r), why);
    if (file_id_check(&d->database_id, d->place.database, why) &&
        file_id_check(&d->log_id, store_db_log_path(d->db), why) &&
        file_id_check(&marker, d->place.marker, why))
        return true;
    give_up(d);
    return false;
}

/* first: what to fill an empty one with; NULL: it must not be empty. */
static bool open_db(struct store_disk *d, const struct state *first, struct buf *why) {
    struct buf detail = BUF_INIT;
    d->db = store_db_open(d->place.database, first, &detail);
    bool ok = d->db != NULL || fail(d, buf_text(&detail), why);
    buf_fini(&detail);
    int r = ok ? file_id_at(store_db_path(d->db), &d->database_id) : 0;
    if (ok && r == 0)
        r = file_id_at(store_db_log_path(d->db), &d->log_id);
    return ok && (r == 0 || fail(d, strerror(-r), why));
}

static bool mark(struct store_disk *d, struct buf *why) {
    int r = store_place_mark(&d->place);
    if (r < 0)
        buf_printf(why, "%s: %s", d->place.marker, strerror(-r));
    return r == 0;
}

static bool hold(struct store_disk *d, struct buf *why) {
    int r = store_place_hold(&d->place, &d->hold_fd);
    if (r < 0)
        buf_printf(why, "%s: %s", d->place.database,
            r == -EWOULDBLOCK ? "another process is using it" : strerror(-r));
    return r == 0;
}

/* ---- opening ---- */

static bool load(struct store_disk *d, struct buf *why) {
    struct buf detail = BUF_INIT;
    struct state found;
    state_init(&found);
    bool ok = store_db_load(d->db, &found, &detail) || fail(d, buf_text(&detail), why);
    if (ok)
        state_copy(&d->state, &found);
    state_fini(&found);
    buf_fini(&detail);
    return ok;
}

/* The marker comes last: from then on the database has to be there. */
static bool start_fresh(struct store_disk *d, struct buf *why) {
    test_hook_before_commit(0);
    draw_id(d->state.id);
    if (!open_db(d, &d->state, why) || !load(d, why))
        return false;
    test_hook_after_commit(0);
    return mark(d, why) && hold(d, why);
}

static bool start_known(struct store_disk *d, struct buf *why) {
    return hold(d, why) && open_db(d, NULL, why) && load(d, why);
}

struct store_disk *store_disk_open(const struct store_place *place, struct buf *why) {
    enum store_place_start start;
    if (!store_place_prepare(place, &start, why))
        return NULL;
    struct store_disk *d = mem_new(struct store_disk);
    store_place_copy(&d->place, place);
    d->fresh = start == STORE_PLACE_FRESH;
    d->hold_fd = -1;
    state_init(&d->state);
    if (d->fresh ? start_fresh(d, why) : start_known(d, why))
        return d;
    store_disk_close(d);
    return NULL;
}

void store_disk_close(struct store_disk *d) {
    if (d == NULL)
        return;
    struct buf why = BUF_INIT;
    if (d->db != NULL && d->hold_fd >= 0)
        (void)check_files(d, &why); /* tidying up is for our own files only */
    buf_fini(&why);
    store_db_close(d->db);
    if (d->hold_fd >= 0)
        close(d->hold_fd);
    state_fini(&d->state);
    store_place_fini(&d->place);
    mem_free(d);
}

bool store_disk_is_fresh(const struct store_disk *d) {
    return d->fresh;
}

const struct state *store_disk_state(const struct store_disk *d) {
    return &d->state;
}

/* ---- writing ---- */

static void take_in(struct store_disk *d, const struct store_batch *b) {
    if (b->id[0] != '\0')
        memcpy(d->state.id, b->id, sizeof(d->state.id));
    for (size_t i = 0; i < b->count; i++)
        state_apply(&d->state, &b->changes[i].delta);
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

static bool write_changes(struct store_disk *d, const struct store_batch *b, struct buf *why) {
    bool ok = store_db_begin(d->db) && (b->id[0] == '\0' || store_db_write_id(d->db, b->id));
    for (size_t i = 0; ok && i < b->count; i++)
        ok = store_db_write(d->db, &b->changes[i].delta);
    return ok ? commit(d, why) : fail(d, store_db_error(d->db), why);
}

/* ---- recovering ---- */

static bool check_id(struct store_disk *d, struct buf *why) {
    struct buf detail = BUF_INIT;
    bool ok = store_db_check_id(d->db, d->state.id, &detail) || fail(d, buf_text(&detail), why);
    buf_fini(&detail);
    return ok;
}

/* The log of changes is emptied first: a log that the disk lost in part ends, at the next start,
 * where it is torn. */
static bool write_all(struct store_disk *d, struct buf *why) {
    bool ok = store_db_checkpoint(d->db, STORE_DB_TRUNCATE) && store_db_begin(d->db) &&
        store_db_write_all(d->db, &d->state);
    return ok ? commit(d, why) : fail(d, store_db_error(d->db), why);
}

/* Where the marker was lost, too, it comes back last. */
static bool mark_anew(struct store_disk *d, struct buf *why) {
    if (access(d->place.marker, F_OK) == 0)
        return true;
    if (mark(d, why) && store_place_hold_anew(&d->place, &d->hold_fd, why))
        return true;
    give_up(d);
    return false;
}

static bool recover(struct store_disk *d, struct buf *why) {
    return store_place_regain(&d->place, &d->hold_fd, why) && open_db(d, &d->state, why) &&
        check_id(d, why) && write_all(d, why) && mark_anew(d, why) && check_files(d, why);
}

bool store_disk_commit(struct store_disk *d, const struct store_batch *b, struct buf *why) {
    take_in(d, b);
    if (d->db != NULL && store_db_log_pages(d->db) > LOG_PAGES_MAX)
        store_disk_rest(d);
    if (d->db == NULL)
        return recover(d, why);
    if (b->count == 0 && b->id[0] == '\0')
        return true; /* a second try after one that worked meanwhile */
    return check_files(d, why) && write_changes(d, b, why) && check_files(d, why);
}

bool store_disk_wants_rest(const struct store_disk *d) {
    return d->db != NULL && store_db_log_pages(d->db) > LOG_PAGES_QUIET;
}

void store_disk_rest(struct store_disk *d) {
    if (store_db_checkpoint(d->db, STORE_DB_PASSIVE))
        return;
    give_up(d);
}
