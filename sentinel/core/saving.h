/* The classic file that this process was started with, if it has one and may write it: the shell
 * keeps it up to date and tells what it says now. Changes made at runtime are in it then, and no
 * overrides any more. */
#pragma once

#include "common/base.h"

struct core;
struct input;

/* Somebody waits for this step's PERSIST to be in the file. */
void saving_ask(struct core *c);
/* Whether a PERSIST is in the file, or the last try failed to bring it there. True, and false,
 * where none is kept up to date. */
bool saving_is_done(const struct core *c, uint64_t seq);
bool saving_has_failed(const struct core *c, uint64_t seq);

void saving_on_saved(struct core *c, const struct input *in);
void saving_on_unsaved(struct core *c, const struct input *in);
