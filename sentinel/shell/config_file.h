/* A configuration file of either format, read and checked whole. */
#pragma once

#include "config/load.h"
#include "config/state.h"

struct config_file {
    enum config_format format;
    struct settings settings;
    struct state state; /* the state lines of a classic file; empty for YAML */
};

struct config_source {
    const char *path;   /* absolute */
    const char *folder; /* in which the process was started: relative paths of a classic file that
                           do not lie below its `dir` are relative to it */
    struct slice more;  /* further lines of a classic file, of the command line */
};

/* false: the findings are in diag. Both ways *ret is initialised. `dir` and `logfile` of a classic
 * file become absolute. */
bool config_file_load(const struct config_source *from, struct config_file *ret, struct diag *diag);
void config_file_fini(struct config_file *f);
