#include "sentinel/command/fields.h"

#include "common/resp.h"
#include "common/tstamp.h"
#include "sentinel/core/core.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/seal.h"

#include <string.h>

enum kind {
    MASTER = 1 << 0,
    REPLICA = 1 << 1,
    SENTINEL = 1 << 2,
    SERVER = MASTER | REPLICA,
    ALL = SERVER | SENTINEL,
};

/* What is described: a master or replica by its node, a Sentinel by its peer. */
struct subject {
    enum kind kind;
    const struct core *core;
    const struct group *group;
    const struct node *node; /* NULL for a Sentinel */
    const struct peer *peer; /* NULL for a server */
    const struct liveness *live;
};

/* ---- times ---- */

static int64_t age(const struct subject *s, int64_t mono_ms) {
    return tstamp_age(s->core->now.mono_ms, mono_ms);
}

static int64_t heard_age(const struct subject *s, int64_t heard_ms) {
    return tstamp_age(s->core->now.heard_ms, heard_ms);
}

/* ---- flags ---- */

static bool is_sdown(const struct subject *s) {
    return s->node != NULL ? s->node->sdown : s->peer->sdown;
}

static bool is_odown(const struct subject *s) {
    return s->kind == MASTER && s->group->odown;
}

static bool is_master(const struct subject *s) {
    return s->kind == MASTER;
}

static bool is_replica(const struct subject *s) {
    return s->kind == REPLICA;
}

static bool is_sentinel(const struct subject *s) {
    return s->kind == SENTINEL;
}

static bool is_disconnected(const struct subject *s) {
    return s->node != NULL ? node_is_disconnected(s->node)
                           : !link_is_usable(&s->peer->process->link);
}

static bool says_master_is_down(const struct subject *s) {
    return s->kind == SENTINEL && s->peer->master_down;
}

static bool is_in_failover(const struct subject *s) {
    return s->kind == MASTER && group_in_failover(s->group);
}

static bool is_promoted(const struct subject *s) {
    return s->kind == REPLICA && group_in_failover(s->group) &&
        s->group->attempt.selected == s->node;
}

static bool is_reconf_sent(const struct subject *s) {
    return s->kind == REPLICA && s->node->reconf == RECONF_SENT;
}

static bool is_reconf_in_progress(const struct subject *s) {
    return s->kind == REPLICA && s->node->reconf == RECONF_IN_PROGRESS;
}

static bool is_reconf_done(const struct subject *s) {
    return s->kind == REPLICA && s->node->reconf == RECONF_DONE;
}

static bool is_forced(const struct subject *s) {
    return is_in_failover(s) && s->group->attempt.forced;
}

static bool is_coordinated(const struct subject *s) {
    return is_in_failover(s) && s->group->attempt.coordinated;
}

static bool was_script_killed(const struct subject *s) {
    return s->node != NULL && s->node->script_kill_sent;
}

static bool has_rebooted(const struct subject *s) {
    return s->kind == MASTER && s->node->rebooted;
}

/* In the order in which they are printed. Source: spec 1.3. */
static const struct {
    const char *name;
    bool (*is_set)(const struct subject *s);
} flag_table[] = {
    { "s_down", is_sdown },
    { "o_down", is_odown },
    { "master", is_master },
    { "slave", is_replica },
    { "sentinel", is_sentinel },
    { "disconnected", is_disconnected },
    { "master_down", says_master_is_down },
    { "failover_in_progress", is_in_failover },
    { "promoted", is_promoted },
    { "reconf_sent", is_reconf_sent },
    { "reconf_inprog", is_reconf_in_progress },
    { "reconf_done", is_reconf_done },
    { "force_failover", is_forced },
    { "coordinated_failover", is_coordinated },
    { "script_kill_sent", was_script_killed },
    { "master_reboot", has_rebooted },
};

/* ---- printers ---- */

typedef void printer(const struct subject *s, struct resp_writer *w);

static void print_name(const struct subject *s, struct resp_writer *w) {
    if (s->kind == MASTER)
        resp_bulk_text(w, s->group->name);
    else
        resp_bulk_text(w, s->kind == REPLICA ? s->node->name : s->peer->process->id);
}

static const struct address *place_of(const struct subject *s) {
    return s->node != NULL ? &s->node->address : &s->peer->process->address;
}

static void print_ip(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, address_announced(s->core, place_of(s)));
}

static void print_port(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, place_of(s)->given.port);
}

static void print_run_id(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->node != NULL ? s->node->run_id : s->peer->process->id);
}

static void print_flags(const struct subject *s, struct resp_writer *w) {
    char text[256];
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_SIZE(flag_table); i++) {
        if (!flag_table[i].is_set(s))
            continue;
        if (size > 0)
            text[size++] = ',';
        struct slice name = slice_of(flag_table[i].name);
        memcpy(text + size, name.data, name.size);
        size += name.size;
    }
    resp_bulk(w, (struct slice){ .data = text, .size = size });
}

static void print_pending(const struct subject *s, struct resp_writer *w) {
    size_t count = s->node != NULL ? s->node->command.count + s->node->pubsub.count
                                   : s->peer->process->link.count;
    resp_bulk_u64(w, count);
}

static void print_refcount(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->node != NULL ? 1 : s->peer->process->peer_count);
}

static void print_failover_state(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, failover_state_name(s->group->attempt.state));
}

static void print_ping_sent(const struct subject *s, struct resp_writer *w) {
    int64_t since = s->live->unanswered_ms;
    resp_bulk_i64(w, since == 0 ? 0 : heard_age(s, since));
}

static void print_ok_reply(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, heard_age(s, s->live->available_ms));
}

static void print_any_reply(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, heard_age(s, s->live->pong_ms));
}

static void print_sdown_time(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, age(s, s->node != NULL ? s->node->sdown_since_ms : s->peer->sdown_since_ms));
}

static void print_odown_time(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, age(s, s->group->odown_since_ms));
}

static void print_down_after(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->group->settings.down_after_ms);
}

static void print_info_refresh(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->node->info_ms == 0 ? 0 : age(s, s->node->info_ms));
}

static void print_role(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->node->role_reported == ROLE_MASTER ? "master" : "slave");
}

static void print_role_time(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, age(s, s->node->role_since_ms));
}

static void print_config_epoch(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->group->config_epoch);
}

static void print_replica_count(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->group->replica_count);
}

static void print_peer_count(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->group->peer_count);
}

static void print_quorum(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->group->settings.quorum);
}

static void print_failover_timeout(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->group->settings.failover_timeout_ms);
}

static void print_parallel_syncs(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->group->settings.parallel_syncs);
}

static void print_master_link_down(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->node->master_link_down_ms);
}

static void print_master_link(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->node->master_link_up ? "ok" : "err");
}

static void print_master_host(const struct subject *s, struct resp_writer *w) {
    const char *host = s->node->master_host;
    resp_bulk_text(w, host[0] == '\0' ? "?" : host);
}

static void print_master_port(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->node->master_port);
}

static void print_priority(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, s->node->priority);
}

static void print_offset(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->node->repl_offset);
}

static bool has_notification_script(const struct subject *s) {
    return s->group->settings.notification_script != NULL;
}

static void print_notification_script(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->group->settings.notification_script);
}

static bool has_reconfig_script(const struct subject *s) {
    return s->group->settings.reconfig_script != NULL;
}

static void print_reconfig_script(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->group->settings.reconfig_script);
}

static void print_announced(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, s->node->announced ? "1" : "0");
}

static void print_hello_time(const struct subject *s, struct resp_writer *w) {
    resp_bulk_i64(w, age(s, s->peer->hello_ms));
}

static void print_voted_for(const struct subject *s, struct resp_writer *w) {
    const char *id = s->peer->voted_for;
    resp_bulk_text(w, id[0] == '\0' ? "?" : id);
}

static void print_voted_epoch(const struct subject *s, struct resp_writer *w) {
    resp_bulk_u64(w, s->peer->voted_epoch);
}

/* Only where there is a secret to sign with. */
static bool may_sign(const struct subject *s) {
    return seal_keys(s->core, s->group).size > 0;
}

static void print_signed(const struct subject *s, struct resp_writer *w) {
    resp_bulk_text(w, peer_signs(s->core, s->peer) ? "yes" : "no");
}

/* ---- the table ---- */

static const struct field {
    const char *name;
    unsigned kinds; /* enum kind */
    printer *print;
    bool (*is_present)(const struct subject *s); /* NULL = always */
} field_table[] = {
    { "name", ALL, print_name, NULL },
    { "ip", ALL, print_ip, NULL },
    { "port", ALL, print_port, NULL },
    { "runid", ALL, print_run_id, NULL },
    { "flags", ALL, print_flags, NULL },
    { "link-pending-commands", ALL, print_pending, NULL },
    { "link-refcount", ALL, print_refcount, NULL },
    { "failover-state", MASTER, print_failover_state, is_in_failover },
    { "last-ping-sent", ALL, print_ping_sent, NULL },
    { "last-ok-ping-reply", ALL, print_ok_reply, NULL },
    { "last-ping-reply", ALL, print_any_reply, NULL },
    { "s-down-time", ALL, print_sdown_time, is_sdown },
    { "o-down-time", MASTER, print_odown_time, is_odown },
    { "down-after-milliseconds", ALL, print_down_after, NULL },
    { "info-refresh", SERVER, print_info_refresh, NULL },
    { "role-reported", SERVER, print_role, NULL },
    { "role-reported-time", SERVER, print_role_time, NULL },
    { "config-epoch", MASTER, print_config_epoch, NULL },
    { "num-slaves", MASTER, print_replica_count, NULL },
    { "num-other-sentinels", MASTER, print_peer_count, NULL },
    { "quorum", MASTER, print_quorum, NULL },
    { "failover-timeout", MASTER, print_failover_timeout, NULL },
    { "parallel-syncs", MASTER, print_parallel_syncs, NULL },
    { "notification-script", MASTER, print_notification_script, has_notification_script },
    { "client-reconfig-script", MASTER, print_reconfig_script, has_reconfig_script },
    { "master-link-down-time", REPLICA, print_master_link_down, NULL },
    { "master-link-status", REPLICA, print_master_link, NULL },
    { "master-host", REPLICA, print_master_host, NULL },
    { "master-port", REPLICA, print_master_port, NULL },
    { "slave-priority", REPLICA, print_priority, NULL },
    { "slave-repl-offset", REPLICA, print_offset, NULL },
    { "replica-announced", REPLICA, print_announced, NULL },
    { "last-hello-message", SENTINEL, print_hello_time, NULL },
    { "voted-leader", SENTINEL, print_voted_for, NULL },
    { "voted-leader-epoch", SENTINEL, print_voted_epoch, NULL },
    { "signed", SENTINEL, print_signed, may_sign },
};

static bool has_field(const struct subject *s, const struct field *f) {
    return (f->kinds & s->kind) != 0 && (f->is_present == NULL || f->is_present(s));
}

static void print_map(struct resp_writer *w, const struct subject *s) {
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(field_table); i++)
        count += has_field(s, &field_table[i]);

    resp_map(w, count);
    for (size_t i = 0; i < ARRAY_SIZE(field_table); i++) {
        const struct field *f = &field_table[i];
        if (!has_field(s, f))
            continue;
        resp_bulk_text(w, f->name);
        f->print(s, w);
    }
}

void fields_of_master(struct resp_writer *w, const struct core *c, const struct group *g) {
    print_map(w,
        &(struct subject){
            .kind = MASTER, .core = c, .group = g, .node = g->master, .live = &g->master->live });
}

void fields_of_replica(struct resp_writer *w, const struct core *c, const struct node *replica) {
    print_map(w,
        &(struct subject){ .kind = REPLICA,
            .core = c,
            .group = replica->group,
            .node = replica,
            .live = &replica->live });
}

void fields_of_sentinel(struct resp_writer *w, const struct core *c, const struct peer *peer) {
    print_map(w,
        &(struct subject){ .kind = SENTINEL,
            .core = c,
            .group = peer->group,
            .peer = peer,
            .live = &peer->process->live });
}
