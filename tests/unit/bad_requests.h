/* The table of test_command_bad.c: of each command each argument, with what is said to each kind of
 * bad value. */
#pragma once

#include "common/slice.h"

#define ARGS_MAX 6

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
