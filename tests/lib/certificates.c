#include "tests/lib/certificates.h"

#include "common/ensure.h"
#include "common/mem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>

#define DAY_S (24 * 60 * 60)

struct certificates {
    char *folder; /* owned */
    EVP_PKEY *key;
    X509 *cert;
    long serial;
};

static void add_extension(X509 *cert, int kind, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    ensure(e != NULL);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

/* Signed by `by`, or by itself if that is NULL. */
static X509 *sign(
    struct certificates *c, const char *name, EVP_PKEY *key, X509 *by, const char *alternatives) {
    X509 *cert = X509_new();
    ensure(cert != NULL);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++c->serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(by != NULL ? by : cert));
    X509_set_pubkey(cert, key);
    if (by == NULL)
        add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    else
        add_extension(cert, NID_subject_alt_name, alternatives);
    ensure(X509_sign(cert, c->key, EVP_sha256()) > 0);
    return cert;
}

static FILE *create(const struct certificates *c, const char *name, const char *end) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s%s", c->folder, name, end);
    FILE *file = fopen(path, "w");
    ensure(file != NULL);
    return file;
}

static void write_cert(const struct certificates *c, const char *name, X509 *cert) {
    FILE *file = create(c, name, ".pem");
    PEM_write_X509(file, cert);
    fclose(file);
}

struct certificates *certificates_new(const char *folder, const char *name) {
    struct certificates *c = mem_new(struct certificates);
    (void)mkdir(folder, 0700);
    c->folder = mem_strdup(folder);
    c->key = EVP_EC_gen("P-256");
    ensure(c->key != NULL);
    c->cert = sign(c, name, c->key, NULL, NULL);
    write_cert(c, "ca", c->cert);
    return c;
}

void certificates_free(struct certificates *c) {
    EVP_PKEY_free(c->key);
    X509_free(c->cert);
    mem_free(c->folder);
    mem_free(c);
}

void certificates_issue(struct certificates *c, const char *name) {
    char alternatives[256];
    snprintf(alternatives, sizeof(alternatives), "IP:127.0.0.1,DNS:%s.test", name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ensure(key != NULL);
    X509 *cert = sign(c, name, key, c->cert, alternatives);
    write_cert(c, name, cert);
    FILE *file = create(c, name, ".key");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}
