#include "sentinel/shell/process.h"

#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void process_fill_streams(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
    if (fd > STDERR_FILENO)
        close(fd);
}

char *process_folder(void) {
    char *found = getcwd(NULL, 0);
    char *copy = mem_strdup(found != NULL ? found : ".");
    free(found);
    return copy;
}

char *process_absolute(const char *path) {
    char *found = realpath(path, NULL);
    char *copy = mem_strdup(found != NULL ? found : path);
    free(found);
    return copy;
}

int process_enter(const char *folder) {
    return chdir(folder) < 0 ? -errno : 0;
}

/* ---- in the background ---- */

int process_daemonize(void) {
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0)
        _exit(0);
    (void)setsid();
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        (void)dup2(fd, stream);
    if (fd > STDERR_FILENO)
        close(fd);
    return 0;
}

int process_write_pid(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int r = dprintf(fd, "%ld\n", (long)getpid()) < 0 ? -errno : 0;
    close(fd);
    return r;
}

void process_remove_pid(const char *path) {
    if (path != NULL)
        (void)unlink(path);
}

/* ---- who waits for us ---- */

enum supervised process_supervisor(enum supervised wanted) {
    if (wanted != SUPERVISED_AUTO)
        return wanted;
    if (getenv("NOTIFY_SOCKET") != NULL)
        return SUPERVISED_SYSTEMD;
    return getenv("UPSTART_JOB") != NULL ? SUPERVISED_UPSTART : SUPERVISED_NO;
}

/* As sd_notify does. Nobody to tell is no failure. */
static void tell_systemd(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* an abstract one */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    close(fd);
}

void process_tell_ready(enum supervised supervisor) {
    if (supervisor == SUPERVISED_SYSTEMD)
        tell_systemd("STATUS=Ready to accept connections\nREADY=1\n");
    else if (supervisor == SUPERVISED_UPSTART && getenv("UPSTART_JOB") != NULL)
        (void)raise(SIGSTOP);
}

void process_tell_stopping(enum supervised supervisor) {
    if (supervisor == SUPERVISED_SYSTEMD)
        tell_systemd("STOPPING=1\n");
}
