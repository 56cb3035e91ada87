#include "sentinel/core/hello.h"

#include "common/buf.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/election.h"
#include "sentinel/core/event.h"
#include "sentinel/core/heard.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/probe.h"
#include "sentinel/core/script.h"
#include "sentinel/core/seal.h"

#define FIELD_COUNT       8
#define SIGNED_COUNT      11
#define UNCOUNTED_MAX     65536 /* signed hellos of a peer between two writes of its counter */
#define HELLO_SIZE_MAX    1070  /* longer lines are cut, as the originals do */
#define ID_CLASH_PAUSE_MS 60000
#define HELLO_LATE_MS     500 /* a gap is longer than the period and that */

static bool is_host(struct slice s) {
    return host_is_ip(s) || host_is_name(s);
}

/* Epochs beyond the signed range would make every question of ours refused. */
static bool read_epoch(struct slice s, uint64_t *ret) {
    uint64_t value = slice_to_u64_lenient(s);
    if (value > INT64_MAX)
        return false;
    *ret = value;
    return true;
}

/* The three fields behind the eight. */
static bool read_signature(struct slice line, const struct slice *fields, struct hello *h) {
    h->is_signed = true;
    h->seal = fields[FIELD_COUNT + 2];
    h->sealed = slice_sub(line, 0, line.size - h->seal.size);
    return slice_is(fields[FIELD_COUNT], SIGNED_TAG) &&
        slice_to_u64(fields[FIELD_COUNT + 1], &h->counter) && h->counter > 0 &&
        h->counter <= INT64_MAX && h->seal.size == SEAL_SIZE;
}

bool hello_parse(struct slice line, struct hello *ret) {
    struct slice fields[SIGNED_COUNT], rest = line;
    size_t count = 0;
    while (rest.data != NULL) {
        struct slice field = slice_cut(&rest, ',');
        if (count == SIGNED_COUNT)
            return false;
        fields[count++] = field;
    }
    if (count != FIELD_COUNT && count != SIGNED_COUNT)
        return false;
    struct hello h = { .id = fields[2], .group = fields[4] };
    if (count == SIGNED_COUNT && !read_signature(line, fields, &h))
        return false;
    int64_t port = slice_to_i64_lenient(fields[1]);
    if (port <= 0 || !is_host(fields[0]) || !endpoint_make(fields[0], port, &h.sentinel) ||
        h.id.size != ID_LENGTH || !id_is_plausible(h.id))
        return false;
    if (!read_epoch(fields[3], &h.current_epoch) || !read_epoch(fields[7], &h.config_epoch))
        return false;
    int64_t master_port = slice_to_i64_lenient(fields[6]);
    h.master_is_valid =
        master_port > 0 && is_host(fields[5]) && endpoint_make(fields[5], master_port, &h.master);
    *ret = h;
    return true;
}

static struct endpoint our_address(const struct core *c, const char *local_host) {
    struct endpoint e = c->settings.announce;
    if (e.host[0] == '\0')
        slice_copy(slice_of(local_host), e.host, sizeof(e.host));
    if (e.port == 0)
        e.port = settings_announced_port(&c->settings);
    return e;
}

static bool is_our_address(const struct core *c, const struct endpoint *e) {
    for (size_t i = 0; i < ARRAY_SIZE(c->announced); i++)
        if (endpoint_equal(&c->announced[i], e))
            return true;
    return false;
}

static void add_field(struct buf *out, const char *text) {
    buf_add_text(out, text);
    buf_add_char(out, ',');
}

static void add_number(struct buf *out, uint64_t number) {
    buf_add_u64(out, number);
    buf_add_char(out, ',');
}

void hello_print(struct core *c, const struct group *g, const char *local_host, struct buf *out) {
    const struct address *master = &group_current_master(g)->address;
    struct endpoint self = our_address(c, local_host);
    add_field(out, self.host);
    add_number(out, self.port);
    add_field(out, c->id);
    add_number(out, PLANTED(EPOCH_TOLD_EARLY) ? c->current_epoch : c->durable_epoch);
    add_field(out, g->name);
    add_field(out, address_announced(c, master));
    add_number(out, master->given.port);
    buf_add_u64(out, g->config_epoch);
    if (buf_size(out) > HELLO_SIZE_MAX)
        buf_truncate(out, HELLO_SIZE_MAX);
    if (!is_our_address(c, &self))
        c->announced[c->announced_next++ % ARRAY_SIZE(c->announced)] = self;
}

void hello_sign(struct core *c, struct slice keys, struct buf *line) {
    char seal[DIGEST_HEX_SIZE];
    buf_add_text(line, "," SIGNED_TAG ",");
    add_number(line, seal_count(c));
    seal_make(keys, SEAL_HELLO, buf_slice(line), seal);
    buf_add_text(line, seal);
}

/* ---- whether a hello counts ---- */

/* A hello under our id: our own come back, or another process was given a copy of our state. */
static void on_own_id(struct core *c, const struct hello *h) {
    if (is_our_address(c, &h->sentinel) ||
        tstamp_is_recent(c->now.mono_ms, c->id_clash_ms, ID_CLASH_PAUSE_MS))
        return;
    c->id_clash_ms = c->now.mono_ms;
    core_log(c, LOG_WARNING,
        "WARNING: another process at %s:%u uses our id %s. Was a state folder or a configuration copied? Votes of the two "
        "count as one: stop one of them and give it a fresh state.",
        h->sentinel.host, (unsigned)h->sentinel.port, c->id);
}

/* A way back to unsigned hellos is open to none but the peer itself: it stops to sign, and is
 * believed again a while later. Until then nobody else can speak under its id, take it to another
 * address, or take its address. */
static bool is_of_signer(const struct core *c, const struct group *g, const struct hello *h) {
    if (!c->has_signers)
        return false;
    char id[ID_SIZE];
    slice_copy(h->id, id, sizeof(id));
    const struct address address = resolve_address(c, &h->sentinel);
    const struct peer *p = peer_find(g, id);
    if (p != NULL && peer_signs(c, p))
        return true;
    const struct process *process = map_get(&c->processes, h->id);
    if (process != NULL && process_signs(c, process) && !address_equal(&process->address, &address))
        return true;
    list_for_each(other, &g->peers, struct peer, of_group)
        if (other != p && process_signs(c, other->process) &&
            address_equal(&other->process->address, &address))
            return true;
    return false;
}

/* Of one that is heard of again, since it waited for a name, the number may be known: it is its
 * own. */
enum hearing { HEARD_NOW, HEARD_AGAIN };

static bool is_new(
    struct core *c, const struct group *g, const struct hello *h, enum hearing hearing) {
    char id[ID_SIZE];
    slice_copy(h->id, id, sizeof(id));
    const struct peer *p = peer_find(g, id);
    uint64_t last = p != NULL ? p->counter : group_heard(g, id);
    if (h->counter > last || PLANTED(REPLAY_TAKEN) ||
        (hearing == HEARD_AGAIN && h->counter == last))
        return true;
    doubt_count(c, DOUBT_REPLAY);
    return false;
}

/* A peer that signs, and is not strict yet, says each hello twice: that its unsigned line does not
 * count is nothing to be told of. */
static bool is_said_twice(const struct core *c, const struct group *g, const struct hello *h) {
    char id[ID_SIZE];
    slice_copy(h->id, id, sizeof(id));
    const struct peer *p = peer_find(g, id);
    const struct address address = resolve_address(c, &h->sentinel);
    return p != NULL && peer_signs(c, p) && address_equal(&p->process->address, &address);
}

static bool is_believed(
    struct core *c, const struct group *g, const struct hello *h, enum hearing hearing) {
    struct slice keys = seal_keys(c, g);
    if (h->is_signed) {
        if (keys.size == 0) /* not for us */
            return false;
        if (seal_find(c, keys, SEAL_HELLO, h->sealed, h->seal) != 0)
            return is_new(c, g, h, hearing);
        doubt_note(c, DOUBT_SEAL,
            "%s: hello of " SLICE_FMT " at %s:%u refused: not signed with our secret", g->name,
            SLICE_ARG(h->id), h->sentinel.host, (unsigned)h->sentinel.port);
        return false;
    }
    if (keys.size > 0 && seal_is_strict(c, g)) {
        if (is_said_twice(c, g, h))
            doubt_count(c, DOUBT_UNSIGNED);
        else
            doubt_note(c, DOUBT_UNSIGNED, "%s: hello of " SLICE_FMT " at %s:%u refused: not signed",
                g->name, SLICE_ARG(h->id), h->sentinel.host, (unsigned)h->sentinel.port);
        return false;
    }
    return !is_of_signer(c, g, h) || PLANTED(UNSIGNED_FOR_SIGNER);
}

/* ---- what becomes of it ---- */

static void persist_peer(struct core *c, struct peer *p) {
    core_persist(c,
        &(struct delta){
            .kind = DELTA_PEER,
            .group = slice_of(p->group->name),
            .id = slice_of(p->process->id),
            .address = p->process->address.given,
        });
    if (p->uncounted > 0)
        peer_persist_counter(c, p);
}

/* Notes what the hello proves of its sender; before it is persisted. */
static void note_signature(struct core *c, struct peer *p, const struct hello *h) {
    if (h->is_signed) {
        bool signed_before = peer_signs(c, p);
        p->counter = h->counter;
        p->signed_ms = p->process->signed_ms = c->now.mono_ms;
        c->has_signers = true;
        p->is_told_unsigned = false;
        p->uncounted++;
        if (!signed_before)
            challenge_now(c, p);
    } else if (seal_keys(c, p->group).size > 0 && !p->is_told_unsigned) {
        p->is_told_unsigned = true;
        core_log(c, LOG_NOTICE, "%s: sentinel %s does not sign its hellos", p->group->name,
            p->process->id);
    }
}

/* The process has a new address: in this group, and in the others that know it. */
static void move_peer(
    struct core *c, struct group *g, struct peer *p, const struct address *address) {
    struct process *process = p->process;
    event_of_group(c, EVENT_SENTINEL_ADDRESS_SWITCH, g, " ip %s port %u for %s",
        address_announced(c, address), (unsigned)address->given.port, process->id);
    process_move(c, process, &address->given);
    group_touch(c, g);
    size_t others = 0;
    list_for_each(other, &process->peers, struct peer, of_process) {
        persist_peer(c, other);
        others += other != p;
    }
    if (others > 0)
        event_of_peer(
            c, EVENT_SENTINEL_ADDRESS_UPDATE, p, " %zu additional matching instances", others);
}

/* Another process has taken this one's address: its id is gone for good. */
static void forget_process(struct core *c, struct peer *p) {
    struct process *process = p->process;
    event_of_peer(c, EVENT_SENTINEL_INVALID_ADDR, p, NULL);
    size_t left = process->peer_count;
    list_for_each(gone, &process->peers, struct peer, of_process) {
        core_persist(c,
            &(struct delta){ .kind = DELTA_PEER_GONE,
                .group = slice_of(gone->group->name),
                .id = slice_of(process->id) });
        group_touch(c, gone->group);
        bool last = --left == 0;
        peer_free(c, gone);
        if (last) /* the process went with it, and the list that we walk */
            break;
    }
}

/* Whether we are to know what the sender's host name means: not if it is the address that the peer
 * has already. */
static bool needs_address(const struct core *c, const struct group *g, const struct hello *h) {
    char id[ID_SIZE];
    slice_copy(h->id, id, sizeof(id));
    const struct peer *p = peer_find(g, id);
    const struct address address = resolve_address(c, &h->sentinel);
    return p == NULL || !address_equal(&p->process->address, &address);
}

/* The peer that the hello is from: found, moved or made. NULL if there is no room for it. */
static struct peer *meet(struct core *c, struct group *g, const struct hello *h) {
    const struct address address = resolve_address(c, &h->sentinel);
    char id[ID_SIZE];
    slice_copy(h->id, id, sizeof(id));
    struct peer *p = peer_find(g, id);
    if (p != NULL) {
        note_signature(c, p, h);
        if (!address_equal(&p->process->address, &address))
            move_peer(c, g, p, &address);
        return p;
    }
    list_for_each(other, &g->peers, struct peer, of_group)
        if (address_equal(&other->process->address, &address)) {
            forget_process(c, other);
            break;
        }
    if (g->peer_count >= (size_t)c->settings.limits.max[LIMIT_PEERS]) {
        group_turn_away(c, g, LIMIT_PEERS, id);
        return NULL;
    }
    p = peer_new(c, g, id, &h->sentinel);
    note_signature(c, p, h);
    if (!address_equal(
            &p->process->address, &address)) /* known to another group at an older address */
        move_peer(c, g, p, &address);
    election_meet_voter(c, p);
    event_of_peer(c, EVENT_SENTINEL, p, NULL);
    persist_peer(c, p);
    return p;
}

static void refuse_config(
    struct core *c, const struct group *g, const struct peer *p, const struct hello *h) {
    core_log(c, LOG_WARNING, "%s: configuration of epoch %llu from %s ignored: its master %s",
        g->name, (unsigned long long)h->config_epoch, p->process->id,
        h->master_is_valid ? "does not resolve" : "is no address");
}

/* The new master as we know it: by its name, if it is a replica that has one. */
static struct endpoint known_as(const struct group *g, const struct address *master) {
    const struct node *n = group_replica_at(g, master);
    return n != NULL && address_is_named(&n->address) ? n->address.given : master->given;
}

/* A word later than our own: the one that we promoted is not the master. */
static bool is_overtaken(const struct group *g, const struct hello *h) {
    return g->attempt.state >= FAILOVER_WAIT_PROMOTION && h->config_epoch >= g->attempt.epoch;
}

/* What clients have been told is the promoted one, as soon as its promotion is confirmed: they are
 * told of the way back as well. */
static void take_config(struct core *c, struct group *g, struct peer *p, const struct hello *h,
    const struct address *master) {
    const struct address *told = &group_current_master(g)->address;
    bool stays = address_equal(&g->master->address, master);
    core_raise_epoch(c, g, h->config_epoch);
    g->config_epoch = h->config_epoch;
    group_touch(c, g);
    if (h->is_signed)
        peer_persist_counter(c, p);
    if (stays && !is_overtaken(g, h)) {
        group_persist(c, g);
        return;
    }
    const struct endpoint given = stays ? g->master->address.given : known_as(g, master);
    event_of_peer(c, EVENT_CONFIG_UPDATE_FROM, p, NULL);
    if (!address_equal(told, master)) {
        event_switch(c, g, 0, told, master);
        script_reconfigure(c, g, SCRIPT_OBSERVER, told, master);
    }
    group_switch(c, g, &given);
}

/* An epoch is never taken without an address. Source: spec 5.4, step 6. */
static void adopt_config(struct core *c, struct group *g, struct peer *p, const struct hello *h,
    struct slice line, int64_t heard_ms) {
    const struct address master = resolve_address(c, &h->master);
    enum meaning meaning = MEANING_NONE;
    if (h->master_is_valid)
        meaning = address_equal(&g->master->address, &master)
            ? MEANING_KNOWN
            : resolve_look(c, slice_of(h->master.host));
    if (meaning == MEANING_KNOWN)
        take_config(c, g, p, h, &master);
    else if (meaning == MEANING_AWAITED)
        heard_hello(c, resolve_find(c, slice_of(h->master.host)), g, h->id, line, heard_ms);
    else
        refuse_config(c, g, p, h);
}

/* While we cannot resolve the name of our master, a peer of the same configuration can say where it
 * is. Epoch 0 is none: nobody elected its master, each has one from a file or an operator. Once a
 * promotion of ours is confirmed, the configuration is about the promoted one. */
static void learn_master(struct core *c, struct group *g, const struct hello *h) {
    struct node *master = g->master;
    if (group_current_master(g) == master && !address_is_resolved(&master->address) &&
        h->config_epoch == g->config_epoch && g->config_epoch != 0 && h->master_is_valid &&
        endpoint_is_ip(&h->master) && h->master.port == master->address.given.port)
        resolve_suggest(c, &master->name_user, h->master.host);
}

static void take(
    struct core *c, struct group *g, const struct hello *h, struct slice line, int64_t heard_ms) {
    struct peer *p = meet(c, g, h);
    core_raise_epoch(c, g, h->current_epoch);
    if (p == NULL)
        return;
    learn_master(c, g, h);
    if ((h->config_epoch > g->config_epoch || PLANTED(OLD_CONFIG_TAKEN)) && !g->frozen)
        adopt_config(c, g, p, h, line, heard_ms);
    if (tstamp_age(heard_ms, p->hello_ms) > c->periods.publish + HELLO_LATE_MS)
        p->resumed_ms = c->now.mono_ms;
    p->hello_ms = heard_ms;
    if (p->hello_config_epoch != h->config_epoch || !endpoint_equal(&p->hello_master, &h->master) ||
        g->wants_hellos) /* most say nothing new, to thousands of groups */
        group_touch(c, g);
    p->hello_config_epoch = h->config_epoch;
    p->hello_master = h->master;
    if (p->uncounted >= UNCOUNTED_MAX)
        peer_persist_counter(c, p);
}

static void receive(
    struct core *c, struct slice line, enum hello_via via, int64_t heard_ms, enum hearing hearing) {
    struct hello h;
    if (via == HELLO_BY_CHANNEL && slice_contains(line, slice_of(c->id))) {
        if (hello_parse(line, &h) && slice_equal(h.id, slice_of(c->id)))
            on_own_id(c, &h);
        return;
    }
    if (!hello_parse(line, &h))
        return;
    struct group *g = core_group(c, h.group);
    if (g == NULL)
        return;
    if (slice_equal(h.id, slice_of(c->id))) {
        on_own_id(c, &h);
        return;
    }
    if (!is_believed(c, g, &h, hearing) || !core_checks_epoch(c, h.current_epoch, h.id) ||
        !core_checks_epoch(c, h.config_epoch, h.id))
        return;
    const struct slice host = slice_of(h.sentinel.host);
    enum meaning meaning = needs_address(c, g, &h) ? resolve_look(c, host) : MEANING_KNOWN;
    if (meaning == MEANING_KNOWN)
        take(c, g, &h, line, heard_ms);
    else if (meaning == MEANING_AWAITED)
        heard_hello(c, resolve_find(c, host), g, h.id, line, heard_ms);
}

void hello_receive(struct core *c, struct slice line, enum hello_via via) {
    receive(c, line, via, c->now.mono_ms, HEARD_NOW);
}

void hello_go_on(struct core *c, struct slice line, int64_t heard_ms) {
    receive(c, line, HELLO_BY_PUBLISH, heard_ms, HEARD_AGAIN);
}
