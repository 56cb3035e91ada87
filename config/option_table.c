/* The rows: one for each option, in the order of the references. */
#include "config/option.h"

#define SECOND ((int64_t)1000)
#define EVER   (SECOND * 60 * 60 * 1000000) /* some set a period so as to never end */
#define KIB    ((int64_t)1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

#define IN_PROCESS(field) .scope = OPTION_PROCESS, .offset = offsetof(struct settings, field)
#define IN_LIMITS(limit)  IN_PROCESS(limits.max[limit])
#define IN_GROUP(field)   .scope = OPTION_GROUP, .offset = offsetof(struct group_settings, field)

const struct option option_table[] = {
    {
        .key = "listen",
        IN_PROCESS(listen),
        .type = OPTION_TYPE_ENDPOINT_LIST,
        .live = OPTION_LIVE,
        .standard = "['0.0.0.0:26379', '[::]:26379']",
        .doc = "Addresses and ports at which clients and peers are served. "
               "On a system without IPv6 the default serves IPv4 alone.",
    },
    {
        .key = "announce",
        IN_PROCESS(announce),
        .type = OPTION_TYPE_ENDPOINT,
        .live = OPTION_LIVE,
        .example = "10.0.0.7:26379",
        .doc =
            "The address that peers are told to reach us at, where it is not the one that we connect from (NAT, "
            "containers).",
    },
    {
        .key = "source_address",
        IN_PROCESS(source_address),
        .type = OPTION_TYPE_IP,
        .live = OPTION_LIVE,
        .example = "10.0.0.7",
        .doc =
            "The address of this host that connections to servers and peers are made from, those that "
            "are made from then on. Without it the system chooses.",
    },
    {
        .key = "state_dir",
        IN_PROCESS(state_dir),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_RESTART,
        .standard = "/var/lib/vedette",
        .doc =
            "Folder of all that is learned and has to survive a restart: our id, epochs, votes, replicas, peers and "
            "changes made at runtime.",
    },
    {
        .key = "log.level",
        IN_PROCESS(log_level),
        .type = OPTION_TYPE_LOG_LEVEL,
        .live = OPTION_LIVE,
        .standard = "notice",
        .doc = "The least level that is logged: debug, verbose, notice, warning or nothing.",
    },
    {
        .key = "log.format",
        IN_PROCESS(log_format),
        .type = OPTION_TYPE_WORD,
        .words = "text",
        .live = OPTION_LIVE,
        .standard = "text",
        .doc = "How a line of the log looks: text, as Redis Sentinel writes it.",
    },
    {
        .key = "log.file",
        IN_PROCESS(log_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/var/log/vedette.log",
        .doc = "The file that is logged to. Without it: standard error.",
    },
    {
        .key = "limits.clients",
        IN_LIMITS(LIMIT_CLIENTS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Clients at a time. A further one is told so and closed. There are fewer where descriptors are "
            "scarce, since links to servers and peers come first.",
    },
    {
        .key = "limits.query_buffer",
        IN_LIMITS(LIMIT_QUERY_BUFFER),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = 16 * KIB,
        .max = 64 * MIB,
        .standard = "1MiB",
        .doc =
            "Bytes of a request that is not complete yet. Beyond, the client is told of a protocol error and "
            "closed.",
    },
    {
        .key = "limits.output_buffer",
        IN_LIMITS(LIMIT_OUTPUT_BUFFER),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = 64 * KIB,
        .max = GIB,
        .standard = "32MiB",
        .doc =
            "Bytes that a client was sent and has not read; a reply that is longer counts, too. Beyond, the "
            "client is closed. A client that reads slowly is served slowly, so that as a rule only messages to a "
            "subscriber can pile up so high.",
    },
    {
        .key = "limits.client_memory",
        IN_LIMITS(LIMIT_CLIENT_MEMORY),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = MIB,
        .max = 64 * GIB,
        .standard = "256MiB",
        .doc =
            "Bytes that all clients have sent and that are not done with (unfinished requests, waiting replies, "
            "names subscribed to), and separately bytes that all of them were sent and have not read. Beyond, the"
            " client that holds most is closed. Lowering it counts at once.",
    },
    {
        .key = "limits.parked_replies",
        IN_LIMITS(LIMIT_PARKED_REPLIES),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Replies of one client that wait for the disk. Beyond, no more of its requests are carried out until "
            "some have left.",
    },
    {
        .key = "limits.parked_time",
        IN_LIMITS(LIMIT_PARKED_TIME),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 100,
        .max = 60 * 60 * SECOND,
        .standard = "10s",
        .doc =
            "How long a reply waits for the disk. Then it is given as if the write had failed: an error, and to a"
            " request for a vote no candidate.",
    },
    {
        .key = "limits.subscriptions",
        IN_LIMITS(LIMIT_SUBSCRIPTIONS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .standard = "10000",
        .doc =
            "Channels and patterns that one client may listen to. A request that goes beyond is refused and adds "
            "none.",
    },
    {
        .key = "limits.pending_commands",
        IN_LIMITS(LIMIT_PENDING_COMMANDS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 10,
        .max = 10000,
        .standard = "100",
        .doc =
            "Commands to one server, or to a peer for each group shared with it, whose answers are awaited. "
            "Beyond, PING, INFO and hellos wait; orders and questions do not.",
    },
    {
        .key = "limits.peers",
        IN_LIMITS(LIMIT_PEERS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000,
        .standard = "64",
        .doc =
            "Other sentinels that are known of a group. A further one is ignored, with a line in the log at most "
            "once a minute.",
    },
    {
        .key = "limits.replicas",
        IN_LIMITS(LIMIT_REPLICAS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 10000,
        .standard = "256",
        .doc =
            "Replicas that are known of a group. A further one is ignored, with a line in the log at most once a "
            "minute.",
    },
    {
        .key = "limits.info_cache",
        IN_LIMITS(LIMIT_INFO_CACHE),
        .type = OPTION_TYPE_SIZE,
        .live = OPTION_LIVE,
        .min = 0,
        .max = 64 * GIB,
        .standard = "64MiB",
        .doc =
            "Bytes that the INFO texts of all servers take together, for SENTINEL INFO-CACHE; one that is much "
            "like others takes about a tenth of its size. Beyond, that of a server is not kept, and shows as null.",
    },
    {
        .key = "limits.clients_per_address",
        IN_LIMITS(LIMIT_CLIENTS_PER_ADDRESS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 0,
        .max = 1000000,
        .standard = "0",
        .doc =
            "Clients at a time from one address, of IPv6 one network of 64 bits; peers count, too, those at a unix "
            "socket do not. A further one is told so and closed. 0: as many as limits.clients.",
    },
    {
        .key = "limits.failed_logins",
        IN_LIMITS(LIMIT_FAILED_LOGINS),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 0,
        .max = 1000000,
        .standard = "0",
        .doc =
            "Logins that may fail within a minute from one address, counted as for clients_per_address. Then all of "
            "that address are refused, right passwords, too, until the minute is over. 0: any number.",
    },
    {
        .key = "limits.handshakes",
        IN_LIMITS(LIMIT_HANDSHAKES),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 100000,
        .standard = "256",
        .doc =
            "Accepted connections of TLS whose handshake is not over. For a further one the one that has taken "
            "longest is closed.",
    },
    {
        .key = "compat",
        IN_PROCESS(compat),
        .type = OPTION_TYPE_WORD,
        .words = "redis|valkey",
        .live = OPTION_LIVE,
        .standard = "redis",
        .doc =
            "Whose Sentinel clients see where the makes differ: redis (7.2) or valkey (9). Peers of both are "
            "understood in any case.",
    },
    {
        .key = "hostnames.resolve",
        IN_PROCESS(resolve_hostnames),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .set_name = "resolve-hostnames",
        .doc = "Whether servers and peers may be named by host names, which are resolved.",
    },
    {
        .key = "hostnames.servers",
        IN_PROCESS(name_servers),
        .type = OPTION_TYPE_SERVERS,
        .live = OPTION_LIVE,
        .example = "10.0.0.53,10.0.1.53:5353",
        .doc =
            "Name servers to ask instead of those of the system. Names in the hosts file are found first in any case.",
    },
    {
        .key = "hostnames.announce",
        IN_PROCESS(announce_hostnames),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .set_name = "announce-hostnames",
        .doc =
            "Whether clients, servers and peers are told host names, where they are known, instead of the IP "
            "addresses that they resolve to.",
    },
    {
        .key = "clients.timeout",
        IN_PROCESS(client_timeout_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = EVER,
        .standard = "0s",
        .doc =
            "How long a client may be idle before it is closed; subscribers and those that await a reply are not. "
            "0s: for ever.",
    },
    {
        .key = "clients.keepalive",
        IN_PROCESS(keepalive_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = EVER,
        .standard = "5m",
        .doc =
            "After how much silence the system asks whether the other end of an accepted connection is still there. "
            "0s: it does not ask.",
    },
    {
        .key = "clients.backlog",
        IN_PROCESS(backlog),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_RESTART,
        .min = 1,
        .max = 65535,
        .standard = "511",
        .doc =
            "Connections that the system keeps until we accept them. It may have a lower bound of its own.",
    },
    {
        .key = "clients.password",
        IN_PROCESS(client_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .example = "secret",
        .doc =
            "Password of the default user, asked of clients and peers; and what we log in with at peers if "
            "peers.password is not set. ${NAME}, if that is all: what the environment has under that name, here and "
            "wherever a password stands; $${NAME} is a password that looks like it.",
    },
    {
        .key = "clients.password_file",
        IN_PROCESS(client_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/vedette",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of password.",
    },
    {
        .key = "clients.users",
        IN_PROCESS(users),
        .type = OPTION_TYPE_USERS,
        .live = OPTION_LIVE,
        .example =
            "{app: 'on >secret +ping +subscribe &+switch-master +sentinel|get-master-addr-by-name'}",
        .doc =
            "Users that clients can log in as, each with the rules of ACL SETUSER that make it; a password may be "
            ">${NAME}. What ACL SETUSER and DELUSER change is kept until the user is changed here.",
    },
    {
        .key = "clients.acl_file",
        IN_PROCESS(acl_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/users.acl",
        .doc =
            "File of users, in lines as ACL LIST shows them, for ACL LOAD and SAVE. Read at the start and when it "
            "has changed at a reload. Instead of users.",
    },
    {
        .key = "clients.acl_log_max",
        IN_PROCESS(acl_log_max),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 0,
        .max = 100000,
        .standard = "128",
        .doc = "Refusals that ACL LOG keeps.",
    },
    {
        .key = "clients.unix_socket",
        IN_PROCESS(unix_socket),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_RESTART,
        .example = "/run/vedette/vedette.sock",
        .doc = "A unix socket at which clients are served, too; or alone, with `listen: []`.",
    },
    {
        .key = "clients.unix_socket_mode",
        IN_PROCESS(unix_socket_mode),
        .type = OPTION_TYPE_MODE,
        .live = OPTION_RESTART,
        .example = "770",
        .doc = "Rights of the unix socket. Without it those that the system gives.",
    },
    {
        .key = "clients.rename_commands",
        IN_PROCESS(renames),
        .type = OPTION_TYPE_COMMANDS,
        .live = OPTION_RESTART,
        .example = "{SHUTDOWN: '', SENTINEL: GUARD}",
        .doc =
            "Other names for our own commands; '' removes one. Peers and clients that ask by the old name are "
            "refused; rules of users keep it.",
    },
    {
        .key = "clients.all_channels",
        IN_PROCESS(all_channels),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .doc = "Whether a user has a right to every channel until its rules say otherwise.",
    },
    {
        .key = "clients.protected_mode",
        IN_PROCESS(protected_mode),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .doc =
            "Whether only clients on this host are served while the default user has no password.",
    },
    {
        .key = "peers.user",
        IN_PROCESS(peer_user),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .set_name = "sentinel-user",
        .example = "sentinel",
        .doc = "User to log in as at peers. Without it: a password alone.",
    },
    {
        .key = "peers.password",
        IN_PROCESS(peer_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .set_name = "sentinel-pass",
        .example = "secret",
        .doc = "Password to log in with at peers.",
    },
    {
        .key = "peers.password_file",
        IN_PROCESS(peer_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/peers",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of password.",
    },
    {
        .key = "peers.secret_file",
        IN_PROCESS(peer_keys),
        .type = OPTION_TYPE_KEYS_FILE,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/peers.secret",
        .doc =
            "File of secrets that all our peers have, too, one a line, 8 at most; read at the start and at each "
            "reload. By them vedettes prove to each other who they are: the first one signs, each is believed.",
    },
    {
        .key = "peers.policy",
        IN_PROCESS(peer_policy),
        .type = OPTION_TYPE_WORD,
        .words = "permissive|strict",
        .live = OPTION_LIVE,
        .standard = "permissive",
        .doc =
            "What peers are believed that prove nothing, as those of stock. permissive: all they say, but not under "
            "the id of one that signs. strict: nothing.",
    },
    {
        .key = "tls.listen",
        IN_PROCESS(tls.listen),
        .type = OPTION_TYPE_ENDPOINT_LIST,
        .live = OPTION_LIVE,
        .example = "['0.0.0.0:26380', '[::]:26380']",
        .doc =
            "Addresses and ports at which clients and peers are served by TLS. With `listen: []` by TLS alone.",
    },
    {
        .key = "tls.links",
        IN_PROCESS(tls.links),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .doc =
            "Whether all connections to servers and peers are TLS, those that are made from then on. Then peers are "
            "told the port of tls.listen, if there is one.",
    },
    {
        .key = "tls.cert",
        IN_PROCESS(tls.server.cert),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/cert.pem",
        .doc =
            "Our certificate in PEM, then those that vouch for it. This file and all others of TLS are read again "
            "at a reload, and when they have changed.",
    },
    {
        .key = "tls.key",
        IN_PROCESS(tls.server.key),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/key.pem",
        .doc = "The private key of the certificate, in PEM.",
    },
    {
        .key = "tls.key_password",
        IN_PROCESS(tls.server.key_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .example = "secret",
        .doc = "Password of the key, if it has one.",
    },
    {
        .key = "tls.key_password_file",
        IN_PROCESS(tls.server.key_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/key",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of key_password.",
    },
    {
        .key = "tls.client_cert",
        IN_PROCESS(tls.client.cert),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/client.pem",
        .doc = "The certificate that our links show. Without it: tls.cert, if there is one.",
    },
    {
        .key = "tls.client_key",
        IN_PROCESS(tls.client.key),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/client-key.pem",
        .doc = "The private key of that certificate.",
    },
    {
        .key = "tls.client_key_password",
        IN_PROCESS(tls.client.key_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .example = "secret",
        .doc = "Password of that key, if it has one.",
    },
    {
        .key = "tls.client_key_password_file",
        IN_PROCESS(tls.client.key_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/client-key",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of client_key_password.",
    },
    {
        .key = "tls.ca_file",
        IN_PROCESS(tls.ca_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/ca.pem",
        .doc = "Certificates in PEM of those who may vouch for servers, peers and clients.",
    },
    {
        .key = "tls.ca_dir",
        IN_PROCESS(tls.ca_dir),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/ssl/certs",
        .doc = "A folder of such certificates, named by their hashes (openssl rehash).",
    },
    {
        .key = "tls.auth_clients",
        IN_PROCESS(tls.auth_clients),
        .type = OPTION_TYPE_WORD,
        .words = "no|yes|optional",
        .live = OPTION_LIVE,
        .standard = "yes",
        .doc =
            "Whether who connects by TLS has to show a certificate that tls.ca_file or ca_dir vouches for. optional: "
            "one that is shown has to be good.",
    },
    {
        .key = "tls.verify_names",
        IN_PROCESS(tls.verify_names),
        .type = OPTION_TYPE_WORD,
        .words = "no|known|always",
        .live = OPTION_LIVE,
        .standard = "known",
        .doc =
            "Whether the certificate of a server or peer has to name it. known: where it is known by a host name; "
            "always: also by its IP address. no: as with Redis Sentinel, any good certificate will do.",
    },
    {
        .key = "tls.protocols",
        IN_PROCESS(tls.protocols),
        .type = OPTION_TYPE_WORDS,
        .words = "TLSv1|TLSv1.1|TLSv1.2|TLSv1.3",
        .live = OPTION_LIVE,
        .standard = "TLSv1.2 TLSv1.3",
        .doc = "Versions of TLS that are spoken. The system's configuration may allow fewer.",
    },
    {
        .key = "tls.ciphers",
        IN_PROCESS(tls.ciphers),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .example = "DEFAULT:!MEDIUM",
        .doc = "Ciphers up to TLS 1.2, as OpenSSL lists them. Without it: its own choice.",
    },
    {
        .key = "tls.ciphersuites",
        IN_PROCESS(tls.ciphersuites),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .example = "TLS_AES_256_GCM_SHA384",
        .doc = "Those of TLS 1.3, separated by colons.",
    },
    {
        .key = "tls.prefer_server_ciphers",
        IN_PROCESS(tls.prefer_server_ciphers),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .doc = "Whether our order of ciphers counts, and not that of who connects.",
    },
    {
        .key = "tls.dh_params_file",
        IN_PROCESS(tls.dh_params_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/tls/dh.pem",
        .doc = "Parameters in PEM for old ciphers (DHE). Without it: those of the library.",
    },
    {
        .key = "tls.session_caching",
        IN_PROCESS(tls.session_caching),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "yes",
        .doc =
            "Whether a connection may take up the session of an earlier one, which saves most of its handshake: of "
            "clients, and of our links.",
    },
    {
        .key = "tls.session_cache_size",
        IN_PROCESS(tls.session_cache_size),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 0,
        .max = INT32_MAX,
        .standard = "20480",
        .doc = "Sessions that are kept for clients that keep none themselves. 0: without a bound.",
    },
    {
        .key = "tls.session_cache_timeout",
        IN_PROCESS(tls.session_cache_timeout_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = 24 * 60 * 60 * SECOND,
        .standard = "5m",
        .doc = "How long a session can be taken up.",
    },
    {
        .key = "tls.handshake_timeout",
        IN_PROCESS(tls.handshake_timeout_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 100,
        .max = 60 * 60 * SECOND,
        .standard = "10s",
        .doc = "How long who connects by TLS may take for the handshake. Then it is closed.",
    },
    {
        .key = "deny_scripts_reconfig",
        IN_PROCESS(deny_scripts_reconfig),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "yes",
        .doc =
            "Whether SENTINEL SET is refused to change the paths of scripts: who may set them may run programs here.",
    },
    {
        .key = "user",
        IN_PROCESS(user),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_RESTART,
        .example = "vedette",
        .doc =
            "Started by root, the user that we become for good, once the addresses are bound and state_dir, log.file and "
            "pid_file are there. From then on it is this user who has to have the right to read this file, and those "
            "that it names.",
    },
    {
        .key = "group",
        IN_PROCESS(user_group),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_RESTART,
        .example = "vedette",
        .doc = "The group that goes with the user. Without it the user's own.",
    },
    {
        .key = "seccomp",
        IN_PROCESS(seccomp),
        .type = OPTION_TYPE_WORD,
        .words = "no|yes|log",
        .live = OPTION_RESTART,
        .standard = "no",
        .doc =
            "Whether the kernel refuses us the system calls that we never need, and ends us at one that only an attacker "
            "would make. log: it writes them down, and nothing else. Scripts are not bound by it: a process of their "
            "own, made before, starts those that this file names.",
    },
    {
        .key = "script_dirs",
        IN_PROCESS(script_dirs),
        .type = OPTION_TYPE_PATHS,
        .live = OPTION_LIVE,
        .example = "[/etc/vedette/scripts]",
        .doc =
            "Folders that scripts must lie in, wherever links lead; one that others may change, or whose folder, is "
            "refused, too: in this file, by SENTINEL SET, and before it is run. Without it: any path.",
    },
    {
        .key = "pid_file",
        IN_PROCESS(pid_file),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_RESTART,
        .example = "/run/vedette/vedette.pid",
        .doc = "File that holds our process id while we run.",
    },
    {
        .key = "daemonize",
        IN_PROCESS(daemonize),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_RESTART,
        .standard = "no",
        .doc = "Whether to leave the terminal and run in the background. Not when supervised.",
    },
    {
        .key = "supervised",
        IN_PROCESS(supervised),
        .type = OPTION_TYPE_WORD,
        .words = "no|auto|systemd|upstart",
        .live = OPTION_RESTART,
        .standard = "auto",
        .doc =
            "Who is told that we have started, and that we stop: systemd by its socket, upstart by stopping "
            "ourselves once. auto: whoever the environment names.",
    },
    {
        .key = "syslog.enabled",
        IN_PROCESS(syslog_enabled),
        .type = OPTION_TYPE_BOOL,
        .live = OPTION_LIVE,
        .standard = "no",
        .doc = "Whether each line of the log goes to the log of the system, too.",
    },
    {
        .key = "syslog.ident",
        IN_PROCESS(syslog_ident),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .standard = "vedette",
        .doc = "What our lines there begin with.",
    },
    {
        .key = "syslog.facility",
        IN_PROCESS(syslog_facility),
        .type = OPTION_TYPE_WORD,
        .words = "user|local0|local1|local2|local3|local4|local5|local6|local7",
        .live = OPTION_LIVE,
        .standard = "local0",
        .doc = "By which the log of the system is sorted.",
    },
    {
        .key = "master",
        IN_GROUP(master),
        .type = OPTION_TYPE_ENDPOINT,
        .live = OPTION_LIVE,
        .required = true,
        .example = "10.0.0.1:6379",
        .doc =
            "Where the master was when the group was set up. Only a first start uses it; afterwards the state knows. "
            "To move a master use SENTINEL FAILOVER, or SENTINEL REMOVE and MONITOR.",
    },
    {
        .key = "quorum",
        IN_GROUP(quorum),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 1000000,
        .required = true,
        .set_name = "quorum",
        .example = "2",
        .doc = "How many sentinels must find the master down before a failover is tried. "
               "Carrying it out takes a majority of them in any case.",
    },
    {
        .key = "down_after",
        IN_GROUP(down_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 1,
        .max = EVER,
        .standard = "30s",
        .set_name = "down-after-milliseconds",
        .example = "5s",
        .doc = "How long a server or peer must be silent to be held down.",
    },
    {
        .key = "crash_after",
        IN_GROUP(crash_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = EVER,
        .standard = "0s",
        .doc =
            "A master whose host refuses every connection for that long is held down without waiting for down_after: "
            "nothing listens there any more. Silence, and packets that are dropped, never count for it. "
            "0s: only down_after counts.",
    },
    {
        .key = "failover_timeout",
        IN_GROUP(failover_timeout_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 1,
        .max = EVER,
        .standard = "3m",
        .set_name = "failover-timeout",
        .example = "60s",
        .doc =
            "Limit of each phase of a failover. After an attempt twice this time passes before the next, "
            "unless the attempt is provably dead.",
    },
    {
        .key = "parallel_syncs",
        IN_GROUP(parallel_syncs),
        .type = OPTION_TYPE_COUNT,
        .live = OPTION_LIVE,
        .min = 1,
        .max = 10000,
        .standard = "1",
        .set_name = "parallel-syncs",
        .doc = "How many replicas at a time are pointed to a new master.",
    },
    {
        .key = "reboot_down_after",
        IN_GROUP(reboot_down_after_ms),
        .type = OPTION_TYPE_DURATION,
        .live = OPTION_LIVE,
        .min = 0,
        .max = EVER,
        .standard = "0s",
        .set_name = "master-reboot-down-after-period",
        .set_alias = "primary-reboot-down-after-period",
        .doc =
            "How long a master that answers after a restart, but is still loading, is waited for before it is held "
            "down. 0s: it is not held down for that.",
    },
    {
        .key = "auth.user",
        IN_GROUP(auth_user),
        .type = OPTION_TYPE_TEXT,
        .live = OPTION_LIVE,
        .set_name = "auth-user",
        .example = "sentinel",
        .doc = "User to log in as at the servers of the group. Without it: a password alone.",
    },
    {
        .key = "auth.password",
        IN_GROUP(auth_password),
        .type = OPTION_TYPE_SECRET,
        .live = OPTION_LIVE,
        .set_name = "auth-pass",
        .example = "secret",
        .doc = "Password for the servers of the group.",
    },
    {
        .key = "auth.password_file",
        IN_GROUP(auth_password),
        .type = OPTION_TYPE_SECRET_FILE,
        .live = OPTION_LIVE,
        .example = "/run/secrets/redis",
        .doc =
            "File that holds the password, read at the start and at each reload. Instead of password.",
    },
    {
        .key = "scripts.notification",
        IN_GROUP(notification_script),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .set_name = "notification-script",
        .example = "/etc/vedette/notify",
        .doc =
            "Program that is run for each event of level warning, with its name and its payload as arguments.",
    },
    {
        .key = "scripts.reconfig",
        IN_GROUP(reconfig_script),
        .type = OPTION_TYPE_PATH,
        .live = OPTION_LIVE,
        .set_name = "client-reconfig-script",
        .example = "/etc/vedette/reconfig",
        .doc =
            "Program that is run once for each change of the master, with the arguments group, role (leader or "
            "observer), state (start), old host, old port, new host, new port.",
    },
    {
        .key = "peers.secret_file",
        IN_GROUP(peer_keys),
        .type = OPTION_TYPE_KEYS_FILE,
        .live = OPTION_LIVE,
        .example = "/etc/vedette/mymaster.secret",
        .doc = "Secrets of this group alone, instead of those of the process.",
    },
    {
        .key = "peers.policy",
        IN_GROUP(peer_policy),
        .type = OPTION_TYPE_WORD,
        .words = "process|permissive|strict",
        .live = OPTION_LIVE,
        .standard = "process",
        .doc = "The policy of this group; process: that of the process.",
    },
    {
        .key = "rename_commands",
        IN_GROUP(renames),
        .type = OPTION_TYPE_RENAMES,
        .live = OPTION_LIVE,
        .set_name = "rename-command",
        .example = "{CONFIG: XCONFIG}",
        .doc = "Commands that the servers of the group know by another name.",
    },
};

const size_t option_count = ARRAY_SIZE(option_table);

const struct option *option_by_key(enum option_scope scope, struct slice key) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope && slice_is(key, option_table[i].key))
            return &option_table[i];
    }
    return NULL;
}

const struct option *option_by_set_name(struct slice name) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->set_name != NULL && slice_is_nocase(name, o->set_name))
            return o;
        if (o->set_alias != NULL && slice_is_nocase(name, o->set_alias))
            return o;
    }
    return NULL;
}
