/* One connection of TLS, as a change of bytes: what the network brings goes in, what the far end
 * has said comes out, and the other way round. Knows neither sockets nor time, and never waits. A
 * failure is told to the log once, by itself. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf;
struct tls_session;

enum tls_progress {
    TLS_DONE,
    TLS_WANTS,  /* more from the network */
    TLS_ENDED,  /* the far end has said its last */
    TLS_FAILED, /* tls_session_why says why; nothing more can be done with it */
};

void tls_session_free(struct tls_session *s); /* NULL is nothing */

/* What has come from the network; copied. */
void tls_session_take(struct tls_session *s, struct slice bytes);
/* What is to go there: the caller sends and consumes it. Also after a failure, which is told to the
 * far end. */
struct buf *tls_session_output(struct tls_session *s);

/* TLS_DONE: the connection stands; TLS_WANTS, TLS_FAILED. Before that nothing is read or written.
 */
enum tls_progress tls_session_shake(struct tls_session *s);
/* What the far end has said. TLS_DONE: *ret_size bytes of it, there may be more. */
enum tls_progress tls_session_read(struct tls_session *s, char *to, size_t size, size_t *ret_size);
/* false: it has failed. */
bool tls_session_write(struct tls_session *s, struct slice bytes);
void tls_session_close(struct tls_session *s); /* says our last */
/* It has failed, for a reason that the caller knows. */
void tls_session_give_up(struct tls_session *s, const char *why);

const char *tls_session_why(const struct tls_session *s); /* borrowed; "" before a failure */
