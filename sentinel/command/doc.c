#include "sentinel/command/doc.h"

#define PARTS(table)     .parts = (table), .part_count = ARRAY_SIZE(table)
#define ARGUMENTS(table) .arguments = (table), .argument_count = ARRAY_SIZE(table)

static const struct argument acl_cat[] = {
    { .name = "categoryname", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL },
};

static const struct argument acl_deluser[] = {
    { .name = "username", .type = ARGUMENT_STRING, .flags = ARGUMENT_MULTIPLE },
};

static const struct argument acl_dryrun[] = {
    { .name = "username", .type = ARGUMENT_STRING },
    { .name = "command", .type = ARGUMENT_STRING },
    { .name = "arg", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct argument acl_genpass[] = {
    { .name = "bits", .type = ARGUMENT_INTEGER, .flags = ARGUMENT_OPTIONAL },
};

static const struct argument acl_getuser[] = {
    { .name = "username", .type = ARGUMENT_STRING },
};

static const struct argument acl_log_operation[] = {
    { .name = "count", .type = ARGUMENT_INTEGER },
    { .name = "reset", .type = ARGUMENT_TOKEN, .token = "RESET" },
};

static const struct argument acl_log[] = {
    { .name = "operation",
        .type = ARGUMENT_ONEOF,
        .flags = ARGUMENT_OPTIONAL,
        PARTS(acl_log_operation) },
};

static const struct argument acl_setuser[] = {
    { .name = "username", .type = ARGUMENT_STRING },
    { .name = "rule", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct argument auth[] = {
    { .name = "username", .type = ARGUMENT_STRING, .since = "6.0.0", .flags = ARGUMENT_OPTIONAL },
    { .name = "password", .type = ARGUMENT_STRING },
};

static const struct argument client_caching_mode[] = {
    { .name = "yes", .type = ARGUMENT_TOKEN, .token = "YES" },
    { .name = "no", .type = ARGUMENT_TOKEN, .token = "NO" },
};

static const struct argument client_caching[] = {
    { .name = "mode", .type = ARGUMENT_ONEOF, PARTS(client_caching_mode) },
};

static const struct argument client_kill_filter_new_format_normal_master_slave_pubsub[] = {
    { .name = "normal", .type = ARGUMENT_TOKEN, .token = "NORMAL" },
    { .name = "master", .type = ARGUMENT_TOKEN, .token = "MASTER", .since = "3.2.0" },
    { .name = "slave", .type = ARGUMENT_TOKEN, .token = "SLAVE" },
    { .name = "replica", .type = ARGUMENT_TOKEN, .token = "REPLICA", .since = "5.0.0" },
    { .name = "pubsub", .type = ARGUMENT_TOKEN, .token = "PUBSUB" },
};

static const struct argument client_kill_filter_new_format[] = {
    { .name = "client-id",
        .type = ARGUMENT_INTEGER,
        .token = "ID",
        .since = "2.8.12",
        .flags = ARGUMENT_OPTIONAL },
    { .name = "normal_master_slave_pubsub",
        .type = ARGUMENT_ONEOF,
        .token = "TYPE",
        .since = "2.8.12",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(client_kill_filter_new_format_normal_master_slave_pubsub) },
    { .name = "username", .type = ARGUMENT_STRING, .token = "USER", .flags = ARGUMENT_OPTIONAL },
    { .name = "ip:port", .type = ARGUMENT_STRING, .token = "ADDR", .flags = ARGUMENT_OPTIONAL },
    { .name = "ip:port",
        .type = ARGUMENT_STRING,
        .token = "LADDR",
        .since = "6.2.0",
        .flags = ARGUMENT_OPTIONAL },
    { .name = "yes/no", .type = ARGUMENT_STRING, .token = "SKIPME", .flags = ARGUMENT_OPTIONAL },
};

static const struct argument client_kill_filter[] = {
    { .name = "ip:port", .type = ARGUMENT_STRING, .deprecated_since = "2.8.12" },
    { .name = "new-format",
        .type = ARGUMENT_ONEOF,
        .flags = ARGUMENT_MULTIPLE,
        PARTS(client_kill_filter_new_format) },
};

static const struct argument client_kill[] = {
    { .name = "filter", .type = ARGUMENT_ONEOF, PARTS(client_kill_filter) },
};

static const struct argument client_list_normal_master_replica_pubsub[] = {
    { .name = "normal", .type = ARGUMENT_TOKEN, .token = "NORMAL" },
    { .name = "master", .type = ARGUMENT_TOKEN, .token = "MASTER" },
    { .name = "replica", .type = ARGUMENT_TOKEN, .token = "REPLICA" },
    { .name = "pubsub", .type = ARGUMENT_TOKEN, .token = "PUBSUB" },
};

static const struct argument client_list_id[] = {
    { .name = "client-id", .type = ARGUMENT_INTEGER, .flags = ARGUMENT_MULTIPLE },
};

static const struct argument client_list[] = {
    { .name = "normal_master_replica_pubsub",
        .type = ARGUMENT_ONEOF,
        .token = "TYPE",
        .since = "5.0.0",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(client_list_normal_master_replica_pubsub) },
    { .name = "id",
        .type = ARGUMENT_BLOCK,
        .token = "ID",
        .since = "6.2.0",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(client_list_id) },
};

static const struct argument client_no_evict_enabled[] = {
    { .name = "on", .type = ARGUMENT_TOKEN, .token = "ON" },
    { .name = "off", .type = ARGUMENT_TOKEN, .token = "OFF" },
};

static const struct argument client_no_evict[] = {
    { .name = "enabled", .type = ARGUMENT_ONEOF, PARTS(client_no_evict_enabled) },
};

static const struct argument client_pause_mode[] = {
    { .name = "write", .type = ARGUMENT_TOKEN, .token = "WRITE" },
    { .name = "all", .type = ARGUMENT_TOKEN, .token = "ALL" },
};

static const struct argument client_pause[] = {
    { .name = "timeout", .type = ARGUMENT_INTEGER },
    { .name = "mode",
        .type = ARGUMENT_ONEOF,
        .since = "6.2.0",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(client_pause_mode) },
};

static const struct argument client_reply_on_off_skip[] = {
    { .name = "on", .type = ARGUMENT_TOKEN, .token = "ON" },
    { .name = "off", .type = ARGUMENT_TOKEN, .token = "OFF" },
    { .name = "skip", .type = ARGUMENT_TOKEN, .token = "SKIP" },
};

static const struct argument client_reply[] = {
    { .name = "on_off_skip", .type = ARGUMENT_ONEOF, PARTS(client_reply_on_off_skip) },
};

static const struct argument client_setinfo_attr[] = {
    { .name = "libname", .type = ARGUMENT_STRING, .token = "LIB-NAME" },
    { .name = "libver", .type = ARGUMENT_STRING, .token = "LIB-VER" },
};

static const struct argument client_setinfo[] = {
    { .name = "attr", .type = ARGUMENT_ONEOF, PARTS(client_setinfo_attr) },
};

static const struct argument client_setname[] = {
    { .name = "connection-name", .type = ARGUMENT_STRING },
};

static const struct argument client_tracking[] = {
    { .name = "status", .type = ARGUMENT_ONEOF, PARTS(client_no_evict_enabled) },
    { .name = "client-id",
        .type = ARGUMENT_INTEGER,
        .token = "REDIRECT",
        .flags = ARGUMENT_OPTIONAL },
    { .name = "prefix",
        .type = ARGUMENT_STRING,
        .token = "PREFIX",
        .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE | ARGUMENT_MULTIPLE_TOKEN },
    { .name = "bcast", .type = ARGUMENT_TOKEN, .token = "BCAST", .flags = ARGUMENT_OPTIONAL },
    { .name = "optin", .type = ARGUMENT_TOKEN, .token = "OPTIN", .flags = ARGUMENT_OPTIONAL },
    { .name = "optout", .type = ARGUMENT_TOKEN, .token = "OPTOUT", .flags = ARGUMENT_OPTIONAL },
    { .name = "noloop", .type = ARGUMENT_TOKEN, .token = "NOLOOP", .flags = ARGUMENT_OPTIONAL },
};

static const struct argument client_unblock_timeout_error[] = {
    { .name = "timeout", .type = ARGUMENT_TOKEN, .token = "TIMEOUT" },
    { .name = "error", .type = ARGUMENT_TOKEN, .token = "ERROR" },
};

static const struct argument client_unblock[] = {
    { .name = "client-id", .type = ARGUMENT_INTEGER },
    { .name = "timeout_error",
        .type = ARGUMENT_ONEOF,
        .flags = ARGUMENT_OPTIONAL,
        PARTS(client_unblock_timeout_error) },
};

static const struct argument command_docs[] = {
    { .name = "command-name",
        .type = ARGUMENT_STRING,
        .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct argument command_list_filterby[] = {
    { .name = "module-name", .type = ARGUMENT_STRING, .token = "MODULE" },
    { .name = "category", .type = ARGUMENT_STRING, .token = "ACLCAT" },
    { .name = "pattern", .type = ARGUMENT_PATTERN, .token = "PATTERN" },
};

static const struct argument command_list[] = {
    { .name = "filterby",
        .type = ARGUMENT_ONEOF,
        .token = "FILTERBY",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(command_list_filterby) },
};

static const struct argument hello_arguments_username_password[] = {
    { .name = "username", .type = ARGUMENT_STRING },
    { .name = "password", .type = ARGUMENT_STRING },
};

static const struct argument hello_arguments[] = {
    { .name = "protover", .type = ARGUMENT_INTEGER },
    { .name = "username_password",
        .type = ARGUMENT_BLOCK,
        .token = "AUTH",
        .flags = ARGUMENT_OPTIONAL,
        PARTS(hello_arguments_username_password) },
    { .name = "clientname",
        .type = ARGUMENT_STRING,
        .token = "SETNAME",
        .flags = ARGUMENT_OPTIONAL },
};

static const struct argument hello[] = {
    { .name = "arguments",
        .type = ARGUMENT_BLOCK,
        .flags = ARGUMENT_OPTIONAL,
        PARTS(hello_arguments) },
};

static const struct argument info[] = {
    { .name = "section", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct argument ping[] = {
    { .name = "message", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL },
};

static const struct argument psubscribe_pattern[] = {
    { .name = "pattern", .type = ARGUMENT_PATTERN },
};

static const struct argument psubscribe[] = {
    { .name = "pattern",
        .type = ARGUMENT_BLOCK,
        .flags = ARGUMENT_MULTIPLE,
        PARTS(psubscribe_pattern) },
};

static const struct argument publish[] = {
    { .name = "channel", .type = ARGUMENT_STRING },
    { .name = "message", .type = ARGUMENT_STRING },
};

static const struct argument punsubscribe[] = {
    { .name = "pattern", .type = ARGUMENT_PATTERN, .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct argument sentinel_ckquorum[] = {
    { .name = "master-name", .type = ARGUMENT_STRING },
};

static const struct argument sentinel_config_set_or_get_set_param_value[] = {
    { .name = "parameter", .type = ARGUMENT_STRING },
    { .name = "value", .type = ARGUMENT_STRING },
};

static const struct argument sentinel_config_set_or_get[] = {
    { .name = "set_param_value",
        .type = ARGUMENT_BLOCK,
        .token = "SET",
        .flags = ARGUMENT_MULTIPLE,
        PARTS(sentinel_config_set_or_get_set_param_value) },
    { .name = "parameter", .type = ARGUMENT_STRING, .token = "GET", .flags = ARGUMENT_MULTIPLE },
};

static const struct argument sentinel_config[] = {
    { .name = "set_or_get", .type = ARGUMENT_ONEOF, PARTS(sentinel_config_set_or_get) },
};

static const struct argument sentinel_debug[] = {
    { .name = "parameter_value",
        .type = ARGUMENT_BLOCK,
        .flags = ARGUMENT_MULTIPLE,
        PARTS(sentinel_config_set_or_get_set_param_value) },
};

static const struct argument sentinel_info_cache[] = {
    { .name = "nodename", .type = ARGUMENT_STRING, .flags = ARGUMENT_MULTIPLE },
};

static const struct argument sentinel_is_master_down_by_addr[] = {
    { .name = "ip", .type = ARGUMENT_STRING },
    { .name = "port", .type = ARGUMENT_INTEGER },
    { .name = "current-epoch", .type = ARGUMENT_INTEGER },
    { .name = "runid", .type = ARGUMENT_STRING },
};

static const struct argument sentinel_monitor[] = {
    { .name = "name", .type = ARGUMENT_STRING },
    { .name = "ip", .type = ARGUMENT_STRING },
    { .name = "port", .type = ARGUMENT_INTEGER },
    { .name = "quorum", .type = ARGUMENT_INTEGER },
};

static const struct argument sentinel_set_option_value[] = {
    { .name = "option", .type = ARGUMENT_STRING },
    { .name = "value", .type = ARGUMENT_STRING },
};

static const struct argument sentinel_set[] = {
    { .name = "master-name", .type = ARGUMENT_STRING },
    { .name = "option_value",
        .type = ARGUMENT_BLOCK,
        .flags = ARGUMENT_MULTIPLE,
        PARTS(sentinel_set_option_value) },
};

static const struct argument sentinel_simulate_failure_mode[] = {
    { .name = "crash-after-election", .type = ARGUMENT_TOKEN },
    { .name = "crash-after-promotion", .type = ARGUMENT_TOKEN },
    { .name = "help", .type = ARGUMENT_TOKEN },
};

static const struct argument sentinel_simulate_failure[] = {
    { .name = "mode",
        .type = ARGUMENT_ONEOF,
        .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE,
        PARTS(sentinel_simulate_failure_mode) },
};

static const struct argument shutdown_nosave_save[] = {
    { .name = "nosave", .type = ARGUMENT_TOKEN, .token = "NOSAVE" },
    { .name = "save", .type = ARGUMENT_TOKEN, .token = "SAVE" },
};

static const struct argument shutdown[] = {
    { .name = "nosave_save",
        .type = ARGUMENT_ONEOF,
        .flags = ARGUMENT_OPTIONAL,
        PARTS(shutdown_nosave_save) },
    { .name = "now",
        .type = ARGUMENT_TOKEN,
        .token = "NOW",
        .since = "7.0.0",
        .flags = ARGUMENT_OPTIONAL },
    { .name = "force",
        .type = ARGUMENT_TOKEN,
        .token = "FORCE",
        .since = "7.0.0",
        .flags = ARGUMENT_OPTIONAL },
    { .name = "abort",
        .type = ARGUMENT_TOKEN,
        .token = "ABORT",
        .since = "7.0.0",
        .flags = ARGUMENT_OPTIONAL },
};

static const struct argument subscribe[] = {
    { .name = "channel", .type = ARGUMENT_STRING, .flags = ARGUMENT_MULTIPLE },
};

static const struct argument unsubscribe[] = {
    { .name = "channel", .type = ARGUMENT_STRING, .flags = ARGUMENT_OPTIONAL | ARGUMENT_MULTIPLE },
};

static const struct command_doc docs[] = {
    { .command = "acl", .complexity = "Depends on subcommand." },
    { .command = "acl|cat", .complexity = "O(1)", ARGUMENTS(acl_cat) },
    { .command = "acl|deluser", .complexity = "O(1)", ARGUMENTS(acl_deluser) },
    { .command = "acl|dryrun", .complexity = "O(1)", ARGUMENTS(acl_dryrun) },
    { .command = "acl|genpass", .complexity = "O(1)", ARGUMENTS(acl_genpass) },
    { .command = "acl|getuser", .complexity = "O(N)", ARGUMENTS(acl_getuser) },
    { .command = "acl|help", .complexity = "O(1)" },
    { .command = "acl|list", .complexity = "O(N)" },
    { .command = "acl|load", .complexity = "O(N)" },
    { .command = "acl|log", .complexity = "O(N)", ARGUMENTS(acl_log) },
    { .command = "acl|save", .complexity = "O(N)" },
    { .command = "acl|setuser", .complexity = "O(N)", ARGUMENTS(acl_setuser) },
    { .command = "acl|users", .complexity = "O(N)" },
    { .command = "acl|whoami", .complexity = "O(1)" },
    { .command = "auth", .complexity = "O(N)", ARGUMENTS(auth) },
    { .command = "client", .complexity = "Depends on subcommand." },
    { .command = "client|caching", .complexity = "O(1)", ARGUMENTS(client_caching) },
    { .command = "client|getname", .complexity = "O(1)" },
    { .command = "client|getredir", .complexity = "O(1)" },
    { .command = "client|help", .complexity = "O(1)" },
    { .command = "client|id", .complexity = "O(1)" },
    { .command = "client|info", .complexity = "O(1)" },
    { .command = "client|kill", .complexity = "O(N)", ARGUMENTS(client_kill) },
    { .command = "client|list", .complexity = "O(N)", ARGUMENTS(client_list) },
    { .command = "client|no-evict", .complexity = "O(1)", ARGUMENTS(client_no_evict) },
    { .command = "client|pause", .complexity = "O(1)", ARGUMENTS(client_pause) },
    { .command = "client|reply", .complexity = "O(1)", ARGUMENTS(client_reply) },
    { .command = "client|setinfo", .complexity = "O(1)", ARGUMENTS(client_setinfo) },
    { .command = "client|setname", .complexity = "O(1)", ARGUMENTS(client_setname) },
    { .command = "client|tracking", .complexity = "O(1)", ARGUMENTS(client_tracking) },
    { .command = "client|trackinginfo", .complexity = "O(1)" },
    { .command = "client|unblock", .complexity = "O(log N)", ARGUMENTS(client_unblock) },
    { .command = "client|unpause", .complexity = "O(N)" },
    { .command = "command", .complexity = "O(N)" },
    { .command = "command|count", .complexity = "O(1)" },
    { .command = "command|docs", .complexity = "O(N)", ARGUMENTS(command_docs) },
    { .command = "command|getkeys", .complexity = "O(N)" },
    { .command = "command|getkeysandflags", .complexity = "O(N)" },
    { .command = "command|help", .complexity = "O(1)" },
    { .command = "command|info", .complexity = "O(N)", ARGUMENTS(command_docs) },
    { .command = "command|list", .complexity = "O(N)", ARGUMENTS(command_list) },
    { .command = "hello", .complexity = "O(1)", ARGUMENTS(hello) },
    { .command = "info", .complexity = "O(1)", ARGUMENTS(info) },
    { .command = "ping", .complexity = "O(1)", ARGUMENTS(ping) },
    { .command = "psubscribe", .complexity = "O(N)", ARGUMENTS(psubscribe) },
    { .command = "publish", .complexity = "O(N+M)", ARGUMENTS(publish) },
    { .command = "punsubscribe", .complexity = "O(N+M)", ARGUMENTS(punsubscribe) },
    { .command = "role", .complexity = "O(1)" },
    { .command = "sentinel", .complexity = "Depends on subcommand." },
    { .command = "sentinel|ckquorum", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|config", .complexity = "O(1)", ARGUMENTS(sentinel_config) },
    { .command = "sentinel|debug", .complexity = "O(N)", ARGUMENTS(sentinel_debug) },
    { .command = "sentinel|failover", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|flushconfig", .complexity = "O(1)" },
    { .command = "sentinel|get-master-addr-by-name",
        .complexity = "O(1)",
        ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|help", .complexity = "O(1)" },
    { .command = "sentinel|info-cache", .complexity = "O(N)", ARGUMENTS(sentinel_info_cache) },
    { .command = "sentinel|is-master-down-by-addr",
        .complexity = "O(1)",
        ARGUMENTS(sentinel_is_master_down_by_addr) },
    { .command = "sentinel|master", .complexity = "O(1)", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|masters", .complexity = "O(N)" },
    { .command = "sentinel|monitor", .complexity = "O(1)", ARGUMENTS(sentinel_monitor) },
    { .command = "sentinel|myid", .complexity = "O(1)" },
    { .command = "sentinel|remove", .complexity = "O(1)", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|replicas", .complexity = "O(N)", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|reset", .complexity = "O(N)", ARGUMENTS(psubscribe_pattern) },
    { .command = "sentinel|sentinels", .complexity = "O(N)", ARGUMENTS(sentinel_ckquorum) },
    { .command = "sentinel|set", .complexity = "O(1)", ARGUMENTS(sentinel_set) },
    { .command = "sentinel|simulate-failure", ARGUMENTS(sentinel_simulate_failure) },
    { .command = "sentinel|slaves",
        .complexity = "O(N)",
        .deprecated_since = "5.0.0",
        .replaced_by = "`SENTINEL REPLICAS`",
        ARGUMENTS(sentinel_ckquorum) },
    { .command = "shutdown", .complexity = "O(N)", ARGUMENTS(shutdown) },
    { .command = "subscribe", .complexity = "O(N)", ARGUMENTS(subscribe) },
    { .command = "unsubscribe", .complexity = "O(N)", ARGUMENTS(unsubscribe) },
};

const struct command_doc *command_doc_find(struct slice command) {
    for (size_t i = 0; i < ARRAY_SIZE(docs); i++) {
        if (slice_is(command, docs[i].command))
            return &docs[i];
    }
    return NULL;
}
