#include "sentinel/shell/replay.h"

#include "common/buf.h"
#include "sentinel/engine/playback.h"
#include "sentinel/engine/record.h"
#include "sentinel/shell/record_file.h"
#include "sentinel/shell/refusal.h"
#include "sentinel/shell/service.h"

#include <stdio.h>
#include <string.h>

#define STORY_SIZE (256 * 1024) /* bytes of the story that are written at once */

/* One pass over the records of a file. */
struct reading {
    const char *path;
    struct playback *playback; /* borrowed */
    struct record_file *file;  /* owned */
    struct record_reader reader;
    struct buf bytes; /* not read yet */
    struct buf story;
    enum playback_result (*visit)(struct reading *r, const struct record *record);
};

/* How a pass ended. */
enum ending {
    ENDING_WHOLE, /* by the record of the end */
    ENDING_CUT,   /* without one, behind a whole record */
    ENDING_DIFFERENT,
    ENDING_DAMAGED,
};

static void write_story(struct reading *r) {
    fwrite(buf_slice(&r->story).data, 1, buf_size(&r->story), stdout);
    buf_clear(&r->story);
}

static enum playback_result scan(struct reading *r, const struct record *record) {
    playback_scan(r->playback, record);
    return PLAYBACK_GOES_ON;
}

static enum playback_result take(struct reading *r, const struct record *record) {
    if (record->kind == RECORD_START && strcmp(record->version, VEDETTE_VERSION) != 0)
        fprintf(stderr,
            "vedette: %s was recorded by version %s, this is " VEDETTE_VERSION
            ": what it does may differ\n",
            r->path, record->version);
    enum playback_result result = playback_take(r->playback, record, &r->story);
    if (buf_size(&r->story) >= STORY_SIZE)
        write_story(r);
    return result;
}

static enum ending tell_damage(const struct reading *r, const char *what) {
    if (r->visit == take)
        refuse("%s is damaged in the block at byte %llu (%s); all before it was replayed", r->path,
            (unsigned long long)record_file_at(r->file), what);
    return ENDING_DAMAGED;
}

/* Visits the whole records that are there. PLAYBACK_GOES_ON: more are needed. */
static enum playback_result visit_records(struct reading *r, bool *ret_bad) {
    for (;;) {
        struct record record;
        size_t used = 0;
        enum record_read read = record_read(&r->reader, buf_slice(&r->bytes), &record, &used);
        *ret_bad = read == RECORD_READ_BAD;
        if (read != RECORD_READ_ONE)
            return PLAYBACK_GOES_ON;
        enum playback_result result = r->visit(r, &record);
        if (result != PLAYBACK_GOES_ON)
            return result;
        buf_consume(&r->bytes, used);
    }
}

static enum ending read_all(struct reading *r) {
    for (;;) {
        switch (record_file_next(r->file, &r->bytes)) {
        case RECORD_FILE_BLOCK:
            break;
        case RECORD_FILE_END:
            return buf_size(&r->bytes) > 0 ? tell_damage(r, "a record is not complete")
                                           : ENDING_CUT;
        case RECORD_FILE_TORN:
            return tell_damage(r, "it is not complete");
        case RECORD_FILE_BAD:
            return tell_damage(r, "its checksum is wrong");
        }
        bool bad = false;
        enum playback_result result = visit_records(r, &bad);
        if (bad)
            return tell_damage(r, r->reader.error);
        if (result != PLAYBACK_GOES_ON)
            return result == PLAYBACK_ENDED ? ENDING_WHOLE : ENDING_DIFFERENT;
    }
}

static void reading_fini(struct reading *r) {
    record_file_close(r->file);
    record_reader_fini(&r->reader);
    buf_fini(&r->bytes);
    buf_fini(&r->story);
}

static int tell(const struct reading *r, enum ending ending) {
    unsigned long long inputs = playback_inputs(r->playback);
    switch (ending) {
    case ENDING_WHOLE:
        fprintf(stderr, "%s: %llu inputs, the effects are those that were recorded; ended by: %s\n",
            r->path, inputs, playback_why(r->playback));
        return SERVICE_OK;
    case ENDING_CUT:
        fprintf(stderr,
            "%s: %llu inputs, the effects are those that were recorded; it has no end: the process "
            "was killed, or goes on\n",
            r->path, inputs);
        return SERVICE_OK;
    case ENDING_DIFFERENT:
        return refuse("%s differs %s", r->path, playback_why(r->playback));
    case ENDING_DAMAGED:
        break;
    }
    return SERVICE_REFUSED;
}

/* What the file holds is visited, once. */
static int run_pass(const char *path, struct playback *playback,
    enum playback_result (*visit)(struct reading *r, const struct record *record)) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    struct reading r = { .path = path, .playback = playback, .visit = visit };
    r.file = record_file_open(path, &why);
    if (r.file == NULL)
        return refuse("%s", buf_text(&why));
    int status = SERVICE_OK;
    enum ending ending = read_all(&r);
    if (visit == take) { /* its engine borrows from the reader */
        write_story(&r);
        fflush(stdout);
        status = tell(&r, ending);
        playback_free(playback);
    }
    reading_fini(&r);
    return status;
}

int replay_file(const char *path) {
    struct playback *playback = playback_new();
    int status = run_pass(path, playback, scan);
    if (status == SERVICE_OK)
        return run_pass(path, playback, take);
    playback_free(playback);
    return status;
}
