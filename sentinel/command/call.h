/* What the handlers of commands share, and the list of them all. */
#pragma once

#include "sentinel/command/command.h"

struct group;

#define SERVED_VERSION "7.2.4" /* of Redis, whose behaviour towards clients is ours */
#define VALKEY_VERSION "9.0.0" /* with `compat: valkey` */

/* ---- replies ---- */
void reply_ok(struct call *call);
/* +OK of a change, once it is durable; the originals' error if it cannot be made so. */
void reply_ok_after(struct call *call, uint64_t seq);
void reply_unsaved_otherwise(struct call *call); /* that error, if call->rests_on fails */
/* A text for people: a bulk in RESP2, a verbatim string in RESP3. */
void reply_verbatim(struct call *call, struct slice text);
/* The number of words does not fit `c`. */
void call_refuse_count(struct call *call, const struct command *c);
/* `first_line`, then each subcommand of `container` with its summary. */
void reply_help(struct call *call, const char *container, const char *first_line);

/* The reply comes later, from server_answer, when what it needs from outside has come; the client's
 * further requests wait until then. The handler writes none. Whoever awaits must be answered in any
 * case, also when the outside fails. */
void call_await(struct call *call);
/* The same, and the call of the late reply has the words of this request. */
void call_await_again(struct call *call);

/* ---- arguments ---- */
/* A word of the client as the originals repeat it in an error: up to its first NUL. */
struct slice call_shown(struct slice word);
/* The group that the first argument of a SENTINEL subcommand names; NULL after answering that there
 * is none. */
struct group *call_group(struct call *call);
/* Names and values end up in line-based files, logs and events: none from the argument `first` on
 * may have control characters. false after refusing. Source: spec 10.19. */
bool call_check_characters(struct call *call, size_t first, const char *command);
/* Whether a connection may have this name; false after refusing. */
bool call_name_is_valid(struct call *call, struct slice name);
/* Names the client's connection, empty unnames it; false after refusing. */
bool call_set_name(struct call *call, struct slice name);

/* A line of CLIENT LIST. */
void client_print(const struct session *s, int64_t now_ms, struct buf *out);

/* More arguments than a subcommand takes, which its arity alone does not tell; true after refusing.
 */
bool call_has_too_many(struct call *call);
/* The late replies of ACL LOAD, SAVE and GENPASS; context: the input that brings what they need. */
void answer_acl_load(struct call *call, const void *context);
void answer_acl_save(struct call *call, const void *context);
void answer_acl_genpass(struct call *call, const void *context);

/* ---- handlers, by file ---- */
command_handler run_sentinel_masters, run_sentinel_master, run_sentinel_replicas;
command_handler run_sentinel_sentinels, run_sentinel_get_master_addr_by_name;
command_handler run_sentinel_ckquorum, run_sentinel_myid, run_sentinel_pending_scripts;
command_handler run_sentinel_info_cache;

command_handler run_sentinel_failover, run_sentinel_monitor, run_sentinel_remove;
command_handler run_sentinel_set, run_sentinel_reset, run_sentinel_flushconfig;
command_handler run_sentinel_help, run_sentinel_config;
command_handler run_sentinel_debug, run_sentinel_simulate_failure;

command_handler run_sentinel_is_master_down_by_addr, run_publish;
command_handler run_sentinel_vedette_prove;

command_handler run_ping, run_role, run_hello, run_auth, run_shutdown;
command_handler run_info;
command_handler run_client_getname, run_client_help, run_client_id, run_client_no_evict;
command_handler run_client_pause, run_client_reply, run_client_setinfo, run_client_setname;
command_handler run_client_unblock, run_client_unpause;
command_handler run_client_info, run_client_kill, run_client_list;
command_handler run_client_caching, run_client_getredir, run_client_tracking;
command_handler run_client_trackinginfo;
command_handler run_command, run_command_count, run_command_docs, run_command_getkeys;
command_handler run_command_help;
command_handler run_command_info, run_command_list;

command_handler run_acl_cat, run_acl_deluser, run_acl_dryrun, run_acl_getuser, run_acl_help;
command_handler run_acl_genpass, run_acl_load, run_acl_save;
command_handler run_acl_list, run_acl_log, run_acl_setuser, run_acl_users, run_acl_whoami;

command_handler run_subscribe, run_psubscribe, run_unsubscribe, run_punsubscribe;
