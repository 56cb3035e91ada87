#include "common/digest.h"

#include "tests/unit/unit.h"

#include <string.h>

/* Vectors of FIPS 180-2. */
static void known_vectors_come_out(void **state) {
    static char million[1000000];
    memset(million, 'a', sizeof(million));
    const struct {
        struct slice bytes;
        const char *hex;
    } cases[] = {
        { { NULL, 0 }, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { SLICE_LITERAL("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { SLICE_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { { million, sizeof(million) },
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char hex[DIGEST_HEX_SIZE];
        digest_hex(cases[i].bytes, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

/* Vectors of RFC 4231, cases 2 and 6. */
static void known_keyed_vectors_come_out(void **state) {
    static char long_key[131];
    memset(long_key, 0xaa, sizeof(long_key));
    const struct {
        struct slice key, bytes;
        unsigned char first[4];
    } cases[] = {
        { SLICE_LITERAL("Jefe"), SLICE_LITERAL("what do ya want for nothing?"),
            { 0x5b, 0xdc, 0xc1, 0x46 } },
        { { long_key, sizeof(long_key) },
            SLICE_LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"),
            { 0x60, 0xe4, 0x31, 0x59 } },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned char digest[DIGEST_SIZE];
        digest_keyed(cases[i].key, cases[i].bytes, digest);
        assert_memory_equal(digest, cases[i].first, sizeof(cases[i].first));
    }
}

static void equal_digests_are_equal_in_every_digit(void **state) {
    char own[DIGEST_HEX_SIZE], other[DIGEST_HEX_SIZE];
    (void)state;
    digest_hex(SLICE_LITERAL("x"), own);
    assert_true(digest_hex_equal(own, slice_of(own)));
    for (size_t i = 0; i < DIGEST_HEX_SIZE - 1; i++) {
        memcpy(other, own, sizeof(own));
        other[i] = own[i] == '0' ? '1' : '0';
        assert_false(digest_hex_equal(own, slice_of(other)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors_come_out),
        cmocka_unit_test(known_keyed_vectors_come_out),
        cmocka_unit_test(equal_digests_are_equal_in_every_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
