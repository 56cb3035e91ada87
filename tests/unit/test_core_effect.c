#include "sentinel/core/effect.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <string.h>

static void assert_prints(const struct effect *e, const char *expected) {
    struct buf text = BUF_INIT;
    effect_print(e, &text);
    assert_string_equal(buf_text(&text), expected);
    buf_fini(&text);
}

static void each_kind_prints_as_one_line(void **state) {
    const struct slice auth[] = { SLICE_LITERAL("AUTH"), SLICE_LITERAL("alice"),
        SLICE_LITERAL("secret") };
    const struct slice ping[] = { SLICE_LITERAL("PING") };
    const struct slice odd[] = { SLICE_LITERAL("a\"b"), SLICE_LITERAL("c\r\nd") };
    const struct slice words[] = { SLICE_LITERAL("/s"), SLICE_LITERAL("a\nb"), SLICE_LITERAL("c") };
    const struct request requests[] = {
        { .words = auth, .word_count = 3, .secret_from = 2 },
        { .words = ping, .word_count = 1 },
        { .words = odd, .word_count = 2 },
    };
    const struct delta deltas[] = {
        { .kind = DELTA_EPOCH, .epoch = 7 },
        { .kind = DELTA_GROUP_EMPTY, .group = SLICE_LITERAL("g") },
    };
    const struct {
        struct effect effect;
        const char *line;
    } cases[] = {
        { { .kind = EFFECT_OPEN,
              .link = { 3 },
              .incarnation = 9,
              .address = { .host = "10.0.0.1", .port = 6379 } },
            "open link 3.9 command 10.0.0.1:6379" },
        { { .kind = EFFECT_OPEN,
              .link = { 3 },
              .incarnation = 9,
              .purpose = LINK_PUBSUB,
              .address = { .host = "::1", .port = 6379 } },
            "open link 3.9 pubsub [::1]:6379" },
        { { .kind = EFFECT_CLOSE, .link = { 3 }, .incarnation = 9 }, "close link 3.9" },
        { { .kind = EFFECT_SEND,
              .link = { 3 },
              .incarnation = 9,
              .tag = 12,
              .requests = requests,
              .request_count = 3 },
            "send link 3.9 #12 AUTH alice ******; PING; a\\\"b c\\r\\nd" },
        { { .kind = EFFECT_PERSIST, .seq = 4, .deltas = deltas, .delta_count = 2 },
            "persist 4: epoch 7; group-empty g" },
        { { .kind = EFFECT_PERSIST, .seq = 4 }, "persist 4:" },
        { { .kind = EFFECT_REPLY, .client = { 5 }, .bytes = SLICE_LITERAL("+OK\r\n") },
            "reply client 5 +OK\\r\\n" },
        { { .kind = EFFECT_REPLY, .client = { 5 }, .bytes = SLICE_LITERAL("+OK\r\n"), .after = 8 },
            "reply client 5 +OK\\r\\n (after 8)" },
        { { .kind = EFFECT_PAUSE, .client = { 5 } }, "pause client 5" },
        { { .kind = EFFECT_RESUME, .client = { 5 } }, "resume client 5" },
        { { .kind = EFFECT_HANGUP, .client = { 5 } }, "hang up client 5" },
        { { .kind = EFFECT_EVENT, .event = "+sdown", .text = SLICE_LITERAL("master m 1.2.3.4 5") },
            "event +sdown master m 1.2.3.4 5" },
        { { .kind = EFFECT_LOG, .level = LOG_WARNING, .text = SLICE_LITERAL("beware") },
            "log warning beware" },
        { { .kind = EFFECT_SCRIPT, .words = words, .word_count = 3 }, "script /s a\\nb c" },
        { { .kind = EFFECT_RUN, .script = 4, .words = words, .word_count = 1 }, "run #4 /s" },
        { { .kind = EFFECT_KILL, .script = 4 }, "kill #4" },
        { { .kind = EFFECT_CHECK_SCRIPTS, .client = { 5 }, .words = words, .word_count = 1 },
            "check for client 5 /s" },
        { { .kind = EFFECT_READ_FILE, .client = { 5 }, .text = SLICE_LITERAL("/f") },
            "read for client 5 /f" },
        { { .kind = EFFECT_WRITE_FILE,
              .client = { 5 },
              .text = SLICE_LITERAL("/f"),
              .bytes = SLICE_LITERAL("secret") },
            "write for client 5 /f, 6 bytes" },
        { { .kind = EFFECT_DRAW, .client = { 5 }, .tag = 64 }, "draw for client 5 64 letters" },
        { { .kind = EFFECT_STOP, .status = 99 }, "stop 99" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_prints(&cases[i].effect, cases[i].line);
}

static void effects_come_out_in_order_and_zeroed(void **state) {
    struct effects list = EFFECTS_INIT;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            struct effect *e = effects_add(&list, EFFECT_STOP);
            assert_int_equal(e->status, 0);
            assert_null(e->requests);
            e->status = i;
        }
        assert_int_equal(list.count, 100);
        for (int i = 0; i < 100; i++)
            assert_int_equal(list.items[i].status, i);
        effects_clear(&list);
        assert_int_equal(list.count, 0);
    }
    effects_fini(&list);
    effects_fini(&list);
}

static void what_a_burst_took_is_given_back_when_it_is_over(void **state) {
    struct effects list = EFFECTS_INIT;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3000; i++)
            effects_add(&list, EFFECT_STOP);
        effects_clear(&list);
        assert_true(list.capacity >= 3000); /* the next may be as large */
    }
    effects_add(&list, EFFECT_STOP);
    effects_clear(&list);
    assert_int_equal(list.capacity, 0);
    effects_add(&list, EFFECT_STOP);
    effects_clear(&list);
    assert_true(list.capacity > 0);
    effects_fini(&list);
}

static void bytes_never_move_and_are_aligned(void **state) {
    struct effects list = EFFECTS_INIT;
    char *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        blocks[i] = effects_alloc(&list, i + 1);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        memset(blocks[i], (int)(i % 256), i + 1);
    }
    char *huge = effects_alloc(&list, 1000000);
    memset(huge, 7, 1000000);
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k <= i; k++)
            assert_int_equal((unsigned char)blocks[i][k], i % 256);
    effects_clear(&list);
    effects_clear(&list);
    assert_non_null(effects_alloc(&list, 1));
    effects_fini(&list);
}

static void a_copy_is_apart_from_its_source_and_ends_in_nul(void **state) {
    struct effects list = EFFECTS_INIT;
    char source[] = "abc";
    struct slice copy = effects_copy(&list, slice_of(source));
    source[0] = 'x';
    assert_slice(copy, "abc");
    assert_int_equal(copy.data[3], '\0');
    assert_slice(effects_copy(&list, (struct slice){ NULL, 0 }), "");
    effects_fini(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_prints_as_one_line),
        cmocka_unit_test(effects_come_out_in_order_and_zeroed),
        cmocka_unit_test(what_a_burst_took_is_given_back_when_it_is_over),
        cmocka_unit_test(bytes_never_move_and_are_aligned),
        cmocka_unit_test(a_copy_is_apart_from_its_source_and_ends_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
