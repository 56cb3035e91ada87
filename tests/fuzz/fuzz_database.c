/* A database of the state, or its log of changes, that is damaged: changed bytes, a cut end.
 * Refused, or within bounds. Each change is four bytes, of which file and where, and the bytes to
 * put there. */
#include "common/buf.h"
#include "tests/fuzz/rows.h"

#include <string.h>

static void damage(struct buf *file, uint8_t how, struct fuzz_bytes *b) {
    size_t at = (size_t)fuzz_number(b, 3) % (buf_size(file) + 1);
    struct slice bytes = fuzz_text(b);
    if ((how & 2) != 0) {
        buf_truncate(file, at);
        buf_add_slice(file, bytes);
        return;
    }
    size_t size = MIN_OF(bytes.size, buf_size(file) - at);
    if (size > 0)
        memcpy(file->data + file->head + at, bytes.data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes b = { .data = data, .size = size };
    struct buf database = BUF_INIT, log = BUF_INIT;
    buf_add_slice(&database, rows_database());
    buf_add_slice(&log, rows_log());
    while (b.size > 0) {
        uint8_t how = fuzz_byte(&b);
        damage((how & 1) != 0 ? &log : &database, how, &b);
    }
    rows_write(buf_slice(&database), buf_slice(&log));
    rows_check_start();
    buf_fini(&database);
    buf_fini(&log);
    return 0;
}
