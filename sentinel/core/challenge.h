/* Links to peers that prove who is at their other end, both ways, by one challenge for each
 * connection. We send a number that nobody could foresee; the peer seals it, with one of its own;
 * we look at that, and seal both in turn. From then on its answers count, and so do our requests
 * for its vote, wherever one has to prove what he says. A group with keys of its own is proven
 * apart. */
#pragma once

#include "common/base.h"
#include "common/resp.h"

#define CHALLENGE_SIZE     32 /* letters */
#define CHALLENGE_KEY_SIZE 32 /* bytes */

struct buf;
struct core;
struct group;
struct link;
struct peer;
struct pending;
struct process;

/* How far a link is proven by the keys of the process, or by those of one group. Times are mono. */
struct challenge {
    bool is_proven;
    bool is_awaited;  /* the peer has yet to answer it */
    int64_t asked_ms; /* 0 = at once */
    char ours[CHALLENGE_SIZE + 1];
};

/* A number that nobody could foresee, as letters. */
void challenge_draw(struct core *c, char ret[static CHALLENGE_SIZE + 1]);
/* What is sealed: who seals it, for whom, and the numbers of the asking and of the asked side. */
void challenge_print(
    const char *by, const char *to, const char *asker, const char *asked, struct buf *out);

/* Whether what the peer answers about its group is believed. */
bool challenge_counts(const struct core *c, const struct peer *p);
/* Whether what we ask it has to wait for a moment: until it was asked for its proof, since answers
 * come in order, and its answer would not count before; and with a request for its vote until it
 * has ours, or until *due at most. */
bool challenge_comes_first(const struct core *c, const struct peer *p, bool for_vote, int64_t *due);

/* Asks for the proofs that are due at an open link. */
void challenge_judge(struct core *c, struct process *p, int64_t *due);
/* The answer to a challenge, or to the seal that followed it. */
void challenge_on_answer(
    struct core *c, struct link *l, const struct pending *pending, const struct resp_value *v);
void challenge_on_loss(struct process *p); /* the link is gone */
/* It refuses its vote to us: perhaps it has forgotten our proof. Nothing if it was asked lately. */
void challenge_again(struct core *c, struct peer *p);
/* It signs: it has a secret now. Nothing if it is proven. */
void challenge_now(struct core *c, struct peer *p);
/* Other keys are in force. Who has proven himself goes on to count until he fails to do it anew. */
void challenge_all(struct core *c);
