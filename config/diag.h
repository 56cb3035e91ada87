/* Findings about a configuration: all of them are collected, each with its place, before anything
 * is refused. Warnings are beside them: of what is allowed, and likely not meant. */
#pragma once

#include "common/base.h"

struct buf;

struct diag_finding {
    char *file;       /* owned: another one than diag.file, that includes it; NULL = that one */
    int line, column; /* from 1; 0 = the file as a whole */
    char *text;       /* owned: what is wrong and what was expected */
};

struct diag {
    char *file;                    /* owned; as given by the user */
    struct diag_finding *findings; /* owned */
    size_t count, capacity;
    struct diag_finding *warnings; /* owned; each text once */
    size_t warning_count, warning_capacity;
};

void diag_init(struct diag *d, const char *file);
void diag_fini(struct diag *d);
void diag_add(struct diag *d, int line, int column, const char *format, ...) PRINTF_LIKE(4, 5);
/* In `file`, which the diag's file includes; NULL = that one itself. */
void diag_add_in(struct diag *d, const char *file, int line, int column, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* A warning, as diag_add_in; nothing if there is one with the same text. */
void diag_warn(struct diag *d, const char *file, int line, int column, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* No further finding would be shown: there is no need to look for any. */
bool diag_is_full(const struct diag *d);
/* "file:line:column: text" per line, in order of line and column. */
void diag_print(const struct diag *d, struct buf *out);
void diag_print_warnings(const struct diag *d, struct buf *out); /* the same of these */
