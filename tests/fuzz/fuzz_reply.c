/* Replies of servers through the hiredis reader, under our bounds. However a stream is cut, the
 * same values come of it; written as RESP they read back the same. The first byte decides how the
 * rest is cut. */
#include "common/buf.h"
#include "common/rng.h"
#include "sentinel/shell/reply_reader.h"
#include "tests/fuzz/fuzz.h"

static void write_text(char type, struct slice text, struct buf *out) {
    buf_add_char(out, type);
    buf_add_slice(out, text);
    buf_add_text(out, "\r\n");
}

/* As RESP2, which is canonical: equal values give equal bytes. */
static void write_value(const struct resp_value *v, int depth, struct buf *out) {
    fuzz_check(depth <= REPLY_DEPTH_MAX);
    fuzz_check(v->text.size <= REPLY_TEXT_MAX);
    switch (v->type) {
    case RESP_NULL:
        buf_add_text(out, "$-1\r\n");
        break;
    case RESP_STATUS:
        write_text('+', v->text, out);
        break;
    case RESP_ERROR:
        write_text('-', v->text, out);
        break;
    case RESP_INTEGER:
        buf_printf(out, ":%lld\r\n", (long long)v->integer);
        break;
    case RESP_BULK:
        buf_printf(out, "$%zu\r", v->text.size);
        write_text('\n', v->text, out);
        break;
    case RESP_ARRAY:
        fuzz_check(v->count <= REPLY_ELEMENTS_MAX);
        buf_printf(out, "*%zu\r\n", v->count);
        for (size_t i = 0; i < v->count; i++)
            write_value(&v->elements[i], depth + 1, out);
        break;
    }
}

/* All values of the stream; returns how it ended. piece_max 0: in one piece. */
static enum reply_read read_stream(struct slice bytes, uint8_t piece_max, struct buf *out) {
    struct reply_reader *reader = reply_reader_new();
    struct buf printed = BUF_INIT;
    struct rng rng;
    enum reply_read r = REPLY_MORE;
    rng_init(&rng, piece_max);
    for (size_t at = 0; at < bytes.size && r != REPLY_BAD;) {
        size_t size = piece_max == 0 ? bytes.size : (size_t)rng_between(&rng, 1, piece_max);
        struct slice piece = slice_sub(bytes, at, size);
        const struct resp_value *v = NULL;
        reply_reader_feed(reader, piece);
        at += piece.size;
        while ((r = reply_reader_next(reader, &v)) == REPLY_VALUE) {
            write_value(v, 0, out);
            resp_value_print(v, &printed);
        }
    }
    if (r == REPLY_BAD)
        fuzz_check(reply_reader_error(reader)[0] != '\0');
    if (reply_reader_is_idle(reader))
        fuzz_check(r == REPLY_MORE);
    reply_reader_free(reader);
    buf_fini(&printed);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    uint8_t piece_max = fuzz_byte(&bytes);
    struct slice stream = fuzz_slice(bytes.data, bytes.size);
    struct buf whole = BUF_INIT, cut = BUF_INIT, again = BUF_INIT;
    enum reply_read end = read_stream(stream, 0, &whole);
    fuzz_check(read_stream(stream, piece_max, &cut) == end);
    fuzz_check(slice_equal(buf_slice(&whole), buf_slice(&cut)));
    fuzz_check(read_stream(buf_slice(&whole), piece_max, &again) == REPLY_MORE);
    fuzz_check(slice_equal(buf_slice(&whole), buf_slice(&again)));
    buf_fini(&whole);
    buf_fini(&cut);
    buf_fini(&again);
    return 0;
}
