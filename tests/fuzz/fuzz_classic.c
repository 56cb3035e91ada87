/* A classic sentinel.conf, with the files that it includes behind it: findings have a place in the
 * text; one that is taken is rewritten so that it says the same, keeps the comments, and is then
 * stable. The first of the other files is also rewritten to say what the text says. */
#include "common/buf.h"
#include "config/classic_include.h"
#include "config/classic_write.h"
#include "tests/fuzz/files.h"
#include "tests/fuzz/loaded.h"

#include <stdio.h>
#include <stdlib.h>

static void rewrite(
    struct slice old, const struct loaded *said, const struct loaded *wanted, struct buf *out) {
    struct buf included = BUF_INIT;
    classic_included("f", old, &included);
    const struct classic_content content = {
        .said = &said->settings,
        .settings = &wanted->plan.active,
        .plan = &wanted->plan,
        .state = &wanted->state,
        .included = buf_slice(&included),
    };
    classic_write(old, &content, out);
    if (getenv("FUZZ_TRACE") != NULL)
        fprintf(stderr, "---\n" SLICE_FMT "\n---\n", SLICE_ARG(buf_slice(out)));
    buf_fini(&included);
}

/* Comments and blank lines, in order. */
static void check_comments(struct slice before, struct slice after) {
    while (before.size > 0) {
        struct slice line = slice_cut(&before, '\n'), found;
        struct slice trimmed = slice_trim(line);
        if (trimmed.size > 0 && trimmed.data[0] != '#')
            continue;
        do {
            fuzz_check(after.data != NULL);
            found = slice_cut(&after, '\n');
        } while (!slice_equal(found, line));
    }
}

static void check_rewritten(
    struct slice old, const struct loaded *said, const struct loaded *wanted) {
    struct loaded again;
    struct buf text = BUF_INIT, second = BUF_INIT;
    rewrite(old, said, wanted, &text);
    check_comments(old, buf_slice(&text));
    fuzz_check(loaded_classic(&again, buf_slice(&text)));
    fuzz_check(loaded_equal(&again, wanted));
    rewrite(buf_slice(&text), &again, wanted, &second);
    fuzz_check(slice_equal(buf_slice(&text), buf_slice(&second)));
    loaded_fini(&again);
    buf_fini(&text);
    buf_fini(&second);
}

/* What an included file says stays in force, whatever is written. */
static bool includes(struct slice text) {
    return slice_contains(text, SLICE_LITERAL("nclude")) ||
        slice_contains(text, SLICE_LITERAL("NCLUDE"));
}

static void check_other(struct slice old, const struct loaded *wanted) {
    struct loaded said;
    if (includes(old))
        return;
    if (loaded_classic(&said, old))
        check_rewritten(old, &said, wanted);
    loaded_fini(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    struct slice text = fuzz_part(&bytes, FILES_SEPARATOR);
    struct loaded l;
    files_set(bytes);
    if (loaded_classic(&l, text)) {
        check_rewritten(text, &l, &l);
        if (!includes(text))
            check_other(files_first(), &l);
    }
    loaded_fini(&l);
    return 0;
}
