/* Before the curtain rises: what the case shows, and the world in which it plays. */
#include "config/settings.h"
#include "tests/scenario/coverage.h"
#include "tests/scenario/play.h"

#include <string.h>

static void run_covers(struct play *p, struct words *w) {
    coverage_check_words(p->book, w->step);
    (void)words_take(w, "what the case covers");
    w->next = w->step->count;
}

/* ---- world ---- */

enum setting_kind { SETTING_NUMBER, SETTING_MS };

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* in struct group_draw */
};

static const struct setting settings[] = {
    { "quorum", SETTING_NUMBER, offsetof(struct group_draw, quorum) },
    { "down-after", SETTING_MS, offsetof(struct group_draw, down_after_ms) },
    { "failover-timeout", SETTING_MS, offsetof(struct group_draw, failover_timeout_ms) },
    { "parallel-syncs", SETTING_NUMBER, offsetof(struct group_draw, parallel_syncs) },
    { "reboot-down-after", SETTING_MS, offsetof(struct group_draw, reboot_down_after_ms) },
    { "crash-after", SETTING_MS, offsetof(struct group_draw, crash_after_ms) },
};

/* All groups are alike. */
static void set_one(struct play *p, struct words *w, const struct setting *s) {
    int64_t value = s->kind == SETTING_NUMBER ? words_take_number(w) : words_take_us(w) / US_PER_MS;
    for (int i = 0; i < SIM_GROUPS_MAX; i++)
        memcpy((char *)&p->draw.group[i] + s->offset, &value, sizeof(value));
}

static int take_count(struct words *w, int most) {
    int64_t value = words_take_number(w);
    if (value < 1 || value > most)
        words_fail(w, "it is not between 1 and %d", most);
    return (int)value;
}

static void set_vedettes(struct play *p, struct words *w) {
    p->draw.vedettes = take_count(w, SIM_VEDETTES_MAX);
}

static void set_groups(struct play *p, struct words *w) {
    p->draw.groups = take_count(w, SIM_GROUPS_MAX);
}

static void set_replicas(struct play *p, struct words *w) {
    int count = take_count(w, SIM_REPLICAS_MAX);
    for (int i = 0; i < SIM_GROUPS_MAX; i++)
        p->draw.group[i].replicas = count;
}

static void set_priorities(struct play *p, struct words *w) {
    for (int row = 0; row <= p->draw.group[0].replicas; row++) {
        int64_t value = words_take_number(w);
        for (int i = 0; i < SIM_GROUPS_MAX; i++)
            p->draw.group[i].priorities[row] = value;
    }
}

static void set_restart(struct play *p, struct words *w) {
    static const char *const roles[RESTART_ROLE_COUNT] = {
        [RESTART_SAVED] = "saved",
        [RESTART_ORIGINAL] = "original",
        [RESTART_MASTER] = "master",
    };
    p->draw.restart_role = (enum restart_role)words_take_one_of(w, roles, RESTART_ROLE_COUNT);
}

static void set_sync(struct play *p, struct words *w) {
    p->draw.sync_low_us = p->draw.sync_high_us = words_take_us(w);
}

static void set_repl_timeout(struct play *p, struct words *w) {
    p->draw.repl_timeout_us = words_take_us(w);
}

static void set_delay(struct play *p, struct words *w) {
    p->draw.weather.delay_low_us = p->draw.weather.delay_high_us = words_take_us(w);
}

static void set_disk(struct play *p, struct words *w) {
    p->draw.disk.low_us = p->draw.disk.high_us = words_take_us(w);
}

static void set_password(struct play *p, struct words *w) {
    (void)w;
    p->draw.has_password = true;
}

/* All have one secret, and this policy. */
static void set_peers(struct play *p, struct words *w) {
    static const char *const policies[] = {
        [PEERS_PERMISSIVE] = "permissive",
        [PEERS_STRICT] = "strict",
    };
    p->draw.trust = words_take_one_of(w, policies, ARRAY_SIZE(policies)) == PEERS_STRICT
        ? TRUST_STRICT
        : TRUST_PERMISSIVE;
}

static const struct {
    const char *name;
    void (*set)(struct play *p, struct words *w);
} other_settings[] = {
    { "vedettes", set_vedettes },
    { "groups", set_groups },
    { "replicas", set_replicas },
    { "priorities", set_priorities },
    { "repl-timeout", set_repl_timeout },
    { "restart", set_restart },
    { "sync", set_sync },
    { "delay", set_delay },
    { "disk", set_disk },
    { "password", set_password },
    { "peers", set_peers },
};

static bool try_setting(struct play *p, struct words *w) {
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (words_try(w, settings[i].name)) {
            set_one(p, w, &settings[i]);
            return true;
        }
    for (size_t i = 0; i < ARRAY_SIZE(other_settings); i++)
        if (words_try(w, other_settings[i].name)) {
            other_settings[i].set(p, w);
            return true;
        }
    return false;
}

static void run_world(struct play *p, struct words *w) {
    while (words_are_left(w))
        if (!try_setting(p, w)) {
            const struct word *got = words_take(w, "a setting");
            words_fail(w, "the world has no setting \"%s\"", got->text);
        }
}

const struct step_row world_steps[] = {
    { .name = "covers",
        .usage = "C5 | 8.3 | wait_start->none | \"not enough votes in time\" ...",
        .run = run_covers,
        .is_before = true },
    { .name = "world", .usage = "SETTING VALUE ...", .run = run_world, .is_before = true },
    { .name = NULL },
};
