/* Reads files that the user or a configuration names. It never waits for anybody. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

#define LOAD_NAMES_MAX  1000               /* files that a pattern may name */
#define CONFIG_FILE_MAX (16 * 1024 * 1024) /* bytes */

enum { LOAD_FILE_E_KIND = 1 };

/* Reads the file at `path` whole, at most CONFIG_FILE_MAX: 0 or negative errno, -EFBIG beyond.
 * Outcomes: LOAD_FILE_E_KIND: no regular file; the content of others may never come. */
int load_file(const char *path, struct slice *ret_text); /* ret_text->data owned: mem_free */
/* The files that a pattern of the shell (glob) names, sorted; a path without wildcards names
 * itself, be it there or not. */
struct load_names {
    char **names; /* owned */
    size_t count;
};
void load_names_find(const char *pattern, struct load_names *ret);
void load_names_fini(struct load_names *n);
/* The rights of a file, as chmod takes them; 0 if it cannot be looked at. */
unsigned load_file_mode(const char *path);
/* Whether both paths lead to one file. */
bool load_is_same_file(const char *a, const char *b);
const char *load_file_why(int error); /* for people; error != 0 */
