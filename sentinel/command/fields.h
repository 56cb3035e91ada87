/* The maps by which SENTINEL describes masters, replicas and Sentinels: one table of fields, in the
 * order of the originals. Source: spec 10.4. */
#pragma once

struct core;
struct group;
struct node;
struct peer;
struct resp_writer;

void fields_of_master(struct resp_writer *w, const struct core *c, const struct group *g);
void fields_of_replica(struct resp_writer *w, const struct core *c, const struct node *replica);
void fields_of_sentinel(struct resp_writer *w, const struct core *c, const struct peer *peer);
