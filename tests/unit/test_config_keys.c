#include "config/keys.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/secret.h"

#include <string.h>

#define KEY_1 "0123456789abcdef"
#define KEY_2 "another secret, with blanks"
#define X_32  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X_256 X_32 X_32 X_32 X_32 X_32 X_32 X_32 X_32

static void a_file_holds_a_key_a_line(void **state) {
    static const struct {
        const char *text, *keys;
    } cases[] = {
        { KEY_1, KEY_1 },
        { KEY_1 "\n", KEY_1 },
        { "\n# the new one\n\n  " KEY_1 " \r\n#" KEY_1 "\n\t" KEY_2 "\n\n", KEY_1 "\n" KEY_2 },
        { X_256 "\n", X_256 },
        { KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1,
            KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct secret keys = { .value = NULL };
        struct buf why = BUF_INIT;
        assert_true(keys_read(slice_of(cases[i].text), &keys, &why));
        assert_slice(secret_reveal(&keys), cases[i].keys);
        secret_fini(&keys);
        buf_fini(&why);
    }
}

static void what_cannot_be_a_key_is_told_with_its_line(void **state) {
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "", "must hold a secret" },
        { "\n \n# nothing\n", "must hold a secret" },
        { "too short", "line 1 must have 16 to 256 bytes" },
        { KEY_1 "\n\n0123456789abcde", "line 3 must have 16 to 256 bytes" },
        { X_256 "x", "line 1 must have 16 to 256 bytes" },
        { "0123456789\tabcdef", "line 1 must not contain control characters" },
        { KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1 "\n" KEY_1
                "\n" KEY_2,
            "must not hold more than 8 secrets" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct secret keys = { .value = NULL };
        struct buf why = BUF_INIT;
        secret_set(&keys, SLICE_LITERAL("as before"));
        assert_false(keys_read(slice_of(cases[i].text), &keys, &why));
        assert_string_equal(buf_text(&why), cases[i].why);
        assert_slice(secret_reveal(&keys), "as before");
        secret_fini(&keys);
        buf_fini(&why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_holds_a_key_a_line),
        cmocka_unit_test(what_cannot_be_a_key_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
