/* What a stock Sentinel reads in INFO, and does about it (spec 9). */
#include "tests/sim/stock_parts.h"

#include <string.h>

#define S_TO_MS 1000

/* The value of a line "<name>:<value>"; data NULL if it is another line. */
static struct slice value_of(struct slice line, const char *name) {
    size_t size = strlen(name);
    if (!slice_starts_with(line, name) || line.size <= size || line.data[size] != ':')
        return (struct slice){ .data = NULL };
    return slice_sub(line, size + 1, line.size);
}

static void take_run_id(struct stock *s, struct stock_instance *i, struct slice id) {
    if (id.size < ID_LENGTH || slice_is(slice_sub(id, 0, ID_LENGTH), i->run_id))
        return;
    if (i->run_id[0] != '\0') {
        stock_tell_of(s, "+reboot", i);
        if (i->kind == STOCK_MASTER && i->group->settings->reboot_down_after_ms > 0) {
            i->rebooted = true;
            i->rebooted_ms = stock_ms(s);
        }
    }
    slice_copy(slice_sub(id, 0, ID_LENGTH), i->run_id, sizeof(i->run_id));
}

/* "slave0:ip=10.0.0.2,port=6380,state=online,..." (spec 9.4). */
static void take_replica(struct stock *s, struct stock_group *g, struct slice line) {
    struct slice host = SLICE_EMPTY;
    int64_t port = 0;
    (void)slice_cut(&line, ':');
    while (line.size > 0) {
        struct slice value = slice_cut(&line, ','), name = slice_cut(&value, '=');
        if (slice_is(name, "ip"))
            host = value;
        else if (slice_is(name, "port"))
            port = slice_to_i64_lenient(value);
    }
    struct endpoint address;
    if (!endpoint_make(host, port, &address) || port == 0)
        return;
    struct stock_instance *i = stock_add_replica(s, g, &address);
    if (i == NULL)
        return;
    stock_tell_of(s, "+slave", i);
    stock_write_file(s);
}

/* Lines that only count behind a role:slave (spec 9.2). */
static void take_replica_line(struct stock *s, struct stock_instance *i, struct slice line) {
    struct slice value;
    struct endpoint *m = &i->reported_master;
    if ((value = value_of(line, "master_host")).data != NULL) {
        if (slice_is_nocase(value, m->host))
            return;
        slice_copy(value, m->host, sizeof(m->host));
        i->conf_changed_ms = stock_ms(s);
    } else if ((value = value_of(line, "master_port")).data != NULL) {
        uint16_t port = (uint16_t)slice_to_u64_lenient(value);
        if (port == m->port)
            return;
        m->port = port;
        i->conf_changed_ms = stock_ms(s);
    } else if ((value = value_of(line, "master_link_status")).data != NULL) {
        i->link_is_up = slice_is_nocase(value, "up");
    } else if ((value = value_of(line, "slave_priority")).data != NULL) {
        i->priority = slice_to_i64_lenient(value);
    } else if ((value = value_of(line, "slave_repl_offset")).data != NULL) {
        i->offset = slice_to_u64_lenient(value);
    }
}

static enum stock_role read_lines(struct stock *s, struct stock_instance *i, struct slice text) {
    enum stock_role role = STOCK_ROLE_NONE;
    i->link_down_ms = 0;
    while (text.size > 0) {
        struct slice line = slice_trim(slice_cut(&text, '\n')), value;
        if ((value = value_of(line, "run_id")).data != NULL)
            take_run_id(s, i, value);
        else if (i->kind == STOCK_MASTER && slice_starts_with(line, "slave") && line.size > 6 &&
            line.data[5] >= '0' && line.data[5] <= '9')
            take_replica(s, i->group, line);
        else if ((value = value_of(line, "master_link_down_since_seconds")).data != NULL)
            i->link_down_ms = slice_to_i64_lenient(value) * S_TO_MS;
        else if (slice_is(line, "role:master"))
            role = STOCK_ROLE_MASTER;
        else if (slice_is(line, "role:slave"))
            role = STOCK_ROLE_REPLICA;
        else if (role == STOCK_ROLE_REPLICA)
            take_replica_line(s, i, line);
    }
    i->info_ms = stock_ms(s);
    return role;
}

static void note_role(struct stock *s, struct stock_instance *i, enum stock_role role) {
    if (role == i->role)
        return;
    i->role = role;
    i->role_since_ms = stock_ms(s);
    if (role == STOCK_ROLE_REPLICA)
        i->conf_changed_ms = stock_ms(s);
    bool is_its_own = (role == STOCK_ROLE_MASTER && i->kind == STOCK_MASTER) ||
        (role == STOCK_ROLE_REPLICA && i->kind == STOCK_REPLICA);
    stock_tell(s, i->group, is_its_own ? "+role-change" : "-role-change", i,
        "new reported role is %s", role == STOCK_ROLE_MASTER ? "master" : "slave");
}

/* ---- corrections outside of a failover (spec 8.9) ---- */

static bool is_sane(const struct stock *s, const struct stock_instance *master) {
    return master->role == STOCK_ROLE_MASTER && !master->sdown && !master->odown &&
        stock_ms(s) - master->info_ms < 2 * s->settings.periods.info;
}

static bool was_up_for(const struct stock *s, const struct stock_instance *i, int64_t ms) {
    int64_t since_ms = MAX_OF(i->sdown_since_ms, i->odown_since_ms);
    return since_ms == 0 || stock_ms(s) - since_ms > ms;
}

static void demote_rogue(struct stock *s, struct stock_instance *i) {
    struct stock_instance *master = i->group->master;
    int64_t wait_ms = 4 * s->settings.periods.publish;
    if (!i->promoted && is_sane(s, master) && was_up_for(s, i, wait_ms) &&
        stock_ms(s) - i->role_since_ms > wait_ms && stock_order_follow(s, i, &master->address))
        stock_tell_of(s, "+convert-to-slave", i);
}

static void lead_back(struct stock *s, struct stock_instance *i) {
    struct stock_instance *master = i->group->master;
    int64_t wait_ms = i->group->settings->failover_timeout_ms;
    if (endpoint_equal(&i->reported_master, &master->address))
        return;
    if (is_sane(s, master) && was_up_for(s, i, wait_ms) &&
        stock_ms(s) - i->conf_changed_ms > wait_ms && stock_order_follow(s, i, &master->address))
        stock_tell_of(s, "+fix-slave-config", i);
}

void stock_take_info(struct stock *s, struct stock_instance *i, const struct resp_value *reply) {
    if (reply->type != RESP_BULK)
        return;
    enum stock_role role = read_lines(s, i, reply->text);
    note_role(s, i, role);
    if (s->tilt || i->kind != STOCK_REPLICA)
        return;
    if (role == STOCK_ROLE_MASTER) {
        if (i->promoted && i->group->in_failover && i->group->state == STOCK_WAIT_PROMOTION)
            stock_promotion_seen(s, i);
        else
            demote_rogue(s, i);
    } else if (role == STOCK_ROLE_REPLICA) {
        lead_back(s, i);
        stock_reconf_progress(s, i);
    }
}
