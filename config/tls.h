/* What settings of TLS need beside each other, and which files they name. These are not looked at
 * here. */
#pragma once

#include "common/base.h"

struct settings;
struct tls_settings;

enum tls_lack {
    TLS_LACKS_NOTHING,
    TLS_LACKS_CERT,       /* to serve by TLS */
    TLS_LACKS_KEY,        /* of the certificate */
    TLS_LACKS_CLIENT_KEY, /* or the certificate of the key */
    TLS_LACKS_CA,         /* to know whose certificates are good */
    TLS_LACKS_ADDRESS,    /* of its own: one is to be served plainly and by TLS */
};

/* The first of them; nothing where TLS is not used. */
enum tls_lack tls_lack(const struct settings *s);
/* In the words of a YAML file, or of a classic one. */
const char *tls_lack_text(enum tls_lack lack);
const char *tls_lack_classic_text(enum tls_lack lack);

#define TLS_PATHS 7
/* Where the paths of the files stand; those that are not set are NULL. */
void tls_paths(struct tls_settings *t, char **ret[static TLS_PATHS]);
