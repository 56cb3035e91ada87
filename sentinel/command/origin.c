#include "sentinel/command/origin.h"

#include "common/endpoint.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/tstamp.h"

#include <string.h>

static_assert(ENDPOINT_NETWORK_MAX <= sizeof((struct origin){ 0 }.network), "room for a network");

void origins_init(struct origins *o) {
    *o = (struct origins){ .by_network = MAP_INIT };
    list_init(&o->idle);
}

static struct slice key_of(const struct origin *origin) {
    return (struct slice){ .data = (const char *)origin->network, .size = origin->network_size };
}

static void stop_idling(struct origins *o, struct origin *origin) {
    if (!list_is_linked(&origin->idle))
        return;
    list_remove(&origin->idle);
    o->idle_count--;
}

static void forget(struct origins *o, struct origin *origin) {
    stop_idling(o, origin);
    map_remove(&o->by_network, key_of(origin));
    mem_free(origin);
}

void origins_fini(struct origins *o) {
    map_for_each(origin, &o->by_network, struct origin) {
        ensure(origin->clients == 0);
        forget(o, origin);
    }
    map_fini(&o->by_network);
}

static struct origin *find(const struct origins *o, const struct endpoint *from) {
    unsigned char network[ENDPOINT_NETWORK_MAX];
    size_t size = endpoint_network(from, network);
    return size == 0
        ? NULL
        : map_get(&o->by_network, (struct slice){ .data = (const char *)network, .size = size });
}

size_t origins_count(const struct origins *o, const struct endpoint *from) {
    const struct origin *origin = find(o, from);
    return origin == NULL ? 0 : origin->clients;
}

struct origin *origins_enter(struct origins *o, const struct endpoint *from) {
    struct origin *origin = find(o, from);
    if (origin == NULL) {
        unsigned char network[ENDPOINT_NETWORK_MAX];
        size_t size = endpoint_network(from, network);
        if (size == 0)
            return NULL;
        origin = mem_new(struct origin);
        memcpy(origin->network, network, size);
        origin->network_size = size;
        map_put(&o->by_network, key_of(origin), origin);
    }
    stop_idling(o, origin);
    origin->clients++;
    return origin;
}

/* Those that left first, while they are too many or have nothing to be remembered for. */
static void forget_idle(struct origins *o, int64_t now_ms) {
    struct origin *first;
    while ((first = list_first(&o->idle, struct origin, idle)) != NULL &&
        (o->idle_count > ORIGINS_IDLE_MAX || origin_failures(first, now_ms) == 0))
        forget(o, first);
}

void origins_leave(struct origins *o, struct origin *origin, int64_t now_ms) {
    if (origin == NULL)
        return;
    ensure(origin->clients > 0);
    if (--origin->clients > 0)
        return;
    list_append(&o->idle, &origin->idle);
    o->idle_count++;
    if (origin_failures(origin, now_ms) == 0)
        forget(o, origin);
    forget_idle(o, now_ms);
}

uint64_t origin_failures(const struct origin *origin, int64_t now_ms) {
    bool count = origin != NULL && tstamp_age(now_ms, origin->since_ms) < ORIGIN_LOGINS_MS;
    return count ? origin->failures : 0;
}

void origin_fail(struct origin *origin, int64_t now_ms) {
    if (origin == NULL)
        return;
    if (origin_failures(origin, now_ms) == 0) {
        origin->failures = 0;
        origin->since_ms = now_ms;
    }
    origin->failures++;
}
