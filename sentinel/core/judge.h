/* The pass over what is marked or due: each group is judged from its facts, in a fixed order of
 * steps. */
#pragma once

struct core;

void judge_due(struct core *c);
/* At the start, and when a commit was what hundreds of groups waited for: a few at a time, so that
 * clients are served in between. */
void judge_stagger(struct core *c);
