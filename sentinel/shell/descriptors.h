/* How the descriptors of the process are shared out: first what we need ourselves, then links to
 * servers and peers, without which there is nothing to tell, then clients. */
#pragma once

#include <stddef.h>

/* Database, log, epoll, signals, addresses that we listen on, and some air. */
#define DESCRIPTORS_OF_OWN 32
/* For links that are not wanted yet: a group that is monitored next, servers that are found. */
#define DESCRIPTORS_AHEAD 16
/* Clients that may come in any case; a link that lacks a descriptor takes it from one of them. */
#define DESCRIPTORS_CLIENTS_LEAST 8

/* Where links want all, clients keep an eighth, */
#define DESCRIPTORS_CLIENTS_SHARE 8
/* but no more than these. */
#define DESCRIPTORS_CLIENTS_KEPT 256

/* Raises the limit of the process as far as it may; returns how many descriptors there may be. */
size_t descriptors_raise(void);
/* How many of them links may take; the others of those left are for clients. */
size_t descriptors_for_links(size_t descriptors);
/* How many clients may be connected beside so many links. */
size_t descriptors_for_clients(size_t descriptors, size_t links);
