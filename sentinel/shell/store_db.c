#include "sentinel/shell/store_db.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x76656474 /* "vedt" */
#define SCHEMA_VERSION 4

/* Epochs have 64 bits without sign, SQLite's integers 64 with: they are kept bit for bit. Lists are
 * read back in the order in which they grew, that of the rowid. */
#define PROCESS_OVERRIDES \
    "CREATE TABLE process_overrides(" \
    " key INTEGER PRIMARY KEY," \
    " option TEXT NOT NULL UNIQUE," \
    " value TEXT NOT NULL, file_value TEXT NOT NULL);"

#define HEARD \
    "CREATE TABLE heard(" \
    " key INTEGER PRIMARY KEY," \
    " group_key INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE," \
    " id TEXT NOT NULL, counter INTEGER NOT NULL," \
    " UNIQUE(group_key, id));"

static const char SCHEMA[] = "CREATE TABLE meta("
                             " one INTEGER PRIMARY KEY CHECK(one = 1),"
                             " id TEXT NOT NULL,"
                             " current_epoch INTEGER NOT NULL,"
                             " listing TEXT NOT NULL DEFAULT '',"
                             " hello_counter INTEGER NOT NULL DEFAULT 0);"
                             "CREATE TABLE groups("
                             " key INTEGER PRIMARY KEY,"
                             " name TEXT NOT NULL UNIQUE,"
                             " origin INTEGER NOT NULL,"
                             " master_host TEXT NOT NULL, master_port INTEGER NOT NULL,"
                             " seed_host TEXT NOT NULL, seed_port INTEGER NOT NULL,"
                             " config_epoch INTEGER NOT NULL,"
                             " vote_epoch INTEGER NOT NULL, vote_for TEXT NOT NULL,"
                             " section TEXT NOT NULL);"
                             "CREATE TABLE replicas("
                             " key INTEGER PRIMARY KEY,"
                             " group_key INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,"
                             " host TEXT NOT NULL COLLATE NOCASE, port INTEGER NOT NULL,"
                             " UNIQUE(group_key, host, port));"
                             "CREATE TABLE peers("
                             " key INTEGER PRIMARY KEY,"
                             " group_key INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,"
                             " id TEXT NOT NULL,"
                             " host TEXT NOT NULL, port INTEGER NOT NULL,"
                             " UNIQUE(group_key, id));"
                             "CREATE TABLE overrides("
                             " key INTEGER PRIMARY KEY,"
                             " group_key INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,"
                             " option TEXT NOT NULL,"
                             " value TEXT NOT NULL, file_value TEXT NOT NULL,"
                             " UNIQUE(group_key, option));" PROCESS_OVERRIDES HEARD;

/* What each schema has more than the one before: [i] leads from i + 1 to i + 2. */
static const char *const migrations[] = {
    PROCESS_OVERRIDES,
    "ALTER TABLE meta ADD COLUMN listing TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE meta ADD COLUMN hello_counter INTEGER NOT NULL DEFAULT 0;" HEARD,
};
static_assert(ARRAY_SIZE(migrations) == SCHEMA_VERSION - 1, "a step for each schema");

#define DELTA_KIND_COUNT (DELTA_COUNTER + 1)
#define STEPS_MAX        3
#define GROUP_KEY        "(SELECT key FROM groups WHERE name = :group)"

/* What each kind of change does, up to three statements; the parameters are bound by name. */
static const char *const change_sql[DELTA_KIND_COUNT][STEPS_MAX] = {
    [DELTA_EPOCH] = { "UPDATE meta SET current_epoch = :epoch" },
    [DELTA_LISTING] = { "UPDATE meta SET listing = :value" },
    [DELTA_COUNTER] = { "UPDATE meta SET hello_counter = :counter WHERE :group = ''",
        "INSERT INTO heard(group_key, id, counter)"
        " SELECT key, :id, :counter FROM groups WHERE name = :group"
        " ON CONFLICT(group_key, id) DO UPDATE SET counter = max(counter, excluded.counter)" },
    [DELTA_GROUP] = { "INSERT INTO groups(name, origin, master_host, master_port, seed_host, seed_port,"
                      "  config_epoch, vote_epoch, vote_for, section)"
                      " VALUES(:group, :origin, :master_host, :master_port, :seed_host, :seed_port,"
                      "  :config_epoch, :vote_epoch, :vote_for, :section)"
                      " ON CONFLICT(name) DO UPDATE SET origin = excluded.origin,"
                      "  master_host = excluded.master_host, master_port = excluded.master_port,"
                      "  seed_host = excluded.seed_host, seed_port = excluded.seed_port,"
                      "  config_epoch = excluded.config_epoch, vote_epoch = excluded.vote_epoch,"
                      "  vote_for = excluded.vote_for, section = excluded.section" },
    [DELTA_GROUP_FORGET] = { "DELETE FROM groups WHERE name = :group" },
    [DELTA_GROUP_EMPTY] = { "DELETE FROM replicas WHERE group_key = " GROUP_KEY,
        "DELETE FROM peers WHERE group_key = " GROUP_KEY,
        "DELETE FROM overrides WHERE group_key = " GROUP_KEY },
    [DELTA_REPLICA] = { "INSERT OR IGNORE INTO replicas(group_key, host, port)"
                        " SELECT key, :host, :port FROM groups WHERE name = :group" },
    [DELTA_REPLICA_GONE] = { "DELETE FROM replicas WHERE group_key = " GROUP_KEY
                             " AND host = :host AND port = :port" },
    [DELTA_PEER] = { "INSERT INTO peers(group_key, id, host, port)"
                     " SELECT key, :id, :host, :port FROM groups WHERE name = :group"
                     " ON CONFLICT(group_key, id) DO UPDATE SET host = excluded.host,"
                     "  port = excluded.port" },
    [DELTA_PEER_GONE] = { "DELETE FROM peers WHERE group_key = " GROUP_KEY " AND id = :id" },
    [DELTA_OVERRIDE] = { "INSERT INTO overrides(group_key, option, value, file_value)"
                         " SELECT key, :option, :value, :file_value FROM groups WHERE name = :group"
                         " ON CONFLICT(group_key, option) DO UPDATE SET value = excluded.value,"
                         "  file_value = excluded.file_value",
        "INSERT INTO process_overrides(option, value, file_value)"
        " SELECT :option, :value, :file_value WHERE :group = ''"
        " ON CONFLICT(option) DO UPDATE SET value = excluded.value,"
        "  file_value = excluded.file_value" },
    [DELTA_OVERRIDE_GONE] = { "DELETE FROM overrides WHERE group_key = " GROUP_KEY
                              " AND option = :option",
        "DELETE FROM process_overrides WHERE :group = '' AND option = :option" },
};

struct store_db {
    sqlite3 *sqlite;                                    /* owned */
    sqlite3_stmt *changes[DELTA_KIND_COUNT][STEPS_MAX]; /* owned; prepared when first needed */
    int log_pages;
};

/* ---- small steps ---- */

static bool run(struct store_db *db, const char *sql) {
    return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK;
}

const char *store_db_path(const struct store_db *db) {
    return sqlite3_db_filename(db->sqlite, "main");
}

const char *store_db_log_path(const struct store_db *db) {
    return sqlite3_filename_wal(store_db_path(db));
}

/* SQLite opens for reading what it may not write, and says so only when it is to write. */
static const char *why_readonly(const struct store_db *db) {
    if (access(store_db_path(db), W_OK) < 0)
        return strerror(errno);
    return sqlite3_errmsg(db->sqlite);
}

/* The errno that one of the two files met last; 0 = none. */
static int last_errno(const struct store_db *db, int which) {
    sqlite3_file *file = NULL;
    int found = 0;
    if (sqlite3_file_control(db->sqlite, "main", which, (void *)&file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &found) != SQLITE_OK)
        return 0;
    return found;
}

/* SQLite keeps that of most statements, but not that of COMMIT. */
static int os_error(const struct store_db *db) {
    int found = sqlite3_system_errno(db->sqlite);
    if (found == 0)
        found = last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER);
    return found != 0 ? found : last_errno(db, SQLITE_FCNTL_FILE_POINTER);
}

const char *store_db_error(const struct store_db *db) {
    int code = sqlite3_errcode(db->sqlite) & 0xff;
    if (code == SQLITE_FULL)
        return strerror(ENOSPC);
    if (code == SQLITE_READONLY)
        return why_readonly(db);
    int error = code == SQLITE_IOERR || code == SQLITE_CANTOPEN ? os_error(db) : 0;
    return error != 0 ? strerror(error) : sqlite3_errmsg(db->sqlite);
}

static sqlite3_stmt *prepare(struct store_db *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        return NULL;
    return s;
}

static void statement_end(sqlite3_stmt **s) {
    sqlite3_finalize(*s);
}

/* The first column of the first row. */
static bool query_integer(struct store_db *db, const char *sql, int64_t *ret) {
    CLEANUP(statement_end) sqlite3_stmt *s = prepare(db, sql);
    if (s == NULL || sqlite3_step(s) != SQLITE_ROW)
        return false;
    *ret = sqlite3_column_int64(s, 0);
    return true;
}

/* ---- writing ---- */

static bool bind_text(sqlite3_stmt *s, int at, struct slice text) {
    const char *data = text.size > 0 ? text.data : "";
    return sqlite3_bind_text64(s, at, data, text.size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
}

static bool bind_integer(sqlite3_stmt *s, int at, int64_t value) {
    return sqlite3_bind_int64(s, at, value) == SQLITE_OK;
}

static bool bind_by_name(sqlite3_stmt *s, int at, const char *name, const struct delta *d) {
    const struct group_record *r = &d->record;
    const struct {
        const char *name;
        struct slice text;
    } texts[] = {
        { ":group", d->group },
        { ":id", d->id },
        { ":host", slice_of(d->address.host) },
        { ":option", d->option },
        { ":value", d->value },
        { ":file_value", d->file_value },
        { ":master_host", slice_of(r->master.host) },
        { ":seed_host", slice_of(r->seed.host) },
        { ":vote_for", slice_of(r->vote_for) },
        { ":section", slice_of(r->section) },
    };
    const struct {
        const char *name;
        int64_t value;
    } integers[] = {
        { ":epoch", (int64_t)d->epoch },
        { ":counter", (int64_t)d->counter },
        { ":port", d->address.port },
        { ":origin", (int64_t)r->origin },
        { ":master_port", r->master.port },
        { ":seed_port", r->seed.port },
        { ":config_epoch", (int64_t)r->config_epoch },
        { ":vote_epoch", (int64_t)r->vote_epoch },
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (strcmp(name, texts[i].name) == 0)
            return bind_text(s, at, texts[i].text);
    for (size_t i = 0; i < ARRAY_SIZE(integers); i++)
        if (strcmp(name, integers[i].name) == 0)
            return bind_integer(s, at, integers[i].value);
    return false;
}

static bool run_change(sqlite3_stmt *s, const struct delta *d) {
    bool bound = true;
    for (int at = 1; at <= sqlite3_bind_parameter_count(s); at++)
        bound = bound && bind_by_name(s, at, sqlite3_bind_parameter_name(s, at), d);
    ensure(bound);
    int r = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return r == SQLITE_DONE;
}

bool store_db_begin(struct store_db *db) {
    return run(db, "BEGIN IMMEDIATE");
}

bool store_db_write(struct store_db *db, const struct delta *d) {
    for (size_t i = 0; i < STEPS_MAX && change_sql[d->kind][i] != NULL; i++) {
        sqlite3_stmt **s = &db->changes[d->kind][i];
        if (*s == NULL)
            *s = prepare(db, change_sql[d->kind][i]);
        if (*s == NULL || !run_change(*s, d))
            return false;
    }
    return true;
}

bool store_db_write_id(struct store_db *db, const char *id) {
    CLEANUP(statement_end)
    sqlite3_stmt *s = prepare(db,
        "INSERT INTO meta(one, id, current_epoch) VALUES(1, ?1, 0) ON CONFLICT DO UPDATE SET id = ?1");
    return s != NULL && bind_text(s, 1, slice_of(id)) && sqlite3_step(s) == SQLITE_DONE;
}

struct rewrite {
    struct store_db *db;
    bool ok;
};

static void write_one(const struct delta *d, void *context) {
    struct rewrite *r = context;
    r->ok = r->ok && store_db_write(r->db, d);
}

bool store_db_write_all(struct store_db *db, const struct state *state) {
    struct rewrite r = {
        .db = db,
        .ok = run(db, "DELETE FROM groups; DELETE FROM process_overrides") && /* and all below */
            store_db_write_id(db, state->id),
    };
    state_deltas(state, write_one, &r);
    return r.ok;
}

bool store_db_commit(struct store_db *db) {
    return run(db, "COMMIT");
}

static int on_log(void *context, sqlite3 *sqlite, const char *name, int pages) {
    (void)sqlite;
    (void)name;
    struct store_db *db = context;
    db->log_pages = pages;
    return SQLITE_OK;
}

int store_db_log_pages(const struct store_db *db) {
    return db->log_pages;
}

bool store_db_checkpoint(struct store_db *db, enum store_db_checkpoint how) {
    int mode = how == STORE_DB_PASSIVE ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
    if (sqlite3_wal_checkpoint_v2(db->sqlite, "main", mode, NULL, NULL) != SQLITE_OK)
        return false;
    db->log_pages = 0;
    return true;
}

/* ---- opening ---- */

static bool refuse(struct buf *why, const char *text) {
    buf_add_text(why, text);
    return false;
}

static bool refuse_for(struct store_db *db, struct buf *why) {
    if (sqlite3_errcode(db->sqlite) == SQLITE_BUSY)
        return refuse(why, "another process is using it");
    return refuse(why, store_db_error(db));
}

/* Exclusive before WAL: no shared memory, and a second process is refused. The last step takes the
 * lock. */
static bool take_hold(struct store_db *db, struct buf *why) {
    sqlite3_extended_result_codes(db->sqlite, 0);
    if (run(db,
            "PRAGMA locking_mode = EXCLUSIVE;"
            "PRAGMA journal_mode = WAL;"
            "PRAGMA synchronous = FULL;"
            "PRAGMA wal_autocheckpoint = 0;"
            "PRAGMA foreign_keys = ON;"
            "BEGIN IMMEDIATE;"
            "COMMIT")) {
        sqlite3_wal_hook(db->sqlite, on_log, db); /* wal_autocheckpoint takes it away */
        return true;
    }
    return refuse_for(db, why);
}

static bool check_pages(struct store_db *db, struct buf *why) {
    CLEANUP(statement_end) sqlite3_stmt *s = prepare(db, "PRAGMA quick_check(1)");
    if (s == NULL || sqlite3_step(s) != SQLITE_ROW)
        return refuse_for(db, why);
    const char *text = (const char *)sqlite3_column_text(s, 0);
    if (text != NULL && strcmp(text, "ok") == 0)
        return true;
    buf_printf(why, "it is damaged: %s", text != NULL ? text : "no answer");
    return false;
}

static bool make_tables(struct store_db *db, const struct state *first, struct buf *why) {
    char marks[96];
    sqlite3_snprintf(sizeof(marks), marks, "PRAGMA application_id = %d; PRAGMA user_version = %d",
        APPLICATION_ID, SCHEMA_VERSION);
    if (store_db_begin(db) && run(db, SCHEMA) && run(db, marks) && store_db_write_all(db, first) &&
        store_db_commit(db))
        return true;
    return refuse_for(db, why);
}

static bool migrate(struct store_db *db, int64_t version, struct buf *why) {
    bool ok = store_db_begin(db);
    for (int64_t step = version - 1; step < SCHEMA_VERSION - 1; step++)
        ok = ok && run(db, migrations[step]);
    char mark[64];
    sqlite3_snprintf(sizeof(mark), mark, "PRAGMA user_version = %d", SCHEMA_VERSION);
    if (ok && run(db, mark) && store_db_commit(db))
        return true;
    return refuse_for(db, why);
}

static bool check_schema(struct store_db *db, const struct state *first, struct buf *why) {
    int64_t application, version, tables;
    if (!query_integer(db, "PRAGMA application_id", &application) ||
        !query_integer(db, "PRAGMA user_version", &version) ||
        !query_integer(db, "SELECT count(*) FROM sqlite_schema", &tables))
        return refuse_for(db, why);
    if (first != NULL && application == 0 && version == 0 && tables == 0)
        return make_tables(db, first, why);
    if (application != APPLICATION_ID)
        return refuse(why, tables == 0 ? "it is empty" : "it is not a database of Vedette's");
    if (version > SCHEMA_VERSION) {
        buf_printf(why, "a newer Vedette wrote it (schema %lld; this one knows %d)",
            (long long)version, SCHEMA_VERSION);
        return false;
    }
    if (version < 1)
        return refuse(why, "its schema is unknown");
    return version == SCHEMA_VERSION || migrate(db, version, why);
}

struct store_db *store_db_open(const char *path, const struct state *first, struct buf *why) {
    struct store_db *db = mem_new(struct store_db);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &db->sqlite, flags, NULL) == SQLITE_OK || refuse_for(db, why);
    if (ok && take_hold(db, why) && check_pages(db, why) && check_schema(db, first, why))
        return db;
    store_db_abandon(db);
    return NULL;
}

void store_db_close(struct store_db *db) {
    if (db == NULL)
        return;
    for (size_t kind = 0; kind < DELTA_KIND_COUNT; kind++)
        for (size_t i = 0; i < STEPS_MAX; i++)
            sqlite3_finalize(db->changes[kind][i]);
    sqlite3_close(db->sqlite);
    mem_free(db);
}

/* The log is neither moved into the database nor removed: what lies there now under its name may be
 * somebody else's. */
void store_db_abandon(struct store_db *db) {
    if (db != NULL && db->sqlite != NULL)
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    store_db_close(db);
}

/* ---- reading ---- */

/* Rows become changes of an empty state, so that reading obeys the same bounds as writing. */
struct row {
    sqlite3_stmt *s;
    bool ok; /* every value was of its type and size so far */
};

static struct slice row_text(struct row *row, int column, size_t size_max) {
    struct slice text = {
        .data = (const char *)sqlite3_column_text(row->s, column),
        .size = (size_t)sqlite3_column_bytes(row->s, column),
    };
    if (text.data == NULL || text.size > size_max || memchr(text.data, '\0', text.size) != NULL) {
        row->ok = false;
        return SLICE_EMPTY;
    }
    return text;
}

static uint64_t row_epoch(struct row *row, int column) {
    return (uint64_t)sqlite3_column_int64(row->s, column);
}

static void row_endpoint(struct row *row, int column, struct endpoint *ret) {
    slice_copy(row_text(row, column, sizeof(ret->host) - 1), ret->host, sizeof(ret->host));
    int64_t port = sqlite3_column_int64(row->s, column + 1);
    row->ok = row->ok && port >= 0 && port <= UINT16_MAX;
    ret->port = (uint16_t)port;
}

static void read_meta(struct row *row, struct state *state) {
    slice_copy(row_text(row, 0, ID_LENGTH), state->id, sizeof(state->id));
    state->current_epoch = row_epoch(row, 1);
    slice_copy(row_text(row, 2, DIGEST_HEX_SIZE - 1), state->listing, sizeof(state->listing));
    state->hello_counter = row_epoch(row, 3);
    row->ok = row->ok && strlen(state->id) == ID_LENGTH;
}

static void read_group(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_GROUP, .group = row_text(row, 0, GROUP_NAME_MAX - 1) };
    struct group_record *r = &d.record;
    int64_t origin = sqlite3_column_int64(row->s, 1);
    row->ok = row->ok && origin >= GROUP_FROM_FILE && origin <= GROUP_REMOVED;
    r->origin = row->ok ? (enum group_origin)origin : GROUP_FROM_FILE;
    row_endpoint(row, 2, &r->master);
    row_endpoint(row, 4, &r->seed);
    r->config_epoch = row_epoch(row, 6);
    r->vote_epoch = row_epoch(row, 7);
    slice_copy(row_text(row, 8, sizeof(r->vote_for) - 1), r->vote_for, sizeof(r->vote_for));
    slice_copy(row_text(row, 9, sizeof(r->section) - 1), r->section, sizeof(r->section));
    if (row->ok)
        state_apply(state, &d);
}

static void read_replica(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_REPLICA, .group = row_text(row, 0, GROUP_NAME_MAX - 1) };
    row_endpoint(row, 1, &d.address);
    if (row->ok)
        state_apply(state, &d);
}

static void read_peer(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_PEER, .group = row_text(row, 0, GROUP_NAME_MAX - 1) };
    d.id = row_text(row, 1, ID_LENGTH);
    row_endpoint(row, 2, &d.address);
    if (row->ok)
        state_apply(state, &d);
}

static void read_heard(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_COUNTER, .group = row_text(row, 0, GROUP_NAME_MAX - 1) };
    d.id = row_text(row, 1, ID_LENGTH);
    d.counter = row_epoch(row, 2);
    if (row->ok)
        state_apply(state, &d);
}

static void read_override(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_OVERRIDE, .group = row_text(row, 0, GROUP_NAME_MAX - 1) };
    d.option = row_text(row, 1, SIZE_MAX);
    d.value = row_text(row, 2, SIZE_MAX);
    d.file_value = row_text(row, 3, SIZE_MAX);
    if (row->ok)
        state_apply(state, &d);
}

static void read_process_override(struct row *row, struct state *state) {
    struct delta d = { .kind = DELTA_OVERRIDE };
    d.option = row_text(row, 0, SIZE_MAX);
    d.value = row_text(row, 1, SIZE_MAX);
    d.file_value = row_text(row, 2, SIZE_MAX);
    if (row->ok)
        state_apply(state, &d);
}

static const struct {
    const char *sql;
    void (*read)(struct row *row, struct state *state);
} tables[] = {
    { "SELECT id, current_epoch, listing, hello_counter FROM meta", read_meta },
    { "SELECT name, origin, master_host, master_port, seed_host, seed_port, config_epoch,"
      " vote_epoch, vote_for, section FROM groups ORDER BY key",
        read_group },
    { "SELECT name, host, port FROM replicas t JOIN groups g ON g.key = t.group_key ORDER BY t.key",
        read_replica },
    { "SELECT name, id, host, port FROM peers t JOIN groups g ON g.key = t.group_key ORDER BY t.key",
        read_peer },
    { "SELECT name, id, counter FROM heard t JOIN groups g ON g.key = t.group_key ORDER BY t.key",
        read_heard },
    { "SELECT name, option, value, file_value FROM overrides t JOIN groups g ON g.key = t.group_key"
      " ORDER BY t.key",
        read_override },
    { "SELECT option, value, file_value FROM process_overrides ORDER BY key",
        read_process_override },
};

static bool load_table(struct store_db *db, size_t table, struct state *ret, struct buf *why) {
    CLEANUP(statement_end) sqlite3_stmt *s = prepare(db, tables[table].sql);
    if (s == NULL)
        return refuse_for(db, why);
    struct row row = { .s = s, .ok = true };
    int r;
    while ((r = sqlite3_step(s)) == SQLITE_ROW)
        tables[table].read(&row, ret);
    if (r != SQLITE_DONE)
        return refuse_for(db, why);
    return row.ok || refuse(why, "it holds a value that Vedette cannot have written");
}

bool store_db_load(struct store_db *db, struct state *ret, struct buf *why) {
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        if (!load_table(db, i, ret, why))
            return false;
    return ret->id[0] != '\0' || refuse(why, "it holds no id");
}

bool store_db_check_id(struct store_db *db, const char *id, struct buf *why) {
    CLEANUP(statement_end) sqlite3_stmt *s = prepare(db, "SELECT id FROM meta");
    if (s == NULL || sqlite3_step(s) != SQLITE_ROW)
        return refuse_for(db, why);
    const char *found = (const char *)sqlite3_column_text(s, 0);
    if (found != NULL && strcmp(found, id) == 0)
        return true;
    buf_printf(why, "it is the state of another vedette, %s", found != NULL ? found : "without id");
    return false;
}
