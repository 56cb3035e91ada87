#include "config/dump.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

/* Stale: run scripts/generate. */
static void assert_generated(const char *path, void (*dump)(struct buf *out)) {
    struct slice file;
    struct buf text = BUF_INIT;
    dump(&text);
    assert_int_equal(load_file(path, &file), 0);
    assert_slice_equal(file, buf_slice(&text));
    mem_free((void *)(uintptr_t)file.data);
    buf_fini(&text);
}

static void the_generated_files_are_not_stale(void **state) {
    assert_generated(SOURCE_ROOT "/config/example.yaml", dump_example);
    assert_generated(SOURCE_ROOT "/docs/options.md", dump_reference);
}

static void assert_valid(struct slice text, struct settings *ret) {
    struct diag diag;
    struct buf findings = BUF_INIT;
    diag_init(&diag, "example.yaml");
    bool loaded = load_yaml(text, ret, &diag);
    diag_print(&diag, &findings);
    assert_string_equal(buf_text(&findings), "");
    assert_true(loaded);
    diag_fini(&diag);
    buf_fini(&findings);
}

static void the_example_is_valid_and_shows_the_defaults(void **state) {
    struct buf text = BUF_INIT;
    struct settings example, standard;
    dump_example(&text);
    assert_valid(buf_slice(&text), &example);
    settings_init(&standard);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_PROCESS && o->type != OPTION_TYPE_ENDPOINT_LIST)
            assert_true(option_equal(o, &example, &standard));
    }
    assert_int_equal(example.group_count, 1);
    settings_fini(&example);
    settings_fini(&standard);
    buf_fini(&text);
}

/* A line like "#announce: x" or "    #auth:" or "    #  user: x", without its mark; prose has a
 * blank behind it. */
static void uncomment(struct slice line, struct buf *out) {
    size_t mark = 0;
    while (mark < line.size && line.data[mark] == ' ')
        mark++;
    struct slice rest = slice_sub(line, mark, line.size);
    bool is_option = slice_starts_with(rest, "#") && !slice_starts_with(rest, "# ");
    bool is_below = slice_starts_with(rest, "#  ");
    /* Beside password or users it would be one too many; that of a secret is not there. */
    bool is_second = slice_contains(rest, SLICE_LITERAL("password_file:")) ||
        slice_contains(rest, SLICE_LITERAL("acl_file:")) ||
        slice_contains(rest, SLICE_LITERAL("secret_file:"));
    if ((is_option || is_below) && !is_second) {
        buf_add_slice(out, slice_sub(line, 0, mark));
        rest = slice_sub(rest, 1, rest.size);
        buf_add_slice(out, rest);
    } else {
        buf_add_slice(out, line);
    }
    buf_add_char(out, '\n');
}

static void every_option_of_the_example_can_be_switched_on(void **state) {
    struct buf text = BUF_INIT, all = BUF_INIT;
    struct settings s;
    dump_example(&text);
    struct slice rest = buf_slice(&text);
    while (rest.size > 0)
        uncomment(slice_cut(&rest, '\n'), &all);
    assert_valid(buf_slice(&all), &s);
    assert_string_equal(s.announce.host, "10.0.0.7");
    assert_string_equal(s.log_file, "/var/log/vedette.log");
    assert_string_equal(s.groups[0].auth_user, "sentinel");
    assert_true(secret_is_set(&s.groups[0].auth_password));
    assert_int_equal(s.groups[0].rename_count, 1);
    settings_fini(&s);
    buf_fini(&text);
    buf_fini(&all);
}

static void the_reference_names_every_option(void **state) {
    struct buf text = BUF_INIT;
    dump_reference(&text);
    for (size_t i = 0; i < option_count; i++) {
        struct buf row = BUF_INIT;
        buf_printf(&row, "\n| `%s` | ", option_table[i].key);
        assert_true(slice_contains(buf_slice(&text), buf_slice(&row)));
        buf_fini(&row);
    }
    buf_fini(&text);
}

int main(void) {
    (void)setenv("APP", "what-the-example-takes-from-there", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generated_files_are_not_stale),
        cmocka_unit_test(the_example_is_valid_and_shows_the_defaults),
        cmocka_unit_test(every_option_of_the_example_can_be_switched_on),
        cmocka_unit_test(the_reference_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
