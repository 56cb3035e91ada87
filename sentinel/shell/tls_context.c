/* What OpenSSL has to know of one side, made from settings and the files that they name. */
#include "sentinel/shell/tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#define SESSION_CONTEXT "vedette" /* sessions are taken up by who gave them */

void tls_add_error(struct buf *out) {
    unsigned long error = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    buf_add_text(out, reason != NULL ? reason : "no reason is given");
    ERR_clear_error();
}

/* Always false. */
static bool refuse(struct buf *why, const char *what, const char *path) {
    buf_printf(why, "%s%s%s: ", what, path != NULL ? " " : "", path != NULL ? path : "");
    tls_add_error(why);
    return false;
}

/* ---- who we are ---- */

/* Nobody is asked at a terminal: a key without its password cannot be read. */
static int give_password(char *to, int size, int is_writing, void *context) {
    const struct secret *password = context;
    struct slice text = secret_reveal(password);
    (void)is_writing;
    if (text.size > (size_t)size)
        return -1;
    if (text.size > 0)
        memcpy(to, text.data, text.size);
    return (int)text.size;
}

static bool use_identity(SSL_CTX *c, const struct tls_identity *who, struct buf *why) {
    struct secret password = who->key_password; /* borrowed */
    SSL_CTX_set_default_passwd_cb(c, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(c, &password);
    bool used = false;
    if (SSL_CTX_use_certificate_chain_file(c, who->cert) != 1)
        refuse(why, "the certificate", who->cert);
    else if (SSL_CTX_use_PrivateKey_file(c, who->key, SSL_FILETYPE_PEM) != 1)
        refuse(why, "the key", who->key);
    else if (SSL_CTX_check_private_key(c) != 1)
        refuse(why, "the key", who->key);
    else
        used = true;
    SSL_CTX_set_default_passwd_cb_userdata(c, NULL);
    return used;
}

/* ---- whom we trust ---- */

static bool use_trust(SSL_CTX *c, const struct tls_settings *of, struct buf *why) {
    if (of->ca_file != NULL && SSL_CTX_load_verify_file(c, of->ca_file) != 1)
        return refuse(why, "those who vouch for others", of->ca_file);
    if (of->ca_dir != NULL && SSL_CTX_load_verify_dir(c, of->ca_dir) != 1)
        return refuse(why, "those who vouch for others", of->ca_dir);
    return true;
}

static int verify_mode(enum tls_auth auth) {
    switch (auth) {
    case TLS_AUTH_NO:
        return SSL_VERIFY_NONE;
    case TLS_AUTH_YES:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TLS_AUTH_OPTIONAL:
        return SSL_VERIFY_PEER;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/* ---- how we speak ---- */

static const struct {
    enum tls_protocol bit;
    int version;
    uint64_t without;
} protocols[] = {
    { TLS_1_0, TLS1_VERSION, SSL_OP_NO_TLSv1 },
    { TLS_1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
    { TLS_1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
    { TLS_1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};

static void use_protocols(SSL_CTX *c, int64_t bits) {
    int least = 0;
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if ((bits & protocols[i].bit) == 0)
            SSL_CTX_set_options(c, protocols[i].without);
        else if (least == 0)
            least = protocols[i].version;
    }
    SSL_CTX_set_min_proto_version(c, least); /* the system's may be a higher one */
    SSL_CTX_set_max_proto_version(c, 0);
}

static bool use_ciphers(SSL_CTX *c, const struct tls_settings *of, struct buf *why) {
    if (of->ciphers != NULL && SSL_CTX_set_cipher_list(c, of->ciphers) != 1)
        return refuse(why, "tls.ciphers", of->ciphers);
    if (of->ciphersuites != NULL && SSL_CTX_set_ciphersuites(c, of->ciphersuites) != 1)
        return refuse(why, "tls.ciphersuites", of->ciphersuites);
    return true;
}

static SSL_CTX *make_common(
    const SSL_METHOD *method, const struct tls_settings *of, struct buf *why) {
    SSL_CTX *c = SSL_CTX_new(method);
    if (c == NULL) {
        refuse(why, "TLS", NULL);
        return NULL;
    }
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Thousands of links are idle: they hold no buffers. */
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    use_protocols(c, of->protocols);
    if (use_ciphers(c, of, why) && use_trust(c, of, why))
        return c;
    SSL_CTX_free(c);
    return NULL;
}

/* ---- to those who connect ---- */

static void use_sessions(SSL_CTX *c, const struct tls_settings *of) {
    SSL_CTX_set_session_id_context(
        c, (const unsigned char *)SESSION_CONTEXT, sizeof(SESSION_CONTEXT) - 1);
    if (!of->session_caching) {
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(c, 0);
        return;
    }
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(c, of->session_cache_size);
    SSL_CTX_set_timeout(c, (long)(of->session_cache_timeout_ms / 1000));
    SSL_CTX_set_num_tickets(c, 1);
}

static bool use_dh(SSL_CTX *c, const char *path, struct buf *why) {
    if (path == NULL) {
        SSL_CTX_set_dh_auto(c, 1);
        return true;
    }
    BIO *file = BIO_new_file(path, "r");
    EVP_PKEY *parameters = file != NULL ? PEM_read_bio_Parameters(file, NULL) : NULL;
    BIO_free(file);
    if (parameters == NULL || SSL_CTX_set0_tmp_dh_pkey(c, parameters) != 1) {
        EVP_PKEY_free(parameters);
        return refuse(why, "the DH parameters", path);
    }
    return true;
}

static SSL_CTX *make_server(const struct tls_settings *of, struct buf *why) {
    SSL_CTX *c = make_common(TLS_server_method(), of, why);
    if (c == NULL)
        return NULL;
    if (of->prefer_server_ciphers)
        SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_verify(c, verify_mode((enum tls_auth)of->auth_clients), tls_note_verify);
    use_sessions(c, of);
    if (use_identity(c, &of->server, why) && use_dh(c, of->dh_params_file, why))
        return c;
    SSL_CTX_free(c);
    return NULL;
}

/* ---- over our links ---- */

static SSL_CTX *make_client(const struct tls_settings *of, struct buf *why) {
    const struct tls_identity *who = of->client.cert != NULL ? &of->client : &of->server;
    SSL_CTX *c = make_common(TLS_client_method(), of, why);
    if (c == NULL)
        return NULL;
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, tls_note_verify);
    if (of->session_caching) {
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(c, tls_note_session);
    } else {
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    }
    if (who->cert == NULL || use_identity(c, who, why))
        return c;
    SSL_CTX_free(c);
    return NULL;
}

/* ---- both ---- */

void tls_contexts_free(struct tls_contexts *c) {
    SSL_CTX_free(c->server);
    SSL_CTX_free(c->client);
    *c = (struct tls_contexts){ .server = NULL };
}

bool tls_contexts_make(struct tls_contexts *ret, const struct tls_settings *of, struct buf *why) {
    struct tls_contexts made = { .server = NULL };
    ERR_clear_error();
    bool ok = true;
    if (of->listen.count > 0)
        ok = (made.server = make_server(of, why)) != NULL;
    if (ok && of->links)
        ok = (made.client = make_client(of, why)) != NULL;
    ERR_clear_error();
    if (!ok)
        tls_contexts_free(&made);
    *ret = made;
    return ok;
}
