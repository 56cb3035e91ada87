/* Carries out what the engine asked for. Nothing is told to the engine from here: what fails
 * meanwhile is put aside by its owner and told later. */
#pragma once

#include "common/tstamp.h"

struct clients;
struct dns;
struct effects;
struct errands;
struct logsink;
struct redis_links;
struct runner;
struct spawner;
struct store;

/* Who does it, all borrowed, and how far. Zeroed but for those who do it before the first effect of
 * a list. */
struct performer {
    struct redis_links *links;
    struct clients *clients;
    struct dns *dns;
    struct logsink *log;
    struct store *store;
    struct errands *errands;
    struct runner *runner;
    struct spawner *spawner;   /* NULL = the runner starts scripts itself */
    struct rewriter *rewriter; /* NULL = no file is kept up to date */

    size_t hurried_next, next; /* the first effects that were not looked at by either */
    bool stop;                 /* a STOP was reached; those behind it count no more */
    int status;                /* of it */
};

/* Of the effects that were added since, those that somebody waits for: what clients are to be told,
 * as far as bytes to be flushed, and what is to be durable, as one batch handed to the store. They
 * keep their order among themselves, and nothing of the others depends on them. */
void perform_hurried(struct performer *p, const struct now *now, const struct effects *effects);
/* The others, in order, for as long as until_us of the monotonic clock. Returns whether all were
 * carried out. */
bool perform(
    struct performer *p, const struct now *now, const struct effects *effects, int64_t until_us);
