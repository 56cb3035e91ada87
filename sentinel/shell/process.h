/* The process as its surroundings see it: the folder it works in, its standard streams, whether it
 * is a daemon, its pid file, and who is told that it has started. */
#pragma once

#include "config/settings.h"

/* Standard streams that are closed would be taken by our first sockets: they lead nowhere instead.
 */
void process_fill_streams(void);
/* The folder that the process was started in; owned. */
char *process_folder(void);
/* The path without links, from the root; as it is where there is nothing. Owned. */
char *process_absolute(const char *path);
int process_enter(const char *folder); /* negative errno on failure */

/* Who is to be told, once `auto` has looked at the environment. */
enum supervised process_supervisor(enum supervised wanted);
/* Goes on in the background; before there is a thread. Negative errno on failure. */
int process_daemonize(void);

/* Opened while we may, written when we have started, removed when we stop. */
struct pid_file {
    char *path; /* owned; NULL = there is none */
    int fd;
    int error;    /* why it could not be opened: negative errno */
    bool is_ours; /* it holds our number */
};
void pid_file_open(struct pid_file *p, const char *path);
int pid_file_write(struct pid_file *p); /* negative errno on failure, also that of opening it */
void pid_file_close(struct pid_file *p);

void process_tell_ready(enum supervised supervisor);
void process_tell_stopping(enum supervised supervisor);
