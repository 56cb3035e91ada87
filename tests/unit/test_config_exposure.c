#include "config/exposure.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

struct files {
    char folder[64];
    char path[128];
};

static void write_text(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state) {
    struct files *f = mem_new(struct files);
    strcpy(f->folder, "/tmp/vedette-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/f", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct files *f = *state;
    unlink(f->path);
    rmdir(f->folder);
    mem_free(f);
    return 0;
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- modes ---- */

static void assert_said(const struct diag *d, const char *expected) {
    struct buf out = BUF_INIT;
    diag_print_warnings(d, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void only_rights_of_others_are_told_of(void **state) {
    static const struct {
        mode_t mode;
        const char *verb;
    } cases[] = {
        { 0600, NULL },
        { 0640, NULL },
        { 0660, NULL },
        { 0604, "read" },
        { 0644, "read" },
        { 0666, "change" },
        { 0602, "change" },
        { 0601, NULL },
    };
    const struct files *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct diag d;
        char expected[256] = "";
        diag_init(&d, "c.yaml");
        write_text(f->path, "x", cases[i].mode);
        exposure_check(&d, NULL, 3, 7, f->path);
        if (cases[i].verb != NULL)
            (void)snprintf(expected, sizeof(expected),
                "c.yaml:3:7: %s holds a password, and others may %s it (mode %04o; 'chmod o-rwx' "
                "mends that)\n",
                f->path, cases[i].verb, (unsigned)cases[i].mode);
        assert_said(&d, expected);
        diag_fini(&d);
    }
}

static void a_private_key_is_one_too(void **state) {
    const struct files *f = *state;
    struct diag d;
    char expected[256] = "";
    diag_init(&d, "c.yaml");
    write_text(f->path, "x", 0600);
    exposure_check_key(&d, f->path);
    assert_said(&d, expected);
    write_text(f->path, "x", 0644);
    exposure_check_key(&d, f->path);
    (void)snprintf(expected, sizeof(expected),
        "c.yaml: %s holds a private key, and others may read it (mode 0644; 'chmod o-rwx' mends "
        "that)\n",
        f->path);
    assert_said(&d, expected);
    diag_fini(&d);
}

static void what_is_not_there_exposes_nothing(void **state) {
    struct diag d;
    (void)state;
    diag_init(&d, "c");
    exposure_check(&d, NULL, 1, 1, "/proc/self/nosuch");
    exposure_check_key(&d, "/proc/self/nosuch");
    assert_int_equal(d.warning_count, 0);
    diag_fini(&d);
}

/* ---- which files hold passwords ---- */

#define GROUPS "groups: {g: {master: '10.0.0.1:6379', quorum: 1}}\n"

/* Whether the loader notes that the text itself says a password. */
static bool yaml_says_password(const char *text) {
    struct diag d;
    struct settings s;
    diag_init(&d, "c.yaml");
    assert_true(load_yaml(slice_of(text), &s, &d));
    bool says = s.password_at.line > 0;
    for (size_t i = 0; i < s.group_count; i++)
        says |= s.groups[i].password_at.line > 0;
    settings_fini(&s);
    diag_fini(&d);
    return says;
}

static void a_yaml_file_holds_what_stands_in_it_alone(void **state) {
    (void)state;
    assert_int_equal(setenv("VEDETTE_TEST_SECRET", "geheim", 1), 0);
    assert_false(yaml_says_password(GROUPS));
    assert_true(yaml_says_password("clients: {password: geheim}\n" GROUPS));
    assert_true(yaml_says_password("peers: {password: '$${VEDETTE_TEST_SECRET}'}\n" GROUPS));
    assert_false(yaml_says_password("peers: {password: '${VEDETTE_TEST_SECRET}'}\n" GROUPS));
    assert_true(yaml_says_password("clients: {users: {a: 'on >geheim'}}\n" GROUPS));
    assert_false(
        yaml_says_password("clients: {users: {a: [on, '>${VEDETTE_TEST_SECRET}']}}\n" GROUPS));
    assert_false(yaml_says_password("clients: {users: {a: 'on nopass +ping'}}\n" GROUPS));
    assert_true(yaml_says_password(
        "groups: {g: {master: '10.0.0.1:6379', quorum: 1, auth: {password: geheim}}}\n"));
}

static void a_password_file_is_looked_at(void **state) {
    const struct files *f = *state;
    struct settings s;
    struct diag d;
    char text[256];
    diag_init(&d, "c.yaml");
    write_text(f->path, "geheim\n", 0644);
    (void)snprintf(text, sizeof(text), "peers: {password_file: %s}\n" GROUPS, f->path);
    assert_true(load_yaml(slice_of(text), &s, &d));
    assert_int_equal(d.warning_count, 1);
    assert_int_equal(s.password_at.line, 0);
    settings_fini(&s);
    diag_fini(&d);
}

/* A warning names the included file; of the file itself the place is noted. */
static void a_classic_file_and_what_it_includes_are_told_apart(void **state) {
    const struct files *f = *state;
    struct settings s;
    struct state learned;
    struct diag d;
    char text[256], expected[512];
    write_text(f->path, "\nrequirepass geheim\nsentinel sentinel-pass x\n", 0644);
    (void)snprintf(text, sizeof(text),
        "include %s\nsentinel monitor g 10.0.0.1 6379 1\nsentinel auth-pass g geheim\n", f->path);
    diag_init(&d, "c.conf");
    assert_true(load_classic(slice_of(text), &s, &learned, &d));
    (void)snprintf(expected, sizeof(expected),
        "%s:2:13: %s holds a password, and others may read it (mode 0644; 'chmod o-rwx' mends "
        "that)\n",
        f->path, f->path);
    assert_said(&d, expected);
    assert_int_equal(s.password_at.line, 0);
    assert_int_equal(s.groups[0].password_at.line, 3);
    assert_int_equal(s.groups[0].password_at.column, 22);
    settings_fini(&s);
    state_fini(&learned);
    diag_fini(&d);
}

static void an_acl_file_holds_passwords_if_any_user_has_one(void **state) {
    static const struct {
        const char *text;
        size_t warnings;
    } cases[] = {
        { "user a on >geheim +ping\n", 1 },
        { "user a on "
          "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b +ping\n",
            1 },
        { "user a on nopass +ping\n", 0 },
    };
    const struct files *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct settings s;
        struct state learned;
        struct diag d;
        char text[256];
        write_text(f->path, cases[i].text, 0644);
        diag_init(&d, "c.yaml");
        (void)snprintf(text, sizeof(text), "clients: {acl_file: %s}\n" GROUPS, f->path);
        assert_true(load_yaml(slice_of(text), &s, &d));
        assert_int_equal(d.warning_count, cases[i].warnings);
        settings_fini(&s);
        diag_fini(&d);

        diag_init(&d, "c.conf");
        (void)snprintf(
            text, sizeof(text), "aclfile %s\nsentinel monitor g 10.0.0.1 6379 1\n", f->path);
        assert_true(load_classic(slice_of(text), &s, &learned, &d));
        assert_int_equal(d.warning_count, cases[i].warnings);
        settings_fini(&s);
        state_fini(&learned);
        diag_fini(&d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FILES_TEST(only_rights_of_others_are_told_of),
        FILES_TEST(a_private_key_is_one_too),
        cmocka_unit_test(what_is_not_there_exposes_nothing),
        cmocka_unit_test(a_yaml_file_holds_what_stands_in_it_alone),
        FILES_TEST(a_password_file_is_looked_at),
        FILES_TEST(a_classic_file_and_what_it_includes_are_told_apart),
        FILES_TEST(an_acl_file_holds_passwords_if_any_user_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
