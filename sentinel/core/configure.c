#include "sentinel/core/configure.h"

#include "common/buf.h"
#include "config/classic_write.h"
#include "config/merge.h"
#include "config/option.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/core.h"
#include "sentinel/core/order.h"
#include "sentinel/core/probe.h"

static bool credentials_equal(const struct settings *a, const struct settings *b) {
    struct credentials left = order_credentials_of_peers(a);
    struct credentials right = order_credentials_of_peers(b);
    return slice_equal(slice_of(left.user), slice_of(right.user)) &&
        secret_equal(left.password, right.password);
}

static void reconnect_peers(struct core *c) {
    map_for_each(p, &c->processes, struct process) {
        link_close(c, &p->link);
        p->link.tried_heard_ms = 0; /* at once */
        process_touch(c, p);
    }
}

static void announce_at_once(struct core *c) {
    map_for_each(g, &c->groups, struct group) {
        probe_announce(g);
        group_touch(c, g);
    }
}

static void apply(struct core *c, const struct settings *new) {
    bool same_credentials = credentials_equal(&c->settings, new);
    bool same_address = endpoint_equal(&c->settings.announce, &new->announce) &&
        settings_announced_port(&c->settings) == settings_announced_port(new);
    bool same_keys = secret_equal(&c->settings.peer_keys, &new->peer_keys);
    settings_copy_process(&c->settings, new);
    if (!same_keys)
        challenge_all(c);
    if (!same_credentials)
        reconnect_peers(c);
    if (!same_address)
        announce_at_once(c);
}

void configure_take(struct core *c, const struct settings *file, const struct settings *active) {
    settings_copy_process(&c->file, file);
    apply(c, active);
}

static void persist_override(struct core *c, const struct option *o) {
    struct buf value CLEANUP(buf_fini) = BUF_INIT, file_value CLEANUP(buf_fini) = BUF_INIT;
    bool differs = !option_equal(o, &c->settings, &c->file);
    option_write(o, &c->settings, &value);
    option_write(o, &c->file, &file_value);
    core_persist(c,
        &(struct delta){
            .kind = differs ? DELTA_OVERRIDE : DELTA_OVERRIDE_GONE,
            .option = slice_of(o->key),
            .value = buf_slice(&value),
            .file_value = buf_slice(&file_value),
        });
}

uint64_t configure_set(struct core *c, const struct settings *wanted) {
    struct settings old = { .groups = NULL };
    settings_copy_process(&old, &c->settings);
    apply(c, wanted);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        bool can_change = o->scope == OPTION_PROCESS && o->live == OPTION_LIVE &&
            o->type != OPTION_TYPE_SECRET_FILE && o->type != OPTION_TYPE_USERS;
        if (can_change && !option_equal(o, &old, &c->settings))
            persist_override(c, o);
    }
    settings_fini(&old);
    /* Said again, the epoch is a write that shows whether the disk is there, whatever changed. */
    return core_persist(c, &(struct delta){ .kind = DELTA_EPOCH, .epoch = c->current_epoch });
}

uint64_t configure_set_user(struct core *c, struct slice name, const struct users *wanted) {
    struct buf key CLEANUP(buf_fini) = BUF_INIT, value CLEANUP(buf_fini) = BUF_INIT;
    struct buf file_value CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&key, USERS_OVERRIDE);
    buf_add_slice(&key, name);
    users_write_one(wanted, name, &value);
    merge_write_user(&c->file, name, &file_value);
    users_restore_one(&c->settings.users, name, buf_slice(&value));
    bool differs = !slice_equal(buf_slice(&value), buf_slice(&file_value));
    return core_persist(c,
        &(struct delta){
            .kind = differs ? DELTA_OVERRIDE : DELTA_OVERRIDE_GONE,
            .option = buf_slice(&key),
            .value = buf_slice(&value),
            .file_value = buf_slice(&file_value),
        });
}

static bool said_alike(const struct settings *a, const struct settings *b, struct slice name) {
    struct buf left CLEANUP(buf_fini) = BUF_INIT, right CLEANUP(buf_fini) = BUF_INIT;
    merge_write_user(a, name, &left);
    merge_write_user(b, name, &right);
    return slice_equal(buf_slice(&left), buf_slice(&right));
}

/* Those of `named` of whom the file says something else than before. */
static void adopt_users(struct core *c, const struct settings *before, const struct users *named) {
    for (size_t i = 0; i < named->count; i++) {
        struct buf name CLEANUP(buf_fini) = BUF_INIT; /* the user may go meanwhile */
        buf_add_slice(&name, user_name(&named->items[i]));
        if (!said_alike(before, &c->file, buf_slice(&name)))
            configure_set_user(c, buf_slice(&name), &c->settings.users);
    }
}

void configure_adopt(struct core *c, const struct settings *written) {
    struct settings before = { .groups = NULL };
    settings_copy_process(&before, &c->file);
    classic_take_said(&c->file, written);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_PROCESS && o->type != OPTION_TYPE_USERS && classic_says(o) &&
            !option_equal(o, &before, &c->file))
            persist_override(c, o);
    }
    adopt_users(c, &before, &before.users);
    adopt_users(c, &before, &c->file.users);
    settings_fini(&before);
}
