/* Where the scenarios play: the simulated world with fixed delays and no faults, what can be looked
 * up in it, and its time. */
#pragma once

#include "common/buf.h"
#include "sentinel/core/doubt.h"
#include "tests/scenario/chronicle.h"
#include "tests/scenario/puppet.h"
#include "tests/sim/world.h"

#define PUPPETS_MAX 4
#define INSTANT_US  100 /* well below the delays of the network and the disks */

struct stage {
    struct world *world;
    struct chronicle chronicle;
    struct puppet puppets[PUPPETS_MAX];
    int puppet_count;
    struct buf heard; /* by the visitor */
    int64_t deed_us;  /* when something was last done to the world: zero of the times shown */
    size_t curtain;   /* lines of the chronicle before it are forgotten */
    struct doubts doubts[SIM_VEDETTES_MAX];      /* as counted up to there */
    size_t shown[SIM_VEDETTES_MAX][TOPIC_COUNT]; /* likewise, for one teller and topic */
};

/* Makes the world of the draw and lets it come to rest: all are discovered, agree, and have been
 * at rest for a while, and nothing of that is kept. `story`: where all that happens is written;
 * NULL = nowhere. False if it does not come to rest. */
bool stage_open(struct stage *s, const struct draw *draw, FILE *story, struct buf *ret_why);
void stage_close(struct stage *s);

/* By name, "s1" and so on; NULL if there is none. */
struct server *stage_server(struct stage *s, const char *name);
struct vedette *stage_vedette(struct stage *s, const char *name);
struct puppet *stage_puppet(struct stage *s, const char *name);
const struct party *stage_party(struct stage *s, const char *name); /* any of the three */

/* Runs for so long, or until a law is broken: false. */
bool stage_run(struct stage *s, int64_t us);
/* Something is done to the world now. */
void stage_deed(struct stage *s);
/* Nobody remembers what was told so far. */
void stage_forget(struct stage *s);

/* Starts a vedette that is dead, with dice of its own: what it draws does not depend on the world's
 * seed. */
void stage_start_vedette(struct stage *s, struct vedette *v);
/* Waits for a moment when no vedette awaits an answer from this server. */
bool stage_await_quiet(struct stage *s, const struct server *server);

/* Appends the lines of these topics that a vedette told and that were not shown yet, each with its
 * newline; those are shown now. `timed`: each begins with its time, ms since the last deed. */
void stage_show(
    struct stage *s, const struct vedette *v, unsigned topics, bool timed, struct buf *out);
