/* The process from its start to its end: configuration, state, log, addresses, signals, reload. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

/* Exit statuses of the process. */
enum {
    SERVICE_OK = 0,
    SERVICE_REFUSED =
        1, /* the configuration, the state, an address, ... : told on standard error */
};

/* Checks the file alone; tells all findings on standard error, or that there is none. */
int service_check(const char *path);
/* What a command line asks for. */
struct service_options {
    const char *path;    /* the configuration */
    struct slice more;   /* further lines of a classic file */
    const char *record;  /* the file in which all is recorded; NULL = nothing is */
    int64_t record_size; /* bytes at most */
};

/* Runs until it is told to stop. */
int service_run(const struct service_options *options);
