#include "sentinel/command/info_lines.h"

#include "sentinel/command/call.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/probe.h"
#include "sentinel/core/seal.h"

enum make { REDIS = 1 << 0, VALKEY = 1 << 1, BOTH = REDIS | VALKEY };

/* A line `name:value`. The value is the text, else what `print` prints, else the number; without
 * any of them it counts what a Sentinel never has or does, and is 0. */
struct line {
    const char *name; /* NULL: `print` prints whole lines */
    enum make makes;
    const char *text;
    void (*print)(const struct server *s, struct buf *out);
    uint64_t (*number)(const struct server *s);
};

#define LINE(line, of_makes, ...) \
    { .name = (line), .makes = (of_makes), __VA_ARGS__ }

static void print_lines(
    const struct server *s, const struct line *lines, size_t count, struct buf *out) {
    enum make make = core_compat(s->core) == COMPAT_VALKEY ? VALKEY : REDIS;
    for (size_t i = 0; i < count; i++) {
        const struct line *l = &lines[i];
        if ((l->makes & make) == 0)
            continue;
        if (l->name == NULL) {
            l->print(s, out);
            continue;
        }
        buf_add_text(out, l->name);
        buf_add_char(out, ':');
        if (l->text != NULL)
            buf_add_text(out, l->text);
        else if (l->print != NULL)
            l->print(s, out);
        else
            buf_add_u64(out, l->number != NULL ? l->number(s) : 0);
        buf_add_text(out, "\r\n");
    }
}

/* The last digits of a number, with zeros before it. */
static void add_digits(struct buf *out, uint64_t number, size_t count) {
    char *digits = buf_reserve(out, count);
    for (size_t i = count; i > 0; i--) {
        digits[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    buf_commit(out, count);
}

/* ---- # Server ---- */

static void print_version(const struct server *s, struct buf *out) {
    (void)s;
    buf_add_text(out, SERVED_VERSION);
}

static void print_valkey_version(const struct server *s, struct buf *out) {
    (void)s;
    buf_add_text(out, VALKEY_VERSION);
}

/* By it a peer knows that we are one, too. */
static void print_our_version(const struct server *s, struct buf *out) {
    (void)s;
    buf_add_text(out, VEDETTE_VERSION);
}

static void print_store(const struct server *s, struct buf *out) {
    buf_add_text(out, core_store_failed(s->core) ? "failed" : "ok");
}

static void print_build(const struct server *s, struct buf *out) {
    struct siphash_key key = { { 0 } };
    struct buf built = BUF_INIT;
    buf_add_text(&built, VEDETTE_VERSION " ");
    buf_add_text(&built, s->facts->compiler);
    buf_printf(out, "%llx", (unsigned long long)siphash(&key, buf_slice(&built)));
    buf_fini(&built);
}

static void print_os(const struct server *s, struct buf *out) {
    buf_add_text(out, s->facts->os);
}

static void print_multiplexer(const struct server *s, struct buf *out) {
    buf_add_text(out, s->facts->multiplexer);
}

static void print_compiler(const struct server *s, struct buf *out) {
    buf_add_text(out, s->facts->compiler);
}

static void print_run_id(const struct server *s, struct buf *out) {
    buf_add_text(out, s->facts->run_id);
}

static void print_executable(const struct server *s, struct buf *out) {
    buf_add_text(out, s->facts->executable);
}

static void print_config_file(const struct server *s, struct buf *out) {
    if (s->facts->config_file != NULL)
        buf_add_text(out, s->facts->config_file);
}

static uint64_t arch_bits(const struct server *s) {
    return (uint64_t)s->facts->arch_bits;
}

static uint64_t process_id(const struct server *s) {
    return (uint64_t)s->facts->process_id;
}

static uint64_t tcp_port(const struct server *s) {
    const struct settings *settings = &s->core->settings;
    const struct listen *l = settings->listen.count > 0 ? &settings->listen : &settings->tls.listen;
    return l->count > 0 ? l->at[0].port : 0;
}

static uint64_t wall_us(const struct server *s) {
    return (uint64_t)s->core->now.wall_ms * 1000;
}

static uint64_t uptime_s(const struct server *s) {
    return (uint64_t)tstamp_age(s->core->now.mono_ms, s->started_ms) / 1000;
}

static uint64_t uptime_days(const struct server *s) {
    return uptime_s(s) / (24 * 3600);
}

static uint64_t lru_clock(const struct server *s) {
    return (uint64_t)s->core->now.wall_ms / 1000 & 0xffffff;
}

static bool is_port_listed_before(const struct listen *l, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (l->at[i].port == l->at[index].port)
            return true;
    }
    return false;
}

/* One line for each port, with all its addresses. */
static void print_ports(const struct listen *l, const char *name, size_t *number, struct buf *out) {
    for (size_t i = 0; i < l->count; i++) {
        if (is_port_listed_before(l, i))
            continue;
        buf_printf(out, "listener%zu:name=%s", (*number)++, name);
        for (size_t k = i; k < l->count; k++) {
            if (l->at[k].port == l->at[i].port)
                buf_printf(out, ",bind=%s", l->at[k].host);
        }
        buf_printf(out, ",port=%d\r\n", l->at[i].port);
    }
}

static void print_listeners(const struct server *s, struct buf *out) {
    size_t number = 0;
    print_ports(&s->core->settings.listen, "tcp", &number, out);
    if (s->unix_socket != NULL)
        buf_printf(out, "listener%zu:name=unix,bind=%s\r\n", number++, s->unix_socket);
    print_ports(&s->core->settings.tls.listen, "tls", &number, out);
}

static const struct line server_lines[] = {
    LINE("redis_version", BOTH, .print = print_version),
    LINE("server_name", VALKEY, .text = "valkey"),
    LINE("valkey_version", VALKEY, .print = print_valkey_version),
    LINE("valkey_release_stage", VALKEY, .text = "ga"),
    LINE("redis_git_sha1", BOTH, .text = "00000000"),
    LINE("redis_git_dirty", BOTH),
    LINE("redis_build_id", BOTH, .print = print_build),
    LINE("redis_mode", REDIS, .text = "sentinel"),
    LINE("server_mode", VALKEY, .text = "sentinel"),
    LINE("vedette_version", BOTH, .print = print_our_version),
    LINE("vedette_store", BOTH, .print = print_store),
    LINE("os", BOTH, .print = print_os),
    LINE("arch_bits", BOTH, .number = arch_bits),
    LINE("monotonic_clock", BOTH, .text = "POSIX clock_gettime"),
    LINE("multiplexing_api", BOTH, .print = print_multiplexer),
    LINE("atomicvar_api", REDIS, .text = "c11-builtin"),
    LINE("gcc_version", BOTH, .print = print_compiler),
    LINE("process_id", BOTH, .number = process_id),
    LINE("process_supervised", BOTH, .text = "no"),
    LINE("run_id", BOTH, .print = print_run_id),
    LINE("tcp_port", BOTH, .number = tcp_port),
    LINE("server_time_usec", BOTH, .number = wall_us),
    LINE("uptime_in_seconds", BOTH, .number = uptime_s),
    LINE("uptime_in_days", BOTH, .number = uptime_days),
    LINE("hz", BOTH, .text = "10"), /* tools expect these; there is no tick here */
    LINE("configured_hz", BOTH, .text = "10"),
    LINE("clients_hz", VALKEY, .text = "10"),
    LINE("lru_clock", BOTH, .number = lru_clock),
    LINE("executable", BOTH, .print = print_executable),
    LINE("config_file", BOTH, .print = print_config_file),
    LINE("io_threads_active", BOTH),
    LINE("availability_zone", VALKEY, .text = ""),
    LINE(NULL, BOTH, .print = print_listeners),
};

void info_print_server(const struct server *s, struct buf *out) {
    print_lines(s, server_lines, ARRAY_SIZE(server_lines), out);
}

/* ---- # Clients ---- */

static uint64_t connected_clients(const struct server *s) {
    return server_count_clients(s);
}

static uint64_t longest_query(const struct server *s) {
    size_t longest = 0;
    map_for_each(session, &s->sessions, struct session)
        longest = MAX_OF(longest, buf_size(&session->query));
    return longest;
}

static uint64_t longest_output(const struct server *s) {
    size_t longest = (size_t)s->usage.clients.longest_unread;
    map_for_each(session, &s->sessions, struct session)
        longest = MAX_OF(longest, buf_size(&session->waiting_bytes));
    return longest;
}

/* Those that wait for the disk, for an answer from outside, or for the end of a pause. */
static uint64_t blocked_clients(const struct server *s) {
    uint64_t count = 0;
    map_for_each(session, &s->sessions, struct session)
        count += session->is_postponed || session->is_awaiting || session->waiting_count > 0;
    return count;
}

static uint64_t tracking_clients(const struct server *s) {
    uint64_t count = 0;
    map_for_each(session, &s->sessions, struct session)
        count += session->tracking.on;
    return count;
}

static uint64_t pubsub_clients(const struct server *s) {
    return server_count_subscribers(s);
}

static void print_paused_reason(const struct server *s, struct buf *out) {
    buf_add_text(out, server_is_paused(s) ? "client_pause" : "none");
}

static void print_paused_actions(const struct server *s, struct buf *out) {
    const char *actions = s->pause.all ? "all" : "write";
    buf_add_text(out, server_is_paused(s) ? actions : "none");
}

static uint64_t paused_ms(const struct server *s) {
    return (uint64_t)tstamp_age(s->pause.until_ms, s->core->now.mono_ms);
}

static const struct line client_lines[] = {
    LINE("connected_clients", BOTH, .number = connected_clients),
    LINE("cluster_connections", BOTH),
    LINE("maxclients", BOTH, .number = server_allowed_clients),
    LINE("client_recent_max_input_buffer", BOTH, .number = longest_query),
    LINE("client_recent_max_output_buffer", BOTH, .number = longest_output),
    LINE("blocked_clients", BOTH, .number = blocked_clients),
    LINE("tracking_clients", BOTH, .number = tracking_clients),
    LINE("pubsub_clients", BOTH, .number = pubsub_clients),
    LINE("watching_clients", BOTH),
    LINE("clients_in_timeout_table", BOTH),
    LINE("total_watched_keys", BOTH),
    LINE("total_blocking_keys", BOTH),
    LINE("total_blocking_keys_on_nokey", BOTH),
    LINE("paused_reason", VALKEY, .print = print_paused_reason),
    LINE("paused_actions", VALKEY, .print = print_paused_actions),
    LINE("paused_timeout_milliseconds", VALKEY, .number = paused_ms),
};

void info_print_clients(const struct server *s, struct buf *out) {
    print_lines(s, client_lines, ARRAY_SIZE(client_lines), out);
}

/* ---- # Stats ---- */

static uint64_t connections(const struct server *s) {
    return s->stats.connections + s->usage.clients.refused; /* the engine never heard of those */
}

static uint64_t commands(const struct server *s) {
    return s->stats.commands.total;
}

static uint64_t commands_per_second(const struct server *s) {
    return rate_per_second(&s->stats.commands, s->core->now.mono_ms);
}

static uint64_t input_bytes(const struct server *s) {
    return s->stats.input_bytes.total;
}

static uint64_t output_bytes(const struct server *s) {
    return s->stats.output_bytes.total;
}

static void print_kibibytes(const struct server *s, const struct rate *r, struct buf *out) {
    uint64_t hundredths = rate_per_second(r, s->core->now.mono_ms) * 100 / 1024;
    buf_add_u64(out, hundredths / 100);
    buf_add_char(out, '.');
    add_digits(out, hundredths % 100, 2);
}

static void print_input_rate(const struct server *s, struct buf *out) {
    print_kibibytes(s, &s->stats.input_bytes, out);
}

static void print_output_rate(const struct server *s, struct buf *out) {
    print_kibibytes(s, &s->stats.output_bytes, out);
}

static uint64_t rejected(const struct server *s) {
    return s->stats.rejected + s->usage.clients.refused;
}

static uint64_t evicted_clients(const struct server *s) {
    return s->core->limit_hits[LIMIT_CLIENT_MEMORY] + s->usage.clients.shed;
}

static uint64_t pubsub_channels(const struct server *s) {
    return pubsub_topic_count(&s->pubsub, PUBSUB_CHANNEL);
}

static uint64_t pubsub_patterns(const struct server *s) {
    return pubsub_topic_count(&s->pubsub, PUBSUB_PATTERN);
}

/* Different ones. */
static uint64_t tracked_prefixes(const struct server *s) {
    struct map seen = MAP_INIT;
    map_for_each(session, &s->sessions, struct session) {
        const struct tracking *t = &session->tracking;
        for (size_t i = 0; i < t->prefix_count; i++) {
            if (map_get(&seen, t->prefixes[i]) == NULL)
                map_put(&seen, t->prefixes[i], session);
        }
    }
    uint64_t count = map_count(&seen);
    map_fini(&seen);
    return count;
}

static uint64_t error_replies(const struct server *s) {
    return s->stats.errors;
}

static uint64_t reads(const struct server *s) {
    return s->stats.reads;
}

static uint64_t writes(const struct server *s) {
    return s->stats.writes;
}

static uint64_t query_disconnections(const struct server *s) {
    return s->core->limit_hits[LIMIT_QUERY_BUFFER];
}

static uint64_t output_disconnections(const struct server *s) {
    return s->core->limit_hits[LIMIT_OUTPUT_BUFFER] + s->usage.clients.overflowed;
}

static uint64_t wakes(const struct server *s) {
    return s->usage.loop.wakes;
}

static uint64_t busy_us(const struct server *s) {
    return (uint64_t)s->usage.loop.busy_us;
}

static uint64_t requests_us(const struct server *s) {
    return (uint64_t)s->usage.loop.requests_us;
}

static uint64_t wakes_per_second(const struct server *s) {
    return s->stats.wakes_per_second;
}

static uint64_t us_per_wake(const struct server *s) {
    return s->stats.us_per_wake;
}

static uint64_t refused_logins(const struct server *s) {
    return s->access.refused[ACL_REASON_AUTH];
}

static uint64_t refused_commands(const struct server *s) {
    return s->access.refused[ACL_REASON_COMMAND];
}

static uint64_t refused_channels(const struct server *s) {
    return s->access.refused[ACL_REASON_CHANNEL];
}

static uint64_t probe_budget(const struct server *s) {
    (void)s;
    return PROBE_BUDGET_PER_S;
}

static uint64_t probe_stretched_ms(const struct server *s) {
    return (uint64_t)probe_stretched_interval(s->core);
}

static uint64_t busy_per_mille(const struct server *s) {
    const struct load sum = server_load(s);
    return (uint64_t)load_per_mille(&sum, sum.busy_us);
}

static uint64_t late_per_mille(const struct server *s) {
    const struct load sum = server_load(s);
    return (uint64_t)load_per_mille(&sum, sum.late_us);
}

static uint64_t longest_turn_us(const struct server *s) {
    const struct load sum = server_load(s);
    return (uint64_t)sum.longest_us;
}

static uint64_t stall_count(const struct server *s) {
    return s->usage.stalls.count;
}

static uint64_t stall_longest_ms(const struct server *s) {
    return (uint64_t)s->usage.stalls.longest_ms;
}

static uint64_t stall_last_ms(const struct server *s) {
    return (uint64_t)s->usage.stalls.last_ms;
}

static void print_stall_age(const struct server *s, struct buf *out) {
    const struct stalls *stalls = &s->usage.stalls;
    int64_t ago_ms = tstamp_age(s->core->now.mono_ms, stalls->last_at_ms);
    buf_add_i64(out, stalls->count > 0 ? ago_ms / 1000 : -1);
}

static uint64_t peers_unsigned(const struct server *s) {
    uint64_t count = 0;
    map_for_each(g, &s->core->groups, struct group) {
        if (seal_keys(s->core, g).size > 0)
            list_for_each(p, &g->peers, struct peer, of_group)
                count += !peer_signs(s->core, p);
    }
    return count;
}

static uint64_t refused_claims(const struct server *s) {
    return s->core->doubts.count[DOUBT_CLAIM];
}

static uint64_t refused_unsigned(const struct server *s) {
    return s->core->doubts.count[DOUBT_UNSIGNED];
}

static uint64_t refused_seals(const struct server *s) {
    return s->core->doubts.count[DOUBT_SEAL];
}

static uint64_t refused_votes(const struct server *s) {
    return s->core->doubts.count[DOUBT_VOTE];
}

static uint64_t old_hellos(const struct server *s) {
    return s->core->doubts.count[DOUBT_REPLAY];
}

static const struct line stat_lines[] = {
    LINE("total_connections_received", BOTH, .number = connections),
    LINE("total_commands_processed", BOTH, .number = commands),
    LINE("instantaneous_ops_per_sec", BOTH, .number = commands_per_second),
    LINE("total_net_input_bytes", BOTH, .number = input_bytes),
    LINE("total_net_output_bytes", BOTH, .number = output_bytes),
    LINE("total_net_repl_input_bytes", BOTH),
    LINE("total_net_repl_output_bytes", BOTH),
    LINE("total_net_cluster_slot_import_bytes", VALKEY),
    LINE("total_net_cluster_slot_export_bytes", VALKEY),
    LINE("instantaneous_input_kbps", BOTH, .print = print_input_rate),
    LINE("instantaneous_output_kbps", BOTH, .print = print_output_rate),
    LINE("instantaneous_input_repl_kbps", BOTH, .text = "0.00"),
    LINE("instantaneous_output_repl_kbps", BOTH, .text = "0.00"),
    LINE("rejected_connections", BOTH, .number = rejected),
    LINE("sync_full", BOTH),
    LINE("sync_partial_ok", BOTH),
    LINE("sync_partial_err", BOTH),
    LINE("expired_subkeys", REDIS),
    LINE("expired_keys", BOTH),
    LINE("expired_fields", VALKEY),
    LINE("expired_stale_perc", BOTH, .text = "0.00"),
    LINE("expired_keys_with_volatile_items_stale_perc", VALKEY, .text = "0.00"),
    LINE("expired_time_cap_reached_count", BOTH),
    LINE("expire_cycle_cpu_milliseconds", BOTH),
    LINE("evicted_keys", BOTH),
    LINE("evicted_clients", BOTH, .number = evicted_clients),
    LINE("evicted_scripts", BOTH),
    LINE("total_eviction_exceeded_time", BOTH),
    LINE("current_eviction_exceeded_time", BOTH),
    LINE("keyspace_hits", BOTH),
    LINE("keyspace_misses", BOTH),
    LINE("pubsub_channels", BOTH, .number = pubsub_channels),
    LINE("pubsub_patterns", BOTH, .number = pubsub_patterns),
    LINE("pubsubshard_channels", BOTH),
    LINE("latest_fork_usec", BOTH),
    LINE("total_forks", BOTH),
    LINE("migrate_cached_sockets", BOTH),
    LINE("slave_expires_tracked_keys", BOTH),
    LINE("active_defrag_hits", BOTH),
    LINE("active_defrag_misses", BOTH),
    LINE("active_defrag_key_hits", BOTH),
    LINE("active_defrag_key_misses", BOTH),
    LINE("total_active_defrag_time", BOTH),
    LINE("current_active_defrag_time", BOTH),
    LINE("tracking_total_keys", BOTH),
    LINE("tracking_total_items", BOTH),
    LINE("tracking_total_prefixes", BOTH, .number = tracked_prefixes),
    LINE("unexpected_error_replies", BOTH),
    LINE("total_error_replies", BOTH, .number = error_replies),
    LINE("dump_payload_sanitizations", BOTH),
    LINE("total_reads_processed", BOTH, .number = reads),
    LINE("total_writes_processed", BOTH, .number = writes),
    LINE("io_threaded_reads_processed", BOTH),
    LINE("io_threaded_writes_processed", BOTH),
    LINE("io_threaded_freed_objects", VALKEY),
    LINE("io_threaded_accept_processed", VALKEY),
    LINE("io_threaded_poll_processed", VALKEY),
    LINE("io_threaded_total_prefetch_batches", VALKEY),
    LINE("io_threaded_total_prefetch_entries", VALKEY),
    LINE("client_query_buffer_limit_disconnections", BOTH, .number = query_disconnections),
    LINE("client_output_buffer_limit_disconnections", BOTH, .number = output_disconnections),
    LINE("reply_buffer_shrinks", BOTH),
    LINE("reply_buffer_expands", BOTH),
    LINE("eventloop_cycles", BOTH, .number = wakes),
    LINE("eventloop_duration_sum", BOTH, .number = busy_us),
    LINE("eventloop_duration_cmd_sum", BOTH, .number = requests_us),
    LINE("instantaneous_eventloop_cycles_per_sec", BOTH, .number = wakes_per_second),
    LINE("instantaneous_eventloop_duration_usec", BOTH, .number = us_per_wake),
    LINE("acl_access_denied_auth", BOTH, .number = refused_logins),
    LINE("acl_access_denied_cmd", BOTH, .number = refused_commands),
    LINE("acl_access_denied_key", BOTH),
    LINE("acl_access_denied_channel", BOTH, .number = refused_channels),
    LINE("acl_access_denied_tls_cert", VALKEY),
    LINE("acl_access_denied_db", VALKEY),
    LINE("vedette_probe_budget_per_sec", BOTH, .number = probe_budget),
    LINE("vedette_probe_stretched_ms", BOTH, .number = probe_stretched_ms),
    LINE("vedette_loop_busy_per_mille", BOTH, .number = busy_per_mille),
    LINE("vedette_loop_late_per_mille", BOTH, .number = late_per_mille),
    LINE("vedette_loop_longest_turn_us", BOTH, .number = longest_turn_us),
    LINE("vedette_stalls", BOTH, .number = stall_count),
    LINE("vedette_stall_longest_ms", BOTH, .number = stall_longest_ms),
    LINE("vedette_stall_last_ms", BOTH, .number = stall_last_ms),
    LINE("vedette_stall_last_seconds_ago", BOTH, .print = print_stall_age),
    LINE("vedette_peers_unsigned", BOTH, .number = peers_unsigned),
    LINE("vedette_refused_claims", BOTH, .number = refused_claims),
    LINE("vedette_refused_unsigned_hellos", BOTH, .number = refused_unsigned),
    LINE("vedette_refused_signatures", BOTH, .number = refused_seals),
    LINE("vedette_refused_votes", BOTH, .number = refused_votes),
    LINE("vedette_old_signed_hellos", BOTH, .number = old_hellos),
};

void info_print_stats(const struct server *s, struct buf *out) {
    print_lines(s, stat_lines, ARRAY_SIZE(stat_lines), out);
}

/* ---- # CPU ---- */

static void print_seconds(int64_t us, struct buf *out) {
    buf_add_i64(out, us / 1000000);
    buf_add_char(out, '.');
    add_digits(out, (uint64_t)us % 1000000, 6);
}

static void print_sys(const struct server *s, struct buf *out) {
    print_seconds(s->usage.sys_us, out);
}

static void print_user(const struct server *s, struct buf *out) {
    print_seconds(s->usage.user_us, out);
}

static void print_children_sys(const struct server *s, struct buf *out) {
    print_seconds(s->usage.children_sys_us, out);
}

static void print_children_user(const struct server *s, struct buf *out) {
    print_seconds(s->usage.children_user_us, out);
}

static void print_loop_sys(const struct server *s, struct buf *out) {
    print_seconds(s->usage.loop_sys_us, out);
}

static void print_loop_user(const struct server *s, struct buf *out) {
    print_seconds(s->usage.loop_user_us, out);
}

static void print_loop_busy(const struct server *s, struct buf *out) {
    print_seconds(s->usage.loop.busy_us, out);
}

static const struct line cpu_lines[] = {
    LINE("used_cpu_sys", BOTH, .print = print_sys),
    LINE("used_cpu_user", BOTH, .print = print_user),
    LINE("used_cpu_sys_children", BOTH, .print = print_children_sys),
    LINE("used_cpu_user_children", BOTH, .print = print_children_user),
    LINE("used_cpu_sys_main_thread", BOTH, .print = print_loop_sys),
    LINE("used_cpu_user_main_thread", BOTH, .print = print_loop_user),
    LINE("used_active_time_main_thread", VALKEY, .print = print_loop_busy),
};

void info_print_cpu(const struct server *s, struct buf *out) {
    print_lines(s, cpu_lines, ARRAY_SIZE(cpu_lines), out);
}
