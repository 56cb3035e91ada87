/* Lines to the log of the system, beside our own. <syslog.h> has other ideas of the names of levels
 * than common/log.h: here they meet. */
#pragma once

#include "common/slice.h"

enum systemlog_level { SYSTEMLOG_DEBUG, SYSTEMLOG_INFO, SYSTEMLOG_NOTICE, SYSTEMLOG_WARNING };

/* facility: 0 = user, 1 to 8 = local0 to local7. ident is borrowed until the next call. */
void systemlog_open(const char *ident, int facility);
void systemlog_close(void);
void systemlog_write(enum systemlog_level level, struct slice text);
