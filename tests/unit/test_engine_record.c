#include "sentinel/engine/record.h"

#include "tests/unit/record_tape.h"

#include "common/mem.h"

#include <string.h>

#define AT(host_text, number) \
    { .host = host_text, .port = number }

/* ---- inputs ---- */

static const struct resp_value words[] = {
    { .type = RESP_STATUS, .text = SLICE_LITERAL("OK") },
    { .type = RESP_ERROR, .text = SLICE_LITERAL("ERR no") },
    { .type = RESP_INTEGER, .integer = -7 },
    { .type = RESP_NULL },
    { .type = RESP_ARRAY, .elements = NULL, .count = 0 },
};
static const struct slice ips[] = { SLICE_LITERAL("10.0.0.1"), SLICE_LITERAL("fd00::1") };
static struct plan plan_in_hand;

/* One of each kind, with all that input.h says it has. */
static const struct input samples[INPUT_KIND_COUNT] = {
    [INPUT_TIMER] = { .kind = INPUT_TIMER },
    [INPUT_LINK_UP] = { .link = { 3 }, .incarnation = 9, .local = AT("10.0.0.9", 4000) },
    [INPUT_LINK_LOST] = { .link = { UINT32_MAX },
        .incarnation = UINT64_MAX,
        .why = SLICE_LITERAL("Connection refused"),
        .refused = true,
        .starved = true },
    [INPUT_REPLY] = { .link = { 1 },
        .incarnation = 2,
        .tag = 77,
        .value = { .type = RESP_ARRAY, .elements = words, .count = ARRAY_SIZE(words) } },
    [INPUT_MESSAGE] = { .link = { 1 },
        .incarnation = 2,
        .channel = SLICE_LITERAL("__sentinel__:hello"),
        .payload = SLICE_LITERAL("a,b\0c") },
    [INPUT_CLIENT_OPENED] = { .client = { 5 },
        .remote = AT("fd00::2", 50000),
        .local = AT("/run/vedette.sock", 0),
        .descriptor = 12 },
    [INPUT_CLIENT_BYTES] = { .client = { 5 }, .bytes = SLICE_LITERAL("PING\r\n"), .received = 99 },
    [INPUT_CLIENT_FULL] = { .client = { UINT64_MAX } },
    [INPUT_CLIENT_DRAINED] = { .client = { 5 } },
    [INPUT_CLIENT_CLOSED] = { .client = { 5 } },
    [INPUT_DURABLE] = { .seq = 12 },
    [INPUT_FAILED] = { .seq = 11, .why = SLICE_LITERAL("disk full") },
    [INPUT_SCRIPT_STARTED] = { .script = 4, .pid = 12345 },
    [INPUT_SCRIPT_REFUSED] = { .script = 4, .why = SLICE_LITERAL("no memory") },
    [INPUT_SCRIPT_ENDED] = { .script = 4,
        .exit_status = 1,
        .signal_number = 9,
        .why = SLICE_LITERAL("gone") },
    [INPUT_SAVED] = { .seq = 3, .rewritten = true, .plan = &plan_in_hand, .listing = "abc" },
    [INPUT_UNSAVED] = { .seq = UINT64_MAX, .why = SLICE_LITERAL("read-only") },
    [INPUT_RESOLVED] = { .host = SLICE_LITERAL("db.example"),
        .ips = ips,
        .ip_count = ARRAY_SIZE(ips),
        .why = SLICE_LITERAL("why") },
    [INPUT_SCRIPTS_CHECKED] = { .client = { 5 }, .unfit = SCRIPTS_FIT },
    [INPUT_FILE_READ] = { .client = { 5 },
        .bytes = SLICE_LITERAL("user a on\n"),
        .why = SLICE_LITERAL("not there") },
    [INPUT_FILE_WRITTEN] = { .client = { 5 },
        .bytes = SLICE_LITERAL("user a on\n"),
        .why = SLICE_LITERAL("full") },
    [INPUT_DRAWN] = { .client = { 5 }, .tag = 4, .bytes = SLICE_LITERAL("\x01\xff") },
    [INPUT_USAGE] = { .usage = { .sys_us = 1,
                          .children_user_us = 1000000,
                          .loop = { .wakes = 3, .busy_us = 4, .requests_us = 5 },
                          .stalls = { .count = 1, .last_at_ms = 99 },
                          .clients = { .allowed = 10, .longest_unread = 1 },
                          .descriptors = { .max = 9, .links = 8, .starved = 7 } } },
    [INPUT_RELOAD] = { .plan = &plan_in_hand },
    [INPUT_RELOAD_FAILED] = { .why = SLICE_LITERAL("2 findings") },
    [INPUT_STOP] = { .why = SLICE_LITERAL("SIGTERM") },
};

static void assert_values_equal(const struct resp_value *got, const struct resp_value *expected) {
    assert_int_equal(got->type, expected->type);
    assert_slice_equal(got->text, expected->text);
    assert_true(got->integer == expected->integer);
    assert_int_equal(got->count, expected->count);
    for (size_t i = 0; i < got->count; i++)
        assert_values_equal(&got->elements[i], &expected->elements[i]);
}

static void assert_inputs_equal(const struct input *got, const struct input *expected) {
    assert_int_equal(got->link.value, expected->link.value);
    assert_true(got->incarnation == expected->incarnation);
    assert_true(got->tag == expected->tag);
    assert_values_equal(&got->value, &expected->value);
    assert_slice_equal(got->channel, expected->channel);
    assert_slice_equal(got->payload, expected->payload);
    assert_true(got->client.value == expected->client.value);
    assert_true(endpoint_equal(&got->remote, &expected->remote));
    assert_true(endpoint_equal(&got->local, &expected->local));
    assert_int_equal(got->descriptor, expected->descriptor);
    assert_slice_equal(got->bytes, expected->bytes);
    assert_int_equal(got->received, expected->received);
    assert_true(got->seq == expected->seq);
    assert_slice_equal(got->host, expected->host);
    assert_int_equal(got->ip_count, expected->ip_count);
    for (size_t i = 0; i < got->ip_count; i++)
        assert_slice_equal(got->ips[i], expected->ips[i]);
    assert_slice_equal(got->why, expected->why);
    assert_int_equal(got->refused, expected->refused);
    assert_int_equal(got->starved, expected->starved);
    assert_true(got->script == expected->script);
    assert_true(got->pid == expected->pid);
    assert_int_equal(got->exit_status, expected->exit_status);
    assert_int_equal(got->signal_number, expected->signal_number);
    assert_int_equal(got->unfit, expected->unfit);
    assert_memory_equal(&got->usage, &expected->usage, sizeof(got->usage));
    assert_int_equal(got->plan != NULL, expected->plan != NULL);
    if (got->plan != NULL)
        assert_plans_equal(got->plan, expected->plan);
    assert_int_equal(got->rewritten, expected->rewritten);
    assert_string_equal(got->listing == NULL ? "" : got->listing,
        expected->listing == NULL ? "" : expected->listing);
}

/* The clocks go on in every way that they can. */
static struct now later(struct now now, int number) {
    switch (number % 4) {
    case 0: /* one wake-up later */
        now.mono_ms += 10;
        now.heard_ms += 10;
        now.wall_ms += 10;
        now.wake++;
        break;
    case 1: /* a stall, and people set their clock back */
        now.mono_ms += 9000;
        now.heard_ms += 50;
        now.wall_ms -= 3600000;
        now.wake += 2;
        break;
    case 2: /* a further input of the same wake-up */
        break;
    default: /* a wake-up within the millisecond */
        now.wake++;
        break;
    }
    return now;
}

static struct record sample(int kind, struct now *now) {
    struct record r = { .kind = RECORD_INPUT, .input = samples[kind] };
    r.input.kind = (enum input_kind)kind;
    *now = later(*now, kind);
    r.now = *now;
    r.is_checked = kind % 2 == 0;
    r.check = r.is_checked ? (uint8_t)(0xf0 + kind) : 0;
    if (kind == INPUT_CLIENT_BYTES) {
        r.withheld = 7;
        r.taints = true;
    }
    return r;
}

/* In place of a tag. */
static void a_reply_to_the_oldest_request_says_so(void **state) {
    struct tape *t = *state;
    struct record r = { .kind = RECORD_INPUT, .now = tape_first_now, .is_oldest = true };
    size_t at = 0;
    r.input = (struct input){ .kind = INPUT_REPLY, .link = { 1 }, .incarnation = 5, .tag = 9 };
    record_write(&t->writing, NULL, &r, &t->bytes);
    tape_read_start(t, &at);
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_true(r.is_oldest);
    assert_int_equal(r.input.tag, 0);
    assert_int_equal(r.input.incarnation, 5);
}

/* Told by what has changed of the text before. */
static void long_texts_come_back(void **state) {
    struct tape *t = *state;
    struct buf filler CLEANUP(buf_fini) = BUF_INIT, texts[7];
    for (int i = 0; i < 40; i++)
        buf_printf(&filler, "field_%d:%d\r\n", i, 7 * i);
    static const char *const parts[] = { "", "a:1\r\nb:2\r\n", "a:12\r\nb:2\r\n", "b:2\r\n", "x",
        "x\n\n\n", "x\n\n" };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        texts[i] = BUF_INIT;
        if (i % 2 == 0)
            buf_add_text(&texts[i], parts[i]);
        buf_add_slice(&texts[i], buf_slice(&filler));
        if (i % 2 == 1)
            buf_add_text(&texts[i], parts[i]);
        struct record r = { .kind = RECORD_INPUT, .now = tape_first_now };
        r.input = (struct input){ .kind = INPUT_REPLY, .link = { i < 5 ? 1 : 2 } };
        r.input.value = (struct resp_value){ .type = RESP_BULK, .text = buf_slice(&texts[i]) };
        record_write(&t->writing, NULL, &r, &t->bytes);
    }
    size_t at = 0;
    tape_read_start(t, &at);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct record r;
        assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
        assert_slice_equal(r.input.value.text, buf_slice(&texts[i]));
        buf_fini(&texts[i]);
    }
}

static void write_all(struct tape *t) {
    struct now now = tape_first_now;
    plan_in_hand = t->scene.plan;
    for (int kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        if (!record_knows((enum input_kind)kind))
            fail_msg("inputs of kind %d cannot be recorded", kind);
        struct record r = sample(kind, &now);
        record_write(&t->writing, NULL, &r, &t->bytes);
    }
    record_write(&t->writing, NULL,
        &(struct record){
            .kind = RECORD_LATE, .client = { 5 }, .bytes = SLICE_LITERAL("late bytes") },
        &t->bytes);
    record_write(&t->writing, NULL,
        &(struct record){ .kind = RECORD_END, .why = SLICE_LITERAL("stop"), .proof = UINT64_MAX },
        &t->bytes);
}

static void an_input_of_every_kind_comes_back(void **state) {
    struct tape *t = *state;
    struct now now = tape_first_now;
    struct record r;
    size_t at = 0;
    write_all(t);
    tape_read_start(t, &at);
    for (int kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        struct record expected = sample(kind, &now);
        assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
        assert_int_equal(r.kind, RECORD_INPUT);
        assert_int_equal(r.input.kind, kind);
        assert_memory_equal(&r.now, &expected.now, sizeof(r.now));
        assert_int_equal(r.is_checked, expected.is_checked);
        assert_int_equal(r.check, expected.check);
        assert_int_equal(r.withheld, expected.withheld);
        assert_int_equal(r.taints, expected.taints);
        assert_inputs_equal(&r.input, &expected.input);
    }
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_int_equal(r.kind, RECORD_LATE);
    assert_int_equal(r.client.value, 5);
    assert_slice(r.bytes, "late bytes");
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_int_equal(r.kind, RECORD_END);
    assert_slice(r.why, "stop");
    assert_true(r.proof == UINT64_MAX);
    assert_int_equal(at, buf_size(&t->bytes));
}

/* ---- what is not in order ---- */

/* Reads until something is not; returns what. */
static enum record_read read_all(struct tape *t, struct slice bytes) {
    struct record_reader reader = { .start = NULL };
    struct record r;
    enum record_read result = RECORD_READ_ONE;
    while (bytes.size > 0 && result == RECORD_READ_ONE) {
        size_t used = 0;
        result = record_read(&reader, bytes, &r, &used);
        bytes = slice_sub(bytes, used, SIZE_MAX);
    }
    memcpy(t->reader.error, reader.error, sizeof(reader.error));
    record_reader_fini(&reader);
    return result;
}

static void a_torn_end_asks_for_more(void **state) {
    struct tape *t = *state;
    size_t at = 0;
    tape_read_start(t, &at);
    size_t start_size = at;
    write_all(t);
    for (size_t size = 1; size < start_size; size++)
        assert_int_equal(read_all(t, slice_sub(buf_slice(&t->bytes), 0, size)), RECORD_READ_MORE);
    for (size_t size = start_size; size < buf_size(&t->bytes); size++)
        assert_int_not_equal(
            read_all(t, slice_sub(buf_slice(&t->bytes), 0, size)), RECORD_READ_BAD);
}

static void damaged_bytes_are_read_safely(void **state) {
    struct tape *t = *state;
    write_all(t);
    size_t size = buf_size(&t->bytes), bad = 0;
    for (size_t i = 0; i < size; i++) {
        char *copy = mem_dup(buf_slice(&t->bytes).data, size);
        for (int bit = 0; bit < 8; bit++) {
            copy[i] = (char)(copy[i] ^ (1 << bit));
            bad += read_all(t, (struct slice){ copy, size }) != RECORD_READ_ONE;
            copy[i] = (char)(copy[i] ^ (1 << bit));
        }
        mem_free(copy);
    }
    assert_true(bad > size);
}

static void expect_bad(struct tape *t, const char *why) {
    assert_int_equal(read_all(t, buf_slice(&t->bytes)), RECORD_READ_BAD);
    assert_string_equal(t->reader.error, why);
}

static void another_format_is_refused(void **state) {
    struct tape *t = *state;
    struct slice bytes = buf_slice(&t->bytes);
    size_t size_bytes = 0;
    while ((bytes.data[size_bytes] & 0x80) != 0)
        size_bytes++;
    size_t at = size_bytes + 1 + 2; /* code and flags */
    struct now now = tape_first_now;
    assert_true(now.mono_ms > 0);
    /* Behind them the time, in four numbers. */
    for (int number = 0; number < 4; number++) {
        while ((bytes.data[at] & 0x80) != 0)
            at++;
        at++;
    }
    assert_int_equal(bytes.data[at], RECORD_FORMAT);
    t->bytes.data[at] = RECORD_FORMAT + 1;
    expect_bad(t, "a format that this program does not know");
}

static void an_input_before_the_start_is_refused(void **state) {
    struct tape *t = *state;
    struct record_context *context = mem_new(struct record_context);
    buf_clear(&t->bytes);
    record_write(context, NULL,
        &(struct record){ .kind = RECORD_INPUT, .input = { .kind = INPUT_TIMER } }, &t->bytes);
    mem_free(context);
    expect_bad(t, "no start before this");
}

static void a_second_start_is_refused(void **state) {
    struct tape *t = *state;
    tape_write_start(t);
    expect_bad(t, "a second start");
}

static void nothing_follows_the_end(void **state) {
    struct tape *t = *state;
    record_write(&t->writing, NULL, &(struct record){ .kind = RECORD_END }, &t->bytes);
    record_write(&t->writing, NULL, &(struct record){ .kind = RECORD_END }, &t->bytes);
    expect_bad(t, "a record behind the end");
}

static void an_unknown_kind_is_refused(void **state) {
    struct tape *t = *state;
    buf_add(&t->bytes, "\x02?\x00", 3);
    expect_bad(t, "a record of a kind that this program does not know");
}

static void clocks_do_not_go_back(void **state) {
    struct tape *t = *state;
    struct now now = tape_first_now;
    now.mono_ms--;
    record_write(&t->writing, NULL,
        &(struct record){ .kind = RECORD_INPUT, .now = now, .input = { .kind = INPUT_TIMER } },
        &t->bytes);
    expect_bad(t, "a record that cannot be read");
}

static void two_groups_of_one_name_are_refused(void **state) {
    struct tape *t = *state;
    struct plan *p = &t->scene.plan;
    mem_grow(&p->groups, &p->group_capacity, 2, sizeof(p->groups[0]));
    p->groups[1] = p->groups[0];
    p->group_count = 2;
    buf_clear(&t->bytes);
    tape_write_start(t);
    p->group_count = 1;
    expect_bad(t, "a record that cannot be read");
}

static void values_are_nested_so_deep_and_no_deeper(void **state) {
    struct tape *t = *state;
    struct resp_value levels[10] = { { .type = RESP_NULL } };
    for (size_t i = 1; i < ARRAY_SIZE(levels); i++)
        levels[i] =
            (struct resp_value){ .type = RESP_ARRAY, .elements = &levels[i - 1], .count = 1 };
    struct record r = {
        .kind = RECORD_INPUT, .now = tape_first_now, .input = { .kind = INPUT_REPLY }
    };
    r.input.value = levels[8];
    record_write(&t->writing, NULL, &r, &t->bytes);
    assert_int_equal(read_all(t, buf_slice(&t->bytes)), RECORD_READ_ONE);
    r.input.value = levels[9];
    record_write(&t->writing, NULL, &r, &t->bytes);
    expect_bad(t, "a record that cannot be read");
}

static void drawn_bytes_are_enough_for_their_letters(void **state) {
    struct tape *t = *state;
    struct record r = {
        .kind = RECORD_INPUT, .now = tape_first_now, .input = samples[INPUT_DRAWN]
    };
    r.input.kind = INPUT_DRAWN;
    r.input.tag = 5; /* of two bytes */
    record_write(&t->writing, NULL, &r, &t->bytes);
    expect_bad(t, "a record that cannot be read");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TAPE_TEST(an_input_of_every_kind_comes_back),
        TAPE_TEST(a_reply_to_the_oldest_request_says_so),
        TAPE_TEST(long_texts_come_back),
        TAPE_TEST(a_torn_end_asks_for_more),
        TAPE_TEST(damaged_bytes_are_read_safely),
        TAPE_TEST(another_format_is_refused),
        TAPE_TEST(an_input_before_the_start_is_refused),
        TAPE_TEST(a_second_start_is_refused),
        TAPE_TEST(nothing_follows_the_end),
        TAPE_TEST(an_unknown_kind_is_refused),
        TAPE_TEST(clocks_do_not_go_back),
        TAPE_TEST(two_groups_of_one_name_are_refused),
        TAPE_TEST(values_are_nested_so_deep_and_no_deeper),
        TAPE_TEST(drawn_bytes_are_enough_for_their_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
