#include "sentinel/shell/file_replace.h"

#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE       ".vedette.new"
#define PRIVATE_MODE 0600 /* until it has those of the old one, if there is one */
#define KEPT_MODE    0770 /* what is kept of them: there may be passwords in it now */

/* What the new file takes over. */
struct marks {
    mode_t mode;
    uid_t user;
    gid_t group;
    bool known; /* there was a file */
};

static int read_marks(const char *path, struct marks *ret) {
    struct stat st;
    *ret = (struct marks){ .known = false };
    if (stat(path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    *ret = (struct marks){
        .mode = st.st_mode & KEPT_MODE, .user = st.st_uid, .group = st.st_gid, .known = true
    };
    return 0;
}

static int write_all(int fd, struct slice text) {
    while (text.size > 0) {
        ssize_t written = write(fd, text.data, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        text = slice_sub(text, (size_t)written, SIZE_MAX);
    }
    return 0;
}

/* Who may not give it away keeps it. */
static int apply_marks(int fd, const struct marks *m) {
    if (!m->known)
        return 0;
    if (fchown(fd, m->user, m->group) < 0 && fchown(fd, (uid_t)-1, m->group) < 0 && errno != EPERM)
        return -errno;
    return fchmod(fd, m->mode) < 0 ? -errno : 0;
}

static int fill(int fd, struct slice text, const struct marks *m) {
    int r = write_all(fd, text);
    if (r == 0)
        r = apply_marks(fd, m);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

static char *folder_of(const char *path) {
    char *copy = mem_strdup(path);
    char *folder = mem_strdup(dirname(copy));
    mem_free(copy);
    return folder;
}

static int sync_folder(const char *path) {
    char *folder = folder_of(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    mem_free(folder);
    return r;
}

int file_replace(const char *path, struct slice text) {
    struct marks marks;
    int r = read_marks(path, &marks);
    if (r < 0)
        return r;
    size_t size = strlen(path) + sizeof(BESIDE);
    char *beside = mem_alloc(size);
    (void)snprintf(beside, size, "%s" BESIDE, path);
    (void)unlink(beside); /* of one that was killed at this */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PRIVATE_MODE);
    if (fd < 0) {
        r = -errno;
    } else {
        r = fill(fd, text, &marks);
        if (close(fd) < 0 && r == 0)
            r = -errno;
        if (r == 0 && rename(beside, path) < 0)
            r = -errno;
        if (r < 0)
            (void)unlink(beside);
        else
            r = sync_folder(path);
    }
    mem_free(beside);
    return r;
}

int file_can_be_replaced(const char *path) {
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0 && errno != ENOENT)
        return -errno;
    char *folder = folder_of(path);
    int r = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
    mem_free(folder);
    return r;
}
