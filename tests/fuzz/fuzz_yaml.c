/* A YAML configuration, with the files that it names behind it: findings have a place in the text;
 * what is taken is written as YAML that says the same, and that is then stable. */
#include "common/buf.h"
#include "config/diag.h"
#include "config/yaml_write.h"
#include "tests/fuzz/files.h"
#include "tests/fuzz/loaded.h"

/* false: a value that YAML cannot hold, with a finding. */
static bool write(const struct loaded *l, struct buf *out) {
    struct diag diag;
    diag_init(&diag, "f");
    bool written = yaml_write(&l->plan, out, &diag);
    fuzz_check(written == (diag.count == 0));
    diag_fini(&diag);
    return written;
}

static void check_written(const struct loaded *l) {
    struct loaded again;
    struct buf text = BUF_INIT, second = BUF_INIT;
    if (write(l, &text)) {
        fuzz_check(loaded_yaml(&again, buf_slice(&text)));
        fuzz_check(loaded_equal(l, &again));
        fuzz_check(write(&again, &second));
        fuzz_check(slice_equal(buf_slice(&text), buf_slice(&second)));
        loaded_fini(&again);
    }
    buf_fini(&text);
    buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    struct slice text = fuzz_part(&bytes, FILES_SEPARATOR);
    struct loaded l;
    files_set(bytes);
    if (loaded_yaml(&l, text))
        check_written(&l);
    loaded_fini(&l);
    return 0;
}
