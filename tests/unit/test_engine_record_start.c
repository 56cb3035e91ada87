/* What an engine starts from comes back from a recording. */
#include "tests/unit/record_tape.h"

#include "common/mem.h"
#include "config/option.h"

#include <string.h>

static void what_an_engine_starts_from_comes_back(void **state) {
    struct tape *t = *state;
    struct record r;
    size_t at = 0;
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_int_equal(at, buf_size(&t->bytes));
    assert_int_equal(r.kind, RECORD_START);
    assert_string_equal(r.version, "1.2.3");
    assert_memory_equal(&r.now, &tape_first_now, sizeof(tape_first_now));
    assert_true(state_equal(r.start->state, &t->scene.state));
    assert_string_equal(r.start->state->id, SCENE_ID);
    assert_plans_equal(r.start->plan, &t->scene.plan);
    assert_true(r.start->writes_file);
    assert_true(r.start->seed == UINT64_MAX);
    assert_int_equal(r.start->descriptors.max, 1024);
    assert_int_equal(r.start->descriptors.links, 800);
    assert_int_equal(r.start->facts->process_id, 42);
    assert_string_equal(r.start->facts->run_id, t->facts.run_id);
    assert_string_equal(r.start->facts->executable, "/usr/bin/vedette");
    assert_string_equal(r.start->facts->config_file, "/etc/vedette.yaml");
    assert_string_equal(r.start->facts->os, "Linux");
    assert_string_equal(r.start->facts->compiler, "cc");
    assert_string_equal(r.start->facts->multiplexer, "epoll");
    assert_int_equal(r.start->facts->arch_bits, 64);
}

/* Another value than the present one, for every row but that of a file that holds a secret. */
static void change(const struct option *o, void *settings) {
    void *value = option_value(o, settings);
    int64_t *number = value;
    struct listen *list = value;
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    switch (o->type) {
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        *number = *number == o->max ? o->min : o->max;
        break;
    case OPTION_TYPE_MODE:
        *number = 0640;
        break;
    case OPTION_TYPE_WORD:
        *number = strchr(o->words, '|') != NULL ? 1 - *number % 2 : 0;
        break;
    case OPTION_TYPE_WORDS:
        *number = *number == 1 ? 2 : 1;
        break;
    case OPTION_TYPE_BOOL:
        *(bool *)value = !*(bool *)value;
        break;
    case OPTION_TYPE_LOG_LEVEL:
        *(enum log_level *)value = LOG_DEBUG;
        break;
    case OPTION_TYPE_ENDPOINT:
        assert_true(endpoint_make(SLICE_LITERAL("fd00::7"), 7777, value));
        break;
    case OPTION_TYPE_ENDPOINT_LIST:
        *list = (struct listen){ .count = 1, .optional[0] = true };
        assert_true(endpoint_make(SLICE_LITERAL("fd00::8"), 7778, &list->at[0]));
        break;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        assert_true(option_assign(o, settings, SLICE_LITERAL("some \"text\"")));
        break;
    case OPTION_TYPE_PATHS:
        assert_true(option_read(o, settings, SLICE_LITERAL("/a:/b c"), &why));
        break;
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_IP:
        assert_true(option_read(o, settings, SLICE_LITERAL("10.1.1.1"), &why));
        break;
    case OPTION_TYPE_KEYS_FILE:
        secret_set(value, SLICE_LITERAL("a key of peers, first\na key of peers, second"));
        break;
    case OPTION_TYPE_SECRET:
        secret_set(value, SLICE_LITERAL("pass word"));
        break;
    case OPTION_TYPE_RENAMES:
        assert_true(option_assign(o, settings, SLICE_LITERAL("CONFIG hidden-config")));
        assert_true(option_assign(o, settings, SLICE_LITERAL("AUTH a")));
        break;
    case OPTION_TYPE_USERS:
        users_set(value, SLICE_LITERAL("al\0ice"), SLICE_LITERAL("on >p +@all"));
        users_set(value, SLICE_LITERAL(""), SLICE_LITERAL(""));
        secret_set(&((struct users *)value)->file_text, SLICE_LITERAL("user bob on\n"));
        break;
    case OPTION_TYPE_COMMANDS:
        command_renames_add(value, SLICE_LITERAL("PING"), SLICE_LITERAL("pong"));
        command_renames_add(value, SLICE_LITERAL("ROLE"), SLICE_LITERAL(""));
        break;
    case OPTION_TYPE_SECRET_FILE:
        break;
    }
}

static void change_all(enum option_scope scope, void *settings) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope)
            change(&option_table[i], settings);
    }
}

static void change_plan(struct plan *p) {
    change_all(OPTION_PROCESS, &p->active);
    change_all(OPTION_GROUP, &p->groups[0].active);
    p->groups[0].origin = GROUP_FROM_RUNTIME;
    p->groups[0].moves = true;
    p->dropped = mem_new(struct dropped_override);
    p->dropped_count = p->dropped_capacity = 1;
    p->dropped[0] = (struct dropped_override){
        .group = "g",
        .option = "quorum",
        .value = mem_strdup("2"),
        .file_value = mem_strdup(""),
        .is_moot = true,
    };
    p->unhidden = mem_alloc(sizeof(p->unhidden[0]));
    p->unhidden_count = p->unhidden_capacity = 1;
    slice_copy(SLICE_LITERAL("hidden"), p->unhidden[0], sizeof(p->unhidden[0]));
}

static void every_option_comes_back(void **state) {
    struct tape *t = *state;
    struct record r;
    size_t at = 0;
    change_plan(&t->scene.plan);
    buf_clear(&t->bytes);
    tape_write_start(t);
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_plans_equal(r.start->plan, &t->scene.plan);
}

static void every_delta_of_a_state_comes_back(void **state) {
    struct tape *t = *state;
    struct record r;
    size_t at = 0;
    const struct delta deltas[] = {
        { .kind = DELTA_EPOCH, .epoch = UINT64_MAX },
        { .kind = DELTA_LISTING, .value = SLICE_LITERAL("abc") },
        { .kind = DELTA_COUNTER, .counter = INT64_MAX },
        { .kind = DELTA_OVERRIDE,
            .option = SLICE_LITERAL("peers.password"),
            .value = SLICE_LITERAL("a"),
            .file_value = SLICE_LITERAL("b") },
        { .kind = DELTA_OVERRIDE,
            .group = SLICE_LITERAL("mymaster"),
            .option = SLICE_LITERAL("quorum"),
            .value = SLICE_LITERAL("3"),
            .file_value = SLICE_LITERAL("2") },
        { .kind = DELTA_GROUP,
            .group = SLICE_LITERAL("gone"),
            .record = { .origin = GROUP_REMOVED,
                .config_epoch = 5,
                .vote_epoch = 6,
                .vote_for = "somebody",
                .section = "0123" } },
    };
    for (size_t i = 0; i < ARRAY_SIZE(deltas); i++)
        state_apply(&t->scene.state, &deltas[i]);
    buf_clear(&t->bytes);
    tape_write_start(t);
    assert_int_equal(tape_read(t, &at, &r), RECORD_READ_ONE);
    assert_true(state_equal(r.start->state, &t->scene.state));
    assert_string_equal(r.start->state->listing, "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TAPE_TEST(what_an_engine_starts_from_comes_back),
        TAPE_TEST(every_option_comes_back),
        TAPE_TEST(every_delta_of_a_state_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
