#include "sentinel/core/info.h"

/* Value of "key:value", or false. */
static bool field(struct slice line, const char *key, struct slice *ret_value) {
    if (!slice_starts_with(line, key))
        return false;
    size_t size = slice_of(key).size;
    *ret_value = slice_sub(line, size, line.size - size);
    return true;
}

/* "slave0:ip=10.0.0.2,port=6380,..." or "slave0:10.0.0.2,6380,online" (very old servers). */
static void read_replica(struct slice line, struct info *ret) {
    struct slice value = line, host = SLICE_EMPTY;
    int64_t port = -1;
    (void)slice_cut(&value, ':');
    if (value.data == NULL || ret->replica_count == INFO_REPLICAS_MAX)
        return;
    if (slice_contains(value, SLICE_LITERAL("ip="))) {
        while (value.data != NULL) {
            struct slice part = slice_cut(&value, ','), text;
            if (field(part, "ip=", &text))
                host = text;
            else if (field(part, "port=", &text))
                port = slice_to_i64_lenient(text);
        }
    } else {
        host = slice_cut(&value, ',');
        if (value.data != NULL)
            port = slice_to_i64_lenient(slice_cut(&value, ','));
    }
    struct endpoint *e = &ret->replicas[ret->replica_count];
    if (port > 0 && endpoint_make(host, port, e))
        ret->replica_count++;
}

static bool is_replica_line(struct slice line) {
    return slice_starts_with(line, "slave") && line.size > 6 && line.data[5] >= '0' &&
        line.data[5] <= '9';
}

/* What a server says of its master and of itself as a replica; counts only below a role:slave line.
 */
static void read_replica_field(struct slice line, struct info *ret) {
    struct slice v;
    if (field(line, "master_host:", &v)) {
        ret->master_host = v;
    } else if (field(line, "master_port:", &v)) {
        ret->has_master_port = true;
        ret->master_port = slice_to_i64_lenient(v);
    } else if (field(line, "master_link_status:", &v)) {
        ret->has_link_status = true;
        ret->master_link_up = slice_is_nocase(v, "up");
    } else if (field(line, "slave_priority:", &v)) {
        ret->has_priority = true;
        ret->priority = slice_to_i64_lenient(v);
    } else if (field(line, "slave_repl_offset:", &v)) {
        ret->has_offset = true;
        ret->offset = slice_to_u64_lenient(v);
    } else if (field(line, "replica_announced:", &v)) {
        ret->has_announced = true;
        ret->announced = slice_to_i64_lenient(v) != 0;
    }
}

void info_parse(struct slice text, struct info *ret) {
    struct slice rest = text, v;

    ret->run_id = SLICE_EMPTY;
    ret->role = INFO_ROLE_NONE;
    ret->has_link_down = false;
    ret->link_down_ms = 0;
    ret->master_host = SLICE_EMPTY;
    ret->has_master_port = ret->has_link_status = ret->has_priority = ret->has_offset =
        ret->has_announced = false;
    ret->failover = SLICE_EMPTY;
    ret->replica_count = 0;
    while (rest.data != NULL) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (field(line, "run_id:", &v)) {
            if (v.size >= ID_LENGTH)
                ret->run_id = slice_sub(v, 0, ID_LENGTH);
        } else if (field(line, "role:", &v)) {
            if (slice_is(v, "master"))
                ret->role = INFO_ROLE_MASTER;
            else if (slice_is(v, "slave"))
                ret->role = INFO_ROLE_REPLICA;
        } else if (field(line, "master_link_down_since_seconds:", &v)) {
            int64_t seconds = slice_to_i64_lenient(v);
            if (__builtin_mul_overflow(seconds, 1000, &ret->link_down_ms))
                ret->link_down_ms = INT64_MAX;
            ret->has_link_down = true;
        } else if (field(line, "master_failover_state:", &v)) {
            ret->failover = v;
        } else if (is_replica_line(line) && !slice_starts_with(line, "slave_")) {
            read_replica(line, ret);
        } else if (ret->role == INFO_ROLE_REPLICA) {
            read_replica_field(line, ret);
        }
    }
}
