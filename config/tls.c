#include "config/tls.h"

#include "common/ensure.h"
#include "config/settings.h"

struct words {
    const char *yaml, *classic;
};

/* Where the originals have words for it, these. */
static const struct words words[] = {
    [TLS_LACKS_NOTHING] = { "", "" },
    [TLS_LACKS_CERT] = { "tls.listen needs tls.cert", "No tls-cert-file configured!" },
    [TLS_LACKS_KEY] = { "tls.cert and tls.key go together", "No tls-key-file configured!" },
    [TLS_LACKS_CLIENT_KEY] = { "tls.client_cert and tls.client_key go together",
        "tls-client-cert-file and tls-client-key-file go together" },
    [TLS_LACKS_CA] = { "tls.ca_file or tls.ca_dir is needed to check the certificates of others: of "
                       "servers with tls.links: yes, of clients unless tls.auth_clients is no",
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
        "tls-replication or tls-auth-clients are enabled!" },
    [TLS_LACKS_ADDRESS] = { "tls.listen names an address that listen names, too",
        "tls-port and port must not be the same" },
};

static bool is_half(const struct tls_identity *i) {
    return (i->cert == NULL) != (i->key == NULL);
}

static bool overlap(const struct listen *a, const struct listen *b) {
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (endpoint_equal(&a->at[i], &b->at[k]))
                return true;
    return false;
}

enum tls_lack tls_lack(const struct settings *s) {
    const struct tls_settings *t = &s->tls;
    bool serves = t->listen.count > 0;
    bool checks = t->links || (serves && t->auth_clients != TLS_AUTH_NO);
    if (!serves && !t->links)
        return TLS_LACKS_NOTHING;
    if (serves && t->server.cert == NULL)
        return TLS_LACKS_CERT;
    if (is_half(&t->server))
        return TLS_LACKS_KEY;
    if (is_half(&t->client))
        return TLS_LACKS_CLIENT_KEY;
    if (checks && t->ca_file == NULL && t->ca_dir == NULL)
        return TLS_LACKS_CA;
    return overlap(&s->listen, &t->listen) ? TLS_LACKS_ADDRESS : TLS_LACKS_NOTHING;
}

const char *tls_lack_text(enum tls_lack lack) {
    return words[lack].yaml;
}

const char *tls_lack_classic_text(enum tls_lack lack) {
    return words[lack].classic;
}

void tls_paths(struct tls_settings *t, char **ret[static TLS_PATHS]) {
    size_t count = 0;
    ret[count++] = &t->server.cert;
    ret[count++] = &t->server.key;
    ret[count++] = &t->client.cert;
    ret[count++] = &t->client.key;
    ret[count++] = &t->ca_file;
    ret[count++] = &t->ca_dir;
    ret[count++] = &t->dh_params_file;
    ensure(count == TLS_PATHS);
}
