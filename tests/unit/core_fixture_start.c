/* The beginning and the end of a core, and what it is made of. */
#include "tests/unit/core_fixture_parts.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what it knows ---- */

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
    fixture_take_effects(f);
}

void fixture_start_alone(struct fixture *f, const struct fixture_options *o) {
    *f = (struct fixture){
        .now = { .mono_ms = FIXTURE_START_MS,
            .heard_ms = FIXTURE_START_MS,
            .wall_ms = 1700000000000,
            .wake = 1 },
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

void fixture_start_unloved(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    fixture_peers_agree(f);
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].votes = false;
}

void fixture_start_loved(struct fixture *f, const struct fixture_options *o) {
    fixture_start(f, o);
    fixture_peers_agree(f);
    f->replicas[0].offset = 2000;
}

void fixture_start_promised(struct fixture *f) {
    fixture_start_loved(f, &FIXTURE_STANDARD);
    for (int i = 0; i < f->replica_count; i++)
        f->replicas[i].holds = "MULTI";
    fixture_crash(f, &f->master);
    fixture_await(f, "+failover-state-wait-promotion", 1200);
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
