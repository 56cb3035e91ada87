#include "common/mem.h"
#include "tests/bench/farm/farm.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#define US_PER_S 1000000LL

/* ---- what is said of each server ---- */

static int64_t up_ms(const struct server *s) {
    return farm_now_ms() - s->farm->started_ms;
}

static void add_run_id(const struct server *s, struct buf *out) {
    buf_add(out, s->run_id, RUN_ID_SIZE);
}

static void add_port(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->farm->port);
}

static void add_time(const struct server *s, struct buf *out) {
    (void)s;
    struct timeval now;
    (void)gettimeofday(&now, NULL);
    buf_add_i64(out, now.tv_sec * US_PER_S + now.tv_usec);
}

static void add_uptime(const struct server *s, struct buf *out) {
    buf_add_i64(out, up_ms(s) / 1000);
}

static void add_clients(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->conn_count);
}

static void add_accepted(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->accepted);
}

static void add_served(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->served);
}

static void add_bytes_in(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->bytes_in);
}

static void add_bytes_out(const struct server *s, struct buf *out) {
    buf_add_u64(out, s->bytes_out);
}

/* About what an idle server uses: a thousandth of the time. */
static void add_cpu(const struct server *s, struct buf *out) {
    buf_printf(out, "%.6f", (double)up_ms(s) / 1e6);
}

static void add_replicas(const struct server *s, int64_t now_ms, struct buf *out) {
    const struct server *group = s - s->member;
    const struct server *replicas[64];
    size_t count = 0;
    for (uint32_t i = 0; i < s->farm->group_size && count < ARRAY_SIZE(replicas); i++) {
        if (server_is_replica_of(&group[i], s, now_ms))
            replicas[count++] = &group[i];
    }
    buf_printf(out, "connected_slaves:%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        const struct server *r = replicas[i];
        char ip[16];
        int64_t lag_ms = r->health == HEALTH_HUNG ? now_ms - r->health_ms : 0;
        buf_printf(out, "slave%zu:ip=%s,port=%u,state=online,offset=%llu,lag=%lld\r\n", i,
            ip_text(r->ip, ip, sizeof(ip)), r->farm->port,
            (unsigned long long)server_offset(r, now_ms), (long long)(lag_ms / 1000));
    }
}

static void add_replication(const struct server *s, struct buf *out) {
    int64_t now_ms = farm_now_ms();
    uint64_t offset = server_offset(s, now_ms);
    if (server_is_master(s)) {
        buf_add_text(out, "role:master\r\n");
    } else {
        char ip[16];
        int64_t lost_ms = server_link_lost_ms(s, now_ms);
        int64_t heard_ms = server_heard_ms(s, now_ms);
        buf_printf(out, "role:slave\r\nmaster_host:%s\r\nmaster_port:%u\r\n",
            ip_text(s->master_ip, ip, sizeof(ip)), s->master_port);
        buf_printf(out,
            "master_link_status:%s\r\nmaster_last_io_seconds_ago:%lld\r\n"
            "master_sync_in_progress:0\r\nslave_read_repl_offset:%llu\r\nslave_repl_offset:%llu"
            "\r\n",
            lost_ms > 0 ? "down" : "up",
            (long long)(lost_ms > 0 ? -1 : MAX_OF((int64_t)0, now_ms - heard_ms) / 1000),
            (unsigned long long)offset, (unsigned long long)offset);
        if (lost_ms > 0)
            buf_printf(out, "master_link_down_since_seconds:%lld\r\n",
                (long long)(now_ms - lost_ms) / 1000);
        buf_add_text(out, "slave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\n");
    }
    add_replicas(s, now_ms, out);
    const struct server *first = s - s->member;
    buf_printf(out,
        "master_failover_state:no-failover\r\nmaster_replid:%s\r\n"
        "master_replid2:0000000000000000000000000000000000000000\r\nmaster_repl_offset:%llu\r\n"
        "second_repl_offset:-1\r\nrepl_backlog_active:1\r\nrepl_backlog_size:1048576\r\n"
        "repl_backlog_first_byte_offset:1\r\nrepl_backlog_histlen:%llu\r\n",
        first->run_id, (unsigned long long)offset, (unsigned long long)offset);
}

/* ---- the text ---- */

struct line {
    const char *name;
    void (*add)(const struct server *s, struct buf *out);
};

/* What is replaced: the value of a line, or the lines of a section. */
static const struct line LINES[] = {
    { "run_id", add_run_id },
    { "tcp_port", add_port },
    { "server_time_usec", add_time },
    { "uptime_in_seconds", add_uptime },
    { "connected_clients", add_clients },
    { "total_connections_received", add_accepted },
    { "total_commands_processed", add_served },
    { "total_net_input_bytes", add_bytes_in },
    { "total_net_output_bytes", add_bytes_out },
    { "total_reads_processed", add_served },
    { "total_writes_processed", add_served },
    { "used_cpu_sys", add_cpu },
    { "used_cpu_user", add_cpu },
    { "used_cpu_sys_main_thread", add_cpu },
    { "used_cpu_user_main_thread", add_cpu },
};

static const struct line REPLICATION = { "# Replication", add_replication };

/* A run of text as it is, and what comes behind it. */
struct piece {
    struct slice text; /* within info_text.text */
    const struct line *hole;
};

struct info_text {
    struct buf text;
    struct piece pieces[ARRAY_SIZE(LINES) + 2];
    size_t count;
};

/* The text from `from` to `to`, and a hole. */
static void cut(struct info_text *t, size_t from, size_t to, const struct line *hole) {
    t->pieces[t->count++] =
        (struct piece){ .text = { .data = buf_text(&t->text) + from, .size = to - from },
            .hole = hole };
}

static const struct line *line_named(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        if (slice_is(name, LINES[i].name))
            return &LINES[i];
    }
    return NULL;
}

/* Reads the lines with ends as on the wire. */
static bool read_lines(const char *path, struct buf *out) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    char line[1024];
    while (fgets(line, sizeof(line), file) != NULL) {
        buf_add_slice(out, slice_trim(slice_of(line)));
        buf_add_text(out, "\r\n");
    }
    bool is_read = ferror(file) == 0;
    (void)fclose(file);
    return is_read;
}

struct info_text *info_load(const char *path) {
    struct info_text *t = mem_new(struct info_text);
    if (!read_lines(path, &t->text)) {
        info_free(t);
        return NULL;
    }
    struct slice rest = buf_slice(&t->text);
    const char *start = rest.data;
    size_t done = 0; /* what is in pieces, or left out */
    bool in_replication = false;
    while (rest.size > 0 && t->count < ARRAY_SIZE(t->pieces) - 1) {
        struct slice line = slice_trim(slice_cut(&rest, '\n'));
        size_t begin = (size_t)(line.data - start), end = begin + line.size;
        if (in_replication && line.size == 0) {
            in_replication = false;
            done = begin;
        }
        if (slice_is(line, REPLICATION.name)) {
            cut(t, done, end + 2, &REPLICATION);
            in_replication = true;
        }
        struct slice value = line;
        const struct line *hole = line_named(slice_cut(&value, ':'));
        if (hole != NULL && !in_replication) {
            cut(t, done, (size_t)(value.data - start), hole);
            done = end;
        }
    }
    cut(t, done, buf_size(&t->text), NULL);
    return t;
}

void info_free(struct info_text *t) {
    if (t == NULL)
        return;
    buf_fini(&t->text);
    mem_free(t);
}

void info_add(const struct info_text *t, const struct server *s, struct buf *out) {
    for (size_t i = 0; i < t->count; i++) {
        buf_add_slice(out, t->pieces[i].text);
        if (t->pieces[i].hole != NULL)
            t->pieces[i].hole->add(s, out);
    }
}
