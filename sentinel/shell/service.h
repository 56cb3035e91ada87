/* The process from its start to its end: configuration, state, log, addresses, signals, reload. */
#pragma once

#include "common/slice.h"

/* Exit statuses of the process. */
enum {
    SERVICE_OK = 0,
    SERVICE_REFUSED =
        1, /* the configuration, the state, an address, ... : told on standard error */
};

/* Checks the file alone; tells all findings on standard error, or that there is none. */
int service_check(const char *path);
/* Runs until it is told to stop. more: further lines of a classic file. */
int service_run(const char *path, struct slice more);
