/* What an engine starts from and is reloaded with, as bytes of a recording: settings by the rows of
 * the option table, plans, the durable state. Secrets are masked on the way. What is read may be
 * anything; what it gives is fit for an engine. */
#pragma once

#include "common/pack.h"
#include "config/merge.h"
#include "config/state.h"

struct mask;

void pack_endpoint(struct buf *out, const struct endpoint *e);
void unpack_endpoint(struct unpack *u, struct endpoint *ret);

/* mask: NULL = nothing is masked. The unpacked are initialised, and left to the caller in any case,
 * also if something was not in order (u->failed). */
void pack_plan(struct buf *out, struct mask *mask, const struct plan *plan);
void unpack_plan(struct unpack *u, struct plan *ret);
void pack_state(struct buf *out, struct mask *mask, const struct state *state);
void unpack_state(struct unpack *u, struct state *ret);
