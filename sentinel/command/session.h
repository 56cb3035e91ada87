/* One client: who it is, what it has sent and not finished yet, and what it is owed. A reply that
 * rests on a write waits here for it, and everything behind that reply waits too, so that replies
 * stay in order; meanwhile parsing goes on until too much waits. Its requests are also held up
 * while it does not read, and while others have their turn. Knows no command. */
#pragma once

#include "common/buf.h"
#include "common/endpoint.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/resp.h"
#include "sentinel/command/proofs.h"
#include "sentinel/command/tracking.h"
#include "sentinel/core/ids.h"

#define CLIENT_TEXT_MAX 255 /* bytes of a name or version that a client tells of itself */

struct acl_user;
struct command;
struct input;
struct origin;
struct server;
struct waiting;

/* Bytes that may come beyond limits.query_buffer before the shell heeds a PAUSE. */
#define SESSION_AHEAD_MAX (1024 * 1024)
/* Bytes of waiting replies beyond which parsing pauses, too. */
#define SESSION_WAITING_BYTES_MAX (1024 * 1024)

/* What a reply rests on. */
struct rest {
    uint64_t seq; /* PERSIST that must be durable; 0 = nothing */
    bool in_file; /* and in the classic file */
};
#define REST_NONE ((struct rest){ .seq = 0 })

enum session_state {
    SESSION_OPEN,
    SESSION_ENDING, /* reads no more; hung up when the last waiting reply has left */
    SESSION_ENDED,  /* hung up: nothing is sent any more */
};

/* Which replies a client wants (CLIENT REPLY). */
enum session_replies {
    REPLIES_ALL,
    REPLIES_SKIP_NEXT, /* not the one to the next request */
    REPLIES_SKIP,      /* not the one to this request */
    REPLIES_NONE,
};

/* What each request needs stands first, together. */
struct session {
    struct server *server;
    struct client_id id;
    enum session_state state;
    int version;       /* of RESP: 2 or 3 */
    bool is_choked;    /* it does not read what it was sent */
    bool is_paused;    /* the shell was asked not to read from it */
    bool is_awaiting;  /* the reply to its last request comes later (call_await) */
    bool is_postponed; /* its next request waits for the end of CLIENT PAUSE */
    enum session_replies replies;
    struct acl_user *user;    /* who it is; borrowed, never NULL */
    bool is_logged_in;        /* not the default user for want of anything else */
    struct slice *kept_words; /* owned: of the request that awaits its reply; NULL = not kept */
    size_t kept_count, kept_size;
    struct buf query;        /* received, not parsed yet */
    struct list_node queued; /* in server->queued: the others have their turn */
    size_t spent;            /* of its share of wake-up spent_wake */
    uint64_t spent_wake;
    /* Bytes of query, kept words, waiting replies and subscriptions; in server->held. */
    size_t held;
    size_t subscription_bytes;  /* about what its subscriptions take */
    int64_t active_ms;          /* mono: last bytes */
    const struct command *last; /* last command; NULL = none */

    struct buf out;          /* leaves at the end of this step */
    uint64_t out_after;      /* highest PERSIST that `out` rests on */
    struct list_node unsent; /* in server->unsent while `out` has bytes or a hang-up is due */

    struct waiting *waiting; /* owned: oldest first from `waiting_head` */
    size_t waiting_head, waiting_count, waiting_capacity;
    struct buf waiting_bytes;
    struct list_node parked; /* in server->parked while something waits */
    struct heap_item idle;   /* in server->idle, by when to see whether it has been idle; mono */
    struct heap_item oldest; /* in server->waits, by when the first that waits was given; mono */

    struct map channels,
        patterns; /* name -> struct subscription, owned; in order of subscription */
    struct tracking tracking;
    struct proofs proofs;

    struct origin *origin; /* where it is counted; borrowed; NULL = nowhere */
    struct endpoint remote, local;
    int descriptor;                               /* for CLIENT LIST only */
    char *name;                                   /* owned; NULL = none */
    char *library_name, *library_version;         /* owned; NULL = none */
    bool is_protected;                            /* shed last (CLIENT NO-EVICT) */
    uint64_t requests, input_bytes, output_bytes; /* since it was opened */
    int64_t opened_ms;                            /* mono */
};

struct session *session_new(struct server *server, const struct input *opened);
void session_free(struct session *s);

/* ---- questions ---- */
struct slice session_key(const struct session *s); /* of server->sessions */
bool session_is_full(const struct session *s);     /* parsing has to pause */
bool session_is_held_up(const struct session *s);  /* no request is carried out for now */
bool session_overflows(const struct session *s);   /* more has piled up than it may */
bool session_has_subscriptions(const struct session *s);
size_t session_subscription_count(const struct session *s);
bool session_is_muted(const struct session *s); /* wants no reply to the request in hand */

/* ---- requests ---- */
/* Counts anew what it holds; after each change of that. */
void session_weigh(struct session *s);
/* Keeps a copy of a request that awaits its reply; and gives it back: owned, NULL if there is none.
 */
void session_keep_words(struct session *s, const struct slice *words, size_t count);
struct slice *session_take_words(struct session *s, size_t *ret_count);
/* Its requests go on when it is its turn; nothing if it is queued already. */
void session_enqueue(struct session *s);
/* Not any more; nothing if it is not queued. */
void session_dequeue(struct session *s);
/* Asks the shell to stop reading while it is held up, and to go on afterwards. */
void session_steer(struct session *s);

/* ---- replies ---- */
/* Where to write: `out`, in the client's version of RESP. Settle what was written before anything
 * else is. */
struct resp_writer session_writer(struct session *s);
/* What was written since `mark` (a size of `out`) rests on `on`. It leaves with this step if that
 * is done and nothing waits before it, else it waits. If it fails, `otherwise` is sent in its
 * place. */
void session_settle(struct session *s, size_t mark, struct rest on, struct slice otherwise);
/* Moves to `out` what waits no longer, or has waited for as long as it may. */
void session_release(struct session *s);
/* No more requests; hangs up once the replies have left. */
void session_end(struct session *s);
/* Hangs up; what it is owed is dropped. */
void session_abandon(struct session *s);
/* Emits the step's REPLY, and the HANGUP if it is time. */
void session_flush(struct session *s);
