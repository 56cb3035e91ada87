/* Which groups may have connections where descriptors are few. A group gets all that it needs or
 * none, in the order of asking, and keeps it: of what cannot be watched whole the rest would be
 * found down for our own want. One that waits is answered for, and follows what its peers tell; it
 * is not judged, since nothing is known of its servers. */
#pragma once

#include "common/list.h"

struct core;
struct descriptor_usage;
struct group;

struct room {
    size_t descriptors;  /* that the process may have, */
    size_t links;        /* and of them for links; 0 = as many as are wanted */
    size_t granted;      /* sum of group->granted */
    struct list waiting; /* struct group.waiting_node, in the order of asking */
    size_t waiting_count;
    int64_t told_ms; /* mono: when the log was told last; 0 = never */
    size_t told;     /* how many were waiting then */
};

void room_init(struct core *c, const struct descriptor_usage *usage);
/* Another number: what has room keeps it, and who fits now is judged. */
void room_set(struct core *c, const struct descriptor_usage *usage);
/* Whether the group may have connections; as it is judged. */
bool room_ask(struct core *c, struct group *g);
void room_ask_all(struct core *c); /* in the order of the configuration */
void room_give_back(struct core *c, struct group *g);

/* At the end of a step: tells the log who waits, once a minute at most, and that nobody does any
 * more. */
void room_tell(struct core *c);

/* Connections that all groups and peers need, those that wait too, as far as is known. */
size_t room_needed(const struct core *c);
/* The same without those that wait. */
size_t room_used(const struct core *c);
/* Descriptors that all of it takes, with those of our own and for clients. */
size_t room_needed_descriptors(const struct core *c);
