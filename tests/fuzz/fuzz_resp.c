/* Requests of clients. However a stream is cut, the same requests come of it and it ends in the
 * same way; what was read is written in a form that reads back the same. The first byte decides how
 * the rest is cut. */
#include "common/buf.h"
#include "common/resp.h"
#include "common/rng.h"
#include "tests/fuzz/fuzz.h"

static void print_request(const struct resp_request *request, struct buf *out) {
    buf_printf(out, "%zu:", request->count);
    for (size_t i = 0; i < request->count; i++) {
        buf_printf(out, " %zu=", request->args[i].size);
        buf_add_slice(out, request->args[i]);
    }
    buf_add_char(out, '\n');
}

static void check_reads_back(const struct resp_request *request) {
    struct resp_reader reader = { .args = NULL };
    struct resp_request again = { .args = NULL };
    struct buf bytes = BUF_INIT;
    size_t used = 0;
    if (request->count == 0)
        return;
    resp_request(&bytes, request->args, request->count);
    enum resp_read r = resp_read_request(&reader, buf_slice(&bytes), &again, &used);
    fuzz_check(r == RESP_READ_REQUEST);
    fuzz_check(used == buf_size(&bytes));
    fuzz_check(again.count == request->count);
    for (size_t i = 0; i < again.count; i++)
        fuzz_check(slice_equal(again.args[i], request->args[i]));
    resp_reader_fini(&reader);
    buf_fini(&bytes);
}

static void print_end(enum resp_read r, const struct resp_reader *reader, struct buf *out) {
    buf_printf(out, "end %d %s", (int)r, r == RESP_READ_BAD ? reader->error : "");
}

/* Reads all requests that `input` begins with, and takes them out of it. */
static enum resp_read read_requests(
    struct resp_reader *reader, struct buf *input, struct buf *out) {
    for (;;) {
        struct resp_request request = { .args = NULL };
        size_t used = 0;
        enum resp_read r = resp_read_request(reader, buf_slice(input), &request, &used);
        if (r != RESP_READ_REQUEST)
            return r;
        fuzz_check(used > 0);
        fuzz_check(used <= buf_size(input));
        fuzz_check(request.count <= RESP_ARGS_MAX);
        print_request(&request, out);
        check_reads_back(&request);
        buf_consume(input, used);
    }
}

/* Cut into pieces of at most `piece_max` bytes; 0: in one piece. */
static void read_stream(struct slice bytes, uint8_t piece_max, struct buf *out) {
    struct resp_reader reader = { .args = NULL };
    struct buf input = BUF_INIT;
    struct rng rng;
    enum resp_read r = RESP_READ_MORE;
    rng_init(&rng, piece_max);
    for (size_t at = 0; at < bytes.size && r == RESP_READ_MORE;) {
        size_t size = piece_max == 0 ? bytes.size : (size_t)rng_between(&rng, 1, piece_max);
        struct slice piece = slice_sub(bytes, at, size);
        buf_add_slice(&input, piece);
        at += piece.size;
        r = read_requests(&reader, &input, out);
    }
    print_end(r, &reader, out);
    resp_reader_fini(&reader);
    buf_fini(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    uint8_t piece_max = fuzz_byte(&bytes);
    struct buf whole = BUF_INIT, cut = BUF_INIT;
    read_stream(fuzz_slice(bytes.data, bytes.size), 0, &whole);
    read_stream(fuzz_slice(bytes.data, bytes.size), piece_max, &cut);
    fuzz_check(slice_equal(buf_slice(&whole), buf_slice(&cut)));
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}
