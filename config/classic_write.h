/* What a classic configuration file says: settings in force and state, as directives, in the order
 * of the originals. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;
struct option;
struct plan;
struct settings;
struct state;

struct classic_content {
    const struct settings *said;     /* what the old text says of the process */
    const struct settings *settings; /* of the process, in force; its groups do not count */
    const struct plan *plan;         /* the groups in force */
    const struct state *state;
    const char *folder;    /* `dir`, absolute; NULL = as it stands */
    struct slice included; /* the lines of the files that the old text includes */
};

/* Whether the file can say the option of the process. */
bool classic_says(const struct option *o);
/* `file` becomes what a file that was written with these settings in force says. */
void classic_take_said(struct settings *file, const struct settings *in_force);

/* Writes the new text in place of the old one. Lines that still hold, comments and blank lines stay
 * verbatim; generic directives are touched only where they no longer hold. Any value can be read
 * back, and none can add a line. */
void classic_write(struct slice old, const struct classic_content *content, struct buf *out);
