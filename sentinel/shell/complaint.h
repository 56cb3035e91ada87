/* Lines of the log that far ends can cause at will: the same line is told once a minute, and only
 * so many lines in all. */
#pragma once

#include "common/base.h"

struct clock;
struct logsink;

#define COMPLAINTS_A_MINUTE 20

struct complaints {
    struct logsink *log;       /* borrowed */
    const struct clock *clock; /* borrowed */
    struct complaint {
        uint64_t hash;
        int64_t told_ms;         /* mono; 0 = none */
    } told[COMPLAINTS_A_MINUTE]; /* the last ones, in a ring */
    size_t next;
    uint64_t untold; /* since the last one that was told */
};

void complaints_init(struct complaints *c, struct logsink *log, const struct clock *clock);
/* NULL is nobody who listens. */
void complaints_tell(struct complaints *c, const char *format, ...) PRINTF_LIKE(2, 3);
