/* What an engine was made of, as bytes of a recording: its first record. */
#pragma once

#include "common/pack.h"
#include "config/merge.h"
#include "config/state.h"
#include "sentinel/command/facts.h"
#include "sentinel/engine/engine.h"

struct buf;
struct mask;

#define START_TEXT_MAX 4096 /* bytes of a fact with its NUL */

struct record_start {
    struct state state;
    struct plan plan;
    struct process_facts facts;
    char version[64];
    char executable[START_TEXT_MAX], config_file[START_TEXT_MAX];
    char os[START_TEXT_MAX], compiler[START_TEXT_MAX], multiplexer[START_TEXT_MAX];
    struct engine_options options; /* of the above */
};

/* mask: of secrets in plan and state; NULL = they are written as they are. */
void pack_start(
    const struct engine_options *o, const char *version, struct mask *mask, struct buf *out);
/* Returns owned what could be read; whether that is all, u->failed says. */
struct record_start *unpack_start(struct unpack *u);
void record_start_free(struct record_start *s);
