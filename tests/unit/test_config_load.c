#include "config/load.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/rng.h"
#include "config/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char good[] =
    "listen: ['10.0.0.7:26379', '[::1]:26379']\n"
    "announce: 10.0.0.7:26379\n"
    "state_dir: /var/lib/v\n"
    "log: {level: debug, format: text, file: /var/log/v.log}\n"
    "compat: valkey\n"
    "hostnames: {resolve: yes, announce: true, servers: '10.0.0.53,[fd00::53]:5353,::1'}\n"
    "clients: {password: offen}\n"
    "peers: {user: u, password: p}\n"
    "deny_scripts_reconfig: no\n"
    "groups:\n"
    "  mymaster:\n"
    "    master: 10.0.0.1:6379\n"
    "    quorum: 2\n"
    "    down_after: 1500ms\n"
    "    failover_timeout: 1m\n"
    "    parallel_syncs: 3\n"
    "    reboot_down_after: 2h\n"
    "    auth: {user: sentinel, password: geheim}\n"
    "    rename_commands: {config: XCONFIG, PING: XPING}\n"
    "    scripts: {notification: /bin/true, reconfig: /bin/false}\n"
    "  other:\n"
    "    master: '[2001:DB8::1]:6379'\n"
    "    quorum: '1'\n";

/* A file of `size` bytes below the folder of the test; the name is owned by the caller. */
static char *make_file(const char *bytes, size_t size) {
    char *path = mem_strdup("test_config_load.XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void remove_file(char *path) {
    remove(path);
    mem_free(path);
}

/* Loads and compares the findings; "" expects none. */
static void assert_findings(struct slice text, const char *expected) {
    struct settings s;
    struct diag diag;
    struct buf out = BUF_INIT;
    diag_init(&diag, "f");
    bool loaded = load_yaml(text, &s, &diag);
    diag_print(&diag, &out);
    assert_string_equal(buf_text(&out), expected);
    assert_int_equal(loaded, expected[0] == '\0');
    settings_fini(&s);
    diag_fini(&diag);
    buf_fini(&out);
}

static void a_good_file_gives_its_values(void **state) {
    struct settings s;
    struct diag diag;
    char text[ENDPOINT_TEXT_MAX];
    diag_init(&diag, "f");
    assert_true(load_yaml(slice_of(good), &s, &diag));
    assert_int_equal(diag.count, 0);

    assert_int_equal(s.listen.count, 2);
    assert_string_equal(endpoint_text(&s.listen.at[1], text), "[::1]:26379");
    assert_false(s.listen.optional[1]);
    assert_string_equal(endpoint_text(&s.announce, text), "10.0.0.7:26379");
    assert_string_equal(s.state_dir, "/var/lib/v");
    assert_string_equal(s.log_file, "/var/log/v.log");
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_int_equal(s.compat, COMPAT_VALKEY);
    assert_true(s.resolve_hostnames);
    assert_true(s.announce_hostnames);
    assert_string_equal(s.name_servers, "10.0.0.53,[fd00::53]:5353,::1");
    assert_slice(secret_reveal(&s.client_password), "offen");
    assert_string_equal(s.peer_user, "u");
    assert_slice(secret_reveal(&s.peer_password), "p");
    assert_false(s.deny_scripts_reconfig);
    assert_int_equal(s.group_count, 2);

    const struct group_settings *g = &s.groups[0];
    assert_string_equal(g->name, "mymaster");
    assert_string_equal(endpoint_text(&g->master, text), "10.0.0.1:6379");
    assert_int_equal(g->quorum, 2);
    assert_int_equal(g->down_after_ms, 1500);
    assert_int_equal(g->failover_timeout_ms, 60000);
    assert_int_equal(g->parallel_syncs, 3);
    assert_int_equal(g->reboot_down_after_ms, 2 * 3600 * 1000);
    assert_string_equal(g->auth_user, "sentinel");
    assert_slice(secret_reveal(&g->auth_password), "geheim");
    assert_string_equal(group_settings_command(g, "CONFIG"), "XCONFIG");
    assert_string_equal(group_settings_command(g, "PING"), "XPING");
    assert_string_equal(g->notification_script, "/bin/true");
    assert_string_equal(g->reconfig_script, "/bin/false");
    assert_int_equal(g->line, 11);
    assert_int_equal(g->column, 3);
    assert_int_equal(g->master_line, 12);
    assert_int_equal(g->master_column, 13);

    g = &s.groups[1];
    assert_string_equal(endpoint_text(&g->master, text), "[2001:db8::1]:6379");
    assert_int_equal(g->quorum, 1);
    assert_int_equal(g->down_after_ms, 30000);
    assert_int_equal(g->failover_timeout_ms, 180000);
    settings_fini(&s);
    diag_fini(&diag);
}

static void what_may_be_left_out(void **state) {
    static const char *const texts[] = {
        "groups: {}\n",
        "groups: {}\nlisten: 127.0.0.1:26379\n",
        "groups: {}\nlog: {}\n",
        "groups: {a: {master: '10.0.0.1:1', quorum: 1, rename_commands: {}, auth: {}}}\n",
        "groups: {a: {master: '10.0.0.1:1', quorum: 1, auth: {password: p}}}\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_findings(slice_of(texts[i]), "");
}

static void a_file_that_watches_nothing_has_to_say_so(void **state) {
    static const char *const texts[] = { "", "# nothing yet\n", "groups:\n", "groups: ~\n",
        "listen: 127.0.0.1:26379\n" };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_findings(slice_of(texts[i]),
            "f:1:1: no groups: name those to watch, or write 'groups: {}' if SENTINEL MONITOR makes "
            "them\n");
}

#define ADDRESS_HINT  "10.0.0.1:6379 or [2001:db8::1]:6379\n"
#define DURATION_HINT "must be a whole number with its unit (ms, s, m or h), as in 5s\n"
#define NAME_HINT     "must be 1 to 255 bytes without commas, blanks and control characters\n"
#define RENAME_HINT \
    "must be a command and its name, each of 1 to 63 bytes without blanks and commas\n"

static void each_kind_of_bad_process_option_is_found(void **state) {
    static const struct {
        const char *text, *findings;
    } cases[] = {
        { "- a\n", "f:1:1: the file must be a mapping, not a list\n" },
        { "hello\n", "f:1:1: the file must be a mapping, not a single value\n" },
        { "a: [\n",
            "f:2:1: not YAML: did not find expected node content while parsing a flow node "
            "(from line 2 on)\n" },
        { "anounce: x\n", "f:1:1: unknown key 'anounce'; did you mean 'announce'?\n" },
        { "grups: {}\n", "f:1:1: unknown key 'grups'; did you mean 'groups'?\n" },
        { "peers: {polcy: permissive}\n", "f:1:9: unknown key 'polcy'; did you mean 'policy'?\n" },
        { "peers: {policy: strict}\ngroups: {}\n",
            "f:1:17: peers.policy: strict needs peers.secret_file: without a secret nobody can prove "
            "anything\n" },
        { "peers: {policy: strict}\nlog: {level: loud}\n",
            "f:1:17: peers.policy: strict needs peers.secret_file: without a secret nobody can prove "
            "anything\n"
            "f:2:14: log.level must be one of debug, verbose, notice, warning, nothing\n" },
        { "groups: {g: {master: '10.0.0.1:6379', quorum: 1, peers: {policy: strict}}}\n",
            "f:1:66: peers.policy: strict needs peers.secret_file: without a secret nobody can prove "
            "anything\n" },
        { "peers: {user: u}\n", "f:1:9: peers.user needs a password or password_file beside it\n" },
        { "clients: {password: a, password_file: /nowhere/b}\n",
            "f:1:24: clients must have password or password_file, not both\n"
            "f:1:39: clients.password_file: cannot read /nowhere/b: No such file or directory\n" },
        { "compat: keydb\n", "f:1:9: compat must be redis or valkey\n" },
        { "hostnames: {resolve: maybe}\n", "f:1:22: hostnames.resolve must be yes or no\n" },
        { "deny_scripts_reconfig: 1\n", "f:1:24: deny_scripts_reconfig must be yes or no\n" },
        { "sentinel-user: x\n",
            "f:1:1: unknown key 'sentinel-user'; here it is called 'peers.user'\n" },
        { "quorum: 2\n", "f:1:1: unknown key 'quorum'; it belongs to a group\n" },
        { "log.level: debug\n", "f:1:1: unknown key 'log.level'\n" },
        { "'': 1\n", "f:1:1: unknown key ''\n" },
        { "\"a\\nb\": 1\n", "f:1:1: unknown key 'a b'\n" },
        { "<<: 1\n", "f:1:1: unknown key '<<'\n" },
        { "limits: {clients: 0}\n",
            "f:1:19: limits.clients must be a whole number from 1 to 1000000\n" },
        { "limits: {query_buffer: 65536}\n",
            "f:1:24: limits.query_buffer needs a unit (B, KiB, MiB or GiB), as in 65536B\n" },
        { "limits: {output_buffer: 1KiB}\n",
            "f:1:25: limits.output_buffer must be from 64KiB to 1GiB\n" },
        { "limits: {parked_time: 1ms}\n", "f:1:23: limits.parked_time must be from 100ms to 1h\n" },
        { "limits: {client: 5}\n", "f:1:10: unknown key 'client'; did you mean 'clients'?\n" },
        { "log: notice\n", "f:1:6: log must be a mapping, not a single value\n" },
        { "log:\n", "f:1:5: log has no value\n" },
        { "log: {levle: debug, level: loud, format: xml, file: ''}\n",
            "f:1:7: unknown key 'levle'; did you mean 'level'?\n"
            "f:1:28: log.level must be one of debug, verbose, notice, warning, nothing\n"
            "f:1:42: log.format must be text\n"
            "f:1:53: log.file must not be empty\n" },
        { "log: {level: [debug]}\n", "f:1:14: log.level must be a single value, not a list\n" },
        { "group: watchers\n", "f:1:8: group goes with a user, and there is none\n" },
        { "listen:\n", "f:1:8: listen has no value\n" },
        { "listen: []\n",
            "f:1:9: listen must name an address at least, unless there is tls.listen or "
            "clients.unix_socket\n" },
        { "listen: {}\n", "f:1:9: listen must be a list, not a mapping\n" },
        { "listen: 10.0.0.7\n", "f:1:9: listen has no port: " ADDRESS_HINT },
        { "listen: [10.0.0.7]\n", "f:1:10: listen has no port: " ADDRESS_HINT },
        { "listen: ['10.0.0.7:1', '10.0.0.7:0', '::1', [1], ~, 'a:1']\n",
            "f:1:24: listen must have a port from 1 to 65535: " ADDRESS_HINT
            "f:1:38: listen must have its IPv6 address in brackets and a port: " ADDRESS_HINT
            "f:1:45: listen must be a single value, not a list\n"
            "f:1:50: listen has no value\n"
            "f:1:53: listen must be an IP address, not a name: " ADDRESS_HINT },
        { "listen:\n- '[::1]:5'\n- '[0::1]:5'\n", "f:3:3: listen names [::1]:5 twice\n" },
        { "listen: ['1.1.1.1:1', '1.1.1.1:2', '1.1.1.1:3', '1.1.1.1:4', '1.1.1.1:5', '1.1.1.1:6',\n"
          " '1.1.1.1:7', '1.1.1.1:8', '1.1.1.1:9', '1.1.1.1:10', '1.1.1.1:11', '1.1.1.1:12',\n"
          " '1.1.1.1:13', '1.1.1.1:14', '1.1.1.1:15', '1.1.1.1:16', '1.1.1.1:17']\n",
            "f:3:58: listen names more than 16 addresses\n" },
        { "announce: 10.0.0.7\n", "f:1:11: announce has no port: " ADDRESS_HINT },
        { "announce: [10.0.0.7]\n", "f:1:11: announce must be a single value, not a list\n" },
        { "announce: me+you:1\n",
            "f:1:11: announce must be an IP address or a host name and a port: " ADDRESS_HINT },
        { "hostnames: {servers: '10.0.0.53,'}\n",
            "f:1:22: hostnames.servers must be IP addresses separated by commas, with a port where "
            "it is not 53: 10.0.0.53 or 10.0.0.53:5353,[fd00::53]:5353\n" },
        { "state_dir: ''\n", "f:1:12: state_dir must not be empty\n" },
        { "state_dir: ~\n", "f:1:12: state_dir has no value\n" },
        { "state_dir: {}\n", "f:1:12: state_dir must be a single value, not a mapping\n" },
        { "state_dir: \"a\\tb\"\n", "f:1:12: state_dir must not contain control characters\n" },
        { "state_dir: \"a\\0b\"\n", "f:1:12: state_dir must not contain control characters\n" },
        { "state_dir: a\nstate_dir: b\n",
            "f:2:1: key 'state_dir' stands here again, first in line 1\n" },
        { "state_dir: &a b\nannounce: *a\n",
            "f:1:12: anchors are not supported: quote a text that begins with &\n"
            "f:2:11: aliases are not supported: quote a text that begins with *\n" },
        { "groups: [a]\n", "f:1:9: groups must be a mapping, not a list\n" },
        { "groups: a\n", "f:1:9: groups must be a mapping, not a single value\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_findings(slice_of(cases[i].text), cases[i].findings);
}

static void each_kind_of_bad_group_is_found(void **state) {
    static const struct {
        const char *text, *findings;
    } cases[] = {
        { "groups: {a: }\n", "f:1:13: group a has no value\n" },
        { "groups: {a: b}\n", "f:1:13: group a must be a mapping, not a single value\n" },
        { "groups: {a: {}}\n",
            "f:1:10: group 'a' has no master\nf:1:10: group 'a' has no quorum\n" },
        { "groups: {'a,b': {master: '1.1.1.1:1', quorum: 1}}\n",
            "f:1:10: group name 'a,b' " NAME_HINT },
        { "groups: {'a b': {master: '1.1.1.1:1', quorum: 1}}\n",
            "f:1:10: group name 'a b' " NAME_HINT },
        { "groups: {'a,b': {master: '1.1.1.1:1', quorum: 0}}\n",
            "f:1:10: group name 'a,b' " NAME_HINT
            "f:1:47: quorum must be a whole number from 1 to 1000000\n" },
        { "groups: {'': {master: '1.1.1.1:1', quorum: 1}}\n", "f:1:10: group name '' " NAME_HINT },
        { "groups: {\"a\\x01\": {master: '1.1.1.1:1', quorum: 1}}\n",
            "f:1:10: group name 'a ' " NAME_HINT },
        { "groups: {'a,b': {quorum: 0}}\n",
            "f:1:10: group name 'a,b' " NAME_HINT "f:1:10: group 'a,b' has no master\n"
            "f:1:26: quorum must be a whole number from 1 to 1000000\n" },
        { "groups:\n"
          "  a: {master: '10.0.0.1:1', quorum: 1}\n"
          "  a: {master: '10.0.0.2:1', quorum: 1}\n",
            "f:3:3: key 'a' stands here again, first in line 2\n" },
        { "groups:\n"
          "  a: {master: '[::1]:1', quorum: 1}\n"
          "  b: {master: '[0:0::1]:1', quorum: 1}\n"
          "  c: {master: '[::1]:2', quorum: 1}\n",
            "f:3:15: master [::1]:1 of group b is that of group a already (line 2)\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_findings(slice_of(cases[i].text), cases[i].findings);

    struct buf text = BUF_INIT, findings = BUF_INIT;
    buf_add_text(&text, "groups: {");
    for (int i = 0; i < GROUP_NAME_MAX; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, ": {master: '1.1.1.1:1', quorum: 1}}\n");
    buf_add_text(&findings, "f:1:10: group name '");
    for (int i = 0; i < 80; i++)
        buf_add_char(&findings, 'x');
    buf_add_text(&findings, "' " NAME_HINT);
    assert_findings(buf_slice(&text), buf_text(&findings));

    buf_clear(&text);
    buf_add_text(&text, "\ngroups:\n");
    for (int i = 0; i <= GROUPS_MAX; i++)
        buf_printf(&text, "  g%d: {master: '10.%d.%d.1:1', quorum: 1}\n", i, i / 200, i % 200);
    assert_findings(buf_slice(&text), "f:2:1: more than 10000 groups\n");
    buf_fini(&text);
    buf_fini(&findings);
}

/* The option stands in line 5. */
static void each_kind_of_bad_group_option_is_found(void **state) {
    static const char head[] = "groups:\n  mymaster:\n";
    static const char required[] = "    master: 10.0.0.1:6379\n    quorum: 2\n";
    static const struct {
        const char *line, *findings;
    } cases[] = {
        { "    quorom: 2\n", "f:5:5: unknown key 'quorom'; did you mean 'quorum'?\n" },
        { "    down-after: 2\n", "f:5:5: unknown key 'down-after'; did you mean 'down_after'?\n" },
        { "    down-after-milliseconds: 2\n",
            "f:5:5: unknown key 'down-after-milliseconds'; here it is called 'down_after'\n" },
        { "    auth-pass: x\n",
            "f:5:5: unknown key 'auth-pass'; here it is called "
            "'auth.password'\n" },
        { "    scripts: {notify: /bin/true}\n", "f:5:15: unknown key 'notify'\n" },
        { "    listen: 10.0.0.1:1\n", "f:5:5: unknown key 'listen'\n" },
        { "    quorum: 3\n", "f:5:5: key 'quorum' stands here again, first in line 4\n" },
        { "    down_after: 5000\n",
            "f:5:17: down_after needs a unit (ms, s, m or h), as in 5000s\n" },
        { "    down_after: 0s\n", "f:5:17: down_after must be from 1ms to 1000000h\n" },
        { "    down_after: 1000001h\n", "f:5:17: down_after must be from 1ms to 1000000h\n" },
        { "    down_after: soon\n", "f:5:17: down_after " DURATION_HINT },
        { "    down_after: !!str 5s\n",
            "f:5:17: tags are not supported: quote a text that begins with !\n" },
        { "    failover_timeout: -5s\n", "f:5:23: failover_timeout " DURATION_HINT },
        { "    failover_timeout: 9999999999999999m\n",
            "f:5:23: failover_timeout must be from 1ms to 1000000h\n" },
        { "    reboot_down_after: 0\n",
            "f:5:24: reboot_down_after needs a unit (ms, s, m or h), as in 0s\n" },
        { "    parallel_syncs: 0\n",
            "f:5:21: parallel_syncs must be a whole number from 1 to 10000\n" },
        { "    parallel_syncs: 1.5\n",
            "f:5:21: parallel_syncs must be a whole number from 1 to 10000\n" },
        { "    auth: geheim\n", "f:5:11: auth must be a mapping, not a single value\n" },
        { "    auth: {pass: x}\n", "f:5:12: unknown key 'pass'\n" },
        { "    auth: {pasword: x}\n", "f:5:12: unknown key 'pasword'; did you mean 'password'?\n" },
        { "    auth: {user: sentinel}\n",
            "f:5:12: auth.user needs a password or password_file beside it\n" },
        { "    auth: {user: '', password: p}\n", "f:5:18: auth.user must not be empty\n" },
        { "    auth: {password: ~}\n", "f:5:22: auth.password has no value\n" },
        { "    auth: {password: ''}\n", "f:5:22: auth.password must not be empty\n" },
        { "    auth: {password: \"a\\nb\"}\n",
            "f:5:22: auth.password must not contain control characters\n" },
        { "    auth: {password: [geheim]}\n",
            "f:5:22: auth.password must be a single value, not a list\n" },
        { "    auth: {password_file: /nonexistent/pw}\n",
            "f:5:27: auth.password_file: cannot read /nonexistent/pw: No such file or directory\n" },
        { "    auth: {password_file: /}\n",
            "f:5:27: auth.password_file: cannot read /: Is a directory\n" },
        { "    auth: {password_file: /dev/null}\n",
            "f:5:27: auth.password_file: cannot read /dev/null: not a regular file\n" },
        { "    auth: {password_file: ''}\n", "f:5:27: auth.password_file must not be empty\n" },
        { "    auth: {password: p, password_file: /dev/null}\n",
            "f:5:25: auth must have password or password_file, not both\n"
            "f:5:40: auth.password_file: cannot read /dev/null: not a regular file\n" },
        { "    rename_commands: [CONFIG]\n",
            "f:5:22: rename_commands must be a mapping, not a list\n" },
        { "    rename_commands: {CONFIG: ''}\n", "f:5:31: rename_commands: CONFIG " RENAME_HINT },
        { "    rename_commands: {'': x}\n", "f:5:23: rename_commands:  " RENAME_HINT },
        { "    rename_commands: {CONFIG: }\n", "f:5:31: rename_commands: CONFIG has no value\n" },
        { "    rename_commands: {CONFIG: a, config: b}\n",
            "f:5:34: rename_commands names CONFIG twice\n" },
        { "    rename_commands: {CONFIG: 'a b', PING: {}}\n",
            "f:5:31: rename_commands: CONFIG " RENAME_HINT
            "f:5:44: rename_commands: PING must be a single value, not a mapping\n" },
        { "    rename_commands: {A: a1, B: b1, C: c1, D: d1, E: e1, F: f1, G: g1, H: h1, I: i1,\n"
          "      J: j1, K: k1, L: l1, M: m1, N: n1, O: o1, P: p1, Q: q1}\n",
            "f:6:56: rename_commands has more than 16 commands\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf text = BUF_INIT;
        buf_printf(&text, "%s%s%s", head, required, cases[i].line);
        assert_findings(buf_slice(&text), cases[i].findings);
        buf_fini(&text);
    }

    static const struct {
        const char *master, *quorum, *findings;
    } pairs[] = {
        { "10.0.0.1", "2", "f:3:13: master has no port: " ADDRESS_HINT },
        { "redis-0:6379", "2",
            "f:3:13: Can't resolve instance hostname. A name is allowed with hostnames.resolve: "
            "yes\n" },
        { "''", "2",
            "f:3:13: master must be an IP address or a host name and a port: " ADDRESS_HINT },
        { "{host: 10.0.0.1}", "2", "f:3:13: master must be a single value, not a mapping\n" },
        { "10.0.0.1:1", "0", "f:4:13: quorum must be a whole number from 1 to 1000000\n" },
        { "10.0.0.1:1", "1000001", "f:4:13: quorum must be a whole number from 1 to 1000000\n" },
        { "10.0.0.1:1", "two", "f:4:13: quorum must be a whole number from 1 to 1000000\n" },
        { "10.0.0.1:1", "", "f:4:12: quorum has no value\n" },
        { "10.0.0.1:65536", "-1",
            "f:3:13: master must be an IP address or a host name and a port: " ADDRESS_HINT
            "f:4:13: quorum must be a whole number from 1 to 1000000\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct buf text = BUF_INIT;
        buf_printf(
            &text, "%s    master: %s\n    quorum: %s\n", head, pairs[i].master, pairs[i].quorum);
        assert_findings(buf_slice(&text), pairs[i].findings);
        buf_fini(&text);
    }
}

static void a_password_comes_from_a_file_without_its_last_newline(void **state) {
    static const struct {
        const char *content, *password; /* NULL: refused */
    } cases[] = {
        { "geheim", "geheim" },
        { "geheim\n", "geheim" },
        { "geheim\r\n", "geheim" },
        { " geheim \n", " geheim " },
        { "geheim\n\n", NULL },
        { "\n", NULL },
        { "ge\theim", NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *path = make_file(cases[i].content, strlen(cases[i].content));
        struct buf text = BUF_INIT;
        buf_printf(&text,
            "groups: {a: {master: '10.0.0.1:1', quorum: 1, auth: {password_file: %s}}}\n", path);
        struct settings s;
        struct diag diag;
        diag_init(&diag, "f");
        bool loaded = load_yaml(buf_slice(&text), &s, &diag);
        assert_int_equal(loaded, cases[i].password != NULL);
        if (loaded)
            assert_slice(secret_reveal(&s.groups[0].auth_password), cases[i].password);
        settings_fini(&s);
        diag_fini(&diag);
        buf_fini(&text);
        remove_file(path);
    }
}

static void all_findings_are_told_at_once(void **state) {
    assert_findings(SLICE_LITERAL("anounce: x\n"
                                  "log: {level: loud}\n"
                                  "groups:\n"
                                  "  mymaster:\n"
                                  "    master: 10.0.0.1:6379\n"
                                  "    quorum: 0\n"
                                  "    down_after: soon\n"
                                  "  other:\n"
                                  "    parallel_sinks: 1\n"),
        "f:1:1: unknown key 'anounce'; did you mean 'announce'?\n"
        "f:2:14: log.level must be one of debug, verbose, notice, warning, nothing\n"
        "f:6:13: quorum must be a whole number from 1 to 1000000\n"
        "f:7:17: down_after " DURATION_HINT "f:8:3: group 'other' has no master\n"
        "f:8:3: group 'other' has no quorum\n"
        "f:9:5: unknown key 'parallel_sinks'; did you mean 'parallel_syncs'?\n");
}

/* ---- any text ---- */

static void mutate(struct buf *text, struct rng *r) {
    static const char *const pieces[] = { ":", "\n", "  ", "- ", "[", "]", "{", "}", "'", "\"",
        "&a ", "*a", "!!x ", "\t", "\xff", "#", "---\n", "? ", "| ", "%",
        "groups:", "quorum: ", "99999999999999999999", "auth: {" };
    char *bytes = text->data + text->head;
    size_t size = buf_size(text);
    size_t at = (size_t)rng_between(r, 0, (int64_t)size - 1);
    size_t count = (size_t)rng_between(r, 1, 20);
    struct buf rest = BUF_INIT;
    switch (rng_between(r, 0, 3)) {
    case 0: /* a byte changes */
        bytes[at] = (char)rng_between(r, 0, 255);
        break;
    case 1: /* some bytes go */
        buf_add_slice(&rest, slice_sub(buf_slice(text), at + count, size));
        buf_truncate(text, at);
        buf_add_slice(text, buf_slice(&rest));
        break;
    case 2: /* something comes in between */
        buf_add_slice(&rest, slice_sub(buf_slice(text), at, size));
        buf_truncate(text, at);
        buf_add_text(text, pieces[rng_between(r, 0, ARRAY_SIZE(pieces) - 1)]);
        buf_add_slice(text, buf_slice(&rest));
        break;
    default: /* a part stands twice */
        buf_add_slice(&rest, slice_sub(buf_slice(text), at, count * 4));
        buf_add_slice(text, buf_slice(&rest));
        break;
    }
    buf_fini(&rest);
}

static void assert_valid(const struct settings *s) {
    assert_true(s->listen.count >= 1 && s->listen.count <= LISTEN_MAX);
    assert_true(s->state_dir != NULL && s->state_dir[0] != '\0');
    for (size_t i = 0; i < s->group_count; i++) {
        const struct group_settings *g = &s->groups[i];
        assert_true(group_name_is_valid(slice_of(g->name)));
        assert_true(endpoint_is_ip(&g->master) && g->master.port > 0);
        assert_in_range(g->quorum, 1, 1000000);
        assert_in_range(g->down_after_ms, 1, 3600000000000);
        assert_in_range(g->failover_timeout_ms, 1, 3600000000000);
        assert_in_range(g->parallel_syncs, 1, 10000);
        assert_in_range(g->reboot_down_after_ms, 0, 3600000000000);
        assert_true(g->auth_user == NULL || secret_is_set(&g->auth_password));
        assert_ptr_equal(settings_group(s, slice_of(g->name)), g);
    }
}

static void a_mutated_file_gives_findings_or_valid_settings(void **state) {
    size_t valid_count = 0;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct buf text = BUF_INIT;
        buf_add_text(&text, good);
        for (int64_t i = rng_between(&r, 1, 4); i > 0 && buf_size(&text) > 0; i--)
            mutate(&text, &r);

        struct settings s;
        struct diag diag;
        diag_init(&diag, "f");
        bool loaded = load_yaml(buf_slice(&text), &s, &diag);
        assert_int_equal(loaded, diag.count == 0);
        if (loaded) {
            assert_valid(&s);
            valid_count++;
        }
        for (size_t i = 0; i < diag.count; i++)
            assert_true(diag.findings[i].line >= 1 && diag.findings[i].column >= 1);
        settings_fini(&s);
        diag_fini(&diag);
        buf_fini(&text);
    }
    assert_in_range(valid_count, 100, 9000); /* both kinds were seen */
}

/* ---- files ---- */

static void files_are_read_whole(void **state) {
    struct buf content = BUF_INIT;
    for (int i = 0; i < 100000; i++)
        buf_printf(&content, "line %d\n", i);
    char *path = make_file(buf_text(&content), buf_size(&content));
    struct slice text;
    assert_int_equal(load_file(path, &text), 0);
    assert_slice_equal(text, buf_slice(&content));
    mem_free((void *)(uintptr_t)text.data);
    remove_file(path);

    path = make_file("", 0);
    assert_int_equal(load_file(path, &text), 0);
    assert_int_equal(text.size, 0);
    mem_free((void *)(uintptr_t)text.data);
    text = SLICE_LITERAL("untouched");
    assert_int_equal(truncate(path, CONFIG_FILE_MAX + 1), 0);
    assert_int_equal(load_file(path, &text), -EFBIG);
    remove_file(path);
    assert_int_equal(mkfifo(path = mem_strdup("test_config_load.fifo"), 0600), 0);
    assert_int_equal(load_file(path, &text), LOAD_FILE_E_KIND);
    remove_file(path);

    assert_int_equal(load_file("nosuch/file", &text), -ENOENT);
    assert_int_equal(load_file(".", &text), -EISDIR);
    assert_int_equal(load_file("/dev/zero", &text), LOAD_FILE_E_KIND);
    assert_slice(text, "untouched");
    buf_fini(&content);
}

static void the_format_is_told_by_name_or_first_line(void **state) {
    static const struct {
        const char *path, *text;
        enum config_format format;
    } cases[] = {
        { "/etc/v.yaml", "port 1\n", CONFIG_YAML },
        { "v.YML", "", CONFIG_YAML },
        { "sentinel.conf", "groups:\n", CONFIG_CLASSIC },
        { "sentinel.conf.1", "port 26379\n", CONFIG_CLASSIC },
        { "x", "# c\n\n   sentinel monitor m 10.0.0.1 6379 2\n", CONFIG_CLASSIC },
        { "x", "SENTINEL myid x\r\n", CONFIG_CLASSIC },
        { "x", "bind ::1\n", CONFIG_CLASSIC },
        { "x", "# c\r\n\r\n  listen: x\n", CONFIG_YAML },
        { "x", "groups:\n", CONFIG_YAML },
        { "x", "---\nport 1\n", CONFIG_YAML },
        { "x", "%YAML 1.1\n", CONFIG_YAML },
        { "x", "{groups: {}}", CONFIG_YAML },
        { "x", "\"groups\": {}", CONFIG_YAML },
        { "", "", CONFIG_YAML },
        { ".conf", "", CONFIG_CLASSIC },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            config_format_of(slice_of(cases[i].path), slice_of(cases[i].text)), cases[i].format);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_gives_its_values),
        cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(a_file_that_watches_nothing_has_to_say_so),
        cmocka_unit_test(each_kind_of_bad_process_option_is_found),
        cmocka_unit_test(each_kind_of_bad_group_is_found),
        cmocka_unit_test(each_kind_of_bad_group_option_is_found),
        cmocka_unit_test(a_password_comes_from_a_file_without_its_last_newline),
        cmocka_unit_test(all_findings_are_told_at_once),
        cmocka_unit_test(a_mutated_file_gives_findings_or_valid_settings),
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test(the_format_is_told_by_name_or_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
