#include "tests/unit/unit.h"

#include "common/resp.h"
#include "tests/lib/desk.h"
#include "tests/lib/recorded.h"

static void print_words(const struct recording *r, struct buf *out) {
    for (size_t i = 0; i < r->word_count; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        buf_add_slice(out, r->words[i]);
    }
}

/* The numbers of connections differ from run to run. */
static bool is_comparable(const struct recording *r) {
    return !(slice_is(r->words[0], "CLIENT") && r->word_count == 2 && slice_is(r->words[1], "ID"));
}

/* Each command on a fresh connection, as it was recorded. */
static void compare(struct desk *d, const struct recording *r, uint64_t client, int version) {
    struct buf request = BUF_INIT, got = BUF_INIT, words = BUF_INIT;
    desk_open(d, client);
    if (version == 3)
        desk_ask(d, client, "HELLO 3");
    resp_request(&request, r->words, r->word_count);
    reply_print(desk_send(d, client, buf_slice(&request)), &got);
    desk_close(d, client);

    if (!slice_equal(buf_slice(&got), buf_slice(&r->reply))) {
        print_words(r, &words);
        fail_msg("%s\n got      %s\n expected %s", buf_text(&words), buf_text(&got),
            buf_text(&r->reply));
    }
    buf_fini(&request);
    buf_fini(&got);
    buf_fini(&words);
}

static void replay(const char *name, int version, size_t at_least) {
    struct desk d;
    struct recording r;
    size_t compared = 0;
    desk_init(&d);
    recording_open(&r, name);
    for (uint64_t client = 1000; recording_next(&r); client++) {
        if (!is_comparable(&r))
            continue;
        compare(&d, &r, client, version);
        compared++;
    }
    recording_close(&r);
    desk_fini(&d);
    assert_true(compared >= at_least);
}

static void replies_equal_the_recorded_ones_in_resp2(void **state) {
    replay("stock/redis8/commands.resp2.jsonl", 2, 127);
}

static void replies_equal_the_recorded_ones_in_resp3(void **state) {
    replay("stock/redis8/commands.resp3.jsonl", 3, 127);
}

static void the_table_of_commands_equals_the_recorded_one(void **state) {
    replay("stock/redis8/command-info.resp2.jsonl", 2, 39);
    replay("stock/redis8/command-info.resp3.jsonl", 3, 39);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_equal_the_recorded_ones_in_resp2),
        cmocka_unit_test(replies_equal_the_recorded_ones_in_resp3),
        cmocka_unit_test(the_table_of_commands_equals_the_recorded_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
