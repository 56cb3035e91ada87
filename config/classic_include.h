/* The lines of a classic file, with those of the files that it includes in their places. */
#pragma once

#include "common/slice.h"
#include "config/classic_line.h"

struct buf;
struct diag;

#define INCLUDE_DEPTH_MAX 16
#define INCLUDE_FILES_MAX 1000

typedef void include_visit(struct classic_line *l, void *context);

struct classic_include {
    struct diag *diag;    /* borrowed; findings; its file is the outermost one */
    include_visit *visit; /* may take the line, leaving CLASSIC_LINE_INIT; not for includes */
    void *context;
    char **files; /* owned: the names of those included; lines borrow them */
    size_t file_count, file_capacity;
    size_t stack[INCLUDE_DEPTH_MAX]; /* of `files`: those that are being read */
    size_t depth;
    char *folder; /* owned: what the last `dir` said, which relative paths are below; NULL */
};

/* Visits all lines that have words, in order. A file that cannot be read, or includes itself, is a
 * finding. */
void classic_include_read(struct classic_include *i, struct slice text);
void classic_include_fini(struct classic_include *i);

/* The lines of all files that the text includes, each canonical enough to be read again. */
void classic_included(const char *path, struct slice text, struct buf *out);
