#include "sentinel/shell/systemlog.h"

#include "common/base.h"

#include <syslog.h>

static const int facilities[] = { LOG_USER, LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
    LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };
static const int priorities[] = {
    [SYSTEMLOG_DEBUG] = LOG_DEBUG,
    [SYSTEMLOG_INFO] = LOG_INFO,
    [SYSTEMLOG_NOTICE] = LOG_NOTICE,
    [SYSTEMLOG_WARNING] = LOG_WARNING,
};

void systemlog_open(const char *ident, int facility) {
    openlog(ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, facilities[facility]);
}

void systemlog_close(void) {
    closelog();
}

void systemlog_write(enum systemlog_level level, struct slice text) {
    syslog(priorities[level], "%.*s", (int)MIN_OF(text.size, (size_t)4096), text.data);
}
