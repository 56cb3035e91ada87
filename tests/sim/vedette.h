/* A vedette: a whole engine with what the shell would do for it. It wakes up for what has arrived
 * and for its deadline, hands everything in, carries out what the engine asks for, and sleeps. It
 * can crash, stall and start again. */
#pragma once

#include "common/list.h"
#include "common/tstamp.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"
#include "tests/lib/reply.h"
#include "tests/sim/disk.h"
#include "tests/sim/file.h"
#include "tests/sim/net.h"
#include "tests/sim/schedule.h"

struct core;
struct engine;
struct group;
struct world;
struct wire;

struct vedette {
    struct world *world;
    struct party party;
    int number;   /* from 0 */
    char name[4]; /* "v1" */
    char id[ID_SIZE];
    struct disk disk;
    struct file file;
    int looks_apart[SIM_GROUPS_MAX]; /* of the operator, who saw it hold another master */
    struct engine *engine;           /* owned; NULL while it is dead */
    uint64_t life;                   /* how often it was started */
    int64_t names_late_us;           /* until then it awaits a slow name server, in this life */
    struct tape *tape;               /* owned: of this life; NULL = none */
    struct effects effects;
    struct buf out;      /* what is being sent */
    struct list inbox;   /* struct letter, owned: arrived and not handed in yet */
    struct list wires;   /* struct wire, owned */
    struct wire **links; /* owned: the last wire opened for each link, by its id; NULL = none */
    size_t link_capacity;
    struct list children; /* struct child, owned */
    uint64_t next_client;
    uint64_t durable_seq; /* the last DURABLE handed in */

    int64_t mono_base_ms, wall_base_ms;
    int64_t drift; /* parts per million by which its monotonic clock is too fast */
    struct now now;
    int64_t read_heard_ms;       /* heard: when it had read all that had arrived, the last time */
    int64_t tilt_until_heard_ms; /* it was away for so long that it must not trust what it knows */
    int64_t slept_ms, until_ms;  /* when it went to sleep, and until when */
    struct alarm alarm;          /* the wake-up planned */
    int64_t stalled_until_us;
    int idle_wakes; /* wake-ups in one millisecond for which there was no reason */

    bool crash_wanted, stop_wanted, stop_asked;
    bool failure_asked; /* by SENTINEL SIMULATE-FAILURE: it may end itself in a failover */
};

void vedette_init(struct vedette *v, struct world *w, int number);
void vedette_fini(struct vedette *v);

void vedette_start(struct vedette *v);
void vedette_end_tape(struct vedette *v); /* its life is not over, but what is recorded of it */
void vedette_crash(struct vedette *v, enum net_leave how);
void vedette_stall(struct vedette *v, int64_t until_us);
void vedette_continue(struct vedette *v);
void vedette_stop(struct vedette *v);   /* asks it to stop by itself */
void vedette_reload(struct vedette *v); /* asks it to read its file again */

/* Whether it should be, by what was done to it. */
bool vedette_is_in_tilt(const struct vedette *v);
struct core *vedette_core(const struct vedette *v);              /* NULL while it is dead */
struct group *vedette_group(const struct vedette *v, int group); /* likewise; or not known */

/* ---- between the files of this module ---- */

enum letter_kind {
    LETTER_UP,     /* wire */
    LETTER_BYTES,  /* wire, bytes */
    LETTER_ENDED,  /* wire, why */
    LETTER_OPENED, /* wire: a client */
    LETTER_DURABLE,
    LETTER_FAILED,
    LETTER_SCRIPT,   /* seq: its number */
    LETTER_CHECKED,  /* seq: the client */
    LETTER_RESOLVED, /* seq: the question */
    LETTER_RELOAD,
    LETTER_STOP,
};

/* Something that has arrived. */
struct letter {
    struct list_node siblings;
    enum letter_kind kind;
    struct wire *wire;
    uint64_t seq;
    const char *why; /* static */
    size_t size;
    char bytes[];
};

/* A SEND whose replies are awaited. */
struct sent {
    uint64_t tag;
    size_t left; /* replies to come */
};

/* A request that a client has sent and that is not answered yet, as somebody on the line sees it.
 */
struct overheard {
    int group; /* that is-master-down-by-addr asks about; -1 = something else */
};

/* Our end of a connection: a link that the engine asked for, or a client of it. */
struct wire {
    struct list_node siblings; /* in vedette->wires */
    struct vedette *vedette;
    struct conn *conn; /* NULL once its end has arrived or we have closed it */
    struct link_id link;
    uint64_t incarnation;
    enum link_purpose purpose;
    struct endpoint address;
    struct client_id client; /* 0: a link */
    size_t letters;          /* in the inbox, about this wire */
    bool is_gone;            /* the engine has closed it, or was told of its end */

    /* A link. */
    bool is_up;
    struct buf waiting; /* sent before it was up */
    struct buf in;
    struct reply_reader reader;
    struct sent *sent; /* owned: oldest first */
    size_t sent_count, sent_capacity;

    /* A client: what somebody on the line can overhear. */
    struct buf asked;
    struct resp_reader asked_reader;
    struct overheard *overheard; /* owned: oldest first */
    size_t overheard_count, overheard_capacity;
    const struct vedette *spoken_as; /* a forger's: whose name it uses; NULL = nobody's */
    struct endpoint spoken_at;       /* where he takes that one to be */
    bool is_given_up;                /* he says nothing more */
    bool is_private;                 /* its replies cannot be told apart: a subscriber */
};

extern const struct party_ops vedette_ops;

/* vedette.c */
void vedette_step(struct vedette *v, const struct input *in);
struct letter *vedette_letter(
    struct vedette *v, enum letter_kind kind, struct wire *x, struct slice bytes);

/* wire.c */
void wire_open(struct vedette *v, const struct effect *e);
void wire_close(struct vedette *v, const struct effect *e);
void wire_send(struct vedette *v, const struct effect *e);
void wire_reply(struct vedette *v, const struct effect *e);
void wire_hang_up(struct vedette *v, const struct effect *e);
struct wire *wire_of_link(const struct vedette *v, struct link_id link, uint64_t incarnation);
bool wire_is_open(const struct vedette *v, struct link_id link);   /* whatever the incarnation */
void wire_deliver(struct vedette *v, const struct letter *letter); /* hands in what it says */
void wire_settle(struct wire *x); /* frees it if nobody can mean it any more */
void wire_free(struct wire *x);
