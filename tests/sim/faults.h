/* What befalls a world: faults of the kinds that its seed has, one after the other and over each
 * other, each for a while; and the healing of all of them. */
#pragma once

struct world;

/* From now on until faults_heal. */
void faults_start(struct world *w);
/* Everything runs again, everybody reaches everybody, the disks write. What was refused or slow is
 * so no more. */
void faults_heal(struct world *w);
/* A vedette tells this event: what waits for such a moment befalls. */
void faults_hear(struct world *w, const char *event);
