/* Host names: asked for by c-ares, off the loop. What answers is what the system is configured to
 * ask, the hosts file and the servers of resolv.conf, unless other servers are named. A changed
 * resolv.conf is noticed at the next question. Each question ends in one RESOLVED, after about 15 s
 * at most for each server. */
#pragma once

#include "common/base.h"
#include "common/slice.h"
#include "sentinel/shell/inlet.h"

struct dns;
struct loop;

struct dns *dns_new(struct loop *loop, struct inlet inlet);
void dns_free(struct dns *d); /* what was asked is not answered any more; NULL is nothing */
/* "10.0.0.53,[fd00::53]:5353": asked instead of the system's; NULL: the system's. Questions on
 * their way are asked anew. */
void dns_set_servers(struct dns *d, const char *servers);

/* May be called while effects are carried out: what comes of it is told by dns_report. */
void dns_ask(struct dns *d, struct slice host);
/* Hands in the answers that have come, and those that will not. */
void dns_report(struct dns *d);
/* When dns_report is to be called without anything having arrived; mono ms. */
int64_t dns_deadline(const struct dns *d, int64_t now_ms);
