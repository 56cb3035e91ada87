/* INFO: the sections that a Sentinel has, with the lines that clients and tools read. Source:
 * spec 11.5. */
#include "sentinel/command/call.h"
#include "sentinel/command/info_lines.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* Without printf, which took most of the time of an INFO. */

static void add_number(struct buf *out, const char *name, int64_t value) {
    buf_add_text(out, name);
    buf_add_char(out, ':');
    buf_add_i64(out, value);
    buf_add_text(out, "\r\n");
}

static void add_count(struct buf *out, const char *name, uint64_t value) {
    add_number(out, name, (int64_t)MIN_OF(value, (uint64_t)INT64_MAX));
}

/* One of several facts on a line. */
static void add_part(struct buf *out, const char *name, uint64_t value) {
    buf_add_text(out, name);
    buf_add_u64(out, value);
}

static bool is_valkey(const struct server *s) {
    return core_compat(s->core) == COMPAT_VALKEY;
}

/* ---- # Sentinel ---- */

static const char *status_of(const struct group *g) {
    if (g->odown)
        return "odown";
    return g->master->sdown ? "sdown" : "ok";
}

static void print_master(
    const struct core *c, const struct group *g, size_t number, struct buf *out) {
    const struct address *address = &g->master->address;
    add_part(out, "master", number);
    buf_add_text(out, ":name=");
    buf_add_text(out, g->name);
    buf_add_text(out, ",status=");
    buf_add_text(out, status_of(g));
    buf_add_text(out, ",address=");
    buf_add_text(out, address_announced(c, address));
    add_part(out, ":", address->given.port);
    add_part(out, ",slaves=", g->replica_count);
    add_part(out, ",sentinels=", g->peer_count + 1);
    buf_add_text(out, "\r\n");
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
    map_for_each(g, &c->groups, struct group)
        print_master(c, g, number++, out);
}

/* ---- # Vedette ---- */

/* The most that one client, or one address, uses of its limits, and the oldest reply that waits. */
static void measure_clients(const struct server *s, uint64_t used[LIMIT_COUNT]) {
    map_for_each(session, &s->sessions, struct session) {
        used[LIMIT_QUERY_BUFFER] = MAX_OF(used[LIMIT_QUERY_BUFFER], buf_size(&session->query));
        used[LIMIT_PARKED_REPLIES] = MAX_OF(used[LIMIT_PARKED_REPLIES], session->waiting_count);
        used[LIMIT_SUBSCRIPTIONS] =
            MAX_OF(used[LIMIT_SUBSCRIPTIONS], session_subscription_count(session));
    }
    map_for_each(origin, &s->origins.by_network, struct origin) {
        used[LIMIT_CLIENTS_PER_ADDRESS] = MAX_OF(used[LIMIT_CLIENTS_PER_ADDRESS], origin->clients);
        used[LIMIT_FAILED_LOGINS] =
            MAX_OF(used[LIMIT_FAILED_LOGINS], origin_failures(origin, s->core->now.mono_ms));
    }
    const struct heap_item *oldest = heap_first(&s->waits);
    if (oldest != NULL)
        used[LIMIT_PARKED_TIME] = (uint64_t)tstamp_age(s->core->now.mono_ms, oldest->at_ms);
    used[LIMIT_CLIENTS] = map_count(&s->sessions);
    used[LIMIT_OUTPUT_BUFFER] = s->usage.clients.longest_unread;
    used[LIMIT_HANDSHAKES] = s->usage.clients.handshakes;
    used[LIMIT_CLIENT_MEMORY] = MAX_OF(s->held, s->usage.clients.unread);
}

/* The most that one link, for each of its owners, or group uses. */
static void measure_core(const struct core *c, uint64_t used[LIMIT_COUNT]) {
    for (size_t i = 0; i < c->link_count; i++) {
        const struct link *l = c->links[i];
        if (l == NULL || l->count == 0)
            continue;
        size_t owners = l->process != NULL ? l->process->peer_count : 1;
        uint64_t pending = (l->count + owners - 1) / owners;
        used[LIMIT_PENDING_COMMANDS] = MAX_OF(used[LIMIT_PENDING_COMMANDS], pending);
    }
    used[LIMIT_INFO_CACHE] = c->info_texts.held;
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
    else if (limit == LIMIT_HANDSHAKES)
        hits += s->usage.clients.handshakes_cut;
    return hits;
}

/* Where descriptors are few some groups are not watched: room.h. */
static void print_descriptors(const struct server *s, struct buf *out) {
    add_part(out, "vedette_descriptors:max=", s->usage.descriptors.max);
    add_part(out, ",needed=", room_needed_descriptors(s->core));
    add_part(out, ",starved=", s->usage.descriptors.starved);
    buf_add_text(out, "\r\n");
    add_count(out, "vedette_groups_waiting", s->core->room.waiting_count);
}

static void print_memory(const struct server *s, struct buf *out) {
    add_part(out, "vedette_memory:allowed=", s->usage.memory.allowed);
    add_part(out, ",used=", s->usage.memory.used);
    buf_add_text(out, "\r\n");
}

static void print_vedette(const struct server *s, struct buf *out) {
    uint64_t used[LIMIT_COUNT] = { 0 };
    measure_clients(s, used);
    measure_core(s->core, used);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit limit = (enum limit)i;
        buf_add_text(out, "vedette_limit_");
        buf_add_text(out, limit_name(limit));
        add_part(out, ":max=", (uint64_t)s->core->settings.limits.max[limit]);
        add_part(out, ",used=", used[limit]);
        add_part(out, ",hits=", limit_hits(s, limit));
        buf_add_text(out, "\r\n");
    }
    add_count(out, "vedette_clients_evicted", s->usage.clients.evicted);
    print_descriptors(s, out);
    print_memory(s, out);
}

/* ---- the command ---- */

static const struct section {
    const char *name; /* as shown; asked for without case */
    void (*print)(const struct server *s, struct buf *out);
} section_table[] = {
    { "Server", info_print_server },
    { "Clients", info_print_clients },
    { "Stats", info_print_stats },
    { "CPU", info_print_cpu },
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

#define INFO_USUAL ((size_t)8 * 1024) /* bytes of all sections with a few groups */

void run_info(struct call *call) {
    struct buf text = BUF_INIT;
    buf_reserve(&text, INFO_USUAL);
    for (size_t i = 0; i < ARRAY_SIZE(section_table); i++) {
        const struct section *section = &section_table[i];
        if (!is_asked_for(call, section))
            continue;
        if (buf_size(&text) > 0)
            buf_add_text(&text, "\r\n");
        buf_add_text(&text, "# ");
        buf_add_text(&text, section->name);
        buf_add_text(&text, "\r\n");
        section->print(call->server, &text);
    }
    resp_bulk(&call->reply, buf_slice(&text));
    buf_fini(&text);
}
