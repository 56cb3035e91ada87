/* The settings of the process while it runs: taken from a plan at a reload, or changed by SENTINEL
 * CONFIG SET and its like, and then kept as overrides of the file. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct core;
struct users;
struct settings;

/* Takes over what a reload brings: logs in at peers anew if the credentials changed, announces a
 * new address of ours at once. */
void configure_take(struct core *c, const struct settings *file, const struct settings *active);
/* The classic file says what was in force when it was written: overrides are against that. */
void configure_adopt(struct core *c, const struct settings *written);
/* Takes over `wanted`, which began as a copy of core->settings, and persists each option in which
 * it differs, among those that can change at runtime. Returns the seq that an +OK rests on. */
uint64_t configure_set(struct core *c, const struct settings *wanted);
/* Takes over one user of core->settings as it is in `wanted`, or not any more, and persists that.
 * Returns the seq that an +OK rests on. */
uint64_t configure_set_user(struct core *c, struct slice name, const struct users *wanted);
