#include "sentinel/core/event.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/slice.h"
#include "sentinel/core/core.h"
#include "sentinel/core/script.h"

#include <stdarg.h>

/* Source: spec 12.2. docs/events.md is made from it. */
const struct event_row event_table[EVENT_COUNT] = {
    [EVENT_MONITOR] = { "+monitor", LOG_WARNING, "<master> quorum <quorum>",
        "a group is watched from now on" },
    [EVENT_UNMONITOR] = { "-monitor", LOG_WARNING, "<master>", "a group was removed" },
    [EVENT_RESET_MASTER] = { "+reset-master", LOG_WARNING, "<master>", "a group was reset" },
    [EVENT_SET] = { "+set", LOG_WARNING, "<master> <option> <value>",
        "an option was changed by SENTINEL SET; a password shows as stars" },
    [EVENT_OVERRIDE_DROPPED] = { "-override", LOG_WARNING,
        "<master> <option> <old value> <new value>",
        "a value set at runtime gave way to a changed configuration file; of an option of the "
        "process: `#process` in place of the master" },
    [EVENT_REPLICA] = { "+slave", LOG_NOTICE, "<replica>",
        "a replica was found, or kept through a switch" },
    [EVENT_SENTINEL] = { "+sentinel", LOG_NOTICE, "<sentinel>", "a peer was found" },
    [EVENT_SENTINEL_ADDRESS_SWITCH] = { "+sentinel-address-switch", LOG_NOTICE,
        "<master> ip <ip> port <port> for <id>", "a known peer has a new address" },
    [EVENT_SENTINEL_ADDRESS_UPDATE] = { "+sentinel-address-update", LOG_NOTICE,
        "<sentinel> <n> additional matching instances",
        "the new address of a peer was taken over in other groups" },
    [EVENT_SENTINEL_INVALID_ADDR] = { "+sentinel-invalid-addr", LOG_NOTICE, "<sentinel>",
        "another peer took this one's address; this one is forgotten" },
    [EVENT_REBOOT] = { "+reboot", LOG_NOTICE, "<server>", "the run id of a server changed" },
    [EVENT_ROLE_CHANGE] = { "+role-change", LOG_VERBOSE,
        "<server> new reported role is <master or slave>",
        "a server reports the role that it is listed with" },
    [EVENT_ROLE_CHANGE_WRONG] = { "-role-change", LOG_VERBOSE,
        "<server> new reported role is <master or slave>",
        "a server reports another role than it is listed with" },
    [EVENT_SDOWN] = { "+sdown", LOG_WARNING, "<any>",
        "silent for longer than down-after, as seen from here" },
    [EVENT_SDOWN_OVER] = { "-sdown", LOG_WARNING, "<any>", "answers again" },
    [EVENT_ODOWN] = { "+odown", LOG_WARNING, "<master> #quorum <votes>/<quorum>",
        "a quorum agrees that the master is down" },
    [EVENT_ODOWN_OVER] = { "-odown", LOG_WARNING, "<master>",
        "the quorum does not agree any more" },
    [EVENT_NEW_EPOCH] = { "+new-epoch", LOG_WARNING, "<epoch>",
        "a higher epoch was adopted or made" },
    [EVENT_VOTE_FOR_LEADER] = { "+vote-for-leader", LOG_WARNING, "<id> <epoch>",
        "a vote was given" },
    [EVENT_TRY_FAILOVER] = { "+try-failover", LOG_WARNING, "<master>",
        "this process asks for votes to replace the master" },
    [EVENT_ABORT_NOT_ELECTED] = { "-failover-abort-not-elected", LOG_WARNING, "<master>",
        "the attempt did not find a majority, or had to be given up before a promotion was sent" },
    [EVENT_ELECTED_LEADER] = { "+elected-leader", LOG_WARNING, "<master>",
        "this process leads the failover" },
    [EVENT_STATE_SELECT] = { "+failover-state-select-slave", LOG_WARNING, "<master>",
        "a replica is being chosen" },
    [EVENT_ABORT_NO_GOOD_REPLICA] = { "-failover-abort-no-good-slave", LOG_WARNING, "<master>",
        "no replica may be promoted" },
    [EVENT_SELECTED_REPLICA] = { "+selected-slave", LOG_WARNING, "<replica>",
        "this replica was chosen" },
    [EVENT_STATE_SEND_PROMOTION] = { "+failover-state-send-slaveof-noone", LOG_NOTICE, "<replica>",
        "the promotion is about to be sent" },
    [EVENT_ABORT_REPLICA_TIMEOUT] = { "-failover-abort-slave-timeout", LOG_WARNING, "<master>",
        "the chosen replica was not promoted in time" },
    [EVENT_ABORT_MASTER_TIMEOUT] = { "-failover-abort-master-timeout", LOG_WARNING, "<master>",
        "the master could not be told to hand over in a coordinated failover" },
    [EVENT_STATE_WAIT_PROMOTION] = { "+failover-state-wait-promotion", LOG_NOTICE, "<replica>",
        "the promotion was sent" },
    [EVENT_PROMOTED_REPLICA] = { "+promoted-slave", LOG_WARNING, "<replica>",
        "the chosen replica reports that it is a master" },
    [EVENT_STATE_RECONF] = { "+failover-state-reconf-slaves", LOG_WARNING, "<master>",
        "the other replicas are being told" },
    [EVENT_RECONF_SENT] = { "+slave-reconf-sent", LOG_NOTICE, "<replica>",
        "this replica was told to follow the new master" },
    [EVENT_RECONF_IN_PROGRESS] = { "+slave-reconf-inprog", LOG_NOTICE, "<replica>",
        "it reports the new master" },
    [EVENT_RECONF_DONE] = { "+slave-reconf-done", LOG_NOTICE, "<replica>",
        "its link to the new master is up" },
    [EVENT_RECONF_SENT_TIMEOUT] = { "-slave-reconf-sent-timeout", LOG_NOTICE, "<replica>",
        "it does not report the new master in time" },
    [EVENT_RECONF_SENT_AGAIN] = { "+slave-reconf-sent-be", LOG_NOTICE, "<replica>",
        "told once more at a forced end" },
    [EVENT_END_FOR_TIMEOUT] = { "+failover-end-for-timeout", LOG_WARNING, "<master>",
        "not all replicas followed in time" },
    [EVENT_FAILOVER_END] = { "+failover-end", LOG_WARNING, "<master>", "the failover is over" },
    [EVENT_CONFIG_UPDATE_FROM] = { "+config-update-from", LOG_WARNING, "<sentinel>",
        "a newer configuration came from this peer" },
    [EVENT_SWITCH_MASTER] = { "+switch-master", LOG_WARNING,
        "<group> <old ip> <old port> <new ip> <new port>",
        "the group has a new master: clients should follow" },
    [EVENT_CONVERT_TO_REPLICA] = { "+convert-to-slave", LOG_NOTICE, "<replica>",
        "a returned master was told to follow the present one" },
    [EVENT_FIX_REPLICA_CONFIG] = { "+fix-slave-config", LOG_NOTICE, "<replica>",
        "a replica of a wrong master was told to follow the right one" },
    [EVENT_TILT] = { "+tilt", LOG_WARNING, "#tilt mode entered",
        "this process did not run for a while: it watches, but does not act" },
    [EVENT_TILT_OVER] = { "-tilt", LOG_WARNING, "#tilt mode exited", "it acts again" },
    [EVENT_SCRIPT_ERROR] = { "-script-error", LOG_WARNING, "<path> <signal> <exit status>",
        "a script failed and is not run again, or (`99 0`) the system gave no process for it" },
    [EVENT_SCRIPT_TIMEOUT] = { "-script-timeout", LOG_WARNING, "<path> <pid>",
        "a script ran for too long and was killed" },
    [EVENT_SCRIPT_CHILD] = { "+script-child", LOG_DEBUG, "<pid>", "a script was started" },
    [EVENT_SCRIPT_CHILD_OVER] = { "-script-child", LOG_DEBUG, "<pid> <exit status> <signal>",
        "a script has ended" },
    [EVENT_COMMAND_RECONNECTION] = { "-cmd-link-reconnection", LOG_DEBUG, "<any> #<reason>",
        "a command connection failed" },
    [EVENT_PUBSUB_RECONNECTION] = { "-pubsub-link-reconnection", LOG_DEBUG, "<any> #<reason>",
        "a pub/sub connection failed" },
};

#define PAYLOAD_MAX 1024 /* longer payloads are cut, as the originals do */

static void add_address(const struct core *c, struct buf *out, const struct address *a) {
    buf_add_char(out, ' ');
    buf_add_text(out, address_announced(c, a));
    buf_add_char(out, ' ');
    buf_add_u64(out, a->given.port);
}

static void add_group(const struct core *c, struct buf *out, const struct group *g) {
    buf_add_text(out, " @ ");
    buf_add_text(out, g->name);
    add_address(c, out, &g->master->address);
}

void details_of_node(const struct core *c, const struct node *n, struct buf *out) {
    if (n->kind == ROLE_MASTER) {
        buf_add_text(out, "master ");
        buf_add_text(out, n->group->name);
        add_address(c, out, &n->address);
        return;
    }
    buf_add_text(out, "slave ");
    buf_add_text(out, n->name);
    add_address(c, out, &n->address);
    add_group(c, out, n->group);
}

void details_of_peer(const struct core *c, const struct peer *p, struct buf *out) {
    buf_add_text(out, "sentinel ");
    buf_add_text(out, p->process->id);
    add_address(c, out, &p->process->address);
    add_group(c, out, p->group);
}

static void emit(
    struct core *c, enum event ev, const struct group *g, uint64_t after, struct buf *payload) {
    struct slice text = slice_sub(buf_slice(payload), 0, PAYLOAD_MAX);
    after = core_is_durable(c, after) ? 0 : after;
    if (g != NULL && event_table[ev].level == LOG_WARNING)
        script_notify(c, g, event_table[ev].name, text, after);
    struct effect *e = effects_add(c->out, EFFECT_EVENT);
    e->event = event_table[ev].name;
    e->level = event_table[ev].level;
    e->after = after;
    e->group = g != NULL ? effects_copy(c->out, slice_of(g->name)) : SLICE_EMPTY;
    e->text = effects_copy(c->out, text);
}

#define EMIT_WITH_DETAILS(details, subject, group) \
    do { \
        struct buf payload CLEANUP(buf_fini) = BUF_INIT; \
        details(c, subject, &payload); \
        if (format != NULL) { \
            va_list args; \
            va_start(args, format); \
            buf_vprintf(&payload, format, args); \
            va_end(args); \
        } \
        emit(c, ev, group, 0, &payload); \
    } while (0)

void event_of_node(struct core *c, enum event ev, const struct node *n, const char *format, ...) {
    EMIT_WITH_DETAILS(details_of_node, n, n->group);
}

void event_of_group(struct core *c, enum event ev, const struct group *g, const char *format, ...) {
    EMIT_WITH_DETAILS(details_of_node, g->master, g);
}

void event_of_peer(struct core *c, enum event ev, const struct peer *p, const char *format, ...) {
    EMIT_WITH_DETAILS(details_of_peer, p, p->group);
}

void event_plain(
    struct core *c, enum event ev, const struct group *g, uint64_t after, const char *format, ...) {
    struct buf payload CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&payload, format, args);
    va_end(args);
    emit(c, ev, g, after, &payload);
}

void event_note(struct core *c, const char *format, ...) {
    struct buf note CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&note, format, args);
    va_end(args);
    struct effect *e = &c->out->items[c->out->count - 1];
    ensure(e->kind == EFFECT_EVENT);
    e->note = effects_copy(c->out, buf_slice(&note));
}

void event_switch(struct core *c, const struct group *g, uint64_t after, const struct address *from,
    const struct address *to) {
    event_plain(c, EVENT_SWITCH_MASTER, g, after, "%s %s %u %s %u", g->name,
        address_announced(c, from), (unsigned)from->given.port, address_announced(c, to),
        (unsigned)to->given.port);
}

void core_log(struct core *c, enum log_level level, const char *format, ...) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    struct effect *e = effects_add(c->out, EFFECT_LOG);
    e->level = level;
    e->text = effects_copy(c->out, buf_slice(&text));
}
