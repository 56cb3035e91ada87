/* The outside of the engine's one door: an engine with all that it has asked for and not been
 * answered yet, so that a target can go on with anything that the shell might bring next, in any
 * order. After every step the laws are checked that can be seen from here (ARCHITECTURE 3);
 * breaking one ends the process. */
#pragma once

#include "common/buf.h"
#include "common/tstamp.h"
#include "config/merge.h"
#include "config/state.h"
#include "sentinel/command/facts.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"
#include "tests/fuzz/fuzz.h"

struct core;
struct engine;
struct link;
struct recording;
struct store_batch;

#define OUTSIDE_CONFIGS 5 /* configurations to start with and to reload */

/* A connection that the engine has asked for. */
struct outside_link {
    struct link_id id;
    uint64_t incarnation;
    enum link_purpose purpose;
    bool is_up;
    uint64_t *tags; /* owned: of the SENDs without an answer, oldest first */
    size_t tag_count, tag_capacity;
};

struct outside_client {
    struct client_id id; /* 0: the place is free */
    bool is_hung_up;
    char number[CHALLENGE_SIZE + 1]; /* of ours, that it was told (sealing.h); "" = none */
};

/* A question of the engine's, to be answered once. */
struct outside_question {
    enum effect_kind kind; /* RESOLVE, RUN, CHECK_SCRIPTS, READ_FILE, WRITE_FILE, DRAW */
    struct client_id client;
    uint64_t number;  /* RUN: the script; DRAW: letters; CHECK_SCRIPTS: files */
    struct buf text;  /* RESOLVE: host; WRITE_FILE: what is written */
    bool is_answered; /* RUN: started */
};

#define OUTSIDE_CLIENTS 8

struct outside {
    struct engine *engine; /* owned */
    struct core *core;     /* the engine's */
    struct process_facts facts;
    struct settings settings; /* what the file says */
    struct effects effects;   /* of the last step */
    struct now now;
    size_t config; /* of OUTSIDE_CONFIGS */
    size_t trust;  /* its secrets and policy (sealing.h) */
    bool writes_file;
    bool has_stopped; /* the engine asked to stop: nothing more is handed in */

    struct outside_link *links; /* owned */
    size_t link_count, link_capacity;
    struct outside_client clients[OUTSIDE_CLIENTS];
    uint64_t last_client;
    struct outside_question *questions; /* owned: oldest first */
    size_t question_count, question_capacity;

    uint64_t persist_seq, durable_seq, save_seq, saved_seq;
    struct state known;         /* with every PERSIST */
    struct state disk;          /* with those that were said to be durable */
    struct store_batch **queue; /* owned: the others */
    size_t queue_count, queue_capacity;

    struct outside_epochs *epochs; /* owned: as last seen */
    size_t epoch_count, epoch_capacity;
    uint64_t current_epoch;

    struct recording *recording; /* owned; NULL = it is not recorded */
    struct buf recorded;

    struct buf line; /* for printing */
    uint64_t story;  /* digest of all inputs and effects */
    bool is_told;    /* FUZZ_TRACE is set: the story goes to standard error */
};

struct outside_options {
    size_t config; /* below OUTSIDE_CONFIGS */
    size_t trust;  /* below TRUSTS (sealing.h) */
    bool writes_file, is_recorded;
};

void outside_init(struct outside *o, const struct outside_options *with);
void outside_fini(struct outside *o);

/* Time goes by until the next wake-up. heard_ms <= mono_ms. */
void outside_pass(struct outside *o, int64_t mono_ms, int64_t heard_ms);
/* Hands in; nothing after the engine has stopped. */
void outside_step(struct outside *o, const struct input *in);
/* A wake-up with nothing but TIMER, at the deadline. */
void outside_wake(struct outside *o);
/* The engine comes to rest: what is due is dealt with, and it does not ask for another wake-up at
 * once. */
void outside_rest(struct outside *o);
/* Ends the recording, if there is one, which has to replay the same. */
void outside_replay(struct outside *o);

/* ---- what the shell might bring ---- */

void outside_open(struct outside *o, struct outside_client *c, const char *from); /* c is free */
void outside_bytes(struct outside *o, const struct outside_client *c, struct slice bytes);
void outside_close(struct outside *o, struct outside_client *c);
void outside_durable(struct outside *o, uint64_t seq); /* nothing if it is so already */
void outside_failed(struct outside *o, uint64_t seq);
void outside_saved(struct outside *o, bool worked);
void outside_link_up(struct outside *o, struct outside_link *l);
void outside_link_lost(struct outside *o, struct outside_link *l, bool refused);
/* To the oldest SEND; l->tag_count > 0. */
void outside_reply(struct outside *o, struct outside_link *l, const struct resp_value *value);
void outside_message(
    struct outside *o, const struct outside_link *l, struct slice channel, struct slice payload);
/* Answers question `i` in a way that `how` chooses. */
void outside_answer(struct outside *o, size_t i, struct fuzz_bytes *how);
void outside_reload(struct outside *o, size_t config); /* with the secrets and policy of o->trust */
/* The engine's own view of a link; never NULL between steps. */
const struct link *outside_view(const struct outside *o, const struct outside_link *l);
