/* Each directive of a sentinel.conf, each of its arguments with each kind of bad value: what is
 * said of it, and where. A new row in classic.c or classic_server.c needs one here. */
#include "config/load.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "config/classic_server.h"
#include "config/diag.h"
#include "config/state.h"

#include <string.h>

#define ID_A       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LONG_SIZE  20000
#define FIRST_LINE "sentinel monitor m 10.0.0.1 1 2\n"
#define ARGS_MAX   4

enum kind { WORD, EMPTY, TOO_LONG, HUGE_NUMBER, NEGATIVE, NEWLINE, NUL, NOT_UTF8, KIND_COUNT };

static const char *const spelled[KIND_COUNT] = {
    [WORD] = "wrong",
    [EMPTY] = "\"\"",
    [TOO_LONG] = NULL, /* LONG_SIZE letters */
    [HUGE_NUMBER] = "99999999999999999999",
    [NEGATIVE] = "-1",
    [NEWLINE] = "\"a\\r\\nport 1\"",
    [NUL] = "\"1\\x00\"",
    [NOT_UTF8] = "\xff\xfe",
};

/* An argument with a good value, and what is said of each kind of bad one. NULL: it is as good. */
struct argument {
    const char *good;
    const char *said[KIND_COUNT];
};

struct row {
    const char *name;
    struct argument arguments[ARGS_MAX];
};

#define EACH(text) \
    { text, text, text, text, text, text, text, text }

/* Numbers are read leniently, as the originals do: digits up to the first other byte, else 0. What
 * is said of 0, of one that is too big, and of one that is too small. */
#define NUMBER(zero, big, small) \
    { zero, zero, zero, big, small, zero, NULL, zero }
#define ANY_NUMBER \
    { NULL }

#define NO_GROUP  "No such master with specified name."
#define NO_SOURCE "bind-source-addr must be an IP address"
#define GROUP \
    { "m", EACH(NO_GROUP) }
#define HOST      EACH("Can't resolve instance hostname.")
#define NO_PORT   "Invalid port number."
#define PORT      NUMBER(NO_PORT, NO_PORT, NO_PORT)
#define NAME_HINT " must be 1 to 255 bytes without commas, blanks and control characters"
#define XS \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 80 */

#define NO_PERIOD   "negative or zero time parameter."
#define PERIOD(big) NUMBER(NO_PERIOD, big, NO_PERIOD)
#define TEXT(name) \
    { [TOO_LONG] = NO_TEXT(name), [NEWLINE] = NO_TEXT(name), [NUL] = NO_TEXT(name) }
#define NO_TEXT(name) name " must not contain control characters, nor be longer than 16384 bytes"
#define PROCESS_TEXT(name) \
    { \
        [TOO_LONG] = name " must not be longer than 16384 bytes", \
        [NEWLINE] = name " must not contain control characters", \
        [NUL] = name " must not contain control characters" \
    }
#define NO_COMMAND \
    "rename-command must be a command and its name, each of 1 to 63 bytes without blanks and commas"
#define COMMAND \
    { [EMPTY] = NO_COMMAND, [TOO_LONG] = NO_COMMAND, [NEWLINE] = NO_COMMAND, [NUL] = NO_COMMAND }
#define NO_PEER_ID "Malformed Sentinel id in known-sentinel option."
#define REBOOT \
    NUMBER(NULL, "master-reboot-down-after-period must be at most 3600000000000", \
        "negative time parameter.")

#define NO_NAME "announce-ip must be an IP address or a host name"

static const struct row sentinel_rows[] = {
    { "announce-ip",
        { { "10.0.0.7",
            { [TOO_LONG] = NO_NAME,
                [HUGE_NUMBER] = NO_NAME,
                [NEGATIVE] = NO_NAME,
                [NEWLINE] = NO_NAME,
                [NUL] = NO_NAME,
                [NOT_UTF8] = NO_NAME } } } },
    { "announce-port", { { "7", NUMBER(NULL, NO_PORT, NO_PORT) } } },
    { "deny-scripts-reconfig",
        { { "yes", EACH("Please specify yes or no for the deny-scripts-reconfig options.") } } },
    { "sentinel-user", { { "u", PROCESS_TEXT("sentinel-user") } } },
    { "sentinel-pass", { { "p", PROCESS_TEXT("sentinel-pass") } } },
    { "current-epoch", { { "1", ANY_NUMBER } } },
    { "myid", { { ID_A, EACH("Malformed Sentinel id in myid option.") } } },
    { "resolve-hostnames",
        { { "no", EACH("Please specify yes or no for the resolve-hostnames option.") } } },
    { "announce-hostnames",
        { { "no", EACH("Please specify yes or no for the announce-hostnames option.") } } },
    { "monitor",
        { { "n",
              { [EMPTY] = "group name ''" NAME_HINT,
                  [TOO_LONG] = "group name '" XS "'" NAME_HINT,
                  [NEWLINE] = "group name 'a  port 1'" NAME_HINT,
                  [NUL] = "group name '1'" NAME_HINT } },
            { "10.0.0.2", HOST }, { "1", PORT },
            { "1",
                NUMBER("Quorum must be 1 or greater.", "quorum must be at most 1000000",
                    "Quorum must be 1 or greater.") } } },
    { "down-after-milliseconds",
        { GROUP, { "1", PERIOD("down-after-milliseconds must be at most 3600000000000") } } },
    { "failover-timeout",
        { GROUP, { "1", PERIOD("failover-timeout must be at most 3600000000000") } } },
    { "parallel-syncs",
        { GROUP,
            { "1",
                NUMBER("parallel-syncs must be at least 1", "parallel-syncs must be at most 10000",
                    "parallel-syncs must be at least 1") } } },
    { "master-reboot-down-after-period", { GROUP, { "1", REBOOT } } },
    { "primary-reboot-down-after-period", { GROUP, { "1", REBOOT } } },
    { "auth-pass", { GROUP, { "p", TEXT("auth-pass") } } },
    { "auth-user", { GROUP, { "u", TEXT("auth-user") } } },
    { "rename-command", { GROUP, { "A", COMMAND }, { "B", COMMAND } } },
    { "notification-script", { GROUP, { "/bin/true", TEXT("notification-script") } } },
    { "client-reconfig-script", { GROUP, { "/bin/true", TEXT("client-reconfig-script") } } },
    { "config-epoch", { GROUP, { "1", ANY_NUMBER } } },
    { "leader-epoch", { GROUP, { "1", ANY_NUMBER } } },
    { "known-replica", { GROUP, { "10.0.0.3", HOST }, { "1", PORT } } },
    { "known-slave", { GROUP, { "10.0.0.3", HOST }, { "1", PORT } } },
    { "known-sentinel",
        { GROUP, { "10.0.0.4", HOST }, { "1", PORT },
            { ID_B,
                { [EMPTY] = NO_PEER_ID,
                    [TOO_LONG] = NO_PEER_ID,
                    [NEWLINE] = NO_PEER_ID,
                    [NUL] = NO_PEER_ID,
                    [NOT_UTF8] = NO_PEER_ID } } } },
};

#define NO_ACL_FILE(path)   "Error loading ACLs, opening file '" path "': No such file or directory"
#define NO_INTEGER          "argument couldn't be parsed into an integer"
#define CANNOT_BIND(quoted) "cannot bind '" quoted "': not an IP address"
static const struct row server_rows[] = {
    { "port", { { "1", EACH("port must be a whole number from 0 to 65535") } } },
    { "bind",
        { { "10.0.0.1",
            { CANNOT_BIND("wrong"), CANNOT_BIND(""), CANNOT_BIND(XS),
                CANNOT_BIND("99999999999999999999"), CANNOT_BIND("-1"), CANNOT_BIND("a  port 1"),
                CANNOT_BIND("1"), CANNOT_BIND("\xff\xfe") } } } },
    { "dir",
        { { "/",
            { [EMPTY] = "dir must not be empty",
                [TOO_LONG] = "dir must not be longer than 16384 bytes",
                [NEWLINE] = "dir must not contain control characters",
                [NUL] = "dir must not contain control characters" } } } },
    { "logfile", { { "x", PROCESS_TEXT("logfile") } } },
    { "loglevel",
        { { "notice",
            EACH("loglevel must be one of debug, verbose, notice, warning, nothing") } } },
    { "maxclients", { { "1", EACH("maxclients must be a whole number from 1 to 4294967295") } } },
    { "requirepass", { { "p", { NULL } } } },
    { "aclfile",
        { { "\"\"",
            { NO_ACL_FILE("wrong"), NULL, "aclfile must not be longer than 16384 bytes",
                NO_ACL_FILE("99999999999999999999"), NO_ACL_FILE("-1"),
                "aclfile must not contain control characters",
                "aclfile must not contain control characters", NO_ACL_FILE("\xff\xfe") } } } },
    { "acllog-max-len",
        { { "128",
            { NO_INTEGER, NO_INTEGER, NO_INTEGER, NO_INTEGER,
                "argument must be between 0 and 9223372036854775807 inclusive", NO_INTEGER,
                NO_INTEGER, NO_INTEGER } } } },
    { "acl-pubsub-default",
        { { "resetchannels",
            EACH("argument(s) must be one of the following: allchannels, resetchannels") } } },
    { "protected-mode", { { "no", EACH("argument must be 'yes' or 'no'") } } },
    { "timeout", { { "1", EACH("timeout must be a whole number from 0 to 2147483647") } } },
    { "tcp-keepalive",
        { { "1", EACH("tcp-keepalive must be a whole number from 0 to 2147483647") } } },
    { "tcp-backlog", { { "1", EACH("tcp-backlog must be a whole number from 1 to 65535") } } },
    { "pidfile", { { "x", PROCESS_TEXT("pidfile") } } },
    { "daemonize", { { "no", EACH("daemonize: argument must be 'yes' or 'no'") } } },
    { "supervised", { { "no", EACH("supervised must be no, auto, systemd or upstart") } } },
    { "syslog-enabled", { { "no", EACH("syslog-enabled: argument must be 'yes' or 'no'") } } },
    { "syslog-ident",
        { { "x",
            { [EMPTY] = "syslog-ident must not be empty",
                [TOO_LONG] = "syslog-ident must not be longer than 16384 bytes",
                [NEWLINE] = "syslog-ident must not contain control characters",
                [NUL] = "syslog-ident must not contain control characters" } } } },
    { "bind-source-addr",
        { { "127.0.0.2",
            { NO_SOURCE, NULL, NO_SOURCE, NO_SOURCE, NO_SOURCE, NO_SOURCE, NO_SOURCE,
                NO_SOURCE } } } },
    { "unixsocket", { { "x", PROCESS_TEXT("unixsocket") } } },
    { "unixsocketperm",
        { { "700", EACH("unixsocketperm must be an octal number from 0 to 777") } } },
    { "rename-command",
        { { "ping",
              { [EMPTY] = "rename-command must not be empty",
                  [TOO_LONG] = "rename-command must not be longer than 16384 bytes",
                  [NEWLINE] = "rename-command must not contain control characters",
                  [NUL] = "rename-command must not contain control characters" } },
            { "x", PROCESS_TEXT("rename-command") } } },
    { "tls-port", { { "0", EACH("tls-port must be a whole number from 0 to 65535") } } },
    { "tls-replication", { { "no", EACH("tls-replication: argument must be 'yes' or 'no'") } } },
    { "tls-cert-file", { { "x", PROCESS_TEXT("tls-cert-file") } } },
    { "tls-key-file", { { "x", PROCESS_TEXT("tls-key-file") } } },
    { "tls-key-file-pass", { { "x", { NULL } } } },
    { "tls-client-cert-file", { { "x", PROCESS_TEXT("tls-client-cert-file") } } },
    { "tls-client-key-file", { { "x", PROCESS_TEXT("tls-client-key-file") } } },
    { "tls-client-key-file-pass", { { "x", { NULL } } } },
    { "tls-ca-cert-file", { { "x", PROCESS_TEXT("tls-ca-cert-file") } } },
    { "tls-ca-cert-dir", { { "x", PROCESS_TEXT("tls-ca-cert-dir") } } },
    { "tls-auth-clients", { { "no", EACH("tls-auth-clients must be no, yes or optional") } } },
    { "tls-protocols",
        { { "TLSv1.2",
            EACH("tls-protocols must be one or more, separated by blanks, of TLSv1, TLSv1.1, "
                 "TLSv1.2 or TLSv1.3") } } },
    { "tls-ciphers", { { "x", PROCESS_TEXT("tls-ciphers") } } },
    { "tls-ciphersuites", { { "x", PROCESS_TEXT("tls-ciphersuites") } } },
    { "tls-dh-params-file", { { "x", PROCESS_TEXT("tls-dh-params-file") } } },
    { "tls-prefer-server-ciphers",
        { { "no", EACH("tls-prefer-server-ciphers: argument must be 'yes' or 'no'") } } },
    { "tls-session-caching",
        { { "no", EACH("tls-session-caching: argument must be 'yes' or 'no'") } } },
    { "tls-session-cache-size",
        { { "1", EACH("tls-session-cache-size must be a whole number from 0 to 2147483647") } } },
    { "tls-session-cache-timeout",
        { { "1",
            EACH("tls-session-cache-timeout must be a whole number from 0 to 2147483647") } } },
    { "syslog-facility",
        { { "user",
            EACH("syslog-facility must be user, local0, local1, local2, local3, local4, local5, "
                 "local6 or local7") } } },
};

/* Not read: what they may say is a matter of classic_server.c. */
static const char *const others[] = {
    "user",
    "loadmodule",
    "tls-auth-clients-user",
};

/* ---- lines with one bad value ---- */

static size_t count_arguments(const struct row *row) {
    size_t count = 0;
    while (count < ARGS_MAX && row->arguments[count].good != NULL)
        count++;
    return count;
}

static const char *spell(enum kind kind) {
    static char letters[LONG_SIZE + 1];
    memset(letters, 'x', LONG_SIZE);
    return spelled[kind] != NULL ? spelled[kind] : letters;
}

/* Line 2 of the file: the directive with its good arguments, but for number `at`, which is `bad`.
 * Returns the column of that one. */
static int write_line(
    struct buf *out, const char *prefix, const struct row *row, size_t at, const char *bad) {
    int column = 0;
    buf_printf(out, "%s%s", prefix, row->name);
    for (size_t i = 0; i < count_arguments(row); i++) {
        if (i == at)
            column = (int)buf_size(out) + 2;
        buf_printf(out, " %s", i == at ? bad : row->arguments[i].good);
    }
    return column;
}

/* The one finding is that text at line 2 and that column; there is none if it is NULL. */
static void assert_said(const struct buf *line, int column, const char *said) {
    struct buf text = BUF_INIT, found = BUF_INIT, expected = BUF_INIT;
    struct settings settings;
    struct state state;
    struct diag diag;
    diag_init(&diag, "f");
    buf_add_text(&text, FIRST_LINE);
    buf_add_slice(&text, buf_slice(line));
    bool loaded = load_classic(buf_slice(&text), &settings, &state, &diag);
    diag_print(&diag, &found);
    if (said != NULL)
        buf_printf(&expected, "f:2:%d: %s\n", column, said);
    if (!slice_equal(buf_slice(&found), buf_slice(&expected)))
        fail_msg("%.100s\ngot %.300s\ninstead of %s", buf_text(line), buf_text(&found),
            buf_text(&expected));
    assert_int_equal(loaded, said == NULL);
    settings_fini(&settings);
    state_fini(&state);
    diag_fini(&diag);
    buf_fini(&text);
    buf_fini(&found);
    buf_fini(&expected);
}

static void check_row(const char *prefix, const struct row *row) {
    for (size_t i = 0; i < count_arguments(row); i++) {
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            struct buf line = BUF_INIT;
            int column = write_line(&line, prefix, row, i, spell((enum kind)kind));
            assert_said(&line, column, row->arguments[i].said[kind]);
            buf_fini(&line);
        }
    }
}

static const struct row *find_row(const struct row *rows, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static void each_sentinel_directive_refuses_each_kind_of_bad_value(void **state) {
    size_t count = 0;
    const char *name;
    for (; (name = load_classic_directive(count)) != NULL; count++) {
        const struct row *row = find_row(sentinel_rows, ARRAY_SIZE(sentinel_rows), name);
        if (row == NULL)
            fail_msg("sentinel %s has no row in this test", name);
        check_row("sentinel ", row);
    }
    assert_int_equal(count, ARRAY_SIZE(sentinel_rows));
}

static void each_sentinel_directive_counts_its_arguments(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(sentinel_rows); i++) {
        const struct row *row = &sentinel_rows[i];
        size_t most = count_arguments(row);
        for (size_t count = 0; count <= most + 1; count++) {
            struct buf line = BUF_INIT;
            buf_printf(&line, "sentinel %s", row->name);
            for (size_t k = 0; k < count; k++)
                buf_printf(&line, " %s", k < most ? row->arguments[k].good : "x");
            bool fits = count == most || (count == 3 && strcmp(row->name, "known-sentinel") == 0);
            assert_said(&line, 10, fits ? NULL : "Unrecognized sentinel configuration statement.");
            buf_fini(&line);
        }
    }
}

static bool is_other(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (strcmp(others[i], name) == 0)
            return true;
    }
    return false;
}

/* Those that mean nothing to a sentinel take anything. */
static void check_passed_over(const char *name) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct buf line = BUF_INIT;
        struct slice rest = slice_of(name);
        struct slice head = slice_cut(&rest, '*');
        buf_printf(&line, SLICE_FMT SLICE_FMT " %s", SLICE_ARG(head), SLICE_ARG(rest),
            spell((enum kind)kind));
        assert_said(&line, 0, NULL);
        buf_fini(&line);
    }
}

static void each_directive_of_the_server_refuses_each_kind_of_bad_value(void **state) {
    size_t read = 0, other = 0;
    const char *name;
    for (size_t i = 0; (name = classic_server_directive(i)) != NULL; i++) {
        const struct row *row = find_row(server_rows, ARRAY_SIZE(server_rows), name);
        if (row != NULL) {
            check_row("", row);
            read++;
        } else if (is_other(name)) {
            other++;
        } else {
            check_passed_over(name);
        }
    }
    assert_int_equal(read, ARRAY_SIZE(server_rows));
    assert_int_equal(other, ARRAY_SIZE(others));
}

/* ---- lines that are none ---- */

static void what_is_no_line_is_refused_in_its_place(void **state) {
    static const struct {
        const char *line;
        size_t size;
        int column;
        const char *said;
    } cases[] = {
#define CASE(line, column, said) { line, sizeof(line) - 1, column, said }
        CASE("sentinel myid \"" ID_A, 15, "Unbalanced quotes in configuration line"),
        CASE("sentinel myid '" ID_A, 15, "Unbalanced quotes in configuration line"),
        CASE("sentinel myid \"" ID_A "\"x", 15, "Unbalanced quotes in configuration line"),
        CASE("sentinel \"\"", 10, "Unrecognized sentinel configuration statement."),
        CASE("sentinel \"a\\nb\" c", 10, "Unrecognized sentinel configuration statement."),
        CASE("sentinel \0monitor n 10.0.0.2 1 1", 10,
            "Unrecognized sentinel configuration statement."),
        CASE("\0", 1, "unknown directive ''"),
        CASE("\"\" x", 1, "unknown directive ''"),
        CASE("\"port\\n\" 1", 1, "unknown directive 'port '; did you mean 'port'?"),
        CASE("\xff\xfe 1", 1, "unknown directive '\xff\xfe'"),
        CASE("\x7f"
             "ELF",
            1, "unknown directive ' ELF'"),
        CASE("monitor m 10.0.0.1 1 2", 1, "unknown directive 'monitor'"),
#undef CASE
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf line = BUF_INIT;
        buf_add_slice(&line, (struct slice){ .data = cases[i].line, .size = cases[i].size });
        assert_said(&line, cases[i].column, cases[i].said);
        buf_fini(&line);
    }
}

/* ---- files without end ---- */

static size_t count_findings(const struct buf *text) {
    struct settings settings;
    struct state state;
    struct diag diag;
    diag_init(&diag, "f");
    assert_false(load_classic(buf_slice(text), &settings, &state, &diag));
    size_t count = diag.count;
    settings_fini(&settings);
    state_fini(&state);
    diag_fini(&diag);
    return count;
}

/* Each line would be compared with all directives, each replica with all before it. */
static void what_is_not_shown_is_not_looked_for(void **state) {
    struct buf text = BUF_INIT;
    for (int i = 0; i < 2000000; i++)
        buf_add_text(&text, "portt\n");
    assert_int_equal(count_findings(&text), 1000);
    buf_clear(&text);
    buf_add_text(&text, FIRST_LINE);
    for (int i = 0; i < 200000; i++)
        buf_printf(&text, "sentinel known-replica m 10.0.0.%d %d\n", i / 50000, i % 50000 + 1);
    assert_int_equal(count_findings(&text), 1000);
    buf_clear(&text);
    buf_add_text(&text, FIRST_LINE);
    for (int i = 0; i < 1001; i++)
        buf_printf(&text, "sentinel known-sentinel m 10.0.0.1 %d %040d\n", i + 1, i);
    assert_int_equal(count_findings(&text), 1);
    buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sentinel_directive_refuses_each_kind_of_bad_value),
        cmocka_unit_test(each_sentinel_directive_counts_its_arguments),
        cmocka_unit_test(each_directive_of_the_server_refuses_each_kind_of_bad_value),
        cmocka_unit_test(what_is_no_line_is_refused_in_its_place),
        cmocka_unit_test(what_is_not_shown_is_not_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
