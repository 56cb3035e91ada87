#include "tests/sim/file.h"

#include "common/mem.h"
#include "config/diag.h"
#include "config/merge.h"
#include "tests/sim/world.h"

void file_mend(struct file *f, const struct world *w, int group) {
    const struct group_draw *d = &w->draw.group[group];
    struct section *s = &f->sections[group];
    s->is_missing = s->has_wrong_password = false;
    s->quorum = d->quorum;
    s->down_after_ms = d->down_after_ms;
    s->failover_timeout_ms = d->failover_timeout_ms;
    s->parallel_syncs = d->parallel_syncs;
}

void file_init(struct file *f, struct world *w) {
    if (w->draw.trust != TRUST_ALL)
        slice_copy(SLICE_LITERAL(WORLD_SECRET), f->keys, sizeof(f->keys));
    f->peer_policy = w->draw.trust == TRUST_STRICT ? PEERS_STRICT : PEERS_PERMISSIVE;
    for (int i = 0; i < w->group_count; i++) {
        file_mend(f, w, i);
        f->sections[i].master =
            names_of(w->draw.naming, 's', 0, &farm_server(&w->farm, i, 0)->party.address);
    }
}

struct slice file_keys(const struct file *f, int group) {
    const struct section *s = &f->sections[group];
    return slice_of(s->keys[0] != '\0' ? s->keys : f->keys);
}

bool file_is_strict(const struct file *f, int group) {
    int64_t own = f->sections[group].peer_policy;
    return own == GROUP_PEERS_AS_PROCESS ? f->peer_policy == PEERS_STRICT
                                         : own == GROUP_PEERS_STRICT;
}

static void fill_group(const struct vedette *v, int number, struct group_settings *g) {
    const struct world *w = v->world;
    const struct group_draw *d = &w->draw.group[number];
    const struct section *s = &v->file.sections[number];
    slice_copy(slice_of(world_group_name(number)), g->name, sizeof(g->name));
    g->master = s->master;
    g->quorum = s->quorum;
    g->down_after_ms = s->down_after_ms;
    g->failover_timeout_ms = s->failover_timeout_ms;
    g->parallel_syncs = s->parallel_syncs;
    g->reboot_down_after_ms = d->reboot_down_after_ms;
    g->crash_after_ms = d->crash_after_ms;
    secret_set(&g->peer_keys, slice_of(s->keys));
    g->peer_policy = s->peer_policy;
    if (w->draw.has_scripts) {
        g->notification_script = mem_strdup("/bin/notify");
        g->reconfig_script = mem_strdup("/bin/reconfig");
    }
    const char *password = s->has_wrong_password ? "mellon" : w->farm.password;
    if (password != NULL)
        secret_set(&g->auth_password, slice_of(password));
}

static void fill_settings(const struct vedette *v, struct settings *s) {
    const struct draw *d = &v->world->draw;
    s->listen.at[0] = s->announce = v->party.address;
    s->resolve_hostnames = d->naming != NAMING_NONE;
    s->announce_hostnames = d->naming == NAMING_ANNOUNCED;
    if (s->announce_hostnames)
        s->announce = names_of(d->naming, 'v', v->number, &v->party.address);
    s->listen.count = 1;
    secret_set(&s->peer_keys, slice_of(v->file.keys));
    s->peer_policy = v->file.peer_policy;
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        if (d->limits[i] != UNLIMITED)
            s->limits.max[i] = d->limits[i];
    for (int i = 0; i < v->world->group_count; i++)
        if (!v->file.sections[i].is_missing)
            fill_group(v, i, settings_add_group(s));
}

bool file_merge(const struct vedette *v, const struct state *state, struct plan *ret) {
    struct settings settings;
    struct diag diag;
    settings_init(&settings);
    diag_init(&diag, "vedette.yaml");
    fill_settings(v, &settings);
    bool fits = config_merge(&settings, state, MERGE_YAML, ret, &diag);
    diag_fini(&diag);
    settings_fini(&settings);
    return fits;
}

void file_reconcile(struct file *f, const struct state *state) {
    for (int i = 0; i < SIM_GROUPS_MAX; i++) {
        const struct group_state *g = state_group(state, slice_of(world_group_name(i)));
        if (g == NULL || g->record.origin == GROUP_REMOVED)
            continue;
        f->sections[i].master =
            g->record.origin == GROUP_FROM_FILE ? g->record.seed : g->record.master;
    }
}
