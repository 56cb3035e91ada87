#include "sentinel/core/admin.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/glob.h"
#include "common/mem.h"
#include "config/merge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/election.h"
#include "sentinel/core/event.h"
#include "sentinel/core/group.h"
#include "sentinel/core/selection.h"

#include <stdio.h>

void core_persist_override(struct core *c, const struct group *g, const struct option *o) {
    struct buf value CLEANUP(buf_fini) = BUF_INIT, file_value CLEANUP(buf_fini) = BUF_INIT;
    bool differs = !option_equal(o, &g->settings, &g->file);
    option_write(o, &g->settings, &value);
    option_write(o, &g->file, &file_value);
    core_persist(c,
        &(struct delta){
            .kind = differs ? DELTA_OVERRIDE : DELTA_OVERRIDE_GONE,
            .group = slice_of(g->name),
            .option = slice_of(o->key),
            .value = buf_slice(&value),
            .file_value = buf_slice(&file_value),
        });
}

/* All settings that are not those of the file. */
static void persist_overrides(struct core *c, const struct group *g) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        bool is_setting = o->scope == OPTION_GROUP && o->type != OPTION_TYPE_SECRET_FILE &&
            o->type != OPTION_TYPE_ENDPOINT;
        if (is_setting && !option_equal(o, &g->settings, &g->file))
            core_persist_override(c, g, o);
    }
}

int admin_monitor(struct core *c, struct slice name, const struct endpoint *master, int64_t quorum,
    uint64_t *ret_seq) {
    char text[GROUP_NAME_MAX], number[24];
    if (core_group(c, name) != NULL)
        return ADMIN_E_DUPLICATE;
    if (map_count(&c->groups) >= GROUPS_MAX)
        return ADMIN_E_TOO_MANY;
    slice_copy(name, text, sizeof(text));
    struct group *g = core_add_group(c, text, master, GROUP_FROM_RUNTIME);
    slice_copy(name, g->file.name, sizeof(g->file.name));
    g->file.master = *master;
    group_settings_fini(&g->settings);
    group_settings_copy(&g->settings, &g->file);
    (void)snprintf(number, sizeof(number), "%lld", (long long)quorum);
    const struct option *o = option_by_set_name(SLICE_LITERAL("quorum"));
    bool assigned = option_assign(o, &g->settings, slice_of(number));
    ensure(assigned); /* the caller has checked it */
    g->settings.down_after_ms = c->periods.default_down_after;
    g->settings.failover_timeout_ms = c->periods.default_failover_timeout;
    *ret_seq = group_persist(c, g);
    persist_overrides(c, g);
    event_of_group(c, EVENT_MONITOR, g, " quorum %lld", (long long)quorum);
    return 0;
}

void admin_remove(struct core *c, struct group *g, uint64_t *ret_seq) {
    event_of_group(c, EVENT_UNMONITOR, g, NULL);
    *ret_seq = core_remove_group(c, g, CORE_REMOVE_HIDE);
}

static void print_set(struct core *c, const struct group *g, const struct admin_change *change) {
    if (change->option->type == OPTION_TYPE_SECRET)
        event_of_group(c, EVENT_SET, g, " " SLICE_FMT " " SECRET_STARS, SLICE_ARG(change->word));
    else if (change->option->type == OPTION_TYPE_RENAMES)
        event_of_group(c, EVENT_SET, g, " " SLICE_FMT " " SLICE_FMT " " SLICE_FMT,
            SLICE_ARG(change->word), SLICE_ARG(change->value), SLICE_ARG(change->second));
    else
        event_of_group(c, EVENT_SET, g, " " SLICE_FMT " " SLICE_FMT, SLICE_ARG(change->word),
            SLICE_ARG(change->value));
}

static bool assign(const struct admin_change *change, struct group_settings *settings) {
    if (change->is_refused)
        return false;
    if (change->option->type != OPTION_TYPE_RENAMES)
        return option_assign(change->option, settings, change->value);
    struct buf pair CLEANUP(buf_fini) = BUF_INIT;
    buf_add_slice(&pair, change->value);
    buf_add_char(&pair, ' ');
    buf_add_slice(&pair, change->second);
    return option_assign(change->option, settings, buf_slice(&pair));
}

/* The servers have to be logged in to anew. */
static void reconnect(struct core *c, struct group *g) {
    link_close(c, &g->master->command);
    link_close(c, &g->master->pubsub);
    list_for_each(n, &g->replicas, struct node, siblings) {
        link_close(c, &n->command);
        link_close(c, &n->pubsub);
    }
}

static bool auth_equal(const struct group_settings *a, const struct group_settings *b) {
    return slice_equal(slice_of(a->auth_user), slice_of(b->auth_user)) &&
        secret_equal(&a->auth_password, &b->auth_password);
}

void core_apply_settings(struct core *c, struct group *g, const struct group_settings *settings) {
    bool same_auth = auth_equal(&g->settings, settings);
    bool same_keys = secret_equal(&g->settings.peer_keys, &settings->peer_keys);
    if (g->settings.crash_after_ms != settings->crash_after_ms)
        crash_begin_anew(g->master);
    struct group_settings old = g->settings;
    group_settings_copy(&g->settings, settings);
    group_settings_fini(&old);
    if (!same_auth)
        reconnect(c, g);
    if (!same_keys)
        challenge_all(c);
    list_for_each(p, &g->peers, struct peer, of_group) {
        p->process->down_after_ms = 0;
        process_touch(c, p->process);
    }
    group_touch(c, g);
}

size_t admin_set(struct core *c, struct group *g, const struct admin_change *changes, size_t count,
    uint64_t *ret_seq) {
    struct group_settings settings;
    size_t i;

    group_settings_copy(&settings, &g->settings);
    for (i = 0; i < count && assign(&changes[i], &settings); i++)
        ;
    if (i == count) {
        core_apply_settings(c, g, &settings);
        for (size_t k = 0; k < count; k++) {
            core_persist_override(c, g, changes[k].option);
            print_set(c, g, &changes[k]);
        }
        *ret_seq = c->persist_seq + 1;
    }
    group_settings_fini(&settings);
    return i;
}

size_t admin_reset(struct core *c, struct slice pattern) {
    size_t count = 0;
    map_for_each(g, &c->groups, struct group) {
        if (!glob_match(pattern, slice_of(g->name), false)) /* names mind their case */
            continue;
        group_reset(c, g, RESET_DROP_PEERS);
        event_of_group(c, EVENT_RESET_MASTER, g, NULL);
        count++;
    }
    return count;
}

int admin_failover(struct core *c, struct group *g, enum admin_failover how) {
    if (how == ADMIN_COORDINATED && g->master->own_failover == OWN_FAILOVER_UNKNOWN)
        return ADMIN_E_NO_GOOD_MASTER;
    if (group_in_failover(g))
        return ADMIN_E_IN_PROGRESS;
    if (g->frozen || !election_is_possible(c) || selection_best(c, g) == NULL)
        return ADMIN_E_NO_GOOD_REPLICA;
    core_log(c, LOG_NOTICE, "Executing user requested FAILOVER of '%s'", g->name);
    election_begin(c, g, how == ADMIN_COORDINATED ? ELECTION_COORDINATED : ELECTION_FORCED);
    return 0;
}

uint64_t admin_flush(struct core *c) {
    return core_persist(c, &(struct delta){ .kind = DELTA_EPOCH, .epoch = c->current_epoch });
}
