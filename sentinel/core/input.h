/* Everything that can happen to the engine. An input is lent for the call: nothing in it outlives
 * the step. */
#pragma once

#include "common/endpoint.h"
#include "common/resp.h"
#include "sentinel/core/ids.h"

struct buf;
struct plan;

#define SCRIPTS_FIT SIZE_MAX /* all of them can be executed */

enum input_kind {
    INPUT_TIMER,     /* the deadline has come, or a wake-up ended: judge what is due */
    INPUT_LINK_UP,   /* connected: link, incarnation, local */
    INPUT_LINK_LOST, /* not or no longer connected: link, incarnation, why, refused, starved; every
                        SEND pending on it ends in this loss */
    INPUT_REPLY, /* link, incarnation, tag, value: to the last request of the SEND with this tag */
    INPUT_MESSAGE,        /* link, incarnation, channel, payload: a pub/sub message */
    INPUT_CLIENT_OPENED,  /* client, remote, local, descriptor */
    INPUT_CLIENT_BYTES,   /* client, bytes: what arrived, in order; the engine keeps what is
                             incomplete */
    INPUT_CLIENT_FULL,    /* client: much of what it was sent is not read */
    INPUT_CLIENT_DRAINED, /* client: it has read most of it */
    INPUT_CLIENT_CLOSED,  /* client: gone; replies to it are dropped from now on */
    INPUT_DURABLE,        /* seq: this and every earlier PERSIST is on disk */
    INPUT_FAILED,         /* seq, why: PERSISTs up to seq and not yet durable are not on disk */
    INPUT_SCRIPT_STARTED, /* script, pid: the process of a RUN */
    INPUT_SCRIPT_REFUSED, /* script, why: the system gives no process for a RUN */
    INPUT_SCRIPT_ENDED,   /* script, exit_status, signal_number (0 = by itself), why (not empty: it
                             could not be executed) */
    INPUT_SAVED,    /* seq, rewritten, plan: the classic file says all up to this PERSIST, which is
                       what the plan has as active; plan NULL: another file was read since */
    INPUT_UNSAVED,  /* seq, why: what was not saved yet, up to seq, is not in the file */
    INPUT_RESOLVED, /* host, ips, why: the answer to a RESOLVE; no ips: it was none, for this
                       reason */
    INPUT_SCRIPTS_CHECKED, /* client, unfit: of a CHECK_SCRIPTS */
    INPUT_FILE_READ,       /* client, bytes: of a READ_FILE; why, if it could not be read */
    INPUT_FILE_WRITTEN,    /* client, bytes: of a WRITE_FILE; why, if it could not be written */
    INPUT_DRAWN,           /* client, tag: of a DRAW; bytes: enough for as many letters */
    INPUT_USAGE,  /* usage: what INFO shows of the process; the shell sends it when it is older than
                     a second */
    INPUT_RELOAD, /* plan: prepared and checked whole */
    INPUT_RELOAD_FAILED, /* why: the new file was refused, nothing changed */
    INPUT_STOP,          /* a signal asks for a clean stop; why names it */
    INPUT_KIND_COUNT,
};

/* What the shell knows of the clients; numbers of clients are since the start. */
struct client_usage {
    uint64_t allowed;                /* how many may be connected now; 0 = not known */
    uint64_t refused;                /* too many were connected */
    uint64_t overflowed;             /* closed: did not read (limits.output_buffer) */
    uint64_t shed;                   /* closed: all together did not read (limits.client_memory) */
    uint64_t evicted;                /* closed: a link needed the descriptor */
    uint64_t handshakes;             /* of TLS, not over now */
    uint64_t handshakes_cut;         /* closed before: there were more (limits.handshakes) */
    uint64_t unread, longest_unread; /* bytes sent and not read now: by all, by the worst */
};

/* Times when the process did not listen: a wake-up that took long, or that came late. */
struct stalls {
    uint64_t count;
    int64_t longest_ms, last_ms;
    int64_t last_at_ms; /* mono: when the last one ended */
};

/* What the loop has done since the start. */
struct loop_usage {
    uint64_t wakes;
    int64_t busy_us;     /* awake */
    int64_t late_us;     /* woke up so much after the deadline */
    int64_t longest_us;  /* awake in one go, since the last USAGE */
    int64_t requests_us; /* of it in steps for what clients sent */
};

/* Descriptors, as the shell shares them out. */
struct descriptor_usage {
    uint64_t max;     /* that the process may have; 0 = not known */
    uint64_t links;   /* of them for links; 0 = as many as are wanted */
    uint64_t starved; /* since the start: attempts to connect for which there was none */
};

/* Bytes of memory of the process. */
struct memory_usage {
    uint64_t allowed; /* by the machine and the control groups; 0 = not known */
    uint64_t used;    /* resident; 0 = not known */
};

/* What the process has used, as getrusage gives it, microseconds; and what it missed. */
struct usage {
    int64_t sys_us, user_us, children_sys_us, children_user_us;
    int64_t loop_sys_us, loop_user_us; /* the thread of the loop alone */
    struct loop_usage loop;
    struct stalls stalls;
    struct client_usage clients;
    struct descriptor_usage descriptors;
    struct memory_usage memory;
};

struct input {
    enum input_kind kind;
    struct link_id link;
    uint64_t incarnation;
    uint64_t tag;
    struct resp_value value;
    struct slice channel, payload;
    struct client_id client;
    struct endpoint remote; /* CLIENT_OPENED */
    struct endpoint local;  /* CLIENT_OPENED, LINK_UP: our end */
    int descriptor;         /* CLIENT_OPENED: for CLIENT LIST only */
    struct slice bytes;
    size_t received; /* CLIENT_BYTES: how many came, if others stand in for some of them (a replay,
                        where there are no secrets); 0 = bytes.size */
    uint64_t seq;
    struct slice host;       /* RESOLVED: as it was asked */
    const struct slice *ips; /* RESOLVED: IP literals in canonical form, the best first */
    size_t ip_count;
    struct slice why;
    bool refused;    /* LINK_LOST: an attempt to connect met a host on which nothing listens */
    bool starved;    /* LINK_LOST: there was no descriptor to try it with */
    uint64_t script; /* of the RUN */
    int64_t pid;
    int exit_status, signal_number;
    size_t unfit; /* SCRIPTS_CHECKED: the first of the files that cannot be executed; SCRIPTS_FIT */
    struct usage usage;
    const struct plan *plan;
    bool rewritten;      /* SAVED: and not only found unchanged */
    const char *listing; /* SAVED: digest of its replicas and peers, state_listing; with `plan` */
};

/* One line without a newline, as a trace shows it; client bytes that speak of auth
 * are not shown. */
void input_print(const struct input *in, struct buf *out);
