/* Who listens to which channel or pattern, and the delivery of messages to them. */
#pragma once

#include "common/map.h"
#include "common/slice.h"

struct session;

#define PUBSUB_NAME_MAX 1024 /* bytes. Events have short names: nothing of use is longer */

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN };

struct pubsub {
    /* By kind: name -> struct topic, owned; only those that somebody listens to. */
    struct map topics[2];
};

#define PUBSUB_INIT ((struct pubsub){ .topics = { MAP_INIT, MAP_INIT } })

void pubsub_fini(struct pubsub *p); /* after the sessions have left */

size_t pubsub_topic_count(const struct pubsub *p, enum pubsub_kind kind);

/* Nothing if the session listens already. */
void pubsub_subscribe(
    struct pubsub *p, struct session *s, enum pubsub_kind kind, struct slice name);
/* Nothing if the session does not listen. */
void pubsub_unsubscribe(
    struct pubsub *p, struct session *s, enum pubsub_kind kind, struct slice name);
bool pubsub_listens(const struct session *s, enum pubsub_kind kind, struct slice name);
/* Walks the names that the session listens to, in order of subscription: start with *position = 0.
 * false at the end. *ret_name is borrowed until it is unsubscribed, which does not disturb the
 * walk.
 */
bool pubsub_next(
    const struct session *s, enum pubsub_kind kind, size_t *position, struct slice *ret_name);
void pubsub_leave(struct pubsub *p, struct session *s); /* ends all subscriptions of a session */

/* Sends a message that rests on the durable `after` (0 = none) to all who listen: to those of the
 * channel first, then to those of each pattern that matches; a session that listens in several ways
 * gets it as often. */
void pubsub_publish(struct pubsub *p, struct slice channel, struct slice payload, uint64_t after);
