#include "tests/sim/watch.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/input.h"
#include "tests/lib/sealed.h"
#include "tests/sim/world.h"

#include <string.h>

void watch_fini(struct watch *k) {
    for (size_t i = 0; i < k->link_capacity; i++)
        mem_free(k->links[i].asked);
    mem_free(k->links);
}

static int64_t heard_ms(const struct vedette *v) {
    return v->now.heard_ms;
}

/* ---- whom we know ---- */

int watch_peer(struct watch *k, const char *id) {
    for (int i = 0; i < k->peer_count; i++)
        if (strcmp(k->peer_ids[i], id) == 0)
            return i;
    if (k->peer_count == WATCH_PEERS_MAX)
        return -1;
    slice_copy(slice_of(id), k->peer_ids[k->peer_count], ID_SIZE);
    return k->peer_count++;
}

struct watched_answer *watch_answer(struct watch *k, const struct peer *p) {
    static struct watched_answer nobody;
    int peer = watch_peer(k, p->process->id);
    int group = world_group_named(slice_of(p->group->name));
    nobody = (struct watched_answer){ .epoch = 0 };
    return peer < 0 ? &nobody : &k->groups[group].answers[peer];
}

static const struct server *server_at(const struct watch *k, const struct endpoint *address) {
    return farm_at(&k->world->farm, address);
}

static int number_of(const struct watch *k, const struct server *s) {
    return s == NULL ? -1 : (int)(s - k->world->farm.servers);
}

/* Known by name and by IP, until it turns out that they are one. */
static bool has_two_entries(
    const struct watch *k, const struct vedette *v, const struct server *s) {
    const struct group *g = vedette_group(v, s->group);
    int entries = 0;
    if (g == NULL)
        return false;
    list_for_each(n, &g->replicas, struct node, siblings)
        entries += server_at(k, &n->address.given) == s;
    return entries > 1 || (entries == 1 && server_at(k, &g->master->address.given) == s);
}

/* What is on its way was asked for the entry of before. */
static void forget_infos(struct watch *k, int number) {
    for (size_t i = 0; i < k->link_capacity; i++) {
        struct watched_link *x = &k->links[i];
        for (size_t a = 0; x->server == number && a < x->count; a++)
            if (x->asked[a].kind == ASKED_INFO)
                x->asked[a].kind = ASKED_OTHER;
    }
}

/* An entry of a server is made, and knows nothing of it; a connection may stay. */
static void forget_server(
    struct watch *k, const struct vedette *v, int number, enum node_role kind) {
    if (number < 0)
        return;
    struct watched_server *s = &k->servers[number];
    forget_infos(k, number);
    *s = (struct watched_server){
        .is_open = s->is_open,
        .has_messages = s->has_messages,
        .up_ms = s->is_open ? v->now.mono_ms : s->up_ms,
        .good_heard_ms = heard_ms(v),
        .good_sent_ms = v->now.mono_ms,
        .silence = { .since_ms = heard_ms(v), .fresh_ms = heard_ms(v) },
        .is_double = has_two_entries(k, v, &k->world->farm.servers[number]),
        .says_master = kind == ROLE_MASTER,
        .role_ms = v->now.mono_ms,
        .follows_ms = v->now.mono_ms,
        .priority = 100,
    };
}

static void forget_group(struct watch *k, const struct vedette *v, int group) {
    const struct farm *f = &k->world->farm;
    const struct group *g = vedette_group(v, group);
    int master = g == NULL ? -1 : number_of(k, server_at(k, &g->master->address.given));
    for (int i = f->first[group]; i < f->first[group + 1]; i++)
        forget_server(k, v, i, i == master ? ROLE_MASTER : ROLE_REPLICA);
    k->groups[group] = (struct watched_group){ .master = master };
}

static void meet(struct watch *k, const struct vedette *v, const char *id) {
    int peer = watch_peer(k, id);
    if (peer >= 0 && k->peer_silence[peer].fresh_ms == 0)
        k->peer_silence[peer] =
            (struct watched_silence){ .since_ms = heard_ms(v), .fresh_ms = heard_ms(v) };
}

void watch_start(struct watch *k, const struct vedette *v) {
    watch_fini(k);
    *k = (struct watch){ .world = v->world };
    for (int group = 0; group < v->world->group_count; group++)
        forget_group(k, v, group);
    map_for_each(p, &vedette_core(v)->processes, struct process)
        meet(k, v, p->id);
}

struct watched_server *watch_subject(
    struct watch *k, const struct effect *e, const struct server **ret) {
    struct slice rest = e->text, kind = slice_cut(&rest, ' ');
    (void)slice_cut(&rest, ' '); /* its name */
    struct slice host = slice_cut(&rest, ' '), port = slice_cut(&rest, ' ');
    struct endpoint address;
    int64_t number;
    bool is_server = slice_is(kind, "master") || slice_is(kind, "slave");
    *ret = NULL;
    if (is_server && slice_to_i64(port, &number) && endpoint_make(host, number, &address))
        *ret = server_at(k, &address);
    return *ret == NULL ? NULL : &k->servers[number_of(k, *ret)];
}

bool watch_is_silent(const struct watched_silence *s, int64_t heard_ms, int64_t limit_ms) {
    return s->since_ms != 0 && heard_ms - s->since_ms > limit_ms;
}

/* ---- links ---- */

static struct watched_link *link_of(struct watch *k, struct link_id id, uint64_t incarnation) {
    struct watched_link *x = id.value < k->link_capacity ? &k->links[id.value] : NULL;
    return x != NULL && x->incarnation == incarnation && incarnation != 0 ? x : NULL;
}

static struct watched_silence *silence_of(struct watch *k, const struct watched_link *x) {
    if (!x->is_command)
        return NULL;
    if (x->server >= 0)
        return &k->servers[x->server].silence;
    return x->peer >= 0 ? &k->peer_silence[x->peer] : NULL;
}

static void on_open(struct watch *k, const struct vedette *v, const struct effect *e) {
    size_t known = k->link_capacity;
    mem_grow(&k->links, &k->link_capacity, (size_t)e->link.value + 1, sizeof(*k->links));
    if (k->link_capacity > known)
        memset(k->links + known, 0, (k->link_capacity - known) * sizeof(*k->links));
    struct watched_link *x = &k->links[e->link.value];
    const struct link *l = vedette_core(v)->links[e->link.value - 1];
    bool is_peer = l != NULL && l->process != NULL && l->incarnation == e->incarnation;
    x->incarnation = e->incarnation;
    x->count = 0;
    x->is_command = e->purpose == LINK_COMMAND;
    x->is_up = false;
    x->peer = is_peer ? watch_peer(k, l->process->id) : -1;
    x->server = is_peer ? -1 : number_of(k, server_at(k, &e->address));
    if (is_peer)
        meet(k, v, l->process->id);
    if (x->server < 0)
        return;
    struct watched_server *s = &k->servers[x->server];
    s->has_messages |= !x->is_command;
}

/* A server that has two entries for a while has two of each kind. */
static bool has_another(const struct watch *k, const struct watched_link *x) {
    for (size_t i = 0; i < k->link_capacity; i++) {
        const struct watched_link *other = &k->links[i];
        if (other != x && other->incarnation != 0 && other->server == x->server &&
            other->is_command == x->is_command && (other->is_up || !x->is_command))
            return true;
    }
    return false;
}

static void on_end(struct watch *k, const struct vedette *v, struct watched_link *x) {
    struct watched_silence *silence = silence_of(k, x);
    if (silence != NULL && silence->since_ms == 0)
        silence->since_ms = heard_ms(v);
    if (x->server >= 0 && x->is_command)
        k->servers[x->server].is_open = has_another(k, x);
    else if (x->server >= 0)
        k->servers[x->server].has_messages = has_another(k, x);
    x->incarnation = 0;
    x->count = 0;
}

static void on_refusal(struct watch *k, const struct watched_link *x) {
    if (x->server < 0 || !x->is_command)
        return;
    const struct server *is = &k->world->farm.servers[x->server];
    int64_t until_us = is->alive ? is->started_us : k->world->schedule.now_us;
    struct watched_server *s = &k->servers[x->server];
    s->refused_dead_us = MAX_OF(s->refused_dead_us, until_us - is->dead_us);
}

static void on_up(struct watch *k, const struct vedette *v, struct watched_link *x) {
    x->is_up = true;
    if (x->server < 0 || !x->is_command)
        return;
    k->servers[x->server].is_open = true;
    k->servers[x->server].up_ms = v->now.mono_ms;
}

/* ---- what is asked ---- */

static struct asked asked_by(const struct vedette *v, const struct effect *e) {
    struct asked a = { .tag = e->tag, .sent_ms = v->now.mono_ms };
    const struct request *r = &e->requests[0];
    if (e->request_count != 1)
        return a;
    if (slice_is(r->words[0], "PING")) {
        a.kind = ASKED_PING;
    } else if (slice_is(r->words[0], "INFO") && r->word_count == 1) {
        a.kind = ASKED_INFO;
    } else if (r->word_count == 6 && slice_is(r->words[1], "is-master-down-by-addr")) {
        a.kind = ASKED_QUESTION;
        (void)slice_to_i64(r->words[3], &a.group);
        a.group -= SERVER_PORT;
        const struct group *g = vedette_group(v, (int)a.group);
        a.serial = g != NULL ? g->serial : 0;
        if (!slice_is(r->words[5], "*"))
            (void)slice_to_u64(r->words[4], &a.epoch);
    }
    return a;
}

static void on_send(struct watch *k, const struct vedette *v, const struct effect *e) {
    struct watched_link *x = link_of(k, e->link, e->incarnation);
    if (x == NULL)
        return;
    mem_grow(&x->asked, &x->capacity, x->count + 1, sizeof(*x->asked));
    x->asked[x->count++] = asked_by(v, e);
    struct watched_silence *silence = silence_of(k, x);
    if (x->asked[x->count - 1].kind == ASKED_PING && silence != NULL && silence->since_ms == 0)
        silence->since_ms = heard_ms(v);
}

/* ---- what is answered ---- */

static void on_pong(struct watch *k, const struct vedette *v, const struct watched_link *x,
    const struct resp_value *value) {
    bool is_text = value->type == RESP_STATUS || value->type == RESP_ERROR;
    bool is_pong = is_text && slice_starts_with(value->text, "PONG");
    bool is_good = is_pong ||
        (is_text &&
            (slice_starts_with(value->text, "LOADING") ||
                slice_starts_with(value->text, "MASTERDOWN")));
    if (!is_good)
        return;
    silence_of(k, x)->since_ms = 0;
    if (x->server < 0)
        return;
    struct watched_server *s = &k->servers[x->server];
    s->good_heard_ms = heard_ms(v);
    s->good_sent_ms = k->answered.sent_ms;
    s->refused_dead_us = 0;
    s->has_answered |= s->is_down && s->fell_silent;
    if (is_pong)
        s->rebooted_ms = 0;
}

static bool value_of(struct slice line, const char *key, struct slice *ret) {
    if (!slice_starts_with(line, key))
        return false;
    size_t size = strlen(key);
    *ret = slice_sub(line, size, line.size - size);
    return true;
}

static void note_run_id(struct watched_server *s, struct slice id, int64_t now_ms) {
    if (slice_is(id, s->run_id))
        return;
    if (s->run_id[0] != '\0')
        s->rebooted_ms = now_ms;
    s->said_replica = false;
    s->turned_ms = 0;
    slice_copy(id, s->run_id, sizeof(s->run_id));
}

/* Whoever starts as a master was not promoted. */
static void note_role(struct watched_server *s, bool is_master, int64_t now_ms) {
    bool has_turned = is_master && s->said_replica;
    s->said_replica = !is_master;
    if (is_master == s->says_master)
        return;
    if (!is_master)
        s->follows_ms = now_ms;
    s->says_master = is_master;
    s->turned_ms = has_turned ? now_ms : 0;
    s->role_ms = now_ms;
}

static void on_info(struct watch *k, const struct vedette *v, int number, struct slice text) {
    struct watched_server *s = &k->servers[number];
    const int64_t now_ms = v->now.mono_ms;
    struct endpoint follows = s->follows;
    struct slice rest = text, value;
    bool is_in_failover = false, is_replica = false;
    s->info_ms = now_ms;
    s->info_sent_ms = k->answered.sent_ms;
    s->link_down_ms = 0;
    while (rest.data != NULL) {
        struct slice line = slice_trim(slice_cut(&rest, '\n'));
        if (value_of(line, "run_id:", &value)) {
            note_run_id(s, value, now_ms);
        } else if (value_of(line, "role:", &value)) {
            is_replica = slice_is(value, "slave");
            note_role(s, !is_replica, now_ms);
        } else if (value_of(line, "master_failover_state:", &value)) {
            is_in_failover = !slice_is(value, "no-failover");
        } else if (!is_replica) {
            continue;
        } else if (value_of(line, "master_host:", &value)) {
            slice_copy(value, follows.host, sizeof(follows.host));
        } else if (value_of(line, "master_port:", &value)) {
            follows.port = (uint16_t)slice_to_u64_lenient(value);
        } else if (value_of(line, "master_link_status:", &value)) {
            s->link_is_up = slice_is(value, "up");
        } else if (value_of(line, "master_link_down_since_seconds:", &value)) {
            s->link_down_ms = slice_to_i64_lenient(value) * 1000;
        } else if (value_of(line, "slave_repl_offset:", &value)) {
            s->offset = slice_to_u64_lenient(value);
        } else if (value_of(line, "slave_priority:", &value)) {
            s->priority = slice_to_i64_lenient(value);
        }
    }
    if (!endpoint_equal(&follows, &s->follows))
        s->follows_ms = now_ms;
    s->follows = follows;
    if (!is_in_failover)
        s->own_failover_ms = 0;
    else if (s->own_failover_ms == 0)
        s->own_failover_ms = now_ms;
}

static void on_answer(
    struct watch *k, const struct vedette *v, int peer, const struct resp_value *value) {
    const struct asked *asked = &k->answered;
    const struct group *g = vedette_group(v, (int)asked->group);
    if (value->type != RESP_ARRAY || value->count != 3 || peer < 0)
        return;
    if (g == NULL || g->serial != asked->serial || peer_find(g, k->peer_ids[peer]) == NULL)
        return; /* of one that was forgotten */
    struct watched_answer *a = &k->groups[asked->group].answers[peer];
    const struct resp_value *e = value->elements;
    a->says_down = e[0].integer == 1;
    a->down_asked_ms = asked->sent_ms;
    a->told_ms = v->now.mono_ms;
    if (slice_is(e[1].text, "*") || e[1].text.size >= CANDIDATE_MAX || e[2].integer < 0)
        return;
    slice_copy(e[1].text, a->candidate, sizeof(a->candidate));
    a->epoch = (uint64_t)e[2].integer;
    a->answered_epoch = asked->epoch;
}

static void on_reply(struct watch *k, const struct vedette *v, const struct input *in) {
    struct watched_link *x = link_of(k, in->link, in->incarnation);
    if (x == NULL || x->count == 0)
        return;
    k->answered = x->asked[0];
    memmove(x->asked, x->asked + 1, --x->count * sizeof(*x->asked));
    switch (k->answered.kind) {
    case ASKED_OTHER:
        break;
    case ASKED_PING:
        if (silence_of(k, x) != NULL)
            on_pong(k, v, x, &in->value);
        break;
    case ASKED_INFO:
        if (x->server >= 0 && in->value.type == RESP_BULK)
            on_info(k, v, x->server, in->value.text);
        break;
    case ASKED_QUESTION:
        on_answer(k, v, x->peer, &in->value);
        break;
    }
}

/* Where there is a secret: of one that signs what it signs, each line once, whatever came unsigned
 * and by another way meanwhile. */
static bool is_to_count(const struct vedette *v, int group, const struct hello *h) {
    struct slice keys = file_keys(&v->file, group);
    const struct group *g = vedette_group(v, group);
    char id[ID_SIZE];
    if (keys.size == 0 || g == NULL)
        return !h->is_signed;
    const struct peer *p = peer_find(g, slice_copy(h->id, id, sizeof(id)));
    if (!h->is_signed)
        return !file_is_strict(&v->file, group) && (p == NULL || !peer_signs(vedette_core(v), p));
    return hello_is_sealed(keys, h) && (p == NULL || h->counter > p->counter);
}

void watch_hello(struct watch *k, const struct vedette *v, struct slice text, bool waits) {
    struct hello h;
    char id[ID_SIZE];
    if (!hello_parse(text, &h) || slice_is(h.id, v->id))
        return;
    int group = world_group_named(h.group), peer = watch_peer(k, slice_copy(h.id, id, sizeof(id)));
    if (group < 0 || peer < 0)
        return;
    if (!is_to_count(v, group, &h))
        return;
    struct watched_answer *a = &k->groups[group].answers[peer];
    a->hello_config_epoch = h.config_epoch;
    a->hello_ms = v->now.mono_ms;
    if (waits)
        a->held[a->held_count++ % WATCH_HELD_MAX] =
            (struct held_hello){ .config_epoch = h.config_epoch, .came_ms = v->now.mono_ms };
}

void watch_input(struct watch *k, const struct vedette *v, const struct input *in) {
    struct watched_link *x = NULL;
    k->answered = (struct asked){ .tag = 0 };
    switch (in->kind) {
    case INPUT_REPLY:
        on_reply(k, v, in);
        break;
    case INPUT_MESSAGE:
        if (link_of(k, in->link, in->incarnation) != NULL)
            watch_hello(k, v, in->payload, false);
        break;
    case INPUT_LINK_UP:
        if ((x = link_of(k, in->link, in->incarnation)) != NULL)
            on_up(k, v, x);
        break;
    case INPUT_LINK_LOST:
        if ((x = link_of(k, in->link, in->incarnation)) == NULL)
            break;
        if (in->refused)
            on_refusal(k, x);
        on_end(k, v, x);
        break;
    default: /* the others tell nothing of anybody */
        break;
    }
}

/* ---- events ---- */

/* A newer configuration, or a reset: what was before it delays nothing any more. */
static void clear(struct watched_group *g) {
    if (!g->attempt.is_on)
        g->attempt.begun_ms = 0;
    g->cut_short_ms = MAX_OF(g->cut_short_ms, g->other_vote_ms);
    g->other_vote_ms = 0;
    g->retries = 0;
}

static void on_attempt(struct watch *k, const struct vedette *v, int group) {
    const struct group *g = vedette_group(v, group);
    if (g == NULL)
        return;
    const struct attempt *a = &g->attempt;
    struct watched_attempt now = {
        .is_on = true,
        .serial = a->serial,
        .is_forced = a->forced,
        /* It may be over in the same step. */
        .is_coordinated = a->coordinated || (a->state == FAILOVER_NONE && !g->odown),
        .begun_ms = v->now.mono_ms,
    };
    list_for_each(p, &g->peers, struct peer, of_group) {
        if (!p->sdown)
            continue;
        int peer = watch_peer(k, p->process->id);
        now.absent |= 1U << MAX_OF(peer, 0);
    }
    k->groups[group].attempt = now;
}

/* An entry was made; if that is so because the group has another master, the master is new as well.
 * "slave <name> <host> <port> @ <group> <host> <port>" */
static void on_replica(struct watch *k, const struct vedette *v, const struct effect *e) {
    const struct server *s;
    struct endpoint address;
    int64_t port;
    struct slice rest = e->text, host = SLICE_EMPTY;
    if (watch_subject(k, e, &s) == NULL)
        return;
    forget_server(k, v, number_of(k, s), ROLE_REPLICA);
    for (int words = 0; words < 7; words++)
        host = slice_cut(&rest, ' ');
    int master = -1;
    if (slice_to_i64(slice_cut(&rest, ' '), &port) && endpoint_make(host, port, &address))
        master = number_of(k, server_at(k, &address));
    struct watched_group *g = &k->groups[s->group];
    if (master >= 0 && g->master >= 0 && (master != g->master || g->is_overtaken))
        forget_server(k, v, master, ROLE_MASTER);
    g->master = master;
    g->is_overtaken = false;
    if (master >= 0) /* in case that it was made anew although it is the same */
        k->servers[master].silence.fresh_ms = heard_ms(v);
    g->attempt.order_out = false;
    clear(g);
}

/* "<candidate> <epoch>": its own vote says which epoch an attempt has. */
static void on_vote(const struct vedette *v, struct watched_group *g, struct slice text) {
    if (!slice_is(slice_cut(&text, ' '), v->id))
        g->other_vote_ms = v->now.mono_ms;
    else
        (void)slice_to_u64(text, &g->attempt.epoch);
}

static void on_sdown(struct watch *k, const struct vedette *v, const struct effect *e) {
    const struct server *server;
    struct watched_server *s = watch_subject(k, e, &server);
    if (s == NULL)
        return;
    const struct group *g = vedette_group(v, server->group);
    int64_t limit_ms = g == NULL ? 0 : g->settings.down_after_ms;
    s->is_down = true;
    s->fell_silent = e->note.size > 0 ||
        (s->silence.since_ms != 0 && heard_ms(v) - s->silence.since_ms > limit_ms);
    s->has_answered = false;
    s->down_ms = v->now.mono_ms;
}

static void on_event(struct watch *k, const struct vedette *v, const struct effect *e) {
    int group = world_group_named(e->group);
    const struct server *server;
    struct watched_server *s;
    if (group < 0)
        return;
    struct watched_group *g = &k->groups[group];
    if (strcmp(e->event, "+sdown") == 0) {
        on_sdown(k, v, e);
    } else if (strcmp(e->event, "-sdown") == 0) {
        if ((s = watch_subject(k, e, &server)) != NULL)
            s->is_down = false;
    } else if (strcmp(e->event, "+slave") == 0) {
        on_replica(k, v, e);
    } else if (strcmp(e->event, "+reset-master") == 0 || strcmp(e->event, "+monitor") == 0) {
        forget_group(k, v, group);
    } else if (strcmp(e->event, "+odown") == 0) {
        g->odown_ms = v->now.mono_ms;
        g->attempt.is_of_before = !g->attempt.is_on;
        g->retries = 0;
    } else if (strcmp(e->event, "+switch-master") == 0) {
        clear(g);
    } else if (strcmp(e->event, "+config-update-from") == 0) {
        g->attempt.order_out = false; /* the attempt ends with it, */
        g->is_overtaken = true;       /* and all entries are made anew, be the master the same */
    } else if (strcmp(e->event, "+try-failover") == 0) {
        on_attempt(k, v, group);
    } else if (strcmp(e->event, "+vote-for-leader") == 0) {
        on_vote(v, g, e->text);
    } else if (strcmp(e->event, "+elected-leader") == 0) {
        g->attempt.elected_ms = v->now.mono_ms;
    } else if (strncmp(e->event, "-failover-abort", 15) == 0) {
        g->attempt.is_on = false;
        g->attempt.ended_ms = v->now.mono_ms;
    } else if (strcmp(e->event, "+slave-reconf-sent") == 0 ||
        strcmp(e->event, "+slave-reconf-done") == 0 ||
        strcmp(e->event, "-slave-reconf-sent-timeout") == 0) {
        if ((s = watch_subject(k, e, &server)) != NULL)
            s->is_led = strcmp(e->event, "+slave-reconf-sent") == 0;
    }
}

void watch_effect(struct watch *k, const struct vedette *v, const struct effect *e) {
    struct watched_link *x;
    if (e->kind == EFFECT_OPEN)
        on_open(k, v, e);
    else if (e->kind == EFFECT_SEND)
        on_send(k, v, e);
    else if (e->kind == EFFECT_CLOSE && (x = link_of(k, e->link, e->incarnation)) != NULL)
        on_end(k, v, x);
    else if (e->kind == EFFECT_EVENT && e->level > LOG_DEBUG)
        on_event(k, v, e);
}
