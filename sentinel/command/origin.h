/* Where clients come from: how many of an address there are, and how often a login failed there
 * lately. An IPv4 address is one; of IPv6 the first 64 bits are, since who has one address has all
 * of them. Clients of a unix socket have no address, and are not counted: the rights of its file
 * say who may connect. */
#pragma once

#include "common/list.h"
#include "common/map.h"

struct endpoint;

#define ORIGINS_IDLE_MAX 10000 /* without clients; what is known of others is forgotten */
#define ORIGIN_LOGINS_MS (60 * 1000)

struct origin {
    unsigned char network[8]; /* its key */
    size_t network_size;
    size_t clients;
    uint64_t failures;     /* of logins, since `since_ms` */
    int64_t since_ms;      /* mono: of the first that counts; for ORIGIN_LOGINS_MS */
    struct list_node idle; /* in origins->idle while it has no clients */
};

struct origins {
    struct map by_network; /* struct origin, owned */
    struct list idle;      /* who left last comes last */
    size_t idle_count;
};

void origins_init(struct origins *o);
void origins_fini(struct origins *o); /* when all clients have left */

/* How many clients of this address there are. */
size_t origins_count(const struct origins *o, const struct endpoint *from);
/* A client comes; returns where it is counted, NULL for nowhere. */
struct origin *origins_enter(struct origins *o, const struct endpoint *from);
/* It leaves. That nobody is there any more makes no failure undone. */
void origins_leave(struct origins *o, struct origin *origin, int64_t now_ms);

/* NULL never fails. */
uint64_t origin_failures(const struct origin *origin, int64_t now_ms);
void origin_fail(struct origin *origin, int64_t now_ms);
