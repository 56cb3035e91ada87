/* Stands in for libFuzzer where a target is built as an ordinary test: runs it on the files that
 * are named, and on all files of the folders that are. */
#include "tests/fuzz/fuzz.h"

#include "common/buf.h"
#include "common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* 0 or negative errno. The bytes are in memory of exactly their size, so that a read beyond them is
 * seen. */
static int run_file(const char *path) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return -errno;
    struct buf text = BUF_INIT;
    size_t size;
    do {
        size = fread(buf_reserve(&text, 4096), 1, 4096, file);
        buf_commit(&text, size);
    } while (size > 0);
    int error = ferror(file) != 0 ? -errno : 0;
    fclose(file);
    uint8_t *bytes = mem_dup(buf_text(&text), buf_size(&text));
    if (error == 0)
        (void)LLVMFuzzerTestOneInput(bytes, buf_size(&text));
    mem_free(bytes);
    buf_fini(&text);
    return error;
}

static int run_folder(const char *path, size_t *count) {
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, is_shown, alphasort);
    if (found < 0)
        return -errno;
    int error = 0;
    for (int i = 0; i < found; i++) {
        struct buf name = BUF_INIT;
        buf_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (error == 0) {
            /* The last line before an abort names the culprit. */
            printf("%s\n", buf_text(&name));
            fflush(stdout);
            error = run_file(buf_text(&name));
            *count += 1;
        }
        buf_fini(&name);
        free(entries[i]);
    }
    free(entries);
    return error;
}

int main(int argc, char **argv) {
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        int error = run_folder(argv[i], &count);
        if (error == -ENOTDIR) {
            error = run_file(argv[i]);
            count++;
        }
        if (error != 0) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(-error));
            return 1;
        }
    }
    printf("%zu passed, 0 failed\n", count);
    return count > 0 ? 0 : 1;
}
