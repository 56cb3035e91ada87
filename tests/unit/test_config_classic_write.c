/* classic_write: what it says, and that it can be read back. */
#include "config/classic_write.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/rng.h"
#include "config/classic_rewrite.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/merge.h"
#include "config/option.h"
#include "config/state.h"
#include "config/yaml_write.h"

#include <string.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* What a text says, and what is in force when a sentinel starts on it. */
struct loaded {
    struct settings settings;
    struct state state;
    struct plan plan;
};

static void load(struct loaded *l, struct slice text) {
    struct diag diag;
    struct buf findings = BUF_INIT;
    diag_init(&diag, "f");
    plan_init(&l->plan);
    bool valid = load_classic(text, &l->settings, &l->state, &diag) &&
        config_merge(&l->settings, &l->state, MERGE_CLASSIC, &l->plan, &diag);
    diag_print(&diag, &findings);
    if (!valid)
        fail_msg("%s in\n" SLICE_FMT, buf_text(&findings), SLICE_ARG(text));
    buf_fini(&findings);
    diag_fini(&diag);
}

static void unload(struct loaded *l) {
    settings_fini(&l->settings);
    state_fini(&l->state);
    plan_fini(&l->plan);
}

/* Writes what `wanted` says over the text `old`. */
static void write_over(struct slice old, const struct loaded *wanted, struct buf *out) {
    struct loaded said;
    load(&said, old);
    const struct classic_content content = {
        .said = &said.settings,
        .settings = &wanted->settings,
        .plan = &wanted->plan,
        .state = &wanted->state,
    };
    classic_write(old, &content, out);
    unload(&said);
}

static void assert_written(const char *old, const char *wanted, const char *expected) {
    struct loaded l;
    struct buf out = BUF_INIT;
    load(&l, slice_of(wanted));
    write_over(slice_of(old), &l, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
    unload(&l);
}

/* ---- texts before and after ---- */

static const char whole[] = "# a comment of the user\n"
                            "port 26380\n"
                            "\n"
                            "sentinel monitor mymaster 10.0.0.1 6379 2\n"
                            "   # indented\n"
                            "sentinel  down-after-milliseconds  mymaster  5000\n"
                            "sentinel failover-timeout mymaster 180000\n"
                            "sentinel auth-pass mymaster \"ge heim\"\n"
                            "sentinel announce-ip 10.0.0.7\n"
                            "loglevel notice\n"
                            "io-threads 2\n"
                            "# the last one";

#define STATE \
    "sentinel myid " ID_A "\n" \
    "sentinel config-epoch mymaster 3\n" \
    "sentinel leader-epoch mymaster 4\n" \
    "sentinel known-replica mymaster 10.0.0.2 6379\n" \
    "sentinel known-sentinel mymaster 10.0.0.8 26379 " ID_B "\n" \
    "sentinel current-epoch 5\n"

static void learned_lines_are_added_behind_a_marker(void **state) {
    (void)state;
    struct buf wanted = BUF_INIT, expected = BUF_INIT;
    buf_printf(&wanted, "%s\n" STATE, whole);
    buf_printf(&expected, "%s\n\n" CLASSIC_MARKER "\n" STATE, whole);
    assert_written(whole, buf_text(&wanted), buf_text(&expected));
    /* and are found there the next time */
    assert_written(buf_text(&expected), buf_text(&wanted), buf_text(&expected));
    buf_fini(&wanted);
    buf_fini(&expected);
}

static void the_lines_of_the_user_stay_in_place(void **state) {
    (void)state;
    assert_written("# two groups\n"
                   "sentinel monitor one 10.0.0.1 6379 2\n"
                   "# only for one\n"
                   "sentinel parallel-syncs one 3\n"
                   "sentinel config-epoch one 0\n"
                   "sentinel leader-epoch one 0\n"
                   "# the other\n"
                   "sentinel monitor two 10.0.0.2 6379 1\n"
                   "sentinel parallel-syncs two 1\n"
                   "sentinel rename-command two CONFIG X\n"
                   "sentinel config-epoch two 0\n"
                   "sentinel leader-epoch two 0\n"
                   "sentinel current-epoch 0\n",
        "sentinel monitor one 10.0.0.9 6380 2\n"
        "sentinel monitor two 10.0.0.2 6379 5\n"
        "sentinel config-epoch one 7\n",
        "# two groups\n"
        "sentinel monitor one 10.0.0.9 6380 2\n"
        "# only for one\n"
        "sentinel parallel-syncs one 1\n" /* the default, but it had a line */
        "sentinel config-epoch one 7\n"
        "sentinel leader-epoch one 0\n"
        "# the other\n"
        "sentinel monitor two 10.0.0.2 6379 5\n"
        "sentinel parallel-syncs two 1\n"
        "sentinel config-epoch two 0\n"
        "sentinel leader-epoch two 0\n"
        "sentinel current-epoch 7\n");
}

static void a_removed_group_leaves_the_comments(void **state) {
    (void)state;
    assert_written("sentinel monitor one 10.0.0.1 6379 2\n"
                   "# what one needs\n"
                   "sentinel auth-pass one secret\n"
                   "sentinel auth-user one joe\n"
                   "sentinel known-replica one 10.0.0.3 6379\n"
                   "sentinel known-sentinel one 10.0.0.8 26379 " ID_B "\n"
                   "sentinel monitor two 10.0.0.2 6379 1\n",
        "sentinel monitor two 10.0.0.2 6379 1\n",
        "# what one needs\n"
        "sentinel monitor two 10.0.0.2 6379 1\n"
        "\n" CLASSIC_MARKER "\n"
        "sentinel config-epoch two 0\n"
        "sentinel leader-epoch two 0\n"
        "sentinel current-epoch 0\n");
}

static void lines_are_added_in_the_order_of_the_originals(void **state) {
    (void)state;
    static const char wanted[] = "sentinel announce-port 26390\n"
                                 "sentinel announce-ip 10.0.0.7\n"
                                 "sentinel sentinel-pass s3cret\n"
                                 "sentinel sentinel-user joe\n"
                                 "sentinel announce-hostnames yes\n"
                                 "sentinel resolve-hostnames yes\n"
                                 "sentinel deny-scripts-reconfig no\n"
                                 "sentinel monitor g 10.0.0.1 6379 2\n"
                                 "sentinel rename-command g CONFIG XCONFIG\n"
                                 "sentinel rename-command g INFO XINFO\n"
                                 "sentinel known-sentinel g 10.0.0.8 26379 " ID_B "\n"
                                 "sentinel known-replica g 2001:db8::1 6379\n"
                                 "sentinel known-replica g 10.0.0.3 6379\n"
                                 "sentinel leader-epoch g 9\n"
                                 "sentinel primary-reboot-down-after-period g 70\n"
                                 "sentinel auth-user g sentinel\n"
                                 "sentinel auth-pass g 'two \"words\"'\n"
                                 "sentinel parallel-syncs g 4\n"
                                 "sentinel failover-timeout g 1000\n"
                                 "sentinel down-after-milliseconds g 100\n"
                                 "sentinel myid " ID_A "\n"
                                 "requirepass open\n"
                                 "loglevel debug\n"
                                 "maxclients 100\n"
                                 "port 26380\n"
                                 "bind 10.0.0.7 -::1\n";
    assert_written("", wanted,
        CLASSIC_MARKER "\n"
                       "port 26380\n"
                       "bind 10.0.0.7 -::1\n"
                       "loglevel debug\n"
                       "maxclients 100\n"
                       "requirepass open\n"
                       "sentinel myid " ID_A "\n"
                       "sentinel deny-scripts-reconfig no\n"
                       "sentinel resolve-hostnames yes\n"
                       "sentinel announce-hostnames yes\n"
                       "sentinel monitor g 10.0.0.1 6379 2\n"
                       "sentinel down-after-milliseconds g 100\n"
                       "sentinel failover-timeout g 1000\n"
                       "sentinel parallel-syncs g 4\n"
                       "sentinel auth-pass g \"two \\\"words\\\"\"\n"
                       "sentinel auth-user g sentinel\n"
                       "sentinel master-reboot-down-after-period g 70\n"
                       "sentinel config-epoch g 0\n"
                       "sentinel leader-epoch g 9\n"
                       "sentinel known-replica g 2001:db8::1 6379\n"
                       "sentinel known-replica g 10.0.0.3 6379\n"
                       "sentinel known-sentinel g 10.0.0.8 26379 " ID_B "\n"
                       "sentinel rename-command g CONFIG XCONFIG\n"
                       "sentinel rename-command g INFO XINFO\n"
                       "sentinel current-epoch 9\n"
                       "sentinel announce-ip \"10.0.0.7\"\n"
                       "sentinel announce-port 26390\n"
                       "sentinel sentinel-user joe\n"
                       "sentinel sentinel-pass s3cret\n");
}

static void generic_directives_change_only_with_what_they_say(void **state) {
    (void)state;
    assert_written("loglevel debug\nport 26379\nport 26380\nsave ''\nloglevel verbose\n",
        "loglevel warning\nport 26380\n",
        "loglevel warning\nport 26379\nport 26380\nsave ''\n"
        "\n" CLASSIC_MARKER "\nsentinel current-epoch 0\n");
}

static void lines_of_tls_stay_as_they_are(void **state) {
    (void)state;
    static const char old[] = "port 0\ntls-port 26380 \ntls-cert-file ./c\n# the key\n"
                              "tls-key-file   k\ntls-key-file-pass 'a b'\ntls-ca-cert-dir /d\n"
                              "tls-auth-clients OPTIONAL\ntls-protocols \"TLSv1.3\"\n"
                              "tls-replication yes\ntls-cluster yes\ntls-session-cache-timeout 7\n";
    struct buf expected = BUF_INIT;
    buf_printf(&expected, "%s\n" CLASSIC_MARKER "\nsentinel current-epoch 0\n", old);
    assert_written(old, old, buf_text(&expected));
    buf_clear(&expected);
    buf_printf(&expected, "%s\n" CLASSIC_MARKER "\nsentinel current-epoch 0\n",
        "tls-ca-cert-dir /d\ntls-replication yes\nport 7\ntls-client-key-file /k\n"
        "tls-client-cert-file /c\ntls-session-cache-timeout 9\n");
    assert_written("tls-ca-cert-dir /d\ntls-replication yes\nport 7\ntls-client-key-file /a\n"
                   "tls-client-cert-file /b\ntls-session-cache-timeout 8\ntls-ciphers x\n",
        "tls-ca-cert-dir /d\ntls-replication yes\nport 7\ntls-client-key-file /k\n"
        "tls-client-cert-file /c\ntls-session-cache-timeout 9\n",
        buf_text(&expected));
    buf_fini(&expected);
}

static void users_are_written_if_they_changed(void **state) {
    (void)state;
    static const char old[] =
        "dir ./here\nuser default on nopass ~* &* +@all\nsentinel current-epoch 0\n";
    struct loaded l;
    struct buf out = BUF_INIT;
    load(&l, slice_of(old));
    const struct classic_content content = {
        .said = &l.settings,
        .settings = &l.plan.active,
        .plan = &l.plan,
        .state = &l.state,
        .folder = "/srv/a folder",
    };
    users_set(&l.plan.active.users, SLICE_LITERAL("joe"), SLICE_LITERAL("on  nopass ~a\"b +@all"));
    users_set(&l.plan.active.users, SLICE_LITERAL("default"), SLICE_LITERAL("off"));
    classic_write(slice_of(old), &content, &out);
    assert_string_equal(buf_text(&out),
        "dir \"/srv/a folder\"\nuser default off\nsentinel current-epoch 0\n"
        "\n" CLASSIC_MARKER "\nuser joe on nopass \"~a\\\"b\" +@all\n");
    buf_fini(&out);
    unload(&l);
}

/* ---- generated configurations ---- */

static int64_t draw(struct rng *r, int64_t low, int64_t high) {
    return rng_between(r, low, high);
}

#define ACL_FILE SOURCE_ROOT "/LICENSE" /* not read but as a text */

static bool for_yaml; /* only what YAML has words for */

/* Any bytes that an option takes: no control characters. */
static void add_value(struct buf *out, struct rng *r) {
    static const char awkward[] = " \"'\\#=,;$x\xc3\xa9\xff";
    buf_add_char(out, '"');
    for (int64_t i = draw(r, 1, 12); i > 0; i--) {
        char c = rng_chance(r, 500)
            ? awkward[draw(r, 0, for_yaml ? 9 : (int64_t)sizeof(awkward) - 2)]
            : (char)draw(r, 'a', 'z');
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, c);
    }
    buf_add_text(out, "\xc3\xa9\"");
}

static void add_id(struct buf *out, struct rng *r) {
    for (int i = 0; i < ID_LENGTH; i++)
        buf_add_char(out, "0123456789abcdef"[draw(r, 0, 15)]);
}

static void add_group(struct buf *out, struct rng *r, int n) {
    static const char *const numbers[] = { "down-after-milliseconds", "failover-timeout",
        "parallel-syncs", "master-reboot-down-after-period", "config-epoch", "leader-epoch" };
    static const char *const texts[] = { "auth-pass", "auth-user" };
    buf_printf(out, "sentinel monitor g%d 10.0.%d.1 %d %d\n", n, n, (int)draw(r, 1, 65535),
        (int)draw(r, 1, 9));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (rng_chance(r, 600))
            buf_printf(out, "sentinel %s g%d %d\n", numbers[i], n, (int)draw(r, 1, 9999));
    bool has_texts = rng_chance(r, 500);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (for_yaml ? has_texts : rng_chance(r, 500)) {
            buf_printf(out, "sentinel %s g%d ", texts[i], n);
            add_value(out, r);
            buf_add_char(out, '\n');
        }
    }
    for (int i = 0, count = (int)draw(r, 0, 4); i < count; i++)
        buf_printf(out, "sentinel known-%s g%d 10.0.%d.%d 6379\n",
            rng_chance(r, 500) ? "replica" : "slave", n, n, i + 2);
    for (int i = 0, count = (int)draw(r, 0, 4); i < count; i++) {
        buf_printf(out, "sentinel known-sentinel g%d 10.1.%d.%d 26379 ", n, n, i + 2);
        add_id(out, r);
        buf_add_char(out, '\n');
    }
    if (rng_chance(r, 300))
        buf_printf(out, "sentinel rename-command g%d CONFIG X%d\n", n, n);
}

static void add_process(struct buf *out, struct rng *r) {
    if (rng_chance(r, 500)) {
        buf_add_text(out, "sentinel myid ");
        add_id(out, r);
        buf_add_char(out, '\n');
    }
    if (rng_chance(r, 500))
        buf_printf(out, "sentinel current-epoch %d\n", (int)draw(r, 0, 99999));
    bool announces = rng_chance(r, 300);
    if (announces)
        buf_printf(out, "sentinel announce-ip 10.9.9.%d\n", (int)draw(r, 1, 9));
    if (for_yaml ? announces : rng_chance(r, 300))
        buf_printf(out, "SENTINEL announce-port %d\n", (int)draw(r, 1, 65535));
    static const char *const switches[] = { "resolve-hostnames", "announce-hostnames",
        "deny-scripts-reconfig" };
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
        if (rng_chance(r, 300))
            buf_printf(out, "sentinel %s %s\n", switches[i], rng_chance(r, 500) ? "yes" : "NO");
    static const char *const texts[] = { "sentinel sentinel-user", "sentinel sentinel-pass",
        "requirepass" };
    bool has_texts = rng_chance(r, 300);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (for_yaml ? has_texts : rng_chance(r, 300)) {
            buf_printf(out, "%s ", texts[i]);
            add_value(out, r);
            buf_add_char(out, '\n');
        }
    }
    if (rng_chance(r, 300))
        buf_printf(out, "port %d\n", (int)draw(r, 1, 65535));
    if (rng_chance(r, 300))
        buf_add_text(
            out, rng_chance(r, 500) && !for_yaml ? "bind 10.0.0.7 -::1\n" : "bind 127.0.0.1 ::1\n");
    if (rng_chance(r, 300))
        buf_printf(out, "loglevel %s\n", rng_chance(r, 500) ? "debug" : "warning");
    if (rng_chance(r, 300))
        buf_printf(out, "maxclients %d\n", (int)draw(r, 1, 5000));
}

/* Of the server that stock has below a Sentinel. */
static void add_server(struct buf *out, struct rng *r) {
    static const char *const lines[][3] = {
        { "timeout 0", "timeout 77", "TIMEOUT 1" },
        { "tcp-keepalive 0", "tcp-keepalive 300", "tcp-keepalive 60" },
        { "tcp-backlog 511", "tcp-backlog 128", "tcp-backlog 1" },
        { "pidfile /run/x.pid", "pidfile 'a b.pid'", "pidfile ''" },
        { "daemonize no", "daemonize YES", "daemonize yes" },
        { "supervised no", "supervised auto", "supervised SYSTEMD" },
        { "syslog-enabled yes", "syslog-enabled no", "syslog-enabled YES" },
        { "syslog-ident redis", "syslog-ident vedette", "syslog-ident 'a b'" },
        { "syslog-facility local0", "syslog-facility LOCAL7", "syslog-facility user" },
        { "aclfile ''", "aclfile " ACL_FILE, "aclfile \"" ACL_FILE "\"" },
        { "acllog-max-len 128", "acllog-max-len 0", "acllog-max-len 5" },
        { "acl-pubsub-default allchannels", "acl-pubsub-default resetchannels",
            "acl-pubsub-default AllChannels" },
        { "protected-mode no", "protected-mode yes", "protected-mode YES" },
        { "unixsocket /run/a", "unixsocket ''", "unixsocket 'a b'" },
        { "unixsocketperm 700", "unixsocketperm 0", "unixsocketperm 0770" },
        { "bind-source-addr ''", "bind-source-addr 10.0.0.7", "bind-source-addr ::1" },
        { "rename-command ROLE ''", "rename-command role \"\"", "rename-command ROLE 'a b'" },
        { "rename-command PING PONGY", "rename-command ping Ping", "RENAME-COMMAND PING \"#\"" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (rng_chance(r, 300))
            buf_printf(out, "%s\n", lines[i][draw(r, 0, 2)]);
}

/* A configuration, its lines in any order, comments between them. */
static void generate(struct buf *out, struct rng *r) {
    struct buf lines = BUF_INIT;
    struct slice line[256];
    size_t count = 0;
    add_process(&lines, r);
    add_server(&lines, r);
    for (int n = 0; n < 5; n++)
        if (rng_chance(r, 600))
            add_group(&lines, r, n);
    for (struct slice rest = buf_slice(&lines); rest.size > 0;)
        line[count++] = slice_cut(&rest, '\n');
    buf_clear(out);
    while (count > 0) {
        size_t at = (size_t)draw(r, 0, (int64_t)count - 1);
        if (rng_chance(r, 200))
            buf_printf(out, "# comment %d\n", (int)draw(r, 0, 9999));
        if (rng_chance(r, 100))
            buf_add_char(out, '\n');
        buf_add_slice(out, line[at]);
        buf_add_text(out, rng_chance(r, 100) ? "\r\n" : "\n");
        line[at] = line[--count];
    }
    buf_fini(&lines);
}

static bool process_equal(const struct settings *a, const struct settings *b) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_PROCESS && !option_equal(o, a, b))
            return false;
    }
    return true;
}

static void assert_in_force(const struct loaded *got, const struct loaded *wanted) {
    assert_true(process_equal(&got->settings, &wanted->settings));
    assert_int_equal(got->plan.group_count, wanted->plan.group_count);
    for (size_t i = 0; i < wanted->plan.group_count; i++) {
        const struct group_settings *g = &wanted->plan.groups[i].active;
        const struct group_settings *same = settings_group(&got->settings, slice_of(g->name));
        assert_non_null(same);
        assert_true(group_settings_equal(same, g));
    }
}

/* An id and epochs that the old text had, and the wanted one has not, are gone with it: a state
 * always has them. */
static void assert_reads_back(struct slice text, const struct loaded *wanted) {
    struct loaded l;
    load(&l, text);
    assert_in_force(&l, wanted);
    assert_string_equal(l.state.id, wanted->state.id);
    assert_true(state_equal(&l.state, &wanted->state));
    unload(&l);
}

/* Comments and blank lines, in order. */
static void assert_comments_stay(struct slice before, struct slice after) {
    while (before.size > 0) {
        struct slice line = slice_cut(&before, '\n');
        struct slice trimmed = slice_trim(line);
        if (trimmed.size > 0 && trimmed.data[0] != '#')
            continue;
        struct slice found;
        do {
            assert_true(after.size > 0);
            found = slice_cut(&after, '\n');
        } while (!slice_equal(found, line));
    }
}

static void generated_configurations_are_read_back(void **state) {
    (void)state;
    struct buf old = BUF_INIT, wanted = BUF_INIT, new = BUF_INIT, again = BUF_INIT;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct rng r;
        struct loaded l;
        rng_init(&r, seed);
        generate(&old, &r);
        generate(&wanted, &r);
        load(&l, buf_slice(&wanted));

        buf_clear(&new);
        write_over(buf_slice(&old), &l, &new);
        assert_reads_back(buf_slice(&new), &l);
        assert_comments_stay(buf_slice(&old), buf_slice(&new));

        buf_clear(&again);
        write_over(buf_slice(&new), &l, &again);
        assert_string_equal(buf_text(&again), buf_text(&new));
        unload(&l);
    }
    buf_fini(&old);
    buf_fini(&wanted);
    buf_fini(&new);
    buf_fini(&again);
}

/* ---- by way of YAML ---- */

static void write_yaml(const struct loaded *l, struct buf *out) {
    struct diag diag;
    diag_init(&diag, "f");
    assert_true(yaml_write(&l->plan, out, &diag));
    diag_fini(&diag);
}

/* The settings that YAML gives, with the state that the classic file had: as after a conversion. */
static void load_by_yaml(struct loaded *l, struct slice text, const struct state *learned) {
    struct diag diag;
    struct buf findings = BUF_INIT;
    diag_init(&diag, "f");
    state_init(&l->state);
    state_copy(&l->state, learned);
    bool valid = load_yaml(text, &l->settings, &diag) &&
        config_merge(&l->settings, &l->state, MERGE_YAML, &l->plan, &diag);
    diag_print(&diag, &findings);
    if (!valid)
        fail_msg("%s in\n" SLICE_FMT, buf_text(&findings), SLICE_ARG(text));
    buf_fini(&findings);
    diag_fini(&diag);
}

static void generated_configurations_go_by_yaml_and_back(void **state) {
    (void)state;
    struct buf text = BUF_INIT, yaml = BUF_INIT, back = BUF_INIT;
    for_yaml = true;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct rng r;
        struct loaded l, by_yaml;
        rng_init(&r, seed);
        generate(&text, &r);
        load(&l, buf_slice(&text));
        mem_free(l.plan.active.state_dir);
        l.plan.active.state_dir = mem_strdup("/var/lib/vedette");

        buf_clear(&yaml);
        write_yaml(&l, &yaml);
        load_by_yaml(&by_yaml, buf_slice(&yaml), &l.state);
        memcpy(by_yaml.settings.listen.optional, l.settings.listen.optional,
            sizeof(l.settings.listen.optional)); /* YAML has no word for it */
        buf_clear(&back);
        write_over(SLICE_EMPTY, &by_yaml, &back);
        assert_reads_back(buf_slice(&back), &l);
        unload(&by_yaml);
        unload(&l);
    }
    for_yaml = false;
    buf_fini(&text);
    buf_fini(&yaml);
    buf_fini(&back);
}

static void what_only_yaml_has_words_for_is_written_too(void **state) {
    (void)state;
    struct loaded l, again;
    struct buf out = BUF_INIT;
    struct state nothing;
    state_init(&nothing);
    load_by_yaml(&l,
        SLICE_LITERAL("hostnames: {resolve: yes, servers: '10.0.0.53,[fd00::53]:5353'}\n"
                      "clients: {users: {app: 'on >it''s +@all', other: 'off'}}\n"
                      "groups: {g: {master: 'db-0.example:6379', quorum: 2}}\n"),
        &nothing);
    write_yaml(&l, &out);
    load_by_yaml(&again, buf_slice(&out), &nothing);
    assert_string_equal(again.settings.name_servers, "10.0.0.53,[fd00::53]:5353");
    assert_true(users_equal(&again.settings.users, &l.settings.users));
    assert_int_equal(again.settings.users.count, 2);
    assert_string_equal(again.settings.groups[0].master.host, "db-0.example");
    unload(&again);
    unload(&l);
    state_fini(&nothing);
    buf_fini(&out);
}

static void what_yaml_cannot_hold_is_a_finding(void **state) {
    (void)state;
    struct loaded l;
    struct diag diag;
    struct buf out = BUF_INIT;
    load(&l, SLICE_LITERAL("sentinel monitor g 10.0.0.1 6379 1\nsentinel auth-pass g \"\xff\"\n"));
    diag_init(&diag, "f");
    assert_false(yaml_write(&l.plan, &out, &diag));
    assert_int_equal(diag.count, 1);
    assert_string_equal(
        diag.findings[0].text, "auth.password of g is no UTF-8 text, and YAML cannot hold it");
    diag_fini(&diag);
    buf_fini(&out);
    unload(&l);
}

/* ---- values that would add lines ---- */

static void no_value_adds_a_line(void **state) {
    (void)state;
    static const char *const hostile[] = {
        "x\nsentinel monitor evil 10.6.6.6 6379 1",
        "x\r\nsentinel myid bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "\"\nloglevel nothing\n\"",
        "x\" \"y",
        "x' 'y",
        "\\",
        "\\\"",
        "x\\\nsentinel monitor evil 10.6.6.6 6379 1",
        "# x",
        "\x01\x7f\t",
    };
    for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
        struct loaded l, back;
        struct buf out = BUF_INIT;
        struct diag diag;
        load(&l, SLICE_LITERAL("sentinel monitor g 10.0.0.1 6379 1\n"));
        /* as if the checks at the commands had not been */
        secret_set(&l.plan.groups[0].active.auth_password, slice_of(hostile[i]));
        l.settings.peer_user = mem_strdup(hostile[i]);
        write_over(SLICE_EMPTY, &l, &out);
        diag_init(&diag, "f");
        (void)load_classic(buf_slice(&out), &back.settings, &back.state, &diag);
        assert_int_equal(back.settings.group_count, 1);
        assert_string_equal(back.state.id, "");
        assert_int_equal(back.settings.log_level, LOG_NOTICE);
        size_t lines = 0;
        for (struct slice rest = buf_slice(&out); rest.size > 0; lines++)
            slice_cut(&rest, '\n');
        assert_int_equal(lines,
            7); /* the marker, monitor, two epochs, auth-pass, current-epoch, sentinel-user */
        settings_fini(&back.settings);
        state_fini(&back.state);
        diag_fini(&diag);
        buf_fini(&out);
        unload(&l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learned_lines_are_added_behind_a_marker),
        cmocka_unit_test(the_lines_of_the_user_stay_in_place),
        cmocka_unit_test(a_removed_group_leaves_the_comments),
        cmocka_unit_test(lines_are_added_in_the_order_of_the_originals),
        cmocka_unit_test(generic_directives_change_only_with_what_they_say),
        cmocka_unit_test(lines_of_tls_stay_as_they_are),
        cmocka_unit_test(users_are_written_if_they_changed),
        cmocka_unit_test(generated_configurations_are_read_back),
        cmocka_unit_test(generated_configurations_go_by_yaml_and_back),
        cmocka_unit_test(what_only_yaml_has_words_for_is_written_too),
        cmocka_unit_test(what_yaml_cannot_hold_is_a_finding),
        cmocka_unit_test(no_value_adds_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
