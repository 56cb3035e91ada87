#include "common/digest.h"

#include "common/ensure.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void digest_hex(struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]) {
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int ok = EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha256(), NULL);
    ensure(ok == 1);
    ensure(2 * (size_t)size + 1 == DIGEST_HEX_SIZE);
    for (size_t i = 0; i < size; i++) {
        ret_hex[2 * i] = hex[digest[i] >> 4];
        ret_hex[2 * i + 1] = hex[digest[i] & 15];
    }
    ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

bool digest_is_hex(struct slice text) {
    if (text.size != DIGEST_HEX_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

void digest_keyed(struct slice key, struct slice bytes, unsigned char ret[static DIGEST_SIZE]) {
    unsigned size = 0;
    ensure(key.size <= INT_MAX);
    const unsigned char *made = HMAC(EVP_sha256(), key.data, (int)key.size,
        (const unsigned char *)bytes.data, bytes.size, ret, &size);
    ensure(made != NULL);
    ensure(size == DIGEST_SIZE);
}
