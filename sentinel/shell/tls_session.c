#include "sentinel/shell/tls_session.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/tls_private.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define RECORD_HANDSHAKE 0x16 /* the first byte of a connection of TLS, */
#define RECORD_ALERT     0x15 /* or this one, of who does not want it */
#define SUBJECT_MAX      160  /* bytes of a far end's name that are shown */

/* OpenSSL 3.2 and later put this last, behind what was wrong with a record; older ones lack it. */
#define RECORD_LAYER_FAILURE 313

struct tls_session {
    struct tls *tls; /* borrowed */
    SSL *ssl;        /* owned */
    struct buf in, out;
    char *whom;          /* owned: the far end, for the log */
    char *key;           /* owned: of its offer; NULL = none is kept */
    char *refusal;       /* owned: why its certificate is refused; NULL = it is not */
    char *why;           /* owned; NULL until it failed */
    uint64_t generation; /* of tls, when it began */
    bool has_begun;      /* something has come */
    bool is_plain;       /* and was no TLS */
};

/* ---- the bytes ---- */

static int read_bytes(BIO *bytes, char *to, int size) {
    struct tls_session *s = BIO_get_data(bytes);
    BIO_clear_retry_flags(bytes);
    struct slice front = slice_sub(buf_slice(&s->in), 0, (size_t)MAX_OF(size, 0));
    if (front.size == 0) {
        BIO_set_retry_read(bytes);
        return -1;
    }
    memcpy(to, front.data, front.size);
    buf_consume(&s->in, front.size);
    return (int)front.size;
}

static int write_bytes(BIO *bytes, const char *from, int size) {
    struct tls_session *s = BIO_get_data(bytes);
    BIO_clear_retry_flags(bytes);
    buf_add(&s->out, from, (size_t)MAX_OF(size, 0));
    return size;
}

static long control_bytes(BIO *bytes, int command, long number, void *more) {
    (void)bytes;
    (void)number;
    (void)more;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_bytes_method(void) {
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vedette");
    ensure(m != NULL);
    BIO_meth_set_read(m, read_bytes);
    BIO_meth_set_write(m, write_bytes);
    BIO_meth_set_ctrl(m, control_bytes);
    return m;
}

/* ---- life cycle ---- */

struct tls_session *tls_session_new(
    struct tls *t, SSL_CTX *context, const char *whom, const char *key) {
    struct tls_session *s = mem_new(struct tls_session);
    s->tls = t;
    s->in = s->out = BUF_INIT;
    s->whom = mem_strdup(whom);
    s->key = mem_strdup(key);
    s->generation = t->generation;
    s->ssl = SSL_new(context);
    BIO *bytes = BIO_new(t->method);
    ensure(s->ssl != NULL);
    ensure(bytes != NULL);
    BIO_set_data(bytes, s);
    BIO_set_init(bytes, 1);
    SSL_set_bio(s->ssl, bytes, bytes);
    SSL_set_app_data(s->ssl, s);
    if (key == NULL) {
        SSL_set_accept_state(s->ssl);
        return s;
    }
    SSL_set_connect_state(s->ssl);
    SSL_SESSION *offer = tls_take_offer(t, key);
    if (offer != NULL)
        (void)SSL_set_session(s->ssl, offer); /* else it begins without */
    SSL_SESSION_free(offer);
    return s;
}

void tls_session_free(struct tls_session *s) {
    if (s == NULL)
        return;
    if (s->why == NULL)
        SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN); /* a cut makes no session bad */
    SSL_free(s->ssl);
    buf_fini(&s->in);
    buf_fini(&s->out);
    mem_free(s->whom);
    mem_free(s->key);
    mem_free(s->refusal);
    mem_free(s->why);
    mem_free(s);
}

SSL *tls_session_ssl(struct tls_session *s) {
    return s->ssl;
}

/* ---- what OpenSSL tells ---- */

int tls_note_session(SSL *ssl, SSL_SESSION *session) {
    struct tls_session *s = SSL_get_app_data(ssl);
    return s->key != NULL && tls_keep_offer(s->tls, s->generation, s->key, session);
}

int tls_note_verify(int verified, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *s = SSL_get_app_data(ssl);
    const X509 *cert = X509_STORE_CTX_get_current_cert(store);
    if (verified || s->refusal != NULL)
        return verified;
    char subject[SUBJECT_MAX] = "";
    if (cert != NULL)
        X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof(subject));
    struct buf text = BUF_INIT;
    buf_add_text(&text, X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    if (subject[0] != '\0') {
        buf_add_text(&text, ", of ");
        buf_add_escaped(&text, slice_of(subject));
    }
    s->refusal = mem_strdup(buf_text(&text));
    buf_fini(&text);
    return 0;
}

/* ---- failing ---- */

static bool says_nothing(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == RECORD_LAYER_FAILURE;
}

/* The last error of the queue is the one that the others led to. Empties it. */
static unsigned long take_last_error(void) {
    unsigned long last = 0;
    for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error())
        if (last == 0 || !says_nothing(e))
            last = e;
    return last;
}

static void describe(const struct tls_session *s, struct buf *out) {
    unsigned long error = take_last_error();
    int reason = ERR_GET_REASON(error);
    const char *words = ERR_reason_error_string(error);
    if (s->is_plain)
        buf_add_text(out, "it does not speak TLS: what it sends is plain");
    else if (error == 0)
        buf_add_text(out, "it ends the handshake");
    else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && s->refusal != NULL)
        buf_printf(out, "its certificate is refused: %s", s->refusal);
    else if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        buf_add_text(out, words != NULL ? words : "no reason is given");
    else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        buf_add_text(out, "it shows no certificate, which tls.auth_clients asks for");
    else if (reason >= SSL_AD_REASON_OFFSET)
        buf_printf(
            out, "it refuses us: %s", SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        buf_add_text(out, words != NULL ? words : "no reason is given");
}

static enum tls_progress fail(struct tls_session *s) {
    struct buf text = BUF_INIT;
    describe(s, &text);
    tls_session_give_up(s, buf_text(&text));
    buf_fini(&text);
    return TLS_FAILED;
}

void tls_session_give_up(struct tls_session *s, const char *why) {
    struct buf text = BUF_INIT;
    if (s->why != NULL)
        return;
    buf_printf(&text, "TLS: %s", why);
    s->why = mem_strdup(buf_text(&text));
    complaints_tell(s->tls->complaints, "%s: %s", s->whom, s->why);
    buf_fini(&text);
}

/* What came of a call that gave `result`. */
static enum tls_progress progress(struct tls_session *s, int result) {
    if (result > 0)
        return TLS_DONE;
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (buf_size(&s->in) == 0)
            buf_fini(&s->in); /* an idle session holds nothing */
        return TLS_WANTS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return fail(s);
    }
}

/* ---- operations ---- */

void tls_session_take(struct tls_session *s, struct slice bytes) {
    if (!s->has_begun && bytes.size > 0) {
        unsigned char first = (unsigned char)bytes.data[0];
        s->has_begun = true;
        s->is_plain = first != RECORD_HANDSHAKE && first != RECORD_ALERT;
    }
    buf_add_slice(&s->in, bytes);
}

struct buf *tls_session_output(struct tls_session *s) {
    return &s->out;
}

enum tls_progress tls_session_shake(struct tls_session *s) {
    if (s->why != NULL || s->is_plain)
        return fail(s);
    ERR_clear_error();
    enum tls_progress p = progress(s, SSL_do_handshake(s->ssl));
    return p == TLS_ENDED ? fail(s) : p;
}

enum tls_progress tls_session_read(struct tls_session *s, char *to, size_t size, size_t *ret_size) {
    if (s->why != NULL)
        return TLS_FAILED;
    ERR_clear_error();
    *ret_size = 0;
    return progress(s, SSL_read_ex(s->ssl, to, size, ret_size));
}

bool tls_session_write(struct tls_session *s, struct slice bytes) {
    size_t written = 0;
    if (s->why != NULL)
        return false;
    if (bytes.size == 0)
        return true;
    ERR_clear_error();
    return progress(s, SSL_write_ex(s->ssl, bytes.data, bytes.size, &written)) == TLS_DONE;
}

void tls_session_close(struct tls_session *s) {
    ERR_clear_error();
    if (s->why == NULL && SSL_is_init_finished(s->ssl))
        (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
}

const char *tls_session_why(const struct tls_session *s) {
    return s->why != NULL ? s->why : "";
}
