#include "sentinel/shell/logsink.h"

#include "common/mem.h"
#include "sentinel/shell/systemlog.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* Time zones change their offset at such instants only. */
#define QUARTER_OF_AN_HOUR_MS ((int64_t)15 * 60 * 1000)

#define LAST_WORDS_MAX 512

void logsink_init(struct logsink *l, enum log_level threshold, int stream) {
    *l = (struct logsink){
        .threshold = threshold,
        .stream = stream,
        .fd = stream,
        .pid = getpid(),
        .lines = BUF_INIT,
        .last = BUF_INIT,
        .offset_at = INT64_MIN,
    };
    (void)buf_reserve(&l->last, LAST_WORDS_MAX);
}

static void close_file(struct logsink *l) {
    if (l->path != NULL)
        close(l->fd);
    mem_free(l->path);
    l->path = NULL;
    l->fd = l->stream;
}

void logsink_fini(struct logsink *l) {
    logsink_flush(l);
    logsink_to_system(l, NULL, 0);
    close_file(l);
    buf_fini(&l->lines);
    buf_fini(&l->last);
}

int logsink_open(struct logsink *l, const char *path) {
    int fd = l->stream;
    if (path != NULL) /* without waiting for the reader of a FIFO: ENXIO */
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd < 0)
        return -errno;
    char *copy = mem_strdup(path); /* `path` may be our own */
    logsink_flush(l);
    close_file(l);
    l->path = copy;
    l->fd = fd;
    return 0;
}

static int64_t utc_offset(struct logsink *l, int64_t wall_ms) {
    int64_t quarter = wall_ms / QUARTER_OF_AN_HOUR_MS;
    if (quarter == l->offset_at)
        return l->offset_s;
    struct tm local;
    time_t seconds = (time_t)(wall_ms / 1000);
    l->offset_s = localtime_r(&seconds, &local) != NULL ? local.tm_gmtoff : 0;
    l->offset_at = quarter;
    return l->offset_s;
}

void logsink_to_system(struct logsink *l, const char *ident, int facility) {
    if (l->to_system)
        systemlog_close();
    mem_free(l->system_name);
    l->system_name = mem_strdup(ident);
    l->to_system = ident != NULL;
    if (l->to_system)
        systemlog_open(l->system_name, facility);
}

/* As the originals map them. */
static enum systemlog_level system_level(enum log_level level) {
    switch (level) {
    case LOG_DEBUG:
        return SYSTEMLOG_DEBUG;
    case LOG_VERBOSE:
        return SYSTEMLOG_INFO;
    case LOG_NOTICE:
        return SYSTEMLOG_NOTICE;
    case LOG_WARNING:
    case LOG_NOTHING:
    case LOG_LEVEL_COUNT:
        break;
    }
    return SYSTEMLOG_WARNING;
}

void logsink_write(struct logsink *l, int64_t wall_ms, enum log_level level, struct slice text) {
    if (level < l->threshold)
        return;
    if (l->to_system)
        systemlog_write(system_level(level), text);
    log_format(&l->lines, l->pid, wall_ms, utc_offset(l, wall_ms), level, text);
}

void logsink_printf(
    struct logsink *l, int64_t wall_ms, enum log_level level, const char *format, ...) {
    if (level < l->threshold)
        return;
    struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    logsink_write(l, wall_ms, level, buf_slice(&text));
    buf_fini(&text);
}

/* What cannot be written is dropped: a full disk must not stop a failover. */
void logsink_flush(struct logsink *l) {
    while (buf_size(&l->lines) > 0) {
        ssize_t n = write(l->fd, buf_text(&l->lines), buf_size(&l->lines));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_consume(&l->lines, (size_t)n);
    }
    buf_clear(&l->lines);
}

void logsink_last_words(struct logsink *l, int64_t wall_ms, const char *text) {
    buf_clear(&l->last);
    log_format(&l->last, l->pid, wall_ms, l->offset_s, LOG_WARNING, slice_of(text));
    while (write(l->fd, buf_text(&l->last), buf_size(&l->last)) < 0 && errno == EINTR)
        ;
}
