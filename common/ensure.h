/* Assertions that stay on in release builds: for our own mistakes only, never for foreign input. */
#pragma once

#include "common/base.h"

/* Ends the process with a message if `condition` is false. One condition each. */
#define ensure(condition) \
    do { \
        if (!(condition)) \
            ensure_failed(#condition, __FILE__, __LINE__); \
    } while (0)

NORETURN void ensure_failed(const char *condition, const char *file, int line);
