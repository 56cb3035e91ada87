#include "sentinel/core/address.h"

#include "common/ensure.h"
#include "sentinel/core/core.h"

struct address address_of(const struct endpoint *given) {
    struct address a = { .given = *given };
    if (endpoint_is_ip(given))
        slice_copy(slice_of(given->host), a.ip, sizeof(a.ip));
    return a;
}

bool address_is_named(const struct address *a) {
    return !endpoint_is_ip(&a->given);
}

bool address_is_resolved(const struct address *a) {
    return a->ip[0] != '\0';
}

bool address_equal(const struct address *a, const struct address *b) {
    if (endpoint_equal(&a->given, &b->given))
        return true;
    return a->given.port == b->given.port && address_is_resolved(a) &&
        slice_equal(slice_of(a->ip), slice_of(b->ip));
}

bool address_is_at(const struct address *a, struct slice host) {
    return slice_equal_nocase(host, slice_of(a->given.host)) ||
        (address_is_resolved(a) && slice_is_nocase(host, a->ip));
}

struct endpoint address_target(const struct address *a) {
    ensure(address_is_resolved(a));
    struct endpoint target = { .port = a->given.port };
    slice_copy(slice_of(a->ip), target.host, sizeof(target.host));
    return target;
}

bool address_is_tellable(const struct core *c, const struct address *a) {
    return c->settings.announce_hostnames || address_is_resolved(a);
}

const char *address_announced(const struct core *c, const struct address *a) {
    return c->settings.announce_hostnames || !address_is_resolved(a) ? a->given.host : a->ip;
}
