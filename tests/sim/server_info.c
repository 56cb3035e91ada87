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

static void add_replicas(const struct server *s, struct buf *out) {
    unsigned count = 0;
    for (int i = 0; i < s->farm->count; i++) {
        const struct server *r = &s->farm->servers[i];
        if (!r->alive || r->repl < REPL_SYNC || r->upstream != s)
            continue;
        buf_printf(out, "slave%u:ip=%s,port=%u,state=%s,offset=%llu,lag=%d\r\n", count++,
            told(s->farm, &r->party.address).host, r->party.address.port,
            r->repl == REPL_UP ? "online" : "wait_bgsave", (unsigned long long)r->data.offset,
            r->hung ? 5 : 0);
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
    buf_printf(out, "role:slave\r\nmaster_host:%s\r\nmaster_port:%u\r\nmaster_link_status:%s\r\n",
        told(s->farm, &s->master).host, s->master.port, is_up ? "up" : "down");
    buf_printf(out, "master_last_io_seconds_ago:%lld\r\nmaster_sync_in_progress:%d\r\n",
        (long long)(is_up ? heard_s : -1), s->repl == REPL_SYNC);
    buf_printf(out, "slave_read_repl_offset:%llu\r\nslave_repl_offset:%llu\r\n",
        (unsigned long long)told_offset(s), (unsigned long long)told_offset(s));
    if (!is_up)
        buf_printf(out, "master_link_down_since_seconds:%lld\r\n",
            s->repl_down_us == 0 ? -1LL : (long long)((now_us(s) - s->repl_down_us) / US_PER_S));
    buf_printf(out, "slave_priority:%lld\r\nslave_read_only:1\r\nreplica_announced:%d\r\n",
        (long long)s->priority, !s->is_hidden);
}

void server_info(const struct server *s, struct buf *out) {
    buf_add_text(out, "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
    buf_printf(out, "process_id:%llu\r\nrun_id:%s\r\ntcp_port:%u\r\n",
        1000 + (unsigned long long)s->incarnation, s->run_id, s->party.address.port);
    buf_printf(out, "\r\n# Persistence\r\nloading:%d\r\nasync_loading:0\r\n",
        s->trouble == TROUBLE_LOADING);
    buf_add_text(out, "\r\n# Replication\r\n");
    if (server_is_master(s))
        buf_add_text(out, "role:master\r\n");
    else
        add_link(s, out);
    buf_printf(out, "connected_slaves:%u\r\n", replica_count(s));
    add_replicas(s, out);
    buf_printf(out, "master_failover_state:%s\r\n",
        s->hands_to != NULL ? "waiting-for-sync" : "no-failover");
    buf_printf(out, "master_repl_offset:%llu\r\nsecond_repl_offset:-1\r\n",
        (unsigned long long)s->data.offset);
    buf_add_text(out, "\r\n# CPU\r\nused_cpu_sys:0.010000\r\nused_cpu_user:0.020000\r\n");
}
