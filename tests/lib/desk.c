#include "tests/lib/desk.h"

#include "common/ensure.h"
#include "sentinel/command/cmd_admin.h"
#include "sentinel/command/session.h"

#include <stdlib.h>

/* ---- steps ---- */

/* Keeps what a test looks at of the effects; answers for the store. */
static void look_at_effects(struct desk *d) {
    uint64_t persisted = 0;
    for (size_t i = 0; i < d->out.count; i++) {
        const struct effect *e = &d->out.items[i];
        if (e->kind == EFFECT_REPLY && (d->received_by == 0 || e->client.value == d->received_by)) {
            ensure(core_is_durable(d->core, e->after));
            buf_add_slice(&d->received, e->bytes);
        } else if (e->kind == EFFECT_HANGUP) {
            d->hung_up = e->client.value;
        } else if (e->kind == EFFECT_PERSIST) {
            persisted = e->seq;
        }
    }
    if (persisted > 0 && !d->store_waits)
        desk_durable(d, d->received_by, persisted);
}

static void step(struct desk *d, const struct input *in) {
    effects_clear(&d->out);
    core_begin(d->core, d->now, &d->out);
    if (in->kind == INPUT_DURABLE || in->kind == INPUT_FAILED || in->kind == INPUT_SAVED ||
        in->kind == INPUT_UNSAVED) {
        core_input(d->core, in);
        server_release(d->server);
    } else if (in->kind == INPUT_TIMER) {
        core_input(d->core, in);
        server_turn(d->server);
    } else if (in->kind == INPUT_SCRIPTS_CHECKED) {
        answer_sentinel_set(d->server, in->client, in->unfit);
    } else {
        server_input(d->server, in);
    }
    server_shed(d->server);
    if (!d->unjudged)
        core_end(d->core);
    server_flush(d->server);
    look_at_effects(d);
}

static struct slice received(struct desk *d) {
    return buf_slice(&d->received);
}

static void expect_for(struct desk *d, uint64_t client) {
    d->received_by = client;
    buf_clear(&d->received);
}

struct slice desk_open_from(struct desk *d, uint64_t client, const char *host) {
    struct input in = {
        .kind = INPUT_CLIENT_OPENED,
        .client = { client },
        .remote = { .port = 40000 },
        .local = { .host = "127.0.0.1", .port = 28450 },
        .descriptor = 7,
    };
    slice_copy(slice_of(host), in.remote.host, sizeof(in.remote.host));
    expect_for(d, client);
    step(d, &in);
    return received(d);
}

void desk_open(struct desk *d, uint64_t client) {
    desk_open_from(d, client, "10.0.0.9");
}

void desk_close(struct desk *d, uint64_t client) {
    step(d, &(struct input){ .kind = INPUT_CLIENT_CLOSED, .client = { client } });
}

struct slice desk_send(struct desk *d, uint64_t client, struct slice bytes) {
    expect_for(d, client);
    /* In memory of its own size, where a sanitizer sees every byte read too many. */
    char *copy = malloc(bytes.size + 1);
    ensure(copy != NULL);
    slice_copy(bytes, copy, bytes.size + 1);
    struct slice sent = { .data = copy, .size = bytes.size };
    step(d, &(struct input){ .kind = INPUT_CLIENT_BYTES, .client = { client }, .bytes = sent });
    free(copy);
    return received(d);
}

struct slice desk_ask(struct desk *d, uint64_t client, const char *line) {
    struct buf bytes = BUF_INIT;
    buf_printf(&bytes, "%s\r\n", line);
    struct slice reply = desk_send(d, client, buf_slice(&bytes));
    buf_fini(&bytes);
    return reply;
}

void desk_choke(struct desk *d, uint64_t client, bool is_full) {
    enum input_kind kind = is_full ? INPUT_CLIENT_FULL : INPUT_CLIENT_DRAINED;
    step(d, &(struct input){ .kind = kind, .client = { client } });
}

struct slice desk_timer(struct desk *d, uint64_t client) {
    expect_for(d, client);
    step(d, &(struct input){ .kind = INPUT_TIMER });
    return received(d);
}

size_t desk_count(const struct desk *d, enum effect_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < d->out.count; i++)
        count += d->out.items[i].kind == kind;
    return count;
}

/* Nested in a step when the store answers at once: what the client got before stays. */
struct slice desk_durable(struct desk *d, uint64_t client, uint64_t seq) {
    if (d->store_waits)
        expect_for(d, client);
    step(d, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
    return received(d);
}

struct slice desk_failed(struct desk *d, uint64_t client, uint64_t seq) {
    expect_for(d, client);
    step(d, &(struct input){ .kind = INPUT_FAILED, .seq = seq, .why = SLICE_LITERAL("disk full") });
    return received(d);
}

struct slice desk_saved(struct desk *d, uint64_t client, uint64_t seq) {
    expect_for(d, client);
    step(d, &(struct input){ .kind = INPUT_SAVED, .seq = seq });
    return received(d);
}

struct slice desk_unsaved(struct desk *d, uint64_t client, uint64_t seq) {
    expect_for(d, client);
    step(
        d, &(struct input){ .kind = INPUT_UNSAVED, .seq = seq, .why = SLICE_LITERAL("read-only") });
    return received(d);
}

struct slice desk_publish(
    struct desk *d, uint64_t client, const char *channel, const char *payload) {
    expect_for(d, client);
    effects_clear(&d->out);
    core_begin(d->core, d->now, &d->out);
    server_publish(d->server, slice_of(channel), slice_of(payload), 0);
    server_flush(d->server);
    look_at_effects(d);
    return received(d);
}

struct slice desk_take(struct desk *d, uint64_t client, const struct input *in) {
    expect_for(d, client);
    step(d, in);
    return received(d);
}

struct slice desk_answer(
    struct desk *d, uint64_t client, answer_function *write, const void *context) {
    expect_for(d, client);
    effects_clear(&d->out);
    core_begin(d->core, d->now, &d->out);
    server_answer(d->server, (struct client_id){ client }, write, context);
    server_flush(d->server);
    look_at_effects(d);
    return received(d);
}

struct slice desk_checked(struct desk *d, uint64_t client, size_t unfit) {
    expect_for(d, client);
    step(d, &(struct input){ .kind = INPUT_SCRIPTS_CHECKED, .client = { client }, .unfit = unfit });
    return received(d);
}

void desk_pass(struct desk *d, int64_t ms) {
    d->now.mono_ms += ms;
    d->now.heard_ms += ms;
    d->now.wall_ms += ms;
    d->now.wake++;
}

/* ---- the scene ---- */

static void connect_link(struct link *l) {
    l->state = LINK_OPEN;
    l->count = 0;
}

static void answer_pings(const struct desk *d, struct liveness *live) {
    *live = (struct liveness){
        .ping_ms = d->now.heard_ms - 900,
        .available_ms = d->now.heard_ms - 899,
        .pong_ms = d->now.heard_ms - 899,
    };
}

static void know_node(const struct desk *d, struct node *n, const char *run_id) {
    connect_link(&n->command);
    connect_link(&n->pubsub);
    answer_pings(d, &n->live);
    slice_copy(slice_of(run_id), n->run_id, sizeof(n->run_id));
    n->info_ms = d->now.mono_ms - 5000;
    n->role_reported = n->kind;
    n->role_since_ms = d->now.mono_ms - 5005;
}

static void know_replica(
    const struct desk *d, struct node *n, const char *run_id, int64_t priority) {
    know_node(d, n, run_id);
    slice_copy(SLICE_LITERAL("127.0.0.1"), n->master_host, sizeof(n->master_host));
    n->master_port = SCENE_MASTER_PORT;
    n->master_link_up = true;
    n->priority = priority;
}

static void know_group(struct desk *d) {
    static const struct {
        const char *run_id;
        int64_t priority;
    } replicas[] = {
        { "3cf0b98ab512bbbf7ce7f62e911aeeef59118b1f", 99 },
        { "e31a0a98bc356ea17daa81d392600b144caf1eef", 98 },
    };
    know_node(d, d->group->master, "6870042d91ca53b40d3246a8cc5e28ff88e857cd");
    size_t i = 0;
    list_for_each(n, &d->group->replicas, struct node, siblings) {
        know_replica(d, n, replicas[i].run_id, replicas[i].priority);
        i++;
    }
    list_for_each(p, &d->group->peers, struct peer, of_group) {
        connect_link(&p->process->link);
        answer_pings(d, &p->process->live);
    }
}

void desk_init(struct desk *d) {
    *d = (struct desk){
        .facts = { .process_id = 4711,
            .run_id = "1111111111111111111111111111111111111111",
            .executable = "/usr/bin/vedette",
            .config_file = "/etc/vedette.yaml",
            .os = "Linux",
            .compiler = "12.2.0",
            .multiplexer = "epoll",
            .arch_bits = 64 },
        .now = { .mono_ms = 100000, .heard_ms = 100000, .wall_ms = 1700000000000, .wake = 1 },
    };
    scene_init(&d->scene);
    d->core = core_new(
        &(struct core_options){ .state = &d->scene.state, .plan = &d->scene.plan, .seed = 1 },
        d->now, &d->out);
    d->server = server_new(d->core, &d->facts);
    d->group = core_group(d->core, SLICE_LITERAL("mymaster"));
    ensure(d->group != NULL);
    know_group(d);
}

void desk_fini(struct desk *d) {
    server_free(d->server);
    core_free(d->core);
    effects_fini(&d->out);
    buf_fini(&d->received);
    scene_fini(&d->scene);
}
