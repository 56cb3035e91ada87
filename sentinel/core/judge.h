/* The pass over what is marked or due: each group is judged from its facts, in a fixed order of
 * steps. */
#pragma once

struct core;

void judge_due(struct core *c);
