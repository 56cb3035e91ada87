/* INFO of a data server: the lines of a real one, in their order, as far as anybody could read
 * them. */
#include "tests/sim/names.h"
#include "tests/sim/schedule.h"
#include "tests/sim/server.h"

static int64_t now_us(const struct server *s) {
    return s->farm->net->schedule->now_us;
}

/* The host by which the server at this address is known. */
static struct endpoint told(const struct farm *f, const struct endpoint *address) {
    enum naming naming = f->tells_names ? NAMING_ANNOUNCED : NAMING_NONE;
    return names_of(naming, 's', names_host(address), address);
}

static void add_text(struct buf *out, const char *key, const char *value) {
    buf_add_text(out, key);
    buf_add_text(out, value);
}

static void add_number(struct buf *out, const char *key, uint64_t value) {
    buf_add_text(out, key);
    buf_add_u64(out, value);
}

static void add_signed(struct buf *out, const char *key, int64_t value) {
    buf_add_text(out, key);
    buf_add_i64(out, value);
}

static void add_replicas(const struct server *s, struct buf *out) {
    unsigned count = 0;
    for (int i = 0; i < s->farm->count; i++) {
        const struct server *r = &s->farm->servers[i];
        if (!r->alive || r->repl < REPL_SYNC || r->upstream != s)
            continue;
        const struct endpoint address = told(s->farm, &r->party.address);
        add_number(out, "slave", count++);
        add_text(out, ":ip=", address.host);
        add_number(out, ",port=", address.port);
        add_text(out, ",state=", r->repl == REPL_UP ? "online" : "wait_bgsave");
        add_number(out, ",offset=", r->data.offset);
        add_text(out, ",lag=", r->hung ? "5\r\n" : "0\r\n");
    }
}

static unsigned replica_count(const struct server *s) {
    unsigned count = 0;
    for (int i = 0; i < s->farm->count; i++) {
        const struct server *r = &s->farm->servers[i];
        count += r->alive && r->repl >= REPL_SYNC && r->upstream == s;
    }
    return count;
}

/* A replica without a place in its master's stream says 1. */
static uint64_t told_offset(const struct server *s) {
    bool has_none = s->has_lost_place || (s->repl == REPL_SYNC && s->is_full_sync);
    return has_none ? 1 : s->data.offset;
}

static void add_link(const struct server *s, struct buf *out) {
    bool is_up = s->repl == REPL_UP;
    int64_t heard_s = (now_us(s) - s->repl_heard_us) / US_PER_S;
    const struct endpoint master = told(s->farm, &s->master);
    add_text(out, "role:slave\r\nmaster_host:", master.host);
    add_number(out, "\r\nmaster_port:", master.port);
    add_text(out, "\r\nmaster_link_status:", is_up ? "up" : "down");
    add_signed(out, "\r\nmaster_last_io_seconds_ago:", is_up ? heard_s : -1);
    add_number(out, "\r\nmaster_sync_in_progress:", s->repl == REPL_SYNC);
    add_number(out, "\r\nslave_read_repl_offset:", told_offset(s));
    add_number(out, "\r\nslave_repl_offset:", told_offset(s));
    if (!is_up)
        add_signed(out, "\r\nmaster_link_down_since_seconds:",
            s->repl_down_us == 0 ? -1 : (now_us(s) - s->repl_down_us) / US_PER_S);
    add_signed(out, "\r\nslave_priority:", s->priority);
    add_number(out, "\r\nslave_read_only:1\r\nreplica_announced:", !s->is_hidden);
    buf_add_text(out, "\r\n");
}

void server_info(const struct server *s, struct buf *out) {
    buf_add_text(out, "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
    add_number(out, "process_id:", 1000 + s->incarnation);
    add_text(out, "\r\nrun_id:", s->run_id);
    add_number(out, "\r\ntcp_port:", s->party.address.port);
    add_number(out, "\r\n\r\n# Persistence\r\nloading:", s->trouble == TROUBLE_LOADING);
    buf_add_text(out, "\r\nasync_loading:0\r\n");
    buf_add_text(out, "\r\n# Replication\r\n");
    if (server_is_master(s))
        buf_add_text(out, "role:master\r\n");
    else
        add_link(s, out);
    add_number(out, "connected_slaves:", replica_count(s));
    buf_add_text(out, "\r\n");
    add_replicas(s, out);
    add_text(
        out, "master_failover_state:", s->hands_to != NULL ? "waiting-for-sync" : "no-failover");
    add_number(out, "\r\nmaster_repl_offset:", s->data.offset);
    buf_add_text(out, "\r\nsecond_repl_offset:-1\r\n");
    buf_add_text(out, "\r\n# CPU\r\nused_cpu_sys:0.010000\r\nused_cpu_user:0.020000\r\n");
}
