#include "tests/lib/scene.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/diag.h"

static struct endpoint local(uint16_t port) {
    return (struct endpoint){ .host = "127.0.0.1", .port = port };
}

static void configure(struct settings *s) {
    settings_init(s);
    s->listen.at[0] = local(28450);
    s->listen.count = 1;
    struct group_settings *g = settings_add_group(s);
    slice_copy(SLICE_LITERAL("mymaster"), g->name, sizeof(g->name));
    g->master = local(SCENE_MASTER_PORT);
    g->quorum = 2;
    g->down_after_ms = 1000;
    g->failover_timeout_ms = 20000;
    g->parallel_syncs = 1;
    g->line = g->column = 1;
}

static void learn(struct state *s) {
    struct slice group = SLICE_LITERAL("mymaster");
    struct delta deltas[] = {
        { .kind = DELTA_GROUP,
            .record = { .origin = GROUP_FROM_FILE,
                .master = local(SCENE_MASTER_PORT),
                .seed = local(SCENE_MASTER_PORT) } },
        { .kind = DELTA_REPLICA, .address = local(28401) },
        { .kind = DELTA_REPLICA, .address = local(28402) },
        { .kind = DELTA_PEER, .id = slice_of(SCENE_PEER_1), .address = local(28451) },
        { .kind = DELTA_PEER, .id = slice_of(SCENE_PEER_2), .address = local(28452) },
    };
    state_init(s);
    slice_copy(slice_of(SCENE_ID), s->id, sizeof(s->id));
    for (size_t i = 0; i < ARRAY_SIZE(deltas); i++) {
        deltas[i].group = group;
        state_apply(s, &deltas[i]);
    }
}

void scene_init(struct scene *s) {
    struct diag diag;
    configure(&s->settings);
    learn(&s->state);
    plan_init(&s->plan);
    diag_init(&diag, "scene");
    bool merged = config_merge(&s->settings, &s->state, MERGE_YAML, &s->plan, &diag);
    ensure(merged);
    diag_fini(&diag);
}

void scene_fini(struct scene *s) {
    plan_fini(&s->plan);
    state_fini(&s->state);
    settings_fini(&s->settings);
}
