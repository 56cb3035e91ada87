/* When a record was made, told by how far each clock went on since the one before. What is read may
 * be anything; what it gives can be reckoned with. */
#pragma once

#include "common/pack.h"

struct buf;
struct now;

/* How a time is told; none of them: by all clocks. Bits of a record's flags. */
enum {
    TIME_SAME = 1 << 1,  /* as the record before */
    TIME_PLAIN = 1 << 2, /* all clocks went on alike, in one wake-up */
};

unsigned time_flags(const struct now *last, const struct now *now);
/* Both make it the new *last; but a time that cannot be, or that is not there, fails. */
void pack_time(struct now *last, const struct now *now, struct buf *out);
void unpack_time(struct unpack *u, struct now *last, unsigned flags);
