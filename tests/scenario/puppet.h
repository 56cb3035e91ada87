/* A peer that is no vedette: says and answers what the scenario makes it say. It listens where its
 * hellos tell, and connects to whom it speaks. With a secret it signs, and proves who it is. */
#pragma once

#include "common/buf.h"
#include "common/list.h"
#include "common/resp.h"
#include "config/state.h"
#include "sentinel/core/challenge.h"
#include "tests/sim/net.h"

/* What it answers when it is asked about a master. */
enum puppet_mood {
    PUPPET_UP,     /* it is up, and no vote */
    PUPPET_DOWN,   /* it is down, and no vote */
    PUPPET_GRANTS, /* it is down; whoever asks for a vote gets it */
    PUPPET_VOTES, /* it is down; a vote goes to `candidate`, under the epoch asked for or `epoch` */
    PUPPET_SILENT, /* nothing at all, to any request */
    PUPPET_MOOD_COUNT,
};

extern const char *const puppet_moods[PUPPET_MOOD_COUNT];

#define PUPPET_SECRET_SIZE 64

struct session;

struct puppet {
    struct net *net; /* borrowed */
    struct party party;
    char name[4]; /* "p1" */
    char id[ID_SIZE];
    bool is_vedette; /* by its INFO */
    enum puppet_mood mood;
    char candidate[CANDIDATE_MAX];
    uint64_t epoch;                  /* 0: the one asked for */
    char secret[PUPPET_SECRET_SIZE]; /* "" = none */
    uint64_t counter;                /* of its last signed hello */
    struct list sessions;
    struct session *caller; /* in `sessions`: the one that stays; NULL = none */
};

void puppet_init(struct puppet *p, struct net *net, int number);
void puppet_fini(struct puppet *p);
void puppet_die(struct puppet *p); /* its connections are closed, and it listens no more */
/* Connects to somebody and sends one request; the answer is dropped. */
void puppet_say(
    struct puppet *p, const struct endpoint *to, const struct slice *words, size_t count);
/* Makes a signed hello of one that is not; after that it has this number. */
void puppet_sign(struct puppet *p, uint64_t counter, struct buf *line);

/* ---- over a connection that stays, as a vedette has one to each peer ---- */

/* To whom it was opened, if it is open; else it is opened to this one. */
void puppet_ask(
    struct puppet *p, const struct endpoint *to, const struct slice *words, size_t count);
/* The answer to the last request; NULL as long as there is none. Lent until the next one. */
const struct resp_value *puppet_answer(struct puppet *p);
/* The number that it asks with to have the other one prove who it is, and what it seals in turn;
 * theirs: the number of the answer. */
extern const char puppet_number[CHALLENGE_SIZE + 1];
void puppet_seal(const struct puppet *p, const char *to, struct slice theirs, struct buf *ret_hex);
