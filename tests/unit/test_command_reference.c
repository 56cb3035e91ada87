#include "sentinel/command/reference.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/load.h"

static void the_reference_in_docs_is_fresh(void **state) {
    struct buf made = BUF_INIT;
    struct slice stored;
    command_reference(&made);
    assert_int_equal(load_file(SOURCE_ROOT "/docs/commands.md", &stored), 0);
    if (!slice_equal(buf_slice(&made), stored))
        fail_msg("docs/commands.md is stale: run scripts/generate");
    mem_free((void *)(uintptr_t)stored.data);
    buf_fini(&made);
}

static void a_row_tells_the_words_and_what_for(void **state) {
    struct buf made = BUF_INIT;
    command_reference(&made);
    struct slice text = buf_slice(&made);
    assert_true(slice_contains(
        text, SLICE_LITERAL("\n| `SENTINEL CKQUORUM <name>` | Whether enough Sentinels")));
    assert_true(
        slice_contains(text, SLICE_LITERAL("\n| `CLIENT SETINFO LIB-NAME\\|LIB-VER <text>` |")));
    assert_true(slice_contains(text, SLICE_LITERAL("\n| `COMMAND` |")));
    assert_false(slice_contains(text, SLICE_LITERAL("\n| `SENTINEL` |"))); /* never alone */
    buf_fini(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_in_docs_is_fresh),
        cmocka_unit_test(a_row_tells_the_words_and_what_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
