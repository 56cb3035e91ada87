/* Late answers to what operators ask for. */
#pragma once

#include "sentinel/core/ids.h"

#include <stddef.h>

struct server;

/* A SENTINEL SET that names scripts goes on: `unfit` is the first of them that cannot be executed,
 * or SCRIPTS_FIT. */
void answer_sentinel_set(struct server *server, struct client_id client, size_t unfit);
