/* Everything that the engine can ask for. Effects and their bytes belong to their list until it is
 * cleared. */
#pragma once

#include "common/endpoint.h"
#include "common/log.h"
#include "common/slice.h"
#include "config/state.h"
#include "sentinel/core/ids.h"

struct buf;

enum effect_kind {
    EFFECT_OPEN, /* link, incarnation, purpose, address, name: connect; ends in LINK_UP or LINK_LOST
                    unless closed before */
    EFFECT_CLOSE, /* link, incarnation: drop the connection; no input of this incarnation counts any
                     more */
    EFFECT_SEND,  /* link, incarnation, tag, requests: pipelined in one write; may come before
                     LINK_UP, is kept till then;  ends in one REPLY (the last request's) or in the
                     LINK_LOST of its incarnation */
    EFFECT_PERSIST, /* seq, deltas: make durable, in order of seq; answered by DURABLE or FAILED. No
                       deltas: only try again what failed */
    EFFECT_RESOLVE, /* text: a host name, in lower case; ends in one RESOLVED */
    EFFECT_REPLY,   /* client, bytes: write, in order */
    EFFECT_PAUSE,   /* client: read no more from it for now */
    EFFECT_RESUME,  /* client: read on */
    EFFECT_HANGUP,  /* client: close once the replies are written; CLIENT_CLOSED follows */
    EFFECT_EVENT,   /* event, level, group, text, note: happened; the engine turned it into LOG and
                       REPLYs, the shell ignores it */
    EFFECT_LOG,     /* level, text: one line */
    EFFECT_SCRIPT,  /* words: a job for the queue of scripts, added by the engine when what it rests
                       on is durable; the shell ignores it */
    EFFECT_RUN,  /* script, words: start a process; answered by SCRIPT_STARTED, then SCRIPT_ENDED,
                    or by SCRIPT_REFUSED or SCRIPT_ENDED alone */
    EFFECT_KILL, /* script: SIGKILL to the process, if it still runs; SCRIPT_ENDED follows */
    EFFECT_CHECK_SCRIPTS, /* client, words: which of these files can be executed? Answered by
                             SCRIPTS_CHECKED */
    EFFECT_READ_FILE,     /* client, text: its path; ends in FILE_READ */
    EFFECT_WRITE_FILE,    /* client, text: its path, bytes: replaces it; ends in FILE_WRITTEN */
    EFFECT_DRAW, /* client, tag: how many letters are to be drawn, half a byte each; ends in
                    DRAWN */
    EFFECT_STOP, /* status: leave the loop and exit, after the effects before it */
    EFFECT_KIND_COUNT,
};

enum link_purpose { LINK_COMMAND, LINK_PUBSUB };

/* One request: the words of a command. */
struct request {
    const struct slice *words;
    size_t word_count;
    int secret_from; /* words from here on print as stars; 0 = none */
    size_t sealed;   /* letters at the end of the last word that are made with a secret, and that
                        tell nothing of it: in no proof of a recording */
};

struct effect {
    enum effect_kind kind;
    struct link_id link;
    uint64_t incarnation;
    uint64_t tag; /* never 0 */
    enum link_purpose purpose;
    struct endpoint address;
    struct slice name; /* OPEN: the host name that the address was found by; empty = none */
    const struct request *requests;
    size_t request_count;
    uint64_t seq;
    uint64_t after; /* the PERSIST that this effect rests on; it was durable when the effect left. 0
                       = none */
    const struct delta *deltas;
    size_t delta_count;
    bool save; /* PERSIST: somebody waits for it to be in the classic file, too; ends in SAVED or
                  UNSAVED */
    struct client_id client;
    struct slice bytes;
    const char *event; /* name as on the wire, static: "+sdown" */
    enum log_level level;
    struct slice group; /* empty: the process as a whole */
    struct slice text;
    struct slice note; /* EVENT: what its line in the log says beyond `text`; not published */
    int status;
    uint64_t script;           /* of RUN and KILL; never 0 */
    const struct slice *words; /* SCRIPT, RUN: the path, then the arguments; CHECK_SCRIPTS:
                                  paths. Each ends in a NUL */
    size_t word_count;
};

struct effects_chunk;

struct effects {
    struct effect *items; /* in order */
    size_t count, capacity;
    struct effects_chunk *chunks; /* memory behind the items */
};

#define EFFECTS_INIT ((struct effects){ .items = NULL })

void effects_fini(struct effects *list);
void effects_clear(struct effects *list); /* keeps some memory */
/* Appends a zeroed effect of `kind`; borrowed until the next one. */
struct effect *effects_add(struct effects *list, enum effect_kind kind);
/* The same with copies of `words`. */
struct effect *effects_add_words(
    struct effects *list, enum effect_kind kind, const struct slice *words, size_t count);
/* Memory that lives as long as the list is not cleared. */
void *effects_alloc(struct effects *list, size_t size);
struct slice effects_copy(struct effects *list, struct slice bytes);

/* One line without a newline, as a trace shows it. */
void effect_print(const struct effect *e, struct buf *out);
