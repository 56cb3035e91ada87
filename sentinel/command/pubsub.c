#include "sentinel/command/pubsub.h"

#include "common/ensure.h"
#include "common/glob.h"
#include "common/mem.h"
#include "sentinel/command/session.h"

/* A channel or pattern that somebody listens to. */
struct topic {
    char *name; /* owned */
    size_t name_size;
    struct list subscriptions; /* struct subscription.of_topic */
};

struct subscription {
    struct list_node of_topic;
    struct topic *topic;
    struct session *session;
};

static struct slice topic_name(const struct topic *t) {
    return (struct slice){ .data = t->name, .size = t->name_size };
}

void pubsub_fini(struct pubsub *p) {
    for (size_t kind = 0; kind < ARRAY_SIZE(p->topics); kind++) {
        ensure(map_count(&p->topics[kind]) == 0);
        map_fini(&p->topics[kind]);
    }
}

size_t pubsub_topic_count(const struct pubsub *p, enum pubsub_kind kind) {
    return map_count(&p->topics[kind]);
}

/* ---- subscriptions ---- */

/* What a subscription takes beside three copies of its name, about. */
#define SUBSCRIPTION_BYTES 256

static struct map *subscriptions_of(struct session *s, enum pubsub_kind kind) {
    return kind == PUBSUB_CHANNEL ? &s->channels : &s->patterns;
}

static void weigh(struct session *s, struct slice name, bool added) {
    size_t bytes = SUBSCRIPTION_BYTES + 3 * name.size;
    s->subscription_bytes += added ? bytes : -bytes;
    session_weigh(s);
}

static const struct map *names_of(const struct session *s, enum pubsub_kind kind) {
    return kind == PUBSUB_CHANNEL ? &s->channels : &s->patterns;
}

bool pubsub_listens(const struct session *s, enum pubsub_kind kind, struct slice name) {
    return map_get(names_of(s, kind), name) != NULL;
}

static struct topic *topic_of(struct pubsub *p, enum pubsub_kind kind, struct slice name) {
    struct topic *t = map_get(&p->topics[kind], name);
    if (t != NULL)
        return t;
    t = mem_new(struct topic);
    t->name = mem_dup(name.data, name.size);
    t->name_size = name.size;
    list_init(&t->subscriptions);
    map_put(&p->topics[kind], name, t);
    return t;
}

static void forget_if_unheard(struct pubsub *p, enum pubsub_kind kind, struct topic *t) {
    if (!list_is_empty(&t->subscriptions))
        return;
    map_remove(&p->topics[kind], topic_name(t));
    mem_free(t->name);
    mem_free(t);
}

void pubsub_subscribe(
    struct pubsub *p, struct session *s, enum pubsub_kind kind, struct slice name) {
    if (pubsub_listens(s, kind, name))
        return;
    struct subscription *sub = mem_new(struct subscription);
    sub->session = s;
    sub->topic = topic_of(p, kind, name);
    list_append(&sub->topic->subscriptions, &sub->of_topic);
    map_put(subscriptions_of(s, kind), name, sub);
    weigh(s, name, true);
}

static void end_subscription(struct pubsub *p, enum pubsub_kind kind, struct subscription *sub) {
    struct slice name = topic_name(sub->topic);
    list_remove(&sub->of_topic);
    map_remove(subscriptions_of(sub->session, kind), name);
    weigh(sub->session, name, false);
    forget_if_unheard(p, kind, sub->topic);
    mem_free(sub);
}

void pubsub_unsubscribe(
    struct pubsub *p, struct session *s, enum pubsub_kind kind, struct slice name) {
    struct subscription *sub = map_get(subscriptions_of(s, kind), name);
    if (sub != NULL)
        end_subscription(p, kind, sub);
}

bool pubsub_next(
    const struct session *s, enum pubsub_kind kind, size_t *position, struct slice *ret_name) {
    const struct subscription *sub = map_next(names_of(s, kind), position);
    if (sub == NULL)
        return false;
    *ret_name = topic_name(sub->topic);
    return true;
}

void pubsub_leave(struct pubsub *p, struct session *s) {
    map_for_each(channel, &s->channels, struct subscription)
        end_subscription(p, PUBSUB_CHANNEL, channel);
    map_for_each(pattern, &s->patterns, struct subscription)
        end_subscription(p, PUBSUB_PATTERN, pattern);
}

/* ---- messages ---- */

static void deliver(const struct subscription *sub, enum pubsub_kind kind, struct slice channel,
    struct slice payload, uint64_t after) {
    struct session *s = sub->session;
    struct resp_writer w = session_writer(s);
    size_t mark = buf_size(w.out);
    if (kind == PUBSUB_PATTERN) {
        resp_push(&w, 4);
        resp_bulk_text(&w, "pmessage");
        resp_bulk(&w, topic_name(sub->topic));
    } else {
        resp_push(&w, 3);
        resp_bulk_text(&w, "message");
    }
    resp_bulk(&w, channel);
    resp_bulk(&w, payload);
    session_settle(s, mark, (struct rest){ .seq = after }, SLICE_EMPTY);
}

static void deliver_to_all(struct topic *t, enum pubsub_kind kind, struct slice channel,
    struct slice payload, uint64_t after) {
    list_for_each(sub, &t->subscriptions, struct subscription, of_topic)
        deliver(sub, kind, channel, payload, after);
}

void pubsub_publish(struct pubsub *p, struct slice channel, struct slice payload, uint64_t after) {
    struct topic *exact = map_get(&p->topics[PUBSUB_CHANNEL], channel);
    if (exact != NULL)
        deliver_to_all(exact, PUBSUB_CHANNEL, channel, payload, after);
    map_for_each(pattern, &p->topics[PUBSUB_PATTERN], struct topic) {
        if (glob_match(topic_name(pattern), channel, false))
            deliver_to_all(pattern, PUBSUB_PATTERN, channel, payload, after);
    }
}
