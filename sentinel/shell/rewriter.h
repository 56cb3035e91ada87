/* Keeps a classic configuration file up to date, in a thread of its own: the loop hands changes
 * over, as it does to the store, and hears later what came of them. However many changes come, they
 * are one rewrite; those that somebody waits for are written at once, others within a second. */
#pragma once

#include "config/settings.h"
#include "config/state.h"

struct buf;
struct plan;
struct rewriter;

struct rewriter_options {
    const char *path;   /* absolute; copied */
    const char *folder; /* what `dir` is to say, absolute; NULL = as it stands; copied */
    const struct settings *settings; /* what the file says; copied */
    const struct state *state;       /* copied */
};

/* NULL if the system refuses a thread, *why says what. */
struct rewriter *rewriter_start(const struct rewriter_options *options, struct buf *why);

/* What came of it. */
struct rewriter_outcome {
    bool saved, failed;
    uint64_t saved_seq;            /* saved: all up to here is in the file */
    uint64_t failed_seq;           /* failed: those behind that, up to here, are not */
    bool rewritten;                /* saved: and not only found unchanged */
    char listing[DIGEST_HEX_SIZE]; /* saved: of its replicas and peers, state_listing */
    struct plan *plan; /* saved: what the file says is `active`; NULL if a reload came between;
                          rewriter_plan_free */
};
void rewriter_plan_free(struct plan *p); /* NULL is nothing */

/* Writes what was handed over and is not written yet, and ends the thread. Returns what came of
 * that, as rewriter_collect. NULL is nothing. */
struct rewriter_outcome rewriter_stop(struct rewriter *r, struct buf *why);

/* Adds changes to what is handed over next. */
void rewriter_add(struct rewriter *r, const struct delta *deltas, size_t count);
/* The changes handed over next, and later ones, are against this file: what was written (an outcome
 * told it), or what a reload has read. Copies. */
void rewriter_rebase_on_plan(struct rewriter *r, const struct plan *written);
void rewriter_rebase_on_file(struct rewriter *r, const struct settings *file);
/* at_once: somebody waits; the file is written even if it would not change. */
void rewriter_hand_over(struct rewriter *r, uint64_t seq, bool at_once);

int rewriter_fd(const struct rewriter *r); /* readable when there is an outcome */
/* Never waits. *why: replaced, if something failed. */
struct rewriter_outcome rewriter_collect(struct rewriter *r, struct buf *why);
