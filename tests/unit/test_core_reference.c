#include "sentinel/core/reference.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/load.h"
#include "sentinel/core/event.h"

#include <string.h>

static void the_reference_in_docs_is_fresh(void **state) {
    struct buf made = BUF_INIT;
    struct slice stored;
    event_reference(&made);
    assert_int_equal(load_file(SOURCE_ROOT "/docs/events.md", &stored), 0);
    if (!slice_equal(buf_slice(&made), stored))
        fail_msg("docs/events.md is stale: run scripts/generate");
    mem_free((void *)(uintptr_t)stored.data);
    buf_fini(&made);
}

static void every_event_is_described(void **state) {
    for (int i = 0; i < EVENT_COUNT; i++) {
        const struct event_row *row = &event_table[i];
        assert_non_null(row->name);
        assert_true(row->name[0] == '+' || row->name[0] == '-');
        assert_true(strlen(row->payload) > 0);
        assert_true(strlen(row->doc) > 0);
        assert_null(strchr(row->doc, '|')); /* would end the cell of a table */
        assert_null(strchr(row->payload, '|'));
    }
}

static void no_two_events_share_a_name(void **state) {
    for (int i = 0; i < EVENT_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(event_table[i].name, event_table[k].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_in_docs_is_fresh),
        cmocka_unit_test(every_event_is_described),
        cmocka_unit_test(no_two_events_share_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
