#include "sentinel/shell/store.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/store_db.h"
#include "sentinel/shell/store_place.h"
#include "sentinel/shell/test_hook.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOG_PAGES_MAX 1000 /* some 4 MB; then the log of changes is moved into the database */

struct store {
    char *path;            /* owned */
    struct store_db *db;   /* owned; NULL after a failure */
    int hold_fd;           /* keeps others away while the database is closed, too; -1 = not yet */
    struct state copy;     /* with all that was added */
    uint64_t commit_count; /* tried, for the tests */
    bool fresh;
    bool begun;       /* a transaction is open */
    bool failed;      /* within this commit */
    struct buf error; /* of the last failure */
};

/* ---- opening ---- */

static bool open_db(struct store *s, enum store_place_start start, struct buf *why) {
    char id[ID_SIZE];
    draw_id(id);
    struct buf detail = BUF_INIT;
    s->db = store_db_open(
        s->path, start == STORE_PLACE_FRESH ? STORE_DB_FRESH : STORE_DB_EXISTING, id, &detail);
    if (s->db != NULL && !store_db_load(s->db, &s->copy, &detail)) {
        store_db_close(s->db);
        s->db = NULL;
    }
    if (s->db == NULL)
        buf_printf(why, "%s: %s", s->path, buf_text(&detail));
    buf_fini(&detail);
    return s->db != NULL;
}

static bool mark(const struct store_place *place, struct buf *why) {
    int r = store_place_mark(place);
    if (r < 0)
        buf_printf(why, "%s: %s", place->marker, strerror(-r));
    return r == 0;
}

static bool hold(struct store *s, const struct store_place *place, struct buf *why) {
    int r = store_place_hold(place, &s->hold_fd);
    if (r < 0)
        buf_printf(why, "%s: %s", place->database,
            r == -EWOULDBLOCK ? "another process is using it" : strerror(-r));
    return r == 0;
}

/* The marker comes last: from then on the database has to be there. */
static bool start_fresh(struct store *s, const struct store_place *place, struct buf *why) {
    test_hook_before_commit(0);
    if (!open_db(s, STORE_PLACE_FRESH, why))
        return false;
    test_hook_after_commit(0);
    return mark(place, why) && hold(s, place, why);
}

struct store *store_open(const struct store_place *place, struct buf *why) {
    enum store_place_start start;
    if (!store_place_prepare(place, &start, why))
        return NULL;
    struct store *s = mem_new(struct store);
    s->path = mem_strdup(place->database);
    s->fresh = start == STORE_PLACE_FRESH;
    s->error = BUF_INIT;
    s->hold_fd = -1;
    state_init(&s->copy);
    bool ok = s->fresh ? start_fresh(s, place, why)
                       : hold(s, place, why) && open_db(s, STORE_PLACE_KNOWN, why);
    if (ok)
        return s;
    store_close(s);
    return NULL;
}

void store_close(struct store *s) {
    if (s == NULL)
        return;
    store_db_close(s->db);
    if (s->hold_fd >= 0)
        close(s->hold_fd);
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

const char *store_error(const struct store *s) {
    return buf_text(&s->error);
}

/* ---- writing ---- */

static void fail(struct store *s, const char *why) {
    buf_clear(&s->error);
    buf_add_text(&s->error, why);
    store_db_close(s->db);
    s->db = NULL;
    s->begun = false;
    s->failed = true;
}

/* Begins the transaction with the first change. */
static bool begin(struct store *s) {
    if (s->db == NULL)
        return false;
    if (!s->begun)
        s->begun = store_db_begin(s->db);
    if (!s->begun)
        fail(s, store_db_error(s->db));
    return s->begun;
}

void store_add(struct store *s, const struct delta *deltas, size_t count) {
    for (size_t i = 0; i < count; i++) {
        state_apply(&s->copy, &deltas[i]);
        if (begin(s) && !store_db_write(s->db, &deltas[i]))
            fail(s, store_db_error(s->db));
    }
}

void store_adopt_id(struct store *s, const char id[static ID_SIZE]) {
    memcpy(s->copy.id, id, ID_SIZE);
    if (begin(s) && !store_db_write_id(s->db, id))
        fail(s, store_db_error(s->db));
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
static bool write_all(struct store *s) {
    struct rewrite r = {
        .db = s->db,
        .ok = store_db_checkpoint(s->db, STORE_DB_TRUNCATE) && store_db_begin(s->db) &&
            store_db_clear(s->db) && store_db_write_id(s->db, s->copy.id),
    };
    state_deltas(&s->copy, write_one, &r);
    s->begun = r.ok;
    return r.ok;
}

static void reopen(struct store *s) {
    struct buf why = BUF_INIT;
    s->db = store_db_open(s->path, STORE_DB_EXISTING, NULL, &why);
    if (s->db == NULL)
        fail(s, buf_text(&why));
    else if (!write_all(s))
        fail(s, store_db_error(s->db));
    buf_fini(&why);
}

static void commit(struct store *s) {
    uint64_t number = ++s->commit_count;
    test_hook_before_commit(number);
    if (test_hook_fails_commit(number))
        fail(s, "No space left on device");
    else if (!store_db_commit(s->db))
        fail(s, store_db_error(s->db));
    else
        test_hook_after_commit(number);
    s->begun = false;
}

bool store_commit(struct store *s) {
    if (s->db == NULL && !s->failed)
        reopen(s);
    if (s->begun)
        commit(s);
    bool done = !s->failed;
    s->failed = false;
    return done;
}

bool store_wants_rest(const struct store *s) {
    return s->db != NULL && !s->begun && store_db_log_pages(s->db) > LOG_PAGES_MAX;
}

void store_rest(struct store *s) {
    if (!store_wants_rest(s))
        return;
    if (!store_db_checkpoint(s->db, STORE_DB_PASSIVE)) {
        fail(s, store_db_error(s->db));
        s->failed = false; /* of no commit: the next one writes everything */
    }
}
