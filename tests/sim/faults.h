/* What befalls a world: faults of the kinds that its seed has, one after the other and over each
 * other, each for a while; and the healing of all of them. */
#pragma once

#include "tests/sim/draw.h"

struct world;

/* From now on until faults_heal. */
void faults_start(struct world *w);
/* Everything runs again, everybody reaches everybody, the disks write. What was refused or slow is
 * so no more. */
/* Somebody gives the servers of a group other priorities; 0 stays 0. */
void faults_change_priorities(struct world *w, int group);
void faults_heal(struct world *w);
/* A Sentinel tells this event: what waits for such a moment befalls. */
void faults_hear(struct world *w, const char *event);

/* ---- between the files of this module ---- */

int64_t faults_duration(struct world *w); /* how long something lasts */

/* faults_stock.c. Whether it befell a stock Sentinel: it does as often as it is their turn. */
bool faults_befall_stock(struct world *w, enum fault kind);
void faults_bring_back_stock(void *context, uint64_t number); /* a task_fn */
void faults_start_stocks(struct world *w);
void faults_heal_stocks(struct world *w);
