/* A configuration file of either format, read and checked whole. */
#pragma once

#include "config/load.h"
#include "config/state.h"

struct config_file {
    enum config_format format;
    struct settings settings;
    struct state state; /* the state lines of a classic file; empty for YAML */
};

/* false: the findings are in diag. Both ways *ret is initialised. */
bool config_file_load(const char *path, struct config_file *ret, struct diag *diag);
void config_file_fini(struct config_file *f);
