#include "sentinel/core/input.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/merge.h"

static void each_kind_prints_as_one_line(void **state) {
    const struct plan plan = { .group_count = 3 };
    const struct resp_value elements[] = {
        { .type = RESP_INTEGER, .integer = 1 },
        { .type = RESP_BULK, .text = SLICE_LITERAL("*") },
    };
    const struct {
        struct input input;
        const char *line;
    } cases[] = {
        { { .kind = INPUT_TIMER }, "timer" },
        { { .kind = INPUT_LINK_UP, .link = { 3 }, .incarnation = 9 }, "link 3.9 up" },
        { { .kind = INPUT_LINK_LOST,
              .link = { 3 },
              .incarnation = 9,
              .why = SLICE_LITERAL("Connection\nrefused") },
            "link 3.9 lost: Connection\\nrefused" },
        { { .kind = INPUT_LINK_LOST, .link = { 3 }, .incarnation = 9, .refused = true },
            "link 3.9 refused: " },
        { { .kind = INPUT_REPLY,
              .link = { 3 },
              .incarnation = 9,
              .tag = 12,
              .value = { .type = RESP_STATUS, .text = SLICE_LITERAL("PONG") } },
            "link 3.9 reply #12 +PONG" },
        { { .kind = INPUT_REPLY,
              .link = { 3 },
              .incarnation = 9,
              .tag = 12,
              .value = { .type = RESP_ARRAY, .elements = elements, .count = 2 } },
            "link 3.9 reply #12 [:1, \"*\"]" },
        { { .kind = INPUT_MESSAGE,
              .link = { 3 },
              .incarnation = 9,
              .channel = SLICE_LITERAL("c"),
              .payload = SLICE_LITERAL("p\r\n") },
            "link 3.9 message c p\\r\\n" },
        { { .kind = INPUT_CLIENT_OPENED,
              .client = { 5 },
              .remote = { .host = "10.0.0.9", .port = 4000 } },
            "client 5 opened from 10.0.0.9:4000" },
        { { .kind = INPUT_CLIENT_BYTES, .client = { 5 }, .bytes = SLICE_LITERAL("PING\r\n") },
            "client 5 bytes PING\\r\\n" },
        { { .kind = INPUT_CLIENT_BYTES,
              .client = { 5 },
              .bytes = SLICE_LITERAL("sentinel set a AUTH-pass geheim\r\n") },
            "client 5 bytes (33 with a password)" },
        { { .kind = INPUT_CLIENT_FULL, .client = { 5 } }, "client 5 full" },
        { { .kind = INPUT_CLIENT_DRAINED, .client = { 5 } }, "client 5 drained" },
        { { .kind = INPUT_CLIENT_CLOSED, .client = { 5 } }, "client 5 closed" },
        { { .kind = INPUT_DURABLE, .seq = 7 }, "durable 7" },
        { { .kind = INPUT_FAILED, .seq = 7, .why = SLICE_LITERAL("disk full") },
            "failed 7: disk full" },
        { { .kind = INPUT_SCRIPT_STARTED, .script = 4, .pid = 77 }, "script #4 started, pid 77" },
        { { .kind = INPUT_SCRIPT_REFUSED, .script = 4, .why = SLICE_LITERAL("no memory") },
            "script #4 refused: no memory" },
        { { .kind = INPUT_SCRIPT_ENDED, .script = 4, .exit_status = 1 },
            "script #4 ended, exit status 1, signal 0" },
        { { .kind = INPUT_SCRIPTS_CHECKED, .client = { 5 }, .unfit = SCRIPTS_FIT },
            "client 5 can have its scripts" },
        { { .kind = INPUT_FILE_READ, .client = { 5 }, .bytes = SLICE_LITERAL("secret") },
            "client 5 file read, 6 bytes" },
        { { .kind = INPUT_FILE_WRITTEN, .client = { 5 }, .why = SLICE_LITERAL("disk full") },
            "client 5 file written: disk full" },
        { { .kind = INPUT_DRAWN, .client = { 5 }, .bytes = SLICE_LITERAL("secret") },
            "client 5 drawn" },
        { { .kind = INPUT_SCRIPTS_CHECKED, .client = { 5 }, .unfit = 0 },
            "client 5 names a script that cannot be executed" },
        { { .kind = INPUT_USAGE }, "usage" },
        { { .kind = INPUT_USAGE,
              .usage = { .stalls = { .count = 2, .longest_ms = 900, .last_ms = 60 } } },
            "usage, 2 stalls, longest 900 ms, last 60 ms" },
        { { .kind = INPUT_RELOAD, .plan = &plan }, "reload of 3 groups" },
        { { .kind = INPUT_RELOAD_FAILED, .why = SLICE_LITERAL("line 3") },
            "reload refused: line 3" },
        { { .kind = INPUT_STOP, .why = SLICE_LITERAL("SIGTERM") }, "stop: SIGTERM" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf text = BUF_INIT;
        input_print(&cases[i].input, &text);
        assert_string_equal(buf_text(&text), cases[i].line);
        buf_fini(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_prints_as_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
