/* Each command, each of its arguments with each kind of bad value: the exact reply, and that a
 * refusal has changed nothing. A new row in command.c needs one here. */
#include "tests/unit/answer.h"

#include "common/rng.h"
#include "config/option.h"
#include "sentinel/command/command.h"
#include "sentinel/command/session.h"

#include <stdio.h>
#include <string.h>

#define LONG_SIZE 300
#define ARGS_MAX  6

enum kind {
    WORD,
    EMPTY,
    TOO_LONG,
    HUGE_NUMBER,
    NEGATIVE,
    FRACTION,
    NEWLINE,
    NUL,
    NOT_UTF8,
    KIND_COUNT
};

#define BYTES(text) \
    { .data = text, .size = sizeof(text) - 1 }

static const struct slice bad_values[KIND_COUNT] = {
    [WORD] = BYTES("wrong"),
    [EMPTY] = BYTES(""),
    [TOO_LONG] = { .data = NULL }, /* LONG_SIZE letters */
    [HUGE_NUMBER] = BYTES("99999999999999999999"),
    [NEGATIVE] = BYTES("-1"),
    [FRACTION] = BYTES("1.5"),
    [NEWLINE] = BYTES("a\r\nb"),
    [NUL] = BYTES("a\0b"),
    [NOT_UTF8] = BYTES("\xff\xfe"),
};

/* An argument with a good value, and the reply to each kind of bad one: "$" stands for the value as
 * an error shows it. NULL: it is as good as the good one. */
struct argument {
    const char *good;
    const char *said[KIND_COUNT];
};

static const char settled[] = ""; /* it stays as it is: its bad values are in another row */

/* A command may have several rows: forms of it. */
struct row {
    const char *name;
    struct argument arguments[ARGS_MAX];
};

/* Of no number, and of a negative one. */
#define NUMBER_OR(no, negative) \
    { no, no, no, no, negative, no, no, no, no }
#define EACH(text) \
    { text, text, text, text, text, text, text, text, text }
#define TAKEN \
    { NULL }
#define PLAIN(good) \
    { good, TAKEN }
#define SETTLED(good) \
    { \
        good, { \
            settled \
        } \
    }

/* Control characters are refused before anything else is looked at. */
#define CONTROL(command, index) \
    "-\"ERR Invalid argument at index " index " for " command \
    ": control characters are not allowed\""
#define UNLESS_CONTROL(text, command, index) \
    { text, text, text, text, text, text, CONTROL(command, index), CONTROL(command, index), text }

#define NO_PORT   "-\"ERR Invalid port\""
#define NO_QUORUM "-\"ERR Invalid quorum\""
#define NO_GROUP  "-\"ERR No such master with that name\""
#define GROUP \
    { "mymaster", EACH(NO_GROUP) }

#define NO_SECRET EACH("-\"ERR No secret to prove\"")
#define MONITOR   "SENTINEL MONITOR"
#define NO_NAME   "-\"ERR Invalid master name: 1 to 255 bytes without commas and blanks are allowed\""

/* ---- SENTINEL SET ---- */

#define SET       "SENTINEL SET"
#define NO_OPTION "-\"ERR Unknown option or number of arguments for SENTINEL SET '$'\""
#define SET_VALUE(option) \
    UNLESS_CONTROL("-\"ERR Invalid argument '$' for SENTINEL SET '" option "'\"", SET, "4")
#define SET_ROW(option, good, value) \
    { \
        "sentinel|set", { \
            { "mymaster", UNLESS_CONTROL(NO_GROUP, SET, "2") }, \
                { option, UNLESS_CONTROL(NO_OPTION, SET, "3") }, { \
                good, value \
            } \
        } \
    }
#define SET_TEXT \
    { [NEWLINE] = CONTROL(SET, "4"), [NUL] = CONTROL(SET, "4") }
#define DENIED \
    "-\"ERR Reconfiguration of scripts path is denied for security reasons. Check the " \
    "deny-scripts-reconfig configuration directive in your Sentinel configuration\""
#define COMMAND_WORD(index) \
    { \
        [EMPTY] = NO_COMMAND, [TOO_LONG] = NO_COMMAND, [NEWLINE] = CONTROL(SET, index), \
        [NUL] = CONTROL(SET, index) \
    }
#define NO_COMMAND "-\"ERR Invalid argument '$' for SENTINEL SET 'rename-command'\""

/* ---- SENTINEL CONFIG ---- */

#define CONFIG "SENTINEL CONFIG SET"
#define UNLESS_SET \
    EACH("-\"ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> " \
         "[<param> <value> ...] are supported.\"")
#define NO_PARAMETER "-\"ERR Invalid argument '$' to SENTINEL CONFIG SET\""
#define CONFIG_ROW(parameter, good, value) \
    { \
        "sentinel|config", { \
            SETTLED("set"), { parameter, UNLESS_CONTROL(NO_PARAMETER, CONFIG, "3") }, { \
                good, value \
            } \
        } \
    }
#define CONFIG_VALUE(parameter) \
    UNLESS_CONTROL("-\"ERR Invalid value '$' to SENTINEL CONFIG SET '" parameter "'\"", CONFIG, "4")
#define NO_HOST "-\"ERR Invalid value '$' to SENTINEL CONFIG SET 'announce-ip'\""
#define CONFIG_HOST \
    { \
        NULL, NULL, NO_HOST, NO_HOST, NO_HOST, NO_HOST, CONTROL(CONFIG, "4"), \
            CONTROL(CONFIG, "4"), NO_HOST \
    }
#define CONFIG_TEXT \
    { [NEWLINE] = CONTROL(CONFIG, "4"), [NUL] = CONTROL(CONFIG, "4") }

/* ---- the others ---- */

#define NO_VERSION "-\"ERR Protocol version is not an integer or out of range\""
#define WRONGPASS  "-\"WRONGPASS invalid username-password pair or user is disabled.\""
#define NO_PASSWORD \
    "-\"ERR AUTH <password> called without any password configured for the default user. Are you " \
    "sure your configuration is correct?\""
#define NO_CLIENT_NAME \
    "-\"ERR Client names cannot contain spaces, newlines or special characters.\""
#define CLIENT_NAME \
    { \
        [TOO_LONG] = "-\"ERR Client names have at most 255 bytes\"", [NEWLINE] = NO_CLIENT_NAME, \
        [NUL] = NO_CLIENT_NAME, [NOT_UTF8] = NO_CLIENT_NAME \
    }
#define LIBRARY(what) \
    { \
        [TOO_LONG] = NO_LIBRARY(what), [NEWLINE] = NO_LIBRARY(what), [NUL] = NO_LIBRARY(what), \
        [NOT_UTF8] = NO_LIBRARY(what) \
    }
#define NO_LIBRARY(what) "-\"ERR " what " cannot contain spaces, newlines or special characters.\""
#define NO_USER_NAME     "-\"ERR Usernames can't contain spaces or null characters\""
#define USER_NAME \
    { [NEWLINE] = NO_USER_NAME, [NUL] = NO_USER_NAME }
#define NO_RULE "-\"ERR Error in ACL SETUSER modifier '$': Syntax error\""
#define RULE \
    { \
        NO_RULE, NULL, NO_RULE, NO_RULE, \
            "-\"ERR Error in ACL SETUSER modifier '$': Unknown command or category name in ACL\"", \
            NO_RULE, NO_RULE, NO_RULE, NO_RULE \
    }
#define NO_CLIENT   "-\"ERR No such client\""
#define NO_ID       "-\"ERR client-id should be greater than 0\""
#define NO_TYPE     "-\"ERR Unknown client type '$'\""
#define NO_REDIRECT "-\"ERR The client ID you want redirect to does not exist\""
#define NOT_TRACKING \
    "-\"ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled\""
#define NO_COMMAND_NAMED "-\"ERR Invalid command specified\""
#define SYNTAX           "-\"ERR syntax error\""
#define NO_NUMBER        "-\"ERR value is not an integer or out of range\""

#define NO_FAILOVER_OPTION "-\"ERR wrong number of arguments for 'sentinel|failover' command\""
/* clang-format off */
#define NO_BITS "-\"ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096\""
/* clang-format on */
#define NO_SUCH_MASTER "*[:\"0\" $\"*\" :\"0\"]"
#define QUESTION(name) \
    { \
        name, { \
            { "127.0.0.1", EACH(NO_SUCH_MASTER) }, \
                { "28400", NUMBER_OR(NO_NUMBER, NO_SUCH_MASTER) }, \
                { "0", NUMBER_OR(NO_NUMBER, NO_SUCH_MASTER) }, PLAIN("*") \
        } \
    }

static const struct row rows[] = {
    { "sentinel|ckquorum", { GROUP } },
    { "sentinel|config", { { "get", UNLESS_SET }, PLAIN("announce-ip") } },
    CONFIG_ROW("resolve-hostnames", "no", CONFIG_VALUE("resolve-hostnames")),
    CONFIG_ROW("announce-hostnames", "no", CONFIG_VALUE("announce-hostnames")),
    CONFIG_ROW("announce-ip", "10.0.0.7", CONFIG_HOST),
    CONFIG_ROW("announce-port", "1", CONFIG_VALUE("announce-port")),
    CONFIG_ROW("sentinel-user", "u", CONFIG_TEXT),
    CONFIG_ROW("sentinel-pass", "p", CONFIG_TEXT),
    CONFIG_ROW("loglevel", "notice", CONFIG_VALUE("loglevel")),
    { "sentinel|debug",
        { { "info-period",
              EACH("-\"ERR Unknown option or number of arguments for SENTINEL DEBUG '$'\"") },
            { "10000", EACH("-\"ERR Invalid argument '$' for SENTINEL DEBUG 'info-period'\"") } } },
    { "sentinel|failover", { GROUP } },
    { "sentinel|failover", { SETTLED("mymaster"), { "coordinated", EACH(NO_FAILOVER_OPTION) } } },
    { "sentinel|flushconfig", { PLAIN(NULL) } },
    { "sentinel|get-master-addr-by-name", { { "mymaster", EACH("*null") } } },
    { "sentinel|help", { PLAIN(NULL) } },
    { "sentinel|info-cache", { { "mymaster", EACH("*[]") } } },
    { "sentinel|get-primary-addr-by-name", { { "mymaster", EACH("*null") } } },
    { "sentinel|vedette-prove",
        { { "43a6b503dad0d9e4e3902c03e92e684d3a1d4233", NO_SECRET }, { "mymaster", NO_SECRET },
            { "00112233445566778899aabbccddeeff", NO_SECRET } } },
    QUESTION("sentinel|is-primary-down-by-addr"),
    QUESTION("sentinel|is-master-down-by-addr"),
    { "sentinel|master", { GROUP } },
    { "sentinel|masters", { PLAIN(NULL) } },
    { "sentinel|monitor",
        { { "new",
              { [EMPTY] = NO_NAME,
                  [TOO_LONG] = NO_NAME,
                  [NEWLINE] = CONTROL(MONITOR, "2"),
                  [NUL] = CONTROL(MONITOR, "2") } },
            { "10.0.0.1",
                UNLESS_CONTROL("-\"ERR Invalid IP address or hostname specified\"", MONITOR, "3") },
            { "6379",
                { [WORD] = NO_PORT,
                    [EMPTY] = NO_PORT,
                    [TOO_LONG] = NO_PORT,
                    [HUGE_NUMBER] = NO_PORT,
                    [NEGATIVE] = "-\"ERR Invalid port number.\"",
                    [FRACTION] = NO_PORT,
                    [NEWLINE] = CONTROL(MONITOR, "4"),
                    [NUL] = CONTROL(MONITOR, "4"),
                    [NOT_UTF8] = NO_PORT } },
            { "1",
                { [WORD] = NO_QUORUM,
                    [EMPTY] = NO_QUORUM,
                    [TOO_LONG] = NO_QUORUM,
                    [HUGE_NUMBER] = NO_QUORUM,
                    [NEGATIVE] = "-\"ERR Quorum must be 1 or greater.\"",
                    [FRACTION] = NO_QUORUM,
                    [NEWLINE] = CONTROL(MONITOR, "5"),
                    [NUL] = CONTROL(MONITOR, "5"),
                    [NOT_UTF8] = NO_QUORUM } } } },
    { "sentinel|myid", { PLAIN(NULL) } },
    { "sentinel|pending-scripts", { PLAIN(NULL) } },
    { "sentinel|primaries", { PLAIN(NULL) } },
    { "sentinel|primary", { GROUP } },
    { "sentinel|remove", { GROUP } },
    { "sentinel|replicas", { GROUP } },
    { "sentinel|reset", { { "mymaster", EACH(":\"0\"") } } },
    { "sentinel|sentinels", { GROUP } },
    SET_ROW("quorum", "1", SET_VALUE("quorum")),
    SET_ROW("down-after-milliseconds", "1", SET_VALUE("down-after-milliseconds")),
    SET_ROW("failover-timeout", "1", SET_VALUE("failover-timeout")),
    SET_ROW("parallel-syncs", "1", SET_VALUE("parallel-syncs")),
    SET_ROW("master-reboot-down-after-period", "1", SET_VALUE("master-reboot-down-after-period")),
    SET_ROW("primary-reboot-down-after-period", "1", SET_VALUE("primary-reboot-down-after-period")),
    SET_ROW("auth-pass", "p", SET_TEXT),
    SET_ROW("auth-user", "u", SET_TEXT),
    SET_ROW("notification-script", "/bin/true", UNLESS_CONTROL(DENIED, SET, "4")),
    SET_ROW("client-reconfig-script", "/bin/true", UNLESS_CONTROL(DENIED, SET, "4")),
    { "sentinel|set",
        { SETTLED("mymaster"), SETTLED("rename-command"), { "config", COMMAND_WORD("4") },
            { "xconfig", COMMAND_WORD("5") } } },
    { "sentinel|simulate-failure",
        { { "crash-after-election", EACH("-\"ERR Unknown failure simulation specified\"") } } },
    { "sentinel|slaves", { GROUP } },

    { "acl|cat", { { "admin", EACH("-\"ERR Unknown category '$'\"") } } },
    { "acl|deluser", { { "nosuch", EACH(":\"0\"") } } },
    { "acl|dryrun",
        { { "default", EACH("-\"ERR User '$' not found\"") },
            { "ping", EACH("-\"ERR Command '$' not found\"") } } },
    { "acl|genpass", { { "5", NUMBER_OR(NO_NUMBER, NO_BITS) } } },
    { "acl|getuser", { { "default", EACH("$null") } } },
    { "acl|help", { PLAIN(NULL) } },
    { "acl|list", { PLAIN(NULL) } },
    { "acl|load", { PLAIN(NULL) } },
    { "acl|log", { { "5", NUMBER_OR(NO_NUMBER, "*[]") } } },
    { "acl|save", { PLAIN(NULL) } },
    { "acl|setuser", { { "u", USER_NAME }, { "on", RULE } } },
    { "acl|setuser", { SETTLED("default"), { "on", RULE } } },
    { "acl|users", { PLAIN(NULL) } },
    { "acl|whoami", { PLAIN(NULL) } },

    { "client|caching", { { "yes", EACH(NOT_TRACKING) } } },
    { "client|getname", { PLAIN(NULL) } },
    { "client|getredir", { PLAIN(NULL) } },
    { "client|help", { PLAIN(NULL) } },
    { "client|id", { PLAIN(NULL) } },
    { "client|info", { PLAIN(NULL) } },
    { "client|list",
        { { "type", EACH(SYNTAX) }, { "normal", EACH("-\"ERR Unknown client type '$'\"") } } },
    { "client|list",
        { { "id", EACH(SYNTAX) }, { "1", NUMBER_OR("-\"ERR Invalid client ID\"", "$\"\"") } } },
    { "client|kill", { { "1.1.1.1:1", EACH(NO_CLIENT) } } },
    { "client|kill", { { "id", EACH(SYNTAX) }, { "99", EACH(NO_ID) } } },
    { "client|kill", { SETTLED("type"), { "pubsub", EACH(NO_TYPE) } } },
    { "client|kill", { SETTLED("addr"), { "1.1.1.1:1", EACH(":\"0\"") } } },
    { "client|kill", { SETTLED("laddr"), { "1.1.1.1:1", EACH(":\"0\"") } } },
    { "client|kill", { SETTLED("user"), { "default", EACH("-\"ERR No such user '$'\"") } } },
    { "client|kill",
        { SETTLED("id"), SETTLED("99"), { "skipme", EACH(SYNTAX) }, { "yes", EACH(SYNTAX) } } },
    { "client|no-evict", { { "off", EACH(SYNTAX) } } },
    { "client|pause",
        { { "0",
              NUMBER_OR("-\"ERR timeout is not an integer or out of range\"",
                  "-\"ERR timeout is negative\"") },
            { "all", EACH("-\"ERR CLIENT PAUSE mode must be WRITE or ALL\"") } } },
    { "client|reply", { { "on", EACH(SYNTAX) } } },
    { "client|setinfo",
        { { "lib-name", EACH("-\"ERR Unrecognized option '$'\"") },
            { "x", LIBRARY("lib-name") } } },
    { "client|setinfo", { SETTLED("lib-ver"), { "x", LIBRARY("lib-ver") } } },
    { "client|setname", { { "x", CLIENT_NAME } } },

    { "client|tracking", { { "off", EACH(SYNTAX) } } },
    { "client|tracking", { SETTLED("on"), { "noloop", EACH(SYNTAX) } } },
    { "client|tracking",
        { SETTLED("on"), SETTLED("redirect"), { "2", NUMBER_OR(NO_NUMBER, NO_REDIRECT) } } },
    { "client|trackinginfo", { PLAIN(NULL) } },
    { "client|unblock",
        { { "99", NUMBER_OR(NO_NUMBER, ":\"0\"") },
            { "error", EACH("-\"ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\"") } } },
    { "client|unpause", { PLAIN(NULL) } },

    { "command", { PLAIN(NULL) } },
    { "command|count", { PLAIN(NULL) } },
    { "command|docs", { { "ping", EACH("*[]") } } },
    { "command|getkeys", { { "publish", EACH(NO_COMMAND_NAMED) } } },
    { "command|getkeysandflags", { { "publish", EACH(NO_COMMAND_NAMED) } } },
    { "command|help", { PLAIN(NULL) } },
    { "command|info", { { "ping", EACH("*[$null]") } } },
    { "command|list",
        { { "filterby", EACH(SYNTAX) }, { "pattern", EACH(SYNTAX) }, PLAIN("ping") } },

    { "ping", { PLAIN("x") } },
    { "publish",
        { { "__sentinel__:hello",
              EACH("-\"ERR Only HELLO messages are accepted by Sentinel instances.\"") },
            { "x", EACH(":\"1\"") } } },
    { "subscribe", { PLAIN("x") } },
    { "psubscribe", { PLAIN("x") } },
    { "unsubscribe", { PLAIN("x") } },
    { "punsubscribe", { PLAIN("x") } },
    { "info", { { "server", EACH("$\"\"") } } },
    { "role", { PLAIN(NULL) } },
    { "hello",
        { { "3",
              { NO_VERSION, NO_VERSION, NO_VERSION, NO_VERSION,
                  "-\"NOPROTO unsupported protocol version\"", NO_VERSION, NO_VERSION, NO_VERSION,
                  NO_VERSION } },
            { "auth", EACH("-\"ERR Syntax error in HELLO option '$'\"") },
            { "default", EACH(WRONGPASS) }, PLAIN("x") } },
    { "hello",
        { SETTLED("3"), { "setname", EACH("-\"ERR Syntax error in HELLO option '$'\"") },
            { "x", CLIENT_NAME } } },
    { "auth", { { "default", EACH(WRONGPASS) }, PLAIN("x") } },
    { "auth", { { "x", EACH(NO_PASSWORD) } } },
    { "shutdown", { { "nosave", EACH(SYNTAX) } } },
};

/* ---- what may not change ---- */

static void print_options(enum option_scope scope, const void *settings, struct buf *out) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope) {
            option_write(&option_table[i], settings, out);
            buf_add_char(out, '\n');
        }
    }
}

static void print_session(const struct session *s, struct buf *out) {
    buf_printf(out, "session %d %d %zu %d %d %d %s %s %s\n", (int)s->state, s->version,
        session_subscription_count(s), (int)s->replies, s->is_protected, s->tracking.on,
        s->name == NULL ? "" : s->name, s->library_name == NULL ? "" : s->library_name,
        s->library_version == NULL ? "" : s->library_version);
}

/* Everything that a request can change, as text. */
static void print_all(struct desk *d, struct buf *out) {
    const struct core *c = d->core;
    buf_printf(out, "epoch %llu, writes %llu, stops %d\n", (unsigned long long)c->current_epoch,
        (unsigned long long)c->persist_seq, d->server->stopping);
    print_options(OPTION_PROCESS, &c->settings, out);
    map_for_each(g, &c->groups, struct group) {
        buf_printf(out, "%s %s %llu, attempt %d, replicas %zu, peers %zu\n", g->name,
            g->master->name, (unsigned long long)g->config_epoch, (int)g->attempt.state,
            g->replica_count, g->peer_count);
        print_options(OPTION_GROUP, &g->settings, out);
    }
    acl_print(&d->server->access.acl, out);
    print_session(server_session(d->server, (struct client_id){ 1 }), out);
}

/* What the last request asked of the world. */
static void assert_quiet(const struct desk *d, const char *request) {
    for (size_t i = 0; i < d->out.count; i++) {
        enum effect_kind kind = d->out.items[i].kind;
        if (kind == EFFECT_PERSIST || kind == EFFECT_EVENT || kind == EFFECT_HANGUP ||
            kind == EFFECT_STOP)
            fail_msg("%s: refused, but with an effect of kind %d", request, (int)kind);
    }
}

/* ---- requests ---- */

static struct slice value_of(enum kind kind) {
    static char letters[LONG_SIZE];
    memset(letters, 'x', sizeof(letters));
    return kind == TOO_LONG ? (struct slice){ .data = letters, .size = sizeof(letters) }
                            : bad_values[kind];
}

struct ask {
    struct slice words[16];
    size_t count;
};

static void add_word(struct ask *r, struct slice word) {
    assert_true(r->count < ARRAY_SIZE(r->words));
    r->words[r->count++] = word;
}

static void add_name(struct ask *r, struct slice name) {
    while (name.size > 0)
        add_word(r, slice_cut(&name, '|'));
}

static struct slice send_words(struct desk *d, const struct ask *r) {
    struct buf bytes = BUF_INIT;
    buf_printf(&bytes, "*%zu\r\n", r->count);
    for (size_t i = 0; i < r->count; i++) {
        buf_printf(&bytes, "$%zu\r\n", r->words[i].size);
        buf_add_slice(&bytes, r->words[i]);
        buf_add_text(&bytes, "\r\n");
    }
    struct slice reply = desk_send(d, 1, buf_slice(&bytes));
    buf_fini(&bytes);
    return reply;
}

/* A line for people. */
static void print_request(const struct ask *r, struct buf *out) {
    for (size_t i = 0; i < r->count; i++) {
        for (size_t k = 0; k < r->words[i].size; k++) {
            unsigned char c = (unsigned char)r->words[i].data[k];
            buf_printf(out, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
        }
        buf_add_char(out, ' ');
    }
}

/* Asks, and checks that a refusal has changed nothing. Returns what came back. */
static struct slice ask_carefully(struct desk *d, const struct ask *r) {
    struct buf before = BUF_INIT, after = BUF_INIT, text = BUF_INIT;
    print_all(d, &before);
    print_request(r, &text);
    struct slice reply = send_words(d, r);
    if (slice_starts_with(reply, "-")) {
        print_all(d, &after);
        if (!slice_equal(buf_slice(&before), buf_slice(&after)))
            fail_msg("%s: refused, but\n%s-- became --\n%s", buf_text(&text), buf_text(&before),
                buf_text(&after));
        assert_quiet(d, buf_text(&text));
    }
    buf_fini(&before);
    buf_fini(&after);
    buf_fini(&text);
    return reply;
}

/* ---- every row ---- */

/* As an error shows a value: up to a NUL, blanks for what would break the line. */
static void add_shown(struct buf *out, struct slice value) {
    for (size_t i = 0; i < value.size && value.data[i] != '\0'; i++) {
        bool breaks = value.data[i] == '\r' || value.data[i] == '\n';
        buf_add_char(out, breaks ? ' ' : value.data[i]);
    }
}

/* `said` with the value in place of "$"; what a client gets is printed with escapes. */
static void expect(const char *said, struct slice value, struct buf *ret) {
    struct slice tail = slice_of(said);
    if (strchr(said, '$') == NULL || said[0] != '-') {
        buf_add_text(ret, said);
        return;
    }
    struct buf error = BUF_INIT, line = BUF_INIT;
    struct slice head = slice_cut(&tail, '$');
    buf_add_slice(&error, slice_sub(head, 2, head.size));
    add_shown(&error, value);
    buf_add_slice(&error, slice_sub(tail, 0, tail.size - 1));
    buf_printf(&line, "-");
    buf_add_slice(&line, buf_slice(&error));
    buf_add_text(&line, "\r\n");
    reply_print(buf_slice(&line), ret);
    buf_fini(&error);
    buf_fini(&line);
}

static size_t count_arguments(const struct row *row) {
    size_t count = 0;
    while (count < ARGS_MAX && row->arguments[count].good != NULL)
        count++;
    return count;
}

/* The request of a row with a bad value at `at`, or none beyond its arguments. */
static struct ask make_request(const struct row *row, size_t at, struct slice bad) {
    struct ask r = { .count = 0 };
    add_name(&r, slice_of(row->name));
    for (size_t i = 0; i < count_arguments(row); i++)
        add_word(&r, i == at ? bad : slice_of(row->arguments[i].good));
    return r;
}

/* Commands of Valkey alone are served as Valkey only. */
static void use_compat(struct desk *d, const struct command *c) {
    assert_non_null(c);
    d->core->settings.compat = c->is_valkey ? COMPAT_VALKEY : COMPAT_REDIS;
}

static void check_value(const struct row *row, size_t at, enum kind kind) {
    struct desk d;
    struct buf got = BUF_INIT, expected = BUF_INIT, text = BUF_INIT;
    const char *said = row->arguments[at].said[kind];
    struct ask r = make_request(row, at, value_of(kind));
    desk_init(&d);
    desk_open(&d, 1);
    use_compat(&d, command_find(slice_of(row->name)));
    print_request(&r, &text);
    reply_print(ask_carefully(&d, &r), &got);
    if (said != NULL) {
        expect(said, value_of(kind), &expected);
        if (!slice_equal(buf_slice(&got), buf_slice(&expected)))
            fail_msg(
                "%s: got %s instead of %s", buf_text(&text), buf_text(&got), buf_text(&expected));
    } else if (slice_starts_with(buf_slice(&got), "-")) {
        fail_msg("%s: refused, %s", buf_text(&text), buf_text(&got));
    }
    buf_fini(&got);
    buf_fini(&expected);
    buf_fini(&text);
    desk_fini(&d);
}

static bool is_settled(const struct row *row, size_t at) {
    return row->arguments[at].said[0] == settled;
}

static void each_argument_of_each_command_with_each_kind_of_bad_value(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (size_t at = 0; at < count_arguments(&rows[i]); at++) {
            for (int kind = 0; kind < KIND_COUNT && !is_settled(&rows[i], at); kind++)
                check_value(&rows[i], at, (enum kind)kind);
        }
    }
}

/* ---- every command ---- */

static bool has_row(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (slice_is(name, rows[i].name))
            return true;
    }
    return false;
}

typedef void visit_function(struct desk *d, const struct command *c);

static void for_each_command(struct desk *d, visit_function *visit) {
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        visit(d, c);
        for (size_t k = 0; k < c->subcommand_count; k++)
            visit(d, &c->subcommands[k]);
    }
}

static void check_has_row(struct desk *d, const struct command *c) {
    if (c->handler != NULL && !has_row(c->name))
        fail_msg(SLICE_FMT " has no row in this test", SLICE_ARG(c->name));
}

static void no_command_is_forgotten(void **state) {
    for_each_command(*state, check_has_row);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (command_find(slice_of(rows[i].name)) == NULL)
            fail_msg("there is no command %s", rows[i].name);
    }
}

static bool has_set_row(const char *option) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, "sentinel|set") == 0 &&
            strcmp(rows[i].arguments[1].good, option) == 0)
            return true;
    }
    return false;
}

static void no_option_is_forgotten(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != OPTION_GROUP || o->set_name == NULL)
            continue;
        if (!has_set_row(o->set_name) || (o->set_alias != NULL && !has_set_row(o->set_alias)))
            fail_msg("SENTINEL SET %s has no row in this test", o->set_name);
    }
}

/* With too few words and, where there is an end, too many. */
static void check_arity(struct desk *d, const struct command *c) {
    use_compat(d, c);
    size_t least = (size_t)(c->arity < 0 ? -c->arity : c->arity);
    size_t most = c->more_words != 0 ? (size_t)c->more_words : least;
    size_t bounds[] = { least - 1, c->arity < 0 ? 0 : most + 1 };
    char reply[256];
    snprintf(reply, sizeof(reply), "-\"ERR wrong number of arguments for '" SLICE_FMT "' command\"",
        SLICE_ARG(c->name));
    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        struct ask r = { .count = 0 };
        add_name(&r, c->name);
        if (bounds[i] < r.count)
            continue;
        while (r.count < bounds[i])
            add_word(&r, SLICE_LITERAL("x"));
        assert_replies(ask_carefully(d, &r), reply);
    }
}

static void each_command_counts_its_words(void **state) {
    for_each_command(*state, check_arity);
}

/* ---- any request ---- */

static const char *const words[] = { "mymaster", "other", "127.0.0.1", "10.0.0.1", "28400", "0",
    "1", "2", "3", "*", "quorum", "parallel-syncs", "rename-command", "auth-pass", "config",
    "down-after-milliseconds", "announce-ip", "announce-port", "resolve-hostnames", "loglevel",
    "get", "set", "yes", "no", "on", "off", "type", "id", "user", "normal", "setname", "auth",
    "default", "lib-name", "help", "__sentinel__:hello", "+switch-master", "skipme", "filterby",
    "127.0.0.1,1,eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee,1,mymaster,127.0.0.1,28401,9" };

static struct slice draw_word(struct rng *r) {
    if (rng_chance(r, 300))
        return value_of((enum kind)rng_between(r, 0, KIND_COUNT - 1));
    return slice_of(words[rng_between(r, 0, ARRAY_SIZE(words) - 1)]);
}

static struct ask draw_request(struct rng *r) {
    struct ask request = { .count = 0 };
    if (rng_chance(r, 700)) { /* a row with one or two words changed */
        const struct row *row = &rows[rng_between(r, 0, ARRAY_SIZE(rows) - 1)];
        request = make_request(row, SIZE_MAX, SLICE_EMPTY);
        for (int64_t i = rng_between(r, 1, 2); i > 0 && request.count > 1; i--)
            request.words[rng_between(r, 1, (int64_t)request.count - 1)] = draw_word(r);
    } else {
        const struct row *row = &rows[rng_between(r, 0, ARRAY_SIZE(rows) - 1)];
        add_name(&request, slice_of(row->name));
    }
    for (int64_t i = rng_between(r, -2, 4); i > 0; i--)
        add_word(&request, draw_word(r));
    return request;
}

/* A reply, and what it means for the state, whatever is asked in whatever order. */
static void whatever_is_asked_a_refusal_changes_nothing(void **state) {
    size_t refused = 0, asked = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct desk d;
        struct rng r;
        rng_init(&r, seed);
        desk_init(&d);
        desk_open(&d, 1);
        for (int i = 0; i < 400; i++) {
            struct ask request = draw_request(&r);
            struct buf printed = BUF_INIT;
            struct slice reply = ask_carefully(&d, &request);
            refused += slice_starts_with(reply, "-");
            asked++;
            reply_print(reply, &printed); /* it is RESP, or this fails */
            bool over = reply.size == 0;
            buf_fini(&printed);
            if (over) /* it was told to stop, or answers later */
                break;
        }
        desk_fini(&d);
    }
    assert_in_range(refused, asked / 4, asked - asked / 20); /* both kinds were seen */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_argument_of_each_command_with_each_kind_of_bad_value),
        DESK_TEST(no_command_is_forgotten),
        cmocka_unit_test(no_option_is_forgotten),
        DESK_TEST(each_command_counts_its_words),
        cmocka_unit_test(whatever_is_asked_a_refusal_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
