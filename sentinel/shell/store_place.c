#include "sentinel/shell/store_place.h"

#include "common/buf.h"
#include "common/digest.h"
#include "common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE "vedette.db"
#define MARKER   "vedette.state"
#define MARKER_TEXT \
    "The state of a vedette lies beside this file. Without it a vedette takes the folder for a new one.\n"

#define PATH_DIGEST_SIZE 16 /* characters of the digest that stand for a path */

/* ---- paths ---- */

static char *PRINTF_LIKE(1, 2) join(const char *format, ...) {
    struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    return text.data;
}

void store_place_in(struct store_place *p, const char *state_dir) {
    *p = (struct store_place){
        .folder = mem_strdup(state_dir),
        .database = join("%s/" DATABASE, state_dir),
        .marker = join("%s/" MARKER, state_dir),
        .owns_folder = true,
    };
}

static bool is_marked(const struct store_place *p) {
    return access(p->marker, F_OK) == 0;
}

static void place_at(struct store_place *p, const char *file) {
    const char *slash = strrchr(file, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - file);
    *p = (struct store_place){
        .folder = folder_size == 0 ? mem_strdup(slash == NULL ? "." : "/")
                                   : slice_dup((struct slice){ .data = file, .size = folder_size }),
        .database = join("%s." DATABASE, file),
        .marker = join("%s." MARKER, file),
    };
}

static void place_under_digest(struct store_place *p, const char *file, const char *state_dir) {
    char digest[DIGEST_HEX_SIZE];
    digest_hex(slice_of(file), digest);
    *p = (struct store_place){
        .folder = mem_strdup(state_dir),
        .database = join("%s/%.*s." DATABASE, state_dir, PATH_DIGEST_SIZE, digest),
        .marker = join("%s/%.*s." MARKER, state_dir, PATH_DIGEST_SIZE, digest),
    };
}

/* Where a state is counts for more than where we might write: another user may look for it, and a
 * second one beside it would know nothing of its votes. */
void store_place_beside(struct store_place *p, const char *file, const char *state_dir) {
    struct store_place elsewhere;
    place_at(p, file);
    place_under_digest(&elsewhere, file, state_dir);
    if (!is_marked(p) && (is_marked(&elsewhere) || access(p->folder, W_OK) < 0)) {
        struct store_place at = *p;
        *p = elsewhere;
        elsewhere = at;
    }
    store_place_fini(&elsewhere);
}

void store_place_copy(struct store_place *to, const struct store_place *from) {
    *to = (struct store_place){
        .folder = mem_strdup(from->folder),
        .database = mem_strdup(from->database),
        .marker = mem_strdup(from->marker),
        .owns_folder = from->owns_folder,
    };
}

void store_place_fini(struct store_place *p) {
    mem_free(p->folder);
    mem_free(p->database);
    mem_free(p->marker);
    *p = (struct store_place){ .folder = NULL };
}

/* ---- a first start ---- */

static bool refuse(struct buf *why, const char *path, const char *text) {
    buf_printf(why, "%s: %s", path, text);
    return false;
}

static int sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Ours are the files of a first start that was interrupted before the marker was written: nothing
 * was promised then. */
static bool is_allowed(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0 ||
        starts_with(name, DATABASE);
}

static bool check_empty(const struct store_place *p, struct buf *why) {
    DIR *dir = opendir(p->folder);
    if (dir == NULL)
        return refuse(why, p->folder, strerror(errno));
    bool empty = true;
    const struct dirent *entry;
    // cppcheck-suppress readdirCalled ; nobody else reads this stream
    while (empty && (entry = readdir(dir)) != NULL)
        empty = is_allowed(entry->d_name);
    closedir(dir);
    return empty ||
        refuse(why, p->folder,
            "the folder holds other files and no state of a vedette; name one that is empty or "
            "does not exist yet");
}

static int touch(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    size_t size = strlen(text);
    int r = 0;
    if (write(fd, text, size) != (ssize_t)size)
        r = -EIO;
    else if (fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

bool store_place_make_folder(const char *folder, bool *ret_made, struct buf *why) {
    if (mkdir(folder, 0700) < 0)
        return errno == EEXIST || refuse(why, folder, strerror(errno));
    *ret_made = true;
    char *parent = join("%s/..", folder);
    int r = sync_folder(parent); /* -EACCES: it may be for passing through only */
    mem_free(parent);
    return r == 0 || r == -EACCES || refuse(why, folder, strerror(-r));
}

static bool make_database(const struct store_place *p, struct buf *why) {
    int r = touch(p->database, "");
    if (r < 0)
        return refuse(why, p->database, strerror(-r));
    r = sync_folder(p->folder);
    return r == 0 || refuse(why, p->folder, strerror(-r));
}

static bool prepare_fresh(const struct store_place *p, struct buf *why) {
    bool made = false;
    if (!store_place_make_folder(p->folder, &made, why))
        return false;
    if (p->owns_folder && !check_empty(p, why))
        return false;
    return make_database(p, why);
}

/* One that was restored from a copy may be open to others; its log gets the same rights from
 * SQLite. Who may not change it at least finds out whether it can be used. */
static void make_private(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
        (void)chmod(path, st.st_mode & 0770);
}

/* SQLite would say it less clearly. */
static bool check_writable(const struct store_place *p, struct buf *why) {
    if (access(p->database, R_OK | W_OK) < 0)
        return refuse(why, p->database, strerror(errno));
    make_private(p->database);
    return access(p->folder, W_OK | X_OK) == 0 || refuse(why, p->folder, strerror(errno));
}

bool store_place_prepare(
    const struct store_place *p, enum store_place_start *ret_start, struct buf *why) {
    if (access(p->marker, F_OK) == 0) {
        if (access(p->database, F_OK) < 0) {
            buf_printf(why,
                "%s: %s. %s says that there has been a state, and starting without it could give "
                "votes twice: restore it, or remove both to start as a new sentinel",
                p->database, strerror(errno), p->marker);
            return false;
        }
        *ret_start = STORE_PLACE_KNOWN;
        return check_writable(p, why);
    }
    if (errno != ENOENT)
        return refuse(why, p->marker, strerror(errno));
    if (!prepare_fresh(p, why))
        return false;
    *ret_start = STORE_PLACE_FRESH;
    return true;
}

int store_place_mark(const struct store_place *p) {
    int r = touch(p->marker, MARKER_TEXT);
    return r < 0 ? r : sync_folder(p->folder);
}

int store_place_hold(const struct store_place *p, int *ret_fd) {
    int fd = open(p->marker, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- finding out what became of it ---- */

static int file_id(int r, const struct stat *st, struct file_id *ret) {
    if (r < 0)
        return -errno;
    *ret = (struct file_id){ .device = st->st_dev, .inode = st->st_ino };
    return 0;
}

int file_id_at(const char *path, struct file_id *ret) {
    struct stat st;
    return file_id(stat(path, &st), &st, ret);
}

int file_id_of(int fd, struct file_id *ret) {
    struct stat st;
    return file_id(fstat(fd, &st), &st, ret);
}

bool file_id_check(const struct file_id *id, const char *path, struct buf *why) {
    struct file_id now;
    int r = file_id_at(path, &now);
    if (r < 0)
        return refuse(why, path, strerror(-r));
    return (now.device == id->device && now.inode == id->inode) ||
        refuse(why, path, "it was replaced by another file");
}

static bool is_held(const struct store_place *p, int fd) {
    struct file_id held, there;
    return fd >= 0 && file_id_of(fd, &held) == 0 && file_id_at(p->marker, &there) == 0 &&
        held.device == there.device && held.inode == there.inode;
}

bool store_place_hold_anew(const struct store_place *p, int *fd, struct buf *why) {
    if (is_held(p, *fd))
        return true;
    int new_fd;
    int r = store_place_hold(p, &new_fd);
    if (r < 0)
        return refuse(
            why, p->marker, r == -EWOULDBLOCK ? "another process is using it" : strerror(-r));
    if (*fd >= 0)
        close(*fd);
    *fd = new_fd;
    return true;
}

bool store_place_regain(const struct store_place *p, int *fd, struct buf *why) {
    bool marked = access(p->marker, F_OK) == 0;
    if (!marked && errno != ENOENT)
        return refuse(why, p->marker, strerror(errno));
    if (marked && !store_place_hold_anew(p, fd, why))
        return false;
    if (access(p->database, F_OK) == 0)
        return check_writable(p, why);
    if (errno != ENOENT)
        return refuse(why, p->database, strerror(errno));
    return marked ? make_database(p, why) : prepare_fresh(p, why);
}
