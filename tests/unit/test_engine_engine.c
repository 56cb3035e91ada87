#include "sentinel/engine/engine.h"

#include "tests/unit/unit.h"

#include "sentinel/core/core.h"
#include "sentinel/engine/trace.h"
#include "tests/lib/scene.h"

#include <stdio.h>
#include <stdlib.h>

/* An engine with two clients, and the effects of its last step. */
struct bench {
    struct scene scene;
    struct process_facts facts;
    struct now now;
    struct engine *engine;
    struct effects out;
    struct buf story; /* trace of all steps */
};

static void step(struct bench *b, struct input in) {
    effects_clear(&b->out);
    trace_input(&b->story, b->now, &in);
    engine_step(b->engine, b->now, &in, &b->out);
    trace_effects(&b->story, b->now, &b->out, 0);
}

static void ask(struct bench *b, uint64_t client, const char *line) {
    char bytes[256];
    int size = snprintf(bytes, sizeof(bytes), "%s\r\n", line);
    step(b,
        (struct input){ .kind = INPUT_CLIENT_BYTES,
            .client = { client },
            .bytes = { .data = bytes, .size = (size_t)size } });
}

static void durable(struct bench *b, uint64_t seq) {
    step(b, (struct input){ .kind = INPUT_DURABLE, .seq = seq });
}

static void failed(struct bench *b, uint64_t seq) {
    step(b, (struct input){ .kind = INPUT_FAILED, .seq = seq, .why = SLICE_LITERAL("disk full") });
}

static struct bench *bench_new(void) {
    struct bench *b = calloc(1, sizeof(*b));
    b->facts = (struct process_facts){ .process_id = 1, .os = "Linux", .arch_bits = 64 };
    b->now = (struct now){ .mono_ms = 1000, .heard_ms = 1000, .wall_ms = 1700000000000, .wake = 1 };
    scene_init(&b->scene);
    b->engine = engine_new(
        &(struct engine_options){
            .state = &b->scene.state,
            .plan = &b->scene.plan,
            .facts = &b->facts,
            .seed = 42,
        },
        b->now, &b->out);
    trace_effects(&b->story, b->now, &b->out, 0);
    for (uint64_t client = 1; client <= 2; client++)
        step(b, (struct input){ .kind = INPUT_CLIENT_OPENED, .client = { client } });
    durable(b, engine_core(b->engine)->persist_seq);
    return b;
}

static void bench_free(struct bench *b) {
    engine_free(b->engine);
    effects_fini(&b->out);
    buf_fini(&b->story);
    scene_fini(&b->scene);
    free(b);
}

static int set_up(void **state) {
    *state = bench_new();
    return 0;
}

static int tear_down(void **state) {
    bench_free(*state);
    return 0;
}

/* ---- looking at effects ---- */

static const struct effect *find(const struct bench *b, enum effect_kind kind, const char *part) {
    for (size_t i = 0; i < b->out.count; i++) {
        const struct effect *e = &b->out.items[i];
        struct slice text = kind == EFFECT_REPLY ? e->bytes : e->text;
        if (e->kind == kind && slice_contains(text, slice_of(part)))
            return e;
    }
    return NULL;
}

static const struct effect *reply_to(const struct bench *b, uint64_t client) {
    for (size_t i = 0; i < b->out.count; i++) {
        const struct effect *e = &b->out.items[i];
        if (e->kind == EFFECT_REPLY && e->client.value == client)
            return e;
    }
    return NULL;
}

static const struct effect *last(const struct bench *b) {
    assert_true(b->out.count > 0);
    return &b->out.items[b->out.count - 1];
}

static uint64_t persist_seq(const struct bench *b) {
    return engine_core(b->engine)->persist_seq;
}

#define ASK_VOTE "SENTINEL is-master-down-by-addr 127.0.0.1 28400 5 abc"

/* ---- events ---- */

static void an_event_becomes_a_line_and_a_message(void **state) {
    struct bench *b = *state;
    ask(b, 2, "SUBSCRIBE +set");
    ask(b, 1, "SENTINEL SET mymaster quorum 3");
    assert_non_null(find(b, EFFECT_EVENT, "master mymaster 127.0.0.1 28400 quorum 3"));
    assert_non_null(find(b, EFFECT_LOG, "+set master mymaster 127.0.0.1 28400 quorum 3"));
    assert_slice(reply_to(b, 2)->bytes,
        "*3\r\n$7\r\nmessage\r\n$4\r\n+set\r\n$40\r\nmaster mymaster 127.0.0.1 28400 quorum 3\r\n");
}

static void a_line_stands_behind_its_event(void **state) {
    struct bench *b = *state;
    ask(b, 1, "SENTINEL SET mymaster quorum 3 parallel-syncs 2");
    size_t pairs = 0;
    for (size_t i = 0; i + 1 < b->out.count; i++) {
        if (b->out.items[i].kind != EFFECT_EVENT)
            continue;
        const struct effect *line = &b->out.items[i + 1];
        assert_int_equal(line->kind, EFFECT_LOG);
        assert_int_equal(line->level, b->out.items[i].level);
        assert_true(slice_contains(line->text, b->out.items[i].text));
        pairs++;
    }
    assert_int_equal(pairs, 2);
}

static void a_message_waits_for_what_it_rests_on(void **state) {
    struct bench *b = *state;
    ask(b, 2, "PSUBSCRIBE *");
    ask(b, 1, ASK_VOTE);
    uint64_t seq = persist_seq(b);
    assert_non_null(find(b, EFFECT_LOG, "+vote-for-leader abc 5")); /* the log waits for nothing */
    assert_null(find(b, EFFECT_REPLY, "+vote-for-leader"));
    assert_null(reply_to(b, 1));

    /* Later events queue up behind it, but replies to others do not. */
    ask(b, 1, "SENTINEL SET mymaster quorum 3");
    assert_null(find(b, EFFECT_REPLY, "+set"));
    durable(b, seq);
    const struct effect *messages = reply_to(b, 2);
    assert_non_null(messages);
    assert_int_equal(messages->after, seq);
    assert_true(slice_contains(messages->bytes, SLICE_LITERAL("+vote-for-leader")));
    assert_true(slice_contains(messages->bytes, SLICE_LITERAL("+set")));
    assert_int_equal(reply_to(b, 1)->after, seq);
}

static void a_message_whose_write_failed_holds_up_nobody(void **state) {
    struct bench *b = *state;
    ask(b, 2, "PSUBSCRIBE *");
    ask(b, 1, ASK_VOTE);
    uint64_t seq = persist_seq(b);
    failed(b, seq);
    assert_null(find(b, EFFECT_REPLY, "+vote-for-leader"));
    assert_slice(reply_to(b, 1)->bytes, "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n");
    ask(b, 1, "SENTINEL SET mymaster quorum 3");
    assert_non_null(find(b, EFFECT_REPLY, "+set"));
    durable(b, seq + 1);
    assert_null(find(b, EFFECT_REPLY, "+vote-for-leader"));
}

static void who_changes_something_hears_of_it_behind_the_reply(void **state) {
    struct bench *b = *state;
    ask(b, 1, "HELLO 3");
    ask(b, 1, "SUBSCRIBE +set");
    ask(b, 1, "SENTINEL SET mymaster quorum 3");
    assert_null(reply_to(b, 1));
    durable(b, persist_seq(b));
    assert_true(
        slice_starts_with(reply_to(b, 1)->bytes, "+OK\r\n>3\r\n$7\r\nmessage\r\n$4\r\n+set\r\n"));
}

/* ---- the log ---- */

static void reload_with_level(struct bench *b, int level) {
    b->scene.plan.active.log_level = (enum log_level)level;
    step(b, (struct input){ .kind = INPUT_RELOAD, .plan = &b->scene.plan });
}

static void lines_below_the_level_are_dropped(void **state) {
    struct bench *b = *state;
    ask(b, 2, "SUBSCRIBE +set");
    reload_with_level(b, LOG_NOTHING);
    ask(b, 1, "SENTINEL SET mymaster quorum 3");
    for (size_t i = 0; i < b->out.count; i++)
        assert_int_not_equal(b->out.items[i].kind, EFFECT_LOG);
    assert_non_null(find(b, EFFECT_REPLY, "+set")); /* published all the same */
    reload_with_level(b, LOG_VERBOSE);
    ask(b, 1, "*x");
    assert_non_null(find(b, EFFECT_LOG, "Protocol error: invalid multibulk length"));
}

/* ---- limits ---- */

static void a_reload_brings_limits(void **state) {
    struct bench *b = *state;
    struct limits *limits = &b->scene.plan.active.limits;
    ask(b, 1, "*2\r\n$4\r\nPING\r\n$100\r\nwhat is not complete");
    step(b, (struct input){ .kind = INPUT_RELOAD, .plan = &b->scene.plan });
    assert_int_equal(engine_core(b->engine)->settings.limits.max[LIMIT_PEERS], 64);
    limits->max[LIMIT_PEERS] = 5;
    limits->max[LIMIT_CLIENT_MEMORY] = 10;
    b->scene.plan.active.log_level = LOG_DEBUG;
    step(b, (struct input){ .kind = INPUT_RELOAD, .plan = &b->scene.plan });
    assert_int_equal(engine_core(b->engine)->settings.limits.max[LIMIT_PEERS], 5);
    assert_int_equal(last(b)->kind, EFFECT_HANGUP); /* that of memory counts at once */
    assert_int_equal(last(b)->client.value, 1);
    assert_non_null(find(b, EFFECT_LOG, "it holds most of"));
    ask(b, 2, "*2\r\n$4\r\nPING\r\n$100\r\nwhat is not complete");
    assert_int_equal(last(b)->kind, EFFECT_HANGUP);
    reload_with_level(b, LOG_NOTICE);
    step(b, (struct input){ .kind = INPUT_CLIENT_OPENED, .client = { 3 } });
    ask(b, 3, "*2\r\n$4\r\nPING\r\n$100\r\nwhat is not complete");
    assert_int_equal(last(b)->kind, EFFECT_HANGUP);
    assert_null(find(b, EFFECT_LOG, "")); /* for those who want it */
}

static void a_pipeline_has_a_deadline_and_goes_on_with_a_timer(void **state) {
    struct bench *b = *state;
    struct buf many = BUF_INIT;
    for (int i = 0; i < 100; i++)
        buf_add_text(&many, "COMMAND DOCS\r\n");
    step(b,
        (struct input){ .kind = INPUT_CLIENT_BYTES, .client = { 1 }, .bytes = buf_slice(&many) });
    buf_fini(&many);
    int64_t turn_ms = engine_deadline(b->engine);
    assert_int_equal(turn_ms, b->now.mono_ms + 1);
    ask(b, 2, "PING");
    assert_slice_equal(reply_to(b, 2)->bytes, SLICE_LITERAL("+PONG\r\n"));
    b->now.mono_ms = b->now.heard_ms = turn_ms;
    b->now.wake++;
    step(b, (struct input){ .kind = INPUT_TIMER });
    assert_non_null(reply_to(b, 1));
}

static void a_waiting_reply_has_a_deadline(void **state) {
    struct bench *b = *state;
    int64_t due_ms = b->now.mono_ms + 10000;
    ask(b, 1, "SENTINEL FLUSHCONFIG");
    assert_null(reply_to(b, 1));
    while (b->now.mono_ms < due_ms) {
        assert_true(engine_deadline(b->engine) <= due_ms);
        b->now.mono_ms = MAX_OF(engine_deadline(b->engine), b->now.mono_ms + 1);
        b->now.heard_ms = b->now.mono_ms;
        b->now.wake++;
        assert_null(reply_to(b, 1));
        step(b, (struct input){ .kind = INPUT_TIMER });
    }
    assert_int_equal(b->now.mono_ms, due_ms);
    assert_slice_equal(reply_to(b, 1)->bytes,
        SLICE_LITERAL("-ERR Failed to save config file. Check server logs.\r\n"));
}

static void refused_connections_are_logged_for_those_who_want_it(void **state) {
    struct bench *b = *state;
    const struct core *c = engine_core(b->engine);
    const struct link *l = &core_group(c, SLICE_LITERAL("mymaster"))->master->command;
    ask(b, 2, "PSUBSCRIBE *");
    for (int level = LOG_DEBUG; level <= LOG_VERBOSE; level++) {
        reload_with_level(b, level);
        b->now.mono_ms += 2000;
        b->now.heard_ms += 2000;
        step(b, (struct input){ .kind = INPUT_TIMER });
        step(b,
            (struct input){ .kind = INPUT_LINK_LOST,
                .link = l->id,
                .incarnation = l->incarnation,
                .why = SLICE_LITERAL("Connection refused") });
        assert_int_equal(find(b, EFFECT_LOG, "-cmd-link-reconnection") != NULL, level == LOG_DEBUG);
        assert_null(find(b, EFFECT_REPLY, "-cmd-link-reconnection"));
    }
}

/* ---- the rest ---- */

static void a_stop_comes_last(void **state) {
    struct bench *b = *state;
    step(b, (struct input){ .kind = INPUT_STOP, .why = SLICE_LITERAL("SIGTERM") });
    assert_non_null(find(b, EFFECT_LOG, "SIGTERM"));
    assert_int_equal(last(b)->kind, EFFECT_STOP);
    assert_int_equal(last(b)->status, 0);

    ask(b, 1, "SENTINEL SET mymaster quorum 3\r\nSHUTDOWN");
    assert_int_equal(last(b)->kind, EFFECT_STOP);
    bool persisted = false;
    for (size_t i = 0; i < b->out.count; i++)
        persisted = persisted || b->out.items[i].kind == EFFECT_PERSIST;
    assert_true(persisted);
}

static void usage_is_shown(void **state) {
    struct bench *b = *state;
    step(b, (struct input){ .kind = INPUT_USAGE, .usage = { .user_us = 1500000 } });
    ask(b, 1, "INFO cpu");
    assert_non_null(find(b, EFFECT_REPLY, "\r\nused_cpu_user:1.500000\r\n"));
}

static void there_is_always_something_due(void **state) {
    struct bench *b = *state;
    int64_t deadline = engine_deadline(b->engine);
    assert_true(deadline < TSTAMP_NEVER);
}

static void play(struct bench *b) {
    ask(b, 1, "SUBSCRIBE +odown");
    ask(b, 2, ASK_VOTE);
    for (int i = 0; i < 50; i++) {
        int64_t passed = MAX_OF(engine_deadline(b->engine) - b->now.mono_ms, 1);
        b->now.mono_ms += passed;
        b->now.heard_ms += passed;
        b->now.wall_ms += passed;
        b->now.wake++;
        step(b, (struct input){ .kind = INPUT_TIMER });
    }
    durable(b, persist_seq(b));
}

static void the_same_seed_and_inputs_give_the_same_effects(void **state) {
    struct bench *b = *state, *again = bench_new();
    play(b);
    play(again);
    assert_true(buf_size(&b->story) > 1000);
    assert_slice_equal(buf_slice(&again->story), buf_slice(&b->story));
    bench_free(again);
}

static void a_story_has_a_line_for_all_that_happens(void **state) {
    struct bench *b = *state;
    buf_clear(&b->story);
    ask(b, 1, "PING");
    assert_int_equal(b->out.count, 1);
    struct slice rest = buf_slice(&b->story);
    assert_true(slice_starts_with(slice_cut(&rest, '\n'), "1000 < "));
    assert_true(slice_starts_with(slice_cut(&rest, '\n'), "1000 > "));
    assert_int_equal(rest.size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_event_becomes_a_line_and_a_message),
        TEST(a_line_stands_behind_its_event),
        TEST(a_message_waits_for_what_it_rests_on),
        TEST(a_message_whose_write_failed_holds_up_nobody),
        TEST(who_changes_something_hears_of_it_behind_the_reply),
        TEST(lines_below_the_level_are_dropped),
        TEST(refused_connections_are_logged_for_those_who_want_it),
        TEST(a_reload_brings_limits),
        TEST(a_pipeline_has_a_deadline_and_goes_on_with_a_timer),
        TEST(a_waiting_reply_has_a_deadline),
        TEST(a_stop_comes_last),
        TEST(usage_is_shown),
        TEST(there_is_always_something_due),
        TEST(the_same_seed_and_inputs_give_the_same_effects),
        TEST(a_story_has_a_line_for_all_that_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
