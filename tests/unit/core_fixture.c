#include "tests/unit/core_fixture.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/merge.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/input.h"
#include "tests/lib/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS   1000000
#define STEPS_MAX  20000 /* without time going by: something goes in circles */
#define HEARD_LATE 50    /* what a late wake-up adds to the heard clock */

/* ---- building ---- */

static struct endpoint at(int net, int host, uint16_t port) {
    struct endpoint e = { .port = port };
    (void)snprintf(e.host, sizeof(e.host), "10.0.%d.%d", net, host);
    return e;
}

static void set_server(struct far *far, struct endpoint address, char digit) {
    *far = (struct far){
        .address = address,
        .role = ROLE_MASTER,
        .link_up = true,
        .link_down_s = -2,
        .priority = 100,
        .offset = 1000,
    };
    memset(far->run_id, digit, ID_LENGTH);
}

static void populate(struct fixture *f, const struct fixture_options *o) {
    f->replica_count = o->replicas;
    f->peer_count = o->peers;
    set_server(&f->master, at(0, 1, 6379), '1');
    set_server(&f->second_master, at(2, 1, 6379), '9');
    for (int i = 0; i < o->replicas; i++) {
        set_server(&f->replicas[i], at(0, i + 2, 6379), (char)('2' + i));
        f->replicas[i].role = ROLE_REPLICA;
        f->replicas[i].master = f->master.address;
    }
    for (int i = 0; i < o->peers; i++) {
        struct far *p = &f->peers[i];
        *p = (struct far){ .address = at(1, i + 1, 26379), .votes = true, .keys = o->peer_keys };
        memset(p->id, 'b' + i, ID_LENGTH);
    }
    if (o->named)
        fixture_name_all(f);
}

static void add_group(
    struct settings *s, const char *name, struct endpoint master, const struct fixture_options *o) {
    struct group_settings *g = settings_add_group(s);
    slice_copy(slice_of(name), g->name, sizeof(g->name));
    g->master = master;
    g->quorum = o->quorum;
    g->down_after_ms = o->down_after_ms;
    g->failover_timeout_ms = o->failover_timeout_ms;
    g->parallel_syncs = o->parallel_syncs;
    g->reboot_down_after_ms = o->reboot_down_after_ms;
    g->crash_after_ms = o->crash_after_ms;
    if (o->auth_user != NULL)
        g->auth_user = mem_strdup(o->auth_user);
    secret_set(&g->auth_password, slice_of(o->auth_password));
}

static struct endpoint given(const struct far *far) {
    struct endpoint e = far->address;
    if (far->name != NULL)
        slice_copy(slice_of(far->name), e.host, sizeof(e.host));
    return e;
}

static void configure(struct fixture *f, const struct fixture_options *o) {
    settings_init(&f->settings);
    f->settings.listen.at[0] = (struct endpoint){ .host = "0.0.0.0", .port = 26379 };
    f->settings.listen.count = 1;
    if (o->announce != NULL)
        ensure(endpoint_parse(slice_of(o->announce), &f->settings.announce));
    f->settings.resolve_hostnames = o->named;
    secret_set(&f->settings.peer_keys, slice_of(o->peer_keys));
    f->settings.peer_policy = o->strict ? PEERS_STRICT : PEERS_PERMISSIVE;
    f->settings.announce_hostnames = o->announce_names;
    add_group(&f->settings, "mymaster", given(&f->master), o);
    if (o->second_group != NULL)
        add_group(&f->settings, o->second_group, f->second_master.address, o);
}

static void learn_group(struct fixture *f, const struct fixture_options *o, const char *name,
    const struct far *master, int replicas) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of(name),
        .record = {
            .origin = GROUP_FROM_FILE,
            .master = given(master),
            .seed = given(master),
            .config_epoch = o->config_epoch,
            .vote_epoch = o->vote_epoch,
        },
    };
    slice_copy(slice_of(o->vote_for), d.record.vote_for, sizeof(d.record.vote_for));
    state_apply(&f->stored, &d);
    for (int i = 0; i < replicas; i++)
        state_apply(&f->stored,
            &(struct delta){ .kind = DELTA_REPLICA,
                .group = slice_of(name),
                .address = given(&f->replicas[i]) });
    for (int i = 0; i < f->peer_count; i++)
        state_apply(&f->stored,
            &(struct delta){ .kind = DELTA_PEER,
                .group = slice_of(name),
                .id = slice_of(f->peers[i].id),
                .address = given(&f->peers[i]) });
}

static void learn(struct fixture *f, const struct fixture_options *o) {
    state_init(&f->stored);
    slice_copy(slice_of(o->id), f->stored.id, sizeof(f->stored.id));
    f->stored.current_epoch = o->current_epoch;
    if (o->unlearned)
        return;
    learn_group(f, o, "mymaster", &f->master, f->replica_count);
    if (o->second_group != NULL)
        learn_group(f, o, o->second_group, &f->second_master, 0);
}

/* ---- effects ---- */

static void trace(const struct fixture *f, const char *mark, const struct buf *line) {
    if (f->traces)
        (void)fprintf(
            stderr, "%7lld %s %s\n", (long long)(f->now.mono_ms - START_MS), mark, buf_text(line));
}

static struct far *far_at(struct fixture *f, const struct endpoint *address) {
    if (endpoint_equal(&f->master.address, address))
        return &f->master;
    if (endpoint_equal(&f->second_master.address, address))
        return &f->second_master;
    for (int i = 0; i < f->replica_count; i++)
        if (endpoint_equal(&f->replicas[i].address, address))
            return &f->replicas[i];
    for (int i = 0; i < f->peer_count; i++)
        if (endpoint_equal(&f->peers[i].address, address))
            return &f->peers[i];
    return NULL; /* nobody is there */
}

static void take_open(struct fixture *f, const struct effect *e) {
    ensure(e->link.value < FIXTURE_LINKS_MAX);
    struct link_here_state *l = &f->links[e->link.value];
    ensure(l->state == HERE_CLOSED);
    ensure(e->incarnation > l->incarnation);
    *l = (struct link_here_state){
        .state = HERE_OPENING,
        .incarnation = e->incarnation,
        .purpose = e->purpose,
        .to = far_at(f, &e->address),
    };
}

static void end_sends(struct fixture *f, uint32_t link) {
    for (size_t i = 0; i < f->sent_count; i++)
        if (f->sent[i].link.value == link)
            f->sent[i].ended = true;
}

static void take_close(struct fixture *f, const struct effect *e) {
    struct link_here_state *l = &f->links[e->link.value];
    ensure(l->state != HERE_CLOSED);
    ensure(l->incarnation == e->incarnation);
    l->state = HERE_CLOSED;
    end_sends(f, e->link.value);
}

static void take_send(struct fixture *f, const struct effect *e) {
    const struct link_here_state *l = &f->links[e->link.value];
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    ensure(l->state != HERE_CLOSED);
    ensure(l->incarnation == e->incarnation);
    ensure(e->tag != 0);
    effect_print(e, &text);
    const char *requests = strchr(buf_text(&text), '#');
    requests = strchr(requests, ' ') + 1;
    mem_grow(&f->sent, &f->sent_capacity, f->sent_count + 1, sizeof(*f->sent));
    f->sent[f->sent_count++] = (struct sent){
        .link = e->link,
        .incarnation = e->incarnation,
        .tag = e->tag,
        .purpose = l->purpose,
        .to = l->to,
        .at_ms = f->now.mono_ms,
        .text = mem_strdup(requests),
    };
}

static void take_persist(struct fixture *f, const struct effect *e, const struct buf *line) {
    ensure(e->seq == f->persist_seq + 1);
    f->persist_seq = e->seq;
    for (size_t i = 0; i < e->delta_count; i++)
        state_apply(&f->stored, &e->deltas[i]);
    buf_printf(&f->persists, "%s\n", buf_text(line));
}

static void take_effect(struct fixture *f, const struct effect *e) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    effect_print(e, &line);
    trace(f, "->", &line);
    switch (e->kind) {
    case EFFECT_OPEN:
        take_open(f, e);
        break;
    case EFFECT_CLOSE:
        take_close(f, e);
        break;
    case EFFECT_SEND:
        take_send(f, e);
        break;
    case EFFECT_PERSIST:
        take_persist(f, e, &line);
        break;
    case EFFECT_EVENT:
        buf_printf(e->level == LOG_DEBUG ? &f->logs : &f->events, "%s " SLICE_FMT SLICE_FMT "\n",
            e->event, SLICE_ARG(e->text), SLICE_ARG(e->note));
        break;
    case EFFECT_LOG:
        buf_printf(&f->logs, "%s " SLICE_FMT "\n", log_level_name(e->level), SLICE_ARG(e->text));
        break;
    case EFFECT_SCRIPT:
    case EFFECT_RUN:
    case EFFECT_KILL:
        buf_printf(&f->scripts, "%s\n", buf_text(&line));
        break;
    case EFFECT_RESOLVE:
        buf_printf(&f->asked, SLICE_FMT "\n", SLICE_ARG(e->text));
        break;
    case EFFECT_CHECK_SCRIPTS:
    case EFFECT_READ_FILE:
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
    case EFFECT_REPLY:
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_HANGUP:
    case EFFECT_STOP:
    case EFFECT_KIND_COUNT:
        fail_msg("not an effect of the core: %s", buf_text(&line));
    }
}

static void take_effects(struct fixture *f) {
    for (size_t i = 0; i < f->out.count; i++)
        take_effect(f, &f->out.items[i]);
    effects_clear(&f->out);
    f->group = core_group(f->core, SLICE_LITERAL("mymaster"));
}

void fixture_begin(struct fixture *f) {
    core_begin(f->core, f->now, &f->out);
}

void fixture_end(struct fixture *f) {
    core_end(f->core);
    script_start_due(f->core);
    take_effects(f);
}

void fixture_step(struct fixture *f, const struct input *in) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    input_print(in, &line);
    trace(f, "<-", &line);
    fixture_begin(f);
    core_input(f->core, in);
    fixture_end(f);
}

/* ---- answers ---- */

static void input_reply(
    struct fixture *f, struct link_id link, uint64_t incarnation, uint64_t tag, const char *resp) {
    struct input in = {
        .kind = INPUT_REPLY,
        .link = link,
        .incarnation = incarnation,
        .tag = tag,
    };
    struct reply_reader reader = { .blocks = NULL };
    size_t used;
    ensure(reply_read(&reader, slice_of(resp), &in.value, &used) == REPLY_READ_VALUE);
    fixture_step(f, &in);
    reply_reader_fini(&reader);
}

static bool is_held(const struct sent *s) {
    return s->to->mood != FAR_ANSWERS ||
        (s->to->holds != NULL && strncmp(s->text, s->to->holds, strlen(s->to->holds)) == 0);
}

/* Whether nothing older is pending on the same link. */
static bool is_first(const struct fixture *f, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (!f->sent[i].ended && f->sent[i].link.value == f->sent[index].link.value)
            return false;
    return true;
}

/* When a SEND is answered, TSTAMP_NEVER if it is not. */
static int64_t answered_at(const struct fixture *f, size_t index) {
    const struct sent *s = &f->sent[index];
    if (s->ended || f->links[s->link.value].state != HERE_UP || is_held(s) || !is_first(f, index))
        return TSTAMP_NEVER;
    return s->at_ms + s->to->latency_ms;
}

static bool answer_send(struct fixture *f) {
    for (size_t i = 0; i < f->sent_count; i++) {
        if (answered_at(f, i) > f->now.mono_ms)
            continue;
        struct buf resp CLEANUP(buf_fini) = BUF_INIT;
        f->sent[i].ended = true;
        struct sent s = f->sent[i];
        far_answer(f, s.to, s.text, &resp);
        input_reply(f, s.link, s.incarnation, s.tag, buf_text(&resp));
        return true;
    }
    return false;
}

static void lose(struct fixture *f, uint32_t link, const char *why) {
    struct link_here_state *l = &f->links[link];
    l->state = HERE_CLOSED;
    end_sends(f, link);
    fixture_step(f,
        &(struct input){ .kind = INPUT_LINK_LOST,
            .link = { link },
            .incarnation = l->incarnation,
            .why = slice_of(why),
            .refused = strcmp(why, "Connection refused") == 0 });
}

static bool answer_open(struct fixture *f) {
    for (uint32_t i = 0; i < FIXTURE_LINKS_MAX; i++) {
        struct link_here_state *l = &f->links[i];
        if (l->state != HERE_OPENING || (l->to != NULL && l->to->mood == FAR_VANISHED))
            continue;
        if (l->to == NULL || l->to->mood == FAR_REFUSES) {
            lose(f, i, "Connection refused");
            return true;
        }
        l->state = HERE_UP;
        fixture_step(f,
            &(struct input){ .kind = INPUT_LINK_UP,
                .link = { i },
                .incarnation = l->incarnation,
                .local = { .host = "10.0.1.9", .port = 40000 } });
        return true;
    }
    return false;
}

static bool answer_persist(struct fixture *f) {
    if (f->answered_seq == f->persist_seq || f->store == STORE_HANGS)
        return false;
    if (f->store == STORE_WORKS)
        fixture_durable(f, f->persist_seq);
    else
        fixture_failed(f, f->persist_seq);
    return true;
}

void fixture_settle(struct fixture *f) {
    for (int i = 0; answer_persist(f) || answer_open(f) || answer_send(f); i++)
        if (i > STEPS_MAX)
            fail_msg("goes in circles: %zu sends", f->sent_count);
}

void fixture_timer(struct fixture *f) {
    fixture_step(f, &(struct input){ .kind = INPUT_TIMER });
    fixture_settle(f);
}

/* ---- time ---- */

static int64_t next_instant(const struct fixture *f) {
    int64_t next = core_deadline(f->core);
    for (size_t i = 0; i < f->sent_count; i++)
        next = tstamp_min(next, answered_at(f, i));
    return next;
}

static void pass(struct fixture *f, int64_t ms) {
    f->now.mono_ms += ms;
    f->now.heard_ms += ms;
    f->now.wall_ms += ms;
    f->now.wake += ms > 0;
}

static void next_wake(struct fixture *f, int64_t end_ms) {
    int64_t next = MAX_OF(next_instant(f), f->now.mono_ms);
    pass(f, tstamp_min(next, end_ms) - f->now.mono_ms);
    fixture_settle(f);
    if (core_deadline(f->core) <= f->now.mono_ms)
        fixture_timer(f);
}

void fixture_advance(struct fixture *f, int64_t ms) {
    int64_t end_ms = f->now.mono_ms + ms;
    fixture_settle(f);
    while (f->now.mono_ms < end_ms)
        next_wake(f, end_ms);
}

void fixture_stall(struct fixture *f, int64_t ms) {
    f->now.mono_ms += ms;
    f->now.heard_ms += MIN_OF(ms, HEARD_LATE);
    f->now.wall_ms += ms;
    f->now.wake++;
}

static bool has_event(const struct fixture *f, const char *name) {
    struct slice rest = buf_slice(&f->events);
    while (rest.data != NULL) {
        struct slice line = slice_cut(&rest, '\n');
        if (slice_is(slice_cut(&line, ' '), name))
            return true;
    }
    return false;
}

int64_t fixture_await(struct fixture *f, const char *event, int64_t limit_ms) {
    int64_t from_ms = f->now.mono_ms;
    fixture_settle(f);
    while (!has_event(f, event)) {
        if (f->now.mono_ms >= from_ms + limit_ms)
            fail_msg("no %s within %lld ms; events:\n%slogs:\n%s", event, (long long)limit_ms,
                fixture_events(f), fixture_logs(f));
        next_wake(f, from_ms + limit_ms);
    }
    return f->now.mono_ms - from_ms;
}

int64_t fixture_deadline(const struct fixture *f) {
    int64_t deadline = core_deadline(f->core);
    return deadline == TSTAMP_NEVER ? TSTAMP_NEVER : deadline - f->now.mono_ms;
}

/* ---- the world ---- */

static void lose_all(struct fixture *f, const struct far *far, const char *why) {
    for (uint32_t i = 0; i < FIXTURE_LINKS_MAX; i++)
        if (f->links[i].state != HERE_CLOSED && f->links[i].to == far)
            lose(f, i, why);
}

void fixture_crash(struct fixture *f, struct far *far) {
    far->mood = FAR_REFUSES;
    lose_all(f, far, "Connection reset by peer");
    fixture_settle(f);
}

void fixture_cut(struct fixture *f, struct far *far) {
    lose_all(f, far, "Connection reset by peer");
    fixture_settle(f);
}

void fixture_hang(struct far *far) {
    far->mood = FAR_HANGS;
}

void fixture_revive(struct far *far) {
    far->mood = FAR_ANSWERS;
}

struct vote fixture_request(
    struct fixture *f, struct group *g, uint64_t epoch, const char *candidate) {
    fixture_begin(f);
    struct vote vote = election_request(f->core, g, epoch, slice_of(candidate));
    fixture_end(f);
    return vote;
}

void fixture_peers_agree(struct fixture *f) {
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].says_down = true;
}

void fixture_start_unloved(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    fixture_peers_agree(f);
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].votes = false;
}

void fixture_fall(struct fixture *f) {
    fixture_crash(f, &f->master);
    fixture_await(f, "+odown", 1200);
}

void fixture_durable(struct fixture *f, uint64_t seq) {
    f->answered_seq = seq;
    fixture_step(f, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
}

void fixture_failed(struct fixture *f, uint64_t seq) {
    f->answered_seq = seq;
    fixture_step(
        f, &(struct input){ .kind = INPUT_FAILED, .seq = seq, .why = SLICE_LITERAL("disk full") });
}

void fixture_message(struct fixture *f, const char *payload) {
    const struct link *l = &f->group->master->pubsub;
    list_for_each(n, &f->group->replicas, struct node, siblings)
        if (l->state != LINK_OPEN)
            l = &n->pubsub;
    ensure(l->state == LINK_OPEN);
    fixture_step(f,
        &(struct input){ .kind = INPUT_MESSAGE,
            .link = l->id,
            .incarnation = l->incarnation,
            .channel = SLICE_LITERAL(HELLO_CHANNEL),
            .payload = slice_of(payload) });
    fixture_settle(f);
}

void fixture_hello(struct fixture *f, const struct hello_line *h) {
    char line[512];
    (void)snprintf(line, sizeof(line), "%s,%d,%s,%llu,%s,%s,%d,%llu", h->host, h->port, h->id,
        (unsigned long long)h->current_epoch, h->group != NULL ? h->group : "mymaster",
        h->master_host, h->master_port, (unsigned long long)h->config_epoch);
    fixture_message(f, line);
}

void fixture_confirm(struct fixture *f) {
    const struct endpoint *master = &f->group->master->address.given;
    for (int i = 0; i < f->peer_count; i++)
        fixture_hello(f,
            &(struct hello_line){ f->peers[i].address.host, f->peers[i].address.port,
                f->peers[i].id, f->core->current_epoch, master->host, master->port,
                f->group->config_epoch, NULL });
}

void fixture_reply(struct fixture *f, const struct link *l, const char *resp) {
    for (size_t i = 0; i < f->sent_count; i++) {
        struct sent *s = &f->sent[i];
        if (s->ended || s->link.value != l->id.value)
            continue;
        s->ended = true;
        input_reply(f, s->link, s->incarnation, s->tag, resp);
        return;
    }
    fail_msg("nothing is pending on link %u", l->id.value);
}

/* ---- questions ---- */

struct node *fixture_replica(const struct fixture *f, int index) {
    return group_replica(f->group, &f->replicas[index].address);
}

struct peer *fixture_peer(const struct fixture *f, int index) {
    return peer_find(f->group, f->peers[index].id);
}

const struct sent *fixture_last_sent(
    const struct fixture *f, const struct far *to, const char *prefix) {
    for (size_t i = f->sent_count; i > 0; i--) {
        const struct sent *s = &f->sent[i - 1];
        if ((to == NULL || s->to == to) && strncmp(s->text, prefix, strlen(prefix)) == 0)
            return s;
    }
    return NULL;
}

size_t fixture_sent(const struct fixture *f, const struct far *to, const char *prefix) {
    size_t found = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        const struct sent *s = &f->sent[i];
        found += (to == NULL || s->to == to) && strncmp(s->text, prefix, strlen(prefix)) == 0;
    }
    return found;
}

void fixture_forget(struct fixture *f) {
    size_t kept = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        if (f->sent[i].ended)
            mem_free(f->sent[i].text);
        else
            f->sent[kept++] = f->sent[i];
    }
    f->sent_count = kept;
    buf_clear(&f->events);
    buf_clear(&f->logs);
    buf_clear(&f->scripts);
    buf_clear(&f->persists);
    buf_clear(&f->asked);
}

const char *fixture_events(const struct fixture *f) {
    return buf_text(&f->events);
}

const char *fixture_logs(const struct fixture *f) {
    return buf_text(&f->logs);
}

const char *fixture_persists(const struct fixture *f) {
    return buf_text(&f->persists);
}

/* ---- life cycle ---- */

static void start_core(struct fixture *f) {
    struct plan plan;
    struct diag diag;
    diag_init(&diag, "fixture");
    bool merged = config_merge(&f->settings, &f->stored, MERGE_YAML, &plan, &diag);
    ensure(merged);
    f->core = core_new(
        &(struct core_options){
            .state = &f->stored, .plan = &plan, .seed = 1, .descriptors = f->descriptors },
        f->now, &f->out);
    plan_fini(&plan);
    diag_fini(&diag);
    take_effects(f);
}

void fixture_start_alone(struct fixture *f, const struct fixture_options *o) {
    *f = (struct fixture){
        .now = { .mono_ms = START_MS, .heard_ms = START_MS, .wall_ms = 1700000000000, .wake = 1 },
        .out = EFFECTS_INIT,
        .descriptors = { .max = o->links == 0 ? 0 : o->links + 40, .links = o->links },
        .events = BUF_INIT,
        .logs = BUF_INIT,
        .scripts = BUF_INIT,
        .persists = BUF_INIT,
        .asked = BUF_INIT,
        .traces = getenv("FIXTURE_TRACE") != NULL,
    };
    populate(f, o);
    configure(f, o);
    learn(f, o);
    start_core(f);
}

void fixture_start(struct fixture *f, const struct fixture_options *o) {
    fixture_start_alone(f, o);
    fixture_settle(f);
    fixture_advance(f, 100);
    fixture_forget(f);
}

static void stop_core(struct fixture *f) {
    core_free(f->core);
    f->core = NULL;
    memset(f->links, 0, sizeof(f->links));
    for (size_t i = 0; i < f->sent_count; i++)
        f->sent[i].ended = true;
    f->persist_seq = f->answered_seq = 0;
    fixture_forget(f);
}

void fixture_restart(struct fixture *f) {
    stop_core(f);
    start_core(f);
    fixture_settle(f);
}

void fixture_start_with_keys(struct fixture *f, const char *keys, bool strict) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.peer_keys = keys;
    o.strict = strict;
    fixture_start(f, &o);
    fixture_settle(f);
    fixture_forget(f);
}

void fixture_stop(struct fixture *f) {
    stop_core(f);
    mem_free(f->sent);
    effects_fini(&f->out);
    buf_fini(&f->events);
    buf_fini(&f->logs);
    buf_fini(&f->scripts);
    buf_fini(&f->persists);
    buf_fini(&f->asked);
    state_fini(&f->stored);
    settings_fini(&f->settings);
}

void fixture_drop(struct fixture *f) {
    effects_clear(&f->out);
    core_free(f->core);
    f->core = NULL;
    fixture_stop(f);
}
