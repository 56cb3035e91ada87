/* Levels and lines of the log, in the format of the originals. Where a line goes is the sink's
 * business. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;

enum log_level {
    LOG_DEBUG,
    LOG_VERBOSE,
    LOG_NOTICE,
    LOG_WARNING,
    LOG_NOTHING, /* as a threshold only */
    LOG_LEVEL_COUNT,
};

const char *log_level_name(enum log_level level);
bool log_level_parse(struct slice text, enum log_level *ret); /* without case */

/* "<pid>:X <dd Mon yyyy hh:mm:ss.mmm> <c> <text>\n", control characters in the text replaced by
 * spaces. utc_offset_s: seconds east of Greenwich, found out by the caller, since this layer knows
 * no time zone. */
void log_format(struct buf *out, int64_t pid, int64_t wall_ms, int64_t utc_offset_s,
    enum log_level level, struct slice text);
