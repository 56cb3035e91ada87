/* A peer that is no vedette: says and answers what the scenario makes it say. It listens where its
 * hellos tell, and connects to whom it speaks. */
#pragma once

#include "common/list.h"
#include "config/state.h"
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

struct puppet {
    struct net *net; /* borrowed */
    struct party party;
    char name[4]; /* "p1" */
    char id[ID_SIZE];
    bool is_vedette; /* by its INFO */
    enum puppet_mood mood;
    char candidate[CANDIDATE_MAX];
    uint64_t epoch; /* 0: the one asked for */
    struct list sessions;
};

void puppet_init(struct puppet *p, struct net *net, int number);
void puppet_fini(struct puppet *p);
void puppet_die(struct puppet *p); /* its connections are closed, and it listens no more */
/* Connects to somebody and sends one request; the answer is dropped. */
void puppet_say(
    struct puppet *p, const struct endpoint *to, const struct slice *words, size_t count);
