/* All clients of this process, and the way of their requests to the commands and of the answers
 * back. */
#pragma once

#include "common/buf.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/resp.h"
#include "config/settings.h"
#include "sentinel/command/access.h"
#include "sentinel/command/audit.h"
#include "sentinel/command/naming.h"
#include "sentinel/command/origin.h"
#include "sentinel/command/pubsub.h"
#include "sentinel/core/input.h"

struct call;
struct core;
struct process_facts;
struct session;

/* A number that grows, and how much of it came in the last full second. */
struct rate {
    uint64_t total;
    int64_t second;                  /* mono, in seconds: the one that is being counted */
    uint64_t in_second, last_second; /* what came in it and in the one before */
};

void rate_add(struct rate *r, int64_t mono_ms, uint64_t amount);
uint64_t rate_per_second(const struct rate *r, int64_t mono_ms);

/* What the loop did in a span between two USAGEs. */
struct load {
    int64_t passed_us, busy_us, late_us, cpu_us, longest_us;
};

#define LOAD_SPANS 10 /* of a second and more */

/* What the log was told of a number that grows. */
struct told {
    uint64_t count;
    int64_t at_ms; /* mono; 0 = never */
};

/* What INFO counts. */
struct stats {
    uint64_t connections, rejected, errors;
    uint64_t reads, writes; /* inputs with bytes, REPLY effects */
    struct rate commands, input_bytes, output_bytes;
    uint64_t wakes_per_second, us_per_wake; /* of the loop, between the last two USAGEs */
    int64_t usage_ms;                       /* mono: of the last USAGE */
};

struct server {
    struct core *core;                 /* borrowed */
    const struct process_facts *facts; /* borrowed */
    char *unix_socket;                 /* owned; NULL = none */
    int64_t started_ms;                /* mono */
    struct usage usage;
    struct stats stats;
    struct load spans[LOAD_SPANS]; /* the last ones, in a ring */
    size_t next_span;
    bool is_overloaded;      /* the log says so */
    bool is_short_of_memory; /* likewise */
    bool stopping;           /* SHUTDOWN was asked for */
    struct {
        int64_t until_ms; /* mono; 0 = none */
        bool all;         /* else only commands that write where they would be replicated */
    } pause;              /* CLIENT PAUSE */

    struct map sessions;     /* client id -> struct session, owned; in order of opening */
    struct list monitors;    /* struct monitor.place: MONITORs that wait for a host name */
    struct list unsent;      /* struct session.unsent */
    struct list parked;      /* struct session.parked */
    struct heap waits;       /* struct session.oldest */
    struct heap idle;        /* struct session.idle */
    int64_t idle_timeout_ms; /* clients.timeout, as `idle` has it */
    struct pubsub pubsub;
    struct access access;
    struct origins origins;
    struct audit audit;
    struct naming naming;

    /* By session.queued: those whose requests wait for their turn; longest first. */
    struct list queued;
    size_t queued_count;
    int64_t turn_ms; /* mono: when they go on */
    size_t spent;    /* by all, of what is carried out in wake-up spent_wake */
    uint64_t spent_wake;
    size_t held; /* bytes: the sum of session.held */
    struct {
        struct told evicted, starved;
        int64_t load_ms;    /* mono: of the load; 0 = never */
    } told;                 /* of usage */
    uint64_t http_unlogged; /* clients that spoke HTTP since the last line about one */
    int64_t http_logged_ms; /* mono; 0 = never */

    struct resp_reader reader; /* of the request in hand */
    struct buf otherwise;      /* what the command in hand answers if its write fails */
    struct buf spare;          /* memory for the next session that has something to send */
};

struct server *server_new(struct core *core, const struct process_facts *facts);
void server_free(struct server *s);

/* What a client may cause in one wake-up before the others have their turn, and what all may cause:
 * bytes of replies, and a little for each request. */
#define SERVER_SHARE        (256 * 1024)
#define SERVER_SHARES       (4 * SERVER_SHARE)
#define SERVER_REQUEST_COST 64

/* CLIENT_OPENED, CLIENT_BYTES, CLIENT_FULL, CLIENT_DRAINED, CLIENT_CLOSED, and what clients await:
 * FILE_READ, FILE_WRITTEN, DRAWN. Between core_begin and core_end. */
void server_input(struct server *s, const struct input *in);
/* After DURABLE or FAILED: lets go what waited, and parses on where parsing had paused. Between
 * core_begin and core_end. */
void server_release(struct server *s);
/* At a TIMER: those whose turn it is go on, and replies that have waited for too long leave.
 * Between core_begin and core_end. */
void server_turn(struct server *s);
int64_t server_deadline(const struct server *s); /* mono; TSTAMP_NEVER: no TIMER is needed */
struct load server_load(const struct server *s); /* of the last ten seconds, or longer if idle */
int64_t load_per_mille(const struct load *l, int64_t part_us);
void server_take_usage(struct server *s, const struct usage *usage); /* USAGE: kept for INFO */
void server_reload(struct server *s); /* the core has taken new settings */
/* Writes the reply that a client awaits (call_await): `write` is called with a call that has no
 * arguments unless they were kept, and may let the reply rest on a write. Nothing if the client is
 * gone or awaits none. Then its requests go on. Between core_begin and core_end. */
typedef void answer_function(struct call *call, const void *context);
void server_answer(
    struct server *s, struct client_id client, answer_function *write, const void *context);
/* CLIENT PAUSE, UNPAUSE. A pause that is on is only made longer, and stays one of all commands. */
void server_pause(struct server *s, int64_t until_ms, bool all);
void server_unpause(struct server *s);
bool server_is_paused(const struct server *s); /* in some way */
/* A message that rests on the durable `after` (0 = none), to all who subscribed. */
void server_publish(struct server *s, struct slice channel, struct slice payload, uint64_t after);
/* Hangs up those that hold most while all together hold more than limits.client_memory. Between
 * core_begin and the routing of the step's effects. */
void server_shed(struct server *s);
/* At the end of a step: one REPLY for each session with something to send. */
void server_flush(struct server *s);

struct session *server_session(const struct server *s, struct client_id id); /* NULL if gone */
size_t server_count_subscribers(const struct server *s);                     /* walks */
size_t server_count_clients(const struct server *s); /* walks; not those that were hung up */
/* How many clients may be connected, as far as is known. */
uint64_t server_allowed_clients(const struct server *s);
