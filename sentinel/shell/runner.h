/* Processes of scripts. Each is started by a thread of its own, since executing a file can take as
 * long as its disk does, and nothing here may hold up the loop. It inherits environment, working
 * directory and standard streams, and nothing else: no descriptor, no signal that is blocked or
 * ignored. Only processes that were started here are waited for. */
#pragma once

#include "common/slice.h"
#include "sentinel/core/ids.h"
#include "sentinel/shell/inlet.h"

struct loop;
struct runner;

/* NULL if the system refuses a descriptor. Nobody else may wait for children of the process. */
struct runner *runner_new(struct loop *loop, struct inlet inlet);
/* Processes that run go on without us. */
void runner_free(struct runner *r);

/* The folders that scripts must lie in from now on, as script_file_check takes them; copied. */
void runner_set_folders(struct runner *r, const char *folders);
/* Starts the file words[0] with all of the words as its arguments. What becomes of it is told by
 * SCRIPT_STARTED, SCRIPT_REFUSED and SCRIPT_ENDED. */
void runner_run(struct runner *r, uint64_t script, const struct slice *words, size_t count);
/* Nothing if it does not run any more. */
void runner_kill(struct runner *r, uint64_t script);
/* Looks whether files may be run; SCRIPTS_CHECKED tells. While RUNNER_CHECKS_MAX such looks
 * are under way further ones find that they cannot. */
#define RUNNER_CHECKS_MAX 32
void runner_check(
    struct runner *r, struct client_id client, const struct slice *paths, size_t count);
