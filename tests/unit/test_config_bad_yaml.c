/* Each option of option_table, in YAML, with each kind of bad value: what is said of it, and where.
 * A new row there needs one here. */
#include "config/load.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/option.h"
#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is said ---- */

/* Kinds of bad values, as YAML spells them. */
enum kind { WORD, EMPTY, TOO_LONG, NEGATIVE, NEWLINE, NUL, LIST, MAP, KIND_COUNT };

static const char *const spelled[KIND_COUNT] = {
    [WORD] = "wrong",
    [EMPTY] = "''",
    [TOO_LONG] = NULL, /* 20000 digits */
    [NEGATIVE] = "-1",
    [NEWLINE] = "\"a\\nb\"",
    [NUL] = "\"a\\0b\"",
    [LIST] = "[[x]]",
    [MAP] = "{A: {x: y}}",
};

/* What is said of a value of each kind, behind the name of the option. NULL: it is a good one. */
struct row {
    const char *key;
    const char *said[KIND_COUNT];
};

#define NO_LIST "must be a single value, not a list"
#define NO_MAP  "must be a single value, not a mapping"
/* The same of every single value. */
#define EACH(text) \
    { text, text, text, text, text, text, NO_LIST, NO_MAP }
#define COUNT(range) EACH("must be a whole number from " range)
#define YES_OR_NO    EACH("must be yes or no")

#define QUANTITY(hint, bare) \
    { hint, hint, bare, hint, hint, hint, NO_LIST, NO_MAP }
#define DURATION \
    QUANTITY("must be a whole number with its unit (ms, s, m or h), as in 5s", \
        "needs a unit (ms, s, m or h), as in 99999999999999999999s")
#define SIZE \
    QUANTITY("must be a whole number with its unit (B, KiB, MiB or GiB), as in 64KiB", \
        "needs a unit (B, KiB, MiB or GiB), as in 99999999999999999999B")

#define CONTROL "must not contain control characters"
#define TEXT_OR(word, negative) \
    { \
        word, "must not be empty", "must not be longer than 16384 bytes", negative, CONTROL, \
            CONTROL, NO_LIST, NO_MAP \
    }
#define TEXT TEXT_OR(NULL, NULL)
#define SECRET_FILE \
    TEXT_OR(": cannot read wrong: No such file or directory", \
        ": cannot read -1: No such file or directory")

#define NO_ADDRESS "must be an IP address and a port: 10.0.0.1:6379 or [2001:db8::1]:6379"
#define NAMED_ADDRESS \
    EACH("must be an IP address or a host name and a port: 10.0.0.1:6379 or [2001:db8::1]:6379")

#define NO_PATHS   "must be absolute paths without colons: [/etc/vedette/scripts]"
#define NO_MAPPING "must be a mapping, not a single value"

#define ADDRESSES \
    { \
        NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_LIST, \
            "must be a list, not a mapping" \
    }

static const struct row process_rows[] = {
    { "listen", ADDRESSES },
    { "announce", NAMED_ADDRESS },
    { "source_address", EACH("must be an IP address") },
    { "state_dir", TEXT },
    { "log.level", EACH("must be one of debug, verbose, notice, warning, nothing") },
    { "log.format", EACH("must be text") },
    { "log.file", TEXT },
    { "limits.clients", COUNT("1 to 1000000") },
    { "limits.query_buffer", SIZE },
    { "limits.output_buffer", SIZE },
    { "limits.client_memory", SIZE },
    { "limits.parked_replies", COUNT("1 to 1000000") },
    { "limits.parked_time", DURATION },
    { "limits.subscriptions", COUNT("1 to 1000000") },
    { "limits.pending_commands", COUNT("10 to 10000") },
    { "limits.peers", COUNT("1 to 1000") },
    { "limits.replicas", COUNT("1 to 10000") },
    { "limits.info_cache", SIZE },
    { "limits.clients_per_address", COUNT("0 to 1000000") },
    { "limits.failed_logins", COUNT("0 to 1000000") },
    { "limits.handshakes", COUNT("1 to 100000") },
    { "compat", EACH("must be redis or valkey") },
    { "hostnames.resolve", YES_OR_NO },
    { "hostnames.servers",
        EACH("must be IP addresses separated by commas, with a port where it is not 53: 10.0.0.53 "
             "or 10.0.0.53:5353,[fd00::53]:5353") },
    { "hostnames.announce", YES_OR_NO },
    { "clients.timeout", DURATION },
    { "clients.keepalive", DURATION },
    { "clients.backlog", COUNT("1 to 65535") },
    { "clients.password", TEXT },
    { "clients.password_file", SECRET_FILE },
    { "clients.users",
        { NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING,
            "must be a mapping, not a list", ": A must be a single value, not a mapping" } },
    { "clients.unix_socket", TEXT },
    { "clients.unix_socket_mode", EACH("must be an octal number from 0 to 777") },
    { "clients.rename_commands",
        { NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING,
            "must be a mapping, not a list", ": A must be a single value, not a mapping" } },
    { "clients.acl_file", SECRET_FILE },
    { "clients.acl_log_max", COUNT("0 to 100000") },
    { "clients.all_channels", YES_OR_NO },
    { "clients.protected_mode", YES_OR_NO },
    { "peers.user", TEXT },
    { "peers.password", TEXT },
    { "peers.password_file", SECRET_FILE },
    { "peers.secret_file", SECRET_FILE },
    { "peers.policy", EACH("must be permissive or strict") },
    { "tls.listen", ADDRESSES },
    { "tls.links", YES_OR_NO },
    { "tls.cert", TEXT },
    { "tls.key", TEXT },
    { "tls.key_password", TEXT },
    { "tls.key_password_file", SECRET_FILE },
    { "tls.client_cert", TEXT },
    { "tls.client_key", TEXT },
    { "tls.client_key_password", TEXT },
    { "tls.client_key_password_file", SECRET_FILE },
    { "tls.ca_file", TEXT },
    { "tls.ca_dir", TEXT },
    { "tls.auth_clients", EACH("must be no, yes or optional") },
    { "tls.verify_names", EACH("must be no, known or always") },
    { "tls.protocols",
        EACH("must be one or more, separated by blanks, of TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3") },
    { "tls.ciphers", TEXT },
    { "tls.ciphersuites", TEXT },
    { "tls.prefer_server_ciphers", YES_OR_NO },
    { "tls.dh_params_file", TEXT },
    { "tls.session_caching", YES_OR_NO },
    { "tls.session_cache_size", COUNT("0 to 2147483647") },
    { "tls.session_cache_timeout", DURATION },
    { "tls.handshake_timeout", DURATION },
    { "deny_scripts_reconfig", YES_OR_NO },
    { "user", TEXT },
    { "group", TEXT },
    { "seccomp", EACH("must be no, yes or log") },
    { "script_dirs",
        { NO_PATHS, "must not be empty", "must not be longer than 16384 bytes", NO_PATHS, CONTROL,
            CONTROL, NO_LIST, "must be a list, not a mapping" } },
    { "pid_file", TEXT },
    { "daemonize", YES_OR_NO },
    { "syslog.enabled", YES_OR_NO },
    { "syslog.ident", TEXT },
    { "syslog.facility",
        EACH("must be user, local0, local1, local2, local3, local4, local5, local6 or local7") },
    { "supervised", EACH("must be no, auto, systemd or upstart") },
};

static const struct row group_rows[] = {
    { "master", NAMED_ADDRESS },
    { "quorum", COUNT("1 to 1000000") },
    { "down_after", DURATION },
    { "crash_after", DURATION },
    { "failover_timeout", DURATION },
    { "parallel_syncs", COUNT("1 to 10000") },
    { "reboot_down_after", DURATION },
    { "auth.user", TEXT },
    { "auth.password", TEXT },
    { "auth.password_file", SECRET_FILE },
    { "scripts.notification", TEXT },
    { "scripts.reconfig", TEXT },
    { "peers.secret_file", SECRET_FILE },
    { "peers.policy", EACH("must be process, permissive or strict") },
    { "rename_commands",
        { NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING, NO_MAPPING,
            "must be a mapping, not a list", ": A must be a single value, not a mapping" } },
};

/* ---- files with one bad value ---- */

/* A file, and where the value in question stands. */
struct file {
    struct buf text;
    int line, column;
};

static void add_line(struct file *f, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_line(struct file *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    buf_vprintf(&f->text, format, args);
    va_end(args);
    buf_add_char(&f->text, '\n');
    f->line++;
}

/* The option below `indent`, a dotted key as two levels, and what has to stand beside it. */
static void add_option(struct file *f, int indent, const char *key, const char *value) {
    struct slice name = slice_of(key);
    if (strchr(key, '.') != NULL) {
        struct slice section = slice_cut(&name, '.');
        add_line(f, "%*s" SLICE_FMT ":", indent, "", SLICE_ARG(section));
        indent += 2;
    }
    add_line(f, "%*s" SLICE_FMT ": %s", indent, "", SLICE_ARG(name), value);
    f->column = indent + (int)name.size + 3;
    if (slice_is(name, "user") && indent > 0)
        buf_printf(&f->text, "%*spassword: p\n", indent, "");
    if (slice_is(name, "group"))
        buf_add_text(&f->text, "user: u\n");
}

static void write_file(
    struct file *f, enum option_scope scope, const char *key, const char *value) {
    *f = (struct file){ .text = BUF_INIT };
    if (scope == OPTION_GROUP) {
        add_line(f, "groups:\n  g:");
        f->line++;
        if (strcmp(key, "master") != 0)
            add_line(f, "    master: 10.0.0.1:6379");
        if (strcmp(key, "quorum") != 0)
            add_line(f, "    quorum: 1");
        add_option(f, 4, key, value);
    } else {
        add_option(f, 0, key, value);
        buf_add_text(&f->text, "groups: {}\n");
    }
}

/* What load_yaml finds; "" if the file is in order. */
static void find(const struct file *f, struct buf *ret) {
    struct settings s;
    struct diag diag;
    diag_init(&diag, "f");
    bool loaded = load_yaml(buf_slice(&f->text), &s, &diag);
    diag_print(&diag, ret);
    assert_int_equal(loaded, buf_size(ret) == 0);
    settings_fini(&s);
    diag_fini(&diag);
}

/* The one finding is that text at the value; there is none if it is NULL. */
static void assert_said(const struct file *f, int column, const char *key, const char *said) {
    struct buf found = BUF_INIT, expected = BUF_INIT;
    find(f, &found);
    if (said != NULL)
        buf_printf(
            &expected, "f:%d:%d: %s%s%s\n", f->line, column, key, said[0] == ':' ? "" : " ", said);
    assert_string_equal(buf_text(&found), buf_text(&expected));
    buf_fini(&found);
    buf_fini(&expected);
}

static const char *spell(enum kind kind) {
    static char digits[20001];
    memset(digits, '9', sizeof(digits) - 1);
    return spelled[kind] != NULL ? spelled[kind] : digits;
}

static void check_row(enum option_scope scope, const struct row *row) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct file f;
        write_file(&f, scope, row->key, spell((enum kind)kind));
        const char *said = row->said[kind];
        int column = f.column;
        if (kind == LIST && row->said[MAP] != NULL && strstr(row->said[MAP], "a list") != NULL)
            column += 1; /* a list is what it may be; its item is not */
        if (kind == MAP && said != NULL && said[0] == ':')
            column += 4; /* the same of a map */
        assert_said(&f, column, row->key, said);
        buf_fini(&f.text);
    }
}

static const struct row *find_row(const struct option *o) {
    const struct row *rows = o->scope == OPTION_PROCESS ? process_rows : group_rows;
    size_t count = o->scope == OPTION_PROCESS ? ARRAY_SIZE(process_rows) : ARRAY_SIZE(group_rows);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, o->key) == 0)
            return &rows[i];
    }
    fail_msg("option %s has no row in this test", o->key);
    return NULL;
}

static void each_option_refuses_each_kind_of_bad_value_in_its_place(void **state) {
    assert_int_equal(option_count, ARRAY_SIZE(process_rows) + ARRAY_SIZE(group_rows));
    for (size_t i = 0; i < option_count; i++)
        check_row(option_table[i].scope, find_row(&option_table[i]));
}

/* What is said whatever the option; others may follow. */
static void what_is_no_value_at_all_is_refused_alike(void **state) {
    static const struct {
        const char *value, *said;
        int offset; /* of the finding from where the value begins */
    } cases[] = {
        { "", "has no value", -1 },
        { "~", "has no value", 0 },
        { "!!str x", "tags are not supported: quote a text that begins with !", 0 },
        { "&a x", "anchors are not supported: quote a text that begins with &", 0 },
        { "*a", "aliases are not supported: quote a text that begins with *", 0 },
        { "\"\xff\"", "not YAML: invalid leading UTF-8 octet", 1 },
        { "\"\xc3(\"", "not YAML: invalid trailing UTF-8 octet", 2 },
        { "\"a\x01\"", "not YAML: control characters are not allowed", 2 },
        { "'x", "not YAML: found unexpected end of stream", 0 },
    };
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
            struct file f;
            struct buf found = BUF_INIT, place = BUF_INIT;
            write_file(&f, o->scope, o->key, cases[k].value);
            find(&f, &found);
            buf_printf(&place, "f:%d:%d: ", f.line, f.column + cases[k].offset);
            if (!slice_contains(buf_slice(&found), slice_of(cases[k].said)) ||
                (cases[k].value[0] != '\'' && /* that one ends with the file */
                    !slice_contains(buf_slice(&found), buf_slice(&place))))
                fail_msg("%s: %s: found %s instead of %s%s", o->key, cases[k].value,
                    buf_text(&found), buf_text(&place), cases[k].said);
            buf_fini(&found);
            buf_fini(&place);
            buf_fini(&f.text);
        }
    }
}

/* ---- password files ---- */

static void make_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

#define FOLDER "test_config_bad_yaml.d"

static void each_password_file_refuses_each_kind_of_bad_content(void **state) {
    static char long_text[20000];
    memset(long_text, 'x', sizeof(long_text));
    static const struct {
        const char *name, *content;
        size_t size;
        const char *said; /* behind the path; NULL: it is a password */
    } cases[] = {
        { "empty", "", 0, " must not be empty" },
        { "one newline", "\n", 1, " must not be empty" },
        { "long", long_text, sizeof(long_text), " must not be longer than 16384 bytes" },
        { "newline within", "a\nb", 3, " " CONTROL },
        { "two newlines", "a\n\n", 3, " " CONTROL },
        { "NUL", "a\0b", 3, " " CONTROL },
        { "bytes", "\xff\xfe", 2, NULL },
    };
    assert_int_equal(mkdir(FOLDER, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[64];
        snprintf(path, sizeof(path), FOLDER "/%s", cases[i].name);
        make_file(path, cases[i].content, cases[i].size);
        for (size_t k = 0; k < option_count; k++) {
            const struct option *o = &option_table[k];
            char said[128];
            if (o->type != OPTION_TYPE_SECRET_FILE)
                continue;
            snprintf(said, sizeof(said), ": the password in %s%s", path,
                cases[i].said == NULL ? "" : cases[i].said);
            struct file f;
            write_file(&f, o->scope, o->key, path);
            assert_said(&f, f.column, o->key, cases[i].said == NULL ? NULL : said);
            buf_fini(&f.text);
        }
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(FOLDER), 0);
}

static void a_password_file_is_a_regular_file_that_can_be_read(void **state) {
    static const char fifo[] = "test_config_bad_yaml.fifo", loop[] = "test_config_bad_yaml.loop";
    const struct {
        const char *path, *why;
    } cases[] = {
        { "nosuch/file", "No such file or directory" },
        { "/", "Is a directory" },
        { "/dev/null", "not a regular file" },
        { fifo, "not a regular file" },
        { loop, "Too many levels of symbolic links" },
    };
    unlink(fifo);
    unlink(loop);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(loop, loop), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char said[128];
        struct file f;
        snprintf(said, sizeof(said), ": cannot read %s: %s", cases[i].path, cases[i].why);
        write_file(&f, OPTION_GROUP, "auth.password_file", cases[i].path);
        assert_said(&f, f.column, "auth.password_file", said);
        buf_fini(&f.text);
    }
    unlink(fifo);
    unlink(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_refuses_each_kind_of_bad_value_in_its_place),
        cmocka_unit_test(what_is_no_value_at_all_is_refused_alike),
        cmocka_unit_test(each_password_file_refuses_each_kind_of_bad_content),
        cmocka_unit_test(a_password_file_is_a_regular_file_that_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
