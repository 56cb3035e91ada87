/* The model and the judge: what this process knows of all groups, and the pass that acts on it.
 * Knows no client, clock, socket or file. An input updates facts and marks groups; core_end then
 * judges each group that is marked or due. */
#pragma once

#include "common/buf.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/rng.h"
#include "common/tstamp.h"
#include "config/settings.h"
#include "config/state.h"
#include "sentinel/core/doubt.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/group.h"
#include "sentinel/core/info_text.h"
#include "sentinel/core/input.h"
#include "sentinel/core/resolve.h"
#include "sentinel/core/room.h"
#include "sentinel/core/script.h"

struct input;
struct option;
struct plan;

/* The periods of the originals, ms. Source: spec 3.1. */
struct periods {
    int64_t info, info_fast, ping, ask, publish, tilt_trigger, tilt, reconf, min_link_age, election;
    int64_t script_runtime, script_retry;
    int64_t default_down_after, default_failover_timeout; /* of groups made from now on */
};

#define PERIOD_MAX_MS ((int64_t)24 * 3600 * 1000) /* that SENTINEL DEBUG may set */

/* Where SENTINEL SIMULATE-FAILURE ends this process; bits. */
enum failure { FAILURE_NONE = 0, FAILURE_AFTER_ELECTION = 1, FAILURE_AFTER_PROMOTION = 2 };

/* What must not be forgotten with a group: a vote once given, and that REMOVE hides a section. */
struct tombstone {
    char name[GROUP_NAME_MAX];
    uint64_t vote_epoch;
    char vote_for[CANDIDATE_MAX];
    uint64_t vote_seq;
    char section[65]; /* of the file, hidden by the REMOVE; "" none */
};

/* The numbers that our signed hellos have, each once, whatever becomes of this process: those below
 * `limit` are on disk as used. */
struct counting {
    uint64_t next, limit;
    uint64_t asked, asked_seq; /* the limit to come, and the PERSIST of it */
};

struct core {
    char id[ID_SIZE];
    char link_names[2][32]; /* by enum link_purpose: as what the far ends know us */
    struct now now;         /* of the present step */
    struct rng rng;
    struct periods periods;
    struct settings file;             /* of the process, as the file says; without groups */
    struct settings settings;         /* the same, in force */
    uint64_t limit_hits[LIMIT_COUNT]; /* how often each was acted on */
    struct info_texts info_texts;     /* of all nodes */
    uint64_t current_epoch;
    uint64_t current_epoch_seq; /* PERSIST of it */
    uint64_t durable_epoch;     /* what hellos may tell of it */
    uint64_t shared_epoch;      /* the last one that an attempt of ours made (law C2); 0 = none */
    int64_t shared_epoch_ms;    /* mono: when */

    struct map groups;     /* name -> struct group, owned; insertion order is configuration order */
    struct map by_address; /* "host:port" of the configured master, by what was given and by IP ->
                              struct group (first) */
    struct map by_serial;  /* bytes of group->serial -> struct group */
    struct map processes;  /* id -> struct process, owned */
    struct map tombstones; /* name -> struct tombstone, owned */
    struct link **links;   /* by id - 1; borrowed; NULL = free slot */
    size_t link_count, link_capacity;
    size_t free_links;      /* free slots among them, */
    size_t first_free_link; /* and before this one there is none */
    uint64_t next_incarnation, next_tag, next_serial, next_attempt;

    int64_t read_ms; /* heard: all that had arrived by then was handed in; silence lasts until then
                        at least */
    bool tilt;
    int64_t tilt_since_ms; /* heard */
    int64_t back_ms;       /* mono: when we went on after a stall; 0 = never */
    uint64_t tilt_count;
    unsigned failures; /* enum failure: simulated */

    struct resolve resolve; /* what host names mean */
    struct room room;       /* descriptors for links */

    struct list dirty;           /* struct group.dirty_node */
    struct list dirty_processes; /* struct process.dirty_node */
    struct list awaiting;        /* struct group.awaiting_node */
    struct heap due;             /* struct group.due; mono */
    struct heap process_due;     /* struct process.due; mono */

    struct scripts scripts;

    struct effects *out;           /* of the present step; borrowed */
    uint64_t persist_seq;          /* last PERSIST emitted */
    uint64_t durable_seq;          /* all up to here are on disk */
    uint64_t failed_seq;           /* > durable_seq: the store has failed up to here */
    bool writes_file;              /* a classic file is kept up to date by the shell */
    bool save_now;                 /* somebody waits for this step's PERSIST to be in it */
    uint64_t saved_seq;            /* all up to here is in it */
    uint64_t unsaved_seq;          /* > saved_seq: it could not be written */
    uint64_t save_asked_seq;       /* the last PERSIST that somebody wants to see in it */
    char listing[DIGEST_HEX_SIZE]; /* of the file, as in the state */
    char unsaved_why[256];  /* why not, as last logged; "" = not logged since it was last written */
    uint64_t timed_seq;     /* the PERSIST whose time is taken; 0 = none */
    int64_t timed_ms;       /* mono: when it was emitted */
    int64_t write_ms;       /* how long the last one took that was timed */
    int64_t store_retry_ms; /* mono: when to try a failed store again; 0 = no need */
    char store_why[256];    /* why it fails, as last logged; "" = not logged since it last worked */
    int64_t store_told_ms;  /* mono: when that was; 0 = never */
    struct delta *deltas;   /* gathered in this step; one PERSIST at its end */
    size_t delta_count, delta_capacity;
    struct doubts doubts;
    struct counting counting;
    char challenge_key[CHALLENGE_KEY_SIZE]; /* what makes our challenges such that nobody foresees
                                               them */
    uint64_t challenges;                    /* how many there were */
    /* Of this step: on each seal that was looked at, a byte: was it genuine? */
    struct buf verdicts;
    struct slice *foretold; /* a replay, which has no secrets: the verdicts that were recorded, in
                               order; borrowed; NULL = none, seals are looked at */
    bool has_signers;       /* somebody has signed a hello */
    int64_t id_clash_ms;    /* mono: last warning that another process uses our id; 0 = none */
    struct endpoint announced[8]; /* addresses that our last hellos carried: known as our own when
                                     they come back */
    size_t announced_next;
};

struct core_options {
    const struct state *state; /* read during the call */
    const struct plan *plan;   /* read during the call */
    bool writes_file; /* the shell keeps the classic file up to date, and tells of it (SAVED) */
    uint64_t seed;
    struct descriptor_usage descriptors;
    struct slice *foretold; /* of struct core */
    char challenge_key[CHALLENGE_KEY_SIZE];
};

struct core *core_new(const struct core_options *options, struct now now, struct effects *out);
void core_free(struct core *c);

/* A step in three parts, so that the command layer can act between them: begin sets the clock and
 * enters tilt if we were away too long; input takes an input of the core (not those of clients);
 * end judges, and closes the PERSIST. Scripts are started after that (script_start_due), when the
 * events of the step have been routed. */
void core_begin(struct core *c, struct now now, struct effects *out);
void core_input(struct core *c, const struct input *in);
void core_end(struct core *c);
int64_t core_deadline(const struct core *c); /* mono ms; TSTAMP_NEVER: nothing is due */

/* ---- groups ---- */
/* Adds a group with an address, remembering a vote once given under its name. The caller sets its
 * settings. */
struct group *core_add_group(
    struct core *c, const char *name, const struct endpoint *master, enum group_origin origin);
/* Forgets a group but for a vote that it gave. HIDE: its section of the file stays hidden until it
 * changes. Returns the seq. */
enum core_remove { CORE_REMOVE_FORGET, CORE_REMOVE_HIDE };
uint64_t core_remove_group(struct core *c, struct group *g, enum core_remove how);
/* Takes over settings: logs in anew if the credentials changed, judges with the new limits. */
void core_apply_settings(struct core *c, struct group *g, const struct group_settings *settings);

/* Marks all groups and processes, to be judged in this step. */
void core_touch_all(struct core *c);
/* Ends this process here if that is simulated: nothing that the step asks for afterwards is done.
 */
void core_simulate(struct core *c, enum failure failure);

/* ---- questions ---- */
/* Date in the manner of ctime, UTC, for log lines. Returns text. */
const char *core_date(const struct core *c, int64_t wall_ms, char *text, size_t capacity);
/* NULL if there is none. */
struct group *core_group(const struct core *c, struct slice name);
struct group *core_group_by_address(const struct core *c, const struct endpoint *master);
bool core_store_failed(const struct core *c);
size_t core_wanted_links(const struct core *c); /* connections that we want, made or not */

/* Whose behaviour clients see. */
static inline enum compat core_compat(const struct core *c) {
    return (enum compat)c->settings.compat;
}

/* ---- durability ---- */
/* Adds a delta to this step's PERSIST; its texts are copied. Returns the seq that will carry it. */
uint64_t core_persist(struct core *c, const struct delta *d);
bool core_is_durable(const struct core *c, uint64_t seq); /* it, and all before it */
/* Adds the option of a group to this step's PERSIST: as an override, or as one that is over, since
 * the file says what is in force. */
void core_persist_override(struct core *c, const struct group *g, const struct option *o);
/* How long our disk takes for a PERSIST: the last one, or the present one if that takes longer. */
int64_t core_write_time(const struct core *c);
/* Whether a deployment can have come to this epoch. Anybody who can speak to us can name one, and
 * they must not be used up by that: one message takes us EPOCH_STEP_MAX further at most, and none
 * to EPOCH_END. */
#define EPOCH_END      (UINT64_C(1) << 62)
#define EPOCH_STEP_MAX UINT64_C(1000000)
bool core_believes_epoch(const struct core *c, uint64_t epoch);
/* The same of what `whom` says; what is not believed is counted, and told at a bounded rate. */
bool core_checks_epoch(struct core *c, uint64_t epoch, struct slice whom);
/* Raises the current epoch: persisted, with +new-epoch. Epochs that are lower, equal or not
 * believed are nothing. */
void core_raise_epoch(struct core *c, const struct group *g, uint64_t epoch);

/* Whether the present wake-up has nothing more to hand in. */
static inline bool core_has_read_all(const struct core *c) {
    return c->read_ms == c->now.heard_ms;
}

/* ---- deadlines, gathered while judging; mono ---- */
static inline void due_mono(int64_t *due, int64_t at_ms) {
    *due = tstamp_min(*due, at_ms);
}

/* An instant of the heard clock, which runs at most as fast as the monotonic one. */
static inline void due_heard(const struct core *c, int64_t *due, int64_t at_ms) {
    int64_t ahead = at_ms > c->now.heard_ms ? at_ms - c->now.heard_ms : 0;
    *due = tstamp_min(*due, tstamp_add(c->now.mono_ms, ahead));
}
