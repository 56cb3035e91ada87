/* The one schema of durable facts: what must survive a restart. The store keeps a copy, fed with
 * deltas. */
#pragma once

#include "common/base.h"
#include "common/digest.h"
#include "common/endpoint.h"
#include "common/map.h"
#include "common/slice.h"
#include "config/settings.h"

#define ID_LENGTH     40
#define ID_SIZE       (ID_LENGTH + 1)
#define CANDIDATE_MAX 128 /* bytes with the NUL: the id in a vote is any string */

struct buf;

enum group_origin {
    GROUP_FROM_FILE,    /* a section of the configuration */
    GROUP_FROM_RUNTIME, /* SENTINEL MONITOR */
    GROUP_REMOVED, /* tombstone of SENTINEL REMOVE: keeps the vote, hides the section it was of */
};

/* The scalar facts of a group. */
struct group_record {
    enum group_origin origin;
    struct endpoint master; /* current address */
    /* What the file's `master:` said when last read; at runtime the MONITOR's address. */
    struct endpoint seed;
    uint64_t config_epoch;
    uint64_t vote_epoch;          /* no second vote at or below it */
    char vote_for[CANDIDATE_MAX]; /* whom that vote went to; "" unknown */
    /* Digest of the section that REMOVE hid, kept if MONITOR then makes the group anew, since it
     * goes on hiding that section; "" otherwise. */
    char section[65];
};

struct peer_record {
    char id[ID_SIZE];
    struct endpoint address;
};

/* Of a peer, or of one that is gone: none of its signed hellos up to this number is believed again.
 */
struct heard_record {
    char id[ID_SIZE];
    uint64_t counter;
};

/* A setting changed at runtime. */
struct override_record {
    char *option;     /* owned: key in the option table */
    char *value;      /* owned: in force, as option_write prints it */
    char *file_value; /* owned: what the file said when it was overridden */
};

struct overrides {
    struct override_record *items; /* owned, in the order in which they were first set */
    size_t count, capacity;
};

struct group_state {
    char name[GROUP_NAME_MAX];
    struct group_record record;
    struct endpoint *replicas;
    size_t replica_count, replica_capacity;
    struct peer_record *peers;
    size_t peer_count, peer_capacity;
    struct heard_record *heard;
    size_t heard_count, heard_capacity;
    struct overrides overrides;
};

struct state {
    char id[ID_SIZE]; /* drawn at the first start, kept for ever */
    uint64_t current_epoch;
    uint64_t hello_counter;     /* no signed hello of ours has had this number, or a higher one */
    struct overrides overrides; /* of the process as a whole */
    struct map groups;          /* name -> struct group_state, owned */
    /* Digest of the replicas and peers that the classic file named when it was last read or
     * written; "" never. */
    char listing[DIGEST_HEX_SIZE];
};

enum delta_kind {
    DELTA_EPOCH,        /* epoch */
    DELTA_GROUP,        /* group, record: added or replaced (lists below it stay) */
    DELTA_GROUP_FORGET, /* group: the record and all below it */
    DELTA_GROUP_EMPTY,  /* group: its replicas, peers and overrides (the record stays) */
    DELTA_REPLICA,      /* group, address: added unless known */
    DELTA_REPLICA_GONE, /* group, address */
    DELTA_PEER,         /* group, id, address: added or replaced by id */
    DELTA_PEER_GONE,    /* group, id */
    /* Without a group: of the process. */
    DELTA_OVERRIDE,      /* group, option, value, file_value: added or replaced by option */
    DELTA_OVERRIDE_GONE, /* group, option */
    DELTA_LISTING,       /* value: state.listing */
    /* Without a group: state.hello_counter. Else what was heard of the peer: stays when it is gone.
     */
    DELTA_COUNTER, /* group, id, counter: added or raised by id */
};

/* One change. Borrows all its texts. */
struct delta {
    enum delta_kind kind;
    uint64_t epoch;
    struct slice group;
    struct group_record record;
    struct endpoint address;
    uint64_t counter;
    struct slice id;
    struct slice option, value, file_value;
};

/* 1 to ID_LENGTH visible ASCII characters without commas: fit for a hello, a line of the log and a
 * configuration file. */
bool id_is_plausible(struct slice id);

void state_init(struct state *s);
void state_fini(struct state *s);
void state_copy(struct state *to, const struct state *from); /* to: initialised */
/* Applies one change; applying it again changes nothing. A change below an unknown group is
 * dropped. */
void state_apply(struct state *s, const struct delta *d);
struct group_state *state_group(const struct state *s, struct slice name); /* NULL if absent */
/* Calls `visit` with the deltas that build `s`, all but its id, from nothing. */
void state_deltas(
    const struct state *s, void (*visit)(const struct delta *d, void *context), void *context);
/* Digest of all replicas and peers, in whatever order. */
void state_listing(const struct state *s, char ret_hex[static DIGEST_HEX_SIZE]);
/* The same facts, in whatever order. */
bool state_equal(const struct state *a, const struct state *b);

/* As a trace shows it, one line, secrets as stars. */
void delta_print(const struct delta *d, struct buf *out);
