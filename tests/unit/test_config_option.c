#include "config/option.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <stdio.h>
#include <string.h>

static const struct option *group_option(const char *key) {
    const struct option *o = option_by_key(OPTION_GROUP, slice_of(key));
    assert_non_null(o);
    return o;
}

static void assert_written(const struct group_settings *g, const char *key, const char *expected) {
    struct buf out = BUF_INIT;
    option_write(group_option(key), g, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void assert_shown(const struct group_settings *g, const char *key, const char *expected) {
    struct buf out = BUF_INIT;
    option_print(group_option(key), g, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static bool assign(struct group_settings *g, const char *key, const char *text) {
    return option_assign(group_option(key), g, slice_of(text));
}

static void every_row_is_complete(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        assert_ptr_equal(option_by_key(o->scope, slice_of(o->key)), o);
        assert_true(strlen(o->doc) > 20);
        assert_true(o->doc[strlen(o->doc) - 1] == '.');
        assert_true(o->example != NULL || o->standard != NULL);
        if (o->type == OPTION_TYPE_COUNT || o->type == OPTION_TYPE_DURATION ||
            o->type == OPTION_TYPE_SIZE)
            assert_true(o->min <= o->max);
        if (o->set_name != NULL)
            assert_ptr_equal(option_by_set_name(slice_of(o->set_name)), o);
        if (o->set_alias != NULL)
            assert_ptr_equal(option_by_set_name(slice_of(o->set_alias)), o);
    }
}

static void each_limit_has_its_row(void **state) {
    struct settings s;
    settings_init(&s);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        char key[64], text[32];
        struct buf why = BUF_INIT;
        (void)snprintf(key, sizeof(key), "limits.%s", limit_name((enum limit)i));
        const struct option *o = option_by_key(OPTION_PROCESS, slice_of(key));
        assert_non_null(o);
        assert_true(o->min <= s.limits.max[i]);
        assert_true(o->max >= s.limits.max[i]);
        const char *unit = o->type == OPTION_TYPE_SIZE ? "B"
            : o->type == OPTION_TYPE_DURATION          ? "ms"
                                                       : "";
        (void)snprintf(text, sizeof(text), "%lld%s", (long long)o->min, unit);
        assert_true(option_read(o, &s, slice_of(text), &why));
        assert_int_equal(s.limits.max[i], o->min);
        buf_fini(&why);
    }
    settings_fini(&s);
}

static void options_are_found_by_either_name(void **state) {
    assert_null(option_by_key(OPTION_GROUP, SLICE_LITERAL("listen")));
    assert_null(option_by_key(OPTION_PROCESS, SLICE_LITERAL("quorum")));
    assert_null(option_by_key(OPTION_GROUP, SLICE_LITERAL("Quorum")));
    assert_null(option_by_set_name(SLICE_LITERAL("down_after")));
    assert_null(option_by_set_name(SLICE_LITERAL("")));
    assert_ptr_equal(
        option_by_set_name(SLICE_LITERAL("Down-After-Milliseconds")), group_option("down_after"));
    assert_ptr_equal(option_by_set_name(SLICE_LITERAL("primary-reboot-down-after-period")),
        group_option("reboot_down_after"));
}

static void values_are_assigned_and_written_back(void **state) {
    static const struct {
        const char *key, *text, *shown;
    } cases[] = {
        { "master", "[::1]:6379", "[::1]:6379" },
        { "quorum", "3", "3" },
        { "down_after", "5000", "5s" },
        { "failover_timeout", "86400000", "24h" },
        { "parallel_syncs", "10", "10" },
        { "reboot_down_after", "0", "0s" },
        { "auth.user", "a b", "a b" },
        { "auth.user", "", "" },
        { "auth.password", "ge,heim \\\"", "******" },
        { "auth.password", "", "" },
        { "rename_commands", "CONFIG XCONFIG", "{CONFIG: XCONFIG}" },
    };
    struct group_settings g;
    group_settings_init(&g);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(assign(&g, cases[i].key, cases[i].text));
        assert_written(&g, cases[i].key, cases[i].text);
        assert_shown(&g, cases[i].key, cases[i].shown);
    }
    group_settings_fini(&g);
}

static void what_is_no_value_changes_nothing(void **state) {
    static const struct {
        const char *key, *text;
    } cases[] = {
        { "master", "" },
        { "master", "10.0.0.1" },
        { "master", "10.0.0.1:0" },
        { "master", "redis example:6379" },
        { "quorum", "" },
        { "quorum", "0" },
        { "quorum", "-1" },
        { "quorum", "1000001" },
        { "quorum", "2x" },
        { "quorum", " 2" },
        { "down_after", "0" },
        { "down_after", "5s" },
        { "down_after", "3600000000001" },
        { "down_after", "9223372036854775808" },
        { "failover_timeout", "0" },
        { "parallel_syncs", "0" },
        { "parallel_syncs", "10001" },
        { "reboot_down_after", "-1" },
        { "auth.user", "a\nb" },
        { "auth.password", "a\tb" },
        { "auth.password_file", "/etc/hostname" },
        { "rename_commands", "" },
        { "rename_commands", "CONFIG" },
        { "rename_commands", "CONFIG " },
        { "rename_commands", " X" },
        { "rename_commands", "A B C" },
        { "rename_commands", "A B,C D" },
    };
    struct group_settings before, after;
    group_settings_init(&before);
    assert_true(assign(&before, "auth.user", "user"));
    assert_true(assign(&before, "auth.password", "geheim"));
    assert_true(assign(&before, "rename_commands", "PING XPING"));
    group_settings_copy(&after, &before);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_false(assign(&after, cases[i].key, cases[i].text));
        assert_true(group_settings_equal(&before, &after));
    }
    group_settings_fini(&before);
    group_settings_fini(&after);
}

static void renames_are_assigned_one_by_one_and_restored_together(void **state) {
    const struct option *o = group_option("rename_commands");
    struct group_settings g, again;
    group_settings_init(&g);
    group_settings_init(&again);
    assert_true(assign(&g, "rename_commands", "ping XPING"));
    assert_true(assign(&g, "rename_commands", "CONFIG XCONFIG"));
    assert_written(&g, "rename_commands", "CONFIG XCONFIG,PING XPING");
    assert_shown(&g, "rename_commands", "{CONFIG: XCONFIG, PING: XPING}");

    assert_true(assign(&again, "rename_commands", "INFO XINFO"));
    assert_true(option_restore(o, &again, SLICE_LITERAL("CONFIG XCONFIG,PING XPING")));
    assert_true(option_equal(o, &g, &again));
    assert_false(option_restore(o, &again, SLICE_LITERAL("CONFIG XCONFIG,PING")));
    assert_true(option_equal(o, &g, &again));
    assert_true(option_restore(o, &again, SLICE_EMPTY));
    assert_int_equal(again.rename_count, 0);

    assert_true(assign(&g, "rename_commands", "config Config"));
    assert_written(&g, "rename_commands", "PING XPING");
    group_settings_fini(&g);
    group_settings_fini(&again);
}

static void what_was_written_is_restored(void **state) {
    struct group_settings g, again;
    group_settings_init(&g);
    group_settings_init(&again);
    assert_true(assign(&g, "master", "10.0.0.1:6379"));
    assert_true(assign(&g, "quorum", "7"));
    assert_true(assign(&g, "down_after", "1234"));
    assert_true(assign(&g, "auth.user", "u"));
    assert_true(assign(&g, "auth.password", "p"));
    assert_true(assign(&g, "rename_commands", "A B"));
    assert_true(assign(&g, "rename_commands", "C D"));
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != OPTION_GROUP || o->type == OPTION_TYPE_SECRET_FILE ||
            o->type == OPTION_TYPE_KEYS_FILE || o->type == OPTION_TYPE_WORD)
            continue;
        struct buf text = BUF_INIT;
        option_write(o, &g, &text);
        assert_true(option_restore(o, &again, buf_slice(&text)));
        assert_true(option_equal(o, &g, &again));
        buf_fini(&text);
    }
    assert_true(group_settings_equal(&g, &again));
    group_settings_fini(&g);
    group_settings_fini(&again);
}

static void process_options_are_written_and_restored(void **state) {
    static const struct {
        const char *key, *text, *written; /* NULL: as it was */
    } cases[] = {
        { "announce", "10.0.0.7:26379", NULL },
        { "announce", "10.0.0.7:0", NULL },
        { "announce", ":26379", NULL },
        { "announce", "[2001:db8::1]:0", NULL },
        { "announce", "sentinel.example:0", NULL },
        { "announce", "", ":0" },
        { "log.level", "NOTHING", "nothing" },
        { "hostnames.resolve", "YES", "yes" },
        { "hostnames.resolve", "no", NULL },
        { "peers.user", "u", NULL },
        { "peers.user", "", NULL },
        { "peers.password", "p", NULL },
        { "limits.peers", "7", NULL },
    };
    struct settings s;
    settings_init(&s);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct option *o = option_by_key(OPTION_PROCESS, slice_of(cases[i].key));
        struct buf text = BUF_INIT;
        assert_true(option_restore(o, &s, slice_of(cases[i].text)));
        option_write(o, &s, &text);
        assert_string_equal(
            buf_text(&text), cases[i].written != NULL ? cases[i].written : cases[i].text);
        buf_fini(&text);
    }
    settings_fini(&s);
}

static void what_is_no_value_changes_no_process_option(void **state) {
    static const struct {
        const char *key, *text;
    } cases[] = {
        { "announce", "10.0.0.7" },
        { "announce", "10.0.0.7:65536" },
        { "announce", "10.0.0.7:x" },
        { "announce", "10.0.0.7:" },
        { "announce", "a,b:1" },
        { "announce", "a b:1" },
        { "log.level", "loud" },
        { "log.level", "" },
        { "hostnames.resolve", "true" },
        { "peers.user", "a\nb" },
        { "limits.peers", "0" },
        { "listen", "10.0.0.1:1" }, /* these do not change at runtime */
        { "compat", "valkey" },
        { "log.format", "text" },
    };
    struct settings s, before;
    settings_init(&s);
    settings_init(&before);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct option *o = option_by_key(OPTION_PROCESS, slice_of(cases[i].key));
        if (option_assign(o, &s, slice_of(cases[i].text)))
            fail_msg("%s took %s", cases[i].key, cases[i].text);
        assert_true(option_equal(o, &s, &before));
    }
    settings_fini(&s);
    settings_fini(&before);
}

static void process_options_are_compared(void **state) {
    struct settings a, b;
    settings_init(&a);
    settings_init(&b);
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == OPTION_PROCESS)
            assert_true(option_equal(&option_table[i], &a, &b));
    }
    struct buf why = BUF_INIT;
    static const struct {
        const char *key, *text;
    } changes[] = {
        { "announce", "10.0.0.7:1" },
        { "state_dir", "/tmp" },
        { "log.level", "debug" },
        { "log.file", "x.log" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        const struct option *o = option_by_key(OPTION_PROCESS, slice_of(changes[i].key));
        assert_true(option_read(o, &b, slice_of(changes[i].text), &why));
        assert_false(option_equal(o, &a, &b));
    }
    b.listen.at[1].port++;
    const struct option *listen = option_by_key(OPTION_PROCESS, SLICE_LITERAL("listen"));
    assert_false(option_equal(listen, &a, &b));
    b.listen.count = 1;
    assert_false(option_equal(listen, &a, &b));
    buf_fini(&why);
    settings_fini(&a);
    settings_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(each_limit_has_its_row),
        cmocka_unit_test(options_are_found_by_either_name),
        cmocka_unit_test(values_are_assigned_and_written_back),
        cmocka_unit_test(what_is_no_value_changes_nothing),
        cmocka_unit_test(renames_are_assigned_one_by_one_and_restored_together),
        cmocka_unit_test(what_was_written_is_restored),
        cmocka_unit_test(process_options_are_written_and_restored),
        cmocka_unit_test(what_is_no_value_changes_no_process_option),
        cmocka_unit_test(process_options_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
