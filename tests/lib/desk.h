/* A core with its command server and clients that speak to it, without the engine around them. */
#pragma once

#include "common/tstamp.h"
#include "sentinel/command/facts.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"
#include "tests/lib/scene.h"

struct desk {
    struct scene scene;
    struct process_facts facts;
    struct now now;
    struct core *core;
    struct server *server;
    struct group *group;  /* mymaster */
    struct effects out;   /* of the last step */
    bool store_waits;     /* PERSISTs are left unanswered; else each is durable at once */
    bool unjudged;        /* the core does not judge: what a test sets stays */
    uint64_t hung_up;     /* the client of the last HANGUP; 0 = none */
    struct buf received;  /* what clients got for the last of what follows */
    uint64_t received_by; /* only this client's bytes are kept; 0 = everybody's */
};

void desk_init(struct desk *d); /* every server and peer connected, up and known from INFO */
void desk_fini(struct desk *d);

void desk_open(struct desk *d, uint64_t client); /* from another host */
/* Returns what it got at once. */
struct slice desk_open_from(struct desk *d, uint64_t client, const char *host);
void desk_close(struct desk *d, uint64_t client);
/* Sends bytes as a client; returns what this client got for them. Borrowed until the next call. */
struct slice desk_send(struct desk *d, uint64_t client, struct slice bytes);
/* The same for one request, an inline line without its end. */
struct slice desk_ask(struct desk *d, uint64_t client, const char *line);
/* A client does not read, or reads again. */
void desk_choke(struct desk *d, uint64_t client, bool is_full);
/* A TIMER. Returns what `client` got for it. */
struct slice desk_timer(struct desk *d, uint64_t client);
/* How many effects of a kind the last step had. */
size_t desk_count(const struct desk *d, enum effect_kind kind);
/* The store answers. Returns what `client` got for it. */
struct slice desk_durable(struct desk *d, uint64_t client, uint64_t seq);
struct slice desk_failed(struct desk *d, uint64_t client, uint64_t seq);
/* What came of writing the classic file. */
struct slice desk_saved(struct desk *d, uint64_t client, uint64_t seq);
struct slice desk_unsaved(struct desk *d, uint64_t client, uint64_t seq);
/* Publishes a message; returns what `client` got. */
struct slice desk_publish(
    struct desk *d, uint64_t client, const char *channel, const char *payload);
/* Something else happens. Returns what `client` got for it. */
struct slice desk_take(struct desk *d, uint64_t client, const struct input *in);
/* Gives the late reply that `client` awaits; returns what it got. */
struct slice desk_answer(
    struct desk *d, uint64_t client, answer_function *write, const void *context);
/* Tells what came of a look at the scripts that `client` wants to set; returns what it got. */
struct slice desk_checked(struct desk *d, uint64_t client, size_t unfit);
void desk_pass(struct desk *d, int64_t ms); /* time goes by, unjudged: another wake-up */
