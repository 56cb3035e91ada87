#include "sentinel/shell/tls.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/tstamp.h"
#include "config/tls.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/tls_private.h"
#include "sentinel/shell/tls_session.h"

#include <openssl/x509v3.h>
#include <string.h>

static_assert(ARRAY_SIZE(((struct tls *)NULL)->seen) == TLS_PATHS, "one for each file");

/* ---- sessions that are offered again ---- */

static void offer_free(struct tls *t, struct tls_offer *offer) {
    map_remove(&t->offers, slice_of(offer->key));
    SSL_SESSION_free(offer->session);
    mem_free(offer->key);
    mem_free(offer);
}

static void forget_offers(struct tls *t) {
    map_for_each(offer, &t->offers, struct tls_offer)
        offer_free(t, offer);
}

SSL_SESSION *tls_take_offer(struct tls *t, const char *key) {
    struct tls_offer *offer = map_get(&t->offers, slice_of(key));
    if (offer == NULL || !SSL_SESSION_up_ref(offer->session))
        return NULL;
    return offer->session;
}

bool tls_keep_offer(struct tls *t, uint64_t generation, const char *key, SSL_SESSION *session) {
    if (generation != t->generation)
        return false;
    struct tls_offer *offer = map_get(&t->offers, slice_of(key));
    if (offer == NULL) {
        size_t oldest = 0;
        if (map_count(&t->offers) >= TLS_SESSIONS_OFFERED)
            offer_free(t, map_next(&t->offers, &oldest));
        offer = mem_new(struct tls_offer);
        offer->key = mem_strdup(key);
        map_put(&t->offers, slice_of(key), offer);
    }
    SSL_SESSION_free(offer->session);
    offer->session = session;
    return true;
}

/* ---- life cycle ---- */

struct tls *tls_new(struct complaints *complaints) {
    struct tls *t = mem_new(struct tls);
    t->complaints = complaints;
    t->method = tls_bytes_method();
    t->offers = MAP_INIT;
    t->generation = 1;
    return t;
}

void tls_free(struct tls *t) {
    if (t == NULL)
        return;
    tls_contexts_free(&t->in_force);
    tls_contexts_free(&t->prepared);
    forget_offers(t);
    map_fini(&t->offers);
    BIO_meth_free(t->method);
    mem_free(t);
}

/* ---- what is in force ---- */

static void look(const struct tls_settings *of, struct stat ret[static TLS_PATHS]) {
    struct tls_settings copy = *of; /* borrows all that it names */
    char **paths[TLS_PATHS];
    tls_paths(&copy, paths);
    for (size_t i = 0; i < TLS_PATHS; i++) {
        ret[i] = (struct stat){ .st_size = 0 };
        if (*paths[i] != NULL && stat(*paths[i], &ret[i]) < 0)
            ret[i] = (struct stat){ .st_size = -1 };
    }
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
        a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool are_same(const struct stat *a, const struct stat *b) {
    for (size_t i = 0; i < TLS_PATHS; i++)
        if (!is_same(&a[i], &b[i]))
            return false;
    return true;
}

bool tls_prepare(struct tls *t, const struct tls_settings *of, struct buf *why) {
    tls_abort(t);
    look(of, t->prepared_seen); /* before they are read: what changes meanwhile is seen again */
    return tls_contexts_make(&t->prepared, of, why);
}

void tls_commit(struct tls *t, const struct tls_settings *of) {
    tls_contexts_free(&t->in_force); /* sessions hold on to what they need of it */
    t->in_force = t->prepared;
    t->prepared = (struct tls_contexts){ .server = NULL };
    memcpy(t->seen, t->prepared_seen, sizeof(t->seen));
    t->settings = of;
    t->generation++;
    forget_offers(t); /* they were checked by what others vouched for before */
}

void tls_abort(struct tls *t) {
    tls_contexts_free(&t->prepared);
}

static bool is_used(const struct tls *t) {
    return t->in_force.server != NULL || t->in_force.client != NULL;
}

int64_t tls_deadline(const struct tls *t) {
    return is_used(t) ? t->next_look_ms : TSTAMP_NEVER;
}

enum tls_change tls_refresh(struct tls *t, int64_t now_ms, struct buf *why) {
    struct stat now[TLS_PATHS];
    if (!is_used(t) || now_ms < t->next_look_ms)
        return TLS_UNCHANGED;
    t->next_look_ms = tstamp_add(now_ms, TLS_REFRESH_MS);
    look(t->settings, now);
    if (are_same(now, t->seen))
        return TLS_UNCHANGED;
    if (tls_prepare(t, t->settings, why)) {
        tls_commit(t, t->settings);
        return TLS_CHANGED;
    }
    memcpy(t->seen, t->prepared_seen, sizeof(t->seen)); /* told once */
    return TLS_REFUSED;
}

/* ---- sessions ---- */

struct tls_session *tls_accept(struct tls *t, const struct endpoint *remote) {
    if (t->in_force.server == NULL)
        return NULL;
    struct buf whom = BUF_INIT;
    buf_printf(&whom, "client %s", remote->host);
    struct tls_session *s = tls_session_new(t, t->in_force.server, buf_text(&whom), NULL);
    buf_fini(&whom);
    return s;
}

static bool is_name_checked(const struct tls_settings *of, const char *name) {
    return of->verify_names == TLS_NAMES_ALWAYS ||
        (of->verify_names == TLS_NAMES_KNOWN && name[0] != '\0');
}

static void expect(const struct tls *t, SSL *ssl, const struct endpoint *to, const char *name) {
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    if (name[0] != '\0')
        (void)SSL_set_tlsext_host_name(ssl, name); /* who needs it will not find us without */
    if (!is_name_checked(t->settings, name))
        return;
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* An address with a zone is none that a certificate can have: then it is a name that none has.
     */
    if (name[0] != '\0' || X509_VERIFY_PARAM_set1_ip_asc(wanted, to->host) != 1) {
        int set = X509_VERIFY_PARAM_set1_host(wanted, name[0] != '\0' ? name : to->host, 0);
        ensure(set == 1);
    }
}

struct tls_session *tls_connect(struct tls *t, const struct endpoint *to, const char *name) {
    if (t->in_force.client == NULL)
        return NULL;
    struct buf whom = BUF_INIT, key = BUF_INIT;
    char address[ENDPOINT_TEXT_MAX];
    endpoint_text(to, address);
    buf_printf(
        &whom, "%s%s%s%s", address, name[0] != '\0' ? " (" : "", name, name[0] != '\0' ? ")" : "");
    buf_printf(&key, "%s %s", address, name);
    struct tls_session *s = tls_session_new(t, t->in_force.client, buf_text(&whom), buf_text(&key));
    expect(t, tls_session_ssl(s), to, name);
    buf_fini(&whom);
    buf_fini(&key);
    return s;
}
