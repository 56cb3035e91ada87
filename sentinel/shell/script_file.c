#include "sentinel/shell/script_file.h"

#include "common/mem.h"
#include "common/slice.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool script_file_is_open(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IWOTH) != 0;
}

/* In a sticky folder nobody can replace the files of others. */
static bool folder_is_open(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0;
}

/* Of all folders from that of `real` up to the one whose name has `top_size` bytes. */
static bool any_folder_is_open(const char *real, size_t top_size) {
    char *folder = mem_strdup(real);
    bool open = false;
    for (size_t size = strlen(folder); size > top_size && !open; size--) {
        if (folder[size - 1] != '/')
            continue;
        folder[size - 1] = '\0';
        open = folder_is_open(folder);
    }
    mem_free(folder);
    return open;
}

/* The size of the folder's name if the file lies below it; 0 if not. */
static size_t size_of_folder_above(const char *real, struct slice folder) {
    char *name = slice_dup(folder);
    char *resolved = realpath(name, NULL);
    mem_free(name);
    size_t size = resolved == NULL ? 0 : strlen(resolved);
    bool is_above = size > 1 && strncmp(real, resolved, size) == 0 && real[size] == '/';
    free(resolved);
    return is_above ? size : 0;
}

static enum script_fault check_real(const char *real, const char *folders) {
    struct slice rest = slice_of(folders);
    while (rest.size > 0) {
        size_t size = size_of_folder_above(real, slice_cut(&rest, ':'));
        if (size == 0)
            continue;
        bool open = script_file_is_open(real) || any_folder_is_open(real, size);
        return open ? SCRIPT_OPEN : SCRIPT_FIT;
    }
    return SCRIPT_OUTSIDE;
}

enum script_fault script_file_check(const char *path, const char *folders, char **ret_real) {
    *ret_real = NULL;
    if (access(path, X_OK) < 0)
        return SCRIPT_NOT_EXECUTABLE;
    if (folders == NULL)
        return SCRIPT_FIT;
    char *real = realpath(path, NULL);
    if (real == NULL)
        return SCRIPT_NOT_EXECUTABLE;
    enum script_fault fault = check_real(real, folders);
    if (fault == SCRIPT_FIT)
        *ret_real = real;
    else
        free(real);
    return fault;
}

const char *script_file_why(enum script_fault fault) {
    switch (fault) {
    case SCRIPT_FIT:
        break;
    case SCRIPT_NOT_EXECUTABLE:
        return "it is not there, or not executable";
    case SCRIPT_OUTSIDE:
        return "it lies in none of script_dirs";
    case SCRIPT_OPEN:
        return "others may change it, or a folder that it lies in";
    }
    return "";
}
