/* What tls.c, tls_context.c and tls_session.c share. The only header here that shows types of
 * OpenSSL. */
#pragma once

#include "common/buf.h"
#include "common/map.h"
#include "config/settings.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

struct complaints;

/* ---- tls_context.c ---- */

struct tls_contexts {
    SSL_CTX *server, *client; /* owned; NULL: not asked for */
};

/* false, with the reason added to `why`: *ret is empty. */
bool tls_contexts_make(struct tls_contexts *ret, const struct tls_settings *of, struct buf *why);
void tls_contexts_free(struct tls_contexts *c);
/* The first error of OpenSSL's queue in words; the queue is empty then. */
void tls_add_error(struct buf *out);

/* ---- tls.c ---- */

/* The last session with a far end of links. */
struct tls_offer {
    char *key;            /* owned */
    SSL_SESSION *session; /* owned */
};

struct tls {
    struct complaints *complaints;       /* borrowed */
    BIO_METHOD *method;                  /* owned: of the sessions' bytes */
    const struct tls_settings *settings; /* borrowed: in force; NULL = none yet */
    struct tls_contexts in_force, prepared;
    struct stat seen[7], prepared_seen[7]; /* the files, as they were before they were read */
    int64_t next_look_ms;
    uint64_t generation; /* of what is in force */
    struct map offers;   /* key -> struct tls_offer, owned */
};

/* NULL: none is known. Owned by the caller. */
SSL_SESSION *tls_take_offer(struct tls *t, const char *key);
/* Takes `session`, unless it is of another generation (false). */
bool tls_keep_offer(struct tls *t, uint64_t generation, const char *key, SSL_SESSION *session);

/* ---- tls_session.c ---- */

BIO_METHOD *tls_bytes_method(void);
/* Of SSL_CTX_set_verify and SSL_CTX_sess_set_new_cb. */
int tls_note_verify(int verified, X509_STORE_CTX *store);
int tls_note_session(SSL *ssl, SSL_SESSION *session);

struct tls_session *tls_session_new(
    struct tls *t, SSL_CTX *context, const char *whom, const char *key);
/* The SSL of it, for tls.c. */
SSL *tls_session_ssl(struct tls_session *s);
