#include "tests/sim/tape.h"

#include "common/mem.h"
#include "common/rng.h"
#include "sentinel/engine/playback.h"
#include "sentinel/engine/record.h"
#include "sentinel/engine/recording.h"

struct tape {
    struct recording *recording; /* owned */
    struct buf bytes;
};

struct tape *tape_new(uint64_t seed) {
    struct tape *t = mem_new(struct tape);
    struct rng rng;
    char key[MASK_KEY_SIZE];
    rng_init(&rng, seed);
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (char)rng_between(&rng, 0, 127);
    t->recording = recording_new(key, &t->bytes);
    return t;
}

void tape_start(struct tape *t, const struct engine_options *options, struct now now) {
    if (t != NULL)
        recording_start(t->recording, options, now, "sim");
}

void tape_input(struct tape *t, const struct engine *e, struct now now, const struct input *in) {
    if (t != NULL)
        recording_input(t->recording, e, now, in);
}

void tape_effects(struct tape *t, const struct engine *e, const struct effects *effects) {
    if (t != NULL)
        recording_effects(t->recording, e, effects, 0);
}

/* ---- playing it ---- */

static enum playback_result scan(struct playback *p, const struct record *r, struct buf *story) {
    (void)story;
    playback_scan(p, r);
    return PLAYBACK_GOES_ON;
}

/* Frees the playback when it has taken all. */
static void play(const struct tape *t, struct playback *p, struct buf *why, bool is_last,
    enum playback_result (*visit)(struct playback *p, const struct record *r, struct buf *story)) {
    struct record_reader *reader = mem_new(struct record_reader);
    struct slice rest = buf_slice(&t->bytes);
    struct buf story CLEANUP(buf_fini) = BUF_INIT;
    enum playback_result result = PLAYBACK_GOES_ON;
    while (rest.size > 0 && result == PLAYBACK_GOES_ON) {
        struct record r;
        size_t used = 0;
        buf_clear(&story);
        if (record_read(reader, rest, &r, &used) != RECORD_READ_ONE) {
            buf_printf(why, "a record cannot be read: %s", reader->error);
            break;
        }
        rest = slice_sub(rest, used, SIZE_MAX);
        result = visit(p, &r, &story);
    }
    if (result == PLAYBACK_DIFFERS)
        buf_add_text(why, playback_why(p));
    if (is_last)
        playback_free(p); /* its engine borrows from the reader */
    record_reader_fini(reader);
    mem_free(reader);
}

void tape_end(struct tape *t, const char *name, struct buf *why) {
    if (t == NULL)
        return;
    recording_end(t->recording, slice_of(name));
    if (buf_size(why) == 0) {
        struct playback *p = playback_new();
        play(t, p, why, false, scan);
        play(t, p, why, true, playback_take);
        if (buf_size(why) > 0)
            buf_printf(why, " (%s)", name);
    }
    recording_free(t->recording);
    buf_fini(&t->bytes);
    mem_free(t);
}
