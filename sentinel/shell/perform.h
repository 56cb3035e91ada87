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
struct store;

/* Who does it; all borrowed. */
struct performer {
    struct redis_links *links;
    struct clients *clients;
    struct dns *dns;
    struct logsink *log;
    struct store *store;
    struct errands *errands;
    struct runner *runner;
    struct rewriter *rewriter; /* NULL = no file is kept up to date */
};

/* What is left to the loop. */
struct performed {
    bool stop; /* a STOP was among the effects; those behind it count no more */
    int status;
};

/* All of them, in order: what is to be sent, as far as bytes to be flushed; what is to be durable,
 * as one batch handed to the store. */
struct performed perform(
    const struct performer *p, const struct now *now, const struct effects *effects);
