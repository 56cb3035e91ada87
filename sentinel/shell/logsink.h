/* Where log lines go: a standard stream or a file. Lines are kept until the flush of the wake-up,
 * then written at once. */
#pragma once

#include "common/buf.h"
#include "common/log.h"

struct logsink {
    enum log_level threshold;
    int stream;        /* where lines go without a file */
    char *path;        /* owned; NULL = to the stream */
    int fd;            /* owned if path is set */
    bool to_system;    /* lines go to the log of the system, too */
    char *system_name; /* owned: what they begin with there */
    int64_t pid;
    struct buf lines;
    struct buf last;   /* room for the last words */
    int64_t offset_s;  /* of the local time, seconds east of Greenwich */
    int64_t offset_at; /* the quarter of an hour that offset_s was found for */
};

/* To `stream`, standard output or standard error. */
void logsink_init(struct logsink *l, enum log_level threshold, int stream);
void logsink_fini(struct logsink *l); /* flushes */

/* Opens `path` (NULL: the stream) to append to and writes there from now on; opening the same
 * path again serves a file that was moved away. 0, or negative errno: then everything stays as it
 * was. */
int logsink_open(struct logsink *l, const char *path);

/* Lines go to the log of the system, too, or not any more (ident NULL). */
void logsink_to_system(struct logsink *l, const char *ident, int facility);

void logsink_write(struct logsink *l, int64_t wall_ms, enum log_level level, struct slice text);
void logsink_printf(struct logsink *l, int64_t wall_ms, enum log_level level, const char *format,
    ...) PRINTF_LIKE(4, 5);
void logsink_flush(struct logsink *l);
/* At once, and without memory: the last line of a process that has none left. */
void logsink_last_words(struct logsink *l, int64_t wall_ms, const char *text);
