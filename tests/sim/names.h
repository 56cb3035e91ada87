/* Host names of servers and vedettes, and the resolver of the world: mostly quick, sometimes as
 * slow as a dead name server, sometimes without an answer. What a name means never changes here. */
#pragma once

#include "common/endpoint.h"

struct effect;
struct input;
struct vedette;

enum naming {
    NAMING_NONE,
    NAMING_RESOLVED,  /* vedettes are given the master by name; all tell IPs */
    NAMING_ANNOUNCED, /* and all tell names */
};

/* The address as it is given: by name, if there are names. `letter` 's': a server, 'v': a vedette.
 */
struct endpoint names_of(enum naming naming, char letter, int number, const struct endpoint *e);
/* The address of a host, from 0. */
struct endpoint names_address(int host, uint16_t port);
/* The number of the host that this is the address of, by IP or by a server's name; -1 if none. */
int names_host(const struct endpoint *e);
/* The address with the IP of the server that has this name, or as it is. */
struct endpoint names_ip(const struct endpoint *e);

/* RESOLVE: its answer is a letter later. */
void names_ask(struct vedette *v, const struct effect *e);
/* Hands in the answer that such a letter is. */
void names_answer(struct vedette *v, uint64_t question);
