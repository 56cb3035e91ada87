#include "sentinel/engine/route.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "tests/lib/scene.h"

#include <stdlib.h>

struct bench {
    struct scene scene;
    struct process_facts facts;
    struct core *core;
    struct server *server;
    struct route route;
    struct effects out;
};

static void begin(struct bench *b) {
    effects_clear(&b->out);
    core_begin(b->core, (struct now){ .mono_ms = 1000, .heard_ms = 1000 }, &b->out);
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof(*b));
    scene_init(&b->scene);
    route_init(&b->route);
    b->core = core_new(
        &(struct core_options){ .state = &b->scene.state, .plan = &b->scene.plan, .seed = 1 },
        (struct now){ .mono_ms = 1000, .heard_ms = 1000 }, &b->out);
    b->server = server_new(b->core, &b->facts);
    begin(b);
    server_input(b->server, &(struct input){ .kind = INPUT_CLIENT_OPENED, .client = { 1 } });
    server_input(b->server,
        &(struct input){ .kind = INPUT_CLIENT_BYTES,
            .client = { 1 },
            .bytes = SLICE_LITERAL("PSUBSCRIBE *\r\n") });
    server_flush(b->server);
    begin(b);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    route_fini(&b->route);
    server_free(b->server);
    core_free(b->core);
    effects_fini(&b->out);
    scene_fini(&b->scene);
    free(b);
    return 0;
}

static void emit(struct bench *b, const char *name, enum log_level level, uint64_t after) {
    struct effect *e = effects_add(&b->out, EFFECT_EVENT);
    e->event = name;
    e->level = level;
    e->text = SLICE_LITERAL("x y");
    e->after = after;
}

static void say(struct bench *b, enum log_level level, const char *text) {
    struct effect *e = effects_add(&b->out, EFFECT_LOG);
    e->level = level;
    e->text = slice_of(text);
}

/* "e+name" for an event, "l<text>" for a line, "?" for anything else. */
static void assert_effects(const struct bench *b, const char *expected) {
    struct buf got = BUF_INIT;
    for (size_t i = 0; i < b->out.count; i++) {
        const struct effect *e = &b->out.items[i];
        if (i > 0)
            buf_add_char(&got, ';');
        if (e->kind == EFFECT_EVENT)
            buf_printf(&got, "e%s", e->event);
        else if (e->kind == EFFECT_LOG)
            buf_printf(&got, "l" SLICE_FMT, SLICE_ARG(e->text));
        else
            buf_add_char(&got, '?');
    }
    assert_slice(buf_slice(&got), expected);
    buf_fini(&got);
}

static void lines_keep_the_order_of_what_happened(void **state) {
    struct bench *b = *state;
    say(b, LOG_NOTICE, "first");
    effects_add(&b->out, EFFECT_STOP);
    emit(b, "+a", LOG_WARNING, 0);
    say(b, LOG_NOTICE, "second");
    emit(b, "+b", LOG_NOTICE, 0);
    emit(b, "+c", LOG_NOTICE, 0);
    route_effects(&b->route, &b->out, 0);
    assert_effects(b, "lfirst;?;e+a;l+a x y;lsecond;e+b;l+b x y;e+c;l+c x y");
}

static void a_note_is_for_the_log_alone(void **state) {
    struct bench *b = *state;
    emit(b, "+a", LOG_WARNING, 0);
    b->out.items[0].note = SLICE_LITERAL(" #because");
    route_effects(&b->route, &b->out, 0);
    assert_effects(b, "e+a;l+a x y #because");
    begin(b);
    route_publish(&b->route, b->core, b->server);
    server_flush(b->server);
    assert_int_equal(b->out.count, 1);
    assert_false(slice_contains(b->out.items[0].bytes, SLICE_LITERAL("because")));
}

static void effects_of_earlier_steps_are_left_alone(void **state) {
    struct bench *b = *state;
    say(b, LOG_DEBUG, "old");
    emit(b, "+old", LOG_WARNING, 0);
    emit(b, "+a", LOG_WARNING, 0);
    route_effects(&b->route, &b->out, 2);
    assert_effects(b, "lold;e+old;e+a;l+a x y");
    assert_int_equal(b->route.queued, 1);
}

static void the_level_hides_lines_and_not_events(void **state) {
    struct bench *b = *state;
    say(b, LOG_DEBUG, "hidden");
    emit(b, "+a", LOG_VERBOSE, 0);
    say(b, LOG_WARNING, "shown");
    emit(b, "+b", LOG_WARNING, 0);
    say(b, LOG_VERBOSE, "hidden");
    emit(b, "-c", LOG_DEBUG, 0);
    route_effects(&b->route, &b->out, 0);
    assert_effects(b, "e+a;lshown;e+b;l+b x y;e-c");
    assert_int_equal(b->route.queued, 2); /* level debug is not published */
}

static size_t count_messages(struct bench *b) {
    size_t count = 0;
    begin(b);
    route_publish(&b->route, b->core, b->server);
    server_flush(b->server);
    for (size_t i = 0; i < b->out.count; i++) {
        struct slice bytes = b->out.items[i].bytes;
        for (size_t k = 0; b->out.items[i].kind == EFFECT_REPLY && k < bytes.size; k++)
            count += bytes.data[k] == '*' && bytes.data[k + 1] == '4';
    }
    return count;
}

static void the_first_that_waits_stops_the_queue(void **state) {
    struct bench *b = *state;
    uint64_t seq = b->core->durable_seq + 5;
    emit(b, "+a", LOG_WARNING, 0);
    emit(b, "+b", LOG_WARNING, seq);
    emit(b, "+c", LOG_WARNING, 0);
    route_effects(&b->route, &b->out, 0);
    assert_int_equal(count_messages(b), 1);
    assert_int_equal(count_messages(b), 0);
    core_input(b->core, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
    assert_int_equal(count_messages(b), 2);
}

static void ask_for_script(
    struct bench *b, const struct slice *words, size_t count, uint64_t after) {
    struct effect *e = effects_add(&b->out, EFFECT_SCRIPT);
    e->words = words;
    e->word_count = count;
    e->after = after;
}

static void scripts_wait_in_the_queue_of_events(void **state) {
    struct bench *b = *state;
    uint64_t seq = b->core->durable_seq + 5;
    char path[] = "/one";
    const struct slice one[] = { slice_of(path), SLICE_LITERAL("+a"), SLICE_LITERAL("x y") };
    const struct slice two[] = { SLICE_LITERAL("/two") };
    const struct slice three[] = { SLICE_LITERAL("/three") };
    ask_for_script(b, one, ARRAY_SIZE(one), 0);
    emit(b, "+a", LOG_WARNING, 0);
    ask_for_script(b, two, ARRAY_SIZE(two), seq);
    emit(b, "+b", LOG_WARNING, seq);
    ask_for_script(b, three, ARRAY_SIZE(three), 0);
    route_effects(&b->route, &b->out, 0);
    assert_effects(b, "?;e+a;l+a x y;?;e+b;l+b x y;?");
    path[1] = 'x'; /* the effects are gone by now */
    assert_int_equal(count_messages(b), 1);
    assert_int_equal(b->core->scripts.count, 1);
    const struct script *first = list_first(&b->core->scripts.jobs, struct script, queued);
    assert_int_equal(first->word_count, 3);
    assert_slice(first->words[0], "/one");
    assert_slice(first->words[1], "+a");
    assert_slice(first->words[2], "x y");
    core_input(b->core, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
    assert_int_equal(count_messages(b), 1);
    assert_int_equal(b->core->scripts.count, 3);
}

static void a_script_whose_write_failed_is_never_run(void **state) {
    struct bench *b = *state;
    uint64_t seq = b->core->durable_seq + 5;
    const struct slice one[] = { SLICE_LITERAL("/one") };
    ask_for_script(b, one, ARRAY_SIZE(one), seq);
    route_effects(&b->route, &b->out, 0);
    core_input(b->core, &(struct input){ .kind = INPUT_FAILED, .seq = seq });
    assert_int_equal(count_messages(b), 0);
    assert_int_equal(b->core->scripts.count, 0);
    assert_int_equal(b->route.queued, 0);
}

static void a_full_queue_drops_the_oldest_and_says_so_once(void **state) {
    struct bench *b = *state;
    uint64_t seq = b->core->durable_seq + 5;
    for (int i = 0; i < ROUTE_QUEUE_MAX; i++)
        emit(b, "+a", LOG_WARNING, seq);
    b->route.log_level = LOG_WARNING;
    route_effects(&b->route, &b->out, 0);
    for (int i = 0; i < 2; i++) {
        begin(b);
        emit(b, "+b", LOG_NOTICE, 0);
        route_effects(&b->route, &b->out, 0);
        assert_effects(b,
            i == 0 ? "e+b;l10000 events wait for the state to be written: the oldest are not "
                     "published any more"
                   : "e+b");
    }
    assert_int_equal(b->route.queued, ROUTE_QUEUE_MAX);
    core_input(b->core, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
    assert_int_equal(count_messages(b), ROUTE_QUEUE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(lines_keep_the_order_of_what_happened),
        TEST(a_note_is_for_the_log_alone),
        TEST(effects_of_earlier_steps_are_left_alone),
        TEST(the_level_hides_lines_and_not_events),
        TEST(the_first_that_waits_stops_the_queue),
        TEST(scripts_wait_in_the_queue_of_events),
        TEST(a_script_whose_write_failed_is_never_run),
        TEST(a_full_queue_drops_the_oldest_and_says_so_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
