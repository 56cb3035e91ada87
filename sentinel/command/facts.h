/* What the process knows of itself and tells in INFO and HELLO, nowhere else. */
#pragma once

#include "config/state.h"

struct process_facts {
    int64_t process_id;
    char run_id[ID_SIZE]; /* drawn at each start */
    const char *executable, *config_file, *os, *compiler, *multiplexer;
    int arch_bits;
};
