/* Rows of the state's database with any value in any column: refused, or within bounds. The first
 * byte chooses whether the tables have the constraints that the store gave them. Each row behind
 * it: the table, then for each column its kind of value. */
#include "common/buf.h"
#include "tests/fuzz/rows.h"

#include <sqlite3.h>

#define ROWS_MAX 32

static const struct {
    const char *name, *columns;
    int count;
} tables[] = {
    { "meta", "one, id, current_epoch, listing", 4 },
    { "groups",
        "key, name, origin, master_host, master_port, seed_host, seed_port, config_epoch,"
        " vote_epoch, vote_for, section",
        11 },
    { "replicas", "key, group_key, host, port", 4 },
    { "peers", "key, group_key, id, host, port", 5 },
    { "overrides", "key, group_key, option, value, file_value", 5 },
    { "process_overrides", "key, option, value, file_value", 4 },
};

static const char *const words[] = {
    "mymaster",
    "made",
    "gone",
    "other",
    "10.0.0.1",
    "::1",
    "db.example",
    "",
    "0123456789abcdef0123456789abcdef01234567",
    "43a6b503dad0d9e4e3902c03e92e684d3a1d4233",
    "quorum",
    "down_after",
    "auth.password",
    "rename_commands",
    "scripts.notification",
    "clients.users.u",
    "hostnames.resolve",
    "limits.peers",
    "announce",
    "master",
    "name",
    "3",
    "30s",
    "5000",
    "on >x +@all",
    "CONFIG X,SLAVEOF Y",
};

static void run(sqlite3 *db, const char *sql) {
    fuzz_check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

/* Text of one byte over and over, as much as columns may have and more. */
static void bind_long(sqlite3_stmt *s, int at, struct fuzz_bytes *b) {
    struct buf text = BUF_INIT;
    size_t size = fuzz_choice(b, 300);
    char c = (char)fuzz_byte(b);
    for (size_t i = 0; i < size; i++)
        buf_add_char(&text, c);
    sqlite3_bind_text64(s, at, buf_text(&text), size, SQLITE_TRANSIENT, SQLITE_UTF8);
    buf_fini(&text);
}

static void bind(sqlite3_stmt *s, int at, struct fuzz_bytes *b) {
    struct slice text;
    const char *word;
    switch (fuzz_byte(b) % 8) {
    case 0:
        sqlite3_bind_null(s, at);
        break;
    case 1:
    case 2:
        sqlite3_bind_int64(s, at, fuzz_odd_number(b));
        break;
    case 3:
        text = fuzz_text(b);
        sqlite3_bind_blob64(s, at, text.data, text.size, SQLITE_TRANSIENT);
        break;
    case 4:
        sqlite3_bind_double(s, at, (double)fuzz_odd_number(b) / 3);
        break;
    case 5:
        text = fuzz_text(b);
        sqlite3_bind_text64(s, at, text.data, text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case 6:
        bind_long(s, at, b);
        break;
    default:
        word = words[fuzz_choice(b, ARRAY_SIZE(words))];
        sqlite3_bind_text(s, at, word, -1, SQLITE_STATIC);
        break;
    }
}

static void add_row(sqlite3 *db, struct fuzz_bytes *b) {
    size_t table = fuzz_choice(b, ARRAY_SIZE(tables));
    struct buf sql = BUF_INIT;
    sqlite3_stmt *s = NULL;
    buf_printf(
        &sql, "INSERT OR REPLACE INTO %s(%s) VALUES(?", tables[table].name, tables[table].columns);
    for (int i = 1; i < tables[table].count; i++)
        buf_add_text(&sql, ", ?");
    buf_add_text(&sql, ")");
    fuzz_check(sqlite3_prepare_v2(db, buf_text(&sql), -1, &s, NULL) == SQLITE_OK);
    for (int i = 1; i <= tables[table].count; i++)
        bind(s, i, b);
    (void)sqlite3_step(s); /* constraints may forbid the row */
    sqlite3_finalize(s);
    buf_fini(&sql);
}

/* Tables of the same names with the same rows, in which anything may stand. */
static void drop_constraints(sqlite3 *db) {
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct buf sql = BUF_INIT;
        buf_printf(&sql,
            "CREATE TABLE t AS SELECT %s FROM %s; DROP TABLE %s; ALTER TABLE t RENAME TO %s",
            tables[i].columns, tables[i].name, tables[i].name, tables[i].name);
        run(db, buf_text(&sql));
        buf_fini(&sql);
    }
}

static void change(struct fuzz_bytes *b) {
    sqlite3 *db = NULL;
    uint8_t choice = fuzz_byte(b);
    fuzz_check(sqlite3_open_v2(rows_path(), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    run(db,
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN");
    if ((choice & 1) != 0)
        drop_constraints(db);
    if ((choice & 2) != 0)
        run(db, "DELETE FROM meta");
    for (int i = 0; i < ROWS_MAX && b->size > 0; i++)
        add_row(db, b);
    run(db, "COMMIT");
    sqlite3_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    rows_write(rows_database(), SLICE_EMPTY);
    change(&bytes);
    rows_check_start();
    return 0;
}
