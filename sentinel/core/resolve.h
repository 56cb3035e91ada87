/* What host names mean: which are wanted, when each is asked for, and what an answer changes. Knows
 * no DNS: a name is asked for by the effect RESOLVE and answered by the input RESOLVED. Nobody
 * waits: what needs a meaning that is not known yet is put aside (heard.h) and goes on when the
 * answer comes. A name that stops resolving keeps the IP that it had. Source: spec 2.3, 15.
 *
 * When a name is asked for:
 *   - when something begins to need it, and does not know it
 *   - when a connection that it led to is lost or fails: at once, then at growing pauses for as
 *     long as one is missing. The connection is tried meanwhile, with the IP that is known; if the
 *     answer then is another IP, it moves
 *   - at the same pauses for as long as a peer's word stands for its answer
 *   - when it is looked at and its answer is old */
#pragma once

#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "sentinel/core/address.h"

struct core;
struct group;
struct input;
struct link;
struct node;
struct process;

#define RESOLVE_IDLE_MAX   256  /* names that nothing known uses: the rest of what strangers tell */
#define RESOLVE_ANSWER_MAX 16   /* addresses of one name that are looked at */
#define RESOLVE_FIRST_MS   1000 /* pause between two questions for a name; doubles, */
#define RESOLVE_PAUSE_MS   5000 /* up to this */
#define RESOLVE_OLD_MS     30000 /* beyond that a name that is looked at is asked for again */

struct host_name {
    char host[ENDPOINT_HOST_MAX]; /* in lower case: its key */
    char ip[ADDRESS_IP_MAX];      /* what it means; "" = not known */
    bool is_hearsay;              /* a peer said so, and the resolver has not answered since */
    bool is_proven;               /* a connection to `ip` has been made */
    bool is_refuted;              /* one could not be made since the last answer */
    bool is_asked;                /* an answer is on its way */
    bool has_failed;              /* the last answer was none */
    uint64_t asked_incarnation;   /* links of later ones were opened while the answer was awaited */
    int64_t asked_ms;             /* mono; 0 = never */
    int64_t answered_ms;          /* mono; 0 = never */
    int64_t wait_ms;              /* pause before the next question */
    struct list users;            /* struct name_user.of_name */
    struct list heard;            /* struct heard.of_name: what waits for its answer */
    struct list_node idle;        /* in resolve.idle while there is neither of these */
    struct heap_item due;         /* mono: when it is to be asked again if it is wanted */
};

/* A server or a peer that was given by name. */
struct name_user {
    struct list_node of_name;
    struct host_name *name;  /* NULL: it was given by IP */
    struct node *node;       /* the owner, */
    struct process *process; /* or this one */
};

struct resolve {
    bool is_on;       /* resolve-hostnames, as last seen */
    struct map names; /* host in lower case -> struct host_name, owned */
    struct list idle; /* struct host_name.idle, longest unused first */
    size_t idle_count;
    struct heap due; /* struct host_name.due */
    size_t heard_count;
    int64_t full_told_ms;    /* mono: last line about a name that was not taken; 0 = never */
    int64_t dropped_told_ms; /* mono: last line about something heard that was dropped */
};

void resolve_init(struct core *c);
void resolve_fini(struct core *c);

/* ---- servers and peers ---- */
/* `address` of the user's owner begins to be what `given` says; its IP as far as known. */
void resolve_use(
    struct core *c, struct name_user *u, const struct endpoint *given, struct address *address);
void resolve_release(struct core *c, struct name_user *u); /* the owner ends */
/* Its command connection was made, or lost, or could not be made. */
void resolve_note_link(struct core *c, struct name_user *u, bool is_up);

/* ---- names in passing ---- */
enum meaning {
    MEANING_KNOWN,
    MEANING_AWAITED, /* an answer is on its way */
    MEANING_NONE,    /* it does not resolve, or names are not resolved */
};
/* What `host`, an IP literal or a name, means; asks if that is not known, or has become old. */
enum meaning resolve_look(struct core *c, struct slice host);
/* With what is known of its name; asks nothing. */
struct address resolve_address(const struct core *c, const struct endpoint *given);
/* Whether the host designates the address. Asks if it is a name that is not known. Source: spec
 * 15.4. */
bool resolve_is_at(struct core *c, const struct address *a, const char *host, int64_t port);
/* The name, if there is one; for what waits for it. */
struct host_name *resolve_find(const struct core *c, struct slice host);
/* Something of `heard` waits for the name; nothing does any more. */
void resolve_hold(struct core *c, struct host_name *name);
void resolve_unhold(struct core *c, struct host_name *name);
/* A peer of the same configuration says what a name that we cannot resolve means. */
void resolve_suggest(struct core *c, struct name_user *u, const char *ip);

/* ---- the step ---- */
void resolve_input(struct core *c, const struct input *in);
/* Asks for what is due, and for everything when names begin to be resolved. */
void resolve_judge(struct core *c);
int64_t resolve_deadline(const struct core *c); /* mono ms */
