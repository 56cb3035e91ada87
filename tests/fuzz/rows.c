#include "tests/fuzz/rows.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/merge.h"
#include "sentinel/engine/engine.h"
#include "sentinel/shell/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    char folder[4096];
    char path[4112], log_path[4128], index_path[4128];
    struct buf database, log;
} rows;

static void clean_up(void) {
    unlink(rows.path);
    unlink(rows.log_path);
    unlink(rows.index_path);
    rmdir(rows.folder);
    buf_fini(&rows.database);
    buf_fini(&rows.log);
}

static void read_file(const char *path, struct buf *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size;
    fuzz_check(fd >= 0);
    do {
        size = read(fd, buf_reserve(out, 65536), 65536);
        fuzz_check(size >= 0);
        buf_commit(out, (size_t)size);
    } while (size > 0);
    close(fd);
}

static void write_file(const char *path, struct slice bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_check(fd >= 0);
    fuzz_check(write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    close(fd);
}

static struct endpoint host(const char *name, uint16_t port) {
    struct endpoint e;
    fuzz_check(endpoint_make(slice_of(name), port, &e));
    return e;
}

void rows_learn(struct state *s) {
    struct delta deltas[] = {
        { .kind = DELTA_EPOCH, .epoch = 7 },
        { .kind = DELTA_COUNTER, .counter = 70000 },
        { .kind = DELTA_LISTING, .value = SLICE_LITERAL("0123456789abcdef") },
        { .kind = DELTA_GROUP,
            .group = SLICE_LITERAL("mymaster"),
            .record = { .origin = GROUP_FROM_FILE,
                .master = host("10.0.0.4", 6379),
                .seed = host("10.0.0.1", 6379),
                .config_epoch = 5,
                .vote_epoch = 7,
                .vote_for = "43a6b503dad0d9e4e3902c03e92e684d3a1d4233" } },
        { .kind = DELTA_GROUP,
            .group = SLICE_LITERAL("made"),
            .record = { .origin = GROUP_FROM_RUNTIME,
                .master = host("10.0.0.2", 6379),
                .seed = host("10.0.0.2", 6379) } },
        { .kind = DELTA_GROUP,
            .group = SLICE_LITERAL("gone"),
            .record = { .origin = GROUP_REMOVED, .vote_epoch = 3, .section = "0123456789abcdef" } },
        { .kind = DELTA_REPLICA,
            .group = SLICE_LITERAL("mymaster"),
            .address = host("10.0.0.1", 6379) },
        { .kind = DELTA_REPLICA, .group = SLICE_LITERAL("mymaster"), .address = host("::1", 6379) },
        { .kind = DELTA_PEER,
            .group = SLICE_LITERAL("mymaster"),
            .id = SLICE_LITERAL("43a6b503dad0d9e4e3902c03e92e684d3a1d4233"),
            .address = host("10.0.0.8", 26379) },
        { .kind = DELTA_OVERRIDE,
            .group = SLICE_LITERAL("mymaster"),
            .option = SLICE_LITERAL("quorum"),
            .value = SLICE_LITERAL("3"),
            .file_value = SLICE_LITERAL("2") },
        { .kind = DELTA_OVERRIDE,
            .option = SLICE_LITERAL("announce"),
            .value = SLICE_LITERAL("10.0.0.7:26379"),
            .file_value = SLICE_LITERAL("") },
        { .kind = DELTA_OVERRIDE,
            .option = SLICE_LITERAL("clients.users.u"),
            .value = SLICE_LITERAL("on >x"),
            .file_value = SLICE_LITERAL("") },
    };
    state_init(s);
    memcpy(s->id, "f413a4d519016d5adc6d4bda3c1e771556186033", sizeof(s->id));
    for (size_t i = 0; i < ARRAY_SIZE(deltas); i++)
        state_apply(s, &deltas[i]);
}

/* The database is copied while it is open, so that its log is not moved into it. */
static void make_database(void) {
    struct state state;
    struct buf why = BUF_INIT;
    const struct delta later = { .kind = DELTA_EPOCH, .epoch = 8 };
    rows_learn(&state);
    write_file(rows.path, SLICE_EMPTY);
    struct store_db *db = store_db_open(rows.path, &state, &why);
    fuzz_check(db != NULL);
    fuzz_check(store_db_checkpoint(db, STORE_DB_TRUNCATE));
    fuzz_check(store_db_begin(db));
    fuzz_check(store_db_write(db, &later));
    fuzz_check(store_db_commit(db));
    read_file(rows.path, &rows.database);
    read_file(rows.log_path, &rows.log);
    store_db_abandon(db);
    state_fini(&state);
    buf_fini(&why);
}

static void prepare(void) {
    if (rows.folder[0] != '\0')
        return;
    const char *below = getenv("TMPDIR");
    if (below == NULL)
        below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(rows.folder, sizeof(rows.folder), "%s/vedette-fuzz-XXXXXX", below);
    fuzz_check(mkdtemp(rows.folder) != NULL);
    (void)snprintf(rows.path, sizeof(rows.path), "%s/db", rows.folder);
    (void)snprintf(rows.log_path, sizeof(rows.log_path), "%s-wal", rows.path);
    (void)snprintf(rows.index_path, sizeof(rows.index_path), "%s-shm", rows.path);
    fuzz_check(atexit(clean_up) == 0);
    make_database();
}

const char *rows_path(void) {
    prepare();
    return rows.path;
}

const char *rows_log_path(void) {
    prepare();
    return rows.log_path;
}

struct slice rows_database(void) {
    prepare();
    return buf_slice(&rows.database);
}

struct slice rows_log(void) {
    prepare();
    return buf_slice(&rows.log);
}

void rows_write(struct slice database, struct slice log) {
    prepare();
    write_file(rows.path, database);
    unlink(rows.index_path);
    if (log.size > 0)
        write_file(rows.log_path, log);
    else
        unlink(rows.log_path);
}

/* ---- a start ---- */

static void check_group(const struct group_state *g) {
    fuzz_check(memchr(g->name, '\0', sizeof(g->name)) != NULL);
    fuzz_check(memchr(g->record.vote_for, '\0', sizeof(g->record.vote_for)) != NULL);
    fuzz_check(memchr(g->record.section, '\0', sizeof(g->record.section)) != NULL);
    fuzz_check((int)g->record.origin >= GROUP_FROM_FILE && g->record.origin <= GROUP_REMOVED);
}

static void check_state(const struct state *s) {
    fuzz_check(strlen(s->id) == ID_LENGTH);
    fuzz_check(strlen(s->listing) < DIGEST_HEX_SIZE);
    map_for_each(g, &s->groups, struct group_state)
        check_group(g);
}

/* With a configuration of which the state knows some and not the rest. false: what the state has
 * stands against it. */
static bool check_engine(const struct state *s) {
    struct settings settings;
    struct plan plan;
    struct diag diag;
    struct effects effects = EFFECTS_INIT;
    const struct process_facts facts = { .run_id = "x",
        .executable = "/x",
        .config_file = "/c",
        .os = "o",
        .compiler = "c",
        .multiplexer = "m" };
    struct now now = { .mono_ms = 1000, .heard_ms = 1000, .wall_ms = 1000, .wake = 1 };
    diag_init(&diag, "f");
    fuzz_check(load_yaml(SLICE_LITERAL("groups: {mymaster: {master: '10.0.0.1:6379', quorum: 2},\n"
                                       "  other: {master: '10.0.0.3:6379', quorum: 1}}\n"),
        &settings, &diag));
    plan_init(&plan);
    bool merged = config_merge(&settings, s, MERGE_YAML, &plan, &diag);
    if (merged) {
        struct engine_options options = { .state = s, .plan = &plan, .facts = &facts, .seed = 1 };
        struct engine *e = engine_new(&options, now, &effects);
        for (int i = 0; i < 3; i++) {
            now.mono_ms = now.heard_ms += 1000;
            now.wake++;
            engine_step(e, now, &(struct input){ .kind = INPUT_TIMER }, &effects);
            effects_clear(&effects);
        }
        engine_free(e);
    }
    effects_fini(&effects);
    plan_fini(&plan);
    settings_fini(&settings);
    diag_fini(&diag);
    return merged;
}

static void apply(const struct delta *d, void *context) {
    state_apply(context, d);
}

/* What was read is what its own changes build. */
static void check_deltas(const struct state *s) {
    struct state built;
    state_init(&built);
    memcpy(built.id, s->id, sizeof(built.id));
    state_deltas(s, apply, &built);
    fuzz_check(state_equal(s, &built));
    state_fini(&built);
}

/* Writing it again works, or fails with a reason; then it reads back. */
static void check_written(struct store_db *db, const struct state *s) {
    struct state again;
    struct buf why = BUF_INIT;
    if (!store_db_begin(db) || !store_db_write_all(db, s) || !store_db_commit(db)) {
        fuzz_check(store_db_error(db)[0] != '\0');
        return;
    }
    state_init(&again);
    if (store_db_load(db, &again, &why))
        fuzz_check(state_equal(s, &again));
    state_fini(&again);
    buf_fini(&why);
}

void rows_check_start(void) {
    struct state state;
    struct buf why = BUF_INIT;
    struct store_db *db = store_db_open(rows.path, NULL, &why);
    state_init(&state);
    bool taken = db != NULL && store_db_load(db, &state, &why);
    if (getenv("FUZZ_TRACE") != NULL)
        fprintf(stderr, "%s: %s\n", taken ? "taken" : "refused", buf_text(&why));
    fuzz_check(taken == (buf_size(&why) == 0));
    if (taken) {
        check_state(&state);
        check_deltas(&state);
        (void)check_engine(&state);
        check_written(db, &state);
    }
    store_db_abandon(db);
    state_fini(&state);
    buf_fini(&why);
}
