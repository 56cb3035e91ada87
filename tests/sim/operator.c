#include "tests/sim/operator.h"

#include "common/buf.h"
#include "sentinel/core/core.h"
#include "tests/sim/world.h"

#define LOOK_US           US_PER_S
#define LOOKS_APART_MAX   5
#define LOOKS_DEMOTED_MAX 20
#define MONITOR_AGAIN_US  (3 * US_PER_S) /* after a REMOVE, at most */
#define STUCK_AGAIN_MS    15000          /* until a stuck connection is opened anew (spec 2.6) */

static struct vedette *any_vedette(struct world *w) {
    return &w->vedettes[rng_between(&w->rng, 0, w->vedette_count - 1)];
}

/* Rather one that is being failed over. */
static int any_group(struct world *w) {
    for (int i = 0; i < w->vedette_count; i++)
        for (int group = 0; group < w->group_count; group++) {
            const struct group *g = vedette_group(&w->vedettes[i], group);
            if (g != NULL && group_in_failover(g) && rng_chance(&w->rng, 700))
                return group;
        }
    return (int)rng_between(&w->rng, 0, w->group_count - 1);
}

static struct endpoint master_of(const struct group *g) {
    return names_ip(&group_current_master(g)->address.given);
}

/* The newer configuration; of two alike that whose master is one. */
static bool is_better(const struct world *w, const struct group *g, const struct group *than) {
    if (than == NULL || g->config_epoch != than->config_epoch)
        return than == NULL || g->config_epoch > than->config_epoch;
    const struct endpoint one = master_of(g), other = master_of(than);
    for (int i = 0; i < w->farm.count; i++) {
        const struct server *s = &w->farm.servers[i];
        if (s->alive && server_is_master(s) && endpoint_equal(&s->party.address, &one))
            return !endpoint_equal(&one, &other);
        if (s->alive && server_is_master(s) && endpoint_equal(&s->party.address, &other))
            return false;
    }
    return false;
}

/* What somebody would find out who asks the vedettes and the servers. */
static struct endpoint believed_master(const struct world *w, int group) {
    const struct group *best = NULL;
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        if (g != NULL && is_better(w, g, best))
            best = g;
    }
    if (best != NULL)
        return group_current_master(best)->address.given;
    const struct server *first = &w->farm.servers[w->farm.first[group]];
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++)
        if (w->farm.servers[i].alive && server_is_master(&w->farm.servers[i]))
            return w->farm.servers[i].party.address;
    return first->party.address;
}

/* ---- commands ---- */

static void monitor(struct world *w, const struct vedette *v, int group) {
    const struct endpoint master = believed_master(w, group);
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&words, "SENTINEL MONITOR %s %s %u %lld", world_group_name(group), master.host,
        master.port, (long long)w->draw.group[group].quorum);
    visitor_say(&w->visitor, v, buf_text(&words));
}

static void set(struct world *w, const struct vedette *v, int group) {
    const struct group_draw *d = &w->draw.group[group];
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&words, "SENTINEL SET %s quorum %lld down-after-milliseconds %lld",
        world_group_name(group), (long long)d->quorum, (long long)d->down_after_ms);
    buf_printf(&words, " failover-timeout %lld parallel-syncs %lld",
        (long long)d->failover_timeout_ms, (long long)d->parallel_syncs);
    buf_printf(&words, " master-reboot-down-after-period %lld", (long long)d->reboot_down_after_ms);
    if (w->farm.password != NULL)
        buf_printf(&words, " auth-pass %s", w->farm.password);
    visitor_say(&w->visitor, v, buf_text(&words));
}

/* Vedette and group, named by one number. */
static void monitor_later(void *context, uint64_t argument) {
    struct world *w = context;
    monitor(w, &w->vedettes[argument / SIM_GROUPS_MAX], (int)(argument % SIM_GROUPS_MAX));
}

static void say_of_group(struct world *w, struct vedette *v, const char *format, int group) {
    struct slice rest = slice_of(format);
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_add_slice(&words, slice_cut(&rest, '%'));
    buf_add_text(&words, world_group_name(group));
    buf_add_slice(&words, rest);
    visitor_say(&w->visitor, v, buf_text(&words));
}

static void remove_group(struct world *w, struct vedette *v, int group) {
    say_of_group(w, v, "SENTINEL REMOVE %", group);
    uint64_t argument = (uint64_t)v->number * SIM_GROUPS_MAX + (uint64_t)group;
    if (rng_chance(&w->rng, 700))
        schedule_at(&w->schedule, w->schedule.now_us + rng_between(&w->rng, 1, MONITOR_AGAIN_US),
            monitor_later, w, argument);
}

static void simulate_failure(struct world *w, struct vedette *v) {
    v->failure_asked = true;
    visitor_say(&w->visitor, v,
        rng_chance(&w->rng, 500) ? "SENTINEL SIMULATE-FAILURE crash-after-election"
                                 : "SENTINEL SIMULATE-FAILURE crash-after-promotion");
}

static void change_settings(struct world *w, struct vedette *v, int group) {
    static const char *const words[] = {
        "SENTINEL SET % quorum 1",
        "SENTINEL SET % quorum 2",
        "SENTINEL SET % quorum 7",
        "SENTINEL SET % down-after-milliseconds 1",
        "SENTINEL SET % down-after-milliseconds 100",
        "SENTINEL SET % down-after-milliseconds 60000",
        "SENTINEL SET % failover-timeout 100",
        "SENTINEL SET % failover-timeout 1000",
        "SENTINEL SET % failover-timeout 600000",
        "SENTINEL SET % parallel-syncs 10",
        "SENTINEL SET % auth-pass mellon",
        "SENTINEL SET % quorum 1 down-after-milliseconds 300 failover-timeout 500",
    };
    say_of_group(w, v, words[rng_between(&w->rng, 0, (int64_t)ARRAY_SIZE(words) - 1)], group);
}

enum deed { DEED_RESET, DEED_SET, DEED_REMOVE, DEED_MONITOR, DEED_CONFIG, DEED_CRASH, DEED_FLUSH };

static void do_deed(struct world *w, struct vedette *v, int group, enum deed deed) {
    switch (deed) {
    case DEED_RESET:
        say_of_group(w, v, "SENTINEL RESET %", group);
        break;
    case DEED_SET:
        change_settings(w, v, group);
        break;
    case DEED_REMOVE:
        remove_group(w, v, group);
        break;
    case DEED_MONITOR:
        monitor(w, v, group);
        break;
    case DEED_CONFIG:
        visitor_say(&w->visitor, v, "SENTINEL CONFIG SET sentinel-pass mellon");
        break;
    case DEED_CRASH:
        simulate_failure(w, v);
        break;
    case DEED_FLUSH:
        visitor_say(&w->visitor, v, "SENTINEL FLUSHCONFIG");
        break;
    }
}

void operator_command(struct world *w) {
    w->is_tampered = true;
    static const enum deed deeds[] = {
        DEED_RESET,
        DEED_RESET,
        DEED_SET,
        DEED_SET,
        DEED_SET,
        DEED_REMOVE,
        DEED_REMOVE,
        DEED_MONITOR,
        DEED_CONFIG,
        DEED_CRASH,
        DEED_FLUSH,
    };
    enum deed deed = deeds[rng_between(&w->rng, 0, (int64_t)ARRAY_SIZE(deeds) - 1)];
    int group = any_group(w);
    bool everywhere = rng_chance(&w->rng, 200);
    int chosen = any_vedette(w)->number;
    for (int i = 0; i < w->vedette_count; i++)
        if (everywhere || i == chosen)
            do_deed(w, &w->vedettes[i], group, deed);
}

/* ---- files ---- */

/* Writes a section that is not there: with the address that it should have now, unless the state
 * still knows it from the file. */
static void write_section(struct world *w, struct vedette *v, int group) {
    v->file.sections[group].master = believed_master(w, group);
    file_mend(&v->file, w, group);
    file_reconcile(&v->file, &v->disk.written);
}

static void edit(struct world *w, struct vedette *v, int group, int64_t what, int64_t value) {
    struct section *s = &v->file.sections[group];
    if (s->is_missing)
        write_section(w, v, group);
    else if (what == 0)
        s->quorum = value + 1;
    else if (what == 1)
        s->down_after_ms = 100 + 1000 * value;
    else if (what == 2)
        s->failover_timeout_ms = 500 + 5000 * value;
    else if (what == 3)
        s->parallel_syncs = value + 1;
    else if (what == 4)
        s->has_wrong_password = !s->has_wrong_password;
    else if (what == 5)
        v->file.is_damaged = !v->file.is_damaged;
    else
        s->is_missing = true;
}

void operator_edit(struct world *w) {
    w->is_tampered = true;
    int group = any_group(w);
    int chosen = any_vedette(w)->number;
    int64_t what = rng_between(&w->rng, 0, 6), value = rng_between(&w->rng, 0, 4);
    bool everywhere = rng_chance(&w->rng, 300);
    for (int i = 0; i < w->vedette_count; i++) {
        struct vedette *v = &w->vedettes[i];
        if (!everywhere && i != chosen)
            continue;
        edit(w, v, group, what, value);
        story_line(&w->story, v->name, "its file is edited, section %s", world_group_name(group));
        if (rng_chance(&w->rng, 900)) /* else a restart reads it */
            vedette_reload(v);
    }
}

/* ---- putting right ---- */

static bool section_is_right(const struct group_draw *d, const struct section *s) {
    return !s->is_missing && !s->has_wrong_password && s->quorum == d->quorum &&
        s->down_after_ms == d->down_after_ms && s->failover_timeout_ms == d->failover_timeout_ms &&
        s->parallel_syncs == d->parallel_syncs;
}

static bool file_is_right(const struct vedette *v) {
    bool is_right = !v->file.is_damaged;
    for (int group = 0; group < v->world->group_count; group++)
        is_right &= section_is_right(&v->world->draw.group[group], &v->file.sections[group]);
    return is_right;
}

static void mend_file(struct vedette *v) {
    struct world *w = v->world;
    story_line(&w->story, v->name, "its file is put right");
    v->file.is_damaged = false;
    for (int group = 0; group < w->group_count; group++) {
        if (v->file.sections[group].is_missing)
            write_section(w, v, group);
        file_mend(&v->file, w, group);
    }
    vedette_reload(v);
}

static bool group_is_right(const struct world *w, int group, const struct group_settings *s) {
    const struct group_draw *d = &w->draw.group[group];
    bool is_let_in =
        w->farm.password == NULL || slice_is(secret_reveal(&s->auth_password), w->farm.password);
    return is_let_in && s->quorum == d->quorum && s->down_after_ms == d->down_after_ms &&
        s->failover_timeout_ms == d->failover_timeout_ms &&
        s->parallel_syncs == d->parallel_syncs &&
        s->reboot_down_after_ms == d->reboot_down_after_ms;
}

bool operator_has_done(const struct world *w, int group) {
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], group);
        if (g == NULL || !group_is_right(w, group, &g->settings))
            return false;
    }
    return true;
}

/* Vedettes that were made to forget each other, or that hold different masters under the epoch of a
 * group that was made anew, never hear better: one of them has to be told. */
static bool is_lost(const struct world *w, struct vedette *v, int group, const struct group *g) {
    const struct endpoint given = believed_master(w, group), right = names_ip(&given);
    const struct endpoint here = master_of(g);
    if (endpoint_equal(&here, &right))
        v->looks_apart[group] = 0;
    else if (!group_in_failover(g)) /* one that wins nothing may come again and again */
        v->looks_apart[group]++;
    return w->is_tampered && !group_in_failover(g) && v->looks_apart[group] >= LOOKS_APART_MAX;
}

/* false: there was something to do. */
static bool look_at_groups(struct vedette *v) {
    struct world *w = v->world;
    bool is_right = true;
    for (int group = 0; group < w->group_count; group++) {
        const struct group *g = vedette_group(v, group);
        if (g == NULL)
            monitor(w, v, group);
        else if (is_lost(w, v, group, g))
            say_of_group(w, v, "SENTINEL REMOVE %", group);
        else if (!group_is_right(w, group, &g->settings))
            set(w, v, group);
        else
            continue;
        is_right = false;
    }
    return is_right;
}

/* Whether the way between them is so long that the connection is opened anew all the time, and the
 * server is down meanwhile (world.c): it is never led back where that takes no fall for longer. */
static bool is_too_far(const struct world *w, const struct vedette *v, const struct server *s) {
    const struct group_draw *g = &w->draw.group[s->group];
    int64_t round_us = net_longest_round_us(&w->net, v->party.host, s->party.host);
    return 2 * round_us > g->down_after_ms * US_PER_MS && g->failover_timeout_ms > STUCK_AGAIN_MS;
}

static bool is_known(const struct world *w, const struct server *s) {
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], s->group);
        if (g == NULL)
            return true; /* who knows */
        if (is_too_far(w, &w->vedettes[i], s))
            continue;
        const struct endpoint master = master_of(g);
        if (endpoint_equal(&master, &s->party.address))
            return true;
        list_for_each(n, &g->replicas, struct node, siblings) {
            const struct endpoint replica = names_ip(&n->address.given);
            if (endpoint_equal(&replica, &s->party.address))
                return true;
        }
    }
    return false;
}

/* Where the master came back as a replica, and the others were made to forget the servers that
 * could take its place, they are at their wits' end. */
static void promote(struct world *w, int group) {
    const struct endpoint given = believed_master(w, group), master = names_ip(&given);
    struct server *s = farm_at(&w->farm, &master);
    bool is_demoted = s != NULL && s->alive && !server_is_master(s);
    w->looks_demoted[group] = is_demoted ? w->looks_demoted[group] + 1 : 0;
    if (!w->is_tampered || w->looks_demoted[group] < LOOKS_DEMOTED_MAX)
        return;
    story_line(&w->story, s->name, "is made a master by hand");
    marks_hit(&w->marks, MARK_LED_BACK);
    server_follow(s, &(struct endpoint){ .port = 0 });
}

/* A server that RESET or REMOVE made everybody forget who could do it has to be brought back by
 * hand. */
static void lead_back(struct world *w) {
    for (int group = 0; group < w->group_count; group++)
        promote(w, group);
    for (int i = 0; i < w->farm.count; i++) {
        struct server *s = &w->farm.servers[i];
        const struct endpoint given = believed_master(w, s->group), master = names_ip(&given);
        if (is_known(w, s) || endpoint_equal(&s->master, &master))
            continue;
        story_line(&w->story, s->name, "is led back to %s by hand", master.host);
        marks_hit(&w->marks, MARK_LED_BACK);
        clients_note_led_by_hand(w, s);
        server_follow(s, &master);
    }
}

static void look(void *context, uint64_t round) {
    struct world *w = context;
    if (w->faults_are_on || w->round != round)
        return;
    bool is_right = true;
    for (int i = 0; i < w->vedette_count; i++) {
        struct vedette *v = &w->vedettes[i];
        if (v->engine == NULL)
            continue;
        if (vedette_core(v)->failures != FAILURE_NONE)
            visitor_say(&w->visitor, v, "SENTINEL SIMULATE-FAILURE help"); /* forgets it */
        if (!file_is_right(v))
            mend_file(v);
        else if (look_at_groups(v))
            continue;
        is_right = false;
    }
    if (is_right)
        lead_back(w);
    schedule_at(&w->schedule, w->schedule.now_us + LOOK_US, look, w, round);
}

void operator_mend(struct world *w) {
    if (w->vedette_count == 0)
        return; /* nobody asked stock ones for anything that stays */
    schedule_at(&w->schedule, w->schedule.now_us + LOOK_US / 10, look, w, w->round);
}
