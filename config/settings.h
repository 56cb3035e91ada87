/* What can be configured, as plain values. Which option has which name, bounds and default is in
 * option_table.c. */
#pragma once

#include "common/base.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/slice.h"
#include "config/limit.h"
#include "config/renames.h"
#include "config/users.h"

#define GROUP_NAME_MAX   256 /* bytes with the NUL */
#define LISTEN_MAX       16
#define LISTEN_PORT      26379
#define GROUPS_MAX       10000
#define RENAMES_MAX      16 /* renamed commands of a group */
#define COMMAND_NAME_MAX 64 /* bytes with the NUL */

/* What is believed of peers that do not prove who they are; the order is that of the words in
 * option_table.c. */
enum peer_policy { PEERS_PERMISSIVE, PEERS_STRICT };
/* The same in a group, which may leave it to the process. */
enum group_peer_policy { GROUP_PEERS_AS_PROCESS, GROUP_PEERS_PERMISSIVE, GROUP_PEERS_STRICT };

enum log_format { LOG_FORMAT_TEXT };
/* Whose behaviour clients see where the makes differ. */
enum compat { COMPAT_REDIS, COMPAT_VALKEY };

/* Who waits to hear that we have started; the order is that of the words in option_table.c. */
enum supervised { SUPERVISED_NO, SUPERVISED_AUTO, SUPERVISED_SYSTEMD, SUPERVISED_UPSTART };

/* What becomes of system calls that we never need; in the order of the words, too. */
enum seccomp { SECCOMP_NO, SECCOMP_YES, SECCOMP_LOG };
/* Where to listen. */
struct listen {
    struct endpoint at[LISTEN_MAX];
    bool optional[LISTEN_MAX]; /* that it cannot be bound is no failure */
    size_t count;
};

/* Whether clients have to prove who they are; in the order of the words in option_table.c. */
enum tls_auth { TLS_AUTH_NO, TLS_AUTH_YES, TLS_AUTH_OPTIONAL };
/* Whose certificate has to name them; in the order of the words there. */
enum tls_names { TLS_NAMES_NO, TLS_NAMES_KNOWN, TLS_NAMES_ALWAYS };
/* Bits of tls_settings.protocols; in the order of the words there. */
enum tls_protocol { TLS_1_0 = 1, TLS_1_1 = 2, TLS_1_2 = 4, TLS_1_3 = 8 };

/* Of one side: a certificate with those that vouch for it, and its key. Paths; NULL = none. */
struct tls_identity {
    char *cert, *key; /* owned */
    struct secret key_password;
};

struct tls_settings {
    struct listen listen; /* accepting TLS */
    bool links;           /* links to servers and peers are TLS */
    struct tls_identity server;
    struct tls_identity client; /* of our links; without a certificate that of the server */
    char *ca_file, *ca_dir;     /* owned: who vouches for the others; NULL = none */
    int64_t auth_clients;       /* enum tls_auth */
    int64_t verify_names;       /* enum tls_names */
    int64_t protocols;          /* bits: enum tls_protocol */
    char *ciphers;              /* owned: up to TLS 1.2; NULL = those of the library */
    char *ciphersuites;         /* owned: of TLS 1.3; NULL = those of the library */
    bool prefer_server_ciphers;
    char *dh_params_file; /* owned; NULL = those of the library */
    bool session_caching;
    int64_t session_cache_size; /* 0 = no bound */
    int64_t session_cache_timeout_ms;
    int64_t handshake_timeout_ms; /* of accepted connections */
};

struct rename {
    char command[COMMAND_NAME_MAX]; /* canonical, upper case */
    char name[COMMAND_NAME_MAX];    /* what the servers call it */
};

struct place {
    int line, column; /* from 1; 0 = in no file */
};

/* One group. A zeroed struct is not valid: group_settings_init. */
struct group_settings {
    char name[GROUP_NAME_MAX];
    struct endpoint master; /* a seed: used when the state does not know the group yet */
    int64_t quorum;
    int64_t down_after_ms;
    int64_t failover_timeout_ms;
    int64_t parallel_syncs;
    int64_t crash_after_ms;       /* 0 = off */
    int64_t reboot_down_after_ms; /* 0 = off */
    char *auth_user;              /* owned; NULL = none */
    struct secret auth_password;
    char *notification_script, *reconfig_script; /* owned: paths; NULL = none */
    struct rename *renames; /* owned: room for RENAMES_MAX, or NULL; sorted by command */
    size_t rename_count;
    struct secret peer_keys;        /* as config/keys.h has them; unset = those of the process */
    int64_t peer_policy;            /* enum group_peer_policy */
    int line, column;               /* where the section stands in the file; 0 if in none */
    int master_line, master_column; /* where its `master` stands */
    struct place notification_at, reconfig_at; /* where its scripts are named */
    struct place password_at;                  /* where the file itself says its password */
};

struct settings {
    struct listen listen;
    struct tls_settings tls;
    struct endpoint announce; /* host "" = not set; port 0 = settings_announced_port */
    char *state_dir;          /* owned */
    enum log_level log_level;
    int64_t log_format; /* enum log_format */
    char *log_file;     /* owned; NULL = standard error */
    struct limits limits;
    int64_t compat;          /* enum compat */
    bool resolve_hostnames;  /* host names are allowed as addresses, and resolved */
    char *name_servers;      /* owned: asked instead of the system's; NULL = these */
    bool announce_hostnames; /* they are shown and sent instead of what they resolve to */
    char *peer_user;         /* owned: to log in as at peers; NULL = none */
    struct secret peer_password;
    struct secret peer_keys;        /* as config/keys.h has them */
    int64_t peer_policy;            /* enum peer_policy */
    struct secret client_password;  /* of the default user; and for peers without peer_password */
    struct users users;             /* of access control */
    char *acl_file;                 /* owned: where they stand instead; NULL = none */
    int64_t acl_log_max;            /* refusals that ACL LOG keeps */
    char *unix_socket;              /* owned: path; NULL = none */
    int64_t unix_socket_mode;       /* 0 = as the system makes it */
    char *source_address;           /* owned: an IP address that we connect from; NULL = any */
    struct command_renames renames; /* of our own commands */
    bool all_channels;              /* new users have a right to every channel */
    bool protected_mode;            /* without a password only clients of this host are served */
    bool deny_scripts_reconfig;     /* SENTINEL SET may not change the paths of scripts */
    char *script_dirs;         /* owned: folders of scripts, separated by colons; NULL = anywhere */
    int64_t client_timeout_ms; /* of idle clients; 0 = none */
    int64_t keepalive_ms;      /* of accepted connections; 0 = none */
    int64_t backlog;           /* of connections that are not accepted yet */
    char *user, *user_group;   /* owned: whom we become; NULL = nobody else, the user's own */
    struct place user_at, user_group_at;
    int64_t seccomp; /* enum seccomp */
    char *pid_file;  /* owned; NULL = none */
    bool daemonize;
    int64_t supervised; /* enum supervised */
    bool syslog_enabled;
    char *syslog_ident;            /* owned */
    int64_t syslog_facility;       /* 0 = user, 1 to 8 = local0 to local7 */
    struct place password_at;      /* where the file itself says one that is of no group */
    struct group_settings *groups; /* owned, in file order */
    size_t group_count, group_capacity;
};

/* 1 to 255 bytes without commas, which separate the fields of a hello, blanks and control
 * characters. */
bool group_name_is_valid(struct slice name);

void group_settings_init(struct group_settings *g); /* the defaults of option_table.c */
void group_settings_fini(struct group_settings *g);
/* `to` is overwritten; fini it before. */
void group_settings_copy(struct group_settings *to, const struct group_settings *from);
/* Without the places in the file. */
bool group_settings_equal(const struct group_settings *a, const struct group_settings *b);
/* The server's name of `command` (canonical, upper case): the renamed one or itself. Borrowed. */
const char *group_settings_command(const struct group_settings *g, const char *command);
/* Adds or replaces a rename; a name equal to the command removes it. false if there are RENAMES_MAX
 * others. */
bool group_settings_rename(struct group_settings *g, const struct rename *r);

void settings_init(struct settings *s);
void settings_fini(struct settings *s);
/* Takes over all but the groups; `to` is valid before, and keeps its own. */
void settings_copy_process(struct settings *to, const struct settings *from);
/* Borrowed until the next addition. At most GROUPS_MAX. */
struct group_settings *settings_add_group(struct settings *s);
/* The port that others are told, unless `announce` has one: where links are TLS that for TLS, if
 * there is one; else the plain one. Source: spec 5.1. */
uint16_t settings_announced_port(const struct settings *s);
/* NULL if absent. */
const struct group_settings *settings_group(const struct settings *s, struct slice name);
