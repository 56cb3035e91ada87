#include "config/load_file.h"

#include "common/buf.h"

#include <errno.h>
#include <fcntl.h>
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
