/* After the paper of Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one round for
 * each word and three at the end. */
#include "common/siphash.h"

#include <string.h>

#define ROUNDS_AT_THE_END 3

static uint64_t rotate(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[static 4]) {
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void take(uint64_t v[static 4], uint64_t word) {
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
}

uint64_t siphash(const struct siphash_key *key, struct slice bytes) {
    uint64_t v[4] = {
        key->words[0] ^ 0x736f6d6570736575,
        key->words[1] ^ 0x646f72616e646f6d,
        key->words[0] ^ 0x6c7967656e657261,
        key->words[1] ^ 0x7465646279746573,
    };
    uint64_t word = 0;
    size_t at = 0;
    for (; bytes.size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, bytes.data + at, sizeof(word));
        take(v, word);
    }
    word = 0;
    if (at < bytes.size)
        memcpy(&word, bytes.data + at, bytes.size - at);
    take(v, word | (uint64_t)bytes.size << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < ROUNDS_AT_THE_END; i++)
        mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
