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
#include <sys/stat.h>
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

/* ---- the pid file ---- */

/* What another process has written into it stays until we write. */
void pid_file_open(struct pid_file *p, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    *p = (struct pid_file){ .path = mem_strdup(path), .fd = fd, .error = fd < 0 ? -errno : 0 };
}

int pid_file_write(struct pid_file *p) {
    if (p->path == NULL || p->error < 0)
        return p->error;
    p->is_ours = true;
    return ftruncate(p->fd, 0) < 0 || dprintf(p->fd, "%ld\n", (long)getpid()) < 0 ? -errno : 0;
}

static bool is_empty(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && found.st_size == 0;
}

/* Where the folder is not ours to write in it stays behind, empty. */
void pid_file_close(struct pid_file *p) {
    if (p->path != NULL && p->error == 0) {
        if ((p->is_ours || is_empty(p->fd)) && unlink(p->path) < 0)
            (void)!ftruncate(p->fd, 0);
        close(p->fd);
    }
    mem_free(p->path);
    *p = (struct pid_file){ .path = NULL };
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
