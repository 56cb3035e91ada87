#include "tests/unit/record_tape.h"

#include "common/mem.h"
#include "config/option.h"

const struct now tape_first_now = {
    .mono_ms = 5000,
    .heard_ms = 4000,
    .wall_ms = 1700000000000,
    .wake = 7,
};

void tape_write_start(struct tape *t) {
    record_write(&t->writing, NULL,
        &(struct record){
            .kind = RECORD_START, .now = tape_first_now, .start = &t->options, .version = "1.2.3" },
        &t->bytes);
}

int tape_open(void **state) {
    struct tape *t = mem_new(struct tape);
    scene_init(&t->scene);
    t->facts = (struct process_facts){
        .process_id = 42,
        .run_id = "0123456789012345678901234567890123456789",
        .executable = "/usr/bin/vedette",
        .config_file = "/etc/vedette.yaml",
        .os = "Linux",
        .compiler = "cc",
        .multiplexer = "epoll",
        .arch_bits = 64,
    };
    t->options = (struct engine_options){
        .state = &t->scene.state,
        .plan = &t->scene.plan,
        .facts = &t->facts,
        .writes_file = true,
        .seed = UINT64_MAX,
        .descriptors = { .max = 1024, .links = 800 },
    };
    tape_write_start(t);
    *state = t;
    return 0;
}

int tape_close(void **state) {
    struct tape *t = *state;
    record_reader_fini(&t->reader);
    buf_fini(&t->bytes);
    record_context_fini(&t->writing);
    scene_fini(&t->scene);
    mem_free(t);
    return 0;
}

enum record_read tape_read(struct tape *t, size_t *at, struct record *ret) {
    size_t used = 0;
    enum record_read result =
        record_read(&t->reader, slice_sub(buf_slice(&t->bytes), *at, SIZE_MAX), ret, &used);
    *at += used;
    return result;
}

void tape_read_start(struct tape *t, size_t *at) {
    struct record r;
    assert_int_equal(tape_read(t, at, &r), RECORD_READ_ONE);
    assert_int_equal(r.kind, RECORD_START);
}

static void assert_settings_equal(enum option_scope scope, const void *got, const void *expected) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == scope && !option_equal(o, got, expected))
            fail_msg("%s differs", o->key);
    }
}

void assert_plans_equal(const struct plan *got, const struct plan *expected) {
    assert_settings_equal(OPTION_PROCESS, &got->file, &expected->file);
    assert_settings_equal(OPTION_PROCESS, &got->active, &expected->active);
    assert_int_equal(got->group_count, expected->group_count);
    for (size_t i = 0; i < got->group_count; i++) {
        assert_true(group_settings_equal(&got->groups[i].file, &expected->groups[i].file));
        assert_true(group_settings_equal(&got->groups[i].active, &expected->groups[i].active));
        assert_int_equal(got->groups[i].origin, expected->groups[i].origin);
        assert_int_equal(got->groups[i].moves, expected->groups[i].moves);
    }
    assert_int_equal(got->dropped_count, expected->dropped_count);
    for (size_t i = 0; i < got->dropped_count; i++) {
        assert_string_equal(got->dropped[i].group, expected->dropped[i].group);
        assert_string_equal(got->dropped[i].option, expected->dropped[i].option);
        assert_string_equal(got->dropped[i].value, expected->dropped[i].value);
        assert_string_equal(got->dropped[i].file_value, expected->dropped[i].file_value);
        assert_int_equal(got->dropped[i].is_moot, expected->dropped[i].is_moot);
    }
    assert_int_equal(got->unhidden_count, expected->unhidden_count);
    for (size_t i = 0; i < got->unhidden_count; i++)
        assert_string_equal(got->unhidden[i], expected->unhidden[i]);
}
