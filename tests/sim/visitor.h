/* Somebody with a client: connects to a vedette, says one thing, hears the answer and goes. */
#pragma once

#include "common/list.h"
#include "common/slice.h"
#include "tests/sim/net.h"

struct marks;
struct vedette;

struct visitor {
    struct net *net;     /* borrowed */
    struct marks *marks; /* borrowed */
    struct party party;
    struct list errands; /* struct errand, owned */
    struct buf *heard;   /* borrowed: where the answers are written; NULL = nowhere */
};

void visitor_init(struct visitor *o, struct net *net, struct marks *marks, int host);
void visitor_fini(struct visitor *o);
/* `words`: separated by single blanks. */
void visitor_say(struct visitor *o, const struct vedette *to, const char *words);
void visitor_say_to(
    struct visitor *o, const struct party *to, const char *words); /* any Sentinel */
/* The same, in the name of a vedette. Whose name it is can be told of the connection, and where
 * that one was when it was said; NULL = it is in nobody's. */
void visitor_say_as(
    struct visitor *o, const struct vedette *to, const struct vedette *as, const char *words);
const struct vedette *visitor_speaks_as(
    const struct visitor *o, const struct conn *c, struct endpoint *ret_at);
