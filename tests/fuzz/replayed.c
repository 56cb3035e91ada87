#include "tests/fuzz/replayed.h"

#include "common/buf.h"
#include "sentinel/engine/playback.h"
#include "sentinel/engine/record.h"

#include <stdio.h>
#include <stdlib.h>

/* The records at the start of `bytes`, written anew. Returns how reading them ended. */
static enum record_read rewrite(struct slice bytes, struct buf *out) {
    struct record_reader reader = { .start = NULL };
    struct record_context writing = { .has_started = false };
    enum record_read read = RECORD_READ_MORE;
    while (bytes.size > 0) {
        struct record r;
        size_t used = 0;
        read = record_read(&reader, bytes, &r, &used);
        if (read != RECORD_READ_ONE)
            break;
        fuzz_check(used > 0);
        fuzz_check(used <= bytes.size);
        record_write(&writing, NULL, &r, out);
        bytes = slice_sub(bytes, used, SIZE_MAX);
    }
    if (read == RECORD_READ_BAD)
        fuzz_check(reader.error[0] != '\0');
    record_reader_fini(&reader);
    record_context_fini(&writing);
    return read;
}

static void check_written(struct slice bytes) {
    struct buf once = BUF_INIT, twice = BUF_INIT;
    (void)rewrite(bytes, &once);
    enum record_read read = rewrite(buf_slice(&once), &twice);
    fuzz_check(read == RECORD_READ_ONE || buf_size(&once) == 0);
    fuzz_check(slice_equal(buf_slice(&once), buf_slice(&twice)));
    buf_fini(&once);
    buf_fini(&twice);
}

static void scan(struct playback *p, struct slice bytes) {
    struct record_reader reader = { .start = NULL };
    struct record r;
    size_t used = 0;
    while (bytes.size > 0 && record_read(&reader, bytes, &r, &used) == RECORD_READ_ONE) {
        playback_scan(p, &r);
        bytes = slice_sub(bytes, used, SIZE_MAX);
    }
    record_reader_fini(&reader);
}

static enum playback_result take(struct playback *p, struct slice bytes, struct buf *story) {
    struct record_reader reader = { .start = NULL };
    struct record r;
    size_t used = 0;
    enum playback_result result = PLAYBACK_GOES_ON;
    while (bytes.size > 0 && result == PLAYBACK_GOES_ON &&
        playback_inputs(p) < REPLAYED_INPUTS_MAX &&
        record_read(&reader, bytes, &r, &used) == RECORD_READ_ONE) {
        result = playback_take(p, &r, story);
        bytes = slice_sub(bytes, used, SIZE_MAX);
    }
    if (getenv("FUZZ_TRACE") != NULL)
        fprintf(stderr, "replayed:\n%s%s\n", buf_text(story), playback_why(p));
    playback_free(p); /* borrows from the reader */
    record_reader_fini(&reader);
    return result;
}

enum replayed replayed(struct slice bytes) {
    struct playback *p = playback_new();
    struct buf story = BUF_INIT;
    check_written(bytes);
    scan(p, bytes);
    enum playback_result result = take(p, bytes, &story);
    buf_fini(&story);
    if (result == PLAYBACK_ENDED)
        return REPLAYED_SAME;
    return result == PLAYBACK_GOES_ON ? REPLAYED_OPEN : REPLAYED_DIFFERS;
}
