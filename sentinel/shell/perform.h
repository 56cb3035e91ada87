/* Carries out what the engine asked for. Nothing is told to the engine from here: what fails
 * meanwhile is put aside by its owner and told later. */
#pragma once

#include "common/tstamp.h"

struct clients;
struct effects;
struct logsink;
struct redis_links;
struct store;

/* Who does it; all borrowed. */
struct performer {
    struct redis_links *links;
    struct clients *clients;
    struct logsink *log;
    struct store *store;
};

/* What is left to the loop. */
struct performed {
    bool stop; /* a STOP was among the effects; those behind it count no more */
    int status;
    bool persist; /* there were PERSISTs: perform_persist, and tell the outcome under this number */
    uint64_t seq;
};

/* All but the PERSISTs, in order, as far as bytes to be flushed. */
struct performed perform_now(
    const struct performer *p, const struct now *now, const struct effects *effects);
/* All PERSISTs, as one commit. false: not durable, store_error says why. */
bool perform_persist(const struct performer *p, const struct effects *effects);
