/* What the servers of the farm answer, and the commands of the farm itself. */
#pragma once

#include "tests/bench/farm/conn.h"

/* Both append the reply to farm->reply. `raw`: the bytes of the request. */
void command_run(struct conn *c, const struct resp_request *q, struct slice raw);
void control_run(struct conn *c, const struct resp_request *q);

const char *command_name(size_t row); /* NULL beyond the last; the index of counters.commands */
