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
    struct list_node of_topic, of_session;
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

static struct list *subscriptions_of(struct session *s, enum pubsub_kind kind) {
    return kind == PUBSUB_CHANNEL ? &s->channels : &s->patterns;
}

static size_t *subscription_count(struct session *s, enum pubsub_kind kind) {
    return kind == PUBSUB_CHANNEL ? &s->channel_count : &s->pattern_count;
}

static struct subscription *find(struct session *s, enum pubsub_kind kind, struct slice name) {
    list_for_each(sub, subscriptions_of(s, kind), struct subscription, of_session) {
        if (slice_equal(topic_name(sub->topic), name))
            return sub;
    }
    return NULL;
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
    if (find(s, kind, name) != NULL)
        return;
    struct subscription *sub = mem_new(struct subscription);
    sub->session = s;
    sub->topic = topic_of(p, kind, name);
    list_append(&sub->topic->subscriptions, &sub->of_topic);
    list_append(subscriptions_of(s, kind), &sub->of_session);
    (*subscription_count(s, kind))++;
}

static void end_subscription(struct pubsub *p, enum pubsub_kind kind, struct subscription *sub) {
    list_remove(&sub->of_topic);
    list_remove(&sub->of_session);
    (*subscription_count(sub->session, kind))--;
    forget_if_unheard(p, kind, sub->topic);
    mem_free(sub);
}

void pubsub_unsubscribe(
    struct pubsub *p, struct session *s, enum pubsub_kind kind, struct slice name) {
    struct subscription *sub = find(s, kind, name);
    if (sub != NULL)
        end_subscription(p, kind, sub);
}

struct slice pubsub_oldest(const struct session *s, enum pubsub_kind kind) {
    const struct list *list = kind == PUBSUB_CHANNEL ? &s->channels : &s->patterns;
    const struct subscription *sub = list_first(list, struct subscription, of_session);
    return sub == NULL ? SLICE_EMPTY : topic_name(sub->topic);
}

void pubsub_leave(struct pubsub *p, struct session *s) {
    list_for_each(channel, &s->channels, struct subscription, of_session)
        end_subscription(p, PUBSUB_CHANNEL, channel);
    list_for_each(pattern, &s->patterns, struct subscription, of_session)
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
    session_settle(s, mark, after, SLICE_EMPTY);
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
