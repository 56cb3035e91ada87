/* The people who run the deployment: what they ask of vedettes and write into their files, at bad
 * moments too; and how they set all of it right again. */
#pragma once

#include "common/base.h"

struct world;

/* One command that changes something, to one vedette or to all of them. */
void operator_command(struct world *w);
/* A file is edited and read again, of one vedette or of all. */
void operator_edit(struct world *w);
/* Whether all vedettes watch a group with the settings that were drawn. */
bool operator_has_done(const struct world *w, int group);
/* From the healing on, until the next faults: what is not as it was drawn is put right. */
void operator_mend(struct world *w);
