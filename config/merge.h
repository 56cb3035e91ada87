/* File, runtime changes and what was learned, merged into what is in force.
 * An override holds while the file still says what it said when it was overridden; else the file
 * wins and the override is dropped. A removed group stays hidden until its section changes. Groups
 * made at runtime stay. */
#pragma once

#include "common/base.h"
#include "config/settings.h"
#include "config/state.h"

struct buf;
struct diag;

/* An override that lost against a changed file. The values are as in YAML: "30s". */
struct dropped_override {
    char group[GROUP_NAME_MAX]; /* "" of the process */
    char option[64];
    char *value;      /* owned: what had been in force; stars for secrets */
    char *file_value; /* owned: what the file says now; stars for secrets */
    bool is_moot;     /* they are the same: a classic file was written with it */
};

struct plan_group {
    enum group_origin origin;     /* file or runtime */
    struct group_settings file;   /* as the file says; defaults for a runtime group */
    struct group_settings active; /* with the overrides */
    bool moves;                   /* a classic file's changed address wins over the one in force */
};

/* What is to be in force, and the changes to the state that follow from it. */
struct plan {
    struct settings file;      /* of the process, as the file says; without groups */
    struct settings active;    /* the same with the overrides */
    struct plan_group *groups; /* owned */
    size_t group_count, group_capacity;
    struct dropped_override *dropped; /* owned */
    size_t dropped_count, dropped_capacity;
    char (*unhidden)[GROUP_NAME_MAX]; /* owned: hidden groups that a changed section brings back */
    size_t unhidden_count, unhidden_capacity;
};

void plan_init(struct plan *p);
void plan_fini(struct plan *p);

enum merge_style {
    /* A changed `master:` of a known group is a finding, since the peers' epochs would undo it. */
    MERGE_YAML,
    /* The file's address wins where it differs from the one it held before. */
    MERGE_CLASSIC,
};

/* Merges. An override of the process holds only for an option that can change while it runs. The
 * groups of the plan are those of the file in its order, then those made at runtime.
 * A group's address in force, `active.master`, is the state's when the state knows the group, else
 * the file's.
 *
 * - A tombstone hides the section that it was made from. One that hides nothing (its section is ""
 *   or has changed) leaves the file's settings alone; the state still knows the vote.
 * - A group made at runtime that the file now names too becomes the file's: it keeps its address
 *   and loses its overrides. If it was made after a REMOVE (record.section), only once that section
 *   has changed.
 * - Of a group that stays a runtime one all overrides hold, whatever the defaults are now.
 * - A group that came from the file and is no longer in it is not in the plan.
 *
 * Findings: the file's `master:` is neither the seed it held before (record.seed) nor the address
 * in force; a group that starts anew has the address in force of another. false if there are any;
 * the plan is then empty. */
bool config_merge(const struct settings *file, const struct state *state, enum merge_style style,
    struct plan *ret, struct diag *diag);

/* What a file says of a user, as an override remembers it: a change of this ends the override. */
void merge_write_user(const struct settings *file, struct slice name, struct buf *out);

/* Digest of a group's section, for tombstones: equal sections give equal digests. */
void merge_section_digest(const struct group_settings *g, char ret_hex[static 65]);

/* Calls `visit` with what a classic file, whose sentinel may have run elsewhere meanwhile, adds to
 * our own state: epochs and votes take the maximum; a group that we do not know is taken with its
 * lists; of one whose config epoch is newer in the file, the address and the lists are the file's;
 * lists that are not those that we read or wrote last are the file's, too, unless its config epoch
 * is older. An older one also says that the address is one that we have left. The id is left to the
 * caller. `ours` may take each change at once. */
void merge_classic_state(const struct state *ours, const struct state *file,
    void (*visit)(const struct delta *d, void *context), void *context);
