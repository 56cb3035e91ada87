#include "tests/fuzz/files.h"

#include "common/mem.h"
#include "config/load_file.h"

#include <errno.h>
#include <string.h>

static struct {
    struct slice parts[10]; /* borrowed */
    size_t count;
} files;

void files_set(struct fuzz_bytes rest) {
    for (files.count = 0; rest.size > 0 && files.count < ARRAY_SIZE(files.parts); files.count++)
        files.parts[files.count] = fuzz_part(&rest, FILES_SEPARATOR);
}

struct slice files_first(void) {
    return files.count > 0 ? files.parts[0] : SLICE_EMPTY;
}

/* The number of a file; the count if there is no such file. */
static size_t number_of(const char *path) {
    size_t size = strlen(path);
    if (size < 2 || path[size - 2] != 'f' || path[size - 1] < '0' || path[size - 1] > '9' ||
        (size > 2 && path[size - 3] != '/'))
        return files.count;
    return MIN_OF((size_t)(path[size - 1] - '0'), files.count);
}

int load_file(const char *path, struct slice *ret_text) {
    size_t number = number_of(path);
    if (number == files.count)
        return path[0] == '/' && path[1] == '\0' ? -EISDIR : -ENOENT;
    struct slice part = files.parts[number];
    *ret_text = (struct slice){ .data = slice_dup(part), .size = part.size };
    return 0;
}

const char *load_file_why(int error) {
    return error == LOAD_FILE_E_KIND ? "not a regular file" : strerror(-error);
}

static void add_name(struct load_names *n, size_t folder_size, const char *path, size_t number) {
    char name[] = { 'f', (char)('0' + number), '\0' };
    char *whole = mem_alloc(folder_size + sizeof(name));
    memcpy(whole, path, folder_size);
    memcpy(whole + folder_size, name, sizeof(name));
    n->names[n->count++] = whole;
}

/* A pattern names all files. */
void load_names_find(const char *pattern, struct load_names *ret) {
    const char *last = strrchr(pattern, '/');
    size_t folder_size = last != NULL ? (size_t)(last - pattern) + 1 : 0;
    *ret = (struct load_names){ .names = mem_alloc((files.count + 1) * sizeof(char *)) };
    if (strpbrk(pattern, "*?[") == NULL)
        ret->names[ret->count++] = mem_strdup(pattern);
    else
        for (size_t i = 0; i < files.count; i++)
            add_name(ret, folder_size, pattern, i);
}

void load_names_fini(struct load_names *n) {
    for (size_t i = 0; i < n->count; i++)
        mem_free(n->names[i]);
    mem_free(n->names);
    *n = (struct load_names){ .names = NULL };
}

unsigned load_file_mode(const char *path) {
    size_t number = number_of(path);
    return number == files.count ? 0 : number % 2 == 0 ? 0600 : 0644;
}

bool load_is_same_file(const char *a, const char *b) {
    return number_of(a) == number_of(b) && number_of(a) < files.count;
}
