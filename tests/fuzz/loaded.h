/* A configuration as a start has it: read, checked and merged. For the targets of both formats. */
#pragma once

#include "config/merge.h"
#include "config/settings.h"
#include "config/state.h"
#include "tests/fuzz/fuzz.h"

struct loaded {
    struct settings settings;
    struct state state; /* empty for YAML */
    struct plan plan;
};

/* false: findings were told, each with a place in the text or a file that it includes. Both ways *l
 * is to be finished. */
bool loaded_yaml(struct loaded *l, struct slice text);
bool loaded_classic(struct loaded *l, struct slice text);
void loaded_fini(struct loaded *l);

/* The same is in force. */
bool loaded_equal(const struct loaded *a, const struct loaded *b);
