#include "config/classic_include.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/classic_rewrite.h"
#include "config/classic_write.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[32];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/vedette-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state) {
    char command[64];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

/* A file of the folder; "%s" in it is the folder. */
static void write_file(const char *name, const char *format) {
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct buf text = BUF_INIT;
    for (const char *c = format; *c != '\0'; c++) {
        if (*c == '@')
            buf_add_text(&text, folder);
        else
            buf_add_char(&text, *c);
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(buf_text(&text), f);
    fclose(f);
    buf_fini(&text);
}

struct loaded {
    char path[64];
    struct slice text;
    struct settings settings;
    struct state state;
    struct diag diag;
    struct buf findings;
};

static void load(struct loaded *l) {
    snprintf(l->path, sizeof(l->path), "%s/main", folder);
    diag_init(&l->diag, l->path);
    l->findings = BUF_INIT;
    assert_int_equal(load_file(l->path, &l->text), 0);
    load_classic(l->text, &l->settings, &l->state, &l->diag);
    diag_print(&l->diag, &l->findings);
}

static void unload(struct loaded *l) {
    free((void *)(uintptr_t)l->text.data);
    settings_fini(&l->settings);
    state_fini(&l->state);
    diag_fini(&l->diag);
    buf_fini(&l->findings);
}

/* The findings, with '@' for the folder. */
static void assert_findings(const char *expected) {
    struct loaded l = { .path = "" };
    struct buf got = BUF_INIT;
    load(&l);
    const char *rest = buf_text(&l.findings);
    for (const char *at; (at = strstr(rest, folder)) != NULL; rest = at + strlen(folder)) {
        buf_add(&got, rest, (size_t)(at - rest));
        buf_add_char(&got, '@');
    }
    buf_add_text(&got, rest);
    assert_string_equal(buf_text(&got), expected);
    buf_fini(&got);
    unload(&l);
}

static void files_are_read_in_their_places(void **state) {
    struct loaded l = { .path = "" };
    (void)state;
    write_file("main",
        "port 1\nINCLUDE \"@/a\"\ninclude @/groups.*.conf\ninclude @/none*\n"
        "sentinel parallel-syncs g 5\n");
    write_file("a", "port 2\ninclude @/b\n");
    write_file("b", "port 3\nloglevel debug\n");
    write_file("groups.1.conf", "sentinel monitor g 10.0.0.1 1 2\nsentinel parallel-syncs g 3\n");
    write_file("groups.2.conf", "sentinel monitor h 10.0.0.2 1 2");
    load(&l);
    assert_string_equal(buf_text(&l.findings), "");
    assert_int_equal(l.settings.listen.at[0].port, 3);
    assert_int_equal(l.settings.log_level, LOG_DEBUG);
    assert_int_equal(l.settings.group_count, 2);
    assert_int_equal(l.settings.groups[0].parallel_syncs, 5);
    unload(&l);
}

static void relative_paths_are_below_dir(void **state) {
    struct loaded l = { .path = "" };
    (void)state;
    write_file("main", "dir @\ninclude a\n");
    write_file("a", "port 2\n");
    load(&l);
    assert_string_equal(buf_text(&l.findings), "");
    assert_int_equal(l.settings.listen.at[0].port, 2);
    unload(&l);
}

static void findings_name_the_included_file(void **state) {
    (void)state;
    write_file("main", "include @/a\nport x\ninclude @/gone\ninclude\ninclude a b\n");
    write_file("a", "\nport many\nsentinel nonsense g\nsentinel parallel-syncs g 1\n\"\n");
    assert_findings("@/main:2:6: port must be a whole number from 0 to 65535\n"
                    "@/main:3:9: cannot read @/gone: No such file or directory\n"
                    "@/main:4:1: include takes one path\n"
                    "@/main:5:1: include takes one path\n"
                    "@/a:2:6: port must be a whole number from 0 to 65535\n"
                    "@/a:3:10: Unrecognized sentinel configuration statement.\n"
                    "@/a:4:25: No such master with specified name.\n"
                    "@/a:5:1: Unbalanced quotes in configuration line\n");
}

/* Those found when all files were read, here and by who knows commands. */
static void later_findings_are_not_put_into_the_wrong_file(void **state) {
    (void)state;
    struct loaded l = { .path = "" };
    write_file("main", "include @/a\n\n");
    write_file("a", "\n\nport 0\n\naclfile @/gone\n");
    assert_findings(
        "@/a:3:6: Configured to not listen anywhere: no unixsocket\n"
        "@/a:5:9: Error loading ACLs, opening file '@/gone': No such file or directory\n");
    write_file("a",
        "\n\n\nuser u on\nrename-command PING x\nsentinel monitor g 10.0.0.1 1 1\n"
        "sentinel notification-script g /x\n");
    load(&l);
    assert_int_equal(l.settings.users.items[0].line, 0);
    assert_int_equal(l.settings.renames.items[0].line, 0);
    assert_int_equal(l.settings.groups[0].notification_at.line, 0);
    assert_int_equal(l.settings.groups[0].line, 0);
    unload(&l);
}

static void cycles_and_depth_are_refused(void **state) {
    (void)state;
    write_file("main", "include @/a\n");
    write_file("a", "include @/b\ninclude @/./main\n");
    write_file("b", "include @/a\n");
    assert_findings("@/a:2:9: @/./main includes itself\n"
                    "@/b:1:9: @/a includes itself\n");
    char name[8], text[32];
    write_file("main", "include @/0\n");
    for (int i = 0; i <= INCLUDE_DEPTH_MAX; i++) {
        snprintf(name, sizeof(name), "%d", i);
        snprintf(text, sizeof(text), "include @/%d\n", i + 1);
        write_file(name, text);
    }
    assert_findings("@/15:1:9: more than 16 files within each other\n");
    write_file("main", "include @\ninclude /dev/null\n");
    assert_findings("@/main:1:9: cannot read @: Is a directory\n"
                    "@/main:2:9: cannot read /dev/null: not a regular file\n");
}

static void the_file_itself_wins_over_what_it_includes(void **state) {
    struct loaded l = { .path = "" };
    (void)state;
    for (int before = 0; before < 2; before++) {
        write_file("main",
            before ? "sentinel monitor g 10.0.0.9 9 3\ninclude @/a\n"
                   : "include @/a\nsentinel monitor g 10.0.0.9 9 3\n");
        write_file("a", "sentinel monitor g 10.0.0.1 1 2\nsentinel known-replica g 10.0.0.2 1\n");
        load(&l);
        assert_string_equal(buf_text(&l.findings), "");
        assert_string_equal(l.settings.groups[0].master.host, "10.0.0.9");
        assert_int_equal(l.settings.groups[0].quorum, 3);
        assert_string_equal(
            state_group(&l.state, SLICE_LITERAL("g"))->record.master.host, "10.0.0.9");
        unload(&l);
    }
    write_file("main", "include @/a\ninclude @/b\n");
    write_file("b", "sentinel monitor g 10.0.0.1 1 2\n");
    assert_findings("@/b:1:18: Duplicate master name.\n");
}

static void lines_of_included_files_are_not_written_again(void **state) {
    struct loaded l = { .path = "" };
    struct plan plan;
    struct buf included = BUF_INIT, out = BUF_INIT;
    (void)state;
    write_file("main", "# top\ninclude @/a\n");
    write_file("a", "sentinel monitor g 10.0.0.1 1 2\nsentinel auth-pass g \"a b\"\n");
    load(&l);
    assert_string_equal(buf_text(&l.findings), "");
    assert_true(config_merge(&l.settings, &l.state, MERGE_CLASSIC, &plan, &l.diag));
    plan.groups[0].active.quorum = 3;
    classic_included(l.path, l.text, &included);
    const struct classic_content content = {
        .said = &l.settings,
        .settings = &plan.active,
        .plan = &plan,
        .state = &l.state,
        .included = buf_slice(&included),
    };
    classic_write(l.text, &content, &out);
    write_file("main", buf_text(&out));
    assert_non_null(strstr(buf_text(&out),
        "\n" CLASSIC_MARKER "\nsentinel monitor g 10.0.0.1 1 3\nsentinel config-epoch g 0\n"
        "sentinel leader-epoch g 0\nsentinel current-epoch 0\n"));
    unload(&l);
    load(&l);
    assert_string_equal(buf_text(&l.findings), "");
    assert_int_equal(l.settings.groups[0].quorum, 3);
    unload(&l);
    plan_fini(&plan);
    buf_fini(&included);
    buf_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(files_are_read_in_their_places),
        TEST(relative_paths_are_below_dir),
        TEST(findings_name_the_included_file),
        TEST(later_findings_are_not_put_into_the_wrong_file),
        TEST(cycles_and_depth_are_refused),
        TEST(the_file_itself_wins_over_what_it_includes),
        TEST(lines_of_included_files_are_not_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
