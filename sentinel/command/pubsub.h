/* Who listens to which channel or pattern, and the delivery of messages to them. */
#pragma once

#include "common/map.h"
#include "common/slice.h"

struct session;

/* Bounds of one client. Events have short names, so that nothing of use is longer. */
#define PUBSUB_SUBSCRIPTIONS_MAX 1024
#define PUBSUB_NAME_MAX          1024 /* bytes */

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN };

struct pubsub {
    struct map
        topics[2]; /* by kind: name -> struct topic, owned; only those that somebody listens to */
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
/* The name that the session listens to longest, empty if none; borrowed until it is unsubscribed.
 */
struct slice pubsub_oldest(const struct session *s, enum pubsub_kind kind);
void pubsub_leave(struct pubsub *p, struct session *s); /* ends all subscriptions of a session */

/* Sends a message that rests on the durable `after` (0 = none) to all who listen: to those of the
 * channel first, then to those of each pattern that matches; a session that listens in several ways
 * gets it as often. */
void pubsub_publish(struct pubsub *p, struct slice channel, struct slice payload, uint64_t after);
