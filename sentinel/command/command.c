#include "sentinel/command/command.h"

#include "common/mem.h"
#include "sentinel/command/access.h"
#include "sentinel/command/audit.h"
#include "sentinel/command/call.h"
#include "sentinel/command/naming.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* ---- the table ---- */

const char *const command_flag_names[COMMAND_FLAG_COUNT] = {
    "admin",
    "pubsub",
    "noscript",
    "loading",
    "stale",
    "fast",
    "no_auth",
    "no_multi",
    "allow_busy",
};

const char *const command_category_names[COMMAND_CATEGORY_COUNT] = {
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
};

#define TEXT(text) \
    { .data = text, .size = sizeof(text) - 1 }
/* Each row has a number of its own, whatever their order. */
#define NAME(text) .name = TEXT(text), .word = TEXT(text), .number = __COUNTER__
#define SUB(container, text) \
    .name = TEXT(container "|" text), .word = TEXT(text), .number = __COUNTER__
#define SUBCOMMANDS(table) .subcommands = table, .subcommand_count = ARRAY_SIZE(table)

#define CHANGES "*" /* whatever its arguments are */

#define ANY_TIME  (COMMAND_LOADING | COMMAND_STALE)
#define OF_CLIENT (COMMAND_NOSCRIPT | ANY_TIME)
#define OF_PUBSUB (COMMAND_PUBSUB | COMMAND_NOSCRIPT | ANY_TIME)
#define OF_LOGIN  (OF_CLIENT | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY)
#define OF_SHUTDOWN \
    (COMMAND_ADMIN | COMMAND_NOSCRIPT | ANY_TIME | COMMAND_NO_MULTI | COMMAND_ALLOW_BUSY)

#define TO_ALL_NODES  "request_policy:all_nodes response_policy:all_succeeded"
#define TO_ALL_SHARDS "request_policy:all_shards response_policy:all_succeeded"

static const struct command sentinel_table[] = {
    { SUB("sentinel", "ckquorum"), .arity = 3, .flags = COMMAND_ADMIN, .since = "2.8.4",
        .usage = "<name>", .handler = run_sentinel_ckquorum,
        .summary =
            "Whether enough Sentinels are in reach to declare the master down and to replace it." },
    { SUB("sentinel", "config"), .changes = "set", .arity = -4, .flags = COMMAND_ADMIN,
        .since = "6.2.0",
        .usage = "GET <pattern> [<pattern> ...] | SET <name> <value> [<name> <value> ...]",
        .handler = run_sentinel_config,
        .summary = "Read or change settings of this Sentinel: all that are given or none." },
    { SUB("sentinel", "debug"), .changes = "?*", .arity = -2, .flags = COMMAND_ADMIN,
        .since = "7.0.0", .usage = "[<period> <milliseconds> ...]", .handler = run_sentinel_debug,
        .summary = "Show or change the periods of this Sentinel, until it ends." },
    { SUB("sentinel", "failover"), .changes = CHANGES, .arity = 3, .valkey_arity = -3,
        .more_words = 4, .flags = COMMAND_ADMIN, .since = "2.8.4", .usage = "<name> [COORDINATED]",
        .handler = run_sentinel_failover,
        .summary = "Replace the master now, although nothing is wrong with it." },
    { SUB("sentinel", "flushconfig"), .changes = CHANGES, .arity = 2, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .handler = run_sentinel_flushconfig,
        .summary = "Write everything that is to survive a restart once more." },
    { SUB("sentinel", "get-master-addr-by-name"), .arity = 3, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<name>", .handler = run_sentinel_get_master_addr_by_name,
        .summary = "Host and port of the present master." },
    { SUB("sentinel", "get-primary-addr-by-name"), .is_valkey = true, .arity = 3,
        .flags = COMMAND_ADMIN, .since = "8.0.0", .usage = "<name>",
        .handler = run_sentinel_get_master_addr_by_name,
        .summary = "The same as GET-MASTER-ADDR-BY-NAME." },
    { SUB("sentinel", "help"), .arity = 2, .flags = ANY_TIME, .since = "6.2.0",
        .handler = run_sentinel_help, .summary = "Print this help." },
    { SUB("sentinel", "info-cache"), .arity = -3, .flags = COMMAND_ADMIN, .since = "3.2.0",
        .usage = "<name> [<name> ...]", .handler = run_sentinel_info_cache,
        .summary = "The last INFO of a master and its replicas." },
    { SUB("sentinel", "is-master-down-by-addr"), .arity = 6, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<ip> <port> <current-epoch> <id or *>",
        .handler = run_sentinel_is_master_down_by_addr,
        .summary = "A Sentinel asks whether a master is down here, and with an id for a vote." },
    { SUB("sentinel", "is-primary-down-by-addr"), .is_valkey = true, .arity = 6,
        .flags = COMMAND_ADMIN, .since = "8.0.0", .usage = "<ip> <port> <current-epoch> <id or *>",
        .handler = run_sentinel_is_master_down_by_addr,
        .summary = "The same as IS-MASTER-DOWN-BY-ADDR." },
    { SUB("sentinel", "master"), .arity = 3, .flags = COMMAND_ADMIN, .since = "2.8.4",
        .usage = "<name>", .handler = run_sentinel_master, .summary = "State of a master." },
    { SUB("sentinel", "masters"), .arity = 2, .flags = COMMAND_ADMIN, .since = "2.8.4",
        .handler = run_sentinel_masters, .summary = "State of all masters." },
    { SUB("sentinel", "monitor"), .changes = CHANGES, .arity = 6, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<name> <ip> <port> <quorum>", .handler = run_sentinel_monitor,
        .summary = "Watch one more master." },
    { SUB("sentinel", "myid"), .arity = 2, .flags = COMMAND_ADMIN, .since = "6.2.0",
        .handler = run_sentinel_myid, .summary = "The id of this Sentinel." },
    { SUB("sentinel", "pending-scripts"), .arity = 2, .flags = COMMAND_ADMIN, .since = "2.8.4",
        .handler = run_sentinel_pending_scripts,
        .summary = "The scripts that run, and those that wait." },
    { SUB("sentinel", "primaries"), .is_valkey = true, .arity = 2, .flags = COMMAND_ADMIN,
        .since = "8.0.0", .handler = run_sentinel_masters, .summary = "The same as MASTERS." },
    { SUB("sentinel", "primary"), .is_valkey = true, .arity = 3, .flags = COMMAND_ADMIN,
        .since = "8.0.0", .usage = "<name>", .handler = run_sentinel_master,
        .summary = "The same as MASTER." },
    { SUB("sentinel", "remove"), .changes = CHANGES, .arity = 3, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<name>", .handler = run_sentinel_remove,
        .summary = "Watch a master no longer." },
    { SUB("sentinel", "replicas"), .arity = 3, .flags = COMMAND_ADMIN, .since = "5.0.0",
        .usage = "<name>", .handler = run_sentinel_replicas,
        .summary = "State of the replicas of a master." },
    { SUB("sentinel", "reset"), .changes = CHANGES, .arity = 3, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<pattern>", .handler = run_sentinel_reset,
        .summary = "Forget replicas, Sentinels and failovers of the masters whose name matches." },
    { SUB("sentinel", "sentinels"), .arity = 3, .flags = COMMAND_ADMIN, .since = "2.8.4",
        .usage = "<name>", .handler = run_sentinel_sentinels,
        .summary = "State of the other Sentinels that watch a master." },
    { SUB("sentinel", "set"), .changes = CHANGES, .arity = -5, .flags = COMMAND_ADMIN,
        .since = "2.8.4", .usage = "<name> <option> <value> [<option> <value> ...]",
        .handler = run_sentinel_set,
        .summary = "Change options of a master: all of them or, if one is refused, none." },
    { SUB("sentinel", "simulate-failure"), .changes = CHANGES, .arity = -3, .flags = COMMAND_ADMIN,
        .since = "3.2.0", .usage = "crash-after-election|crash-after-promotion|help ...",
        .handler = run_sentinel_simulate_failure,
        .summary = "End this process at a moment of its next failover." },
    { SUB("sentinel", "slaves"), .arity = 3, .flags = COMMAND_ADMIN, .since = "2.8.0",
        .usage = "<name>", .handler = run_sentinel_replicas, .summary = "The same as REPLICAS." },
    { SUB("sentinel", "vedette-prove"), .is_internal = true, .arity = 5, .more_words = 6,
        .flags = COMMAND_ADMIN, .since = "7.2.0", .usage = "<id> <name or ''> <number> [<seal>]",
        .handler = run_sentinel_vedette_prove,
        .summary =
            "A Vedette asks for a proof that we share its secret, and gives its own. Of a group that has one "
            "of its own, by name." },
};

#define OF_ACL (COMMAND_ADMIN | OF_CLIENT)

static const struct command acl_table[] = {
    { SUB("acl", "cat"), .arity = -2, .flags = OF_CLIENT, .since = "6.0.0", .usage = "[<category>]",
        .handler = run_acl_cat, .summary = "The categories of commands, or the commands of one." },
    { SUB("acl", "deluser"), .changes = CHANGES, .arity = -3, .flags = OF_ACL, .tips = TO_ALL_NODES,
        .since = "6.0.0", .usage = "<user> [<user> ...]", .handler = run_acl_deluser,
        .summary = "Remove users, and close the connections that are theirs." },
    { SUB("acl", "dryrun"), .arity = -4, .flags = OF_ACL, .since = "7.0.0",
        .usage = "<user> <command> [<argument> ...]", .handler = run_acl_dryrun,
        .summary = "Whether a user may carry out a command, without doing it." },
    { SUB("acl", "genpass"), .arity = -2, .flags = OF_CLIENT, .since = "6.0.0", .usage = "[<bits>]",
        .handler = run_acl_genpass,
        .summary = "A password by chance, of 256 bits unless told otherwise." },
    { SUB("acl", "getuser"), .arity = 3, .flags = OF_ACL, .since = "6.0.0", .usage = "<user>",
        .handler = run_acl_getuser, .summary = "What a user may do." },
    { SUB("acl", "help"), .arity = 2, .flags = ANY_TIME, .since = "6.0.0", .handler = run_acl_help,
        .summary = "Print this help." },
    { SUB("acl", "list"), .arity = 2, .flags = OF_ACL, .since = "6.0.0", .handler = run_acl_list,
        .summary = "All users, each as the rules that make it." },
    { SUB("acl", "load"), .changes = CHANGES, .arity = 2, .flags = OF_ACL, .since = "6.0.0",
        .handler = run_acl_load,
        .summary = "Read all users from the ACL file: all of them or, if one is wrong, none." },
    { SUB("acl", "log"), .changes = "reset", .arity = -2, .flags = OF_ACL, .since = "6.0.0",
        .usage = "[<count> | RESET]", .handler = run_acl_log,
        .summary = "What was refused for want of rights, newest first." },
    { SUB("acl", "save"), .changes = CHANGES, .arity = 2, .flags = OF_ACL, .tips = TO_ALL_NODES,
        .since = "6.0.0", .handler = run_acl_save, .summary = "Write all users to the ACL file." },
    { SUB("acl", "setuser"), .changes = CHANGES, .arity = -3, .flags = OF_ACL, .tips = TO_ALL_NODES,
        .since = "6.0.0", .usage = "<user> [<rule> ...]", .handler = run_acl_setuser,
        .summary = "Make a user, or change what it may do: by all of the rules, or by none." },
    { SUB("acl", "users"), .arity = 2, .flags = OF_ACL, .since = "6.0.0", .handler = run_acl_users,
        .summary = "The names of all users." },
    { SUB("acl", "whoami"), .arity = 2, .flags = OF_CLIENT, .since = "6.0.0",
        .handler = run_acl_whoami, .summary = "The user of this connection." },
};

static const struct command client_table[] = {
    { SUB("client", "caching"), .arity = 3, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "6.0.0", .usage = "YES|NO", .handler = run_client_caching,
        .summary = "Whether the keys of the next command are tracked." },
    { SUB("client", "getname"), .arity = 2, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "2.6.9", .handler = run_client_getname,
        .summary = "The name of this connection." },
    { SUB("client", "getredir"), .arity = 2, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "6.0.0", .handler = run_client_getredir,
        .summary = "The connection that is told in place of this one." },
    { SUB("client", "help"), .arity = 2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .since = "5.0.0", .handler = run_client_help, .summary = "Print this help." },
    { SUB("client", "id"), .arity = 2, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "5.0.0", .handler = run_client_id, .summary = "The number of this connection." },
    { SUB("client", "info"), .arity = 2, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output", .since = "6.2.0", .handler = run_client_info,
        .summary = "State of this connection." },
    { SUB("client", "kill"), .changes = CHANGES, .arity = -3, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "2.4.0",
        .usage =
            "<ip:port> | [ID <id>] [TYPE normal|master|replica|pubsub] [ADDR <ip:port>] [LADDR <ip:port>] [USER <name>] [SKIPME yes|no] [MAXAGE <seconds>]",
        .handler = run_client_kill,
        .summary = "End connections: one by its address, or all that pass every filter." },
    { SUB("client", "list"), .arity = -2, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .tips = "nondeterministic_output", .since = "2.4.0",
        .usage = "[TYPE normal|master|replica|pubsub] [ID <id> ...]", .handler = run_client_list,
        .summary = "State of the connections." },
    { SUB("client", "no-evict"), .arity = 3, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "7.0.0", .usage = "ON|OFF",
        .handler = run_client_no_evict,
        .summary = "Hang up this connection last when the memory of all is short." },
    { SUB("client", "pause"), .changes = CHANGES, .arity = -3, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "2.9.50", .usage = "<milliseconds> [WRITE|ALL]",
        .handler = run_client_pause,
        .summary = "Let the commands of all clients, or those that write, wait for some time." },
    { SUB("client", "reply"), .arity = 3, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "3.2.0", .usage = "ON|OFF|SKIP", .handler = run_client_reply,
        .summary = "Whether this connection gets replies." },
    { SUB("client", "setinfo"), .arity = 4, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .tips = TO_ALL_NODES, .since = "7.2.0", .usage = "LIB-NAME|LIB-VER <text>",
        .handler = run_client_setinfo, .summary = "Tell which library uses this connection." },
    { SUB("client", "setname"), .arity = 3, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .tips = TO_ALL_NODES, .since = "2.6.9", .usage = "<name>", .handler = run_client_setname,
        .summary = "Name this connection." },
    { SUB("client", "tracking"), .arity = -3, .flags = OF_CLIENT, .categories = CATEGORY_CONNECTION,
        .since = "6.0.0",
        .usage = "ON|OFF [REDIRECT <id>] [PREFIX <prefix> ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
        .handler = run_client_tracking,
        .summary = "Ask to hear of keys that change; a Sentinel has none." },
    { SUB("client", "trackinginfo"), .arity = 2, .flags = OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "6.2.0", .handler = run_client_trackinginfo,
        .summary = "What was asked for with TRACKING." },
    { SUB("client", "unblock"), .arity = -3, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "5.0.0", .usage = "<id> [TIMEOUT|ERROR]",
        .handler = run_client_unblock,
        .summary = "End a wait of a client; none waits at a Sentinel." },
    { SUB("client", "unpause"), .changes = CHANGES, .arity = 2, .flags = COMMAND_ADMIN | OF_CLIENT,
        .categories = CATEGORY_CONNECTION, .since = "6.2.0", .handler = run_client_unpause,
        .summary = "End the pause of the clients." },
};

static const struct command command_command_table[] = {
    { SUB("command", "count"), .arity = 2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .since = "2.8.13", .handler = run_command_count,
        .summary = "How many commands there are." },
    { SUB("command", "docs"), .arity = -2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order", .since = "7.0.0", .usage = "[<command> ...]",
        .handler = run_command_docs, .summary = "What the commands are for." },
    { SUB("command", "getkeys"), .arity = -3, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .since = "2.8.13", .usage = "<command> [<argument> ...]", .handler = run_command_getkeys,
        .summary = "The keys in a request; no command of a Sentinel has any." },
    { SUB("command", "getkeysandflags"), .arity = -3, .flags = ANY_TIME,
        .categories = CATEGORY_CONNECTION, .since = "7.0.0", .usage = "<command> [<argument> ...]",
        .handler = run_command_getkeys, .summary = "The keys in a request, and how it uses them." },
    { SUB("command", "help"), .arity = 2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .since = "5.0.0", .handler = run_command_help, .summary = "Print this help." },
    { SUB("command", "info"), .arity = -2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order", .since = "2.8.13", .usage = "[<command> ...]",
        .handler = run_command_info, .summary = "Arity, flags and categories of commands." },
    { SUB("command", "list"), .arity = -2, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order", .since = "7.0.0",
        .usage = "[FILTERBY MODULE|ACLCAT|PATTERN <text>]", .handler = run_command_list,
        .summary = "The names of the commands." },
};

const struct command command_table[] = {
    { NAME("sentinel"), .arity = -2, .flags = COMMAND_ADMIN, .group = "sentinel", .since = "2.8.4",
        .summary = "All that concerns the masters that are watched.", SUBCOMMANDS(sentinel_table) },
    { NAME("ping"), .arity = -1, .flags = COMMAND_FAST, .categories = CATEGORY_CONNECTION,
        .tips = TO_ALL_SHARDS, .group = "connection", .since = "1.0.0", .usage = "[<message>]",
        .handler = run_ping, .summary = "Whether anybody is there." },
    { NAME("publish"), .arity = 3, .flags = COMMAND_PUBSUB | ANY_TIME | COMMAND_FAST,
        .channels = COMMAND_CHANNELS_FIRST, .group = "pubsub", .since = "2.0.0",
        .usage = "__sentinel__:hello <hello>", .handler = run_publish,
        .summary = "A Sentinel announces itself; nothing else is accepted." },
    { NAME("subscribe"), .arity = -2, .flags = OF_PUBSUB, .channels = COMMAND_CHANNELS_ALL,
        .group = "pubsub", .since = "2.0.0", .usage = "<channel> [<channel> ...]",
        .handler = run_subscribe, .summary = "Hear of the events with these names." },
    { NAME("psubscribe"), .arity = -2, .flags = OF_PUBSUB, .channels = COMMAND_CHANNELS_PATTERNS,
        .group = "pubsub", .since = "2.0.0", .usage = "<pattern> [<pattern> ...]",
        .handler = run_psubscribe, .summary = "Hear of the events whose names match." },
    { NAME("unsubscribe"), .arity = -1, .flags = OF_PUBSUB, .group = "pubsub", .since = "2.0.0",
        .usage = "[<channel> ...]", .handler = run_unsubscribe,
        .summary = "Hear of these events, or of any event by name, no longer." },
    { NAME("punsubscribe"), .arity = -1, .flags = OF_PUBSUB, .group = "pubsub", .since = "2.0.0",
        .usage = "[<pattern> ...]", .handler = run_punsubscribe,
        .summary = "Hear of events by these patterns, or by any pattern, no longer." },
    { NAME("info"), .arity = -1, .flags = ANY_TIME, .categories = CATEGORY_DANGEROUS,
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .group = "server", .since = "1.0.0", .usage = "[<section> ...]", .handler = run_info,
        .summary = "Facts and figures of this process, as text." },
    { NAME("role"), .arity = 1, .flags = OF_CLIENT | COMMAND_FAST,
        .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS, .group = "server", .since = "2.8.12",
        .handler = run_role, .summary = "The word sentinel, and the names of the masters." },
    { NAME("hello"), .arity = -1, .flags = OF_LOGIN, .categories = CATEGORY_CONNECTION,
        .group = "connection", .since = "6.0.0",
        .usage = "[<version> [AUTH <user> <password>] [SETNAME <name>]]", .handler = run_hello,
        .summary = "Choose the version of the protocol, and log in." },
    { NAME("auth"), .arity = -2, .flags = OF_LOGIN, .categories = CATEGORY_CONNECTION,
        .group = "connection", .since = "1.0.0", .usage = "[<user>] <password>",
        .handler = run_auth, .summary = "Log in." },
    { NAME("acl"), .arity = -2, .group = "server", .since = "6.0.0",
        .summary = "All that concerns users and their rights.", SUBCOMMANDS(acl_table) },
    { NAME("client"), .arity = -2, .group = "connection", .since = "2.4.0",
        .summary = "All that concerns connections.", SUBCOMMANDS(client_table) },
    { NAME("command"), .arity = -1, .flags = ANY_TIME, .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order", .group = "server", .since = "2.8.13",
        .handler = run_command, .summary = "Arity, flags and categories of all commands.",
        SUBCOMMANDS(command_command_table) },
    { NAME("shutdown"), .changes = CHANGES, .arity = -1, .flags = OF_SHUTDOWN, .group = "server",
        .since = "1.0.0", .usage = "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", .handler = run_shutdown,
        .summary = "End this process." },
};

const size_t command_count = ARRAY_SIZE(command_table);

static_assert(__COUNTER__ <= COMMAND_NUMBERS_MAX, "each row has a number");

unsigned command_categories(const struct command *c) {
    unsigned implied = c->flags & COMMAND_FAST ? CATEGORY_FAST : CATEGORY_SLOW;
    if (c->flags & COMMAND_ADMIN)
        implied |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
    if (c->flags & COMMAND_PUBSUB)
        implied |= CATEGORY_PUBSUB;
    return c->categories | implied;
}

unsigned command_category_of(struct slice name) {
    for (size_t i = 0; i < COMMAND_CATEGORY_COUNT; i++) {
        if (slice_is_nocase(name, command_category_names[i]))
            return 1u << i;
    }
    return 0;
}

void command_print_upper(struct slice word, struct buf *out) {
    for (size_t i = 0; i < word.size; i++) {
        char letter = word.data[i];
        buf_add_char(out, letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter);
    }
}

void command_print_word(const struct command *c, struct buf *out) {
    command_print_upper(c->word, out);
}

/* ---- lookup ---- */

bool command_is_served(const struct command *c, enum compat compat) {
    return !c->is_valkey || compat == COMPAT_VALKEY;
}

bool command_is_told(const struct command *c, enum compat compat) {
    return command_is_served(c, compat) && !c->is_internal;
}

size_t command_count_told(const struct command *rows, size_t count, enum compat compat) {
    size_t told = 0;
    for (size_t i = 0; i < count; i++)
        told += command_is_told(&rows[i], compat);
    return told;
}

int command_arity(const struct command *c, enum compat compat) {
    return c->valkey_arity != 0 && compat == COMPAT_VALKEY ? c->valkey_arity : c->arity;
}

static const struct command *find_word(
    const struct command *table, size_t count, struct slice word) {
    for (size_t i = 0; i < count; i++) {
        if (slice_equal_nocase(table[i].word, word))
            return &table[i];
    }
    return NULL;
}

static const struct command *find_subcommand(const struct command *container, struct slice word) {
    return find_word(container->subcommands, container->subcommand_count, word);
}

const struct command *command_find(struct slice name) {
    struct slice rest = name;
    const struct command *c = find_word(command_table, command_count, slice_cut(&rest, '|'));
    return c == NULL || rest.data == NULL ? c : find_subcommand(c, rest);
}

const struct command *command_find_served(
    const struct naming *names, struct slice name, enum compat compat) {
    struct slice rest = name;
    const struct command *c = naming_row(names, slice_cut(&rest, '|'));
    if (c != NULL && rest.data != NULL)
        c = find_subcommand(c, rest);
    return c != NULL && command_is_served(c, compat) ? c : NULL;
}

/* The row of a request for `container`, itself or one of its subcommands. */
static const struct command *row_of(
    const struct command *container, const struct slice *words, size_t count, enum compat compat) {
    if (container == NULL || container->subcommand_count == 0 || count == 1)
        return container;
    const struct command *c = find_subcommand(container, words[1]);
    return c != NULL && command_is_served(c, compat) ? c : NULL;
}

const struct command *command_of(
    const struct naming *names, const struct slice *words, size_t count, enum compat compat) {
    return row_of(naming_row(names, words[0]), words, count, compat);
}

bool command_takes(const struct command *c, size_t count, enum compat compat) {
    int arity = command_arity(c, compat);
    if (c->more_words != 0 && count == (size_t)c->more_words)
        return true;
    return arity >= 0 ? count == (size_t)arity : count >= (size_t)-arity;
}

/* ---- refusals ---- */

#define ECHO_MAX 128 /* bytes of the client's words in an error */

static struct slice shown(struct slice word) {
    return slice_sub(call_shown(word), 0, ECHO_MAX);
}

static void refuse_unknown(struct call *call) {
    struct buf text = BUF_INIT;
    buf_printf(&text, "ERR unknown command '" SLICE_FMT "', with args beginning with: ",
        SLICE_ARG(shown(call->args[0])));
    size_t head = buf_size(&text);
    for (size_t i = 1; i < call->count && buf_size(&text) - head < ECHO_MAX; i++) {
        size_t room = ECHO_MAX - (buf_size(&text) - head);
        buf_printf(
            &text, "'" SLICE_FMT "' ", SLICE_ARG(slice_sub(call_shown(call->args[i]), 0, room)));
    }
    resp_error(&call->reply, buf_slice(&text));
    buf_fini(&text);
}

static void refuse_unknown_subcommand(struct call *call) {
    struct buf name = BUF_INIT;
    command_print_upper(call->args[0], &name);
    resp_errorf(&call->reply, "ERR unknown subcommand '" SLICE_FMT "'. Try %s HELP.",
        SLICE_ARG(shown(call->args[1])), buf_text(&name));
    buf_fini(&name);
}

/* A subscribed client of RESP2 could not tell a reply from a message. */
static bool is_allowed_while_subscribed(const struct command *c) {
    return c->handler == run_ping || c->handler == run_subscribe || c->handler == run_psubscribe ||
        c->handler == run_unsubscribe || c->handler == run_punsubscribe;
}

/* On a server PUBLISH is replicated, so that a pause of writes is one of it, too. */
static bool is_paused(const struct call *call, const struct command *c) {
    return server_is_paused(call->server) && (call->server->pause.all || c->handler == run_publish);
}

/* ---- the run of a request ---- */

/* The row of the request; NULL after refusing it. */
static const struct command *resolve(struct call *call) {
    enum compat compat = core_compat(call->core);
    const struct command *container = naming_row(&call->server->naming, call->args[0]);
    const struct command *c = row_of(container, call->args, call->count, compat);
    if (container == NULL)
        refuse_unknown(call);
    else if (c == NULL)
        refuse_unknown_subcommand(call);
    else if (!command_takes(c, call->count, compat))
        call_refuse_count(call, c);
    else
        return c;
    return NULL;
}

static bool is_logged_in(struct call *call) {
    if (!access_is_barred(call->session) || (call->command->flags & COMMAND_NO_AUTH) != 0)
        return true;
    resp_error(&call->reply, SLICE_LITERAL("NOAUTH Authentication required."));
    return false;
}

static bool fits_subscriptions(struct call *call) {
    const struct session *session = call->session;
    if (session->version != 2 || !session_has_subscriptions(session) ||
        is_allowed_while_subscribed(call->command))
        return true;
    resp_errorf(&call->reply,
        "ERR Can't execute '" SLICE_FMT "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
        "QUIT / RESET are allowed in this context",
        SLICE_ARG(call->command->name));
    return false;
}

static void run(struct call *call) {
    const struct command *c = resolve(call);
    if (c == NULL)
        return;
    call->command = call->session->last = c;
    if (!is_logged_in(call) || !access_permits(call) || !fits_subscriptions(call))
        return;
    if (is_paused(call, c)) {
        call->session->is_postponed = true;
        return;
    }
    c->handler(call);
}

static struct call begin(
    struct server *server, struct session *session, const struct slice *args, size_t count) {
    buf_clear(&server->otherwise);
    return (struct call){
        .server = server,
        .core = server->core,
        .session = session,
        .args = args,
        .count = count,
        .reply = session_writer(session),
        .otherwise = { .out = &server->otherwise, .version = session->version },
    };
}

/* What a client says of the next request alone ends with it. */
static void end_request(struct call *call) {
    struct session *session = call->session;
    if (session->replies == REPLIES_SKIP)
        session->replies = REPLIES_ALL;
    else if (session->replies == REPLIES_SKIP_NEXT)
        session->replies = REPLIES_SKIP;
    if (!session->tracking.caching)
        return;
    bool is_of_client = call->command != NULL && slice_starts_with(call->command->name, "client|");
    if (!is_of_client)
        session->tracking.caching = false;
}

static void settle(struct call *call, size_t mark) {
    struct session *session = call->session;
    if (session->is_awaiting)
        audit_keep(call);
    if (session->is_awaiting || session->is_postponed)
        return;
    struct slice written = slice_sub(buf_slice(call->reply.out), mark, SIZE_MAX);
    if (slice_starts_with(written, "-"))
        call->server->stats.errors++;
    audit_request(call, written);
    if (session_is_muted(session) && !call->is_push) {
        buf_truncate(call->reply.out, mark);
        call->rests_on = 0;
        call->rests_on_file = false;
        buf_clear(&call->server->otherwise);
    }
    const struct rest rest = { .seq = call->rests_on, .in_file = call->rests_on_file };
    session_settle(session, mark, rest, buf_slice(&call->server->otherwise));
    end_request(call);
}

void command_run(
    struct server *server, struct session *session, const struct slice *args, size_t count) {
    struct call call = begin(server, session, args, count);
    size_t mark = buf_size(call.reply.out);
    run(&call);
    settle(&call, mark);
}

void command_answer(struct server *server, struct session *session,
    void (*write)(struct call *call, const void *context), const void *context) {
    size_t count;
    struct slice *words = session_take_words(session, &count);
    struct call call = begin(server, session, words, count);
    size_t mark = buf_size(call.reply.out);
    call.command = session->last;
    write(&call, context);
    settle(&call, mark);
    mem_free(words);
}
