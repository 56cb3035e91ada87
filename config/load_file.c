#include "config/load_file.h"

#include "common/buf.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether an open file is one to read whole. A FIFO or a terminal would let us wait for ever. */
static int check_kind(int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISREG(st.st_mode) ? 0 : LOAD_FILE_E_KIND;
}

static int read_whole(FILE *file, struct buf *text) {
    size_t room = 64 * 1024, size;
    do {
        size = fread(buf_reserve(text, room), 1, room, file);
        buf_commit(text, size);
        if (ferror(file) != 0)
            return -errno;
        if (buf_size(text) > CONFIG_FILE_MAX)
            return -EFBIG;
    } while (size > 0);
    return 0;
}

int load_file(const char *path, struct slice *ret_text) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int failed = check_kind(fd);
    FILE *file = failed == 0 ? fdopen(fd, "rb") : NULL;
    if (file == NULL) {
        if (failed == 0)
            failed = -errno;
        close(fd);
        return failed;
    }
    struct buf text = BUF_INIT;
    failed = read_whole(file, &text);
    fclose(file);
    if (failed != 0) {
        buf_fini(&text);
        return failed;
    }
    /* Nothing was consumed: the content starts where the memory does. */
    *ret_text = buf_slice(&text);
    return 0;
}

const char *load_file_why(int error) {
    return error == LOAD_FILE_E_KIND ? "not a regular file" : strerror(-error);
}

static void add_name(struct load_names *n, const char *name) {
    char **names = mem_alloc((n->count + 1) * sizeof(names[0]));
    for (size_t i = 0; i < n->count; i++)
        names[i] = n->names[i];
    names[n->count++] = mem_strdup(name);
    mem_free(n->names);
    n->names = names;
}

void load_names_find(const char *pattern, struct load_names *ret) {
    *ret = (struct load_names){ .names = NULL };
    if (strpbrk(pattern, "*?[") == NULL) {
        add_name(ret, pattern);
        return;
    }
    glob_t found = { .gl_pathc = 0 };
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && i < LOAD_NAMES_MAX; i++)
            add_name(ret, found.gl_pathv[i]);
        globfree(&found);
    }
}

void load_names_fini(struct load_names *n) {
    for (size_t i = 0; i < n->count; i++)
        mem_free(n->names[i]);
    mem_free(n->names);
    *n = (struct load_names){ .names = NULL };
}

unsigned load_file_mode(const char *path) {
    struct stat st;
    return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

bool load_is_same_file(const char *a, const char *b) {
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
        left.st_ino == right.st_ino;
}
