/* Everything that can happen to the engine. An input is lent for the call: nothing in it outlives
 * the step. */
#pragma once

#include "common/endpoint.h"
#include "common/resp.h"
#include "sentinel/core/ids.h"

struct buf;
struct plan;

enum input_kind {
    INPUT_TIMER,     /* the deadline has come, or a wake-up ended: judge what is due */
    INPUT_LINK_UP,   /* connected: link, incarnation, local */
    INPUT_LINK_LOST, /* not or no longer connected: link, incarnation, why, refused; every SEND
                        pending on it ends in this loss */
    INPUT_REPLY, /* link, incarnation, tag, value: to the last request of the SEND with this tag */
    INPUT_MESSAGE,       /* link, incarnation, channel, payload: a pub/sub message */
    INPUT_CLIENT_OPENED, /* client, remote, local, descriptor */
    INPUT_CLIENT_BYTES,  /* client, bytes: what arrived, in order; the engine keeps what is
                            incomplete */
    INPUT_CLIENT_CLOSED, /* client: gone; replies to it are dropped from now on */
    INPUT_DURABLE,       /* seq: this and every earlier PERSIST is on disk */
    INPUT_FAILED,        /* seq, why: PERSISTs up to seq and not yet durable are not on disk */
    INPUT_USAGE,  /* usage: what INFO shows of the process; the shell sends it when it is older than
                     a second */
    INPUT_RELOAD, /* plan: prepared and checked whole; log_level */
    INPUT_RELOAD_FAILED, /* why: the new file was refused, nothing changed */
    INPUT_STOP,          /* a signal asks for a clean stop; why names it */
    INPUT_KIND_COUNT,
};

/* What the process has used, as getrusage gives it; microseconds. */
struct usage {
    int64_t sys_us, user_us, children_sys_us, children_user_us;
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
    uint64_t seq;
    struct slice why;
    bool refused; /* LINK_LOST: an attempt to connect met a host on which nothing listens */
    struct usage usage;
    const struct plan *plan;
    int log_level; /* RELOAD: enum log_level */
};

/* One line without a newline, as a trace shows it; client bytes that speak of auth
 * are not shown. */
void input_print(const struct input *in, struct buf *out);
