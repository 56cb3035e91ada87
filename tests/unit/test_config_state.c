#include "config/state.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/rng.h"

#include <stdio.h>
#include <string.h>

static struct endpoint endpoint(const char *text) {
    struct endpoint e;
    assert_true(endpoint_parse(slice_of(text), &e));
    return e;
}

static void apply(struct state *s, const struct delta *d) {
    struct state once;
    state_init(&once);
    state_apply(s, d);
    state_copy(&once, s);
    state_apply(s, d);
    assert_true(state_equal(&once, s)); /* applying it again changes nothing */
    state_fini(&once);
}

static void add_group(struct state *s, const char *name, struct group_record record) {
    apply(s, &(struct delta){ .kind = DELTA_GROUP, .group = slice_of(name), .record = record });
}

static struct group_record record_of(const char *master) {
    return (struct group_record){ .master = endpoint(master), .seed = endpoint(master) };
}

static void add_override(struct state *s, const char *group, const char *option, const char *value,
    const char *file_value) {
    struct delta d = { .kind = DELTA_OVERRIDE,
        .group = slice_of(group),
        .option = slice_of(option),
        .value = slice_of(value),
        .file_value = slice_of(file_value) };
    apply(s, &d);
}

static void changes_are_applied_exactly(void **unused) {
    struct state s;
    state_init(&s);
    struct slice name = SLICE_LITERAL("mymaster");
    apply(&s, &(struct delta){ .kind = DELTA_EPOCH, .epoch = UINT64_MAX });
    assert_true(s.current_epoch == UINT64_MAX);

    struct group_record record = record_of("10.0.0.1:6379");
    record.vote_epoch = 5;
    add_group(&s, "mymaster", record);
    struct delta replica = {
        .kind = DELTA_REPLICA, .group = name, .address = endpoint("10.0.0.2:6379")
    };
    apply(&s, &replica);
    replica.address = endpoint("10.0.0.3:6379");
    apply(&s, &replica);
    struct delta peer = { .kind = DELTA_PEER,
        .group = name,
        .id = SLICE_LITERAL("aaaa"),
        .address = endpoint("10.0.0.7:26379") };
    apply(&s, &peer);
    peer.address = endpoint("10.0.0.8:26379");
    apply(&s, &peer);
    add_override(&s, "mymaster", "quorum", "3", "2");
    add_override(&s, "mymaster", "quorum", "4", "2");

    const struct group_state *g = state_group(&s, name);
    assert_string_equal(g->name, "mymaster");
    assert_int_equal(g->replica_count, 2);
    assert_int_equal(g->peer_count, 1);
    assert_string_equal(g->peers[0].address.host, "10.0.0.8");
    assert_int_equal(g->overrides.count, 1);
    assert_string_equal(g->overrides.items[0].value, "4");
    assert_string_equal(g->overrides.items[0].file_value, "2");

    /* A new record leaves the lists below it alone. */
    record.vote_epoch = 6;
    strcpy(record.vote_for, "somebody");
    add_group(&s, "mymaster", record);
    g = state_group(&s, name);
    assert_int_equal(g->record.vote_epoch, 6);
    assert_string_equal(g->record.vote_for, "somebody");
    assert_int_equal(g->replica_count, 2);
    assert_int_equal(g->peer_count, 1);
    assert_int_equal(g->overrides.count, 1);

    replica.kind = DELTA_REPLICA_GONE;
    replica.address = endpoint("10.0.0.2:6379");
    apply(&s, &replica);
    assert_int_equal(g->replica_count, 1);
    assert_string_equal(g->replicas[0].host, "10.0.0.3");
    peer.kind = DELTA_PEER_GONE;
    apply(&s, &peer);
    assert_int_equal(g->peer_count, 0);
    struct delta override_gone = {
        .kind = DELTA_OVERRIDE_GONE, .group = name, .option = SLICE_LITERAL("quorum")
    };
    apply(&s, &override_gone);
    assert_int_equal(g->overrides.count, 0);

    peer.kind = DELTA_PEER;
    apply(&s, &peer);
    add_override(&s, "mymaster", "auth.password", "p", "");
    apply(&s, &(struct delta){ .kind = DELTA_GROUP_EMPTY, .group = name });
    assert_int_equal(g->replica_count + g->peer_count + g->overrides.count, 0);
    assert_int_equal(g->record.vote_epoch, 6);

    apply(&s, &(struct delta){ .kind = DELTA_GROUP_FORGET, .group = name });
    assert_null(state_group(&s, name));
    state_fini(&s);
}

static void changes_below_an_unknown_group_are_dropped(void **unused) {
    struct state s, empty;
    state_init(&s);
    state_init(&empty);
    for (int kind = DELTA_GROUP_FORGET; kind <= DELTA_OVERRIDE_GONE; kind++) {
        struct delta d = { .kind = (enum delta_kind)kind,
            .group = SLICE_LITERAL("nobody"),
            .address = endpoint("10.0.0.1:1"),
            .id = SLICE_LITERAL("id"),
            .option = SLICE_LITERAL("quorum") };
        apply(&s, &d);
    }
    assert_true(state_equal(&s, &empty));
    state_fini(&s);
    state_fini(&empty);
}

static void overrides_without_a_group_are_of_the_process(void **state) {
    struct state s, other;
    state_init(&s);
    state_init(&other);
    add_group(&s, "m", record_of("10.0.0.1:1"));
    add_group(&other, "m", record_of("10.0.0.1:1"));
    add_override(&s, "", "log.level", "verbose", "notice");
    add_override(&s, "", "log.level", "debug", "notice");
    add_override(&s, "", "peers.user", "u", "");
    assert_int_equal(s.overrides.count, 2);
    assert_string_equal(s.overrides.items[0].value, "debug");
    assert_int_equal(state_group(&s, SLICE_LITERAL("m"))->overrides.count, 0);
    assert_false(state_equal(&s, &other));
    add_override(&other, "", "peers.user", "u", "");
    add_override(&other, "", "log.level", "debug", "notice");
    assert_true(state_equal(&s, &other));

    apply(&s, &(struct delta){ .kind = DELTA_OVERRIDE_GONE, .option = SLICE_LITERAL("log.level") });
    assert_int_equal(s.overrides.count, 1);
    assert_string_equal(s.overrides.items[0].option, "peers.user");
    state_fini(&s);
    state_fini(&other);
}

static void states_are_equal_in_whatever_order(void **unused) {
    struct state a, b;
    state_init(&a);
    state_init(&b);
    add_group(&a, "one", record_of("10.0.0.1:1"));
    add_group(&a, "two", record_of("10.0.0.2:1"));
    add_group(&b, "two", record_of("10.0.0.2:1"));
    assert_false(state_equal(&a, &b));
    add_group(&b, "one", record_of("10.0.0.1:1"));
    assert_true(state_equal(&a, &b));

    struct delta d = { .kind = DELTA_REPLICA, .group = SLICE_LITERAL("one") };
    const char *const there[] = { "10.0.1.1:1", "10.0.1.2:1" };
    for (size_t i = 0; i < 2; i++) {
        d.address = endpoint(there[i]);
        state_apply(&a, &d);
        d.address = endpoint(there[1 - i]);
        state_apply(&b, &d);
    }
    assert_true(state_equal(&a, &b));
    strcpy(a.id, "x");
    assert_false(state_equal(&a, &b));
    a.id[0] = '\0';
    add_override(&a, "two", "quorum", "3", "2");
    add_override(&b, "two", "quorum", "3", "1");
    assert_false(state_equal(&a, &b));
    state_fini(&a);
    state_fini(&b);
}

/* ---- any state ---- */

static struct slice draw_text(struct rng *r, char text[static 8]) {
    size_t size = (size_t)rng_between(r, 1, 2);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)rng_between(r, 'a', 'd');
    return (struct slice){ .data = text, .size = size };
}

static struct endpoint draw_endpoint(struct rng *r) {
    char host[16];
    snprintf(host, sizeof(host), "10.0.0.%d", (int)rng_between(r, 1, 4));
    struct endpoint e;
    assert_true(endpoint_make(slice_of(host), rng_between(r, 1, 3), &e));
    return e;
}

static void apply_drawn(struct state *s, struct rng *r) {
    char group[8], id[8], option[8], value[8], file_value[8];
    struct delta d = {
        .kind = (enum delta_kind)rng_between(r, DELTA_EPOCH, DELTA_COUNTER),
        .epoch = rng_next(r),
        .counter = rng_next(r) >> 1,
        .group = draw_text(r, group),
        .address = draw_endpoint(r),
        .id = draw_text(r, id),
        .option = draw_text(r, option),
        .value = draw_text(r, value),
        .file_value = draw_text(r, file_value),
        .record = {
            .origin = (enum group_origin)rng_between(r, GROUP_FROM_FILE, GROUP_REMOVED),
            .master = draw_endpoint(r),
            .seed = draw_endpoint(r),
            .config_epoch = rng_next(r),
            .vote_epoch = rng_next(r),
        },
    };
    slice_copy(d.id, d.record.vote_for, sizeof(d.record.vote_for));
    /* Deletions are rare, so that something stands. */
    if (d.kind == DELTA_GROUP_FORGET && !rng_chance(r, 50))
        d.kind = DELTA_GROUP;
    apply(s, &d);
}

static void copy_delta(const struct delta *d, void *context) {
    apply(context, d);
}

static void the_deltas_of_a_state_make_it_anew(void **unused) {
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct state s, again, copy;
        state_init(&s);
        state_init(&again);
        state_init(&copy);
        for (int64_t i = rng_between(&r, 0, 200); i > 0; i--)
            apply_drawn(&s, &r);
        strcpy(s.id, "0123456789012345678901234567890123456789");

        state_deltas(&s, copy_delta, &again);
        assert_false(state_equal(&s, &again)); /* the id is no delta */
        memcpy(again.id, s.id, sizeof(again.id));
        assert_true(state_equal(&s, &again));

        apply_drawn(&copy, &r);
        state_copy(&copy, &s);
        assert_true(state_equal(&s, &copy));
        state_fini(&s);
        state_fini(&again);
        state_fini(&copy);
    }
}

static void a_delta_prints_as_one_line_without_secrets(void **unused) {
    struct slice name = SLICE_LITERAL("my\nmaster");
    struct group_record record = record_of("10.0.0.1:6379");
    record.config_epoch = 3;
    record.vote_epoch = 4;
    strcpy(record.vote_for, "abc");
    struct group_record removed = record;
    removed.origin = GROUP_REMOVED;
    strcpy(removed.section, "0123456789abcdef");

    const struct {
        struct delta delta;
        const char *text;
    } cases[] = {
        { { .kind = DELTA_EPOCH, .epoch = 7 }, "epoch 7" },
        { { .kind = DELTA_LISTING, .value = SLICE_LITERAL("abc") }, "listing abc" },
        { { .kind = DELTA_COUNTER, .counter = 7 }, "counter #process 7" },
        { { .kind = DELTA_GROUP, .group = name, .record = record },
            "group my\\nmaster origin=file master=10.0.0.1:6379 seed=10.0.0.1:6379 config-epoch=3 "
            "vote-epoch=4 vote-for=abc" },
        { { .kind = DELTA_GROUP, .group = name, .record = removed },
            "group my\\nmaster origin=removed master=10.0.0.1:6379 seed=10.0.0.1:6379 "
            "config-epoch=3 vote-epoch=4 vote-for=abc section=01234567" },
        { { .kind = DELTA_GROUP_FORGET, .group = name }, "group-forget my\\nmaster" },
        { { .kind = DELTA_GROUP_EMPTY, .group = name }, "group-empty my\\nmaster" },
        { { .kind = DELTA_REPLICA, .group = name, .address = record.master },
            "replica my\\nmaster 10.0.0.1:6379" },
        { { .kind = DELTA_REPLICA_GONE, .group = name, .address = record.master },
            "replica-gone my\\nmaster 10.0.0.1:6379" },
        { { .kind = DELTA_PEER,
              .group = name,
              .id = SLICE_LITERAL("id"),
              .address = record.master },
            "peer my\\nmaster id 10.0.0.1:6379" },
        { { .kind = DELTA_PEER_GONE, .group = name, .id = SLICE_LITERAL("id") },
            "peer-gone my\\nmaster id" },
        { { .kind = DELTA_OVERRIDE,
              .group = name,
              .option = SLICE_LITERAL("quorum"),
              .value = SLICE_LITERAL("3"),
              .file_value = SLICE_LITERAL("2") },
            "override my\\nmaster quorum 3 file=2" },
        { { .kind = DELTA_OVERRIDE,
              .group = name,
              .option = SLICE_LITERAL("auth.password"),
              .value = SLICE_LITERAL("geheim"),
              .file_value = SLICE_LITERAL("") },
            "override my\\nmaster auth.password ****** file=" },
        { { .kind = DELTA_OVERRIDE,
              .group = name,
              .option = SLICE_LITERAL("of.another.version"),
              .value = SLICE_LITERAL("geheim"),
              .file_value = SLICE_LITERAL("geheim") },
            "override my\\nmaster of.another.version ****** file=******" },
        { { .kind = DELTA_OVERRIDE_GONE, .group = name, .option = SLICE_LITERAL("quorum") },
            "override-gone my\\nmaster quorum" },
        { { .kind = DELTA_OVERRIDE,
              .option = SLICE_LITERAL("log.level"),
              .value = SLICE_LITERAL("debug"),
              .file_value = SLICE_LITERAL("notice") },
            "override #process log.level debug file=notice" },
        { { .kind = DELTA_OVERRIDE,
              .option = SLICE_LITERAL("peers.password"),
              .value = SLICE_LITERAL("geheim"),
              .file_value = SLICE_LITERAL("") },
            "override #process peers.password ****** file=" },
        { { .kind = DELTA_OVERRIDE_GONE, .option = SLICE_LITERAL("log.level") },
            "override-gone #process log.level" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = BUF_INIT;
        delta_print(&cases[i].delta, &out);
        assert_string_equal(buf_text(&out), cases[i].text);
        buf_fini(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_applied_exactly),
        cmocka_unit_test(changes_below_an_unknown_group_are_dropped),
        cmocka_unit_test(overrides_without_a_group_are_of_the_process),
        cmocka_unit_test(states_are_equal_in_whatever_order),
        cmocka_unit_test(the_deltas_of_a_state_make_it_anew),
        cmocka_unit_test(a_delta_prints_as_one_line_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
