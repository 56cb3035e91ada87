#include "config/settings.h"

#include "tests/unit/unit.h"

#include "common/mem.h"

#include <string.h>

static struct rename make_rename(const char *command, const char *name) {
    struct rename r = { .command = "" };
    slice_copy(slice_of(command), r.command, sizeof(r.command));
    slice_copy(slice_of(name), r.name, sizeof(r.name));
    return r;
}

static bool add_rename(struct group_settings *g, const char *command, const char *name) {
    struct rename r = make_rename(command, name);
    return group_settings_rename(g, &r);
}

static void defaults_are_those_of_the_table(void **state) {
    struct settings s;
    settings_init(&s);
    assert_int_equal(s.listen.count, 2);
    char text[ENDPOINT_TEXT_MAX];
    assert_string_equal(endpoint_text(&s.listen.at[0], text), "0.0.0.0:26379");
    assert_string_equal(endpoint_text(&s.listen.at[1], text), "[::]:26379");
    assert_false(s.listen.optional[0]);
    assert_true(s.listen.optional[1]);
    assert_string_equal(s.announce.host, "");
    assert_string_equal(s.state_dir, "/var/lib/vedette");
    assert_int_equal(s.log_level, LOG_NOTICE);
    assert_int_equal(s.log_format, LOG_FORMAT_TEXT);
    assert_null(s.log_file);
    assert_int_equal(s.group_count, 0);

    const struct group_settings *g = settings_add_group(&s);
    assert_int_equal(g->quorum, 1);
    assert_int_equal(g->down_after_ms, 30000);
    assert_int_equal(g->failover_timeout_ms, 180000);
    assert_int_equal(g->parallel_syncs, 1);
    assert_int_equal(g->reboot_down_after_ms, 0);
    assert_null(g->auth_user);
    assert_false(secret_is_set(&g->auth_password));
    assert_int_equal(g->rename_count, 0);
    settings_fini(&s);
}

/* Spec 5.1. */
static void the_port_that_is_announced_is_that_of_the_links(void **state) {
    struct settings s;
    settings_init(&s);
    assert_int_equal(settings_announced_port(&s), 26379);
    s.tls.listen.count = 1;
    s.tls.listen.at[0].port = 26380;
    assert_int_equal(settings_announced_port(&s), 26379);
    s.tls.links = true;
    assert_int_equal(settings_announced_port(&s), 26380);
    s.listen.count = 0;
    s.tls.links = false;
    assert_int_equal(settings_announced_port(&s), 26380); /* there is no other */
    s.tls.listen.count = 0;
    assert_int_equal(settings_announced_port(&s), 0);
    settings_fini(&s);
}

static void a_copy_shares_nothing(void **state) {
    struct group_settings a, b;
    group_settings_init(&a);
    slice_copy(SLICE_LITERAL("mymaster"), a.name, sizeof(a.name));
    a.auth_user = mem_strdup("sentinel");
    a.line = 7;
    secret_set(&a.auth_password, SLICE_LITERAL("geheim"));
    assert_true(add_rename(&a, "CONFIG", "XCONFIG"));

    group_settings_copy(&b, &a);
    assert_true(group_settings_equal(&a, &b));
    b.line = 8;
    assert_true(group_settings_equal(&a, &b));

    assert_true(add_rename(&b, "CONFIG", "YCONFIG"));
    assert_false(group_settings_equal(&a, &b));
    assert_string_equal(group_settings_command(&a, "CONFIG"), "XCONFIG");
    assert_true(add_rename(&b, "CONFIG", "XCONFIG"));
    assert_true(group_settings_equal(&a, &b));

    secret_set(&b.auth_password, SLICE_LITERAL("anders"));
    assert_false(group_settings_equal(&a, &b));
    group_settings_fini(&a);
    assert_string_equal(b.auth_user, "sentinel");
    assert_slice(secret_reveal(&b.auth_password), "anders");
    group_settings_fini(&b);
    group_settings_fini(&b);
}

static void every_setting_of_a_group_counts_in_a_comparison(void **state) {
    struct group_settings a;
    group_settings_init(&a);
    for (int field = 0; field < 9; field++) {
        struct group_settings b;
        group_settings_copy(&b, &a);
        assert_true(group_settings_equal(&a, &b));
        switch (field) {
        case 0:
            b.name[0] = 'x';
            break;
        case 1:
            assert_true(endpoint_make(SLICE_LITERAL("10.0.0.1"), 1, &b.master));
            break;
        case 2:
            b.quorum++;
            break;
        case 3:
            b.down_after_ms++;
            break;
        case 4:
            b.failover_timeout_ms++;
            break;
        case 5:
            b.parallel_syncs++;
            break;
        case 6:
            b.reboot_down_after_ms++;
            break;
        case 7:
            b.auth_user = mem_strdup("u");
            break;
        default:
            assert_true(add_rename(&b, "A", "B"));
            break;
        }
        assert_false(group_settings_equal(&a, &b));
        group_settings_fini(&b);
    }
    group_settings_fini(&a);
}

static void renames_are_sorted_replaced_and_removed(void **state) {
    struct group_settings g;
    group_settings_init(&g);
    assert_string_equal(group_settings_command(&g, "PING"), "PING");
    assert_true(add_rename(&g, "PING", "XPING"));
    assert_true(add_rename(&g, "CONFIG", "A"));
    assert_true(add_rename(&g, "INFO", "B"));
    assert_true(add_rename(&g, "CONFIG", "C"));
    assert_int_equal(g.rename_count, 3);
    assert_string_equal(g.renames[0].command, "CONFIG");
    assert_string_equal(g.renames[1].command, "INFO");
    assert_string_equal(g.renames[2].command, "PING");
    assert_string_equal(group_settings_command(&g, "CONFIG"), "C");

    assert_true(add_rename(&g, "INFO", "info")); /* its own name: not renamed */
    assert_int_equal(g.rename_count, 2);
    assert_string_equal(group_settings_command(&g, "INFO"), "INFO");
    assert_true(add_rename(&g, "ABSENT", "ABSENT"));
    assert_int_equal(g.rename_count, 2);

    for (int c = 'A'; c < 'A' + RENAMES_MAX - 2; c++)
        assert_true(add_rename(&g, (char[]){ (char)c, '\0' }, "x"));
    assert_false(add_rename(&g, "ZZ", "x"));
    assert_true(add_rename(&g, "PING", "y"));
    assert_int_equal(g.rename_count, RENAMES_MAX);
    group_settings_fini(&g);
}

static void groups_are_found_by_name(void **state) {
    struct settings s;
    settings_init(&s);
    for (int i = 0; i < 100; i++) {
        struct group_settings *g = settings_add_group(&s);
        g->name[0] = (char)('0' + i / 10);
        g->name[1] = (char)('0' + i % 10);
    }
    assert_string_equal(settings_group(&s, SLICE_LITERAL("42"))->name, "42");
    assert_null(settings_group(&s, SLICE_LITERAL("4")));
    assert_null(settings_group(&s, SLICE_LITERAL("422")));
    settings_fini(&s);
}

static void group_names_fit_a_hello(void **state) {
    static const char *const good[] = { "mymaster", "a", "a.b-c_d:e/f", "\xc3\xa4", "'" };
    static const char *const bad[] = { "", "a,b", "a b", " a", "a\tb", "a\n", "\x7f", "\x01" };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(group_name_is_valid(slice_of(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(group_name_is_valid(slice_of(bad[i])));
    assert_false(group_name_is_valid(SLICE_LITERAL("a\0b")));

    char name[GROUP_NAME_MAX];
    memset(name, 'x', sizeof(name));
    assert_true(group_name_is_valid((struct slice){ .data = name, .size = GROUP_NAME_MAX - 1 }));
    assert_false(group_name_is_valid((struct slice){ .data = name, .size = GROUP_NAME_MAX }));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(the_port_that_is_announced_is_that_of_the_links),
        cmocka_unit_test(a_copy_shares_nothing),
        cmocka_unit_test(every_setting_of_a_group_counts_in_a_comparison),
        cmocka_unit_test(renames_are_sorted_replaced_and_removed),
        cmocka_unit_test(groups_are_found_by_name),
        cmocka_unit_test(group_names_fit_a_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
