/* TLS of this process: who we are, whom we trust and how we speak, to those who connect and over
 * our links. What is read from files is prepared first, and can then not fail; what is connected
 * goes on with what it began with. One connection is a session: tls_session.h. */
#pragma once

#include "common/base.h"

struct buf;
struct complaints;
struct endpoint;
struct tls;
struct tls_session;
struct tls_settings;

#define TLS_REFRESH_MS       10000 /* how often files are looked at */
#define TLS_SESSIONS_OFFERED 1024  /* far ends of links whose last session is kept */

/* complaints: borrowed; NULL = failures are not told. */
struct tls *tls_new(struct complaints *complaints);
void tls_free(struct tls *t); /* every session is to be freed before; NULL is nothing */

/* Reads what the settings name. false, with the reason added to `why`: nothing is prepared. */
bool tls_prepare(struct tls *t, const struct tls_settings *of, struct buf *why);
/* New sessions are of what was prepared. of: borrowed till the next commit, since the files are
 * read again when they change. */
void tls_commit(struct tls *t, const struct tls_settings *of);
void tls_abort(struct tls *t); /* forgets what was prepared */

enum tls_change {
    TLS_UNCHANGED,
    TLS_CHANGED, /* the files were read again */
    TLS_REFUSED, /* they cannot be used; told once for each change of theirs */
};
/* When it is due, looks whether the files have changed. */
enum tls_change tls_refresh(struct tls *t, int64_t now_ms, struct buf *why);
int64_t tls_deadline(const struct tls *t); /* TSTAMP_NEVER: there are no files */

/* Of an accepted connection; NULL if we do not serve by TLS. */
struct tls_session *tls_accept(struct tls *t, const struct endpoint *remote);
/* Of a connection to be opened; NULL if links are plain. name: host name that `to` was found by, ""
 * = none. */
struct tls_session *tls_connect(struct tls *t, const struct endpoint *to, const char *name);
