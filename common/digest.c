#include "common/digest.h"

#include "common/ensure.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static void to_hex(
    const unsigned char digest[static DIGEST_SIZE], char ret_hex[static DIGEST_HEX_SIZE]) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret_hex[2 * i] = hex[digest[i] >> 4];
        ret_hex[2 * i + 1] = hex[digest[i] & 15];
    }
    ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

void digest_hex(struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int ok = EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha256(), NULL);
    ensure(ok == 1);
    ensure(size == DIGEST_SIZE);
    to_hex(digest, ret_hex);
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

void digest_keyed_hex(struct slice key, struct slice bytes, char ret_hex[static DIGEST_HEX_SIZE]) {
    unsigned char digest[DIGEST_SIZE];
    digest_keyed(key, bytes, digest);
    to_hex(digest, ret_hex);
}

bool digest_hex_equal(const char own[static DIGEST_HEX_SIZE], struct slice given) {
    return given.size == DIGEST_HEX_SIZE - 1 &&
        CRYPTO_memcmp(own, given.data, DIGEST_HEX_SIZE - 1) == 0;
}
