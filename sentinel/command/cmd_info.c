/* INFO: the sections that a Sentinel has, with the lines that clients and tools read. Source:
 * spec 11.5. */
#include "sentinel/command/call.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/probe.h"

static void add_text(struct buf *out, const char *name, const char *text) {
    buf_printf(out, "%s:%s\r\n", name, text == NULL ? "" : text);
}

static void add_number(struct buf *out, const char *name, int64_t value) {
    buf_printf(out, "%s:%lld\r\n", name, (long long)value);
}

static void add_count(struct buf *out, const char *name, uint64_t value) {
    buf_printf(out, "%s:%llu\r\n", name, (unsigned long long)value);
}

static bool is_valkey(const struct server *s) {
    return s->core->settings.compat == COMPAT_VALKEY;
}

/* ---- # Server ---- */

static bool is_port_listed_before(const struct server *s, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (s->listen[i].port == s->listen[index].port)
            return true;
    }
    return false;
}

/* One line for each port, with all its addresses. */
static void add_listeners(const struct server *s, struct buf *out) {
    size_t number = 0;
    for (size_t i = 0; i < s->listen_count; i++) {
        if (is_port_listed_before(s, i))
            continue;
        buf_printf(out, "listener%zu:name=tcp", number++);
        for (size_t k = i; k < s->listen_count; k++) {
            if (s->listen[k].port == s->listen[i].port)
                buf_printf(out, ",bind=%s", s->listen[k].host);
        }
        buf_printf(out, ",port=%d\r\n", s->listen[i].port);
    }
}

static void print_server(const struct server *s, struct buf *out) {
    const struct process_facts *facts = s->facts;
    const struct now *now = &s->core->now;
    int64_t uptime_s = tstamp_age(now->mono_ms, s->started_ms) / 1000;
    add_text(out, "redis_version", SERVED_VERSION);
    if (is_valkey(s)) {
        add_text(out, "server_name", "valkey");
        add_text(out, "valkey_version", VALKEY_VERSION);
        add_text(out, "valkey_release_stage", "ga");
        add_text(out, "server_mode", "sentinel");
    } else {
        add_text(out, "redis_mode", "sentinel");
    }
    add_text(out, "vedette_version", VEDETTE_VERSION); /* by it a peer knows that we are one, too */
    add_text(out, "vedette_store", core_store_failed(s->core) ? "failed" : "ok");
    add_text(out, "os", facts->os);
    add_number(out, "arch_bits", facts->arch_bits);
    add_text(out, "monotonic_clock", "POSIX clock_gettime");
    add_text(out, "multiplexing_api", facts->multiplexer);
    add_text(out, "gcc_version", facts->compiler);
    add_number(out, "process_id", facts->process_id);
    add_text(out, "process_supervised", "no");
    add_text(out, "run_id", facts->run_id);
    add_number(out, "tcp_port", s->listen_count > 0 ? s->listen[0].port : 0);
    add_number(out, "server_time_usec", now->wall_ms * 1000);
    add_number(out, "uptime_in_seconds", uptime_s);
    add_number(out, "uptime_in_days", uptime_s / (24 * 3600));
    add_number(out, "hz", 10); /* tools expect the lines; there is no tick here */
    add_number(out, "configured_hz", 10);
    add_number(out, "lru_clock", now->wall_ms / 1000 & 0xffffff);
    add_text(out, "executable", facts->executable);
    add_text(out, "config_file", facts->config_file);
    add_listeners(s, out);
}

/* ---- # Clients ---- */

static void print_clients(const struct server *s, struct buf *out) {
    size_t longest_query = 0, longest_waiting = 0;
    map_for_each(session, &s->sessions, struct session) {
        longest_query = MAX_OF(longest_query, buf_size(&session->query));
        longest_waiting = MAX_OF(longest_waiting, buf_size(&session->waiting_bytes));
    }
    add_count(out, "connected_clients", map_count(&s->sessions));
    add_number(out, "cluster_connections", 0);
    add_count(out, "maxclients", server_allowed_clients(s));
    add_count(out, "client_recent_max_input_buffer", longest_query);
    add_count(out, "client_recent_max_output_buffer", longest_waiting);
    add_count(out, "blocked_clients", list_count(&s->parked));
    add_number(out, "tracking_clients", 0);
    add_count(out, "pubsub_clients", server_count_subscribers(s));
    add_number(out, "clients_in_timeout_table", 0);
}

/* ---- # Stats ---- */

/* Commands in the last full second. */
static uint64_t commands_per_second(const struct server *s) {
    int64_t second = s->core->now.mono_ms / 1000;
    if (second == s->stats.second)
        return s->stats.last_second;
    return second == s->stats.second + 1 ? s->stats.in_second : 0;
}

/* Times when we did not listen. */
static void print_stalls(const struct server *s, struct buf *out) {
    const struct stalls *stalls = &s->usage.stalls;
    int64_t ago_ms = tstamp_age(s->core->now.mono_ms, stalls->last_at_ms);
    add_count(out, "vedette_stalls", stalls->count);
    add_number(out, "vedette_stall_longest_ms", stalls->longest_ms);
    add_number(out, "vedette_stall_last_ms", stalls->last_ms);
    add_number(out, "vedette_stall_last_seconds_ago", stalls->count > 0 ? ago_ms / 1000 : -1);
}

static void print_stats(const struct server *s, struct buf *out) {
    const struct stats *stats = &s->stats;
    uint64_t refused = s->usage.clients.refused; /* the engine never heard of them */
    add_count(out, "total_connections_received", stats->connections + refused);
    add_count(out, "total_commands_processed", stats->commands);
    add_count(out, "instantaneous_ops_per_sec", commands_per_second(s));
    add_count(out, "total_net_input_bytes", stats->input_bytes);
    add_count(out, "total_net_output_bytes", stats->output_bytes);
    add_count(out, "rejected_connections", stats->rejected + refused);
    add_count(out, "pubsub_channels", pubsub_topic_count(&s->pubsub, PUBSUB_CHANNEL));
    add_count(out, "pubsub_patterns", pubsub_topic_count(&s->pubsub, PUBSUB_PATTERN));
    add_count(out, "total_error_replies", stats->errors);
    add_count(out, "total_reads_processed", stats->reads);
    add_count(out, "total_writes_processed", stats->writes);
    add_count(out, "vedette_probe_budget_per_sec", PROBE_BUDGET_PER_S);
    add_count(out, "vedette_probe_stretched_ms", (uint64_t)probe_stretched_interval(s->core));
    print_stalls(s, out);
}

/* ---- # CPU ---- */

static void add_seconds(struct buf *out, const char *name, int64_t us) {
    buf_printf(
        out, "%s:%lld.%06lld\r\n", name, (long long)(us / 1000000), (long long)(us % 1000000));
}

static void print_cpu(const struct server *s, struct buf *out) {
    add_seconds(out, "used_cpu_sys", s->usage.sys_us);
    add_seconds(out, "used_cpu_user", s->usage.user_us);
    add_seconds(out, "used_cpu_sys_children", s->usage.children_sys_us);
    add_seconds(out, "used_cpu_user_children", s->usage.children_user_us);
}

/* ---- # Sentinel ---- */

static const char *status_of(const struct group *g) {
    if (g->odown)
        return "odown";
    return g->master->sdown ? "sdown" : "ok";
}

/* Exactly the lines of the originals: tools split them without looking at names. */
static void print_sentinel(const struct server *s, struct buf *out) {
    const struct core *c = s->core;
    int64_t tilt_s = c->tilt ? tstamp_age(c->now.heard_ms, c->tilt_since_ms) / 1000 : -1;
    add_count(out, "sentinel_masters", map_count(&c->groups));
    add_number(out, "sentinel_tilt", c->tilt);
    add_number(out, "sentinel_tilt_since_seconds", tilt_s);
    if (is_valkey(s))
        add_count(out, "sentinel_total_tilt", c->tilt_count);
    add_number(out, "sentinel_running_scripts", (int64_t)c->scripts.running);
    add_number(out, "sentinel_scripts_queue_length", (int64_t)c->scripts.count);
    add_number(out, "sentinel_simulate_failure_flags", c->failures);
    size_t number = 0;
    map_for_each(g, &c->groups, struct group) {
        const struct address *address = &g->master->address;
        buf_printf(out, "master%zu:name=%s,status=%s,address=%s:%d,slaves=%zu,sentinels=%zu\r\n",
            number++, g->name, status_of(g), address_announced(c, address), address->given.port,
            g->replica_count, g->peer_count + 1);
    }
}

/* ---- # Vedette ---- */

/* The most that one client uses of its limits, and the oldest reply that waits. */
static void measure_clients(const struct server *s, uint64_t used[LIMIT_COUNT]) {
    map_for_each(session, &s->sessions, struct session) {
        used[LIMIT_QUERY_BUFFER] = MAX_OF(used[LIMIT_QUERY_BUFFER], buf_size(&session->query));
        used[LIMIT_PARKED_REPLIES] = MAX_OF(used[LIMIT_PARKED_REPLIES], session->waiting_count);
        used[LIMIT_SUBSCRIPTIONS] =
            MAX_OF(used[LIMIT_SUBSCRIPTIONS], session_subscription_count(session));
    }
    const struct heap_item *oldest = heap_first(&s->waits);
    if (oldest != NULL)
        used[LIMIT_PARKED_TIME] = (uint64_t)tstamp_age(s->core->now.mono_ms, oldest->at_ms);
    used[LIMIT_CLIENTS] = map_count(&s->sessions);
    used[LIMIT_OUTPUT_BUFFER] = s->usage.clients.longest_unread;
    used[LIMIT_CLIENT_MEMORY] = MAX_OF(s->held, s->usage.clients.unread);
}

/* The most that one link, for each of its owners, or group uses. */
static void measure_core(const struct core *c, uint64_t used[LIMIT_COUNT]) {
    for (size_t i = 0; i < c->link_count; i++) {
        const struct link *l = c->links[i];
        if (l == NULL || l->count == 0)
            continue;
        size_t owners = l->process != NULL ? process_refcount(l->process) : 1;
        uint64_t pending = (l->count + owners - 1) / owners;
        used[LIMIT_PENDING_COMMANDS] = MAX_OF(used[LIMIT_PENDING_COMMANDS], pending);
    }
    used[LIMIT_INFO_CACHE] = c->info_held;
    map_for_each(g, &c->groups, struct group) {
        used[LIMIT_PEERS] = MAX_OF(used[LIMIT_PEERS], g->peer_count);
        used[LIMIT_REPLICAS] = MAX_OF(used[LIMIT_REPLICAS], g->replica_count);
    }
}

/* How often each limit was acted on: by us, or by the shell. */
static uint64_t limit_hits(const struct server *s, enum limit limit) {
    uint64_t hits = s->core->limit_hits[limit];
    if (limit == LIMIT_CLIENTS)
        hits += s->usage.clients.refused;
    else if (limit == LIMIT_OUTPUT_BUFFER)
        hits += s->usage.clients.overflowed;
    else if (limit == LIMIT_CLIENT_MEMORY)
        hits += s->usage.clients.shed;
    return hits;
}

static void print_vedette(const struct server *s, struct buf *out) {
    uint64_t used[LIMIT_COUNT] = { 0 };
    measure_clients(s, used);
    measure_core(s->core, used);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit limit = (enum limit)i;
        buf_printf(out, "vedette_limit_%s:max=%lld,used=%llu,hits=%llu\r\n", limit_name(limit),
            (long long)s->core->settings.limits.max[limit], (unsigned long long)used[limit],
            (unsigned long long)limit_hits(s, limit));
    }
    add_count(out, "vedette_clients_evicted", s->usage.clients.evicted);
}

/* ---- the command ---- */

static const struct section {
    const char *name; /* as shown; asked for without case */
    void (*print)(const struct server *s, struct buf *out);
} section_table[] = {
    { "Server", print_server },
    { "Clients", print_clients },
    { "Stats", print_stats },
    { "CPU", print_cpu },
    { "Sentinel", print_sentinel },
    { "Vedette", print_vedette },
};

static bool stands_for_all(struct slice word) {
    return slice_is_nocase(word, "default") || slice_is_nocase(word, "all") ||
        slice_is_nocase(word, "everything");
}

static bool is_asked_for(const struct call *call, const struct section *section) {
    for (size_t i = 1; i < call->count; i++) {
        if (stands_for_all(call->args[i]) || slice_is_nocase(call->args[i], section->name))
            return true;
    }
    return call->count == 1;
}

void run_info(struct call *call) {
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(section_table); i++) {
        const struct section *section = &section_table[i];
        if (!is_asked_for(call, section))
            continue;
        if (buf_size(&text) > 0)
            buf_add_text(&text, "\r\n");
        buf_printf(&text, "# %s\r\n", section->name);
        section->print(call->server, &text);
    }
    resp_bulk(&call->reply, buf_slice(&text));
    buf_fini(&text);
}
