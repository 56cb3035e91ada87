/* Each of the eight fields of a hello with each kind of bad value: what becomes of it, by either
 * way that hellos come. */
#include "sentinel/core/hello.h"

#include "tests/unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

#define FIELD_COUNT 8

/* A hello of an unknown peer, with a newer configuration. */
static const char *const good[FIELD_COUNT] = { "10.0.1.4", "26379", ID_D, "3", "mymaster",
    "10.0.0.2", "6379", "5" };

#define PEER_D "sentinel " ID_D " 10.0.1.4 26379" AT
#define SWITCH \
    "+config-update-from " PEER_D "\n" \
    "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n" \
    "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379\n" \
    "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379\n"

/* What a hello leads to. */
static const char nothing[] = "";
static const char met[] = "+sentinel " PEER_D "\n+new-epoch 3\n"; /* its configuration is ignored */
static const char met_without_epoch[] = "+sentinel " PEER_D "\n+new-epoch 5\n" SWITCH;
static const char all[] = "+sentinel " PEER_D "\n+new-epoch 3\n+new-epoch 5\n" SWITCH;

struct value {
    const char *name, *bytes;
    size_t size;
};

#define VALUE(name, bytes) \
    { name, bytes, sizeof(bytes) - 1 }

enum kind {
    WORD,
    EMPTY,
    TOO_LONG,
    HUGE_NUMBER,
    NEGATIVE,
    NEWLINE,
    NUL,
    NOT_UTF8,
    BLANK,
    QUOTE,
    KIND_COUNT
};

static const struct value values[KIND_COUNT] = {
    [WORD] = VALUE("word", "wrong"),
    [EMPTY] = VALUE("empty", ""),
    [TOO_LONG] = VALUE("too long", ""), /* 5000 letters */
    [HUGE_NUMBER] = VALUE("huge number", "99999999999999999999"),
    [NEGATIVE] = VALUE("negative", "-1"),
    [NEWLINE] = VALUE("newline", "\r\n+switch-master"),
    [NUL] = VALUE("NUL", "\0"),
    [NOT_UTF8] = VALUE("not UTF-8", "\xff\xfe"),
    [BLANK] = VALUE("blank", " "),
    [QUOTE] = VALUE("quote", "\"'"),
};

/* Numbers are read leniently, as the originals do: what is no number is 0. */
static const char *const outcomes[FIELD_COUNT][KIND_COUNT] = {
    { nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing },
    { nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing },
    { nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing },
    { met_without_epoch, met_without_epoch, met_without_epoch, nothing, met_without_epoch,
        met_without_epoch, met_without_epoch, met_without_epoch, met_without_epoch,
        met_without_epoch },
    { nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing },
    { met, met, met, met, met, met, met, met, met, met },
    { met, met, met, met, met, met, met, met, met, met },
    { met, met, met, nothing, met, met, met, met, met, met },
};

static void start(struct fixture *f) {
    fixture_start(f, &FIXTURE_STANDARD);
    f->replicas[0].role = ROLE_MASTER; /* as the failover that the hello tells of leaves them */
    f->master.role = ROLE_REPLICA;
    f->master.master = f->replicas[1].master = f->replicas[0].address;
    fixture_forget(f);
}

static void receive(struct fixture *f, struct slice line, enum hello_via via) {
    fixture_begin(f);
    hello_receive(f->core, line, via);
    core_end(f->core);
    fixture_end(f);
}

static struct slice value_of(enum kind kind) {
    static char letters[5000];
    memset(letters, 'x', sizeof(letters));
    if (kind == TOO_LONG)
        return (struct slice){ .data = letters, .size = sizeof(letters) };
    return (struct slice){ .data = values[kind].bytes, .size = values[kind].size };
}

static void write_line(struct buf *out, size_t field, struct slice value) {
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_slice(out, i == field ? value : slice_of(good[i]));
    }
}

/* Events and what is stored are as expected; if nothing is, then all is as before. */
static void check(size_t field, const struct value *v, struct slice value, const char *expected,
    enum hello_via via) {
    struct fixture f;
    struct buf line = BUF_INIT;
    start(&f);
    write_line(&line, field, value);
    receive(&f, buf_slice(&line), via);
    if (strcmp(fixture_events(&f), expected) != 0)
        fail_msg(
            "field %zu, %s: got\n%sinstead of\n%s", field, v->name, fixture_events(&f), expected);
    bool is_met = expected != nothing,
         is_switched = expected == all || expected == met_without_epoch;
    assert_int_equal(f.group->peer_count, is_met ? 3 : 2);
    assert_int_equal(f.core->current_epoch, is_switched ? 5 : is_met ? 3 : 0);
    assert_int_equal(f.group->config_epoch, is_switched ? 5 : 0);
    assert_string_equal(f.group->master->name, is_switched ? "10.0.0.2:6379" : "10.0.0.1:6379");
    if (!is_met) {
        assert_string_equal(fixture_persists(&f), "");
        assert_string_equal(fixture_logs(&f), "");
    }
    buf_fini(&line);
    fixture_stop(&f);
}

static void check_both_ways(
    size_t field, const struct value *v, struct slice value, const char *expected) {
    check(field, v, value, expected, HELLO_BY_PUBLISH);
    check(field, v, value, expected, HELLO_BY_CHANNEL);
}

static void each_field_takes_or_refuses_each_kind_of_bad_value(void **state) {
    static const struct value right = { .name = "right" };
    check_both_ways(FIELD_COUNT, &right, SLICE_EMPTY, all);
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        for (int kind = 0; kind < KIND_COUNT; kind++)
            check_both_ways(field, &values[kind], value_of((enum kind)kind), outcomes[field][kind]);
    }
}

/* Behind and before a good value. */
static void what_a_good_value_begins_or_ends_with_does_not_help(void **state) {
    static const bool number[FIELD_COUNT] = { [1] = true, [3] = true, [6] = true, [7] = true };
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        const char *refused = field == 5 ? met : nothing;
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            struct buf value = BUF_INIT;
            if (kind == EMPTY || number[field])
                continue; /* it is good; digits are read up to the first other byte */
            buf_add_text(&value, good[field]);
            buf_add_slice(&value, value_of((enum kind)kind));
            check_both_ways(field, &values[kind], buf_slice(&value), refused);
            buf_clear(&value);
            buf_add_slice(&value, value_of((enum kind)kind));
            buf_add_text(&value, good[field]);
            check_both_ways(field, &values[kind], buf_slice(&value), refused);
            buf_fini(&value);
        }
    }
}

/* 40 bytes, of which one is not a visible character. */
static void an_id_is_visible_throughout(void **state) {
    static const unsigned char bytes[] = { '\0', '\n', '\r', ' ', 0x1f, 0x7f, 0x80, 0xa0, 0xff };
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        char id[ID_SIZE], name[32];
        memset(id, 'd', ID_LENGTH);
        id[i * 4] = (char)bytes[i];
        snprintf(name, sizeof(name), "byte %d", bytes[i]);
        check_both_ways(2, &(struct value){ .name = name },
            (struct slice){ .data = id, .size = ID_LENGTH }, nothing);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_takes_or_refuses_each_kind_of_bad_value),
        cmocka_unit_test(what_a_good_value_begins_or_ends_with_does_not_help),
        cmocka_unit_test(an_id_is_visible_throughout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
