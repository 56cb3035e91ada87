/* A process that starts scripts for one that may not: a daemon behind a filter of system calls
 * (sandbox.h) cannot execute anything, and neither can what it starts. So this one is forked before
 * the filter, as soon as the daemon is who it will be, and does what runner.h says. It takes orders
 * by a socket, believes little of them (it runs what the configuration names, and nothing else),
 * and ends when the daemon does; scripts that run then go on. */
#pragma once

#include "common/slice.h"
#include "sentinel/shell/config_file.h"
#include "sentinel/shell/inlet.h"

struct loop;
struct spawner;

/* Before there is a thread. The settings are those of the file. 0 or negative errno. */
int spawner_start(
    const struct config_source *from, const struct settings *settings, struct spawner **ret);
/* From now on what becomes of scripts is told, as the runner tells it. */
void spawner_attend(struct spawner *s, struct loop *loop, struct inlet inlet);
void spawner_free(struct spawner *s);

void spawner_run(struct spawner *s, uint64_t script, const struct slice *words, size_t count);
/* The file was read again, and is in force: now it counts there, too. */
void spawner_read(struct spawner *s);
void spawner_kill(struct spawner *s, uint64_t script);
