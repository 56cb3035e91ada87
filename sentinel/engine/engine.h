/* The one door: everything that happens goes in by engine_step, everything that is to be done comes
 * out of it. A step cannot fail, block or re-enter, and looks at no clock. Same seed and inputs:
 * same effects, byte for byte. */
#pragma once

#include "common/tstamp.h"
#include "config/merge.h"
#include "config/settings.h"
#include "config/state.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/secrecy.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"

struct engine;

struct engine_options {
    const struct state *state;         /* read during the call; its id is ours */
    const struct plan *plan;           /* read during the call */
    const struct process_facts *facts; /* borrowed */
    bool writes_file; /* the shell keeps the classic file up to date, and tells of it (SAVED) */
    uint64_t seed;    /* of the random waits only */
    char challenge_key[CHALLENGE_KEY_SIZE]; /* drawn for this process alone */
    struct descriptor_usage descriptors;    /* of which links may be made at once */
    struct slice *foretold; /* a replay: what each seal was found to be, in order, a byte each;
                               borrowed, and used up; NULL: they are looked at */
};

/* The first effects (links to open, groups to persist, +monitor) are in `out`. */
struct engine *engine_new(
    const struct engine_options *options, struct now now, struct effects *out);
void engine_free(struct engine *e);

/* Takes one input and appends effects. All inputs of one wake-up share one `now`; the shell hands
 * in TIMER last, after every ready descriptor was drained. Effects that rest on a write leave after
 * its DURABLE. */
void engine_step(struct engine *e, struct now now, const struct input *in, struct effects *out);

/* When the next TIMER is due, monotonic ms; TSTAMP_NEVER when nothing is. */
int64_t engine_deadline(const struct engine *e);

/* What the seals that the last step looked at were found to be. Borrowed until the next one. */
struct slice engine_verdicts(const struct engine *e);
/* The least level of log lines. */
enum log_level engine_log_level(const struct engine *e);
/* How many connections to servers and peers it wants, made or not. */
size_t engine_wanted_links(const struct engine *e);
/* Which of a client's words may be secrets now, as secrecy_of_request. */
bool engine_secrecy(
    const struct engine *e, const struct slice *words, size_t count, enum secrecy *ret);
/* Whether this client has sent what is not carried out yet. */
bool engine_has_backlog(const struct engine *e, struct client_id client);

/* ---- for tests and the simulator ---- */
struct core;
struct core *engine_core(struct engine *e);
