/* What a stock Sentinel does, as far as the laws of the others rest on it: votes, elections and
 * configurations. Its own contract is the model's business. */
#include "tests/sim/faults.h"
#include "tests/sim/laws.h"
#include "tests/sim/stock_parts.h"
#include "tests/sim/world.h"

#include <string.h>

static int number_of(const struct world *w, const struct stock *s) {
    return SIM_VEDETTES_MAX + (int)(s - w->stocks);
}

static bool is_vedette(const struct world *w, struct slice id) {
    for (int i = 0; i < w->vedette_count; i++)
        if (slice_is(id, w->vedettes[i].id))
            return true;
    return false;
}

/* Forced ones ask nobody. And it counts the votes of the current epoch, whatever its own one is
 * (spec 19.2, number 15): if another epoch has come up meanwhile, it leads without a vote. */
static void elected(struct laws *l, const struct stock *s, int group, const struct stock_group *g) {
    struct marks *marks = &l->world->marks;
    bool has_strayed = s->current_epoch != g->failover_epoch;
    if (g->is_forced)
        marks_hit(marks, MARK_STOCK_FORCED);
    else if (has_strayed)
        marks_hit(marks, MARK_STOCK_STRAYED);
    const struct leader leader = {
        .number = number_of(l->world, s),
        .life = s->life,
        .attempt = s->leads,
    };
    laws_elected(l, group, g->failover_epoch, &leader, g->is_forced || has_strayed);
}

/* "<group> <old ip> <old port> <new ip> <new port>" */
static void switched(struct laws *l, const struct stock *s, int group, const struct stock_group *g,
    struct slice payload) {
    struct endpoint master;
    for (int i = 0; i < 3; i++)
        (void)slice_cut(&payload, ' ');
    struct slice host = slice_cut(&payload, ' ');
    if (endpoint_make(host, slice_to_i64_lenient(payload), &master))
        laws_holds(l, number_of(l->world, s), group, g->config_epoch, &master);
}

static void on_event(void *context, const struct stock *s, const struct stock_group *g,
    const char *event, const char *payload) {
    struct laws *l = context;
    struct world *w = l->world;
    faults_hear(w, event);
    if (g == NULL) { /* it is about the process */
        if (strcmp(event, "+tilt") == 0)
            marks_hit(&w->marks, MARK_STOCK_TILT);
        return;
    }
    int group = world_group_named(slice_of(g->settings->name));
    struct slice rest = slice_of(payload), first = slice_cut(&rest, ' ');
    if (strcmp(event, "+try-failover") == 0) {
        laws_stands(l, number_of(w, s), group, g->failover_epoch);
    } else if (strcmp(event, "+elected-leader") == 0) {
        elected(l, s, group, g);
    } else if (strcmp(event, "+promoted-slave") == 0) {
        marks_hit(&w->marks, MARK_STOCK_LED);
        laws_holds(l, number_of(w, s), group, g->config_epoch, stock_group_master(g));
    } else if (strcmp(event, "-failover-abort-no-good-slave") == 0) {
        w->stock_gave_up_us[group] = w->schedule.now_us;
    } else if (strcmp(event, "+switch-master") == 0) {
        switched(l, s, group, g, slice_of(payload));
    } else if (strcmp(event, "+vote-for-leader") == 0 && is_vedette(w, first)) {
        marks_hit(&w->marks, MARK_STOCK_VOTE);
    } else if (strcmp(event, "+config-update-from") == 0 && is_vedette(w, slice_cut(&rest, ' '))) {
        marks_hit(&w->marks, MARK_STOCK_ADOPTED);
    }
}

/* In a failover of its own it compares what it hears with the master that it replaces (spec 5.4): a
 * newer configuration that names that one leaves the failover alone, which then ends under the
 * epoch of another. It holds that from now on: a restart finds it in the file, and tells nothing.
 */
static void on_epoch_taken(void *context, const struct stock *s, const struct stock_group *g) {
    struct laws *l = context;
    if (!g->in_failover || g->state < STOCK_RECONF_REPLICAS)
        return;
    int group = world_group_named(slice_of(g->settings->name));
    marks_hit(&l->world->marks, MARK_STOCK_OVERTAKEN);
    laws_reign(l, group, g->config_epoch)->was_forced = true;
    laws_holds(l, number_of(l->world, s), group, g->config_epoch, stock_group_master(g));
}

static void on_vote_told(
    void *context, const struct stock *s, const struct stock_group *g, uint64_t epoch) {
    struct laws *l = context;
    int group = world_group_named(slice_of(g->settings->name));
    laws_ballot(l, number_of(l->world, s), group, epoch, slice_of(g->leader));
}

void laws_watch_stock(struct laws *l, struct stock *s) {
    s->observer = (struct stock_observer){
        .context = l,
        .event = on_event,
        .epoch_taken = on_epoch_taken,
        .vote_told = on_vote_told,
    };
}

/* It forgets whom it voted for, but not that it did. */
void laws_stock_started(struct laws *l, const struct stock *s) {
    for (int group = 0; group < l->world->group_count; group++) {
        const struct told_group *told = &l->told[number_of(l->world, s)].groups[group];
        const struct stock_group *g = stock_group(s, slice_of(world_group_name(group)));
        if (g->leader_epoch < told->vote_epoch)
            laws_break(l, LAW_VOTE_KEPT, "%s told its vote of epoch %llu, and starts with %llu",
                s->settings.name, (unsigned long long)told->vote_epoch,
                (unsigned long long)g->leader_epoch);
    }
}
