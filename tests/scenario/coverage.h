/* What the cases together have to show: the laws of the election, each transition of an attempt,
 * each way in which one ends, and the parts of the protocol in which an order matters. A case names
 * what it shows in its step `covers`. */
#pragma once

#include "common/base.h"
#include "common/buf.h"

struct chronicle;
struct playbook;
struct step;

/* Checks each word of a step `covers`: a failure of the playbook if there is no such thing. */
void coverage_check_words(const struct playbook *s, const struct step *step);
/* Whether what a word of it names came about, as far as a chronicle can tell: a transition, the end
 * of an attempt. */
bool coverage_was_seen(const struct chronicle *c, const char *word);

/* The index of all cases, as Markdown. Returns how many things no case covers; each is told on
 * stderr. */
size_t coverage_index(const struct playbook *books, size_t count, struct buf *out);
