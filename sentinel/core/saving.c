#include "sentinel/core/saving.h"

#include "common/map.h"
#include "common/mem.h"
#include "config/merge.h"
#include "config/option.h"
#include "sentinel/core/configure.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/group.h"
#include "sentinel/core/input.h"

#include <string.h>

/* ---- questions ---- */

void saving_ask(struct core *c) {
    if (!c->writes_file)
        return;
    c->save_now = true;
    c->save_asked_seq = c->persist_seq + 1;
}

bool saving_is_done(const struct core *c, uint64_t seq) {
    return !c->writes_file || seq <= c->saved_seq;
}

bool saving_has_failed(const struct core *c, uint64_t seq) {
    return !saving_is_done(c, seq) && seq <= c->unsaved_seq;
}

/* ---- what the file says now ---- */

/* Changes made since it was written are overrides of what it says. */
static void adopt_group(struct core *c, struct group *g, const struct group_settings *said) {
    bool known = g->origin == GROUP_FROM_FILE && g->section[0] == '\0';
    if (known && group_settings_equal(&g->file, said))
        return;
    struct group_settings before = g->file;
    group_settings_copy(&g->file, said);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        bool counts = o->scope == OPTION_GROUP && o->type != OPTION_TYPE_ENDPOINT &&
            o->type != OPTION_TYPE_SECRET_FILE;
        if (counts && !option_equal(o, &before, said))
            core_persist_override(c, g, o);
    }
    group_settings_fini(&before);
    g->origin = GROUP_FROM_FILE;
    g->section[0] = '\0';
    group_persist(c, g);
}

/* A section that is gone from the file needs no hiding; one that was written before the REMOVE came
 * is hidden as it stands there. */
static void adopt_tombstone(struct core *c, struct tombstone *t, const struct plan_group *said) {
    char section[sizeof(t->section)] = "";
    struct slice name = slice_of(t->name);
    if (said != NULL)
        merge_section_digest(&said->active, section);
    if (strcmp(section, t->section) == 0)
        return;
    memcpy(t->section, section, sizeof(section));
    if (t->vote_epoch == 0 && section[0] == '\0') {
        core_persist(c, &(struct delta){ .kind = DELTA_GROUP_FORGET, .group = name });
        mem_free(map_remove(&c->tombstones, name));
        return;
    }
    struct group_record r = { .origin = GROUP_REMOVED, .vote_epoch = t->vote_epoch };
    memcpy(r.vote_for, t->vote_for, sizeof(r.vote_for));
    memcpy(r.section, section, sizeof(r.section));
    core_persist(c, &(struct delta){ .kind = DELTA_GROUP, .group = name, .record = r });
}

static void adopt(struct core *c, const struct plan *plan) {
    struct map said = MAP_INIT;
    configure_adopt(c, &plan->active);
    for (size_t i = 0; i < plan->group_count; i++) {
        struct plan_group *p = &plan->groups[i];
        struct slice name = slice_of(p->active.name);
        struct group *g = core_group(c, name);
        map_put(&said, name, p);
        if (g != NULL)
            adopt_group(c, g, &p->active);
    }
    map_for_each(t, &c->tombstones, struct tombstone)
        adopt_tombstone(c, t, map_get(&said, slice_of(t->name)));
    map_fini(&said);
}

/* ---- what came of writing it ---- */

void saving_on_saved(struct core *c, const struct input *in) {
    c->saved_seq = MAX_OF(c->saved_seq, in->seq);
    c->unsaved_why[0] = '\0';
    if (in->rewritten)
        core_log(c, LOG_NOTICE, "Sentinel new configuration saved on disk");
    if (in->plan == NULL)
        return;
    adopt(c, in->plan);
    if (strcmp(c->listing, in->listing) != 0) {
        slice_copy(slice_of(in->listing), c->listing, sizeof(c->listing));
        core_persist(c, &(struct delta){ .kind = DELTA_LISTING, .value = slice_of(in->listing) });
    }
}

/* Each time that somebody waits for it; else once, and again when the reason changes. */
void saving_on_unsaved(struct core *c, const struct input *in) {
    struct slice why = slice_sub(in->why, 0, sizeof(c->unsaved_why) - 1);
    bool awaited = c->save_asked_seq > c->unsaved_seq && c->save_asked_seq > c->saved_seq;
    if (awaited || !slice_is(why, c->unsaved_why))
        core_log(c, LOG_WARNING,
            "WARNING: Sentinel was not able to save the new configuration on disk!!!: " SLICE_FMT,
            SLICE_ARG(why));
    slice_copy(why, c->unsaved_why, sizeof(c->unsaved_why));
    c->unsaved_seq = MAX_OF(c->unsaved_seq, in->seq);
}
